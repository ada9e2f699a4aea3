CREATE INDEX macro_run_macro ON macro_run (macro_id, started_at, run_id);
CREATE INDEX macro_run_ticket ON macro_run (ticket_id, started_at, run_id);
CREATE INDEX macro_run_started ON macro_run (started_at, run_id);
