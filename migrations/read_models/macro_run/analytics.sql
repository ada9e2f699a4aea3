CREATE OR REPLACE VIEW analytics.macro_run AS SELECT
    run_id, macro_id, macro_version, ticket_id, actor, steps, started_at, finished_at, done, stopped_because, undone_at,
    undone_steps
FROM macro_run;

COMMENT ON VIEW analytics.macro_run IS 'Which macros were run on which tickets, and how did that end? (Какие макросы выполнялись, над какими заявками и с каким итогом?) One row a run; key: run_id.';
