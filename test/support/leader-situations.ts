import type { Assessment } from '../../src/assess/finding.js';
import { memberName } from '../../src/model/names.js';
import type { ProblemCode } from '../../src/model/problem.js';
import type { LeadershipMemory } from '../../src/model/states.js';
import {
  all,
  api,
  CLEAN_MEMORY,
  isPrimary,
  keys,
  leaderKey,
  noEtcd,
  notStreaming,
  NOW_MS,
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

const hears = (name: string, ageMs: number): Change =>
  sql(name, {
    walReceiver: {
      status: 'streaming',
      senderHost: 'patroni1',
      receivedTimeline: 7,
      latestEndLsn: null,
      latestEndAgeMs: ageMs,
    },
  });
const nobodyHears = all(hears('patroni2', 20_000), hears('patroni3', 20_000));
const bothSilent = all(silent('patroni1', 'api'), silent('patroni1', 'sql'));
const silentForTenSeconds = { silentSinceMs: NOW_MS - 10_000 };
const renewedSince = led({ ...silentForTenSeconds, renewedMs: NOW_MS - 4_000 });
const episode = (agoMs: number, leader = 'patroni1') => ({
  leader,
  fromMs: NOW_MS - agoMs,
  toMs: NOW_MS - agoMs + 4_000,
});

export const LEADER_SITUATIONS = {
  'leader-not-serving': {
    subject: 'patroni1',
    seen: [
      { name: 'PostgreSQL crashed on it', view: [down('crashed', 'crashed')] },
      { name: 'PostgreSQL does not start on it', view: [down('start-failed', 'start failed')] },
      { name: 'PostgreSQL starts, and starts', view: [down('starting', 'starting')] },
      { name: 'PostgreSQL is stopped', view: [down('stopped', 'stopped')] },
      {
        name: 'it runs as a replica, in recovery',
        view: [api('patroni1', { role: 'replica' }), sql('patroni1', { inRecovery: true, currentLsn: null })],
      },
      {
        name: 'it says that it runs as primary, and PostgreSQL takes no connections (57P03)',
        view: [silent('patroni1', 'sql', 'starting-up')],
      },
      {
        name: 'its PostgreSQL hangs and its API says so',
        view: [
          api('patroni1', { state: 'unknown', stateText: 'unknown', xlog: null }),
          silent('patroni1', 'sql', 'timeout'),
        ],
      },
      {
        name: 'API and SQL hang, no replica hears it, and its lease was renewed since',
        view: [bothSilent, nobodyHears],
        with: renewedSince,
      },
      {
        name: 'its API is silent and PostgreSQL says that it is in recovery',
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
        name: 'its lease was renewed since, and PostgreSQL answers as primary',
        view: [silent('patroni1', 'api')],
        with: renewedSince,
      },
      {
        name: 'API and SQL are silent to us, a replica has just heard it, and its lease was renewed since',
        view: [bothSilent],
        with: renewedSince,
      },
      {
        name: 'etcd tells no lease, and the key has outlived the silence by more than ttl',
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
        name: 'three times without a writer in some minutes',
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
      { name: 'etcd has a member that the configuration lacks', view: [registered('patroni4')] },
      { name: 'it holds the leader key', view: [leaderKey('patroni4')] },
    ],
    friends: [
      { name: 'all of them are ours' },
      { name: 'one of ours has lost its key', view: [stopped('patroni2'), notStreaming('patroni2')] },
      { name: 'etcd does not answer', view: [registered('patroni4'), noEtcd], with: led({ strangers: ['patroni4'] }) },
    ],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;
