import type { Clock } from '../ports/clock.js';

const EVERY_MS = 250;

/**
 * Does `work`, and says for how long the process stood still meanwhile (SIGSTOP, a suspended machine, a stalled event loop), by the
 * monotonic clock. An answer that takes long is no standstill: the ticks go on beside it.
 */
export async function measureStall<T>(
  clock: Clock,
  work: () => Promise<T>,
): Promise<{ value: T; stoodStillMs: number }> {
  const over = new AbortController();
  let lastMs = clock.monotonic();
  let stoodStillMs = 0;
  const note = (): void => {
    const nowMs = clock.monotonic();
    stoodStillMs = Math.max(stoodStillMs, nowMs - lastMs - EVERY_MS);
    lastMs = nowMs;
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(EVERY_MS, over.signal);
      if (over.signal.aborted) return;
      note();
    }
  };
  const watching = watch();
  try {
    const value = await work();
    note();
    return { value, stoodStillMs };
  } finally {
    over.abort('over');
    await watching;
  }
}
