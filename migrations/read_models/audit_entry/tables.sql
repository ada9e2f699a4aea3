CREATE TABLE audit_entry (
    position bigint NOT NULL PRIMARY KEY,
    at timestamptz NOT NULL,
    event_type text NOT NULL,
    actor text NOT NULL,
    on_behalf_of text,
    object_kind text NOT NULL,
    object_id uuid NOT NULL,
    version bigint NOT NULL,
    ticket_id uuid,
    changes jsonb NOT NULL DEFAULT '[]',
    address text,
    address_of uuid,
    correlation_id uuid NOT NULL,
    command_id uuid NOT NULL,
    data_subjects uuid[] NOT NULL DEFAULT '{}'
);

COMMENT ON TABLE audit_entry IS 'Who did what, when, from where, and what was it before? (Кто, что, когда и откуда сделал, и что было до того?) For auditors. One row an event, of every kind.';
COMMENT ON COLUMN audit_entry.position IS 'Log position of the event.';
COMMENT ON COLUMN audit_entry.at IS 'Instant of the decision; for an import, when it happened there.';
COMMENT ON COLUMN audit_entry.event_type IS 'Stored type of the event, such as ticket.resolved.';
COMMENT ON COLUMN audit_entry.actor IS 'Who did it, as kind:id; kinds are agent, contact, bot, system, api_key and import.';
COMMENT ON COLUMN audit_entry.on_behalf_of IS 'For whom they did it, as kind:id; NULL when for themselves.';
COMMENT ON COLUMN audit_entry.object_kind IS 'What sort of thing it was done to: category of the stream, such as ticket or inbox.';
COMMENT ON COLUMN audit_entry.object_id IS 'Id of that thing: the id in the name of the stream.';
COMMENT ON COLUMN audit_entry.version IS 'Place of the event in its stream, from 1.';
COMMENT ON COLUMN audit_entry.ticket_id IS 'Id of the ticket to which that thing belongs; NULL when it belongs to none.';
COMMENT ON COLUMN audit_entry.changes IS 'What it changed: [{field, before, after}]; a value of a person is {personal: id, value}, without value when their data was erased, and {redacted: true} when it was withdrawn.';
COMMENT ON COLUMN audit_entry.address IS 'Internet address that it was asked from; NULL when nobody outside asked, it was not noted, or the data of who asked was erased.';
COMMENT ON COLUMN audit_entry.address_of IS 'Whose key seals the address; NULL when there is none.';
COMMENT ON COLUMN audit_entry.correlation_id IS 'Id of the whole matter: equal for all that one command or operation led to.';
COMMENT ON COLUMN audit_entry.command_id IS 'Id of the command that led to it.';
COMMENT ON COLUMN audit_entry.data_subjects IS 'Ids of those whose personal data stands in this row, or stood there before it was erased.';

CREATE TABLE audit_about (
    about_id uuid NOT NULL,
    at timestamptz NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (about_id, at, position)
);

COMMENT ON TABLE audit_about IS 'Which entries concern a thing or a person? (Какие записи касаются предмета или человека?) One row a thing that an entry names.';
COMMENT ON COLUMN audit_about.about_id IS 'Id of the thing or person.';
COMMENT ON COLUMN audit_about.at IS 'Instant of the entry.';
COMMENT ON COLUMN audit_about.position IS 'Log position of the entry.';

CREATE TABLE audit_object (
    object_id uuid NOT NULL,
    part text NOT NULL,
    fields jsonb NOT NULL DEFAULT '{}',
    ticket jsonb,
    ticket_id uuid,
    contact_id uuid,
    positions bigint[] NOT NULL DEFAULT '{}',
    data_subjects uuid[] NOT NULL DEFAULT '{}',
    PRIMARY KEY (object_id, part)
);

COMMENT ON TABLE audit_object IS 'What does a thing say now, so that the next entry can tell what was before? (Что предмет говорит сейчас?) One row a part of a thing.';
COMMENT ON COLUMN audit_object.object_id IS 'Id of the thing.';
COMMENT ON COLUMN audit_object.part IS 'Its part, such as message:12; empty for the thing itself.';
COMMENT ON COLUMN audit_object.fields IS 'What it says: {field: value}, values as in audit_entry.changes.';
COMMENT ON COLUMN audit_object.ticket IS 'Of a ticket: how it stands, without personal data; NULL of other things.';
COMMENT ON COLUMN audit_object.ticket_id IS 'Id of the ticket to which it belongs; NULL when it belongs to none.';
COMMENT ON COLUMN audit_object.contact_id IS 'Id of the customer whom it concerns; NULL when it concerns none.';
COMMENT ON COLUMN audit_object.positions IS 'Of a message: positions of the entries that tell what it says.';
COMMENT ON COLUMN audit_object.data_subjects IS 'Ids of those whose personal data stands in this row, or stood there.';
