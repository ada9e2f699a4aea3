CREATE OR REPLACE VIEW analytics.what_if_run AS SELECT
    what_if_id, version, asked_by, definition, state, progress, report - 'differing' AS report, code, value, started_at,
    updated_at, ended_at
FROM what_if_run;

COMMENT ON VIEW analytics.what_if_run IS 'Which periods were replayed under other rules, and what would have been otherwise? (Какие периоды проверили при других правилах, и что было бы иначе?) One row a run; key: what_if_id.';
