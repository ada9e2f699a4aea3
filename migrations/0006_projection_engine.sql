-- Read models lie in schemas of their own from now on, one for each build; the log fills them anew.
DROP SCHEMA read CASCADE;
DROP TABLE ops.checkpoint;

CREATE TABLE ops.generation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    model text NOT NULL,
    version integer NOT NULL,
    schema text NOT NULL UNIQUE,
    state text NOT NULL CHECK (state IN ('filling', 'indexing', 'following')),
    serving boolean NOT NULL DEFAULT false,
    current boolean NOT NULL DEFAULT false,
    swaps boolean NOT NULL,
    partitions smallint NOT NULL CHECK (partitions BETWEEN 1 AND 64),
    goal bigint NOT NULL,
    made_at timestamptz NOT NULL DEFAULT now(),
    CHECK (state = 'following' OR NOT serving),
    CHECK (serving OR NOT current)
);
CREATE UNIQUE INDEX generation_serving ON ops.generation (model, version) WHERE serving;
CREATE UNIQUE INDEX generation_current ON ops.generation (model) WHERE current;
CREATE UNIQUE INDEX generation_building ON ops.generation (model, version) WHERE state <> 'following';
COMMENT ON TABLE ops.generation IS 'Which builds of each read model are there? One row a build, with the schema that holds its tables.';
COMMENT ON COLUMN ops.generation.id IS 'Names the build; later ones have higher numbers.';
COMMENT ON COLUMN ops.generation.model IS 'Name of the read model.';
COMMENT ON COLUMN ops.generation.version IS 'Shape of the tables; a program reads the shape it was made for.';
COMMENT ON COLUMN ops.generation.schema IS 'Where its tables lie: read_MODEL_vVERSION while it serves, with _gID behind it otherwise.';
COMMENT ON COLUMN ops.generation.state IS 'filling: from the log, without secondary indexes; indexing: these are made; following: complete, moves with the log.';
COMMENT ON COLUMN ops.generation.serving IS 'Programs made for this version read it.';
COMMENT ON COLUMN ops.generation.current IS 'The views of schema analytics show it.';
COMMENT ON COLUMN ops.generation.swaps IS 'Takes the place of the serving build as soon as it has caught up.';
COMMENT ON COLUMN ops.generation.partitions IS 'Parts, by stream, that may be kept by different workers.';
COMMENT ON COLUMN ops.generation.goal IS 'End of the log when the build began: filled up to there, it gets its indexes.';
COMMENT ON COLUMN ops.generation.made_at IS 'When it was begun.';

