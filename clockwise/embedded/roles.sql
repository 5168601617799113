-- Rights of Clockwise's database roles. Run it as a superuser inside the database, after creating the logins
-- cw_owner, cw_app and cw_backup with passwords of their own. Running it again changes nothing.
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cw_lookup') THEN
        CREATE ROLE cw_lookup NOLOGIN;
    END IF;
END $$;

-- Everything the application may do: read and write rows, under row-level security.
ALTER ROLE cw_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOINHERIT;
ALTER ROLE cw_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
-- pg_dump reads all tenants' (sealed) rows.
ALTER ROLE cw_backup NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS;
-- Migrations hand the look-up functions to the role that may see nothing else.
GRANT cw_lookup TO cw_owner WITH INHERIT FALSE, SET TRUE;

DO $$ BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO cw_app, cw_backup', current_database());
    EXECUTE format('GRANT CONNECT, CREATE ON DATABASE %I TO cw_owner', current_database());
END $$;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
ALTER SCHEMA public OWNER TO cw_owner;
GRANT USAGE ON SCHEMA public TO cw_app, cw_backup;
GRANT USAGE, CREATE ON SCHEMA public TO cw_lookup;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cw_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO cw_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT ON TABLES TO cw_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO cw_backup;
