import { FRESH_MEMORY, remember } from '../../src/machines/memory.js';
import { initialStates } from '../../src/machines/reduce.js';
import { findingsIn } from '../../src/assess/assess.js';
import { readLog } from '../../src/assess/log-signs.js';
import type { Assessment } from '../../src/assess/finding.js';
import type { Situation } from '../../src/model/situation.js';
import type { DcsEndpoint, DcsKeys } from '../../src/model/dcs.js';
import type { HostStatus } from '../../src/model/host.js';
import { EMPTY_LEDGER, type Ledger, type Remediation } from '../../src/model/ledger.js';
import { memberName, type Lsn, type MemberName } from '../../src/model/names.js';
import type { ClusterReport, DynamicConfig, PatroniStatus, Tags } from '../../src/model/patroni.js';
import type { ActionName, Plan } from '../../src/model/plan.js';
import type { Finding, Problem, ProblemCode } from '../../src/model/problem.js';
import { problemRow } from '../../src/assess/catalogue.js';
import type { ProxyServer } from '../../src/model/proxy.js';
import { fresh, unknown, type Reading, type ReadingFault } from '../../src/model/reading.js';
import type { ReplayBlocker, SqlStatus } from '../../src/model/sql.js';
import type { Memory, States } from '../../src/model/states.js';
import type { ClusterView, MemberView } from '../../src/model/view.js';
import { testPolicy } from './policy.js';
import { eachProxy, ONE_PROXY } from './proxies.js';

export const NOW_MS = Date.UTC(2026, 0, 15, 2, 0, 0);
export const SCOPE = 'email-cluster';
export const MB = 1024 * 1024;
/** Where the leader is; replicas of a healthy view are level with it. */
const LEADER_LSN = 0x5_0000_0000n;
export const at = (bytesBehind: number): Lsn => (LEADER_LSN - BigInt(bytesBehind)) as Lsn;

/** A change to a view; situations are lists of them, applied in order. */
export type Change = (view: ClusterView) => ClusterView;

/** A long query on a replica that PostgreSQL itself says its recovery waits for. */
export const blocker: ReplayBlocker = {
  pid: 42,
  backendStart: 'then',
  user: 'report',
  database: 'mail',
  application: 'psql',
  state: 'active',
  xactAgeMs: 60_000,
  query: 'SELECT 1',
  confirmed: true,
};

export const NO_TAGS: Tags = { noloadbalance: false, nofailover: false, nosync: false, clonefrom: false, raw: {} };
const NAMES = ['patroni1', 'patroni2', 'patroni3'].map(memberName);

function statusOf(name: MemberName, isLeader: boolean): PatroniStatus {
  return {
    state: 'running',
    stateText: 'running',
    role: isLeader ? 'primary' : 'replica',
    timeline: 7,
    xlog: {
      location: isLeader ? at(0) : null,
      receivedLocation: isLeader ? null : at(0),
      replayedLocation: isLeader ? null : at(0),
      replayedAtMs: NOW_MS,
      replayPaused: false,
    },
    replication: isLeader
      ? ['patroni2', 'patroni3'].map((replica) => ({
          applicationName: replica,
          state: 'streaming',
          syncState: 'async',
        }))
      : [],
    replicationState: isLeader ? null : 'streaming',
    paused: false,
    clusterUnlocked: false,
    failsafeActive: false,
    pendingRestart: false,
    syncStandby: false,
    tags: NO_TAGS,
    systemIdentifier: '77',
    scope: SCOPE,
    version: '4.1.4',
    name,
    serverVersion: 150018,
    dcsLastSeenMs: NOW_MS,
  };
}

/** What a hot standby needs at least as its primary has it. */
export const STANDBY = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

function sqlStatusOf(isLeader: boolean): SqlStatus {
  return {
    inRecovery: !isLeader,
    serverVersion: 150018,
    systemIdentifier: '77',
    timeline: 7,
    currentLsn: isLeader ? at(0) : null,
    receiveLsn: isLeader ? null : at(0),
    replayLsn: isLeader ? null : at(0),
    replayLagSeconds: isLeader ? null : 0,
    replayPaused: false,
    walReceiver: isLeader
      ? null
      : { status: 'streaming', senderHost: 'patroni1', receivedTimeline: 7, latestEndLsn: at(0), latestEndAgeMs: 100 },
    replicas: isLeader
      ? ['patroni2', 'patroni3'].map((applicationName) => ({
          applicationName,
          state: 'streaming',
          syncState: 'async',
          sentLsn: at(0),
          replayLsn: at(0),
          lagBytes: 0,
        }))
      : [],
    blockers: [],
    recoveryTarget: null,
    standbySettings: STANDBY,
    slots: [],
    connections: { max: 100, total: 20, byDatabase: [] },
    checksumFailures: 0,
    baseBackups: 0,
  };
}

