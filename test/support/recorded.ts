import { fileURLToPath } from 'node:url';
import { readJournal } from '../../src/journal/read.js';
import type { JournalEntry } from '../../src/model/entry.js';

const recordedAt = (name: string): string => fileURLToPath(new URL(`../incidents/${name}/`, import.meta.url));

/** The entries of an incident of the lab that is kept as data. */
export async function recorded(name: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for await (const entry of readJournal(recordedAt(name))) entries.push(entry);
  return entries;
}
