CREATE TABLE organisation_item (
    id uuid NOT NULL,
    kind text NOT NULL,
    version bigint NOT NULL,
    key text,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL,
    definition jsonb NOT NULL,
    retired boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (id)
);

COMMENT ON TABLE organisation_item IS 'How is the organisation set up now? (Как организация настроена сейчас?) For lists and look-ups of the API, and for analysts. One row a branch, team, skill, inbox, category, tag, custom field, status label or region map, retired ones included.';
COMMENT ON COLUMN organisation_item.id IS 'Id of the item.';
COMMENT ON COLUMN organisation_item.kind IS 'What it is: branch, team, skill, inbox, category, tag, custom_field, status_label or region_map.';
COMMENT ON COLUMN organisation_item.version IS 'Number of its events: one for each creation, revision, retirement and restoration.';
COMMENT ON COLUMN organisation_item.key IS 'The text that other things know it by: of a category what tickets carry, of a custom field what values are stored under, of a language its tag; NULL when its kind has none.';
COMMENT ON COLUMN organisation_item.name IS 'What people call it; in Russian and English when it has names in both.';
COMMENT ON COLUMN organisation_item.folded_name IS 'The name in the form in which names are compared and sorted: small letters, single blanks.';
COMMENT ON COLUMN organisation_item.definition IS 'All it says, as its newest creation or revision has it.';
COMMENT ON COLUMN organisation_item.retired IS 'Whether it is out of use.';
COMMENT ON COLUMN organisation_item.created_at IS 'Instant of its creation.';
COMMENT ON COLUMN organisation_item.updated_at IS 'Instant of the newest change.';

CREATE TABLE organisation_revision (
    id uuid NOT NULL,
    version bigint NOT NULL,
    kind text NOT NULL,
    what text NOT NULL,
    definition jsonb NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (id, version)
);

COMMENT ON TABLE organisation_revision IS 'Who changed what in how the organisation is set up? (Кто и что изменил в настройках организации?) For histories in the API, and for analysts who need what held on a day. One row an event, with the definition as it stood after it.';
COMMENT ON COLUMN organisation_revision.id IS 'Id of the item.';
COMMENT ON COLUMN organisation_revision.version IS 'The event''s place among those of the item, from 1.';
COMMENT ON COLUMN organisation_revision.kind IS 'What it is: branch, team, skill, inbox, category, tag, custom_field, status_label or region_map.';
COMMENT ON COLUMN organisation_revision.what IS 'What happened: created, revised, retired or restored.';
COMMENT ON COLUMN organisation_revision.definition IS 'All it said after that.';
COMMENT ON COLUMN organisation_revision.at IS 'Instant of the decision.';
COMMENT ON COLUMN organisation_revision.actor IS 'Who did it, as kind:id; kinds are agent, contact, bot, system, api_key and import.';
COMMENT ON COLUMN organisation_revision.position IS 'Place of the event in the log; grows, with gaps.';
