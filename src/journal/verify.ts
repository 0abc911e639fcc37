import { breakOf, GENESIS, opened, type Tip } from './chain.js';
import { fileName, fileNumbers, filePath, nodeFs, type JournalFs } from './files.js';
import { journalError } from './journal-error.js';
import { linesOf, type Line } from './lines.js';

export interface LinePlace {
  readonly file: string;
  readonly line: number;
}

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
  readonly firstBad?: LinePlace & { readonly why: string };
}

/** Reads a whole journal as a stream and checks each hash and each link. Throws JournalError when it cannot be read at all. */
export async function verifyJournal(directory: string, fs: JournalFs = nodeFs): Promise<Verification> {
  try {
    const numbers = await fileNumbers(fs, directory);
    const verifier = new Verifier();
    for (const number of numbers) {
      verifier.beginFile(number);
      for await (const line of linesOf(fs.chunks(filePath(directory, number)))) verifier.take(line);
    }
    return verifier.result(numbers.length);
  } catch (err) {
    throw journalError(err, directory, 'JOURNAL_UNREADABLE');
  }
}

class Verifier {
  #tip: Tip | null = null;
  #number = 0;
  #entries = 0;
  #firstSeq: number | null = null;
  #firstBad: (LinePlace & { readonly why: string }) | null = null;
  readonly #torn: LinePlace[] = [];

  beginFile(number: number): void {
    // Only rotation may remove files, and it removes the oldest: the first file of all has nothing before it.
    if (this.#tip === null && this.#entries === 0 && number === 1) this.#tip = GENESIS;
    this.#number = number;
  }

  take(line: Line): void {
    const place = { file: fileName(this.#number), line: line.number };
    const answer = opened(line.text);
    if (answer.kind === 'entry') {
      const why = this.#tip === null ? null : breakOf(answer.entry, this.#tip);
      if (why !== null) this.#firstBad ??= { ...place, why };
      this.#tip = answer.entry;
      this.#firstSeq ??= answer.entry.seq;
      this.#entries += 1;
    } else if (answer.kind === 'torn' || !line.terminated) {
      this.#torn.push(place);
    } else {
      this.#firstBad ??= { ...place, why: answer.why };
    }
  }

  result(files: number): Verification {
    return {
      ok: this.#firstBad === null,
      entries: this.#entries,
      files,
      firstSeq: this.#firstSeq,
      lastSeq: this.#entries === 0 ? null : (this.#tip?.seq ?? null),
      torn: this.#torn,
      ...(this.#firstBad === null ? {} : { firstBad: this.#firstBad }),
    };
  }
}
