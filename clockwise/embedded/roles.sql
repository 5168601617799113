-- Clockwise's database roles, for `psql` as a superuser. Passwords come from the environment: CW_OWNER_PASSWORD,
-- CW_APP_PASSWORD, CW_BACKUP_PASSWORD. Running it again sets passwords and rights anew and loses nothing.
\getenv owner_password CW_OWNER_PASSWORD
\getenv app_password CW_APP_PASSWORD
\getenv backup_password CW_BACKUP_PASSWORD
\set QUIET on

SELECT format('CREATE ROLE %I', wanted) FROM unnest(ARRAY['cw_owner', 'cw_app', 'cw_lookup', 'cw_backup']) AS wanted
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) \gexec

-- Migrations run as the owner, to whom row-level security applies like to everybody (FORCE).
ALTER ROLE cw_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'owner_password';
-- The application: reads and writes rows, nothing else.
ALTER ROLE cw_app LOGIN NOINHERIT NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS PASSWORD :'app_password';
-- pg_dump reads all tenants' (sealed) rows.
ALTER ROLE cw_backup LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE BYPASSRLS PASSWORD :'backup_password';
-- Owns the look-up functions that answer before a tenant is known; migrations hand them over.
ALTER ROLE cw_lookup NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS;
GRANT cw_lookup TO cw_owner WITH INHERIT FALSE, SET TRUE;

SELECT 'CREATE DATABASE clockwise OWNER cw_owner TEMPLATE template0'
WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'clockwise') \gexec
ALTER DATABASE clockwise OWNER TO cw_owner;
REVOKE ALL ON DATABASE clockwise FROM PUBLIC;
GRANT CONNECT ON DATABASE clockwise TO cw_app, cw_backup;

\connect clockwise
ALTER SCHEMA public OWNER TO cw_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO cw_app, cw_backup;
GRANT USAGE, CREATE ON SCHEMA public TO cw_lookup;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO cw_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO cw_app;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT ON TABLES TO cw_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE cw_owner IN SCHEMA public GRANT SELECT ON SEQUENCES TO cw_backup;
