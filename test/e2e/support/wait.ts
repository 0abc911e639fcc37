import { setTimeout as after } from 'node:timers/promises';

const EVERY_MS = 200;

/** Asks again and again until the answer is neither null, undefined nor false; fails with what was waited for and what was seen last. */
export async function until<T>(
  what: string,
  withinMs: number,
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  seen: () => unknown = () => '',
): Promise<T> {
  const deadlineMs = performance.now() + withinMs;
  let fault = '';
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      fault = '';
    } catch (error) {
      fault = error instanceof Error ? error.message : String(error);
    }
    if (performance.now() > deadlineMs)
      throw new Error(`not within ${withinMs / 1000} s: ${what}${fault === '' ? '' : ` (${fault})`} ${text(seen())}`);
    await after(EVERY_MS);
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 1));

/** Where the absence of something over a time is what is shown. */
export const passSeconds = (count: number): Promise<void> => after(count * 1000);
