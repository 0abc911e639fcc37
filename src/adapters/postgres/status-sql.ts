import { STANDBY_SETTINGS, type StandbySetting } from '../../model/sql.js';
import type { BeatSql } from './beat-sql.js';

/**
 * All of `SqlStatus` as one JSON document, in one statement that is the same on PostgreSQL 12 to 17 and on both roles, so that a reading
 * costs one round trip and one plan per connection. Columns that not every version has are read through `to_jsonb`. Functions that raise
 * an error in the other role stand behind CASE, which PostgreSQL evaluates lazily because they are volatile. `pg_locks` locks the whole lock
 * table for a moment and is therefore opened only while recovery waits for a lock.
 *
 * - Timeline: a primary's from the name of the WAL file it writes, because the control file tells it only from the next checkpoint on.
 * - Blockers: `pg_blocking_pids` knows nothing of the startup process (it is no ordinary backend), so the lock table is joined with itself.
 *   For a snapshot conflict PostgreSQL names nobody; the rows carry what is needed to find out. [status.ts]
 * - `backend_start` is rendered in UTC by a fixed pattern: as text it would depend on the session's time zone.
 * - Base backups are walsenders in state `backup`: PostgreSQL 12 has no progress view for them, so the function below the view of the others
 *   is called behind CASE, and only while one runs.
 *
 * - Read-only: our own session is (see link.ts); `reset_val` is what others get, unless a setting of our role or database hides it.
 *
 * Rights: any role can run it; without `pg_monitor` other sessions' details are missing (blockers, states, walreceiver, positions).
 */
