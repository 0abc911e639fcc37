import { describe, expect, it } from 'vitest';
import { findingsIn } from '../../../src/assess/assess.js';
import { decide } from '../../../src/decide/decide.js';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import { advance, initialStates } from '../../../src/machines/reduce.js';
import type { Ledger } from '../../../src/model/ledger.js';
import type { Policy } from '../../../src/model/policy.js';
import { fresh, freshValue, type Reading } from '../../../src/model/reading.js';
import type { States } from '../../../src/model/states.js';
import type { ClusterView } from '../../../src/model/view.js';
import { down, leaseLeft } from '../../support/leader-situations.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  CLEAN_MEMORY,
  config,
  drainedByUs,
  damaged,
  endpoint,
  inputOf,
  isPrimary,
  keys,
  lags,
  leaderKey,
  logSays,
  ledgerOf,
  MB,
  noEtcd,
  noProxy,
  notStreaming,
  NOW_MS,
  observer,
  peerRow,
  silent,
  sql,
  startFailed,
  stopped,
  viewOf,
  type Change,
  streamed,
} from '../../support/view.js';
import { seenOf, withSeen } from '../../support/proxies.js';

const moved = <T>(reading: Reading<T>, atMs: number): Reading<T> =>
  reading.kind === 'fresh' ? { ...reading, atMs } : reading;

/** The same view so many seconds later. */
const later = (view: ClusterView, seconds: number): ClusterView => ({
  ...view,
  tick: view.tick + seconds,
  atMs: NOW_MS + seconds * 1000,
  members: view.members.map((row) =>
    row.log === undefined ? row : { ...row, log: moved(row.log, NOW_MS + seconds * 1000) },
  ),
  dcs: { ...view.dcs, keys: moved(view.dcs.keys, NOW_MS + seconds * 1000) },
});

interface Run {
  readonly states: States;
  readonly atMs: number;
  readonly acts: readonly string[];
  readonly actives: ReadonlySet<string>;
}

/** A pass a second: the changes of each second, and what came of it. */
function passes(
  seconds: number,
  changesAt: (second: number) => readonly Change[],
  options: { readonly ledger?: Ledger; readonly policy?: Policy; readonly states?: States } = {},
): Run {
  const policy = options.policy ?? testPolicy();
  const ledger = options.ledger ?? ledgerOf();
  let states = options.states ?? initialStates(NOW_MS, CLEAN_MEMORY);
  const acts: string[] = [];
  const actives = new Set<string>();
  let atMs = NOW_MS;
  for (let second = 0; second <= seconds; second += 1) {
    const view = later(viewOf(...changesAt(second)), second);
    atMs = view.atMs;
    const memory = remember(states.memory, view);
    states = advance(states, memory, view, findingsIn({ view, memory, ledger, policy }), policy);
    for (const problem of states.problems)
      if (problem.phase === 'active') actives.add(`${problem.code}/${problem.subject}`);
    for (const decision of decide({ ...inputOf([]), view, states, policy, ledger, nowMs: atMs }))
      if (decision.kind === 'act') acts.push(`${decision.plan.action} ${decision.plan.target}`);
  }
  return { states, atMs, acts, actives };
}

const everyone = ['patroni1', 'patroni2', 'patroni3'];
const blind: readonly Change[] = [
  ...everyone.flatMap((name) => [silent(name, 'api'), silent(name, 'sql'), silent(name, 'host')]),
  noEtcd,
  noProxy,
];

