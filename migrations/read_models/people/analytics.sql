-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.agent AS SELECT
    user_id, standing, locale, created_at, updated_at
FROM user_account;

-- Its columns get the comments of the table's columns.
COMMENT ON VIEW analytics.agent IS 'Who works here? (Кто здесь работает?) One row a user, without names; key: user_id.';
