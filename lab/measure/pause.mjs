// The shell's only ways to wait. Every wait of a run has a deadline and ends when the run is aborted.
import { setTimeout as sleepFor } from 'node:timers/promises';

/** Wall clock in milliseconds with fractions, taken from the monotonic one: differences are true even if the wall clock is set. */
export const nowMs = () => performance.timeOrigin + performance.now();

/** Resolves after `ms`; rejects when `signal` aborts. */
export const sleep = (ms, signal) => sleepFor(ms, undefined, { signal });

/**
 * Asks until the answer is true.
 * @param {string} what the condition in words, for the error
 * @param {() => Promise<boolean> | boolean} ask a rejection counts as "not yet"
 * @param {{ withinMs: number, everyMs?: number, signal?: AbortSignal }} options
 * @returns {Promise<void>} rejects with "deadline: ..." after `withinMs`
 */
export async function until(what, ask, { withinMs, everyMs = 300, signal }) {
  const deadline = performance.now() + withinMs;
  let last = '';
  for (;;) {
    signal?.throwIfAborted();
    try {
      if (await ask()) return;
      last = '';
    } catch (error) {
      last = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() >= deadline)
      throw new Error(`deadline: not within ${Math.round(withinMs / 1000)} s: ${what}${last}`);
    await sleep(everyMs, signal);
  }
}
