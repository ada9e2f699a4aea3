CREATE TABLE read.ticket_list (
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
ALTER TABLE read.ticket_list ADD PRIMARY KEY (ticket_id);
CREATE UNIQUE INDEX ticket_list_number ON read.ticket_list (number);
CREATE INDEX ticket_list_status ON read.ticket_list (status, number);
CREATE INDEX ticket_list_priority ON read.ticket_list (priority, number);
CREATE INDEX ticket_list_category ON read.ticket_list (category_id, number);
CREATE INDEX ticket_list_assignee ON read.ticket_list (assignee_id, number);
CREATE INDEX ticket_list_updated ON read.ticket_list (updated_at, number);

COMMENT ON TABLE read.ticket_list IS 'Which tickets are there, and how does each stand now? One row a ticket; for lists, filters and single look-ups.';
COMMENT ON COLUMN read.ticket_list.version IS 'Number of events of the ticket and its assignment.';
COMMENT ON COLUMN read.ticket_list.priority IS '1 low, 2 medium, 3 high, 4 urgent.';
COMMENT ON COLUMN read.ticket_list.status IS 'Status category: new, open, pending, on_hold, resolved, closed.';
COMMENT ON COLUMN read.ticket_list.external_id IS 'The ticket''s own name in the system named by channel, for imports.';
COMMENT ON COLUMN read.ticket_list.updated_at IS 'Instant of the newest change.';
COMMENT ON COLUMN read.ticket_list.resolved_at IS 'Instant of the newest resolution; NULL while work goes on.';