const BACKEND_START = `to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Set at most one of them, and only at a start. [Recovery Target] */
const RECOVERY_TARGETS = ['', '_lsn', '_name', '_time', '_xid'].map((end) => `recovery_target${end}`);
const TARGET_SET = RECOVERY_TARGETS.map(
  (name) => `WHEN current_setting('${name}') <> '' THEN '${name} = ' || current_setting('${name}')`,
).join(' ');
const NO_TARGET = RECOVERY_TARGETS.map((name) => `current_setting('${name}') = ''`).join(' AND ');
const ownSetting = (name: StandbySetting): string => `current_setting('${name}')::int`;
const OWN_SETTINGS = STANDBY_SETTINGS.map((name) => `'${name}', ${ownSetting(name)}`).join(', ');

/** Rows of `blockers`: enough to see who holds replay up, few enough to be journaled. */
const MAX_BLOCKERS = 20;
/** A transaction younger than this is no candidate unless recovery is known to wait for it. */
const CANDIDATE_AGE = '1 second';

/** `beat`: the row of the heartbeat is read too; null: none is configured. */
export const statusSql = (beat: BeatSql | null): string => `
WITH pos AS (
  SELECT pg_is_in_recovery() AS recovery,
         CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_wal_lsn() END AS current_lsn,
         pg_last_wal_receive_lsn() AS receive_lsn,
         pg_last_wal_replay_lsn() AS replay_lsn
), activity AS (
  SELECT pid, datname, usename, application_name, backend_type, state, wait_event_type, wait_event,
         backend_start, xact_start, query_start, backend_xmin, query, client_addr
  FROM pg_stat_activity WHERE pid <> pg_backend_pid()
), startup AS (
  SELECT pid, wait_event_type, wait_event FROM activity WHERE backend_type = 'startup'
), lock_holders AS (
  SELECT DISTINCT held.pid
  FROM pg_locks wanted JOIN pg_locks held
    ON (wanted.locktype, wanted.database, wanted.relation, wanted.page, wanted.tuple, wanted.virtualxid, wanted.transactionid,
        wanted.classid, wanted.objid, wanted.objsubid)
       IS NOT DISTINCT FROM
       (held.locktype, held.database, held.relation, held.page, held.tuple, held.virtualxid, held.transactionid,
        held.classid, held.objid, held.objsubid)
  WHERE (SELECT wait_event_type = 'Lock' FROM startup)
    AND NOT wanted.granted AND held.granted
    AND wanted.pid = (SELECT pid FROM startup) AND held.pid <> wanted.pid
), receiver AS (
  SELECT status, sender_host, sender_port, received_tli, latest_end_lsn, last_msg_receipt_time FROM pg_stat_wal_receiver
), senders AS (
  SELECT application_name, state, sync_state, sent_lsn, replay_lsn FROM pg_stat_replication
), read_only_settings AS (
  SELECT setdatabase, setrole FROM pg_db_role_setting, unnest(setconfig) AS one
  WHERE one LIKE 'default_transaction_read_only=%' AND split_part(one, '=', 2)::boolean
), clients AS (
  SELECT coalesce(datname, '') AS database, count(*) AS total,
         count(*) FILTER (WHERE state = 'active') AS active,
         count(*) FILTER (WHERE state = 'idle') AS idle,
         count(*) FILTER (WHERE state LIKE 'idle in transaction%') AS idle_in_transaction
  FROM activity
  WHERE backend_type = 'client backend' OR (backend_type IS NULL AND datname IS NOT NULL)
  GROUP BY 1
), blockers AS (
  SELECT pid, ${BACKEND_START} AS backend_start, coalesce(usename, '') AS "user", coalesce(datname, '') AS database,
         coalesce(application_name, '') AS application, coalesce(state, '') AS state,
         extract(epoch FROM clock_timestamp() - xact_start) * 1000 AS xact_age_ms, left(query, 400) AS query,
         age(backend_xmin) AS xmin_age, pid IN (SELECT pid FROM lock_holders) AS holds_lock
  FROM activity
  WHERE (SELECT recovery FROM pos) AND backend_type = 'client backend' AND xact_start IS NOT NULL AND backend_start IS NOT NULL
    AND (pid IN (SELECT pid FROM lock_holders)
         OR (backend_xmin IS NOT NULL AND clock_timestamp() - xact_start >= interval '${CANDIDATE_AGE}'))
  ORDER BY holds_lock DESC, xmin_age DESC NULLS LAST, xact_start
  LIMIT ${MAX_BLOCKERS}
)${beat?.withTable ?? ''}
SELECT json_build_object(${beat?.value ?? ''}
  'recovery', pos.recovery,
  'version', current_setting('server_version_num')::int,
  'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
  'ownName', (SELECT substring(setting FROM 'application_name *= *''?([^'' ]+)') FROM pg_settings WHERE name = 'primary_conninfo'),
  'startedAtMs', extract(epoch FROM pg_postmaster_start_time()) * 1000,
  'timeline', CASE WHEN pos.recovery
    THEN coalesce((SELECT nullif(received_tli, 0) FROM receiver),
                  (SELECT greatest(r.min_recovery_end_timeline, c.timeline_id) FROM pg_control_recovery() r, pg_control_checkpoint() c))
    ELSE ('x' || left(pg_walfile_name(pos.current_lsn), 8))::bit(32)::int END,
  'currentLsn', pos.current_lsn::text,
  'receiveLsn', pos.receive_lsn::text,
  'replayLsn', CASE WHEN pos.recovery THEN pos.replay_lsn::text END,
  'replayLagSeconds', CASE WHEN pos.recovery THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,
  'replayPaused', CASE WHEN pos.recovery THEN pg_is_wal_replay_paused() ELSE false END,
  'startupWait', (SELECT coalesce(wait_event, '') FROM startup),
  'receiver', (SELECT json_build_object('status', status, 'senderHost', sender_host, 'senderPort', sender_port, 'timeline', received_tli,
      'latestEndLsn', latest_end_lsn::text, 'ageMs', extract(epoch FROM clock_timestamp() - last_msg_receipt_time) * 1000) FROM receiver),
  'replicas', (SELECT json_agg(json_build_object('application', application_name, 'state', state, 'syncState', sync_state,
      'sentLsn', sent_lsn::text, 'replayLsn', replay_lsn::text)) FROM senders WHERE state IS DISTINCT FROM 'backup'),
  'blockers', (SELECT json_agg(to_json(blockers)) FROM blockers),
  'slots', (SELECT json_agg(json_build_object('name', slot_name, 'active', active, 'walStatus', to_jsonb(s) ->> 'wal_status',
      'kind', slot_type, 'restart', restart_lsn::text, 'safe', (to_jsonb(s) ->> 'safe_wal_size')::numeric,
      'retained', pg_wal_lsn_diff(coalesce(pos.current_lsn, greatest(pos.receive_lsn, pos.replay_lsn)), restart_lsn)))
      FROM pg_replication_slots s),
  'connections', json_build_object('max', current_setting('max_connections')::int,
      'byDatabase', (SELECT json_agg(to_json(clients) ORDER BY database) FROM clients)),
  'checksumFailures', (SELECT sum(checksum_failures) FROM pg_stat_database),
  'syncWaits', (SELECT json_build_object('count', count(*),
      'oldestMs', max(extract(epoch FROM clock_timestamp() - coalesce(query_start, xact_start)) * 1000),
      'standbyNames', current_setting('synchronous_standby_names')) FROM activity WHERE wait_event = 'SyncRep'),
  'readOnly', json_build_object(
      'reset', (SELECT reset_val::boolean FROM pg_settings WHERE name = 'default_transaction_read_only'),
      'own', EXISTS (SELECT 1 FROM read_only_settings
        WHERE (setdatabase <> 0 OR setrole <> 0)
          AND setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
          AND setrole IN (0, (SELECT oid FROM pg_roles WHERE rolname = session_user))),
      'databases', (SELECT json_agg(datname::text ORDER BY datname) FROM read_only_settings JOIN pg_database d ON d.oid = setdatabase
        WHERE setrole = 0)),
  'baseBackups', (SELECT count(*) FROM senders WHERE state = 'backup'),
  'backups', CASE WHEN EXISTS (SELECT 1 FROM senders WHERE state = 'backup') AND current_setting('server_version_num')::int >= 130000
    THEN (SELECT json_agg(json_build_object('client', host(a.client_addr), 'forMs', extract(epoch FROM clock_timestamp() - a.backend_start) * 1000,
      'streamedBytes', p.param3, 'totalBytes', nullif(p.param2, -1)))
      FROM pg_stat_get_progress_info('BASEBACKUP') p LEFT JOIN activity a ON a.pid = p.pid) END,
  'walSenders', json_build_object('max', current_setting('max_wal_senders')::int, 'used', (SELECT count(*) FROM senders)),
  'archiver', (SELECT json_build_object('failedAgoMs', extract(epoch FROM clock_timestamp() - last_failed_time) * 1000,
      'failedWal', last_failed_wal, 'archivedAgoMs', extract(epoch FROM clock_timestamp() - last_archived_time) * 1000,
      'archivedWal', last_archived_wal)
      FROM pg_stat_archiver WHERE current_setting('archive_mode') = 'always'
        OR (current_setting('archive_mode') = 'on' AND NOT pos.recovery)),
  'applyDelayMs', (SELECT setting::bigint FROM pg_settings WHERE name = 'recovery_min_apply_delay'),
  'recoveryTarget', CASE ${TARGET_SET} END,
  'standbySettings', json_build_object(${OWN_SETTINGS}),
  'rewinds', (SELECT json_agg(json_build_object('client', host(client_addr), 'sinceMs', extract(epoch FROM clock_timestamp() - backend_start) * 1000))
      FROM activity WHERE backend_type = 'client backend'
        AND (application_name = 'pg_rewind' OR (state = 'active' AND query LIKE '%pg_read_binary_file' || '(%')))
)::text AS status
FROM pos`;

/** Sums of files, in float8, which JavaScript reads as it is. pg_ls_waldir is for pg_monitor alone. */
export const SIZES_SQL = `
SELECT (SELECT sum(pg_database_size(oid)) FROM pg_database)::float8 AS database_bytes,
  CASE WHEN has_function_privilege('pg_ls_waldir()', 'EXECUTE') THEN (SELECT sum(size)::float8 FROM pg_ls_waldir()) END AS wal_bytes`;

/** One row: parameters by name. Names are written in lower case, as `pg_settings` has them. */
export const SETTINGS_SQL = `
SELECT coalesce(json_object_agg(name, json_build_object('setting', setting, 'unit', unit, 'type', vartype, 'context', context,
  'min', min_val, 'max', max_val, 'values', enumvals)), '{}') AS settings
