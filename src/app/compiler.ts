import { setFlagsFromString } from 'node:v8';

/** From so many passes a second on, optimized code earns what it cost. */
const MANY_PASSES_A_SECOND = 4;

/** V8 optimizes functions of up to so many bytes of bytecode: none, where the compiler does not pay. */
const OPTIMIZE_NOTHING = '--max-optimized-bytecode-size=0';

/**
 * A daemon of few clusters runs each of its functions some times a second: V8's optimizing compiler is then at work on one or the other of them
 * for hours, for code that hardly runs, and keeps it, with what it was made of, in memory. Without it a pass costs a sixth less and the process
 * holds 12 MB less (docs/benchmarks.md); a daemon of many clusters is faster with it. `periodsMs`: that of each cluster. Returns whether it was
 * left out.
 */
export function leaveOutOptimizer(
  periodsMs: readonly number[],
  setFlags: (flags: string) => void = setFlagsFromString,
): boolean {
  const passesASecond = periodsMs.reduce((sum, periodMs) => sum + 1_000 / periodMs, 0);
  if (passesASecond >= MANY_PASSES_A_SECOND) return false;
  setFlags(OPTIMIZE_NOTHING);
  return true;
}