const REPORT: ClusterReport = {
  rows: NAMES.map((name, index) => ({
    name,
    role: index === 0 ? 'leader' : 'replica',
    state: index === 0 ? 'running' : 'streaming',
    stateText: index === 0 ? 'running' : 'streaming',
    timeline: 7,
    lagBytes: index === 0 ? null : 0,
    tags: NO_TAGS,
    pendingRestart: false,
  })),
  paused: false,
  scheduledSwitchover: null,
};

const KEYS: DcsKeys = {
  leader: { holder: NAMES[0] ?? null, leaseId: '1', leaseTtlMs: 25_000, modRevision: '100', createRevision: '90' },
  members: NAMES.map((name, index) => ({
    name,
    role: index === 0 ? 'primary' : 'replica',
    state: 'running',
    timeline: 7,
    xlogLocation: at(0),
    apiUrl: null,
  })),
  failover: null,
  sync: null,
  optimeLsn: at(0),
  systemIdentifier: '77',
  revision: '100',
};

const CONFIG: DynamicConfig = {
  ttlMs: 30_000,
  loopWaitMs: 10_000,
  retryTimeoutMs: 10_000,
  maximumLagOnFailoverBytes: MB,
  primaryStartTimeoutMs: 300_000,
  synchronousMode: 'off',
  failsafeMode: false,
  paused: false,
  checkTimeline: false,
  usePgRewind: true,
};

const hostRunning = (name: string): HostStatus => ({
  state: 'running',
  id: `${name}-1`,
  startedAtMs: NOW_MS - 3_600_000,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
});

const server = (backend: string, name: string, up: boolean): ProxyServer => ({
  backend,
  server: name,
  status: up ? 'UP' : 'DOWN',
  up,
  admin: { drain: false, maint: false, resolution: false },
  sessions: up ? 20 : 0,
  checkStatus: up ? 'L7OK' : 'L7STS',
  lastChangeSeconds: 3600,
});

const now = <T>(value: T, source: string): Reading<T> => fresh(value, NOW_MS, source);
const notAsked = unknown('not-read-yet', 'not asked', NOW_MS, 'test');

/** Three members, patroni1 leads on timeline 7, all level, everything configured and answering; then the changes. */
export function viewOf(...changes: readonly Change[]): ClusterView {
  const healthy: ClusterView = {
    scope: SCOPE,
    tick: 100,
    atMs: NOW_MS,
    members: NAMES.map((name, index) => ({
      name,
      api: now(statusOf(name, index === 0), 'api'),
      cluster: now(REPORT, 'cluster'),
      metrics: notAsked,
      replicaCheck: notAsked,
      sql: now(sqlStatusOf(index === 0), 'sql'),
      host: now(hostRunning(name), 'host'),
      fileTag: now(false, 'tags'),
    })),
    config: now(CONFIG, 'config'),
    history: now([{ timeline: 6, lsn: at(100 * MB), reason: 'failover', at: null, newLeader: 'patroni1' }], 'history'),
    dcs: {
      keys: now(KEYS, 'keys'),
      endpoints: ['etcd1', 'etcd2', 'etcd3'].map((name, index) => ({
        name,
        status: now(
          {
            name,
            url: `http://${name}:2379`,
            healthy: true,
            isLeader: index === 0,
            raftTerm: '2',
            dbSizeBytes: 4096,
            version: '3.4.23',
          },
          name,
        ),
        host: now(hostRunning(name), 'host'),
      })),
      membership: notAsked,
      alarms: now([], 'alarms'),
    },
    proxies: [
      {
        ...ONE_PROXY,
        seen: now(
          {
            servers: NAMES.flatMap((name, index) => [
              server('postgres_primary', name, index === 0),
              server('postgres_replicas', name, index !== 0),
            ]),
          },
          'proxy',
        ),
      },
    ],
    actuators: { proxy: true, tags: true, sql: true, host: true },
    observer: { clockJumpMs: 0, sinceLastPassMs: 1000, passTookMs: 20 },
  };
  return changes.reduce((view, change) => change(view), healthy);
}