describe('a situation that lasts two minutes never becomes a reason to act', () => {
  it.each<[string, (second: number) => readonly Change[]]>([
    ['a healthy cluster', () => []],
    ['one lost poll in five', (second) => (second % 5 === 0 ? [silent('patroni3', 'api')] : [])],
    ['one lost poll of SQL in three', (second) => (second % 3 === 0 ? [silent('patroni3', 'sql')] : [])],
    ['an API that does not answer, with SQL well', () => [silent('patroni3', 'api')]],
    ["the leader's API that does not answer, with everything streaming", () => [silent('patroni1', 'api')]],
    ['an API that answers nonsense', () => [silent('patroni3', 'api', 'bad-reply')]],
    ['SQL that refuses our password everywhere', () => everyone.map((name) => silent(name, 'sql', 'denied'))],
    ['SQL that is not configured', () => everyone.map((name) => silent(name, 'sql', 'not-configured'))],
    [
      '64 MB in /cluster for a new copy that is level',
      () => [peerRow('patroni3', { lagBytes: 64 * MB, state: 'running' })],
    ],
    ['16 MB in /cluster for one loop', (second) => (second < 10 ? [peerRow('patroni3', { lagBytes: 16 * MB })] : [])],
    [
      'a restart of a replica',
      (second) =>
        second < 15
          ? [
              notStreaming('patroni3'),
              api('patroni3', { state: second < 5 ? 'restarting' : 'starting', xlog: null }),
              silent('patroni3', 'sql', 'closed'),
            ]
          : [],
    ],
    [
      'a switchover',
      (second) => {
        if (second < 2) return [keys({ failover: { leader: 'patroni1', member: 'patroni2', scheduledAt: null } })];
        if (second < 6)
          return [
            leaderKey(null),
            api('patroni1', { state: 'stopping', xlog: null }),
            silent('patroni1', 'sql', 'closed'),
          ];
        if (second < 9)
          return [
            leaderKey('patroni2'),
            api('patroni1', { state: 'starting', role: 'demoted', xlog: null }),
            silent('patroni1', 'sql', 'closed'),
          ];
        return [
          leaderKey('patroni2'),
          isPrimary('patroni2'),
          sql('patroni2', { replicas: ['patroni1', 'patroni3'].map(streamed) }),
          api('patroni1', { role: 'replica', timeline: 8, replicationState: 'streaming', replication: [] }),
          sql('patroni1', {
            inRecovery: true,
            timeline: 8,
            currentLsn: null,
            replicas: [],
            walReceiver: {
              status: 'streaming',
              senderHost: 'patroni2',
              receivedTimeline: 8,
              latestEndLsn: null,
              latestEndAgeMs: 0,
            },
          }),
        ];
      },
    ],
    ['a paused cluster in an emergency', () => [config({ paused: true }), lags('patroni3', 200 * MB)]],
    [
      'etcd without quorum in an emergency',
      () => [noEtcd, endpoint('etcd2', 'refused'), endpoint('etcd3', 'refused'), lags('patroni3', 200 * MB)],
    ],
    ['our own blindness', () => blind],
    ['our own blindness, every other pass', (second) => (second % 2 === 0 ? blind : [])],
    [
      'a clock that jumps all the time in an emergency',
      () => [observer({ clockJumpMs: 10_000 }), lags('patroni3', 200 * MB)],
    ],
    ['an emergency that one channel alone sees', () => [lags('patroni3', 200 * MB, ['api'])]],
    [
      'an emergency seen by SQL in one pass and by the API in the next',
      (second) => [lags('patroni3', 200 * MB, [second % 2 === 0 ? 'sql' : 'api'])],
    ],
    [
      'another scope at the address of another member in an emergency',
      () => [silent('patroni2', 'api', 'wrong-scope'), lags('patroni3', 200 * MB)],
    ],
    ['a storm of two broken replicas', () => [startFailed('patroni2'), startFailed('patroni3')]],
    ['a proxy that does not answer', () => [noProxy]],
    ['[P1] a replica that runs and does not stream, and nothing says why', () => [notStreaming('patroni3')]],
    [
      '[P1] a replica that cannot get to the leader',
      () => [notStreaming('patroni3'), logSays('patroni3', 'FATAL:  could not connect to the primary server: timeout')],
    ],
    ['a replica that does not start, and nothing says why', () => [startFailed('patroni3')]],
    [
      'a replica that a wrong setting keeps from starting',
      () => [startFailed('patroni3'), logSays('patroni3', 'FATAL:  ungültiger Wert für Parameter »port«: »x«')],
    ],
    [
      '[W1] a replica whose disk is full',
      () => [
        startFailed('patroni3'),
        logSays('patroni3', 'PANIC:  could not write to file "pg_wal/xlogtemp.41": No space left on device'),
      ],
    ],
  ])('%s', (_name, changesAt) => {
    expect(passes(120, changesAt).acts).toEqual([]);
  });
});

