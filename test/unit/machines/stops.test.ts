import { describe, expect, it } from 'vitest';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import type { PatroniStatus, PostgresState } from '../../../src/model/patroni.js';
import { fresh, freshValue } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import { member, NOW_MS, observer, silent, viewOf, type Change } from '../../support/view.js';

const says = (state: PostgresState): Change =>
  member('patroni3', ({ api }) => ({ api: fresh({ ...(freshValue(api) as PatroniStatus), state }, NOW_MS, 'api') }));

/** A pass a second, each with what Patroni on patroni3 says then. */
const after = (changes: readonly Change[], before: Memory = FRESH_MEMORY): Memory =>
  changes.reduce(
    (memory, change, second) => remember(memory, { ...viewOf(change), atMs: NOW_MS + second * 1000 }),
    before,
  );

describe('the last time in which PostgreSQL did not run', () => {
  it('begins with the first pass that says so and ends with the first in which it runs', () => {
    const down = [says('running'), says('restarting'), says('starting')];
    expect(after(down).stops?.['patroni3']).toEqual({ fromMs: NOW_MS + 1000, toMs: null });
    expect(after([...down, says('running')]).stops?.['patroni3']).toEqual({
      fromMs: NOW_MS + 1000,
      toMs: NOW_MS + 3000,
    });
  });

  it('is the last of several', () => {
    const memory = after([says('stopping'), says('running'), says('running'), says('stopped')]);
    expect(memory.stops?.['patroni3']).toEqual({ fromMs: NOW_MS + 3000, toMs: null });
  });

  it('is neither begun nor ended by silence, nor by a state that tells nothing', () => {
    const quiet = [silent('patroni3', 'api'), says('unknown')];
    expect(after(quiet).stops?.['patroni3']).toBeUndefined();
    expect(after([says('stopping'), ...quiet]).stops?.['patroni3']).toEqual({ fromMs: NOW_MS, toMs: null });
  });

  it('is moved with the clock as what was sent is: forward, and never back', () => {
    const before = { ...FRESH_MEMORY, stops: { gone: { fromMs: NOW_MS - 9000, toMs: NOW_MS - 4000 } } };
    const at = (byMs: number) =>
      remember(before, { ...viewOf(observer({ clockJumpMs: byMs })), atMs: NOW_MS + byMs }).stops?.['gone'];
    expect(at(3_600_000)).toEqual({ fromMs: NOW_MS + 3_591_000, toMs: NOW_MS + 3_596_000 });
    expect(at(-3_600_000)).toEqual(before.stops.gone);
  });
});
