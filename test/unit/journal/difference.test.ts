import '../../support/seed.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { difference } from '../../../src/journal/difference.js';
import { measured, withValueAt } from '../../../src/journal/measured.js';
import { withDifference } from '../../../src/journal/restore.js';
import type { Plain } from '../../../src/journal/figures.js';
import { fromJson, toJson } from '../../../src/model/json.js';

const plain = (value: unknown): Plain => fromJson(toJson(value)) as Plain;

/** There and back, through the text of a line; the order of keys counts. */
function thereAndBack(base: unknown, next: unknown): void {
  const [was, is] = [plain(base), plain(next)];
  const told = fromJson(toJson(difference(was, is))) as ReturnType<typeof difference>;
  expect(toJson(withDifference(measured(was), told))).toBe(toJson(is));
}

const leaf = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    '',
    'stale',
    'fresh',
    '0/05D0001F',
    '16/B374D848',
    '00/05D0001F',
    '0/5d0001f0',
    'lsn:0/1',
    'lsn:=x',
  ),
  fc.constantFrom(0, -1, 0.25, 1e21, 1768443540000, 1768443540123, 2 ** 53 - 1, -(2 ** 53 - 1)),
  fc.constantFrom(0n, 1n, 0x5d0001f0n, 0x16b374d848n, 2n ** 60n),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.string(),
);
const key = fc.constantFrom('kind', 'value', 'atMs', 'ageMs', '=', 'k', 'n', 'r', 'd', '7', '__proto__', 'constructor');
const value = fc.letrec((tie) => ({
  any: fc.oneof({ maxDepth: 4 }, leaf, tie('list'), tie('record'), tie('rows')),
  list: fc.array(tie('any'), { maxLength: 20 }),
  record: fc.dictionary(key, tie('any'), { maxKeys: 6 }),
  rows: fc.array(fc.record({ lsn: fc.constantFrom('0/00000010', '0/00000020'), atMs: fc.nat() }), { maxLength: 40 }),
})).any;

/** One of nearly the same shape: here and there something else. */
const mutated = (base: Plain, other: Plain, seed: number): Plain => {
  let state = seed >>> 0;
  const dice = (): number => (state = (state * 1664525 + 1013904223) >>> 0) / 2 ** 32;
  const walk = (item: Plain): Plain => {
    if (dice() < 0.08) return other;
    if (typeof item === 'number' && dice() < 0.5) return item + Math.floor(dice() * 1000);
    if (typeof item === 'bigint' && dice() < 0.5) return item + 8n;
    if (Array.isArray(item)) {
      const rows = (item as Plain[]).map(walk);
      return dice() < 0.2 ? rows.slice(1) : dice() < 0.2 ? [...rows, other] : rows;
    }
    if (typeof item !== 'object' || item === null) return item;
    const rows = Object.entries(item).map(([name, child]): [string, Plain] => [name, walk(child)]);
    return Object.fromEntries(dice() < 0.1 ? rows.slice(1) : dice() < 0.1 ? [...rows, ['ageMs', 7]] : rows);
  };
  return walk(base);
};

describe('the difference between two values', () => {
  it('gives the second one back, of whatever two', () => {
    fc.assert(fc.property(value, value, thereAndBack), { numRuns: 500 });
  });

  it('gives back one that differs here and there', () => {
    fc.assert(
      fc.property(value, leaf, fc.nat(), (base, other, seed) => {
        thereAndBack(base, mutated(plain(base), plain(other), seed));
      }),
      { numRuns: 2_000 },
    );
  });

  it('keeps the order of keys, since what is decided may depend on it', () => {
    thereAndBack({ a: 1, b: 2 }, { b: 2, a: 1 });
    thereAndBack({ a: { x: 1 }, b: { x: 2 } }, { b: { x: 2 }, c: 0, a: { x: 5 } });
  });

  it('is a few letters where times and positions move on together', () => {
    const at = (ms: number, lsn: bigint) =>
      Array.from({ length: 12 }, (_, member) => ({
        name: `patroni${member}`,
        api: { kind: 'fresh', value: { lsn, text: '0/0000BEEF' }, atMs: ms + member },
      }));
    const { d, x } = difference(plain(at(1768443540000, 0x5d0001f0n)), plain(at(1768443600000, 0x5d1001f0n)));
    expect(x).toEqual([]);
    expect(d.length).toBeLessThan(60);
  });

  it('tells a list that slid on by what is new in it', () => {
    const trail = (from: number) =>
      Array.from({ length: 90 }, (_, row) => ({
        lsn: `0/${(0x1000000 + (from + row) * 16).toString(16).toUpperCase().padStart(8, '0')}`,
        atMs: 1768443540000 + (from + row) * 2000,
      }));
    const told = difference(plain(trail(0)), plain(trail(30)));
    expect(toJson(told).length).toBeLessThan(160);
    thereAndBack(trail(0), trail(30));
  });

  it('may be of a base one part of which is another: its nodes are counted as those of the whole', () => {
    fc.assert(
      fc.property(value, value, value, (before, part, after) => {
        const base = plain({ view: before, states: { since: 1, problems: part, memory: before }, rest: after });
        const changed = withValueAt(measured(base), ['states', 'problems'], plain(after));
        expect(changed).toEqual(measured(changed.value));
        expect(toJson(changed.value)).toBe(
          toJson({ view: before, states: { since: 1, problems: after, memory: before }, rest: after }),
        );
      }),
    );
  });

  it('throws on what it did not write, and never gives a value that is half right', () => {
    const base = plain({ a: 1, b: ['x', { c: 2n }] });
    for (const bad of [
      { d: 'A', x: [] },
      { d: '!', x: [] },
      { d: 'B', x: [] },
      { d: 'BB', x: [{ k: [0] }] },
      { d: 'zzzzz', x: [] },
      { d: 'AC', x: [] },
      { d: 'GC', x: [{ r: [] }] },
    ])
      expect(() => withDifference(measured(base), bad as never), bad.d).toThrow();
  });
});
