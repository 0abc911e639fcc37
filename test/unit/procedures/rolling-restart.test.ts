import { describe, expect, it } from 'vitest';
import { runInput } from '../../../src/decide/run-left.js';
import { isAgreed } from '../../../src/decide/runs.js';
import { STAGED } from '../../../src/procedures/index.js';
import { hostBegan, HOSTS_OLD } from '../../support/staged/rolling-restart.js';
import {
  api,
  host,
  inputOf,
  isPrimary,
  lags,
  leaderKey,
  NOW_MS,
  notStreaming,
  silent,
  stopped,
  viewOf,
  type Change,
} from '../../support/view.js';

const procedure = STAGED['rolling-restart'];
const HOUR_MS = 3_600_000;
const began = (name: string, atMs: number): Change => api(name, { postmasterStartedAtMs: atMs });
const OLD = ['patroni1', 'patroni2', 'patroni3'].map((name) => began(name, NOW_MS - HOUR_MS));
const at = (...changes: readonly Change[]) => runInput(inputOf([], { view: viewOf(...OLD, ...changes) }), {});

function goalAt(back = false, ...changes: readonly Change[]): Record<string, unknown> {
  const found = procedure.goal(at(...changes), { member: null, candidate: null, parameters: {}, back });
  if (found.kind === 'refused') throw new Error(found.why);
  return found.goal;
}

const keys = (goal: Record<string, unknown>, ...changes: readonly Change[]): readonly string[] =>
  [...procedure.remaining(at(...changes), goal)].map(({ key }) => key);

describe('what is left of a rolling restart', () => {
  it('is every replica, the one furthest behind first, then the leader', () => {
    expect(keys(goalAt())).toEqual([
      'restart-member patroni2',
      'restart-member patroni3',
      'switchover from patroni1',
      'restart-member patroni1',
    ]);
    const behind = lags('patroni3', 5_000_000);
    expect(keys(goalAt(false, behind), behind).slice(0, 2)).toEqual([
      'restart-member patroni3',
      'restart-member patroni2',
    ]);
  });

  it('leaves out whoever was restarted by hand, whatever its clock says', () => {
    expect(keys(goalAt(), began('patroni3', NOW_MS - 2 * HOUR_MS))).not.toContain('restart-member patroni3');
  });

  it('is something else after a failover: then it is no part of what was agreed', () => {
    const goal = goalAt();
    const left = keys(goal, leaderKey('patroni2'), isPrimary('patroni2'), began('patroni1', NOW_MS));
    expect(left).toEqual(['restart-member patroni3', 'switchover from patroni2', 'restart-member patroni2']);
    expect(isAgreed(left, keys(goal))).toBe(false);
  });
});

describe('a rolling restart waits', () => {
  it.each([
    ['nobody leads', [leaderKey(null)], 'nobody leads'],
    [
      'nobody says when a member was started',
      [silent('patroni3', 'api'), silent('patroni3', 'sql')],
      'nobody says when PostgreSQL on patroni3 was started',
    ],
  ] as const)('while %s', (_, changes, why) => {
    expect(procedure.refuse(at(...changes), goalAt())).toBe(why);
  });

  it('for nothing in a cluster that is well', () => {
    expect(procedure.refuse(at(), goalAt())).toBeNull();
  });
});

describe('a rolling restart of Patroni itself', () => {
  const patroni = (...changes: readonly Change[]) => at(HOSTS_OLD, ...changes);
  const ask = { member: null, candidate: null, parameters: { what: 'patroni' }, back: false };
  const goal = (): Record<string, unknown> => {
    const found = procedure.goal(patroni(), ask);
    if (found.kind === 'refused') throw new Error(found.why);
    return found.goal;
  };
  const left = (...changes: readonly Change[]) =>
    [...procedure.remaining(patroni(...changes), goal())].map(({ key }) => key);

  it('stops, starts and waits for each replica, then hands over, then the former leader', () => {
    const of = (name: string) => [`stop-member ${name}`, `start-member ${name}`, `streams ${name}`];
    expect(left()).toEqual([...of('patroni2'), ...of('patroni3'), 'switchover from patroni1', ...of('patroni1')]);
  });

  it('starts one that is down, whoever stopped it, before it touches the next', () => {
    expect(left(stopped('patroni2'))).toEqual(['start-member patroni2']);
    expect(procedure.leaves(patroni(stopped('patroni2')), goal())).toContain('patroni2 is stopped');
    expect(procedure.onward(patroni(stopped('patroni2')), goal())).toContain(
      'ekimi run-procedure start-member patroni2, then ekimi run-procedure rolling-restart --set what=patroni',
    );
  });

  it('waits where another one than that which it restarts does not stream, and not for that one', () => {
    expect(procedure.refuse(patroni(stopped('patroni2')), goal())).toBeNull();
    expect(procedure.refuse(patroni(hostBegan('patroni2', NOW_MS), notStreaming('patroni2')), goal())).toBeNull();
    const begun = hostBegan('patroni2', NOW_MS);
    expect(procedure.refuse(patroni(begun, notStreaming('patroni3')), goal())).toBe('patroni3 does not stream');
    // The start of one that is down waits for nobody: it may be needed.
    expect(procedure.refuse(patroni(stopped('patroni2'), notStreaming('patroni3')), goal())).toBeNull();
  });

  it('is refused where no host driver says since when a member runs, and for another part', () => {
    expect(procedure.goal(patroni(host('patroni3', { startedAtMs: null })), ask)).toEqual({
      kind: 'refused',
      why: 'nobody says when Patroni on patroni3 was started: its host driver has to, so that its restart could not be seen',
    });
    expect(procedure.goal(patroni(), { ...ask, parameters: { what: 'etcd' } })).toEqual({
      kind: 'refused',
      why: 'what is "etcd": it is postgresql or patroni',
    });
  });

  it('is refused where one is stopped already, before anything is stopped', () => {
    expect(procedure.goal(patroni(stopped('patroni3')), ask)).toMatchObject({
      kind: 'refused',
      why: expect.stringContaining('patroni3 is stopped') as string,
    });
  });

  it('is of PostgreSQL in a run that an older version began', () => {
    const { what, ...older } = goal();
    expect(what).toBe('patroni');
    expect(procedure.shape.parse(older)).toMatchObject({ what: 'postgresql' });
  });
});

describe('what was agreed', () => {
  it.each([
    [[], ['a', 'b'], true],
    [['b'], ['a', 'b'], true],
    [['a', 'c'], ['a', 'b', 'c'], true],
    [['b', 'a'], ['a', 'b'], false],
    [['a', 'a'], ['a', 'b'], false],
    [['d'], ['a', 'b'], false],
  ])('%j of %j: %s', (left, agreed, expected) => {
    expect(isAgreed(left, agreed)).toBe(expected);
  });
});
