import type { Assessment } from '../../src/assess/finding.js';
import { memberName } from '../../src/model/names.js';
import type { ProblemCode } from '../../src/model/problem.js';
import type { LeadershipMemory } from '../../src/model/states.js';
import {
  all,
  api,
  CLEAN_MEMORY,
  config,
  isPrimary,
  keys,
  leaderKey,
  member,
  noEtcd,
  notStreaming,
  NOW_MS,
  SCOPE,
  silent,
  sql,
  stopped,
  type Change,
} from './view.js';

export interface Situation {
  readonly name: string;
  readonly view?: readonly Change[];
  readonly with?: Partial<Omit<Assessment, 'view'>>;
}

export interface SituationRow {
  readonly subject: string;
  readonly seen: readonly Situation[];
  readonly friends: readonly Situation[];
}

const QUIET: LeadershipMemory = {
  holder: 'patroni1',
  silentSinceMs: null,
  leaseEndMs: NOW_MS + 25_000,
  renewedMs: NOW_MS - 5_000,
  idleSinceMs: null,
  idleLeader: null,
  idleWished: false,
  episodes: [],
  pausedSinceMs: null,
  pauseSeen: false,
  strangers: [],
};
/** What earlier passes saw of whoever leads. */
export const led = (part: Partial<LeadershipMemory>): Partial<Omit<Assessment, 'view'>> => ({
  memory: { ...CLEAN_MEMORY, leadership: { ...QUIET, ...part } },
});

/** The lease of the present leader has so many milliseconds left; null: etcd did not tell. */
export const leaseLeft =
  (leaseTtlMs: number | null): Change =>
  (view) =>
    view.dcs.keys.kind === 'unknown' ? view : keys({ leader: { ...view.dcs.keys.value.leader, leaseTtlMs } })(view);

export const down = (state: 'crashed' | 'start-failed' | 'starting' | 'stopped', stateText: string): Change =>
  all(api('patroni1', { state, stateText, xlog: null, timeline: null }), silent('patroni1', 'sql', 'refused'));

/** etcd has a member of this name, and the configuration has none. */
export const registered =
  (name: string): Change =>
  (view) =>
    view.dcs.keys.kind === 'unknown'
      ? view
      : keys({
          members: [
            ...view.dcs.keys.value.members,
            {
              name: memberName(name),
              role: 'replica',
              state: 'running',
              timeline: 7,
              xlogLocation: null,
              apiUrl: null,
            },
          ],
        })(view);

export const hears = (name: string, ageMs: number): Change =>
  sql(name, {
    walReceiver: {
      status: 'streaming',
      senderHost: 'patroni1',
      receivedTimeline: 7,
      latestEndLsn: null,
      latestEndAgeMs: ageMs,
    },
  });
export const nobodyHears = all(hears('patroni2', 20_000), hears('patroni3', 20_000));
export const bothSilent = all(silent('patroni1', 'api'), silent('patroni1', 'sql'));
export const silentForTenSeconds = { silentSinceMs: NOW_MS - 10_000 };
export const renewedSince = led({ ...silentForTenSeconds, renewedMs: NOW_MS - 4_000 });
const episode = (agoMs: number, leader = 'patroni1') => ({
  leader,
  fromMs: NOW_MS - agoMs,
  toMs: NOW_MS - agoMs + 4_000,
});

const nothingInEtcd = keys({
  leader: { holder: null, leaseId: null, leaseTtlMs: null, modRevision: null, createRevision: null },
  members: [],
  systemIdentifier: null,
  optimeLsn: null,
});
const confirms: Change = (view) =>
  member('patroni1', (row) => ({
    sql:
      row.sql.kind === 'fresh'
        ? {
            ...row.sql,
            value: { ...row.sql.value, replicas: row.sql.value.replicas.map((one) => ({ ...one, syncState: 'sync' })) },
          }
        : row.sql,
  }))(view);

