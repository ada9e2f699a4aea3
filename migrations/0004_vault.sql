CREATE SCHEMA vault;
COMMENT ON SCHEMA vault IS 'Keys of data subjects. Not a read model: it does not come back by replay. Back it up apart from the log.';

CREATE TABLE vault.master_key (
    fingerprint text PRIMARY KEY,
    proof bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE vault.master_key IS 'Master keys that subject keys are wrapped under; the keys themselves lie in files outside.';
COMMENT ON COLUMN vault.master_key.fingerprint IS 'Names the key without telling it.';
COMMENT ON COLUMN vault.master_key.proof IS 'Known text sealed under the key: opens only with the right one.';

CREATE TABLE vault.subject_key (
    subject uuid PRIMARY KEY,
    master text NOT NULL REFERENCES vault.master_key,
    wrapped bytea,
    fingerprint text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    destroyed_at timestamptz,
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
);
CREATE INDEX subject_key_master ON vault.subject_key (master) WHERE wrapped IS NOT NULL;
COMMENT ON TABLE vault.subject_key IS 'Whose personal data can be read? One key for each data subject; a row without key is somebody forgotten.';
COMMENT ON COLUMN vault.subject_key.subject IS 'A contact, or a ticket whose customer is not known.';
COMMENT ON COLUMN vault.subject_key.master IS 'Master key it is wrapped under.';
COMMENT ON COLUMN vault.subject_key.wrapped IS 'The key, sealed under the master key; NULL when it was destroyed.';
COMMENT ON COLUMN vault.subject_key.fingerprint IS 'Names the key without telling it; stays when the key is gone.';
COMMENT ON COLUMN vault.subject_key.destroyed_at IS 'When it was destroyed; NULL while it opens.';
