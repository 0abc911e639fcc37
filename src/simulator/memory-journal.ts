import { createHash } from 'node:crypto';
import { toJson } from '../model/json.js';
import type { JournalEntry } from '../model/entry.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';

export const FIRST_PREV = '0'.repeat(64);

/** Keeps a journal in memory with the hash chain of the real one; `entries` is what has been appended, oldest first. */
export function memoryJournal(): JournalPort & {
  readonly entries: readonly JournalEntry[];
  failNext(error: Error): void;
} {
  const entries: JournalEntry[] = [];
  let failure: Error | null = null;
  return {
    entries,
    failNext: (error) => {
      failure = error;
    },
    append: (entry) => {
      if (failure !== null) {
        const error = failure;
        failure = null;
        return Promise.reject(error);
      }
      const unsigned = { seq: entries.length + 1, ...entry, prev: entries.at(-1)?.hash ?? FIRST_PREV };
      const hash = createHash('sha256').update(toJson(unsigned)).digest('hex');
      const signed: JournalEntry = { ...unsigned, hash };
      entries.push(signed);
      return Promise.resolve(signed);
    },
    read: async function* (options) {
      await Promise.resolve();
      for (const entry of entries) if (entry.atMs >= (options.sinceMs ?? -Infinity)) yield entry;
    },
    close: () => Promise.resolve(),
  };
}

export type Page = Parameters<Notifier['page']>[0];

/** A notifier that only remembers whom it would have woken. */
export function recordingNotifier(): Notifier & { readonly pages: readonly Page[] } {
  const pages: Page[] = [];
  return {
    pages,
    page: (message) => {
      pages.push(message);
    },
  };
}