/** It is there and has heard nothing for longer than PostgreSQL lets one wait. */
const HUNG = sql('patroni3', {
  walReceiver: {
    status: 'waiting',
    senderHost: 'patroni1',
    receivedTimeline: 7,
    latestEndLsn: null,
    latestEndAgeMs: 200_000,
  },
});

describe('what does become a reason', () => {
  it.each<[string, number, readonly Change[], string]>([
    ['an emergency that lasts', 20, [lags('patroni3', 200 * MB)], 'drain-replica patroni3'],
    ['a replica whose directory is damaged', 60, [damaged('patroni3')], 'reinitialize-replica patroni3'],
    ['a replica whose container is stopped', 60, [stopped('patroni3')], 'start-member patroni3'],
    ['a replica whose WAL receiver hangs', 60, [notStreaming('patroni3'), HUNG], 'restart-member patroni3'],
  ])('%s', (_name, seconds, changes, act) => {
    expect(new Set(passes(seconds, () => changes).acts)).toEqual(new Set([act]));
  });

  it('an emergency waits for its grace and its samples, and not a pass longer', () => {
    expect(passes(4, () => [lags('patroni3', 200 * MB)]).acts).toEqual([]);
    expect(passes(5, () => [lags('patroni3', 200 * MB)]).acts).toEqual(['drain-replica patroni3']);
  });

  it('an emergency that is there in most passes still counts only while it is seen without a gap', () => {
    expect(passes(60, (second) => (second % 4 === 3 ? [] : [lags('patroni3', 200 * MB)])).acts).toEqual([]);
  });

  it('a drained replica is put back after it has been level for long enough', () => {
    const level = (seconds: number) => passes(seconds, () => [], { ledger: drainedByUs('patroni3') }).acts;
    expect(level(9)).toEqual([]);
    expect(level(10)).toEqual(['undrain-replica patroni3']);
  });
});

describe('unknown', () => {
  it('keeps an active problem active and authorises nothing with it', () => {
    const run = passes(60, (second) => (second < 20 ? [lags('patroni3', 200 * MB)] : [noEtcd]), {
      policy: testPolicy({}, { 'drain-replica': { mode: 'off' }, 'cancel-blocking-queries': { mode: 'off' } }),
    });
    const problem = run.states.problems.find((row) => row.code === 'replica-lag-emergency');
    expect(problem).toMatchObject({ phase: 'active', channels: [] });
  });

  it('never begins a problem', () => {
    expect([...passes(120, () => [noEtcd]).actives]).toEqual([]);
  });

  it('is the state of the cluster when we see nothing, and the members are not called down', () => {
    const run = passes(60, () => blind);
    expect(run.states.cluster.state).toBe('unknown');
    expect(run.states.dcs.state).toBe('unknown');
    expect(run.states.proxy.state).toBe('unknown');
  });
});

const noReads: Change = (view) => {
  const servers = freshValue(seenOf(view))?.servers ?? [];
  const shut = servers.map((server) => (server.backend === 'postgres_replicas' ? { ...server, up: false } : server));
  return withSeen(view, fresh({ servers: shut }, view.atMs, 'proxy'));
};

