-- Replaced, never dropped: what others build on it stays, and Postgres refuses every change but new columns at the end.
CREATE OR REPLACE VIEW analytics.organisation_item AS SELECT
    id, kind, version, key, name, definition, retired, created_at, updated_at
FROM organisation_item;

CREATE OR REPLACE VIEW analytics.organisation_revision AS SELECT
    id, version, kind, what, definition, at, actor, position
FROM organisation_revision;

-- Their columns get the comments of the tables' columns.
COMMENT ON VIEW analytics.organisation_item IS 'How is the organisation set up now? (Как организация настроена сейчас?) One row a branch, team, skill, inbox, category, tag, custom field, status label or region map; key: id.';
COMMENT ON VIEW analytics.organisation_revision IS 'Who changed what in how the organisation is set up? (Кто и что изменил в настройках организации?) One row an event, with the definition as it stood after it; key: id, version.';
