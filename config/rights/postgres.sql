-- The least that Ekimi needs in PostgreSQL, as one role; run it once on the leader, in the database of postgres.database:
--
--   EKIMI_PASSWORD=... psql -d postgres -v ON_ERROR_STOP=1 -f postgres.sql
--
-- What it gives, and nothing else (no superuser, no replication, no right on any table of yours):
--   pg_monitor            sees sessions, positions and settings of others
--   pg_signal_backend     cancel-blocking-queries and terminate-blocking-queries; never a superuser's session. Leave it out where both are off
--   pg_checkpoint         (where there is that role: PostgreSQL 15) the leader writes what is dirty before clients of a pooler are held
--   pg_wal_replay_resume  resume-replay. Leave it out where that is off
-- drop-inactive-slot, which is off by default, wants more than this on each: ALTER ROLE ekimi REPLICATION, which may also copy the whole cluster.
-- pg_hba.conf of each member wants a line for it too: hostssl postgres ekimi ADDRESS/32 scram-sha-256
\set password `printf %s "$EKIMI_PASSWORD"`
SET password_encryption = 'scram-sha-256';
CREATE ROLE ekimi LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
GRANT pg_monitor, pg_signal_backend TO ekimi;
SELECT 'GRANT pg_checkpoint TO ekimi' FROM pg_roles WHERE rolname = 'pg_checkpoint' \gexec
GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO ekimi;
-- PUBLIC has it unless you took it away:
SELECT format('GRANT CONNECT ON DATABASE %I TO ekimi', current_database()) \gexec
-- Where data is checked (ekimi check-data): once in each database, after CREATE EXTENSION amcheck there. It reads every table and index by these two alone.
SELECT format('GRANT EXECUTE ON FUNCTION %s TO ekimi', oid::regprocedure) FROM pg_proc WHERE proname IN ('verify_heapam', 'bt_index_check') \gexec
