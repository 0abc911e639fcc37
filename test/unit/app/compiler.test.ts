import { describe, expect, it } from 'vitest';
import { leaveOutOptimizer } from '../../../src/app/compiler.js';

const flagsFor = (...periodsMs: readonly number[]): readonly string[] => {
  const set: string[] = [];
  expect(leaveOutOptimizer(periodsMs, (flags) => set.push(flags))).toBe(set.length > 0);
  return set;
};

describe("V8's optimizing compiler", () => {
  it('is left out of a daemon of few passes a second', () => {
    expect(flagsFor(2_000)).toEqual(['--max-optimized-bytecode-size=0']);
    expect(flagsFor(1_000, 1_000, 1_000)).toHaveLength(1);
  });

  it('is at work in one of many', () => {
    expect(flagsFor(...Array.from({ length: 50 }, () => 1_000))).toEqual([]);
    expect(flagsFor(250)).toEqual([]);
  });
});
