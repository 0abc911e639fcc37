import type { Clock } from '../ports/clock.js';

/** The machine's own clock. Everything else takes a `Clock`, so that a test or the simulator decides what time it is. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) {
        resolve();
        return;
      }
      // The listener must go with the timer: a process-wide signal would collect one per sleep for ever.
      const stop = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        resolve();
      };
      const timer = setTimeout(stop, ms);
      signal.addEventListener('abort', stop, { once: true });
    }),
};
