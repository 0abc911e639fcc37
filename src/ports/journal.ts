import type { JournalEntry, NewEntry } from '../model/entry.js';

/** Append-only, hash-chained. `append` resolves only when the entry is on the disk; it rejects with JournalError when it is not. */
export interface JournalPort {
  append(entry: NewEntry): Promise<JournalEntry>;
  /** Entries of this directory, oldest first; a line that cannot be read is reported through `onBad` and skipped. */
  read(options: {
    readonly sinceMs?: number;
    readonly onBad?: (where: string, why: string) => void;
  }): AsyncIterable<JournalEntry>;
  close(): Promise<void>;
}
