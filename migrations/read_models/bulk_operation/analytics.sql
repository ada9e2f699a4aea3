CREATE OR REPLACE VIEW analytics.bulk_operation AS SELECT
    bulk_id, version, asked_by, action, state, total, chosen, done, unchanged, refused, undone, kept, started_at, updated_at,
    ended_at, undone_at
FROM bulk_operation;

COMMENT ON VIEW analytics.bulk_operation IS 'Which changes of many tickets were there, and how did they go? (Какие массовые изменения заявок были, и чем закончились?) One row an operation; key: bulk_id.';

CREATE OR REPLACE VIEW analytics.bulk_item AS SELECT bulk_id, ticket_id, seq, outcome, code, undo, undo_code FROM bulk_item;

COMMENT ON VIEW analytics.bulk_item IS 'What became of each ticket in a change of many? (Что стало с каждой заявкой массового изменения?) One row an operation and ticket; key: bulk_id, ticket_id.';
