import type { ActionName } from './plan.js';
import type { Reading } from './reading.js';

export const RIGHT_SYSTEMS = ['etcd', 'PostgreSQL', 'Patroni', 'HAProxy', 'PgBouncer', 'Docker'] as const;
export type RightSystem = (typeof RIGHT_SYSTEMS)[number];

/** One right of ours in one system, as that system calls it. */
export interface RightRow {
  readonly system: RightSystem;
  /** `SCOPE` and the like stand for what the configuration says. */
  readonly right: string;
  /** How the doctor asks, without doing it. */
  readonly asked: string;
  /** What cannot be done without it. `every`: nothing is sent at all. */
  readonly actions: readonly ActionName[] | 'every';
  /** What goes by one of several actuators (`drain.actuators`), and cannot go by this one. Absent: nothing. */
  readonly ways?: { readonly by: 'proxy' | 'tag'; readonly actions: readonly ActionName[] };
  /** What else follows, a clause for people; empty: nothing. */
  readonly else: string;
}

const row = (
  system: RightSystem,
  right: string,
  asked: string,
  actions: RightRow['actions'],
  lost: RightRow['else'] = '',
): RightRow => ({ system, right, asked, actions, else: lost });

const DRAINS = ['drain-replica', 'undrain-replica'] as const;
const drainsBy = (by: 'proxy' | 'tag', one: RightRow): RightRow => ({ ...one, ways: { by, actions: DRAINS } });

const ON_NOBODY = 'the same request for a container whose name Docker allows nobody: 404 is a yes';

/**
 * All rights that Ekimi uses, and the least that it can do with. Doctor, `docs/generated/rights.md` and the tests of the scripts in
 * `config/rights` follow this table.
 */