export const all =
  (...changes: readonly Change[]): Change =>
  (view) =>
    changes.reduce((so, change) => change(so), view);

/** Changes one member's view as a whole. */
export const member =
  (name: string, change: (member: MemberView) => Partial<MemberView>): Change =>
  (view) => ({ ...view, members: view.members.map((row) => (row.name === name ? { ...row, ...change(row) } : row)) });

const edited = <T>(reading: Reading<T>, part: Partial<T>): Reading<T> =>
  reading.kind === 'unknown' ? reading : { ...reading, value: { ...reading.value, ...part } };

export const api = (name: string, part: Partial<PatroniStatus>): Change =>
  member(name, (row) => ({ api: edited(row.api, part) }));
export const sql = (name: string, part: Partial<SqlStatus>): Change =>
  member(name, (row) => ({ sql: edited(row.sql, part) }));
export const host = (name: string, part: Partial<HostStatus>): Change =>
  member(name, (row) => ({ host: edited(row.host, part) }));

/** A channel of a member that gives no answer. */
export const silent = (name: string, channel: 'api' | 'sql' | 'host', fault: ReadingFault = 'timeout'): Change =>
  member(name, () => {
    const reading = unknown(fault, `${channel} on ${name}: ${fault}`, NOW_MS, channel);
    if (channel === 'api') return { api: reading, cluster: reading, replicaCheck: reading };
    return channel === 'sql' ? { sql: reading } : { host: reading };
  });

export const keys =
  (part: Partial<DcsKeys>): Change =>
  (view) => ({ ...view, dcs: { ...view.dcs, keys: edited(view.dcs.keys, part) } });

export const noEtcd: Change = (view) => ({
  ...view,
  dcs: { ...view.dcs, keys: unknown('no-quorum', 'etcd has no leader', NOW_MS, 'keys') },
});

export const endpoint =
  (name: string, fault: ReadingFault): Change =>
  (view) => ({
    ...view,
    dcs: {
      ...view.dcs,
      endpoints: view.dcs.endpoints.map((row) =>
        row.name === name ? { ...row, status: unknown(fault, `${name}: ${fault}`, NOW_MS, name) } : row,
      ),
    },
  });

/** What an endpoint tells of itself besides. */
export const endpointTells =
  (name: string, part: Partial<DcsEndpoint>): Change =>
  (view) => ({
    ...view,
    dcs: {
      ...view.dcs,
      endpoints: view.dcs.endpoints.map((row) =>
        row.name === name && row.status.kind === 'fresh'
          ? { ...row, status: { ...row.status, value: { ...row.status.value, ...part } } }
          : row,
      ),
    },
  });

/** An endpoint whose status etcd keeps to root: it is known by its answers to reads. */
export const keepsItsSize = (name: string): Change => endpointTells(name, { dbSizeBytes: null, version: null });

export const leaderKey = (holder: string | null): Change =>
  keys({
    leader: {
      holder: holder === null ? null : memberName(holder),
      leaseId: null,
      leaseTtlMs: null,
      modRevision: '101',
      createRevision: '101',
    },
  });

export const withoutKey =
  (name: string): Change =>
  (view) =>
    view.dcs.keys.kind === 'unknown'
      ? view
      : keys({ members: view.dcs.keys.value.members.filter((row) => row.name !== name) })(view);

export const config =
  (part: Partial<DynamicConfig>): Change =>
  (view) => ({ ...view, config: edited(view.config, part) });

/** What the key `config` in etcd holds: part of a document, or why it cannot be read. */
export const configKey = (found: Partial<DynamicConfig> | string): Change =>
  keys({
    config: typeof found === 'string' ? { known: false, why: found } : { known: true, value: { ...CONFIG, ...found } },
  });

export const observer =
  (part: Partial<ClusterView['observer']>): Change =>
  (view) => ({ ...view, observer: { ...view.observer, ...part } });

