-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.ticket_history AS SELECT
    position, event_type, at, actor, ticket_id, version, number, ticket_type, subject, contact_id,
    category_id, subcategory_id, priority, status, hold_reason, hold_until, assignee_id,
    resolution_reason, resolution_note, reopen_count, channel, external_id, opened_at, updated_at,
    resolved_at, closed_at, inbox_id, branch_id, team_id,
    status_label_id, tag_ids, fields, follower_ids, snoozed_at, snoozed_until, verdict, merged_into,
    split_from, archived_at, tracked_until, eta
FROM ticket_history;

-- Its columns get the comments of the table's columns.
COMMENT ON VIEW analytics.ticket_history IS 'What happened to a ticket, and how did it stand then? (Что произошло с заявкой, и в каком состоянии она тогда была?) One row an event, with the ticket as that event left it; key: ticket_id, version.';
