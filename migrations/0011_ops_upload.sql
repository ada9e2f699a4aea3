CREATE TABLE ops.upload (
    blob text PRIMARY KEY,
    attachment_id uuid NOT NULL,
    started_at timestamptz NOT NULL
);
CREATE INDEX upload_started ON ops.upload (started_at);
COMMENT ON TABLE ops.upload IS 'Which objects are being written? Noted before the first byte and forgotten when the log has the file, so that nothing of what was cut off stays.';
COMMENT ON COLUMN ops.upload.blob IS 'Name of the object in the storage of files.';
COMMENT ON COLUMN ops.upload.attachment_id IS 'The file.';
COMMENT ON COLUMN ops.upload.started_at IS 'Since when.';
