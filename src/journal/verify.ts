import { join } from 'node:path';
import type { JournalEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';
import { breakOf, GENESIS, opened, type Tip } from './chain.js';
import { nodeFs, type JournalFs } from './files.js';
import { journalError } from './journal-error.js';
import { linesOf } from './lines.js';
import { chainsIn, type Chain } from './segments.js';

export interface LinePlace {
  readonly file: string;
  readonly line: number;
}

export type Fault = LinePlace & { readonly why: string };

export interface Verification {
  /** True: every entry that is there is as it was written, in order and without a gap. */
  readonly ok: boolean;
  readonly entries: number;
  readonly files: number;
  /** The oldest entry's number: above 1 when rotation has removed files, which no chain can tell from other removals. */
  readonly firstSeq: number | null;
  readonly lastSeq: number | null;
  /** Remains of writes that a crash or a full disk cut off. They were never acknowledged, and the chain goes on around them. */
  readonly torn: readonly LinePlace[];
  /** Of each chain its first bad line, and each place at which two processes went on from the same entry. */
  readonly faults: readonly Fault[];
}

/** Reads a whole journal, or that of one cluster, as a stream and checks each hash and each link. Throws JournalError when it cannot be read at all. */
export async function verifyJournal(directory: string, fs: JournalFs = nodeFs, scope?: string): Promise<Verification> {
  try {
    const chains = await chainsIn(fs, directory, scope);
    const results: Verification[] = [];
    for (const chain of chains) {
      const verifier = new Verifier(chain, await beginningsOf(fs, chain));
      for (const { name } of chain.segments) {
        verifier.beginFile();
        for await (const line of linesOf(fs.chunks(join(chain.folder, name)))) verifier.take(line);
      }
      results.push(verifier.result());
    }
    return summed(results);
  } catch (err) {
    throw journalError(err, directory, 'JOURNAL_UNREADABLE');
  }
}

/** The same for people and for the API: counts, and each fault with its place. */
export async function journalReport(directory: string, fs: JournalFs = nodeFs, scope?: string): Promise<JournalReport> {
  const { files, entries, firstSeq, lastSeq, torn, faults } = await verifyJournal(directory, fs, scope);
  return {
    files,
    entries,
    firstSeq,
    lastSeq,
    torn: torn.length,
    faults: faults.map(({ file, line, why }) => ({ where: `${file}:${line}`, why })),
  };
}

function summed(rows: readonly Verification[]): Verification {
  const numbers = (name: 'firstSeq' | 'lastSeq'): number[] => rows.flatMap((row) => row[name] ?? []);
  const [first, last] = [numbers('firstSeq'), numbers('lastSeq')];
  return {
    ok: rows.every(({ ok }) => ok),
    entries: rows.reduce((sum, row) => sum + row.entries, 0),
    files: rows.reduce((sum, row) => sum + row.files, 0),
    firstSeq: first.length === 0 ? null : Math.min(...first),
    lastSeq: last.length === 0 ? null : Math.max(...last),
    torn: rows.flatMap(({ torn }) => torn),
    faults: rows.flatMap(({ faults }) => faults),
  };
}

/** By file: what its first entry follows. */
async function beginningsOf(fs: JournalFs, { folder, segments }: Chain): Promise<readonly (string | null)[]> {
  const beginnings: (string | null)[] = [];
  for (const { name } of segments) {
    let prev: string | null = null;
    for await (const line of linesOf(fs.chunks(join(folder, name)))) {
      const answer = opened(line.text);
      if (answer.kind !== 'entry') continue;
      ({ prev } = answer.entry);
      break;
    }
    beginnings.push(prev);
  }
  return beginnings;
}

interface Left {
  readonly file: number;
  readonly seq: number;
  after: number;
}

class Verifier {
  readonly #chain: Chain;
  readonly #beginnings: readonly (string | null)[];
  /** Entries that some file goes on from: in which file, and how many entries of it follow. */
  readonly #left = new Map<string, Left>();
  /** Those of the file that is read. */
  #leftHere: Left[] = [];
  #file = -1;
  #isFirst = true;
  /** The last entry of the file, or of the one before it. */
  #tip: Tip | null = null;
  #entries = 0;
  #firstSeq: number | null = null;
  #firstBad: Fault | null = null;
  readonly #forks: Fault[] = [];
  readonly #torn: LinePlace[] = [];

  constructor(chain: Chain, beginnings: readonly (string | null)[]) {
    this.#chain = chain;
    this.#beginnings = beginnings;
  }

  beginFile(): void {
    this.#file += 1;
    this.#isFirst = true;
    this.#leftHere = [];
  }

  take({
    text,
    number,
    terminated,
  }: {
    readonly text: string;
    readonly number: number;
    readonly terminated: boolean;
  }): void {
    const place = { file: this.#nameOf(this.#file), line: number };
    const answer = opened(text);
    if (answer.kind === 'entry') this.#entry(answer.entry, place);
    else if (answer.kind === 'torn' || !terminated) this.#torn.push(place);
    else this.#firstBad ??= { ...place, why: answer.why };
  }

  #entry(entry: JournalEntry, place: LinePlace): void {
    const why = this.#isFirst ? this.#whyNotFirst(entry, place) : breakOf(entry, this.#tip ?? GENESIS);
    if (why !== null) this.#firstBad ??= { ...place, why };
    this.#isFirst = false;
    this.#tip = entry;
    this.#firstSeq ??= entry.seq;
    this.#entries += 1;
    for (const left of this.#leftHere) left.after += 1;
    if (!this.#beginnings.includes(entry.hash)) return;
    const left = { file: this.#file, seq: entry.seq, after: 0 };
    this.#left.set(entry.hash, left);
    this.#leftHere.push(left);
  }

  /** The first entry of a file goes on from the last one of another; where that went on itself, two processes wrote at once. */
  #whyNotFirst(entry: JournalEntry, place: LinePlace): string | null {
    const from = this.#left.get(entry.prev);
    if (from === undefined) return this.#whyNotOldest(entry);
    const rivals = this.#beginnings.slice(0, this.#file).lastIndexOf(entry.prev);
    const rival = from.after > 0 ? from.file : rivals;
    if (rival >= 0)
      this.#forks.push({
        ...place,
        why: `two daemons wrote this folder at once: this file and ${this.#nameOf(rival)} both go on from entry ${from.seq}; each of their entries is whole; stop one of the two`,
      });
    return breakOf(entry, { seq: from.seq, hash: entry.prev });
  }

  #whyNotOldest(entry: JournalEntry): string | null {
    if (this.#tip !== null) return breakOf(entry, this.#tip);
    // Only retention may remove files, and it removes the oldest: the first file of all has nothing before it. Its numbers may go on from 0.1.0.
    if (this.#chain.segments[this.#file]?.number !== 1 || entry.prev === GENESIS.hash) return null;
    return breakOf(entry, GENESIS);
  }

  #nameOf(file: number): string {
    return `${this.#chain.label}${this.#chain.segments[file]?.name ?? ''}`;
  }

  result(): Verification {
    const faults = [...(this.#firstBad === null ? [] : [this.#firstBad]), ...this.#forks];
    return {
      ok: faults.length === 0,
      entries: this.#entries,
      files: this.#chain.segments.length,
      firstSeq: this.#firstSeq,
      lastSeq: this.#entries === 0 ? null : (this.#tip?.seq ?? null),
      torn: this.#torn,
      faults,
    };
  }
}
