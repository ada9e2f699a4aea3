CREATE TABLE ticket_history (
    position bigint NOT NULL,
    event_type text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    ticket_id uuid NOT NULL,
    version bigint NOT NULL,
    number bigint NOT NULL,
    ticket_type text NOT NULL,
    subject text,
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
    closed_at timestamptz,
    data_subject uuid,
    PRIMARY KEY (ticket_id, version)
);

COMMENT ON TABLE ticket_history IS 'What happened to a ticket, and how did it stand then? Histories, subscriptions and looks into the past, and analysts. One row an event, with the ticket as that event left it; key: ticket_id, version.';
COMMENT ON COLUMN ticket_history.position IS 'Place of the event in the log.';
COMMENT ON COLUMN ticket_history.event_type IS 'Stored type of the event, such as ticket.resolved.';
COMMENT ON COLUMN ticket_history.at IS 'When it was decided; for an import, when it happened there.';
COMMENT ON COLUMN ticket_history.actor IS 'Who did it: kind:id.';
COMMENT ON COLUMN ticket_history.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN ticket_history.number IS 'Number of the ticket, for people; unique.';
COMMENT ON COLUMN ticket_history.ticket_type IS 'incident, question, problem, service_request or task, as the event names it.';
COMMENT ON COLUMN ticket_history.subject IS 'What it is about; NULL when the person''s data was erased.';
COMMENT ON COLUMN ticket_history.contact_id IS 'The customer; NULL when not known.';
COMMENT ON COLUMN ticket_history.category_id IS 'Category; NULL when it has none.';
COMMENT ON COLUMN ticket_history.subcategory_id IS 'Finer category under it; NULL when it has none.';
COMMENT ON COLUMN ticket_history.priority IS '1 low, 2 medium, 3 high, 4 urgent.';
COMMENT ON COLUMN ticket_history.status IS 'Status category: new, open, pending, on_hold, resolved, closed.';
COMMENT ON COLUMN ticket_history.hold_reason IS 'What it waits for; NULL when it does not wait.';
COMMENT ON COLUMN ticket_history.hold_until IS 'Instant until which it waits at most; NULL when no end was given.';
COMMENT ON COLUMN ticket_history.assignee_id IS 'The agent who owns it; NULL when nobody does.';
COMMENT ON COLUMN ticket_history.resolution_reason IS 'How it ended; NULL while work goes on.';
COMMENT ON COLUMN ticket_history.resolution_note IS 'More about how it ended; NULL when nothing was said.';
COMMENT ON COLUMN ticket_history.reopen_count IS 'How many times it was reopened.';
COMMENT ON COLUMN ticket_history.channel IS 'Where it came from, such as api or servicenow.';
COMMENT ON COLUMN ticket_history.external_id IS 'The ticket''s own name in the system named by channel; NULL when it has none.';
COMMENT ON COLUMN ticket_history.opened_at IS 'Instant of its opening; for an import, when that happened there.';
COMMENT ON COLUMN ticket_history.updated_at IS 'Instant of the newest change.';
COMMENT ON COLUMN ticket_history.resolved_at IS 'Instant of the newest resolution; NULL while work goes on.';
COMMENT ON COLUMN ticket_history.closed_at IS 'Instant of the newest closing; NULL while it is not closed.';
COMMENT ON COLUMN ticket_history.data_subject IS 'Whose key seals the subject in the log; NULL when it lies open there, as in early versions.';
COMMENT ON COLUMN ticket_history.version IS 'The event''s place among those of the ticket and its assignment, from 1.';
