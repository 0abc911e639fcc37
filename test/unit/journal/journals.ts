import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFs, type JournalFile, type JournalFs } from '../../../src/journal/files.js';
import { openJournal, type OpenJournal } from '../../../src/journal/open.js';
import { readJournal } from '../../../src/journal/read.js';
import type { JournalEntry, NewEntry } from '../../../src/model/entry.js';
import { scratch } from '../../support/scratch.js';

export const folder = (): string => scratch('journal');

export const SCOPE = 'email-cluster';
const RUN = 'aaaaaaaa';

/** The name of a file; each opening begins one, with the next number. */
export const fileName = (number: number, run = RUN): string =>
  `journal-${String(number).padStart(6, '0')}-${run}.jsonl`;
/** As people are told of it. */
export const told = (number: number, run = RUN): string => `${SCOPE}/${fileName(number, run)}`;
export const pathOf = (directory: string, number: number, run = RUN): string =>
  join(directory, SCOPE, fileName(number, run));

export const open = (
  directory: string,
  more: { maxFileBytes?: number; keepFiles?: number; fs?: JournalFs; scope?: string; run?: string } = {},
): Promise<OpenJournal> =>
  openJournal({ directory, scope: SCOPE, run: RUN, maxFileBytes: 1_000_000, keepFiles: 0, ...more });

export const page = (text: string, atMs = 1_000, scope = SCOPE): NewEntry => ({
  atMs,
  scope,
  body: { kind: 'page', code: 'leaderless', subject: scope, text },
});

/** Opens, writes one entry for each text, closes. */
export async function written(directory: string, ...texts: string[]): Promise<readonly JournalEntry[]> {
  const journal = await open(directory);
  const entries: JournalEntry[] = [];
  for (const text of texts) entries.push(await journal.append(page(text)));
  await journal.close();
  return entries;
}

/** Array.fromAsync, which Node 20 has not. */
export async function collected<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

export const textOf = (entry: JournalEntry): string => (entry.body.kind === 'page' ? entry.body.text : entry.body.kind);

/** The texts of all entries, and what could not be read. */
export async function readBack(directory: string): Promise<{ texts: string[]; bad: string[] }> {
  const texts: string[] = [];
  const bad: string[] = [];
  for await (const entry of readJournal(directory, { onBad: (where) => bad.push(where) })) texts.push(textOf(entry));
  return { texts, bad };
}

export const files = (directory: string, scope = SCOPE): string[] =>
  readdirSync(join(directory, scope))
    .filter((name) => name.endsWith('.jsonl'))
    .sort();
export const contentOf = (directory: string, name = fileName(1)): string =>
  readFileSync(join(directory, SCOPE, name), 'utf8');

export interface Faults {
  /** Bytes that still fit; a write beyond puts down what fits and fails, as a full disk does. */
  roomBytes: number;
  failWrite: string | null;
  failSync: string | null;
  failOpen: string | null;
}

const errno = (code: string): Error => Object.assign(new Error(`${code}: injected`), { code });

/** The real file system with faults that a test turns on and off. */
export function faultyFs(): { readonly fs: JournalFs; readonly faults: Faults } {
  const faults: Faults = { roomBytes: Number.POSITIVE_INFINITY, failWrite: null, failSync: null, failOpen: null };
  const faulty = (file: JournalFile): JournalFile => ({
    append: async (bytes) => {
      if (faults.failWrite !== null) throw errno(faults.failWrite);
      if (bytes.length > faults.roomBytes) {
        await file.append(bytes.subarray(0, faults.roomBytes));
        faults.roomBytes = 0;
        throw errno('ENOSPC');
      }
      await file.append(bytes);
      faults.roomBytes -= bytes.length;
    },
    sync: async () => {
      if (faults.failSync !== null) throw errno(faults.failSync);
      await file.sync();
    },
    stat: () => file.stat(),
    close: () => file.close(),
  });
  const fs: JournalFs = {
    ...nodeFs,
    openAppend: async (path) => {
      if (faults.failOpen !== null) throw errno(faults.failOpen);
      return faulty(await nodeFs.openAppend(path));
    },
    openNew: async (path) => {
      if (faults.failOpen !== null) throw errno(faults.failOpen);
      return faulty(await nodeFs.openNew(path));
    },
  };
  return { fs, faults };
}
