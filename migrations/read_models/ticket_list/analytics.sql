DROP VIEW IF EXISTS analytics.ticket;
CREATE VIEW analytics.ticket AS SELECT
    ticket_id, version, number, ticket_type, subject, contact_id, category_id, subcategory_id,
    priority, status, hold_reason, hold_until, assignee_id, resolution_reason, resolution_note,
    reopen_count, channel, external_id, opened_at, updated_at, resolved_at, closed_at
FROM ticket_list;
