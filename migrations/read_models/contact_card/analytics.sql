-- No personal words: analysts know people by their ids.
CREATE OR REPLACE VIEW analytics.contact AS SELECT
    contact_id, version, kind, organization_id, merged_into, blocked_at, consents, created_at, updated_at, erased
FROM contact_card;

COMMENT ON VIEW analytics.contact IS 'Who are the customers, without their names? (Кто наши клиенты, без имён?) One row a contact, merged ones included; key: contact_id.';
