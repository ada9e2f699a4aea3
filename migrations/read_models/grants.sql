-- The operator may have made the role meanwhile, so it is given its rights each time.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'letopis_analyst') THEN
        GRANT USAGE ON SCHEMA analytics TO letopis_analyst;
        GRANT SELECT ON ALL TABLES IN SCHEMA analytics TO letopis_analyst;
    END IF;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'role letopis_analyst gets no rights: %', SQLERRM;
END
$$;
