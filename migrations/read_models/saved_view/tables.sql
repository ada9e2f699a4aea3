CREATE TABLE saved_view (
    view_id uuid NOT NULL,
    version bigint NOT NULL,
    revision integer NOT NULL,
    audience text NOT NULL,
    owner_id uuid,
    name text NOT NULL,
    filter jsonb NOT NULL,
    sorting jsonb NOT NULL,
    columns text[] NOT NULL,
    icon text,
    position integer,
    retired_at timestamptz,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (view_id)
) WITH (fillfactor = 80);

COMMENT ON TABLE saved_view IS 'Which lists of tickets have people saved? (Какие представления заявок сохранены?) For menus of the API. One row a view, retired ones included; those that come with the program are not here.';
COMMENT ON COLUMN saved_view.view_id IS 'Id of the view.';
COMMENT ON COLUMN saved_view.version IS 'Number of events of the view.';
COMMENT ON COLUMN saved_view.revision IS 'How many times it was defined, from 1.';
COMMENT ON COLUMN saved_view.audience IS 'Who sees it: own (one person), team (a team) or shared (everybody who works here).';
COMMENT ON COLUMN saved_view.owner_id IS 'Id of the person or the team; NULL when it is shared.';
COMMENT ON COLUMN saved_view.name IS 'What it is called.';
COMMENT ON COLUMN saved_view.filter IS 'Which tickets it shows, as the filter of the API has it.';
COMMENT ON COLUMN saved_view.sorting IS 'In which order, as the API has it.';
COMMENT ON COLUMN saved_view.columns IS 'Names of the columns that a screen shows, in their order.';
COMMENT ON COLUMN saved_view.icon IS 'Name of its picture; NULL when it has none.';
COMMENT ON COLUMN saved_view.position IS 'Where it stands among others, the least first; NULL behind those that say.';
COMMENT ON COLUMN saved_view.retired_at IS 'Instant since when nobody sees it; NULL while people do.';
COMMENT ON COLUMN saved_view.created_at IS 'Instant at which it was created.';
COMMENT ON COLUMN saved_view.updated_at IS 'Instant of the newest change.';
