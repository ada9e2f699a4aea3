CREATE TABLE ops.session (
    session_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    counter bigint NOT NULL,
    rotated_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
) WITH (fillfactor = 80);
CREATE INDEX session_of_user ON ops.session (user_id);
CREATE INDEX session_expiry ON ops.session (expires_at);
COMMENT ON TABLE ops.session IS 'Which sessions can be renewed? Beginnings and ends are in the log; without a row here, the person signs in again.';
COMMENT ON COLUMN ops.session.session_id IS 'The session.';
COMMENT ON COLUMN ops.session.user_id IS 'Whose.';
COMMENT ON COLUMN ops.session.counter IS 'Number of the renewal token that counts.';
COMMENT ON COLUMN ops.session.rotated_at IS 'When it was handed out.';
COMMENT ON COLUMN ops.session.expires_at IS 'Until when it can be used.';

CREATE TABLE ops.one_time_code (
    user_id uuid PRIMARY KEY,
    step bigint NOT NULL
);
COMMENT ON TABLE ops.one_time_code IS 'Which one-time password did each person use last? So that none is used twice.';
COMMENT ON COLUMN ops.one_time_code.user_id IS 'Who.';
COMMENT ON COLUMN ops.one_time_code.step IS 'Its time step: seconds since 1970 divided by 30.';

CREATE TABLE ops.outbox (
    event uuid PRIMARY KEY,
    position bigint NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    command uuid NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz
);
CREATE INDEX outbox_waiting ON ops.outbox (position) WHERE sent_at IS NULL;
COMMENT ON TABLE ops.outbox IS 'Which mails are to be sent, and which were? Address and link are put in when one is sent, and are nowhere else.';
COMMENT ON COLUMN ops.outbox.event IS 'The event that asks for it.';
COMMENT ON COLUMN ops.outbox.position IS 'Its place in the log.';
COMMENT ON COLUMN ops.outbox.user_id IS 'To whom.';
COMMENT ON COLUMN ops.outbox.kind IS 'invitation, registration or recovery.';
COMMENT ON COLUMN ops.outbox.command IS 'The command that led to it, from which its link follows.';
COMMENT ON COLUMN ops.outbox.created_at IS 'When it was asked for.';
COMMENT ON COLUMN ops.outbox.sent_at IS 'When it was sent; NULL while it waits.';

CREATE TABLE ops.outbox_cursor (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    position bigint NOT NULL
);
COMMENT ON TABLE ops.outbox_cursor IS 'Up to where was the log read for mails?';
COMMENT ON COLUMN ops.outbox_cursor.single IS 'There is one row at most.';
COMMENT ON COLUMN ops.outbox_cursor.position IS 'Log position of the last event that was looked at.';
