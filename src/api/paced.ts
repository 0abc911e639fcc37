import { setImmediate } from 'node:timers/promises';
import type { JournalEntry } from '../model/entry.js';
import type { ControllerPort } from '../model/snapshot.js';
import type { Context } from './context.js';

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

/** Hands each entry of a cluster in that span to `take`, oldest first. Rejects with `too-many-reads` where too many are reading. */
export const readSpan = (
  { controller, journalReads }: Context,
  scope: string,
  span: Parameters<ControllerPort['entries']>[1],
  take: (entry: JournalEntry) => void,
): Promise<void> =>
  journalReads.pass(async () => {
    for await (const entry of paced(controller.entries(scope, span))) take(entry);
  });