export const LEADER_SITUATIONS = {
  'leader-not-serving': {
    subject: 'patroni1',
    seen: [
      { name: '[N2] PostgreSQL crashed on it', view: [down('crashed', 'crashed')] },
      { name: '[N2] PostgreSQL does not start on it', view: [down('start-failed', 'start failed')] },
      { name: '[N2] PostgreSQL starts, and starts', view: [down('starting', 'starting')] },
      { name: '[N2] PostgreSQL is stopped', view: [down('stopped', 'stopped')] },
      {
        name: '[N2] it runs as a replica, in recovery',
        view: [api('patroni1', { role: 'replica' }), sql('patroni1', { inRecovery: true, currentLsn: null })],
      },
      {
        name: '[N2] it says that it runs as primary, and PostgreSQL takes no connections (57P03)',
        view: [silent('patroni1', 'sql', 'starting-up')],
      },
      {
        name: '[N2] its API is silent and PostgreSQL says that it is in recovery',
        view: [silent('patroni1', 'api'), sql('patroni1', { inRecovery: true, currentLsn: null })],
      },
    ],
    friends: [
      { name: 'all is well' },
      {
        name: 'another leads, and this one crashed',
        view: [leaderKey('patroni2'), isPrimary('patroni2'), down('crashed', 'crashed')],
      },
      { name: 'nobody holds the key', view: [leaderKey(null), down('stopped', 'stopped')] },
      { name: 'our way to its port alone is shut', view: [silent('patroni1', 'sql', 'refused')] },
      { name: 'our login is refused', view: [silent('patroni1', 'sql', 'denied')] },
      {
        name: 'both channels are silent to us, its lease is renewed, and a replica has just heard it',
        view: [bothSilent],
        with: renewedSince,
      },
      { name: 'both are silent and nothing is known of its lease', view: [bothSilent, nobodyHears] },
      {
        name: 'a standby cluster: its leader is in recovery on purpose',
        view: [
          api('patroni1', { role: 'standby-leader' }),
          sql('patroni1', { inRecovery: true, currentLsn: null }),
          (view) => ({
            ...view,
            config:
              view.config.kind === 'unknown'
                ? view.config
                : { ...view.config, value: { ...view.config.value, standbyCluster: true } },
          }),
        ],
      },
    ],
  },
  'leader-api-silent': {
    subject: 'patroni1',
    seen: [
      {
        name: '[S3] its lease was renewed since, and PostgreSQL answers as primary',
        view: [silent('patroni1', 'api')],
        with: renewedSince,
      },
      {
        name: '[S3] API and SQL are silent to us, a replica has just heard it, and its lease was renewed since',
        view: [bothSilent],
        with: renewedSince,
      },
      {
        name: '[S3] etcd tells no lease, and the key has outlived the silence by more than ttl',
        view: [silent('patroni1', 'api'), leaseLeft(null)],
        with: led({ silentSinceMs: NOW_MS - 40_000, renewedMs: null }),
      },
    ],
    friends: [
      {
        name: 'its lease was last renewed before the silence',
        view: [silent('patroni1', 'api')],
        with: led({ silentSinceMs: NOW_MS - 2_000, renewedMs: NOW_MS - 5_000 }),
      },
      {
        name: 'its lease has missed a loop',
        view: [silent('patroni1', 'api'), leaseLeft(15_000)],
        with: renewedSince,
      },
      {
        name: 'its host driver says that it is stopped',
        view: [stopped('patroni1')],
        with: renewedSince,
      },
      { name: 'the API of a replica is silent', view: [silent('patroni2', 'api')], with: renewedSince },
    ],
  },
  'leader-flapping': {
    subject: 'patroni1',
    seen: [
      {
        name: '[P12] three times without a writer in some minutes',
        with: led({ episodes: [episode(300_000), episode(200_000), episode(100_000)] }),
      },
    ],
    friends: [
      { name: 'twice', with: led({ episodes: [episode(200_000), episode(100_000)] }) },
      {
        name: 'three times, of two leaders',
        with: led({ episodes: [episode(300_000), episode(200_000, 'patroni2'), episode(100_000)] }),
      },
    ],
  },
  'member-not-configured': {
    subject: 'patroni4',
    seen: [
      { name: '[N3] etcd has a member that the configuration lacks', view: [registered('patroni4')] },
      { name: '[N3] it holds the leader key', view: [leaderKey('patroni4')] },
    ],
    friends: [
      { name: 'all of them are ours' },
      { name: 'one of ours has lost its key', view: [stopped('patroni2'), notStreaming('patroni2')] },
      { name: 'etcd does not answer', view: [registered('patroni4'), noEtcd], with: led({ strangers: ['patroni4'] }) },
    ],
  },
  'primary-without-key': {
    subject: 'patroni1',
    seen: [
      {
        name: '[S2] nobody holds the key, and Patroni of the primary is silent',
        view: [leaderKey(null), silent('patroni1', 'api')],
      },
      {
        name: '[S2] the same in a pause',
        view: [leaderKey(null), silent('patroni1', 'api'), config({ paused: true })],
      },
      { name: '[S2] another holds the key and is a replica still', view: [leaderKey('patroni2')] },
    ],
    friends: [
      { name: 'the primary holds the key' },
      { name: 'two are primary: that is a split brain', view: [isPrimary('patroni3')] },
      {
        name: 'a switchover is asked for',
        view: [leaderKey(null), keys({ failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: null } })],
      },
      { name: 'etcd has no key of the scope at all', view: [nothingInEtcd] },
      { name: 'etcd does not answer', view: [noEtcd] },
    ],
  },
  'keys-missing': {
    subject: SCOPE,
    seen: [{ name: '[S2] members run, and etcd has nothing below the path', view: [nothingInEtcd] }],
    friends: [
      { name: 'the leader key alone is gone', view: [leaderKey(null)] },
      { name: 'etcd does not answer', view: [noEtcd] },
      {
        name: 'nothing runs yet and etcd has nothing: the cluster was never made',
        view: [nothingInEtcd, ...['patroni1', 'patroni2', 'patroni3'].map((name) => silent(name, 'api'))],
      },
    ],
  },
  'commits-wait': {
    subject: 'patroni1',
    seen: [
      {
        name: '[S12, P8] backends wait for a standby that is connected and mute',
        view: [sql('patroni1', { syncWaits: { count: 3, oldestMs: 12_000, standbyNames: 'patroni2' } })],
      },
      {
        name: '[S12, P8] strict synchronous mode and no synchronous standby, though nobody has committed yet',
        view: [config({ synchronousMode: 'on', synchronousModeStrict: true })],
      },
    ],
    friends: [
      {
        name: 'nobody waits',
        view: [sql('patroni1', { syncWaits: { count: 0, oldestMs: null, standbyNames: 'patroni2' } })],
      },
      {
        name: 'a commit on its way to its standby',
        view: [sql('patroni1', { syncWaits: { count: 5, oldestMs: 40, standbyNames: 'patroni2' } })],
      },
      {
        name: 'strict, and a standby is synchronous',
        view: [config({ synchronousMode: 'on', synchronousModeStrict: true }), confirms],
      },
      {
        name: 'strict, and PostgreSQL names no standby yet: just promoted, nothing waits',
        view: [
          config({ synchronousMode: 'on', synchronousModeStrict: true }),
          sql('patroni1', { syncWaits: { count: 0, oldestMs: null, standbyNames: '' } }),
        ],
      },
      { name: 'no standby, and the mode is not strict', view: [config({ synchronousMode: 'on' })] },
      { name: 'SQL of the leader was not read', view: [silent('patroni1', 'sql')] },
    ],
  },
  'leader-read-only': {
    subject: 'patroni1',
    seen: [
      { name: '[P10] for the whole server', view: [sql('patroni1', { readOnly: { server: true, databases: [] } })] },
      {
        name: '[P10] for one database',
        view: [sql('patroni1', { readOnly: { server: false, databases: ['archive'] } })],
      },
    ],
    friends: [
      { name: 'it takes writes', view: [sql('patroni1', { readOnly: { server: false, databases: [] } })] },
      {
        name: 'only our own role is read-only',
        view: [sql('patroni1', { readOnly: { server: null, databases: [] } })],
      },
      { name: 'a replica has it', view: [sql('patroni2', { readOnly: { server: true, databases: [] } })] },
    ],
  },
  'failsafe-active': {
    subject: SCOPE,
    seen: [
      { name: '[P7] the primary goes on without etcd', view: [noEtcd, api('patroni1', { failsafeActive: true })] },
      {
        name: '[P7] failsafe_mode is on, etcd is away and nobody is primary any more',
        view: [
          noEtcd,
          config({ failsafeMode: true }),
          api('patroni1', { role: 'replica' }),
          sql('patroni1', { inRecovery: true, currentLsn: null }),
          stopped('patroni3'),
        ],
      },
    ],
    friends: [
      { name: 'failsafe_mode is on and etcd answers', view: [config({ failsafeMode: true })] },
      {
        name: 'etcd is away from us alone: nobody says that failsafe is active',
        view: [noEtcd, config({ failsafeMode: true })],
      },
      {
        name: 'nobody answers us',
        view: [
          noEtcd,
          config({ failsafeMode: true }),
          ...['patroni1', 'patroni2', 'patroni3'].map((name) => silent(name, 'api')),
        ],
      },
    ],
  },
  'member-starting': {
    subject: 'patroni2',
    seen: [
      { name: '[S7] PostgreSQL says that it takes no connections', view: [silent('patroni2', 'sql', 'starting-up')] },
    ],
    friends: [
      { name: 'it refuses our login', view: [silent('patroni2', 'sql', 'denied')] },
      { name: 'it is silent', view: [silent('patroni2', 'sql')] },
      {
        name: 'the leader says so: that is a leader that does not serve',
        view: [silent('patroni1', 'sql', 'starting-up')],
      },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;
