import type { Archiver, Slot, WalReceiver } from '../../src/model/sql.js';
import type { ProblemCode } from '../../src/model/problem.js';
import type { Intention } from '../../src/model/intention.js';
import type { SituationRow } from './leader-situations.js';
import {
  all,
  api,
  at,
  CLEAN_MEMORY,
  config,
  host,
  NO_TAGS,
  notStreaming,
  NOW_MS,
  silent,
  sql,
  startFailed,
  type Change,
} from './view.js';

const MINUTE = 60_000;
const declared =
  (name: string, ...intentions: readonly Intention[]): Change =>
  (view) => ({ ...view, intentions: { [name]: intentions } });

const receiver = (part: Partial<WalReceiver> = {}): WalReceiver => ({
  status: 'streaming',
  senderHost: 'elsewhere',
  receivedTimeline: 7,
  latestEndLsn: at(0),
  latestEndAgeMs: 100,
  ...part,
});
/** patroni1 leads a standby cluster and receives as told. */
const standby = (walReceiver: WalReceiver | null): Change =>
  all(
    config({ standbyCluster: true }),
    api('patroni1', { role: 'standby-leader', replicationState: walReceiver === null ? null : walReceiver.status }),
    sql('patroni1', { inRecovery: true, currentLsn: null, receiveLsn: at(0), replayLsn: at(0), walReceiver }),
  );
const stoodFor = (ms: number) => ({
  memory: { ...CLEAN_MEMORY, replay: { patroni1: { lsn: '5/00000000', changedAtMs: NOW_MS - ms } } },
});

const archiver = (part: Partial<Archiver>): Change =>
  sql('patroni1', {
    archiver: {
      failedAgoMs: null,
      failedWal: null,
      archivedAgoMs: 20_000,
      archivedWal: '000000070000000400000042',
      ...part,
    },
  });
const slot = (part: Partial<Slot>): Change =>
  sql('patroni1', {
    slots: [
      { name: 'cdc', active: true, retainedBytes: 0, walStatus: 'reserved', kind: 'logical', safeBytes: null, ...part },
    ],
  });

/** patroni2 led, and something reads the leader's files as pg_rewind does. */
const wasPrimary = { patroni2: { timeline: 6, lsn: '4/00000000', atMs: NOW_MS - MINUTE } };
const rewinding = all(startFailed('patroni2'), sql('patroni1', { rewinds: [{ client: '10.0.0.2', sinceMs: 5_000 }] }));
const gone = all(
  silent('patroni2', 'api', 'refused'),
  silent('patroni2', 'sql', 'refused'),
  host('patroni2', { state: 'stopped' }),
);

