CREATE TABLE ops.late_event (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    position bigint NOT NULL,
    shown_at bigint NOT NULL,
    PRIMARY KEY (generation, position)
);
CREATE INDEX late_event_shown ON ops.late_event (generation, shown_at, position);
COMMENT ON TABLE ops.late_event IS 'Which events came to show after later ones, because they were parked? Whoever follows what changes is told of them at that moment, not at their place in the log.';
COMMENT ON COLUMN ops.late_event.generation IS 'The build that lacked it.';
COMMENT ON COLUMN ops.late_event.position IS 'Its place in the log.';
COMMENT ON COLUMN ops.late_event.shown_at IS 'Log position of the decision that let it show; for one that a swap brought, the position behind all that showed before.';
