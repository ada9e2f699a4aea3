CREATE TABLE read.ticket_history (
    position bigint NOT NULL,
    event_type text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    ticket_id uuid NOT NULL,
    version bigint NOT NULL,
    number bigint NOT NULL,
    ticket_type text NOT NULL,
    subject text NOT NULL,
    contact_id uuid,
    category_id text,
    subcategory_id text,
    priority smallint NOT NULL,
    status text NOT NULL,
    hold_reason text,
    hold_until timestamptz,
    assignee_id uuid,
    resolution_reason text,
    resolution_note text,
    reopen_count integer NOT NULL,
    channel text NOT NULL,
    external_id text,
    opened_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    resolved_at timestamptz,
    closed_at timestamptz
);
ALTER TABLE read.ticket_history ADD PRIMARY KEY (position);
CREATE UNIQUE INDEX ticket_history_version ON read.ticket_history (ticket_id, version);

COMMENT ON TABLE read.ticket_history IS 'What happened to a ticket, and how did it stand then? One row an event, with the ticket as that event left it; for histories, subscriptions and looks into the past.';
COMMENT ON COLUMN read.ticket_history.position IS 'Place of the event in the log.';
COMMENT ON COLUMN read.ticket_history.event_type IS 'Stored type of the event, such as ticket.resolved.';
COMMENT ON COLUMN read.ticket_history.at IS 'When it was decided; for an import, when it happened there.';
COMMENT ON COLUMN read.ticket_history.actor IS 'Who did it: kind:id.';
COMMENT ON COLUMN read.ticket_history.version IS 'The event''s place among those of the ticket and its assignment, from 1.';
COMMENT ON COLUMN read.ticket_history.priority IS '1 low, 2 medium, 3 high, 4 urgent.';
