CREATE OR REPLACE VIEW analytics.audit_entry AS SELECT
    position, at, event_type, actor, on_behalf_of, object_kind, object_id, version, ticket_id, correlation_id, command_id
FROM audit_entry;

COMMENT ON VIEW analytics.audit_entry IS 'Who did what, and when? (Кто, что и когда сделал?) One row an event, without personal data; key: position.';
