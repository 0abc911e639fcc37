import { setFlagsFromString } from 'node:v8';

/** From so many passes a second on, optimized code earns what it cost. */
const MANY_PASSES_A_SECOND = 4;

/** V8 optimizes functions of up to so many bytes of bytecode: none, or as it does by itself. */
const flagOf = (bytes: number): string => `--max-optimized-bytecode-size=${bytes}`;
const NOTHING = flagOf(0);
const AS_BY_ITSELF = flagOf(60 * 1024);

type SetFlags = (flags: string) => void;

/**
 * A daemon of few clusters runs each of its functions some times a second: V8's optimizing compiler is then at work on one or the other of them
 * for hours, for code that hardly runs, and keeps what that takes in memory. Without it a pass costs a tenth less and the process holds some 10 MB
 * less (docs/benchmarks.md). Left out before the daemon is loaded, which is when the compiler would take its memory.
 */
export function leaveOutOptimizer(setFlags: SetFlags = setFlagsFromString): void {
  setFlags(NOTHING);
}

/** Once it is known how often there are passes: a daemon of many clusters is faster with it. `periodsMs`: that of each. */
export function optimizeForMany(periodsMs: readonly number[], setFlags: SetFlags = setFlagsFromString): void {
  const passesASecond = periodsMs.reduce((sum, periodMs) => sum + 1_000 / periodMs, 0);
  if (passesASecond >= MANY_PASSES_A_SECOND) setFlags(AS_BY_ITSELF);
}