FROM pg_settings WHERE lower(name) = ANY ($1::text[])`;

/** USAGE: as the functions themselves judge it, inherited memberships included. A superuser has every role. */
export const RIGHTS_SQL = `
SELECT current_user::text AS user, pg_has_role(current_user, 'pg_monitor', 'USAGE') AS monitor,
  pg_has_role(current_user, 'pg_signal_backend', 'USAGE') AS signal_backend,
  has_function_privilege('pg_wal_replay_resume()', 'EXECUTE') AS resume_replay,
  (SELECT rolreplication OR rolsuper FROM pg_roles WHERE rolname = current_user) AS drop_slots,
  (SELECT pg_has_role(current_user, oid, 'USAGE') FROM pg_roles WHERE rolname = 'pg_checkpoint') AS checkpoint,
  (SELECT bool_and(has_function_privilege(oid, 'EXECUTE')) FROM pg_proc WHERE proname IN ('verify_heapam', 'bt_index_check')) AS check_data`;

/**
 * The signal goes only to the very backend that was seen: pid and start must match within the statement that sends it, because a pid is
 * reused. No row: it has ended. Needs `pg_signal_backend` (and never reaches a superuser's session without superuser).
 */
export const signalSql = (call: 'pg_cancel_backend' | 'pg_terminate_backend'): string => `
SELECT ${call}(pid) AS done FROM pg_stat_activity
WHERE pid = $1 AND ${BACKEND_START} = $2 AND backend_type = 'client backend' AND pid <> pg_backend_pid()`;

/**
 * Only the very slot that was seen goes: by its kind and the place from which it keeps WAL, and unused in the statement that drops it.
 * PostgreSQL itself refuses one that is taken in between (55006). No row: it is another by now, or it is used.
 */
export const DROP_SLOT_SQL = `
SELECT true AS done, pg_drop_replication_slot(slot_name) FROM pg_replication_slots
WHERE slot_name = $1 AND slot_type = $2 AND restart_lsn::text = $3 AND NOT active AND active_pid IS NULL AND NOT pg_is_in_recovery()`;

/**
 * Only the very pause that was seen is undone: replay stands where it stood (no row otherwise). Of a server that stopped at its recovery
 * target `pg_wal_replay_resume()` makes a primary, and one that waits for a setting (PostgreSQL 14 and newer) it shuts down: neither is sent
 * by the time it comes there. Needs EXECUTE on the function. $2 and on: the leader's settings, in the order of `STANDBY_SETTINGS`.
 */
export const RESUME_SQL = `
SELECT pg_wal_replay_resume() IS NOT NULL AS done
WHERE CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() AND pg_last_wal_replay_lsn() = $1::pg_lsn ELSE false END
  AND ${NO_TARGET}
  AND ${STANDBY_SETTINGS.map((name, index) => `${ownSetting(name)} >= $${index + 2}::int`).join(' AND ')}`;
