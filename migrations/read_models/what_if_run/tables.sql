CREATE TABLE what_if_run (
    what_if_id uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    asked_by text NOT NULL,
    definition jsonb NOT NULL,
    top integer NOT NULL,
    state text NOT NULL,
    progress integer NOT NULL,
    report jsonb,
    code text,
    value text,
    started_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    ended_at timestamptz
) WITH (fillfactor = 80);

COMMENT ON TABLE what_if_run IS 'Which periods were replayed under other rules, and what would have been otherwise? (Какие периоды проверили при других правилах, и что было бы иначе?) One row a run.';
COMMENT ON COLUMN what_if_run.what_if_id IS 'Id of the run.';
COMMENT ON COLUMN what_if_run.version IS 'Number of its events.';
COMMENT ON COLUMN what_if_run.asked_by IS 'Who asked for it, as kind:id.';
COMMENT ON COLUMN what_if_run.definition IS 'The period (from, until), and what was otherwise in it.';
COMMENT ON COLUMN what_if_run.top IS 'How many tickets were to be named.';
COMMENT ON COLUMN what_if_run.state IS 'Where it stands: running, done, failed or cancelled.';
COMMENT ON COLUMN what_if_run.progress IS 'How much of the log is read, in thousandths.';
COMMENT ON COLUMN what_if_run.report IS 'What it came to: counts, figures and the tickets that differ most; NULL when it came to nothing.';
COMMENT ON COLUMN what_if_run.code IS 'Why it failed, for programs; NULL when it did not.';
COMMENT ON COLUMN what_if_run.value IS 'What it failed of, as it was given; NULL when nothing is named.';
COMMENT ON COLUMN what_if_run.started_at IS 'Instant of its beginning.';
COMMENT ON COLUMN what_if_run.updated_at IS 'Instant of the newest event.';
COMMENT ON COLUMN what_if_run.ended_at IS 'Instant of its end; NULL while it goes on.';
