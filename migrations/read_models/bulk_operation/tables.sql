CREATE TABLE bulk_operation (
    bulk_id uuid NOT NULL,
    version bigint NOT NULL,
    asked_by text NOT NULL,
    action jsonb NOT NULL,
    state text NOT NULL,
    total integer NOT NULL,
    chosen integer NOT NULL,
    done integer NOT NULL,
    unchanged integer NOT NULL,
    refused integer NOT NULL,
    undone integer NOT NULL,
    kept integer NOT NULL,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at timestamptz,
    undone_at timestamptz,
    PRIMARY KEY (bulk_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE bulk_operation IS 'Which changes of many tickets were there, and how did they go? (Какие массовые изменения заявок были, и чем закончились?) One row an operation.';
COMMENT ON COLUMN bulk_operation.bulk_id IS 'Id of the operation.';
COMMENT ON COLUMN bulk_operation.version IS 'Number of its events.';
COMMENT ON COLUMN bulk_operation.asked_by IS 'Who asked for it and whose rights count, as kind:id.';
COMMENT ON COLUMN bulk_operation.action IS 'What is done to each ticket.';
COMMENT ON COLUMN bulk_operation.state IS 'Where it stands: choosing (its tickets are being named), running, cancelled, finished, undoing or undone.';
COMMENT ON COLUMN bulk_operation.total IS 'How many tickets it is about.';
COMMENT ON COLUMN bulk_operation.chosen IS 'How many of them are named.';
COMMENT ON COLUMN bulk_operation.done IS 'How many it changed.';
COMMENT ON COLUMN bulk_operation.unchanged IS 'How many were so already.';
COMMENT ON COLUMN bulk_operation.refused IS 'How many it was not allowed to change.';
COMMENT ON COLUMN bulk_operation.undone IS 'How many are as they were.';
COMMENT ON COLUMN bulk_operation.kept IS 'How many were left when it was undone, because they had changed since or a rule forbade it.';
COMMENT ON COLUMN bulk_operation.started_at IS 'Instant of its beginning.';
COMMENT ON COLUMN bulk_operation.updated_at IS 'Instant of the newest change.';
COMMENT ON COLUMN bulk_operation.ended_at IS 'Instant at which it was finished or cancelled; NULL before.';
COMMENT ON COLUMN bulk_operation.undone_at IS 'Instant at which nothing was left to be undone; NULL before.';

CREATE TABLE bulk_item (
    bulk_id uuid NOT NULL,
    ticket_id uuid NOT NULL,
    seq integer NOT NULL,
    outcome text,
    code text,
    reason_ru text,
    reason_en text,
    undo text,
    undo_code text,
    undo_ru text,
    undo_en text,
    PRIMARY KEY (bulk_id, ticket_id)
) WITH (fillfactor = 70);

COMMENT ON TABLE bulk_item IS 'What became of each ticket in a change of many? (Что стало с каждой заявкой массового изменения?) One row an operation and ticket.';
COMMENT ON COLUMN bulk_item.bulk_id IS 'Id of the operation.';
COMMENT ON COLUMN bulk_item.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN bulk_item.seq IS 'Its place in the operation, from 1.';
COMMENT ON COLUMN bulk_item.outcome IS 'What became of it: done, unchanged or refused; NULL while nothing has.';
COMMENT ON COLUMN bulk_item.code IS 'Why it was refused, for programs.';
COMMENT ON COLUMN bulk_item.reason_ru IS 'Why it was refused, in Russian.';
COMMENT ON COLUMN bulk_item.reason_en IS 'Why it was refused, in English.';
COMMENT ON COLUMN bulk_item.undo IS 'What became of it when the operation was undone: undone or kept; NULL while nothing has.';
COMMENT ON COLUMN bulk_item.undo_code IS 'Why it was kept, for programs.';
COMMENT ON COLUMN bulk_item.undo_ru IS 'Why it was kept, in Russian.';
COMMENT ON COLUMN bulk_item.undo_en IS 'Why it was kept, in English.';
