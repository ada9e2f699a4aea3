CREATE TABLE vault.mark (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL,
    event uuid NOT NULL
);
COMMENT ON TABLE vault.mark IS 'Up to which event of the log is every key there? Goes back to a backup together with the keys, and so tells what it lacks.';
COMMENT ON COLUMN vault.mark.single IS 'There is one row at most.';
COMMENT ON COLUMN vault.mark.position IS 'Log position of the last event whose keys were looked for and found.';
COMMENT ON COLUMN vault.mark.event IS 'Id of the event there: another one means another log.';
