-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.ticket AS SELECT
    ticket_id, version, number, ticket_type, subject, contact_id, category_id, subcategory_id,
    priority, status, hold_reason, hold_until, assignee_id, resolution_reason, resolution_note,
    reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at, inbox_id, branch_id, team_id,
    status_label_id, tag_ids, fields, follower_ids, snoozed_at, snoozed_until, verdict, merged_into,
    split_from, archived_at, tracked_until, eta, needs_answer_since
FROM ticket_list;

-- Its columns get the comments of the table's columns.
COMMENT ON VIEW analytics.ticket IS 'Which tickets are there, and how does each stand now? (Какие заявки есть, и в каком состоянии каждая сейчас?) One row a ticket; key: ticket_id.';

CREATE OR REPLACE VIEW analytics.ticket_link AS SELECT ticket_id, other_id, relation FROM ticket_link WHERE NOT ended;

COMMENT ON VIEW analytics.ticket_link IS 'What do tickets have to do with each other? (Как заявки связаны друг с другом?) One row a link; key: ticket_id, other_id, relation.';
