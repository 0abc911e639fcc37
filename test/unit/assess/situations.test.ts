import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../src/assess/catalogue.js';
import { asideSuffix } from '../../../src/model/aside.js';
import type { Checking, CheckRow } from '../../../src/model/data-check.js';
import type { DamageMemory } from '../../../src/model/damage.js';
import type { ProcedureRun, RunPhase } from '../../../src/model/procedure-run.js';
import type { Assessment } from '../../../src/assess/finding.js';
import { EMPTY_LEDGER, type Remediation } from '../../../src/model/ledger.js';
import { PROBLEM_CODES, type ProblemCode } from '../../../src/model/problem.js';
import { aged, fresh, unknown, type Reading } from '../../../src/model/reading.js';
import type { States } from '../../../src/model/states.js';
import type { ClusterView } from '../../../src/model/view.js';
import { advance, initialStates } from '../../../src/machines/reduce.js';
import { findingsIn } from '../../../src/assess/assess.js';
import { testPolicy } from '../../support/policy.js';
import { CERTIFICATE_SITUATIONS } from '../../support/certificate-situations.js';
import { CHANNEL_SITUATIONS } from '../../support/channel-situations.js';
import { HEARTBEAT_SITUATIONS } from '../../support/heartbeat-situations.js';
import { HUNG_SITUATIONS } from '../../support/hung-situations.js';
import { LEADER_SITUATIONS } from '../../support/leader-situations.js';
import { POOLER_SITUATIONS } from '../../support/pooler-situations.js';
import { cutOffIn, PLACES_SITUATIONS } from '../../support/places-situations.js';
import { PLATFORM_SITUATIONS } from '../../support/platform-situations.js';
import { STANDING_SITUATIONS } from '../../support/standing-situations.js';
import {
  all,
  api,
  assessmentOf,
  at,
  CLEAN_MEMORY,
  blocker,
  config,
  damaged,
  configKey,
  drainedByUs,
  endpoint,
  isPrimary,
  keys,
  lags,
  leaderKey,
  logSays,
  ledgerOf,
  MB,
  member,
  noEtcd,
  noProxy,
  notStreaming,
  NOW_MS,
  observer,
  peerRow,
  proxyDrain,
  proxyServer,
  SCOPE,
  seenIn,
  silent,
  sql,
  startFailed,
  stopped,
  viewOf,
  withoutKey,
  type Change,
  remediationOf,
} from '../../support/view.js';
import { eachProxy } from '../../support/proxies.js';

/** One situation: what is different from a healthy cluster, and what earlier passes and our own deeds left behind. */
interface Situation {
  readonly name: string;
  readonly view?: readonly Change[];
  readonly with?: Partial<Omit<Assessment, 'view'>>;
}

interface Row {
  /** `code/SUBJECT` is seen in each of these. */
  readonly subject: string;
  readonly seen: readonly Situation[];
  /** It looks similar, and the code is not seen, for any subject. */
  readonly friends: readonly Situation[];
}

/** `postgresql_10.0.0.1_5432`: a name for each server that is no member's. */
const unreadable: DamageMemory = {
  marks: [
    {
      kind: 'unreadable-block',
      relation: 'base/5/16390',
      block: '2',
      text: 'ERROR:  could not read block 2 in file "base/5/16390": read only 3616 of 8192 bytes',
      atMs: NOW_MS - 5_000,
      firstMs: NOW_MS - 5_000,
      lastMs: NOW_MS - 5_000,
    },
  ],
  settledMs: null,
  settled: [],
};
const run = (phase: RunPhase): ProcedureRun => ({
  id: 'r-1',
  name: 'rolling-restart',
  goal: {},
  by: 'dba',
  reason: 'openssl',
  phase,
  agreed: [],
  startedAtMs: NOW_MS,
  endedAtMs: null,
  detail: 'restart-member patroni2 ineffective: it does not stream',
  continuedAtMs: NOW_MS,
});

const byAddress: Change = (view) =>
  everyone.reduce(
    (so, name, index) =>
      (['postgres_primary', 'postgres_replicas'] as const).reduce(
        (next, pool) => proxyServer(pool, name, { server: `postgresql_10.0.0.${index + 1}_5432` })(next),
        so,
      ),
    view,
  );
const NO_ROOM = 'PANIC:  could not write to file "pg_wal/xlogtemp.41": No space left on device';
const BACKUP_FAILED = '2026-01-15 02:00:00,123 ERROR: Error when fetching backup: pg_basebackup exited with code=1';
const CREATING = { state: 'creating-replica', stateText: 'creating replica', role: 'uninitialized' } as const;
/** One volume of 1,000 MiB, read so long ago. */
/** patroni2 has been creating its copy for an hour; by client, since when each base backup has sent nothing. */
const copying = (changedAtMs: Readonly<Record<string, number>>) => ({
  creatingSinceMs: { patroni2: NOW_MS - 3_600_000 },
  copies: Object.fromEntries(
    Object.entries(changedAtMs).map(([client, atMs]) => [client, { source: 'patroni1', bytes: 1, changedAtMs: atMs }]),
  ),
});
const volumes = (name: string, freeBytes: number, agoMs = 0): Change =>
  member(name, () => {
    const value = { data: { totalBytes: 1000 * MB, freeBytes, freeInodes: null }, wal: null };
    const atMs = NOW_MS - agoMs;
    return {
      disk: agoMs === 0 ? fresh(value, atMs, 'disk') : { kind: 'stale', value, atMs, ageMs: agoMs, source: 'disk' },
    };
  });
/** An old directory of this size that was moved aside so long ago; null: its name does not say when. */
const aside =
  (name: string, agoMs: number | null, bytes: number): Change =>
  (view) => {
    const suffix = agoMs === null ? 'ekimi-kept' : asideSuffix(NOW_MS - agoMs);
    const rows = [{ name: `data.${suffix}`, path: `/var/lib/patroni/data.${suffix}`, bytes }];
    return { ...view, asides: { [name]: fresh(rows, NOW_MS, 'asides') } };
  };