export const STANDING_SITUATIONS = {
  'standby-cluster-stale': {
    subject: 'patroni1',
    seen: [
      {
        name: '[P4] its leader has no WAL receiver and replays nothing',
        view: [standby(null)],
        with: stoodFor(2 * MINUTE),
      },
      {
        name: '[P4] its receiver is connected and has heard nothing for minutes',
        view: [standby(receiver({ latestEndAgeMs: 5 * MINUTE }))],
        with: stoodFor(5 * MINUTE),
      },
    ],
    friends: [
      {
        name: 'an idle primary that says so every ten seconds',
        view: [standby(receiver({ latestEndAgeMs: 9_000 }))],
        with: stoodFor(60 * MINUTE),
      },
      { name: 'it lives on its archive, and replay moves', view: [standby(null)], with: stoodFor(5_000) },
      { name: 'SQL does not answer', view: [standby(null), silent('patroni1', 'sql')], with: stoodFor(60 * MINUTE) },
    ],
  },
  'archiving-failed': {
    subject: 'patroni1',
    seen: [
      {
        name: '[P11] it failed after the last success',
        view: [archiver({ failedAgoMs: 5_000, failedWal: '000000070000000500000000' })],
      },
      {
        name: '[P11] nothing was ever archived',
        view: [archiver({ failedAgoMs: 5_000, archivedAgoMs: null, archivedWal: null })],
      },
    ],
    friends: [
      {
        name: 'a failure that was followed by a success',
        view: [archiver({ failedAgoMs: 60_000, archivedAgoMs: 1_000 })],
      },
      { name: 'archiving is off', view: [sql('patroni1', { archiver: null })] },
      { name: 'the last file is hours old and nothing failed', view: [archiver({ archivedAgoMs: 5 * 3_600_000 })] },
    ],
  },
  'replay-paused': {
    subject: 'patroni2',
    seen: [
      { name: '[P16] SQL says so on a quiet cluster', view: [sql('patroni2', { replayPaused: true })] },
      {
        name: '[P16] its API says so and SQL is not configured',
        view: [
          silent('patroni2', 'sql', 'not-configured'),
          api('patroni2', {
            xlog: {
              location: null,
              receivedLocation: at(0),
              replayedLocation: at(0),
              replayedAtMs: NOW_MS,
              replayPaused: true,
            },
          }),
        ],
      },
    ],
    friends: [{ name: 'replay stands still because nothing is written', view: [] }],
  },
  'wrong-upstream': {
    subject: 'patroni3',
    seen: [
      {
        name: '[P29] it streams from another replica',
        view: [sql('patroni3', { walReceiver: receiver({ senderHost: 'patroni2' }) })],
      },
    ],
    friends: [
      {
        name: 'its tag names that replica',
        view: [
          sql('patroni3', { walReceiver: receiver({ senderHost: 'patroni2' }) }),
          api('patroni3', { tags: { ...NO_TAGS, raw: { replicatefrom: 'patroni2' } } }),
        ],
      },
      {
        name: 'its upstream is away and it follows the leader meanwhile',
        view: [
          sql('patroni3', { walReceiver: receiver({ senderHost: 'patroni1' }) }),
          api('patroni3', { tags: { ...NO_TAGS, raw: { replicatefrom: 'patroni2' } } }),
        ],
      },
      {
        name: 'an address that no member registered',
        view: [sql('patroni3', { walReceiver: receiver({ senderHost: '10.9.9.9' }) })],
      },
    ],
  },
  'timeline-foreign': {
    subject: 'patroni3',
    seen: [
      {
        name: '[P29] it is on a later timeline than the leader',
        view: [notStreaming('patroni3'), sql('patroni3', { timeline: 9 }), api('patroni3', { timeline: 9 })],
      },
    ],
    friends: [
      {
        name: 'it is on an older timeline of the history',
        view: [sql('patroni3', { timeline: 6 }), api('patroni3', { timeline: 6 })],
      },
      {
        name: 'its timeline is older than all that the history keeps',
        view: [sql('patroni3', { timeline: 2 }), api('patroni3', { timeline: 2 })],
      },
      {
        name: 'the leader changed a moment ago',
        view: [sql('patroni3', { timeline: 9 }), api('patroni3', { timeline: 9 })],
        with: { memory: { ...CLEAN_MEMORY, lastLeaderChangeMs: NOW_MS - 5_000 } },
      },
    ],
  },
  'member-rewinding': {
    subject: 'patroni2',
    seen: [
      {
        name: '[P24] the leader serves a rewind and one former leader is stopped',
        view: [rewinding],
        with: { memory: { ...CLEAN_MEMORY, lastPrimary: wasPrimary } },
      },
    ],
    friends: [
      {
        name: 'it fails to start and nobody is rewound',
        view: [startFailed('patroni2')],
        with: { memory: { ...CLEAN_MEMORY, lastPrimary: wasPrimary } },
      },
      {
        name: 'somebody else reads files of the leader',
        view: [sql('patroni1', { rewinds: [{ client: null, sinceMs: 1 }] })],
      },
    ],
  },
  'rewind-interrupted': {
    subject: 'patroni2',
    seen: [
      {
        name: '[P24] it was stopped while it was being rewound',
        view: [gone],
        with: { memory: { ...CLEAN_MEMORY, lastPrimary: wasPrimary, rewindingSinceMs: { patroni2: NOW_MS - MINUTE } } },
      },
    ],
    friends: [
      {
        name: 'a former leader that is stopped and was never rewound',
        view: [gone],
        with: { memory: { ...CLEAN_MEMORY, lastPrimary: wasPrimary } },
      },
      {
        name: 'the rewind has ended and it starts',
        view: [startFailed('patroni2')],
        with: { memory: { ...CLEAN_MEMORY, rewindingSinceMs: { patroni2: NOW_MS - MINUTE } } },
      },
    ],
  },
  'slot-lost': {
    subject: 'patroni1',
    seen: [
      { name: '[S9] a logical slot has lost its WAL', view: [slot({ walStatus: 'lost', active: false })] },
      {
        name: '[S9] a physical one of somebody else',
        view: [slot({ walStatus: 'lost', kind: 'physical', name: '[S9] backup' })],
      },
    ],
    friends: [
      {
        name: "a member's own slot, which is told of that member",
        view: [slot({ walStatus: 'lost', kind: 'physical', name: 'patroni3' })],
      },
      { name: 'it is reserved', view: [slot({})] },
    ],
  },
  'slot-at-risk': {
    subject: 'patroni1',
    seen: [{ name: '[S9] a slot is unreserved', view: [slot({ walStatus: 'unreserved', safeBytes: 1024 })] }],
    friends: [{ name: 'it keeps more than max_wal_size, and may', view: [slot({ walStatus: 'extended' })] }],
  },
  'as-intended': {
    subject: 'patroni3',
    seen: [
      { name: '[S8] tag nostream', view: [api('patroni3', { tags: { ...NO_TAGS, raw: { nostream: true } } })] },
      { name: '[S8] an apply delay', view: [sql('patroni3', { applyDelayMs: 3_600_000 })] },
      { name: '[S8] declared retired', view: [declared('patroni3', 'retired')] },
    ],
    friends: [{ name: 'a member like any other', view: [sql('patroni3', { applyDelayMs: 0 })] }],
  },
} satisfies Partial<Record<ProblemCode, SituationRow>>;

/** What a healthy cluster remembers of its leader after `minutes` in which it wrote a little all the time. */
export const trailOf = (minutes: number) => ({
  ...CLEAN_MEMORY,
  leaderTrail: Array.from({ length: minutes }, (_, index) => ({
    lsn: `4/${(0xfff00000 + index * 1_000).toString(16).toUpperCase()}`,
    atMs: NOW_MS - (minutes - index) * MINUTE,
  })),
});