describe('the summary', () => {
  it.each<[string, readonly Change[], string]>([
    ['a healthy cluster', [], 'healthy'],
    ['a paused cluster', [config({ paused: true })], 'paused'],
    ['a replica in an emergency', [lags('patroni3', 200 * MB)], 'lagging'],
    ['a replica that does not stream', [notStreaming('patroni3')], 'degraded'],
    ['a dead leader', [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')], 'leader-down'],
    ['a frozen leader', [silent('patroni1', 'api'), leaseLeft(15_000)], 'leader-frozen'],
    ['a leader whose API alone is silent', [silent('patroni1', 'api')], 'degraded'],
    ['a leader that does not serve', [down('start-failed', 'start failed')], 'leader-not-serving'],
    ['two primaries', [isPrimary('patroni3')], 'split-brain'],
    ['a primary by SQL alone', [isPrimary('patroni3', ['sql'])], 'split-brain-suspected'],
    ['nobody at all', everyone.map((name) => stopped(name)), 'down'],
    [
      'no leader for long',
      [leaderKey(null), stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')],
      'leaderless',
    ],
    ['no etcd', [noEtcd], 'unknown'],
    ['a leader that lost its key to one who does not serve', [leaderKey('patroni2')], 'leader-not-serving'],
    ['a read pool that routes to nobody', [noReads], 'degraded'],
  ])('[S10] of %s after two minutes', (_name, changes, state) => {
    expect(passes(120, () => changes).states.cluster.state).toBe(state);
  });

  it('[S10] is suspect while something is seen within its grace, and while a member is down', () => {
    const { states } = passes(2, () => [stopped('patroni2')]);
    expect(states.problems.map(({ phase }) => phase)).toContain('suspect');
    expect(states.cluster.state).toBe('suspect');
  });

  it('of the first pass with two primaries is a suspicion of everything, never a verdict', () => {
    expect(passes(0, () => [isPrimary('patroni3')]).states.cluster.state).toBe('suspect');
  });

  it('of a split brain is suspected before it is confirmed', () => {
    const states = [...Array(40).keys()].map(
      (seconds) => passes(seconds, () => [isPrimary('patroni3')]).states.cluster.state,
    );
    expect(states.indexOf('split-brain')).toBeGreaterThan(states.indexOf('split-brain-suspected'));
    expect(states.indexOf('split-brain-suspected')).toBeGreaterThan(0);
  });

  it.each<[string, readonly Change[], string]>([['a leader', [], 'leader']])('of %s', (_name, changes, state) => {
    expect(passes(5, () => changes).states.members['patroni1']?.state).toBe(state);
  });

  it.each<[string, readonly Change[], string]>([
    ['healthy', [], 'healthy'],
    ['that lags', [lags('patroni3', 5 * MB)], 'lagging'],
    ['that does not stream', [notStreaming('patroni3')], 'not-streaming'],
    ['that does not start', [startFailed('patroni3')], 'start-failed'],
    [
      'that is copied',
      [api('patroni3', { state: 'creating-replica', role: 'uninitialized', xlog: null }), silent('patroni3', 'sql')],
      'rebuilding',
    ],
    ['that is gone', [stopped('patroni3')], 'down'],
    ['whose API is silent', [silent('patroni3', 'api')], 'unknown'],
    ['that accepts writes', [isPrimary('patroni3')], 'rogue'],
  ])('of a replica %s', (_name, changes, state) => {
    expect(passes(60, () => changes).states.members['patroni3']?.state).toBe(state);
  });

  it('keeps the time since when a state holds', () => {
    const run = passes(60, (second) => (second < 30 ? [] : [notStreaming('patroni3')]));
    expect(run.states.members['patroni3']).toEqual({ state: 'not-streaming', sinceMs: NOW_MS + 30_000 });
    expect(run.states.members['patroni2']).toEqual({ state: 'healthy', sinceMs: NOW_MS });
  });
});

describe('memory', () => {
  const rememberAll = (...views: readonly ClusterView[]) =>
    views.reduce((memory, view) => remember(memory, view), FRESH_MEMORY);
  const at = (second: number, ...changes: readonly Change[]): ClusterView => later(viewOf(...changes), second);

  it('does not take the first leader that it sees for a change', () => {
    expect(rememberAll(at(0), at(1))).toMatchObject({ lastLeader: 'patroni1', lastLeaderChangeMs: null });
  });

  it('notes a change, and not a gap without a leader', () => {
    expect(rememberAll(at(0), at(1, leaderKey(null)), at(2))).toMatchObject({ lastLeaderChangeMs: null });
    expect(rememberAll(at(0), at(1, leaderKey(null)), at(2, leaderKey('patroni2')))).toMatchObject({
      lastLeader: 'patroni2',
      lastLeaderChangeMs: NOW_MS + 2_000,
    });
  });

  it.each<[string, Change, string]>([
    ['a clock jump', observer({ clockJumpMs: 60_000 }), 'our clock jumped'],
    ['a long sleep', observer({ sinceLastPassMs: 31_000 }), 'we slept'],
    ['a blind pass', noEtcd, 'etcd gave no linearizable answer'],
  ])('counts clean passes anew after %s', (_name, change, graceReason) => {
    expect(rememberAll(at(0), at(1), at(2, change))).toMatchObject({ cleanPasses: 0, cleanSinceMs: null, graceReason });
    expect(rememberAll(at(0), at(1, change), at(2))).toMatchObject({ cleanPasses: 1, cleanSinceMs: NOW_MS + 2_000 });
  });

  it('counts clean passes anew after a pause has ended', () => {
    expect(rememberAll(at(0), at(1, config({ paused: true })), at(2))).toMatchObject({
      cleanPasses: 0,
      graceReason: 'the cluster was un-paused',
    });
  });

  it('keeps the last position of a member that no longer answers', () => {
    const memory = rememberAll(at(0, lags('patroni3', 0x100)), at(1, stopped('patroni3')));
    expect(memory.positions['patroni3']).toMatchObject({
      timeline: 7,
      lsn: '5/00000000',
      inRecovery: true,
      atMs: NOW_MS,
    });
  });

  it('does not take the remembered role of a stopped PostgreSQL for a position', () => {
    const memory = rememberAll(
      at(0),
      at(1, api('patroni1', { state: 'stopped', xlog: null }), silent('patroni1', 'sql')),
    );
    expect(memory.positions['patroni1']).toMatchObject({ inRecovery: false, atMs: NOW_MS });
  });

  it('counts a failed start once, however many passes see it', () => {
    const failed = startFailed('patroni3');
    const starting = api('patroni3', { state: 'starting', xlog: null });
    const memory = rememberAll(at(0), at(1, failed), at(2, failed), at(3, starting), at(4, failed));
    expect(memory.startFailures['patroni3']).toEqual([NOW_MS + 1_000, NOW_MS + 4_000]);
    expect(rememberAll(at(0, failed), at(700)).startFailures['patroni3']).toEqual([]);
  });

  it('knows since when a copy is being made, until it is there', () => {
    const creating = api('patroni3', { state: 'creating-replica', role: 'uninitialized' });
    expect(rememberAll(at(0), at(1, creating), at(2, creating)).creatingSinceMs).toEqual({ patroni3: NOW_MS + 1_000 });
    expect(rememberAll(at(1, creating), at(2)).creatingSinceMs).toEqual({});
  });

  it('measures the rate of WAL over seconds, and never from two looks at the same moment', () => {
    const further: Change = sql('patroni1', { currentLsn: (0x5_0000_0000n + 10_000_000n) as never });
    expect(rememberAll(at(0), at(10, further)).walRate?.bytesPerSecond).toBe(1_000_000);
    for (const second of [0, -5]) {
      const rate = rememberAll(at(0), at(second, further)).walRate?.bytesPerSecond ?? null;
      expect(rate === null || Number.isFinite(rate), `${second}`).toBe(true);
      expect(rate ?? 0).toBeGreaterThanOrEqual(0);
    }
  });
});