export const proxyServer =
  (backend: 'postgres_primary' | 'postgres_replicas', name: string, part: Partial<ProxyServer>): Change =>
  (view) =>
    eachProxy(view, ({ seen }) => ({
      seen:
        seen.kind === 'unknown'
          ? seen
          : edited(seen, {
              servers: seen.value.servers.map((row) =>
                row.backend === backend && row.server === name ? { ...row, ...part } : row,
              ),
            }),
    }));

export const proxyDrain = (name: string): Change =>
  proxyServer('postgres_replicas', name, {
    status: 'DRAIN',
    admin: { drain: true, maint: false, resolution: false },
  });

export const noProxy: Change = (view) =>
  eachProxy(view, () => ({ seen: unknown('timeout', 'haproxy: no answer in time', NOW_MS, 'proxy') }));

/** The row of `name` in every other member's `/cluster`. */
export const peerRow =
  (name: string, part: Partial<ClusterReport['rows'][number]>): Change =>
  (view) => ({
    ...view,
    members: view.members.map((row) => ({
      ...row,
      cluster:
        row.cluster.kind === 'unknown'
          ? row.cluster
          : edited(row.cluster, {
              rows: row.cluster.value.rows.map((line) => (line.name === name ? { ...line, ...part } : line)),
            }),
    })),
  });

/** As a leader lists a replica that is level with it. */
export const streamed = (applicationName: string) => ({
  applicationName,
  state: 'streaming',
  syncState: 'async',
  sentLsn: null,
  replayLsn: null,
  lagBytes: 0,
});

/** `name` replays so many bytes behind, by the channels named. */
export const lags = (
  name: string,
  bytes: number,
  channels: readonly ('api' | 'sql' | 'peers')[] = ['api', 'sql', 'peers'],
): Change =>
  all(
    ...(channels.includes('sql') ? [sql(name, { replayLsn: at(bytes) })] : []),
    ...(channels.includes('peers') ? [peerRow(name, { lagBytes: bytes })] : []),
    ...(channels.includes('api')
      ? [
          member(name, (row) => ({
            api:
              row.api.kind === 'unknown' || row.api.value.xlog === null
                ? row.api
                : edited(row.api, { xlog: { ...row.api.value.xlog, replayedLocation: at(bytes) } }),
          })),
        ]
      : []),
  );

/** The leader and the replica agree that nothing streams. */
export const notStreaming = (name: string): Change =>
  all(
    api(name, { replicationState: null }),
    sql(name, { walReceiver: null }),
    member('patroni1', (row) => ({
      sql:
        row.sql.kind === 'unknown'
          ? row.sql
          : edited(row.sql, {
              replicas: row.sql.value.replicas.filter((replica) => replica.applicationName !== name),
            }),
      api:
        row.api.kind === 'unknown'
          ? row.api
          : edited(row.api, {
              replication: row.api.value.replication.filter((replica) => replica.applicationName !== name),
            }),
    })),
  );

/** PostgreSQL on the member does not start. */
export const startFailed = (name: string): Change =>
  all(
    notStreaming(name),
    api(name, { state: 'start-failed', stateText: 'start failed', timeline: null, xlog: null }),
    peerRow(name, { state: 'start-failed', stateText: 'start failed' }),
    silent(name, 'sql', 'refused'),
  );

/** The last lines of the member's log, newest last. */
export const logSays = (name: string, ...lines: readonly string[]): Change =>
  member(name, () => ({ log: now(readLog(lines), 'log') }));

/** PostgreSQL on the member does not start, and its log says that the directory is damaged. */
export const damaged = (name: string): Change =>
  all(startFailed(name), logSays(name, 'PANIC:  could not open file "global/pg_control": No such file or directory'));

/** The member's container is stopped: API and SQL silent, the leader misses it. */
export const stopped = (name: string): Change =>
  all(
    notStreaming(name),
    silent(name, 'api', 'refused'),
    silent(name, 'sql', 'refused'),
    host(name, { state: 'stopped', exitCode: 137 }),
  );