const DAY_MS = 24 * 60 * 60_000;
const NO_WAY = 'FATAL:  could not connect to the primary server: connection to server at "p1", port 5432 failed:';
const everyone = ['patroni1', 'patroni2', 'patroni3'];
const allSilent = (channel: 'api' | 'sql'): Change => all(...everyone.map((name) => silent(name, channel)));
const leaderDied = all(stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3'));
const nobodyLeads = all(leaderKey(null), stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3'));
const fencedByUs = ledgerOf({
  fences: [{ member: 'patroni3', sinceMs: NOW_MS - 60_000, remediationId: 'f', shadow: false }],
});
const lostSlot = { name: 'patroni3', active: false, retainedBytes: null, walStatus: 'lost' };
const before = (lastLeader: string, formerLeader: string | null, agoMs = 5_000) => ({
  memory: { ...CLEAN_MEMORY, lastLeader, formerLeader, lastLeaderChangeMs: NOW_MS - agoMs },
});
const justElected = before('patroni1', 'patroni2');
const formerLeader = {
  memory: { ...CLEAN_MEMORY, lastPrimary: { patroni3: { timeline: 6, lsn: '5/0', atMs: NOW_MS - 60_000 } } },
};
/** patroni1 leads a standby cluster: it follows a primary elsewhere, and the others follow it. */
const standbyLeader = all(
  api('patroni1', {
    role: 'standby-leader',
    replicationState: 'streaming',
    xlog: {
      location: null,
      receivedLocation: at(0),
      replayedLocation: at(0),
      replayedAtMs: NOW_MS,
      replayPaused: false,
    },
  }),
  sql('patroni1', { inRecovery: true, currentLsn: null, receiveLsn: at(0), replayLsn: at(0) }),
);
const standby = all(config({ standbyCluster: true }), standbyLeader);
const noConfig: Change = (view) => ({ ...view, config: unknown('timeout', 'no answer in time', NOW_MS, 'config') });
const behind50 = all(
  ...['patroni2', 'patroni3'].map((name) =>
    all(
      sql(name, { receiveLsn: at(50 * MB) }),
      api(name, {
        xlog: {
          location: null,
          receivedLocation: at(50 * MB),
          replayedLocation: at(50 * MB),
          replayedAtMs: NOW_MS,
          replayPaused: false,
        },
      }),
    ),
  ),
);
/** The leader has written 50 MB since its last loop, and the replicas have not been asked since. */
const newWrites = all(behind50, keys({ optimeLsn: at(60 * MB) }));
const proxyLate = proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' });
const weSent = (action: 'expedite-failover' | 'failover', target: string, part: Partial<Remediation> = {}) =>
  ledgerOf({ remediations: [remediationOf(action, target, { sentAtMs: NOW_MS - 7_000, ...part }, 'leader-down')] });
const changes = (...agesMs: readonly number[]) =>
  ledgerOf({ leaderChanges: agesMs.map((ageMs) => ({ atMs: NOW_MS - ageMs, from: 'patroni1', to: 'patroni2' })) });

/** Free room of patroni3's only volume in each five minutes of the last half hour. */
const roomOf = (freeBytes: (agoMin: number) => number) => {
  const slots = [25, 20, 15, 10, 5, 0].map((agoMin) => {
    const slot = Math.floor((NOW_MS - agoMin * 60_000) / 300_000);
    return [String(slot), [freeBytes(agoMin) / MB]] as const;
  });
  return { memory: { ...CLEAN_MEMORY, room: { patroni3: Object.fromEntries(slots) } } };
};

const checking =
  (part: Partial<Checking>): Change =>
  (view) => ({ ...view, checking: { schedule: '0 3 * * * UTC', dueMs: null, isOurs: true, sinceMs: 0, ...part } });
const trouble = (times: number) => ({ sinceMs: NOW_MS - DAY_MS, times, why: ['pg_amcheck cannot be run here'] });
const checked = (row: Partial<CheckRow>) => ({
  ledger: ledgerOf({
    checks: {
      schedule: '0 3 * * * UTC',
      sinceMs: 0,
      roundMs: NOW_MS,
      rows: [{ member: 'patroni2', startedMs: NOW_MS, check: null, ...row }],
    },
  }),
});

const SITUATIONS: Record<ProblemCode, Row> = {
  ...LEADER_SITUATIONS,
  ...HUNG_SITUATIONS,
  ...STANDING_SITUATIONS,
  ...CHANNEL_SITUATIONS,
  ...PLACES_SITUATIONS,
  ...PLATFORM_SITUATIONS,
  ...HEARTBEAT_SITUATIONS,
  ...CERTIFICATE_SITUATIONS,
  ...POOLER_SITUATIONS,
  'observer-impaired': {
    subject: SCOPE,
    seen: [
      { name: 'no member and no etcd answer us', view: [allSilent('api'), noEtcd] },
      { name: 'our wall clock jumped an hour', view: [observer({ clockJumpMs: 3_600_000 })] },
      { name: 'our wall clock jumped back', view: [observer({ clockJumpMs: -60_000 })] },
      { name: 'nothing beyond our own site answers and etcd has no quorum', view: cutOffIn('ams') },
    ],
    friends: [
      { name: 'the same where nobody says on which site we stand', view: cutOffIn('nowhere') },
      {
        name: 'an etcd endpoint of our own site is silent too: etcd is down',
        view: [...cutOffIn('ams'), endpoint('etcd1', 'refused')],
      },
      { name: 'one member is silent', view: [silent('patroni2', 'api')] },
      { name: 'all APIs are silent but etcd answers', view: [allSilent('api')] },
      { name: 'etcd is silent but all members answer', view: [noEtcd] },
      {
        name: 'everything is down and the host driver proves it',
        view: [...everyone.map((name) => stopped(name)), noEtcd],
      },
      { name: 'the clock was corrected by a second', view: [observer({ clockJumpMs: 1_000 })] },
    ],
  },
  'procedure-held': {
    subject: SCOPE,
    seen: [{ name: 'a stage failed', view: [], with: { ledger: ledgerOf({ procedures: [run('held')] }) } }],
    friends: [
      { name: 'it is under way', view: [], with: { ledger: ledgerOf({ procedures: [run('running')] }) } },
      { name: 'a person paused it', view: [], with: { ledger: ledgerOf({ procedures: [run('paused')] }) } },
      { name: 'it is over', view: [], with: { ledger: ledgerOf({ procedures: [run('aborted')] }) } },
    ],
  },
  'scope-mismatch': {
    subject: 'patroni2',
    seen: [{ name: 'another cluster answers at the address', view: [silent('patroni2', 'api', 'wrong-scope')] }],
    friends: [
      { name: 'nobody answers at the address', view: [silent('patroni2', 'api', 'refused')] },
      { name: 'the answer is not JSON', view: [silent('patroni2', 'api', 'bad-reply')] },
    ],
  },
  'member-unknown': {
    subject: 'patroni3',
    seen: [{ name: 'it answers and etcd has no member key of that name', view: [withoutKey('patroni3')] }],
    friends: [
      { name: 'its key is gone because it is down', view: [stopped('patroni3'), withoutKey('patroni3')] },
      { name: 'etcd did not answer', view: [noEtcd] },
    ],
  },
  'cluster-paused': {
    subject: SCOPE,
    seen: [
      { name: '/config says so', view: [config({ paused: true })] },
      { name: 'one member says so before /config was read again', view: [api('patroni2', { paused: true })] },
    ],
    friends: [
      {
        name: 'a switchover is scheduled',
        view: [keys({ failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: '2026-01-15T03:00:00Z' } })],
      },
    ],
  },
  'standby-cluster': {
    subject: SCOPE,
    seen: [
      {
        name: 'the configuration names a primary elsewhere and the leader is in recovery',
        view: [configKey({ standbyCluster: true }), config({ standbyCluster: true }), standbyLeader],
      },
      { name: 'nobody leads it', view: [config({ standbyCluster: true }), leaderKey(null)] },
      {
        name: 'no configuration can be read and the holder of the key says standby leader',
        view: [noConfig, standbyLeader],
      },
    ],
    friends: [
      { name: 'a leader that is in recovery where no primary elsewhere is named', view: [standbyLeader] },
      { name: 'a cluster of its own', view: [] },
    ],
  },
  'split-brain-confirmed': {
    subject: 'patroni3',
    seen: [
      { name: 'two members accept writes by API and SQL, one without the key', view: [isPrimary('patroni3')] },
      {
        name: 'the API of the one without the key is silent and its SQL accepts writes',
        view: [isPrimary('patroni3', ['sql']), silent('patroni3', 'api')],
      },
    ],
    friends: [
      {
        name: "SQL says primary and the member's own API says replica: the address may be another member's",
        view: [isPrimary('patroni3', ['sql'])],
      },
      { name: 'only its API says primary', view: [isPrimary('patroni3', ['api'])] },
      {
        name: 'the other primary is of another system',
        view: [
          isPrimary('patroni3'),
          sql('patroni3', { systemIdentifier: '99' }),
          api('patroni3', { systemIdentifier: '99' }),
        ],
      },
      {
        name: 'a switchover is under way',
        view: [
          isPrimary('patroni3'),
          keys({ failover: { leader: 'patroni1', member: 'patroni3', scheduledAt: null } }),
        ],
      },
      { name: 'etcd did not answer: nobody can be called the rogue', view: [isPrimary('patroni3'), noEtcd] },
      {
        name: 'a standby cluster, where nobody is rightful',
        view: [standby, isPrimary('patroni2'), isPrimary('patroni3')],
      },
    ],
  },
  'split-brain-suspected': {
    subject: SCOPE,
    seen: [
      { name: 'two members accept writes', view: [isPrimary('patroni3')] },
      { name: 'SQL alone says that a replica accepts writes', view: [isPrimary('patroni3', ['sql'])] },
      { name: 'two primaries and etcd is silent', view: [isPrimary('patroni3'), noEtcd] },
      { name: 'a member of a standby cluster accepts writes', view: [standby, isPrimary('patroni3')] },
    ],
    friends: [
      { name: 'one primary, with the key', view: [] },
      { name: 'a primary that is becoming the leader of a standby cluster', view: [config({ standbyCluster: true })] },
      {
        name: 'the role is remembered of a PostgreSQL that does not run',
        view: [api('patroni3', { role: 'primary', state: 'start-failed', xlog: null }), silent('patroni3', 'sql')],
      },
      {
        name: 'the key is gone a moment after a change of leader',
        view: [leaderKey(null)],
        with: { memory: { ...CLEAN_MEMORY, lastLeaderChangeMs: NOW_MS - 2_000 } },
      },
      {
        name: 'a switchover is under way',
        view: [
          isPrimary('patroni2'),
          keys({ failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: null } }),
        ],
      },
      { name: 'one primary and etcd is silent', view: [noEtcd] },
    ],
  },
  'leader-down': {
    subject: 'patroni1',
    seen: [{ name: 'API and SQL are silent, the key is held', view: [leaderDied] }],
    friends: [
      { name: 'its API alone is silent', view: [silent('patroni1', 'api')] },
      { name: 'its SQL alone is silent', view: [silent('patroni1', 'sql')] },
      { name: 'a replica is silent', view: [stopped('patroni2')] },
      { name: 'the leader of a standby cluster died', view: [standby, leaderDied] },
      {
        name: 'its API answers nonsense and SQL is silent',
        view: [silent('patroni1', 'api', 'bad-reply'), silent('patroni1', 'sql')],
      },
      { name: 'etcd did not answer: nobody is known to lead', view: [leaderDied, noEtcd] },
    ],
  },
  'leader-frozen': {
    subject: 'patroni1',
    seen: [{ name: 'its API is silent and SQL answers as primary', view: [silent('patroni1', 'api')] }],
    friends: [
      { name: 'both are silent', view: [leaderDied] },
      {
        name: 'SQL answers in recovery: it has demoted itself',
        view: [silent('patroni1', 'api'), sql('patroni1', { inRecovery: true })],
      },
      { name: 'a replica has a silent API', view: [silent('patroni2', 'api')] },
      { name: 'its API answers nonsense: something runs there', view: [silent('patroni1', 'api', 'bad-reply')] },
    ],
  },
  'cluster-down': {
    subject: SCOPE,
    seen: [
      { name: 'every container is stopped', view: everyone.map((name) => stopped(name)) },
      {
        name: 'everything is silent and etcd says that nobody leads',
        view: [allSilent('api'), allSilent('sql'), leaderKey(null)],
      },
    ],
    friends: [
      { name: 'everything is silent, etcd too: we may be blind', view: [allSilent('api'), allSilent('sql'), noEtcd] },
      { name: 'all APIs are silent but SQL answers', view: [allSilent('api')] },
      { name: 'one member is left', view: [stopped('patroni1'), stopped('patroni2')] },
    ],
  },
  leaderless: {
    subject: SCOPE,
    seen: [{ name: 'the key is absent and nobody is primary', view: [nobodyLeads] }],
    friends: [
      { name: 'the key is absent because etcd cannot be read', view: [noEtcd] },
      { name: 'somebody is primary without the key', view: [leaderKey(null)] },
      { name: 'the holder is dead but the key still stands', view: [leaderDied] },
      { name: 'nobody leads a standby cluster', view: [standby, nobodyLeads] },
    ],
  },
  'no-failover-candidate': {
    subject: SCOPE,
    seen: [
      {
        name: 'nobody leads and the only replica left may not',
        view: [
          nobodyLeads,
          stopped('patroni3'),
          api('patroni2', {
            tags: { noloadbalance: false, nofailover: true, nosync: false, clonefrom: false, raw: {} },
          }),
        ],
      },
    ],
    friends: [
      { name: 'nobody leads and a replica runs', view: [nobodyLeads] },
      { name: 'a leader leads and one of two replicas may succeed it', view: [stopped('patroni2')] },
      { name: 'a leader leads and its replicas are level with what it last wrote into status', view: [newWrites] },
      {
        name: 'the leader does not confirm that it leads',
        view: [leaderDied, stopped('patroni2'), stopped('patroni3')],
      },
      { name: 'a standby cluster', view: [standby, stopped('patroni2'), stopped('patroni3')] },
      { name: 'a leader that is the only member', view: [(view) => ({ ...view, members: view.members.slice(0, 1) })] },
    ],
  },
  'failover-flapping': {
    subject: SCOPE,
    seen: [{ name: 'three changes within the hour', with: { ledger: changes(60_000, 600_000, 1_200_000) } }],
    friends: [
      { name: 'two changes within the hour', with: { ledger: changes(60_000, 600_000) } },
      { name: 'three changes over two hours', with: { ledger: changes(60_000, 600_000, 7_000_000) } },
    ],
  },
  'dcs-quorum-lost': {
    subject: SCOPE,
    seen: [
      {
        name: 'two of three do not serve and no linearizable read succeeds',
        view: [noEtcd, endpoint('etcd2', 'refused'), endpoint('etcd3', 'timeout')],
      },
    ],
    friends: [
      { name: 'one of three does not serve', view: [endpoint('etcd2', 'refused')] },
      {
        name: 'two are out of our reach but the cluster answers through the third',
        view: [endpoint('etcd2', 'timeout'), endpoint('etcd3', 'timeout')],
      },
      { name: 'one read failed while every endpoint serves', view: [noEtcd] },
    ],
  },
  'dcs-member-down': {
    subject: 'etcd2',
    seen: [{ name: 'it refuses the connection', view: [endpoint('etcd2', 'refused')] }],
    friends: [{ name: 'it was not asked in this pass', view: [endpoint('etcd2', 'not-read-yet')] }],
  },
  'dcs-alarm': {
    subject: SCOPE,
    seen: [
      {
        name: 'each member raises it for itself',
        view: [
          (view) => ({
            ...view,
            dcs: {
              ...view.dcs,
              alarms: fresh(
                ['e1', 'e2', 'e3'].map((memberId) => ({ memberId, alarm: 'NOSPACE' })),
                NOW_MS,
                'alarms',
              ),
            },
          }),
        ],
      },
      {
        name: 'etcd is out of space',
        view: [
          (view) => ({
            ...view,
            dcs: { ...view.dcs, alarms: fresh([{ memberId: 'e1', alarm: 'NOSPACE' }], NOW_MS, 'alarms') },
          }),
        ],
      },
    ],
    friends: [
      {
        name: 'the alarm list could not be read',
        view: [
          (view) => ({ ...view, dcs: { ...view.dcs, alarms: unknown('timeout', 'no answer', NOW_MS, 'alarms') } }),
        ],
      },
    ],
  },
  'data-corruption': {
    subject: 'patroni2',
    seen: [
      { name: 'a checksum failure was counted', view: [sql('patroni2', { checksumFailures: 1 })] },
      {
        name: 'its log said that a page cannot be read',
        with: { memory: { ...CLEAN_MEMORY, damage: { patroni2: unreadable } } },
      },
    ],
    friends: [
      { name: 'checksums are off', view: [sql('patroni2', { checksumFailures: null })] },
      { name: 'SQL does not answer', view: [silent('patroni2', 'sql')] },
      {
        name: 'what its log said was of before it was copied anew',
        with: { memory: { ...CLEAN_MEMORY, damage: { patroni2: { ...unreadable, marks: [], settledMs: NOW_MS } } } },
      },
    ],
  },
  'aside-overdue': {
    subject: 'patroni2',
    seen: [
      { name: 'it lies there for 8 days', view: [aside('patroni2', DAY_MS * 8, 100 * MB)] },
      {
        name: 'it takes 60 % of its volume',
        view: [aside('patroni2', DAY_MS, 600 * MB), volumes('patroni2', 100 * MB)],
      },
    ],
    friends: [
      { name: 'it is a day old and small', view: [aside('patroni2', DAY_MS, 100 * MB)] },
      { name: 'its name does not say since when', view: [aside('patroni2', null, 100 * MB)] },
    ],
  },
  'data-unchecked': {
    subject: 'patroni2',
    seen: [
      {
        name: 'the last check by the schedule could not be run',
        view: [checking({})],
        with: checked({ failing: trouble(1) }),
      },
      { name: 'it could not be begun at three times', view: [checking({})], with: checked({ refused: trouble(3) }) },
      { name: 'it was cut short three times on end', view: [checking({})], with: checked({ lost: trouble(3) }) },
    ],
    friends: [
      { name: 'the last check left nothing out', view: [checking({})], with: checked({}) },
      { name: 'it could not be begun at two times', view: [checking({})], with: checked({ refused: trouble(2) }) },
      { name: 'it was cut short two times on end', view: [checking({})], with: checked({ lost: trouble(2) }) },
      { name: 'there is no schedule any more', view: [], with: checked({ failing: trouble(9) }) },
      { name: 'it leads by now', view: [checking({}), leaderKey('patroni2')], with: checked({ failing: trouble(9) }) },
      {
        name: 'another instance checks, and knows more',
        view: [checking({ isOurs: false })],
        with: checked({ failing: trouble(9) }),
      },
    ],
  },
  'replica-lag-emergency': {
    subject: 'patroni3',
    seen: [{ name: '200 MB by every channel', view: [lags('patroni3', 200 * MB)] }],
    friends: [
      {
        name: 'a new copy shows 64 MB in /cluster and is level by its own word',
        view: [peerRow('patroni3', { lagBytes: 640 * MB })],
      },
      { name: '50 MB', view: [lags('patroni3', 50 * MB)] },
      {
        name: 'etcd did not answer: /cluster may repeat what it saw last, and nobody is proven to measure against',
        view: [lags('patroni3', 200 * MB), noEtcd],
      },
      {
        name: 'it is on another timeline: positions do not compare',
        view: [
          lags('patroni3', 200 * MB, ['sql', 'api']),
          sql('patroni3', { timeline: 6 }),
          api('patroni3', { timeline: 6 }),
        ],
      },
      {
        name: 'its copy is being made',
        view: [lags('patroni3', 200 * MB), api('patroni3', { state: 'creating-replica', role: 'uninitialized' })],
      },
    ],
  },
  'replica-lag-critical': {
    subject: 'patroni3',
    seen: [{ name: '50 MB by every channel', view: [lags('patroni3', 50 * MB)] }],
    friends: [
      {
        name: 'a new copy shows 64 MB in /cluster and is level by its own word',
        view: [peerRow('patroni3', { lagBytes: 64 * MB })],
      },
      { name: '5 MB', view: [lags('patroni3', 5 * MB)] },
    ],
  },
  'replica-lagging': {
    subject: 'patroni3',
    seen: [
      { name: '5 MB by every channel', view: [lags('patroni3', 5 * MB)] },
      { name: 'SQL alone sees that replay stands still', view: [lags('patroni3', 5 * MB, ['sql'])] },
    ],
    friends: [
      {
        name: 'a new copy shows 16 MB in /cluster and is level by its own word',
        view: [peerRow('patroni3', { lagBytes: 16 * MB })],
      },
      { name: 'half a megabyte', view: [lags('patroni3', MB / 2)] },
      {
        name: 'a position of zero, which is no position',
        view: [
          member('patroni3', () => ({ sql: unknown('timeout', 'no answer', NOW_MS, 'sql') })),
          lags('patroni3', Number(0x5_0000_0000n), ['api']),
        ],
      },
    ],
  },
  'replay-blocked': {
    subject: 'patroni2',
    seen: [
      { name: 'PostgreSQL says that recovery waits for a backend', view: [sql('patroni2', { blockers: [blocker] })] },
    ],
    friends: [
      {
        name: 'a long query that recovery does not wait for',
        view: [sql('patroni2', { blockers: [{ ...blocker, confirmed: false }] })],
      },
      { name: 'the same on the leader, which replays nothing', view: [sql('patroni1', { blockers: [blocker] })] },
    ],
  },
  'replica-start-failed': {
    subject: 'patroni2',
    seen: [
      { name: 'it says start failed and SQL refuses', view: [startFailed('patroni2')] },
      {
        name: 'it says starting between two failures',
        view: [startFailed('patroni2'), api('patroni2', { state: 'starting', stateText: 'starting' })],
        with: { memory: { ...CLEAN_MEMORY, lastFailingMs: { patroni2: NOW_MS - 8_000 } } },
      },
    ],
    friends: [
      {
        name: 'it starts for the first time',
        view: [api('patroni2', { state: 'starting', xlog: null }), silent('patroni2', 'sql', 'closed')],
      },
      {
        name: 'it starts a minute after it last failed',
        view: [api('patroni2', { state: 'starting', xlog: null }), silent('patroni2', 'sql', 'closed')],
        with: { memory: { ...CLEAN_MEMORY, lastFailingMs: { patroni2: NOW_MS - 60_000 } } },
      },
      { name: 'its API is silent', view: [silent('patroni2', 'api')] },
      { name: 'an operator restarts it', view: [api('patroni2', { state: 'restarting', xlog: null })] },
      {
        name: 'the leader itself does not start: that is not a replica',
        view: [api('patroni1', { state: 'start-failed', xlog: null }), silent('patroni1', 'sql')],
      },
    ],
  },
  'replica-crash-loop': {
    subject: 'patroni2',
    seen: [
      {
        name: 'five failed starts in ten minutes',
        with: {
          memory: { ...CLEAN_MEMORY, startFailures: { patroni2: [1, 2, 3, 4, 5].map((n) => NOW_MS - n * 60_000) } },
        },
      },
    ],
    friends: [
      {
        name: 'four',
        with: {
          memory: { ...CLEAN_MEMORY, startFailures: { patroni2: [1, 2, 3, 4].map((n) => NOW_MS - n * 60_000) } },
        },
      },
    ],
  },
  'creating-replica-stuck': {
    subject: 'patroni2',
    seen: [
      {
        name: 'a copy has been under way',
        view: [api('patroni2', { state: 'creating-replica', role: 'uninitialized' })],
        with: { memory: { ...CLEAN_MEMORY, creatingSinceMs: { patroni2: NOW_MS - 3_600_000 } } },
      },
      {
        name: 'it has sent nothing for a minute',
        view: [api('patroni2', { state: 'creating-replica', role: 'uninitialized' })],
        with: { memory: { ...CLEAN_MEMORY, ...copying({ patroni2: NOW_MS - 60_000 }) } },
      },
      {
        name: 'one of two goes on, and nobody knows whose it is',
        view: [api('patroni2', { state: 'creating-replica', role: 'uninitialized' })],
        with: { memory: { ...CLEAN_MEMORY, ...copying({ patroni2: NOW_MS - 60_000, patroni3: NOW_MS }) } },
      },
    ],
    friends: [
      { name: 'no copy is being made', view: [] },
      {
        name: 'it has been under way for an hour, and goes on',
        view: [api('patroni2', { state: 'creating-replica', role: 'uninitialized' })],
        with: { memory: { ...CLEAN_MEMORY, ...copying({ patroni2: NOW_MS - 59_000 }) } },
      },
      {
        name: 'it goes on, and one that was taken out of the configuration had begun a copy long ago',
        view: [api('patroni2', { state: 'creating-replica', role: 'uninitialized' })],
        with: {
          memory: {
            ...CLEAN_MEMORY,
            ...copying({ patroni2: NOW_MS }),
            creatingSinceMs: { patroni2: NOW_MS - 3_600_000, patroni4: 1 },
          },
        },
      },
    ],
  },
  'member-down': {
    subject: 'patroni2',
    seen: [
      { name: 'its container is stopped', view: [stopped('patroni2')] },
      {
        name: 'API and SQL are silent, nobody streams to it and its key is gone',
        view: [
          notStreaming('patroni2'),
          withoutKey('patroni2'),
          silent('patroni2', 'api'),
          silent('patroni2', 'sql'),
          silent('patroni2', 'host', 'not-configured'),
        ],
      },
    ],
    friends: [
      { name: 'its API alone is silent', view: [silent('patroni2', 'api')] },
      { name: 'its SQL alone is silent', view: [silent('patroni2', 'sql')] },
      {
        name: 'SQL denies our password: something answers',
        view: [silent('patroni2', 'api'), silent('patroni2', 'sql', 'denied')],
      },
      { name: 'it holds the leader key: that is leader-down', view: [stopped('patroni1')] },
    ],
  },
  'patroni-down': {
    subject: 'patroni2',
    seen: [
      {
        name: 'its API is silent, SQL answers and its key is gone',
        view: [silent('patroni2', 'api', 'refused'), withoutKey('patroni2')],
      },
    ],
    friends: [
      { name: 'both are silent', view: [stopped('patroni2')] },
      { name: 'the leader has a silent API: that is leader-frozen', view: [silent('patroni1', 'api')] },
    ],
  },
  'member-unreachable': {
    subject: 'patroni2',
    seen: [
      {
        name: '[S4] API and SQL are silent to us, and the leader streams to it',
        view: [silent('patroni2', 'api'), silent('patroni2', 'sql'), withoutKey('patroni2')],
      },
      {
        name: '[S4] API and SQL are silent to us, and its key is in etcd',
        view: [notStreaming('patroni2'), silent('patroni2', 'api'), silent('patroni2', 'sql')],
      },
      { name: '[S4] its API alone is silent, and its key is in etcd', view: [silent('patroni2', 'api', 'refused')] },
    ],
    friends: [
      { name: 'its container is stopped, and its key has not run out yet', view: [stopped('patroni2')] },
      { name: 'its API is silent and its key is gone', view: [silent('patroni2', 'api'), withoutKey('patroni2')] },
      { name: 'SQL alone is silent', view: [silent('patroni2', 'sql')] },
      { name: 'the leader is silent', view: [silent('patroni1', 'api'), silent('patroni1', 'sql')] },
    ],
  },
  'rewind-failed': {
    subject: 'patroni3',
    seen: [
      {
        name: 'a former leader neither leads nor moves to the new timeline',
        view: [
          notStreaming('patroni3'),
          api('patroni3', { state: 'stopped', stateText: 'stopped', role: 'demoted', timeline: null, xlog: null }),
        ],
        with: formerLeader,
      },
      {
        name: "a former leader runs as a replica, on the leader's timeline by its own word, and does not stream",
        view: [notStreaming('patroni3')],
        with: formerLeader,
      },
    ],
    friends: [
      { name: 'a replica that was never primary does not stream', view: [notStreaming('patroni3')] },
      {
        name: 'its new copy is being made',
        view: [api('patroni3', { state: 'creating-replica', role: 'uninitialized' })],
        with: formerLeader,
      },
      {
        name: 'a former leader that is silent',
        view: [stopped('patroni3')],
        with: formerLeader,
      },
      { name: 'a second primary: that is a split brain', view: [isPrimary('patroni3')], with: formerLeader },
      { name: 'nobody leads yet', view: [nobodyLeads], with: formerLeader },
    ],
  },
  'timeline-diverged': {
    subject: 'patroni3',
    seen: [
      {
        name: 'it stands past the point where the leader left its timeline',
        view: [sql('patroni3', { timeline: 6, replayLsn: at(50 * MB) }), api('patroni3', { timeline: 6 })],
      },
    ],
    friends: [
      {
        name: 'it stands before that point: it only has to follow',
        view: [sql('patroni3', { timeline: 6, replayLsn: at(150 * MB) }), api('patroni3', { timeline: 6 })],
      },
      {
        name: 'the history does not have its timeline: unknown is not diverged',
        view: [sql('patroni3', { timeline: 3 }), api('patroni3', { timeline: 3 })],
      },
      {
        name: 'the history could not be read',
        view: [
          sql('patroni3', { timeline: 6, replayLsn: at(50 * MB) }),
          (view) => ({ ...view, history: unknown('timeout', 'no answer', NOW_MS, 'history') }),
        ],
      },
    ],
  },
  'wal-missing': {
    subject: 'patroni3',
    seen: [
      {
        name: 'it does not stream and its slot on the leader has lost its WAL',
        view: [notStreaming('patroni3'), sql('patroni1', { slots: [lostSlot] })],
      },
    ],
    friends: [
      {
        name: 'it does not stream but the slot is kept',
        view: [notStreaming('patroni3'), sql('patroni1', { slots: [{ ...lostSlot, walStatus: 'reserved' }] })],
      },
      { name: 'a lost slot of a replica that streams', view: [sql('patroni1', { slots: [lostSlot] })] },
    ],
  },
  'all-replicas-affected': {
    subject: SCOPE,
    seen: [
      { name: '[P17] no replica receives WAL', view: [notStreaming('patroni2'), notStreaming('patroni3')] },
      { name: '[P17] all replicas are far behind', view: [lags('patroni2', 50 * MB), lags('patroni3', 20 * MB)] },
      { name: '[P17] all replicas are stopped', view: [stopped('patroni2'), stopped('patroni3')] },
    ],
    friends: [
      { name: 'one replica of two receives none', view: [notStreaming('patroni3')] },
      { name: 'two replicas have two troubles', view: [notStreaming('patroni2'), startFailed('patroni3')] },
      { name: 'nobody leads', view: [nobodyLeads] },
      { name: 'the leader is dead', view: [leaderDied] },
    ],
  },
  'replica-not-streaming': {
    subject: 'patroni3',
    seen: [{ name: 'it runs and nobody sees it stream', view: [notStreaming('patroni3')] }],
    friends: [
      {
        name: 'Patroni 3.0.2 says nothing about streaming: that is not a no',
        view: [api('patroni3', { version: '3.0.2', replicationState: null })],
      },
      { name: 'it restarts', view: [notStreaming('patroni3'), api('patroni3', { state: 'restarting' })] },
      { name: 'the leader itself is not proven', view: [notStreaming('patroni3'), noEtcd] },
    ],
  },
  'proxy-names': {
    subject: 'postgres_replicas',
    seen: [{ name: '[S5] servers are called by address, as in the template of Patroni', view: [byAddress] }],
    friends: [
      { name: 'they are called like the members', view: [] },
      { name: 'nobody knows where the members are', view: [noEtcd] },
      { name: 'the proxy is silent', view: [noProxy] },
    ],
  },
  'sessions-stay': {
    subject: 'patroni2',
    seen: [
      {
        name: '[S13] a replica whose server is down keeps clients',
        view: [proxyServer('postgres_primary', 'patroni2', { sessions: 3 })],
      },
      {
        name: '[S13] a member that does not run keeps clients',
        view: [stopped('patroni2'), proxyServer('postgres_primary', 'patroni2', { sessions: 3 })],
      },
    ],
    friends: [
      { name: 'nobody is on it', view: [] },
      {
        name: 'a person has closed it, and lets its clients end',
        view: [
          proxyServer('postgres_primary', 'patroni2', {
            sessions: 3,
            status: 'MAINT',
            admin: { drain: false, maint: true, resolution: false },
          }),
        ],
      },
      {
        name: 'it is down and leads: the proxy has not found it yet',
        view: [proxyServer('postgres_primary', 'patroni1', { sessions: 3, up: false, status: 'DOWN' })],
      },
      {
        name: 'nobody is proven to lead',
        view: [noEtcd, proxyServer('postgres_primary', 'patroni2', { sessions: 3 })],
      },
      { name: 'readers are on a replica', view: [proxyServer('postgres_replicas', 'patroni2', { sessions: 30 })] },
    ],
  },
  'disk-full': {
    subject: 'patroni3',
    seen: [
      { name: '[W1] PostgreSQL says so in its log', view: [startFailed('patroni3'), logSays('patroni3', NO_ROOM)] },
      { name: '[W1] its data volume has no byte free', view: [volumes('patroni3', 0)] },
      { name: '[W1] it was so when the volumes were last read', view: [volumes('patroni3', 0, 60_000)] },
    ],
    friends: [
      { name: 'half of it is free', view: [volumes('patroni3', 500 * MB)] },
      { name: 'it does not start, and its log says why', view: [damaged('patroni3')] },
      { name: 'nobody can tell', view: [startFailed('patroni3')] },
    ],
  },
  'disk-filling': {
    subject: 'patroni3',
    seen: [
      { name: 'less than a tenth is free', view: [volumes('patroni3', 90 * MB)] },
      {
        name: 'half of it is free, and it is full in 10 minutes',
        view: [volumes('patroni3', 500 * MB)],
        with: roomOf((agoMin) => 500 * MB + agoMin * 50 * MB),
      },
    ],
    friends: [
      { name: 'a fifth is free', view: [volumes('patroni3', 200 * MB)] },
      {
        name: 'half of it is free, and it lasts for 8 hours',
        view: [volumes('patroni3', 500 * MB)],
        with: roomOf((agoMin) => 500 * MB + agoMin * MB),
      },
      { name: 'it is full', view: [volumes('patroni3', 0)] },
    ],
  },
  'copy-fails': {
    subject: 'patroni3',
    seen: [
      {
        name: '[W1] its log says that pg_basebackup failed while it creates its copy',
        view: [api('patroni3', CREATING), logSays('patroni3', BACKUP_FAILED)],
      },
      {
        name: '[W1] it flips to stopped between two tries',
        view: [startFailed('patroni3'), logSays('patroni3', BACKUP_FAILED)],
      },
    ],
    friends: [
      { name: 'its copy is being made', view: [api('patroni3', CREATING), logSays('patroni3')] },
      { name: 'a try failed, and the next one did not: it runs', view: [logSays('patroni3', BACKUP_FAILED)] },
      { name: 'nobody can tell', view: [api('patroni3', CREATING)] },
    ],
  },
  'replica-cut-off': {
    subject: 'patroni3',
    seen: [
      {
        name: '[P1] its log says that it cannot connect',
        view: [notStreaming('patroni3'), logSays('patroni3', NO_WAY)],
      },
      {
        name: '[P1] its log says that it is not let in',
        view: [
          notStreaming('patroni3'),
          logSays('patroni3', `${NO_WAY} FATAL:  no pg_hba.conf entry for replication connection from host "p3"`),
        ],
      },
      {
        name: '[P1] its log says that no sender is free',
        view: [
          notStreaming('patroni3'),
          logSays('patroni3', `${NO_WAY} FATAL:  number of requested standby connections exceeds max_wal_senders`),
        ],
      },
    ],
    friends: [
      { name: 'it does not stream and its log says nothing', view: [notStreaming('patroni3'), logSays('patroni3')] },
      { name: 'it does not stream and its log cannot be read', view: [notStreaming('patroni3')] },
      { name: 'it could not connect a moment ago and streams', view: [logSays('patroni3', NO_WAY)] },
      {
        name: 'it could not connect, and when it could its WAL was gone',
        view: [
          notStreaming('patroni3'),
          logSays(
            'patroni3',
            NO_WAY,
            'FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 000000010000000000000003 has already been removed',
          ),
        ],
      },
    ],
  },
  'replica-recovered': {
    subject: 'patroni3',
    seen: [{ name: 'we drained it and it is level', with: { ledger: drainedByUs('patroni3') } }],
    friends: [
      { name: 'an operator drained it and it is level', view: [proxyDrain('patroni3')] },
      {
        name: 'we drained it and it still lags',
        view: [lags('patroni3', 5 * MB)],
        with: { ledger: drainedByUs('patroni3') },
      },
      {
        name: 'we drained it and its lag is unknown',
        view: [silent('patroni3', 'sql'), silent('patroni3', 'api', 'bad-reply')],
        with: { ledger: drainedByUs('patroni3') },
      },
      {
        name: 'we drained it and only /cluster calls it level',
        view: [sql('patroni3', { timeline: 6 }), api('patroni3', { timeline: 6 })],
        with: { ledger: drainedByUs('patroni3') },
      },
    ],
  },
  'too-few-replicas': {
    subject: SCOPE,
    seen: [
      { name: 'one of two does not stream', view: [notStreaming('patroni3')] },
      {
        name: 'one is missing, and one that was removed streams with a silent API',
        view: [notStreaming('patroni2'), silent('patroni3', 'api')],
        with: {
          ledger: ledgerOf({
            evacuations: [
              { member: 'patroni3', by: 'alice', reason: 'sold', sinceMs: NOW_MS, run: 'r-1', removed: true },
            ],
          }),
        },
      },
    ],
    friends: [
      { name: 'both run and stream', view: [] },
      { name: 'one lags by a warning: it still serves', view: [lags('patroni3', 5 * MB)] },
    ],
  },
  'member-fenced': {
    subject: 'patroni3',
    seen: [
      { name: 'we stopped it and another leads', view: [stopped('patroni3')], with: { ledger: fencedByUs } },
      {
        name: 'we stopped it, it led last, and nobody leads since',
        view: [stopped('patroni3'), nobodyLeads],
        with: { ledger: fencedByUs, memory: { ...CLEAN_MEMORY, lastLeader: 'patroni3' } },
      },
    ],
    friends: [
      { name: 'an operator stopped it', view: [stopped('patroni3')] },
      {
        name: 'we stopped it, another led after it, and nobody leads now',
        view: [stopped('patroni3'), nobodyLeads],
        with: { ledger: fencedByUs, memory: { ...CLEAN_MEMORY, lastLeader: 'patroni2', formerLeader: 'patroni3' } },
      },
    ],
  },
  'member-rejoined': {
    subject: 'patroni3',
    seen: [{ name: 'we fenced it and it streams again', with: { ledger: fencedByUs } }],
    friends: [
      { name: 'it streams and we never fenced it', view: [] },
      {
        name: 'we fenced it and it runs without streaming',
        view: [notStreaming('patroni3')],
        with: { ledger: fencedByUs },
      },
    ],
  },
  'proxy-behind': {
    subject: 'patroni1',
    seen: [
      { name: 'elected in place of a dead member', view: [proxyLate, stopped('patroni2')], with: justElected },
      {
        name: 'elected in place of one that is silent and that nobody streams to, host unknown',
        view: [proxyLate, stopped('patroni2'), silent('patroni2', 'host')],
        with: justElected,
      },
      {
        name: 'elected after we deleted the key of a member that is back by now',
        view: [proxyLate],
        with: { ...justElected, ledger: weSent('expedite-failover', 'patroni2') },
      },
      {
        name: 'elected because we asked for it',
        view: [proxyLate],
        with: { ...justElected, ledger: weSent('failover', 'patroni1') },
      },
    ],
    friends: [
      { name: "a person's switchover: the former leader lives as a replica", view: [proxyLate], with: justElected },
      {
        name: 'the former leader restarts as a replica: its API answers',
        view: [proxyLate, notStreaming('patroni2'), silent('patroni2', 'sql', 'refused')],
        with: justElected,
      },
      {
        name: 'only we cannot reach the former leader: it streams',
        view: [proxyLate, silent('patroni2', 'api'), silent('patroni2', 'sql')],
        with: justElected,
      },
      {
        name: "the former leader's PostgreSQL answers although its API is silent",
        view: [proxyLate, notStreaming('patroni2'), silent('patroni2', 'api')],
        with: justElected,
      },
      { name: 'who led before is not known', view: [proxyLate, stopped('patroni2')], with: before('patroni1', null) },
      ...(
        [
          ['about another member', weSent('expedite-failover', 'patroni3')],
          ['in dry-run', weSent('expedite-failover', 'patroni2', { shadow: true })],
          ['that was refused', weSent('failover', 'patroni1', { phase: 'failed' })],
          ['long before', weSent('failover', 'patroni1', { sentAtMs: NOW_MS - 90_000 })],
          ['only after the change', weSent('failover', 'patroni1', { sentAtMs: NOW_MS - 1_000 })],
        ] as const
      ).map(([name, ledger]) => ({
        name: `a switchover, and an act of ours ${name}`,
        view: [proxyLate],
        with: { ...justElected, ledger },
      })),
      {
        name: 'the same long after the election: that is a mismatch',
        view: [proxyLate, stopped('patroni2')],
        with: before('patroni1', 'patroni2', 600_000),
      },
      {
        name: 'an operator closed it',
        view: [
          stopped('patroni2'),
          proxyServer('postgres_primary', 'patroni1', {
            up: false,
            status: 'MAINT',
            admin: { drain: false, maint: true, resolution: false },
          }),
        ],
        with: justElected,
      },
    ],
  },
  'leader-unrouted': {
    subject: 'patroni1',
    seen: [
      {
        name: 'its only proxy finds it down',
        view: [proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' })],
      },
    ],
    friends: [
      {
        name: 'an operator took it out',
        view: [
          proxyServer('postgres_primary', 'patroni1', {
            up: false,
            status: 'MAINT',
            admin: { drain: false, maint: true, resolution: false },
          }),
        ],
      },
      {
        name: 'its agent did',
        view: [proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN (agent)' })],
      },
      {
        name: 'it was elected a moment ago',
        view: [proxyServer('postgres_primary', 'patroni1', { up: false, status: 'DOWN' })],
        with: justElected,
      },
    ],
  },
  'proxy-mismatch': {
    subject: 'patroni3',
    seen: [
      {
        name: 'a replica that streams is left out and nobody drained it',
        view: [proxyServer('postgres_replicas', 'patroni3', { up: false, status: 'DOWN' })],
      },
    ],
    friends: [
      { name: 'an operator drained it', view: [proxyDrain('patroni3')] },
      { name: 'we drained it', view: [proxyDrain('patroni3')], with: { ledger: drainedByUs('patroni3') } },
      {
        name: 'its own tag keeps it out',
        view: [
          proxyServer('postgres_replicas', 'patroni3', { up: false, status: 'DOWN' }),
          api('patroni3', {
            tags: { noloadbalance: true, nofailover: false, nosync: false, clonefrom: false, raw: {} },
          }),
        ],
      },
      {
        name: 'it does not run',
        view: [startFailed('patroni3'), proxyServer('postgres_replicas', 'patroni3', { up: false, status: 'DOWN' })],
      },
    ],
  },
  'connections-high': {
    subject: 'patroni1',
    seen: [{ name: '95 of 100', view: [sql('patroni1', { connections: { max: 100, total: 95, byDatabase: [] } })] }],
    friends: [
      { name: '60 of 100', view: [sql('patroni1', { connections: { max: 100, total: 60, byDatabase: [] } })] },
      {
        name: 'no limit could be read',
        view: [sql('patroni1', { connections: { max: 0, total: 5, byDatabase: [] } })],
      },
    ],
  },
  'slot-retains-wal': {
    subject: 'patroni1',
    seen: [
      {
        name: 'a slot without a consumer holds back 2 GB',
        view: [
          sql('patroni1', { slots: [{ name: 'old', active: false, retainedBytes: 2048 * MB, walStatus: 'extended' }] }),
        ],
      },
      {
        name: 'one holds back 300 MB, and 250 MB are left',
        view: [
          sql('patroni1', { slots: [{ name: 'old', active: false, retainedBytes: 300 * MB, walStatus: 'extended' }] }),
          volumes('patroni1', 250 * MB),
        ],
      },
    ],
    friends: [
      {
        name: 'one holds back 300 MB, and 400 MB are left',
        view: [
          sql('patroni1', { slots: [{ name: 'old', active: false, retainedBytes: 300 * MB, walStatus: 'extended' }] }),
          volumes('patroni1', 400 * MB),
        ],
      },
      {
        name: 'a segment more than is left of a volume that is full for another reason',
        view: [
          sql('patroni1', {
            slots: [{ name: 'patroni2', active: true, retainedBytes: 16 * MB, walStatus: 'reserved' }],
          }),
          volumes('patroni1', 10 * MB),
        ],
      },
      {
        name: 'a slot that holds back what a short outage needs',
        view: [
          sql('patroni1', {
            slots: [{ name: 'patroni2', active: true, retainedBytes: 64 * MB, walStatus: 'reserved' }],
          }),
        ],
      },
    ],
  },
  'pending-restart': {
    subject: 'patroni2',
    seen: [{ name: 'a parameter waits', view: [api('patroni2', { pendingRestart: true })] }],
    friends: [
      { name: 'its API is silent', view: [api('patroni2', { pendingRestart: true }), silent('patroni2', 'api')] },
    ],
  },
};

const assessed = ({ view = [], with: rest = {} }: Situation): readonly string[] =>
  seenIn(assessmentOf(viewOf(...view), { ledger: EMPTY_LEDGER, ...rest }));

describe('a healthy cluster', () => {
  it('shows no problem at all', () => {
    expect(assessed({ name: 'healthy' })).toEqual([]);
  });
});

describe.each(PROBLEM_CODES.map((code) => [code] as const))('%s', (code) => {
  const row = SITUATIONS[code];
  it.each(row.seen.map((situation) => [situation.name, situation] as const))('is seen when %s', (_name, situation) => {
    expect(assessed(situation)).toContain(`${code}/${row.subject}`);
  });
  it.each(row.friends.map((situation) => [situation.name, situation] as const))(
    'is not seen when %s',
    (_name, situation) => {
      expect(assessed(situation).filter((key) => key.startsWith(`${code}/`))).toEqual([]);
    },
  );
  it('has a situation in which it is seen and a false friend', () => {
    expect(row.seen.length).toBeGreaterThan(0);
    expect(row.friends.length).toBeGreaterThan(0);
  });
});

describe('the catalogue', () => {
  it('has one row for each code and none for another', () => {
    expect(CATALOGUE.map((row) => row.code).sort()).toEqual([...PROBLEM_CODES].sort());
  });
});

/** Sources that are read less often than there are passes, as a pass between two readings has them. */
const betweenReadings: Change = (view) => {
  const old = <T>(reading: Reading<T>): Reading<T> => aged(reading, view.atMs + 9_000);
  return {
    ...view,
    history: old(view.history),
    members: view.members.map((one) => ({
      ...one,
      cluster: old(one.cluster),
      metrics: old(one.metrics),
      host: old(one.host),
      fileTag: old(one.fileTag),
    })),
    dcs: {
      ...view.dcs,
      membership: old(view.dcs.membership),
      alarms: old(view.dcs.alarms),
      endpoints: view.dcs.endpoints.map((row) => ({ ...row, status: old(row.status), host: old(row.host) })),
    },
  };
};

const unanswered = (reading: Reading<unknown>) =>
  reading.kind === 'fresh' ? unknown('not-read-yet', 'no answer yet', NOW_MS, reading.source) : reading;
const lateOf = (channel: 'api' | 'sql' | 'host'): Change =>
  all(...everyone.map((name) => member(name, (one) => ({ [channel]: unanswered(one[channel]) }))));

/** What a pass may lack, while nothing has changed in the cluster. */
const LACKING: readonly (readonly [string, Change])[] = [
  ['slow sources are between two readings', betweenReadings],
  ['no API has answered in time', lateOf('api')],
  ['no PostgreSQL has answered in time', lateOf('sql')],
  ['no host has answered in time', lateOf('host')],
  [
    'the proxy has not answered in time',
    (view) => eachProxy(view, ({ seen }) => ({ seen: unanswered(seen) as typeof seen })),
  ],
];

describe.each(LACKING)('[S1] while %s', (_what, lacking) => {
  const situations = Object.entries(SITUATIONS).flatMap(([code, { subject, seen }]) =>
    seen.map((situation) => ({ code, subject, situation, name: situation.name })),
  );

  it.each(situations)('$code does not end: $name', ({ code, subject, situation }) => {
    const policy = testPolicy({
      grace: Object.fromEntries(PROBLEM_CODES.map((one) => [one, { forMs: 0, samples: 1, clearForMs: 0 }])),
    });
    const view = viewOf(...(situation.view ?? []));
    const pass = (states: States, now: ClusterView): States => {
      const assessment = assessmentOf(now, { ...situation.with, policy });
      return advance(states, assessment.memory, now, findingsIn(assessment), policy);
    };
    const phaseIn = ({ problems }: States) =>
      problems.find((row) => row.code === code && row.subject === subject)?.phase;
    let states = pass(initialStates(NOW_MS), view);
    const stands = expect.stringMatching(/^(suspect|active)$/);
    expect(phaseIn(states)).toEqual(stands);
    for (const after of [500, 1_000, 1_500]) {
      states = pass(states, { ...lacking(view), atMs: NOW_MS + after });
      expect(phaseIn(states)).toEqual(stands);
    }
  });
});
