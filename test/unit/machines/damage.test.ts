import { describe, expect, it } from 'vitest';
import { readDamage } from '../../../src/assess/damage-lines.js';
import { rememberDamage } from '../../../src/machines/damage.js';
import { FRESH_MEMORY } from '../../../src/machines/memory.js';
import { fresh } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import { all, api, member, NOW_MS, viewOf, type Change } from '../../support/view.js';

const DAY_MS = 86_400_000;
const NAME = 'patroni2';
const utc = (ms: number): string => new Date(ms).toISOString().replace('T', ' ').replace('Z', ' UTC');
const line = (ms: number, block = 7): string =>
  `${utc(ms)} [42] ERROR:  invalid page in block ${block} of relation base/5/16384`;
const log = (readMs: number, ...lines: readonly string[]): Change =>
  member(NAME, () => ({ damage: fresh(readDamage(lines), readMs, 'log') }));
const copying = api(NAME, { state: 'creating-replica' });
const aside =
  (ms: number): Change =>
  (view) => ({
    ...view,
    asides: {
      [NAME]: fresh(
        [{ name: `data.ekimi-${new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')}`, path: '/x', bytes: null }],
        ms,
        'asides',
      ),
    },
  });

/** Passes one after the other, each at its time. */
function after(...passes: readonly (readonly [ms: number, ...changes: readonly Change[]])[]): Memory {
  let memory = FRESH_MEMORY;
  for (const [ms, ...changes] of passes) {
    const view = { ...viewOf(all(...changes)), atMs: ms };
    memory = { ...memory, ...rememberDamage(memory, view) };
  }
  return memory;
}
const marksIn = (memory: Memory) => memory.damage?.[NAME]?.marks ?? [];

describe('a page that the log of a member says cannot be read', () => {
  it('stands after the line has left the window in which the log is read, since its first line', () => {
    const memory = after(
      [NOW_MS, log(NOW_MS, line(NOW_MS - 5_000))],
      [NOW_MS + 60_000, log(NOW_MS + 60_000, line(NOW_MS + 50_000))],
      [NOW_MS + DAY_MS, log(NOW_MS + DAY_MS)],
    );
    expect(marksIn(memory)).toMatchObject([
      { relation: 'base/5/16384', block: '7', firstMs: NOW_MS - 5_000, lastMs: NOW_MS + 50_000 },
    ]);
  });

  it('is not made of a line that nobody counts any more, nor of one without a time just after the copy was another one', () => {
    const old = after([NOW_MS, log(NOW_MS, line(NOW_MS - 8 * DAY_MS))]);
    expect(marksIn(old)).toEqual([]);
    const late = line(NOW_MS, 9).replace('UTC', 'CET');
    const memory = after([NOW_MS, copying], [NOW_MS + 60_000, log(NOW_MS + 60_000, late)]);
    expect(marksIn(memory)).toEqual([]);
    const again = after([NOW_MS, copying], [NOW_MS + 300_000, log(NOW_MS + 300_000, late)]);
    expect(marksIn(again)).toMatchObject([{ block: '9' }]);
  });

  it.each([
    { how: 'it is being copied', settled: copying },
    { how: 'its old directory was moved aside', settled: aside(NOW_MS + 1_000) },
  ])('is forgotten once $how, also where the log still has the line', ({ settled }) => {
    const lines = [line(NOW_MS - 5_000), line(NOW_MS - 4_000).replace('UTC', 'CET')];
    const memory = after(
      [NOW_MS, log(NOW_MS, ...lines)],
      [NOW_MS + 2_000, settled],
      [NOW_MS + 60_000, log(NOW_MS + 60_000, ...lines)],
    );
    expect(marksIn(memory)).toEqual([]);
  });

  it('is found again in the new copy where a new line says so', () => {
    const memory = after(
      [NOW_MS, log(NOW_MS, line(NOW_MS))],
      [NOW_MS + 2_000, copying],
      [NOW_MS + 60_000, log(NOW_MS + 60_000, line(NOW_MS + 50_000))],
    );
    expect(marksIn(memory)).toMatchObject([{ firstMs: NOW_MS + 50_000 }]);
  });

  it('is of that member alone', () => {
    expect(Object.keys(after([NOW_MS, log(NOW_MS, line(NOW_MS))]).damage ?? {})).toEqual([NAME]);
  });

  it('ends after seven days without such a line, and no more than eight places are kept', () => {
    const lines = Array.from({ length: 12 }, (_, block) => line(NOW_MS, block));
    expect(marksIn(after([NOW_MS, log(NOW_MS, ...lines)]))).toHaveLength(8);
    expect(marksIn(after([NOW_MS, log(NOW_MS, ...lines)], [NOW_MS + 8 * DAY_MS]))).toEqual([]);
  });

  it('is never dated later than it was read, whatever the clock of the member says', () => {
    const memory = after([NOW_MS, log(NOW_MS, line(NOW_MS + DAY_MS))]);
    expect(marksIn(memory)).toMatchObject([{ firstMs: NOW_MS, lastMs: NOW_MS }]);
  });
});
