CREATE OR REPLACE VIEW analytics.person_privacy AS SELECT
    person_id, ground, requested_at, due, cancelled_at, held, erased_at, key_fingerprint, verified_at, updated_at
FROM person_privacy;

COMMENT ON VIEW analytics.person_privacy IS 'Whose personal data is to be erased, is held, or was erased? (Чьи личные данные надо удалить, удерживаются или удалены?) One row a person; key: person_id.';
