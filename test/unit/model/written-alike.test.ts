import '../../support/seed.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areWrittenAlike, toJson } from '../../../src/model/json.js';

const leaf = fc.oneof(
  fc.string({ maxLength: 2 }),
  fc.constantFrom('lsn:0/1', 'lsn:=lsn:0/1', null, undefined, true, false, 0, -0, 1, NaN, 1n, 2n),
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, leaf, tie('list'), tie('record')),
  list: fc.array(tie('value'), { maxLength: 3 }),
  record: fc.dictionary(fc.constantFrom('a', 'b', '__proto__', '1'), tie('value'), { maxKeys: 3 }),
}));

describe('two values are written alike', () => {
  it('exactly where their texts are the same', () => {
    fc.assert(
      fc.property(anything, anything, (left, right) => {
        expect(areWrittenAlike(left, right)).toBe(toJson(left) === toJson(right));
        expect(areWrittenAlike(left, structuredClone(left))).toBe(true);
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it.each([
    ['keys in another order', { a: 1, b: 2 }, { b: 2, a: 1 }, false],
    ['a key without a value beside none', { a: 1, b: undefined }, { a: 1 }, true],
    ['a list and a record', [1], { 0: 1 }, false],
    ['one longer list', [1, 2], [1], false],
    ['a position and its text', { at: 1n }, { at: 'lsn:0/1' }, false],
    ['a hole and a value', { at: [, 5] }, { at: [5, 5] }, false],
    ['what writes itself', new Date(5), new Date(6), false],
    ['deep down', { a: [{ b: { c: 1 } }] }, { a: [{ b: { c: 2 } }] }, false],
  ])('%s', (_, left, right, isAlike) => {
    expect(areWrittenAlike(left, right)).toBe(isAlike);
    expect(areWrittenAlike(right, left)).toBe(isAlike);
  });
});
