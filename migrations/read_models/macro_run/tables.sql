CREATE TABLE macro_run (
    run_id uuid NOT NULL,
    macro_id uuid NOT NULL,
    macro_version bigint NOT NULL,
    ticket_id uuid NOT NULL,
    actor text NOT NULL,
    steps integer NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    done integer,
    stopped_because text,
    undone_at timestamptz,
    undone_steps text[],
    PRIMARY KEY (run_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE macro_run IS 'Which macros were run on which tickets, and how did that end? (Какие макросы выполнялись, над какими заявками и с каким итогом?) One row a run.';
COMMENT ON COLUMN macro_run.run_id IS 'Id of the run.';
COMMENT ON COLUMN macro_run.macro_id IS 'Id of the macro.';
COMMENT ON COLUMN macro_run.macro_version IS 'Version of the macro.';
COMMENT ON COLUMN macro_run.ticket_id IS 'Id of the ticket.';
COMMENT ON COLUMN macro_run.actor IS 'Who ran it, as kind:id; kinds are agent, contact, bot, system, api_key and import.';
COMMENT ON COLUMN macro_run.steps IS 'How many steps it has.';
COMMENT ON COLUMN macro_run.started_at IS 'Instant of its beginning.';
COMMENT ON COLUMN macro_run.finished_at IS 'Instant of its end; NULL while it goes on.';
COMMENT ON COLUMN macro_run.done IS 'How many steps were taken; NULL while it goes on.';
COMMENT ON COLUMN macro_run.stopped_because IS 'Rule that stopped it, in English; NULL when all steps were taken, or it goes on.';
COMMENT ON COLUMN macro_run.undone_at IS 'Instant at which it was taken back; NULL when it was not.';
COMMENT ON COLUMN macro_run.undone_steps IS 'What became of each step when it was taken back: restored, made_open, changed_since, stays_said, never_done or refused; NULL when it was not.';
