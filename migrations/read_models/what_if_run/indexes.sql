CREATE INDEX what_if_run_open ON what_if_run (started_at) WHERE state = 'running';
CREATE INDEX what_if_run_started ON what_if_run (started_at, what_if_id);
