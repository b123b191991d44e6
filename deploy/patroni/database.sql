-- The program's own role and its database, made once on the machine that leads (`patronictl list` says which one); the others
-- get them by replication. With the superuser's password of patroni.yml, and a new one for the program (letters and digits only:
-- it stands in an address in config.toml), which is on no command line and in no history:
--
--     read -rs UNIONBOT_DATABASE_PASSWORD && export UNIONBOT_DATABASE_PASSWORD
--     psql -h ADDRESS -U postgres -f database.sql
--
-- The role owns its database and nothing else: whoever holds config.toml is not to hold the whole server.
\set ON_ERROR_STOP on
\getenv password UNIONBOT_DATABASE_PASSWORD
CREATE ROLE unionbot LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE unionbot OWNER unionbot ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE unionbot FROM PUBLIC;