export const RIGHTS = {
  'etcd-read': row('etcd', 'read on the prefix NAMESPACE/SCOPE/', 'the read of every pass', 'every'),
  'etcd-ours': row(
    'etcd',
    'readwrite on the prefix /ekimi/SCOPE/ (another namespace: /ekimi/NAMESPACE/SCOPE/)',
    'a transaction that writes our tenure key under a condition that cannot hold',
    'every',
    'nobody can throw a kill switch, and one that cannot be read counts as thrown',
  ),
  'etcd-old-path': row(
    'etcd',
    'read on the prefix /ekimi/SCOPE/, where the namespace is not /service/',
    'a read of what version 0.1.0 left there',
    'every',
  ),
  'etcd-leader-key': row(
    'etcd',
    'write on exactly NAMESPACE/SCOPE/leader',
    'a transaction that deletes the key under a condition that cannot hold',
    ['expedite-failover'],
    'a dead leader is replaced when its lease ends',
  ),
  'etcd-config-key': row(
    'etcd',
    'write on exactly NAMESPACE/SCOPE/config',
    'a transaction that writes the key under a condition that cannot hold',
    ['patch-config', 'pause-cluster', 'resume-cluster'],
  ),
  'sql-login': row(
    'PostgreSQL',
    'LOGIN, CONNECT on postgres.database, a line of pg_hba.conf',
    'the read of every pass',
    [
      'cancel-blocking-queries',
      'terminate-blocking-queries',
      'resume-replay',
      'drop-inactive-slot',
      'fence-member',
      'fence-leader',
    ],
    'SQL is no channel',
  ),
  'sql-monitor': row(
    'PostgreSQL',
    'role pg_monitor',
    'pg_has_role()',
    ['cancel-blocking-queries', 'terminate-blocking-queries'],
    'sessions, WAL receiver and positions of others are hidden',
  ),
  'sql-signal': row('PostgreSQL', 'role pg_signal_backend', 'pg_has_role()', [
    'cancel-blocking-queries',
    'terminate-blocking-queries',
  ]),
  'sql-resume': row(
    'PostgreSQL',
    'EXECUTE on pg_wal_replay_resume(), in postgres.database',
    'has_function_privilege()',
    ['resume-replay'],
  ),
  'sql-slots': row(
    'PostgreSQL',
    'attribute REPLICATION of the role, which may copy the whole cluster: only where drop-inactive-slot is wanted',
    'rolreplication in pg_roles',
    ['drop-inactive-slot'],
  ),
  'sql-checkpoint': row(
    'PostgreSQL',
    'role pg_checkpoint (from PostgreSQL 15 on; before, only a superuser may)',
    'pg_has_role()',
    [],
    "clients of a pooler wait for the leader's checkpoint in a switchover (asked only where a pooler is configured)",
  ),
  'sql-amcheck': row(
    'PostgreSQL',
    'EXECUTE on verify_heapam and bt_index_check of the extension amcheck, in each database',
    'has_function_privilege()',
    [],
    'check-data finds nothing (asked only where postgres.check is configured)',
  ),
  'sql-heartbeat': row(
    'PostgreSQL',
    'SELECT, INSERT, UPDATE on the table of postgres.heartbeat',
    'has_table_privilege()',
    [],
    'no heartbeat is written (asked only where it is configured)',
  ),
  'patroni-unsafe': drainsBy(
    'tag',
    row(
      'Patroni',
      'password (restapi.authentication), client certificate (verify_client), address (allowlist): whatever it asks of POST, PATCH, DELETE',
      'an empty PATCH /config, which is refused with 400 behind password and address',
      ['restart-member', 'restart-leader', 'reinitialize-replica', 'failover', 'switchover', 'cancel-switchover'],
      'no tag takes effect (POST /reload)',
    ),
  ),
  'haproxy-read': drainsBy(
    'proxy',
    row(
      'HAProxy',
      'user and password of the statistics; level user on the socket',
      'the read of every pass',
      ['proxy-nudge', 'open-traffic', 'shut-sessions', 'open-servers', 'close-servers'],
      'the proxy is no channel',
    ),
  ),
  'haproxy-admin': drainsBy(
    'proxy',
    row(
      'HAProxy',
      'level admin on the socket',
      'show cli level',
      ['proxy-nudge', 'open-traffic', 'shut-sessions', 'open-servers', 'close-servers'],
      'a fence closes no traffic, an expedited failover does not tell the proxy',
    ),
  ),
  'pooler-admin': row(
    'PgBouncer',
    'a user of the console in admin_users; for SHOW alone stats_users is enough',
    'a RESUME of a database that there is not',
    ['pause-pooler', 'resume-pooler'],
    'no pause before a switchover',
  ),
  'docker-inspect': row('Docker', 'GET /containers/NAME/json', 'the read of every pass', [
    'start-member',
    'start-store',
    'expedite-failover',
    'fence-member',
    'fence-leader',
    'stop-member',
    'stop-without-etcd',
    'move-store-aside',
    'move-aside',
    'remove-aside',
    'begin-copy',
    'start-first',
  ]),
  'docker-start': row('Docker', 'POST /containers/NAME/start', ON_NOBODY, [
    'start-member',
    'start-store',
    'begin-copy',
    'start-first',
  ]),
  'docker-stop': row('Docker', 'POST /containers/NAME/stop', ON_NOBODY, [
    'fence-member',
    'stop-member',
    'stop-without-etcd',
    'move-store-aside',
  ]),
  'docker-kill': row('Docker', 'POST /containers/NAME/kill', ON_NOBODY, ['fence-member', 'fence-leader']),
  'docker-restart': row(
    'Docker',
    'POST /containers/NAME/restart',
    ON_NOBODY,
    [],
    'restart-member cannot go by the host driver',
  ),
  'docker-logs': row('Docker', 'GET /containers/NAME/logs', ON_NOBODY, [], 'what the log of a member says is unknown'),
  'docker-exec': row(
    'Docker',
    'POST /containers/NAME/exec, POST /exec/ID/start: any command in it',
    ON_NOBODY,
    ['remove-aside'],
    'no member is rebuilt beside its old directory; how full the disk of a member is, what a rebuild needs of it, and what the surplus WAL of a former leader holds, is unknown',
  ),
  'docker-archive': drainsBy(
    'tag',
    row(
      'Docker',
      'GET, PUT /containers/NAME/archive: any file in it',
      ON_NOBODY,
      [],
      'no tag is read or set (asked only where `tags.driver` is docker)',
    ),
  ),
} as const satisfies Readonly<Record<string, RightRow>>;

export type RightName = keyof typeof RIGHTS;
export const RIGHT_NAMES = Object.keys(RIGHTS) as readonly RightName[];

/** What a system says of one right of ours; `denied`: it has not given it. */
export interface RightSeen {
  readonly right: RightName;
  readonly seen: Reading<'granted'>;
}
