CREATE TABLE contact_card (
    contact_id uuid NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL,
    name text,
    name_key text COLLATE "C" NOT NULL,
    locale text,
    time_zone text,
    note text,
    organization_id uuid,
    merged_into uuid,
    blocked_at timestamptz,
    block_reason text,
    consents text[] NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    erased boolean NOT NULL,
    PRIMARY KEY (contact_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE contact_card IS 'Who are the customers, and what is known of each? (Кто наши клиенты, и что о каждом известно?) For lists, filters and look-ups of the API, and without the personal columns for analysts. One row a contact, merged ones included; contacts of imports that were never created here have none.';
COMMENT ON COLUMN contact_card.contact_id IS 'Id of the contact.';
COMMENT ON COLUMN contact_card.version IS 'Number of events of the contact.';
COMMENT ON COLUMN contact_card.kind IS 'How much is known of the person: visitor (no handle yet) or identified.';
COMMENT ON COLUMN contact_card.name IS 'What the person is called; NULL when not known, or when the person''s data was erased.';
COMMENT ON COLUMN contact_card.name_key IS 'The name for searching and sorting: small letters, ё as е, one space between words; empty when there is no name.';
COMMENT ON COLUMN contact_card.locale IS 'Language and region of the person as BCP 47 writes them, such as ru-RU; NULL when not known or erased.';
COMMENT ON COLUMN contact_card.time_zone IS 'Time zone of the person by its IANA name; NULL when not known or erased.';
COMMENT ON COLUMN contact_card.note IS 'What staff should know of the person; NULL when there is nothing, or erased.';
COMMENT ON COLUMN contact_card.organization_id IS 'Id of the organization the person belongs to; NULL when to none.';
COMMENT ON COLUMN contact_card.merged_into IS 'Id of the contact that this record is shown with; NULL when it is by itself.';
COMMENT ON COLUMN contact_card.blocked_at IS 'Instant since when nothing of the person is wanted; NULL when it is wanted.';
COMMENT ON COLUMN contact_card.block_reason IS 'Why nothing of the person is wanted; NULL when it is wanted, or erased.';
COMMENT ON COLUMN contact_card.consents IS 'Purposes that the person agreed to, in order of their names.';
COMMENT ON COLUMN contact_card.created_at IS 'Instant at which the contact was created.';
COMMENT ON COLUMN contact_card.updated_at IS 'Instant of the newest change.';
COMMENT ON COLUMN contact_card.erased IS 'Whether the person''s data was erased: their key is destroyed.';

CREATE TABLE contact_handle (
    handle_id uuid NOT NULL,
    contact_id uuid NOT NULL,
    channel text NOT NULL,
    value text,
    written text,
    verified boolean NOT NULL,
    added_at timestamptz NOT NULL,
    PRIMARY KEY (handle_id)
);
CREATE INDEX contact_handle_contact ON contact_handle (contact_id);

COMMENT ON TABLE contact_handle IS 'How is each customer reached? (Как связаться с каждым клиентом?) For look-ups of the API. One row a handle that a contact has now.';
COMMENT ON COLUMN contact_handle.handle_id IS 'Id of the handle.';
COMMENT ON COLUMN contact_handle.contact_id IS 'Id of the contact that has it.';
COMMENT ON COLUMN contact_handle.channel IS 'What it is a handle of: email, phone, telegram, whatsapp, vk or external.';
COMMENT ON COLUMN contact_handle.value IS 'The one spelling by which handles are compared; NULL when the person''s data was erased.';
COMMENT ON COLUMN contact_handle.written IS 'As it was written when it was added; NULL when the person''s data was erased.';
COMMENT ON COLUMN contact_handle.verified IS 'Whether the person was shown to have it.';
COMMENT ON COLUMN contact_handle.added_at IS 'Instant at which it was added.';
