import { setImmediate } from 'node:timers/promises';

/** So long may a reader of the journal hold the loop, in milliseconds: passes of all clusters share it. */
const HOLD_MS = 5;

/** The same entries; between them the loop is let go, so that a read of days delays no pass by more than `HOLD_MS` and one entry. */
export async function* paced<T>(entries: AsyncIterable<T>): AsyncGenerator<T> {
  let sinceMs = performance.now();
  for await (const entry of entries) {
    yield entry;
    if (performance.now() - sinceMs < HOLD_MS) continue;
    await setImmediate();
    sinceMs = performance.now();
  }
}
