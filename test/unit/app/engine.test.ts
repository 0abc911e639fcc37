import { describe, expect, it, vi } from 'vitest';
import { hasFewPasses, keepSmall, leaveOutOptimizer, optimize } from '../../../src/app/engine.js';

describe('V8', () => {
  it('has few passes to run for up to three clusters a second', () => {
    expect(hasFewPasses([2_000])).toBe(true);
    expect(hasFewPasses([1_000, 1_000, 1_000])).toBe(true);
    expect(hasFewPasses(Array.from({ length: 50 }, () => 1_000))).toBe(false);
    expect(hasFewPasses([250])).toBe(false);
  });

  it('optimizes nothing, and again as it does by itself', () => {
    const set: string[] = [];
    const setFlags = (flags: string): void => void set.push(flags);
    leaveOutOptimizer(setFlags);
    optimize(setFlags);
    expect(set).toEqual(['--max-optimized-bytecode-size=0', '--max-optimized-bytecode-size=61440']);
  });

  it('collects what only the start needed twice, then only what has grown by 2 MB', () => {
    vi.useFakeTimers();
    const collect = vi.fn();
    let bytes = 20_000_000;
    keepSmall({ collect, oldBytes: () => bytes }, 1_000);
    vi.advanceTimersByTime(999);
    expect(collect).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(collect).toHaveBeenCalledTimes(2);
    bytes = 21_999_999;
    vi.advanceTimersByTime(100_000);
    expect(collect).toHaveBeenCalledTimes(2);
    bytes = 22_000_000;
    vi.advanceTimersByTime(1_000);
    expect(collect).toHaveBeenCalledTimes(3);
    bytes = 23_999_999;
    vi.advanceTimersByTime(100_000);
    expect(collect).toHaveBeenCalledTimes(3);
    vi.useRealTimers();
  });

  it('can be told to collect', async () => {
    const refOfSomething = (): WeakRef<object> => new WeakRef({ text: 'nobody holds it' });
    const gone = refOfSomething();
    keepSmall(undefined, 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(gone.deref()).toBeUndefined();
    expect('gc' in globalThis).toBe(false);
  });
});
