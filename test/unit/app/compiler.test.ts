import { describe, expect, it } from 'vitest';
import { leaveOutOptimizer, optimizeForMany } from '../../../src/app/compiler.js';

const flagsFor = (...periodsMs: readonly number[]): readonly string[] => {
  const set: string[] = [];
  const setFlags = (flags: string): void => void set.push(flags);
  leaveOutOptimizer(setFlags);
  optimizeForMany(periodsMs, setFlags);
  return set;
};

const OUT = '--max-optimized-bytecode-size=0';
const BACK = '--max-optimized-bytecode-size=61440';

describe("V8's optimizing compiler", () => {
  it('is left out of a daemon of few passes a second', () => {
    expect(flagsFor(2_000)).toEqual([OUT]);
    expect(flagsFor(1_000, 1_000, 1_000)).toEqual([OUT]);
  });

  it('is at work in one of many', () => {
    expect(flagsFor(...Array.from({ length: 50 }, () => 1_000))).toEqual([OUT, BACK]);
    expect(flagsFor(250)).toEqual([OUT, BACK]);
  });
});
