import type { EntryKind, JournalEntry, NewEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';

/** Append-only, hash-chained. `append` resolves only when the entry is on the disk; it rejects with JournalError when it is not. */
export interface JournalPort {
  append(entry: NewEntry): Promise<JournalEntry>;
  /** Entries of this directory, oldest first, from `sinceMs` to `untilMs`, both included, of those `kinds` only; a line that cannot be read is reported through `onBad` and skipped. */
  read(options: {
    readonly sinceMs?: number;
    readonly untilMs?: number;
    readonly kinds?: readonly EntryKind[];
    /** Only entries with a higher number. */
    readonly afterSeq?: number;
    readonly onBad?: (where: string, why: string) => void;
  }): AsyncIterable<JournalEntry>;
  /**
   * The newest entries that fit, oldest first, read from the end with no more memory than the page itself; `more`: there are older ones.
   * `untilMs`: none later than that; `kinds`: no others. `maxBytes` bounds the page, which holds one entry at least.
   */
  page(options: {
    readonly scope?: string;
    readonly sinceMs?: number;
    readonly untilMs?: number;
    readonly kinds?: readonly EntryKind[];
    readonly beforeSeq?: number;
    readonly limit: number;
    readonly maxBytes?: number;
  }): Promise<{ readonly entries: readonly JournalEntry[]; readonly more: boolean }>;
  /** Reads all of it and checks each hash and each link; beside whoever writes. Rejects with JournalError where it cannot be read. */
  verify(): Promise<JournalReport>;
  close(): Promise<void>;
}
