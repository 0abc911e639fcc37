import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** From so many passes a second on, optimized code earns what it cost. */
const MANY_PASSES_A_SECOND = 4;

/** V8 optimizes functions of up to so many bytes of bytecode: none, or as it does by itself. */
const flagOf = (bytes: number): string => `--max-optimized-bytecode-size=${bytes}`;
const NOTHING = flagOf(0);
const AS_BY_ITSELF = flagOf(60 * 1024);

type SetFlags = (flags: string) => void;

/**
 * A daemon of few clusters runs each of its functions some times a second: V8's optimizing compiler is then at work on one or the other of them
 * for long, for code that hardly runs, and keeps what that takes in memory. Without it a pass costs a tenth less and the process holds some 10 MB
 * less (docs/benchmarks.md). Left out before the daemon is loaded, which is when the compiler would take its memory.
 */
export function leaveOutOptimizer(setFlags: SetFlags = setFlagsFromString): void {
  setFlags(NOTHING);
}

/** Until all sources, the seldom ones too, have been asked once, and what is loaded with its first use is loaded. */
const LOOKED_AT_EVERY_MS = 20_000;

/** V8 lets old space grow by 8 MB and more before it collects it by itself. */
const MOST_GROWTH_BYTES = 2_000_000;

/** What an engine shows of itself and can be told. */
export interface Engine {
  readonly collect: () => void;
  readonly oldBytes: () => number;
}

/**
 * Keeps a daemon of few clusters small. What only the start needed, and later what a pass left that outlived two collections of young space, lies in
 * memory until V8 next collects old space: for minutes or hours, where little is made. It is collected once after the start (twice, since what the
 * first time lets go of is free only with the second), then whenever old space has grown by 2 MB: some 40 ms, every few minutes.
 */
export function keepSmall(engine: Engine = { collect: collector(), oldBytes }, everyMs = LOOKED_AT_EVERY_MS): void {
  let leastBytes: number | null = null;
  setInterval(() => {
    const { collect } = engine;
    if (leastBytes !== null && engine.oldBytes() - leastBytes < MOST_GROWTH_BYTES) return;
    collect();
    if (leastBytes === null) collect();
    leastBytes = engine.oldBytes();
  }, everyMs).unref();
}

const oldBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'old_space')?.space_used_size ?? 0;

function collector(): () => void {
  // Each is asked for by itself, since `gc` is there only in a context that is made behind the flag.
  return () => {
    try {
      setFlagsFromString('--expose-gc');
      (runInNewContext('gc') as () => void)();
      setFlagsFromString('--no-expose-gc');
    } catch {
      // It is about memory alone: an engine that has no such function must not end the daemon.
    }
  };
}

/**
 * Once it is known how often there are passes: a daemon of many clusters is faster with the compiler, and has no moment to stop in. `periodsMs`: that
 * of each. Returns whether they are few.
 */
export function hasFewPasses(periodsMs: readonly number[]): boolean {
  return periodsMs.reduce((sum, periodMs) => sum + 1_000 / periodMs, 0) < MANY_PASSES_A_SECOND;
}

/** As V8 does by itself. */
export function optimize(setFlags: SetFlags = setFlagsFromString): void {
  setFlags(AS_BY_ITSELF);
}
