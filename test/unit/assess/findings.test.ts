import { describe, expect, it } from 'vitest';
import { candidatesFor } from '../../../src/assess/candidates.js';
import { divergenceOf } from '../../../src/assess/divergence.js';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import { fresh } from '../../../src/model/reading.js';
import { memberOf } from '../../../src/model/view.js';
import {
  api,
  assessmentOf,
  at,
  CLEAN_MEMORY,
  config,
  findingOf,
  isPrimary,
  keys,
  lags,
  leaderKey,
  MB,
  noEtcd,
  notStreaming,
  NOW_MS,
  peerRow,
  SCOPE,
  silent,
  sql,
  startFailed,
  stopped,
  viewOf,
  withoutKey,
  type Change,
} from '../../support/view.js';

const RECEIVER = { senderHost: 'patroni1', receivedTimeline: 7, latestEndLsn: null, latestEndAgeMs: null };

describe('a member that is down and never answered', () => {
  const gone = [stopped('patroni2'), withoutKey('patroni2')];
  const without = (...names: readonly string[]) => ({
    ...CLEAN_MEMORY,
    lastStateText: Object.fromEntries(
      Object.entries(CLEAN_MEMORY.lastStateText).filter(([name]) => !names.includes(name)),
    ),
  });
  const found = (memory: typeof CLEAN_MEMORY, change: readonly Change[] = gone) =>
    findingOf(assessmentOf(viewOf(...change), { memory }), 'member-down', 'patroni2');

  it('is told as that, down all the same, and by no channel more', () => {
    const never = found(without('patroni2'));
    expect(never).toMatchObject({ verdict: 'seen', facts: { neverHeard: true } });
    expect(never?.evidence.at(-1)?.text).toContain('never answered this instance: it is new, or has been down');
    expect(never?.channels).toEqual(found(CLEAN_MEMORY)?.channels);
  });

  it.each([
    ['it answered before', CLEAN_MEMORY, gone],
    ['nobody remembers anything', without('patroni1', 'patroni2', 'patroni3'), gone],
    ['it has a key in etcd', without('patroni2'), [stopped('patroni2')]],
    ['etcd does not tell', without('patroni2'), [stopped('patroni2'), noEtcd]],
  ] as const)('is told as any other where %s', (_case, memory, change) => {
    const told = found(memory, change);
    expect(told?.verdict).toBe('seen');
    expect(told?.facts).not.toHaveProperty('neverHeard');
  });
});