CREATE TABLE ops.checkpoint (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    partition smallint NOT NULL,
    position bigint NOT NULL DEFAULT 0,
    events bigint NOT NULL DEFAULT 0,
    token bigint NOT NULL DEFAULT 0,
    epoch bigint NOT NULL DEFAULT 0,
    moved_at timestamptz,
    PRIMARY KEY (generation, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.checkpoint IS 'How far each part of each build has come: moved in one transaction with its rows.';
COMMENT ON COLUMN ops.checkpoint.generation IS 'The build.';
COMMENT ON COLUMN ops.checkpoint.partition IS 'Which part of it, from 0.';
COMMENT ON COLUMN ops.checkpoint.position IS 'Log position of the last event applied; 0 before the first.';
COMMENT ON COLUMN ops.checkpoint.events IS 'Events applied so far.';
COMMENT ON COLUMN ops.checkpoint.token IS 'Fencing token of the lease that may move it; a holder with a lower one cannot commit.';
COMMENT ON COLUMN ops.checkpoint.epoch IS 'Grows when the build is moved to another schema, so that its worker looks where.';
COMMENT ON COLUMN ops.checkpoint.moved_at IS 'When it was last moved.';

CREATE TABLE ops.lease (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    partition smallint NOT NULL,
    holder uuid NOT NULL,
    token bigint NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (generation, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.lease IS 'Which worker keeps which part of which build, and until when?';
COMMENT ON COLUMN ops.lease.generation IS 'The build.';
COMMENT ON COLUMN ops.lease.partition IS 'Which part of it, from 0.';
COMMENT ON COLUMN ops.lease.holder IS 'Id of the worker.';
COMMENT ON COLUMN ops.lease.token IS 'Grows with each holder.';
COMMENT ON COLUMN ops.lease.expires_at IS 'By the clock of Postgres; renewed while the holder lives.';

CREATE TABLE ops.worker (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    models text[] NOT NULL,
    seen_at timestamptz NOT NULL
);
COMMENT ON TABLE ops.worker IS 'Which processes keep read models?';
COMMENT ON COLUMN ops.worker.id IS 'Drawn anew at each start.';
COMMENT ON COLUMN ops.worker.name IS 'For people: host and process id.';
COMMENT ON COLUMN ops.worker.models IS 'What it can keep, as model:version.';
COMMENT ON COLUMN ops.worker.seen_at IS 'Its last sign of life.';

CREATE TABLE ops.unit_status (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    partition smallint NOT NULL,
    worker text NOT NULL,
    head bigint NOT NULL,
    lag_s double precision NOT NULL,
    rate double precision NOT NULL,
    caught_up boolean NOT NULL,
    fault text,
    heartbeat_at timestamptz NOT NULL,
    PRIMARY KEY (generation, partition)
) WITH (fillfactor = 50);
COMMENT ON TABLE ops.unit_status IS 'How is each part of each build doing? Written by its worker, twice a second.';
COMMENT ON COLUMN ops.unit_status.generation IS 'The build.';
COMMENT ON COLUMN ops.unit_status.partition IS 'Which part of it, from 0.';
COMMENT ON COLUMN ops.unit_status.worker IS 'Name of the worker that keeps it.';
COMMENT ON COLUMN ops.unit_status.head IS 'End of the log as the worker knows it.';
COMMENT ON COLUMN ops.unit_status.lag_s IS 'Seconds since the oldest event was stored that is not applied; 0 when all are.';
COMMENT ON COLUMN ops.unit_status.rate IS 'Events applied a second, lately.';
COMMENT ON COLUMN ops.unit_status.caught_up IS 'Nothing that concerns it waits: what lies between its position and the end of the log is of no interest to it.';
COMMENT ON COLUMN ops.unit_status.fault IS 'Why it does not move; NULL when it does.';
COMMENT ON COLUMN ops.unit_status.heartbeat_at IS 'Last sign of life of the worker.';

CREATE TABLE ops.parked (
    generation bigint NOT NULL REFERENCES ops.generation ON DELETE CASCADE,
    partition smallint NOT NULL,
    stream_id uuid NOT NULL,
    position bigint NOT NULL,
    stream text NOT NULL,
    revision bigint NOT NULL,
    event_type text NOT NULL,
    reason text,
    parked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (generation, position)
);
CREATE INDEX parked_stream ON ops.parked (generation, stream_id, position);
COMMENT ON TABLE ops.parked IS 'Which events could not be applied, and which wait behind them? Nothing of them is lost: they are in the log.';
COMMENT ON COLUMN ops.parked.generation IS 'The build that lacks it.';
COMMENT ON COLUMN ops.parked.partition IS 'Which part of it, from 0.';
COMMENT ON COLUMN ops.parked.stream_id IS 'The id in the stream''s name: what is held back together.';
COMMENT ON COLUMN ops.parked.position IS 'Its place in the log.';
COMMENT ON COLUMN ops.parked.stream IS 'Its stream in the log.';
COMMENT ON COLUMN ops.parked.revision IS 'Its place in the stream, from 0.';
COMMENT ON COLUMN ops.parked.event_type IS 'Its stored type.';
COMMENT ON COLUMN ops.parked.reason IS 'Why it could not be applied; NULL for one that waits behind such a one.';
COMMENT ON COLUMN ops.parked.parked_at IS 'Since when it waits.';

CREATE SCHEMA analytics;
COMMENT ON SCHEMA ops IS 'How the read models are kept. It comes back from the log with them.';
COMMENT ON SCHEMA analytics IS 'For analysts: stable views over the read models. Columns are only ever added.';
-- Roles belong to the whole cluster, and this user may not be allowed to make one: then the operator does. What it may
-- read is granted when a build is shown.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'letopis_analyst') THEN
        CREATE ROLE letopis_analyst NOLOGIN;
    END IF;
EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN
    RAISE NOTICE 'role letopis_analyst is not made: %', SQLERRM;
END
$$;
