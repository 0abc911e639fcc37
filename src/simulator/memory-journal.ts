import { GENESIS, sealed, type Tip } from '../journal/chain.js';
import type { JournalEntry } from '../model/entry.js';
import type { PageMessage } from '../model/page.js';
import type { JournalPort } from '../ports/journal.js';
import type { Notifier } from '../ports/notifier.js';

const fits = (
  { atMs, body, seq }: JournalEntry,
  {
    sinceMs = -Infinity,
    untilMs = Infinity,
    afterSeq = -Infinity,
    kinds,
  }: Omit<Parameters<JournalPort['read']>[0], 'onBad'>,
): boolean =>
  atMs >= sinceMs && atMs <= untilMs && seq > afterSeq && (kinds === undefined || kinds.includes(body.kind));

/** Keeps a journal in memory, in the very chain of the one on disk; `entries` is what has been appended, oldest first. */
export function memoryJournal(): JournalPort & {
  readonly entries: readonly JournalEntry[];
  failNext(error: Error): void;
} {
  const entries: JournalEntry[] = [];
  let tip: Tip = GENESIS;
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
      const signed = sealed(entry, tip).entry;
      tip = signed;
      entries.push(signed);
      return Promise.resolve(signed);
    },
    read: async function* (options) {
      await Promise.resolve();
      for (const entry of entries) if (fits(entry, options)) yield entry;
    },
    page: ({ scope, beforeSeq = Infinity, limit, ...options }) => {
      const fitting = entries.filter(
        (entry) => fits(entry, options) && entry.seq < beforeSeq && (scope === undefined || entry.scope === scope),
      );
      const page = limit === 0 ? [] : fitting.slice(-limit);
      return Promise.resolve({ entries: page, more: fitting.length > page.length });
    },
    verify: () =>
      Promise.resolve({
        files: 0,
        entries: entries.length,
        firstSeq: entries[0]?.seq ?? null,
        lastSeq: entries.at(-1)?.seq ?? null,
        torn: 0,
        faults: [],
      }),
    close: () => Promise.resolve(),
  };
}

export type Page = PageMessage;

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
