import { describe, expect, it } from 'vitest';
import { readDamage } from '../../../src/assess/damage-lines.js';
import { livedMemory } from '../../../src/machines/lived.js';
import { rememberDamage } from '../../../src/machines/damage.js';
import { FRESH_MEMORY } from '../../../src/machines/memory.js';
import type { CheckedPlaces, DataCheck } from '../../../src/model/data-check.js';
import { fresh } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import { all, api, member, NOW_MS, observer, viewOf, type Change } from '../../support/view.js';

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

type Pass = readonly [ms: number, ...changes: readonly Change[]];

/** Passes one after the other, each at its time. */
function after(...passes: readonly Pass[]): Memory {
  let memory = FRESH_MEMORY;
  for (const [ms, ...changes] of passes) {
    const view = { ...viewOf(all(...changes)), atMs: ms };
    memory = livedMemory(memory, view);
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

const FILE = 'base/5/16384';
const clean = (startedMs: number, places?: Partial<CheckedPlaces>, part: Partial<DataCheck> = {}): Change =>
  member(NAME, () => ({
    check: fresh(
      {
        by: 'dba',
        database: null,
        startedMs,
        endedMs: startedMs + 500,
        findings: [],
        found: 0,
        gaps: [],
        ...(places && { places: { read: [], gone: [], ...places } }),
        ...part,
      },
      startedMs + 1_000,
      'check',
    ),
  }));
const says = (ms: number, message: string): string => `${utc(ms)} [42] ERROR:  ${message}`;

describe('a check that finds nothing', () => {
  const CHECKED_MS = NOW_MS + 10_000;
  const afterCheck = (lines: readonly string[], check: Change, ...more: readonly Pass[]) =>
    marksIn(after([NOW_MS, log(NOW_MS, ...lines)], [NOW_MS + 12_000, check], ...more)).map(({ text }) => text);

  it.each<readonly [string, string, Partial<CheckedPlaces>]>([
    ['a page of a table that it has read', `invalid page in block 7 of relation ${FILE}`, { read: [FILE] }],
    ['an index that it has read', 'index "t_idx" contains corrupted page at block 3', { read: ['t_idx'] }],
    [
      'a table beside its text',
      'missing chunk number 0 for toast value 7 in pg_toast_16384',
      { read: ['pg_toast_16384'] },
    ],
    ['a row older than its table may have', 'found xmin 5 from before relfrozenxid 700', {}],
    ['a file that is of no relation any more', `invalid page in block 7 of relation ${FILE}`, { gone: [FILE] }],
    [
      'one that is gone with its relation',
      `could not open file "${FILE}": No such file or directory`,
      { gone: [FILE] },
    ],
  ])('settles %s', (_name, message, places) => {
    const lines = [says(NOW_MS - 5_000, message)];
    expect(afterCheck(lines, all())).toHaveLength(1);
    expect(afterCheck(lines, clean(CHECKED_MS, places))).toEqual([]);
    // The line stands in the log for some minutes more.
    const again = afterCheck(lines, clean(CHECKED_MS, places), [NOW_MS + 60_000, log(NOW_MS + 60_000, ...lines)]);
    expect(again).toEqual([]);
  });

  it.each<readonly [string, string, Partial<CheckedPlaces> | undefined]>([
    ['a page of what it does not read', `invalid page in block 7 of relation ${FILE}`, { read: ['base/5/9'] }],
    ['where nobody could ask what it has read', `invalid page in block 7 of relation ${FILE}`, undefined],
    ['a page that was emptied', `invalid page in block 7 of relation ${FILE}; zeroing out page`, { read: [FILE] }],
    [
      'a file that was cut short',
      `could not read block 7 in file "${FILE}": read only 0 of 8192 bytes`,
      { read: [FILE] },
    ],
    [
      'a part of a file that is gone',
      `could not open file "${FILE}.1": No such file or directory`,
      { read: [`${FILE}.1`] },
    ],
    [
      'a copy that did not verify',
      `checksum verification failed in file "./${FILE}", block 7: calculated AB but expected CD`,
      { read: [FILE] },
    ],
    ['a page without a place', 'page verification failed, calculated checksum 1 but expected 2', { read: [FILE] }],
  ])('keeps %s', (_name, message, places) => {
    expect(afterCheck([says(NOW_MS - 5_000, message)], clean(CHECKED_MS, places))).toHaveLength(1);
  });

  it('settles the warning that came with a page that it has read, and no other', () => {
    const warning = (ms: number) => says(ms, 'page verification failed, calculated checksum 1 but expected 2');
    const page = says(NOW_MS - 5_000, `invalid page in block 7 of relation ${FILE}`);
    const check = clean(CHECKED_MS, { read: [FILE] });
    expect(afterCheck([warning(NOW_MS - 5_100), page], check)).toEqual([]);
    expect(afterCheck([warning(NOW_MS - 8_000), page], check)).toHaveLength(1);
  });

  it('keeps what was said after it began, and what is said later', () => {
    const check = clean(CHECKED_MS, { read: [FILE] });
    const later = [NOW_MS + 60_000, log(NOW_MS + 60_000, line(NOW_MS + 50_000))] as const;
    expect(afterCheck([line(NOW_MS - 5_000)], check, later)).toHaveLength(1);
  });

  it.each<readonly [string, Partial<DataCheck>]>([
    ['one database alone', { database: 'app' }],
    ['all but what it names', { gaps: ['database app was not checked'] }],
  ])('of %s settles nothing', (_name, part) => {
    expect(afterCheck([line(NOW_MS - 5_000)], clean(CHECKED_MS, { read: [FILE] }, part))).toHaveLength(1);
  });
});

describe('marks of damage where our clock is set', () => {
  const YEAR_MS = 365 * DAY_MS;
  const marked = [NOW_MS, log(NOW_MS, line(NOW_MS - 5_000))] as const;

  it.each([-YEAR_MS, -60_000, 60_000, YEAR_MS])('by %i ms stay, and end seven days later', (byMs) => {
    const set = [NOW_MS + byMs, observer({ clockJumpMs: byMs })] as const;
    expect(marksIn(after(marked, set))).toMatchObject([{ lastMs: NOW_MS - 5_000 + byMs }]);
    expect(marksIn(after(marked, set, [NOW_MS + byMs + 8 * DAY_MS]))).toEqual([]);
  });

  it('back before our start stay, and end seven days later', () => {
    const now = NOW_MS - YEAR_MS;
    expect(marksIn(after(marked, [now]))).toMatchObject([{ lastMs: now }]);
    expect(marksIn(after(marked, [now], [now + 8 * DAY_MS]))).toEqual([]);
  });

  it.each([
    { how: 'while we run', jump: observer({ clockJumpMs: -YEAR_MS }) },
    { how: 'before our start', jump: all() },
  ])('back $how do not hide what is said from then on', ({ jump }) => {
    const now = NOW_MS - YEAR_MS;
    const memory = after([NOW_MS, copying], [now, jump], [now + 600_000, log(now + 600_000, line(now + 590_000))]);
    expect(marksIn(memory)).toHaveLength(1);
  });

  it('on, which may have been a sleep, do not hide what was said meanwhile', () => {
    const memory = after(
      [NOW_MS, copying],
      [NOW_MS + DAY_MS, observer({ clockJumpMs: DAY_MS }), log(NOW_MS + DAY_MS, line(NOW_MS + DAY_MS - 60_000))],
    );
    expect(marksIn(memory)).toHaveLength(1);
  });

  it('back are not settled by a check or a directory of a time that has not come', () => {
    const now = NOW_MS - YEAR_MS;
    const steps = [marked, [now, observer({ clockJumpMs: -YEAR_MS })]] as const;
    expect(marksIn(after(...steps, [now + 1_000, clean(NOW_MS, { read: [FILE] })]))).toHaveLength(1);
    expect(marksIn(after(...steps, [now + 1_000, aside(NOW_MS)]))).toHaveLength(1);
  });
});