describe('channels are counted from what this pass saw', () => {
  it.each<[string, readonly Change[], Parameters<typeof findingOf>[1], string, readonly string[]]>([
    ['lag by all three', [lags('patroni3', 200 * MB)], 'replica-lag-emergency', 'patroni3', ['sql', 'api', 'peers']],
    ['lag by SQL alone', [lags('patroni3', 200 * MB, ['sql'])], 'replica-lag-emergency', 'patroni3', ['sql']],
    [
      'lag by /cluster alone where the member itself cannot be compared',
      [peerRow('patroni3', { lagBytes: 200 * MB }), sql('patroni3', { timeline: 6 }), api('patroni3', { timeline: 6 })],
      'replica-lag-emergency',
      'patroni3',
      ['peers'],
    ],
    [
      'a failed start with SQL silent and peers agreeing',
      [startFailed('patroni2')],
      'replica-start-failed',
      'patroni2',
      ['api', 'sql', 'peers'],
    ],
    [
      'a stopped member whose key is gone',
      [stopped('patroni2'), withoutKey('patroni2')],
      'member-down',
      'patroni2',
      ['api', 'sql', 'host', 'dcs', 'peers'],
    ],
    [
      'a silent member whose host driver says that it runs',
      [silent('patroni2', 'api'), silent('patroni2', 'sql'), notStreaming('patroni2'), withoutKey('patroni2')],
      'member-down',
      'patroni2',
      ['api', 'sql', 'dcs', 'peers'],
    ],
    [
      'a dead leader',
      [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')],
      'leader-down',
      'patroni1',
      ['api', 'dcs', 'sql', 'host', 'peers'],
    ],
    [
      'a dead leader from which a replica still streams, which is odd',
      [stopped('patroni1')],
      'leader-down',
      'patroni1',
      ['api', 'dcs', 'sql', 'host'],
    ],
    ['a frozen leader whose lease is young', [silent('patroni1', 'api')], 'leader-frozen', 'patroni1', ['api', 'sql']],
    [
      'a frozen leader that has missed a renewal',
      [
        silent('patroni1', 'api'),
        keys({
          leader: {
            holder: 'patroni1' as never,
            leaseId: '1',
            leaseTtlMs: 12_000,
            modRevision: '100',
            createRevision: '90',
          },
        }),
      ],
      'leader-frozen',
      'patroni1',
      ['api', 'sql', 'dcs'],
    ],
  ])('%s', (_name, changes, code, subject, channels) => {
    expect(findingOf(assessmentOf(viewOf(...changes)), code, subject)?.channels).toEqual(channels);
  });
});

describe('what a pass cannot tell is said as unknown', () => {
  it.each<[string, readonly Change[], Parameters<typeof findingOf>[1], string]>([
    ['lag while etcd is silent', [noEtcd], 'replica-lag-emergency', 'patroni3'],
    ['leaderless while etcd is silent', [noEtcd], 'leaderless', SCOPE],
    [
      'a dead leader while its SQL gives no clear answer',
      [silent('patroni1', 'api'), silent('patroni1', 'sql', 'denied')],
      'leader-down',
      'patroni1',
    ],
  ])('%s', (_name, changes, code, subject) => {
    expect(findingOf(assessmentOf(viewOf(...changes)), code, subject)).toMatchObject({
      verdict: 'unknown',
      channels: [],
    });
  });
});

describe('what a replica may hold that the leader does not', () => {
  const of = (memory: (typeof CLEAN_MEMORY)['positions'][string] | null, ...changes: readonly Change[]) => {
    const view = viewOf(...changes);
    const positions = memory === null ? {} : { patroni3: memory };
    const found = memberOf(view, 'patroni3');
    if (found === null) throw new Error('no patroni3');
    return divergenceOf(assessmentOf(view, { memory: { ...CLEAN_MEMORY, positions } }), found);
  };
  const last = (timeline: number, lsn: string, inRecovery = true) => ({ timeline, lsn, inRecovery, atMs: NOW_MS });

  it('is nothing when it was last in recovery at or before the leader', () => {
    expect(of(last(7, '5/00000000'))).toMatchObject({ kind: 'ancestor' });
  });

  it('is nothing on an older timeline before the fork', () => {
    expect(of(last(6, '4/F0000000'))).toMatchObject({ kind: 'ancestor' });
  });

  it('is stated in bytes past the fork', () => {
    expect(of(last(6, '4/FFFFFFFF'))).toEqual({
      kind: 'diverged',
      bytes: 100 * MB - 1,
      text: `patroni3 holds at least 99.9 MiB past 4/F9C00000 that the leader does not have`,
    });
  });

  it.each<[string, (ReturnType<typeof last> & { isSure?: boolean }) | null, readonly Change[], string]>([
    [
      'nothing but its own word names its timeline',
      { ...last(7, '5/00000000'), isSure: false },
      [],
      'only its own word says that patroni3 is on timeline 7: it was not seen streaming',
    ],
    ['its last position is not known', null, [], 'no position of patroni3 is known'],
    [
      'it was last a primary',
      last(7, '5/0', false),
      [],
      'patroni3 was last seen as a primary: it may hold writes of its own',
    ],
    ['nobody is proven to lead', last(7, '5/0'), [noEtcd], 'there is no proven leader to compare with'],
    [
      'the history does not have its timeline',
      last(2, '5/0'),
      [],
      "timeline 2 of patroni3 is not in the leader's history",
    ],
    [
      "the leader's position is unknown",
      last(7, '5/0'),
      [silent('patroni1', 'sql'), api('patroni1', { xlog: null })],
      "the leader's position is unknown",
    ],
  ])('is not proven when %s', (_name, position, changes, text) => {
    expect(of(position, ...changes)).toEqual({ kind: 'unproven', text });
  });
});

describe('a replica that may have led since it was last seen following', () => {
  const of = (newLeader: string, memory: Partial<typeof CLEAN_MEMORY>) => {
    const row = { timeline: 6, lsn: at(100 * MB), reason: 'failover', at: null, newLeader };
    const view = { ...viewOf(startFailed('patroni3')), history: fresh([row], NOW_MS, 'history') };
    const positions = { patroni3: { timeline: 6, lsn: '4/F0000000', inRecovery: true, atMs: NOW_MS } };
    const found = memberOf(view, 'patroni3');
    if (found === null) throw new Error('no patroni3');
    return divergenceOf(assessmentOf(view, { memory: { ...CLEAN_MEMORY, positions, ...memory } }), found);
  };
  const seen = 'patroni3 was last seen in recovery at 4/F0000000 on timeline 6';

  it('holds what the history tells when it was watched and another was elected', () => {
    expect(of('patroni1', {})).toMatchObject({ kind: 'ancestor' });
  });

  it('may hold writes of its own when the history names it as the next leader', () => {
    expect(of('patroni3', {})).toEqual({
      kind: 'unproven',
      text: `${seen}, and the history says that it led timeline 7 afterwards: it may hold writes of its own`,
    });
  });

  it('is not proven to hold nothing after a time without a watch, and what is not known is told', () => {
    const gap = { timeline: 6, fromMs: NOW_MS - 600_000, toMs: NOW_MS - 1_000, why: 'ekimi did not run' };
    expect(of('patroni1', { unwatched: { patroni3: gap } })).toEqual({
      kind: 'unproven',
      text: `${seen}; from 2026-01-15 01:50:00Z to 2026-01-15 01:59:59Z nobody watched it (ekimi did not run), and the leader is on timeline 7: whether patroni3 led meanwhile, and what it wrote then, is not known`,
    });
  });
});

describe('the timeline of a replica', () => {
  const ONWARDS = { timeline: 8, receiveLsn: at(-100), replayLsn: at(-100) };
  const apart = notStreaming('patroni3');
  const isSure = (...passes: readonly (readonly Change[])[]) => {
    const memory = passes.reduce((before, changes) => remember(before, viewOf(...changes)), FRESH_MEMORY);
    return memory.positions['patroni3']?.isSure;
  };

  it.each<[string, readonly (readonly Change[])[], boolean]>([
    ['is proven by a stream', [[]], true],
    ['is not proven by the control file of one that was never seen streaming', [[apart]], false],
    ['is proven by its control file where it was seen streaming before', [[], [apart, sql('patroni3', ONWARDS)]], true],
    ['is not proven by its API alone', [[apart, silent('patroni3', 'sql', 'not-configured')]], false],
    [
      'is not proven by a receiver that is refused',
      [[apart, sql('patroni3', { walReceiver: { ...RECEIVER, status: 'starting' } })]],
      false,
    ],
    ['stays proven when the stream ends', [[], [apart, silent('patroni3', 'sql', 'not-configured')]], true],
    [
      'is open again when its API alone names a later one',
      [[], [apart, silent('patroni3', 'sql', 'not-configured'), api('patroni3', { timeline: 8 })]],
      false,
    ],
    [
      'is open again after it was primary',
      [[], [isPrimary('patroni3')], [apart, silent('patroni3', 'sql', 'not-configured')]],
      false,
    ],
  ])('%s', (_name, passes, expected) => {
    expect(isSure(...passes)).toBe(expected);
  });
});

describe('what a former leader holds that the leader does not', () => {
  // The leader left timeline 6 at 4/F9C00000.
  const of = (
    was: { timeline?: number; lsn: string },
    now: { timeline?: number; lsn: string; inRecovery?: boolean; agoMs?: number } | null,
    ...changes: readonly Change[]
  ) => {
    const view = viewOf(notStreaming('patroni3'), ...changes);
    const atMs = NOW_MS - 60_000;
    const position = { timeline: 7, inRecovery: true, ...now, lsn: now?.lsn ?? '', atMs: now === null ? atMs : NOW_MS };
    const memory = {
      ...CLEAN_MEMORY,
      lastPrimary: { patroni3: { timeline: 6, ...was, atMs } },
      positions: { patroni3: now === null ? { timeline: 6, lsn: was.lsn, inRecovery: false, atMs } : position },
      replay: { patroni3: { lsn: position.lsn, changedAtMs: NOW_MS - (now?.agoMs ?? 30_000) } },
    };
    const found = memberOf(view, 'patroni3');
    if (found === null) throw new Error('no patroni3');
    return divergenceOf(assessmentOf(view, { memory }), found);
  };
  const before = { lsn: '4/F9000000' };
  const past = { lsn: '4/F9C00100' };

  it.each<[string, Parameters<typeof of>]>([
    ['it was seen writing past the fork, and says now that it is on the new timeline', [past, { lsn: '4/F9C00100' }]],
    ['its position went back meanwhile', [past, { lsn: '4/F9000000' }]],
    ['it wrote past the fork after it was last seen', [before, { timeline: 6, lsn: '4/F9C00100' }]],
    ['it was not seen since', [past, null]],
  ])('is stated in bytes: %s', (_name, [was, now]) => {
    expect(of(was, now)).toEqual({
      kind: 'diverged',
      bytes: 256,
      text: 'patroni3 holds at least 256 B past 4/F9C00000 that the leader does not have',
    });
  });

  it('is nothing when it has replayed all that it has, and that ends before the fork', () => {
    expect(of(before, { timeline: 6, lsn: '4/F9000100' })).toMatchObject({ kind: 'ancestor' });
  });

  const own = 'patroni3 was last seen as a primary: it may hold writes of its own';
  it.each<[string, readonly [typeof before, Parameters<typeof of>[1], ...Change[]], string]>([
    ['it was not seen since', [before, null], own],
    ['it still replays', [before, { lsn: '4/F9000100', agoMs: 2_000 }], own],
    ['its SQL is silent', [before, { lsn: '4/F9000100' }, silent('patroni3', 'sql')], own],
    ['its replay is paused', [before, { lsn: '4/F9000100' }, sql('patroni3', { replayPaused: true })], own],
    [
      'it was primary on a timeline of its own',
      [{ ...before, timeline: 9 } as never, { lsn: '4/F9000100' }],
      "patroni3 was primary on timeline 9, whose end is not in the leader's history: it may hold writes of its own",
    ],
    [
      'both took the same number for their timelines',
      [{ ...before, timeline: 7 } as never, { lsn: '4/F9000100' }],
      "patroni3 was primary on timeline 7, whose end is not in the leader's history: it may hold writes of its own",
    ],
  ])('is not proven to be nothing when %s', (_name, [was, now, ...changes], text) => {
    expect(of(was, now, ...changes)).toEqual({ kind: 'unproven', text });
  });
});

describe('who may lead next', () => {
  const dead = [stopped('patroni1'), notStreaming('patroni2'), notStreaming('patroni3')];
  const rows = (...changes: readonly Change[]) =>
    candidatesFor(viewOf(...dead, ...changes), CLEAN_MEMORY, 'patroni1').map((row) => [row.name, row.against] as const);

  it('is the furthest first', () => {
    expect(
      rows(
        lags('patroni2', 500, ['sql', 'api']),
        sql('patroni2', { receiveLsn: at(500) }),
        api('patroni2', { xlog: null }),
      ),
    ).toEqual([
      ['patroni3', []],
      ['patroni2', []],
    ]);
  });

  it.each<[string, readonly Change[], string]>([
    [
      'tagged nofailover',
      [api('patroni2', { tags: { noloadbalance: false, nofailover: true, nosync: false, clonefrom: false, raw: {} } })],
      'is tagged nofailover',
    ],
    ['already primary', [isPrimary('patroni2', ['sql'], 7)], 'is already primary'],
    [
      'behind on timelines',
      [sql('patroni2', { timeline: 6, receiveLsn: at(100), replayLsn: at(100) }), api('patroni2', { xlog: null })],
      'is on timeline 6, the leader was on 7',
    ],
    [
      'beyond the lag that Patroni allows',
      [sql('patroni2', { receiveLsn: at(2 * MB), replayLsn: at(2 * MB) }), api('patroni2', { xlog: null })],
      'is 2 MiB behind, maximum_lag_on_failover is 1 MiB',
    ],
    [
      'outside the sync set',
      [config({ synchronousMode: 'on' }), keys({ sync: { leader: 'patroni1', standbys: ['patroni3'] } })],
      'is not in the sync set',
    ],
  ])('is not a member %s', (_name, changes, against) => {
    expect(new Map(rows(...changes)).get('patroni2' as never)).toContain(against);
  });

  it('cannot be said of a member whose API is silent', () => {
    expect(rows(silent('patroni2', 'api')).map(([name]) => name)).toEqual(['patroni3']);
  });

  it('keeps a replica out whose loss cannot be counted', () => {
    const view = viewOf(...dead, leaderKey(null), keys({ optimeLsn: null }));
    const [first] = candidatesFor(view, { ...CLEAN_MEMORY, positions: {} }, null);
    expect(first?.against).toContain('how far it is behind the old leader is unknown');
  });
});
