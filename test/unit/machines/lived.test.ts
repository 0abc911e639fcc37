import { describe, expect, it } from 'vitest';
import { findingsIn } from '../../../src/assess/assess.js';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import { advance, initialStates } from '../../../src/machines/reduce.js';
import type { Problem } from '../../../src/model/problem.js';
import type { States } from '../../../src/model/states.js';
import { testPolicy } from '../../support/policy.js';
import {
  CLEAN_MEMORY,
  ledgerOf,
  NOW_MS,
  observer,
  proxyServer,
  statesOf,
  viewOf,
  type Change,
} from '../../support/view.js';

const MISROUTED: Change = proxyServer('postgres_replicas', 'patroni3', { up: false, status: 'DOWN' });

/** A pass a second by the monotonic clock; the wall clock is set by `jumpMs` just before second `at`. */
function lived(seconds: number, jump: { readonly at: number; readonly byMs: number }, start?: States): States {
  const policy = testPolicy();
  const ledger = ledgerOf();
  let states = start ?? initialStates(NOW_MS, CLEAN_MEMORY);
  for (let second = 0; second <= seconds; second += 1) {
    const wallMs = NOW_MS + second * 1000 + (second >= jump.at ? jump.byMs : 0);
    const jumped = observer({ clockJumpMs: second === jump.at ? jump.byMs : 0 });
    const view = { ...viewOf(MISROUTED, jumped), atMs: wallMs };
    const memory = remember(states.memory, view);
    states = advance(states, memory, view, findingsIn({ view, memory, ledger, policy }), policy);
  }
  return states;
}

const mismatch = ({ problems }: States): Problem | undefined => problems.find(({ code }) => code === 'proxy-mismatch');

describe('a wall clock that is set', () => {
  const jumps = [30_000, 4_000, 3_600_000, -30_000, -3_600_000];

  it.each(jumps)('by %i ms ends no grace early and none late', (byMs) => {
    const calm = { at: 1_000, byMs: 0 };
    const activeAfter = (jump: typeof calm): number => {
      for (let second = 1; second < 120; second += 1)
        if (mismatch(lived(second, jump))?.phase === 'active') return second;
      return Infinity;
    };
    expect(activeAfter({ at: 5, byMs })).toBe(activeAfter(calm));
    expect(activeAfter(calm)).toBeGreaterThan(6);
  });

  it.each(jumps)('by %i ms leaves every problem as old as it is', (byMs) => {
    const states = lived(10, { at: 5, byMs });
    const nowMs = NOW_MS + 10_000 + byMs;
    expect(nowMs - (mismatch(states)?.firstSeenMs ?? 0)).toBe(10_000);
    expect(nowMs - (mismatch(states)?.lastSeenMs ?? 0)).toBe(0);
    expect(nowMs - states.dcs.sinceMs).toBe(10_000);
  });

  it.each(jumps)(
    'by %i ms: what only persists is as old as it was, and what bounds our knowledge is not touched',
    (byMs) => {
      const position = { timeline: 8, lsn: '0/3000000' as never, inRecovery: true, atMs: NOW_MS - 60_000 };
      const before = {
        ...FRESH_MEMORY,
        lastLeader: 'patroni1',
        lastLeaderChangeMs: NOW_MS - 10_000,
        creatingSinceMs: { patroni9: NOW_MS - 20_000 },
        startingMs: { patroni9: NOW_MS - 20_000 },
        replayPausedSinceMs: { patroni9: NOW_MS - 20_000 },
        positions: { patroni9: position },
        watchedMs: { patroni9: NOW_MS - 60_000 },
        lastPrimary: { patroni9: position },
      };
      const after = remember(before, { ...viewOf(observer({ clockJumpMs: byMs })), atMs: NOW_MS + byMs });
      expect(after).toMatchObject({
        lastLeaderChangeMs: NOW_MS - 10_000 + byMs,
        creatingSinceMs: { patroni9: NOW_MS - 20_000 + byMs },
        startingMs: { patroni9: NOW_MS - 20_000 + byMs },
        replayPausedSinceMs: { patroni9: NOW_MS - 20_000 + Math.min(0, byMs) },
        positions: { patroni9: position },
        watchedMs: { patroni9: NOW_MS - 60_000 },
        lastPrimary: { patroni9: position },
      });
    },
  );

  it('is not looked for in what every clock drifts by', () => {
    const states = statesOf([]);
    const view = viewOf(observer({ clockJumpMs: 400 }));
    expect(advance(states, states.memory, view, [], testPolicy()).dcs.sinceMs).toBe(states.dcs.sinceMs);
  });
});
