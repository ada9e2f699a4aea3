-- Columns of views say what the columns of the tables below them say; a view's own words stand where no such column is.
DO $$
DECLARE
    shown record;
BEGIN
    FOR shown IN
        SELECT view.oid::regclass AS name, outer_column.attname AS column_name, min(described.description) AS text
        FROM pg_class AS view
        JOIN pg_attribute AS outer_column ON outer_column.attrelid = view.oid AND outer_column.attnum > 0
        JOIN pg_rewrite AS rule ON rule.ev_class = view.oid
        JOIN pg_depend AS uses ON uses.classid = 'pg_rewrite'::regclass AND uses.objid = rule.oid
            AND uses.refclassid = 'pg_class'::regclass AND uses.refobjid <> view.oid AND uses.refobjsubid > 0
        JOIN pg_attribute AS inner_column ON inner_column.attrelid = uses.refobjid
            AND inner_column.attnum = uses.refobjsubid AND inner_column.attname = outer_column.attname
        JOIN pg_description AS described ON described.classoid = 'pg_class'::regclass
            AND described.objoid = uses.refobjid AND described.objsubid = uses.refobjsubid
        WHERE view.relnamespace = 'analytics'::regnamespace AND view.relkind = 'v'
        GROUP BY view.oid, outer_column.attname
    LOOP
        EXECUTE format('COMMENT ON COLUMN %s.%I IS %L', shown.name, shown.column_name, shown.text);
    END LOOP;
END
$$;
