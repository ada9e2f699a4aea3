CREATE TABLE person_privacy (
    person_id uuid NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    ground text,
    note text,
    requested_at timestamptz,
    requested_by text,
    due timestamptz,
    cancelled_at timestamptz,
    holds jsonb NOT NULL DEFAULT '[]',
    held boolean NOT NULL,
    erased_at timestamptz,
    erased_by text,
    erased_position bigint,
    key_fingerprint text,
    verified_at timestamptz,
    cleared jsonb NOT NULL DEFAULT '[]',
    updated_at timestamptz NOT NULL
);

COMMENT ON TABLE person_privacy IS 'Whose personal data is to be erased, is held, or was erased? (Чьи личные данные надо удалить, удерживаются или удалены?) For those who answer for privacy. One row a person of whom anything of that was said.';
COMMENT ON COLUMN person_privacy.person_id IS 'Id of a contact, a user, or a ticket whose customer is not known.';
COMMENT ON COLUMN person_privacy.version IS 'Number of events.';
COMMENT ON COLUMN person_privacy.ground IS 'By what right the newest request asks: consent_withdrawn, purpose_fulfilled, objection, unlawful, legal_duty or retention; NULL when nobody asked.';
COMMENT ON COLUMN person_privacy.note IS 'More about the request, in words; NULL when nothing was said, or the data was erased.';
COMMENT ON COLUMN person_privacy.requested_at IS 'Instant of the newest request; NULL when there was none.';
COMMENT ON COLUMN person_privacy.requested_by IS 'Who asked, as kind:id; NULL when nobody did.';
COMMENT ON COLUMN person_privacy.due IS 'Instant at which the data is erased; NULL when nothing is due.';
COMMENT ON COLUMN person_privacy.cancelled_at IS 'Instant at which the newest request was taken back; NULL when it was not.';
COMMENT ON COLUMN person_privacy.holds IS 'Legal holds that nobody lifted: [{id, reason, until, placed_at, placed_by}]; one whose until has passed forbids nothing. Reasons go with the data.';
COMMENT ON COLUMN person_privacy.held IS 'Whether there are any.';
COMMENT ON COLUMN person_privacy.erased_at IS 'Instant of the erasure; NULL when the data is there.';
COMMENT ON COLUMN person_privacy.erased_by IS 'Who erased it, as kind:id; NULL when nobody did.';
COMMENT ON COLUMN person_privacy.erased_position IS 'Log position of the erasure; NULL when there was none.';
COMMENT ON COLUMN person_privacy.key_fingerprint IS 'Names the key that was destroyed without telling it; NULL when it is there.';
COMMENT ON COLUMN person_privacy.verified_at IS 'Instant at which it was looked for remains; NULL when it was not.';
COMMENT ON COLUMN person_privacy.cleared IS 'Where it was looked, and what was left: [{place, remains}].';
COMMENT ON COLUMN person_privacy.updated_at IS 'Instant of the newest event.';
