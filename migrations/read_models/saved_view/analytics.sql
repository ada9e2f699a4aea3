CREATE OR REPLACE VIEW analytics.saved_view AS SELECT
    view_id, version, revision, audience, owner_id, name, filter, sorting, columns, icon, position, retired_at, created_at,
    updated_at
FROM saved_view;

COMMENT ON VIEW analytics.saved_view IS 'Which lists of tickets have people saved? (Какие представления заявок сохранены?) One row a view; key: view_id.';
