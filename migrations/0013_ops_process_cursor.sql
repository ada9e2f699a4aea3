CREATE TABLE ops.process_cursor (
    process text PRIMARY KEY,
    position bigint NOT NULL
);
COMMENT ON TABLE ops.process_cursor IS 'How far has each process that follows the log come? What it did is in the log: without a row here it looks back a little and finds it done.';
COMMENT ON COLUMN ops.process_cursor.process IS 'Name of the process.';
COMMENT ON COLUMN ops.process_cursor.position IS 'Log position of the last event that was looked at.';
