CREATE TABLE ops.counter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    key uuid NOT NULL,
    condition text NOT NULL,
    base bigint,
    asked_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (generation, key)
);
CREATE INDEX counter_asked ON ops.counter (generation, asked_at);
COMMENT ON TABLE ops.counter IS 'Which conditions on tickets are counted all the time? One row a condition and build of ticket_list; forgotten when nobody asks for it.';
COMMENT ON COLUMN ops.counter.id IS 'Names the counter; never given twice.';
COMMENT ON COLUMN ops.counter.generation IS 'The build whose rows are counted.';
COMMENT ON COLUMN ops.counter.key IS 'Follows from the condition.';
COMMENT ON COLUMN ops.counter.condition IS 'Which tickets, as the program that reads the build writes it.';
COMMENT ON COLUMN ops.counter.base IS 'How many there were, less what the parts had noted then; NULL until they were counted.';
COMMENT ON COLUMN ops.counter.asked_at IS 'When somebody last asked for it, to the hour.';

CREATE TABLE ops.counter_part (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    counter bigint NOT NULL,
    partition smallint NOT NULL,
    delta bigint NOT NULL,
    PRIMARY KEY (counter, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.counter_part IS 'What has each part of a build added to a counter, and taken from it? Written in the transaction of the rows, by that part alone.';
COMMENT ON COLUMN ops.counter_part.generation IS 'The build.';
COMMENT ON COLUMN ops.counter_part.counter IS 'The counter; it may be forgotten already.';
COMMENT ON COLUMN ops.counter_part.partition IS 'The part.';
COMMENT ON COLUMN ops.counter_part.delta IS 'Tickets that have come to meet the condition since the counter was made, less those that no longer do.';