/** `name` accepts writes: by its API, its SQL, or both. */
export const isPrimary = (name: string, by: readonly ('api' | 'sql')[] = ['api', 'sql'], timeline = 8): Change =>
  all(
    ...(by.includes('api')
      ? [
          api(name, {
            role: 'primary',
            timeline,
            replicationState: null,
            xlog: {
              location: at(0),
              receivedLocation: null,
              replayedLocation: null,
              replayedAtMs: null,
              replayPaused: false,
            },
          }),
        ]
      : []),
    ...(by.includes('sql')
      ? [
          sql(name, {
            inRecovery: false,
            timeline,
            currentLsn: at(0),
            receiveLsn: null,
            replayLsn: null,
            walReceiver: null,
          }),
        ]
      : []),
  );

/** Long enough at work to act, every member's last position known. */
export const CLEAN_MEMORY: Memory = {
  ...remember(FRESH_MEMORY, viewOf()),
  cleanPasses: 100,
  cleanSinceMs: NOW_MS - 3_600_000,
};

export const remediationOf = (
  action: ActionName,
  target: string,
  part: Partial<Remediation> = {},
  because: ProblemCode = 'replica-lag-emergency',
): Remediation => ({
  id: `${action}-${target}`,
  plan: planOf(action, target, {}, because),
  phase: 'succeeded',
  shadow: false,
  epoch: '1',
  stepIndex: 0,
  steps: 1,
  createdAtMs: NOW_MS - 60_000,
  sentAtMs: NOW_MS - 60_000,
  deadlineMs: NOW_MS - 45_000,
  endedAtMs: NOW_MS - 50_000,
  lastReply: null,
  detail: '',
  ...part,
});

export const planOf = (
  action: ActionName,
  target: string,
  params: Plan['params'] = {},
  code: ProblemCode = 'replica-lag-emergency',
): Plan => ({ action, target: memberName(target), because: { code, subject: target }, params });

export const ledgerOf = (part: Partial<Ledger> = {}): Ledger => ({ ...EMPTY_LEDGER, ...part });

export const drainedByUs = (name: string): Ledger =>
  ledgerOf({
    drains: [{ member: name, actuators: ['proxy'], sinceMs: NOW_MS - 60_000, remediationId: 'd', shadow: false }],
  });

export const assessmentOf = (view: ClusterView, part: Partial<Omit<Assessment, 'view'>> = {}): Assessment => ({
  view,
  memory: CLEAN_MEMORY,
  ledger: EMPTY_LEDGER,
  policy: testPolicy(),
  ...part,
});

/** What this one pass says, as `code/subject`. */
export const seenIn = (assessment: Assessment): readonly string[] =>
  findingsIn(assessment)
    .filter((finding) => finding.verdict === 'seen')
    .map((finding) => `${finding.code}/${finding.subject}`);

export const findingOf = (assessment: Assessment, code: ProblemCode, subject?: string): Finding | undefined =>
  findingsIn(assessment).find(
    (finding) => finding.code === code && (subject === undefined || finding.subject === subject),
  );

/** An active problem of long standing, as the machines would hold it. */
export const problemOf = (code: ProblemCode, subject: string, part: Partial<Problem> = {}): Problem => ({
  code,
  subject,
  level: problemRow(code).level,
  phase: 'active',
  firstSeenMs: NOW_MS - 120_000,
  lastSeenMs: NOW_MS,
  activeSinceMs: NOW_MS - 60_000,
  clearSinceMs: null,
  actionableAtMs: NOW_MS - 60_000,
  samples: 60,
  channels: ['api', 'sql', 'peers'],
  evidence: [{ channel: 'sql', text: `${code} on ${subject}`, atMs: NOW_MS }],
  facts: {},
  ...part,
});

export const statesOf = (problems: readonly Problem[], memory: Memory = CLEAN_MEMORY): States => ({
  ...initialStates(NOW_MS, memory),
  problems: [...problems].sort((a, b) => problemRow(b.code).rank - problemRow(a.code).rank),
});

/** Everything allows an action: what a test changes is what it is about. */
export function inputOf(
  problems: readonly Problem[],
  part: Partial<Situation> & { readonly memory?: Memory } = {},
): Situation {
  const { memory, ...rest } = part;
  return {
    view: viewOf(),
    states: statesOf(problems, memory),
    ledger: EMPTY_LEDGER,
    policy: testPolicy(),
    windows: { freeze: null, maintenance: null },
    tenure: { state: 'held', owner: 'test', epoch: '1' },
    nowMs: NOW_MS,
    impaired: [],
    ...rest,
  };
}
