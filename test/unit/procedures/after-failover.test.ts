import { describe, expect, it } from 'vitest';
import { runInput } from '../../../src/decide/run-left.js';
import { asideSuffix } from '../../../src/model/aside.js';
import { notConfigured, fresh, unknown, type Reading } from '../../../src/model/reading.js';
import { afterFailover } from '../../../src/procedures/after-failover.js';
import { CLEAN_MEMORY, damaged, inputOf, NOW_MS, stopped, viewOf, type Change } from '../../support/view.js';

const OLD = 'patroni3';
const memory = {
  ...CLEAN_MEMORY,
  formerLeader: OLD,
  lastPrimary: { [OLD]: { timeline: 7, lsn: '0/5000000', atMs: NOW_MS - 60_000 } },
};
const late: Reading<never> = unknown('timeout', 'the list has not come', NOW_MS, 'asides');
const cannot: Reading<never> = unknown('bad-reply', 'the data directory lies in no volume', NOW_MS, 'asides');
const listed =
  (reading: Reading<never> | Reading<readonly []>): Change =>
  (view) => ({
    ...view,
    asides: { [OLD]: reading },
  });
const at = (confirmed: readonly string[], ...changes: readonly Change[]) => ({
  ...runInput(inputOf([], { view: viewOf(...changes), memory }), {}),
  confirmed,
});
const ask = { member: OLD, candidate: null, parameters: {}, back: false } as never;
const goalOf = (reading: Parameters<typeof listed>[0], parameters: Readonly<Record<string, string>> = {}) =>
  afterFailover.goal(at([], damaged(OLD), listed(reading)), { ...(ask as object), parameters } as never);
const suffixFor = (reading: Parameters<typeof listed>[0]): unknown => {
  const found = goalOf(reading);
  return found.kind === 'goal' ? found.goal.suffix : found.why;
};

describe('what becomes of the old directory where nothing was said', () => {
  it.each<readonly [string, Parameters<typeof listed>[0], string | null]>([
    ['can be moved', fresh([] as const, NOW_MS, 'asides'), asideSuffix(NOW_MS)],
    ['has not been looked at yet: nothing is destroyed for that', late, asideSuffix(NOW_MS)],
    ['cannot be moved, by its host driver', cannot, null],
    ['has no host driver that could', notConfigured('asides', NOW_MS), null],
  ])('one that %s', (_what, reading, suffix) => {
    expect(suffixFor(reading)).toBe(suffix);
  });

  it('what finishes it names what it did', () => {
    const onward = (reading: Parameters<typeof listed>[0]): string => {
      const found = goalOf(reading);
      if (found.kind !== 'goal') throw new Error(found.why);
      return afterFailover.onward(at([], damaged(OLD)), found.goal);
    };
    expect(onward(late)).toBe(`ekimi run-procedure after-failover ${OLD}`);
    expect(onward(cannot)).toBe(`ekimi run-procedure after-failover ${OLD} --set old=delete`);
  });

  it('it is taken at its word where it cannot be', () => {
    expect(goalOf(cannot, { old: 'aside' })).toMatchObject({
      kind: 'refused',
      why: `the data directory of ${OLD} cannot be moved aside by its host driver: --set old=delete`,
    });
    expect(goalOf(late, { old: 'aside' }).kind).toBe('goal');
  });
});

describe('a member whose list has not come when its copy is given up', () => {
  const goal = { member: OLD, sinceMs: NOW_MS, acceptLoss: null, suffix: asideSuffix(NOW_MS) };
  const given = [`give up ${OLD}`];

  it('is not stopped: what comes after that is not known to be possible', () => {
    expect(afterFailover.refuse(at(given, damaged(OLD), listed(late)), goal)).toContain(
      `what lies aside of ${OLD} is not read yet`,
    );
  });

  it('is not waited for where it is stopped already', () => {
    expect(afterFailover.refuse(at(given, stopped(OLD), listed(late)), goal) ?? '').not.toContain('not read yet');
  });
});
