CREATE SCHEMA ops;
CREATE SCHEMA read;

CREATE TABLE ops.checkpoint (
    projection text PRIMARY KEY,
    version integer NOT NULL,
    position bigint NOT NULL
);
COMMENT ON TABLE ops.checkpoint IS 'How far each read model has come: moved in one transaction with its rows.';
COMMENT ON COLUMN ops.checkpoint.version IS 'Shape of the read model; a new shape is filled anew.';
COMMENT ON COLUMN ops.checkpoint.position IS 'Log position of the last event applied; 0 before the first.';
