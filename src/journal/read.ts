import type { JournalEntry } from '../model/entry.js';
import { opened } from './chain.js';
import { baseOf, Expander } from './kept.js';
import { fileName, fileNumbers, filePath, nodeFs, type JournalFs } from './files.js';
import { journalError } from './journal-error.js';
import { linesBackwards } from './backwards.js';
import { linesOf } from './lines.js';

export interface ReadOptions {
  /** Entries at or after this moment, milliseconds since the epoch. */
  readonly sinceMs?: number;
  readonly scope?: string;
  /** Told of each line that cannot be read: `journal-000002.jsonl:17` and why. */
  readonly onBad?: (where: string, why: string) => void;
}

/** A file is passed over by its first entry's time only beyond this: the wall clock may have been set back in between. */
const CLOCK_SLACK_MS = 24 * 3_600_000;

async function numbersIn(fs: JournalFs, directory: string): Promise<readonly number[]> {
  try {
    return await fileNumbers(fs, directory);
  } catch (err) {
    throw journalError(err, directory, 'JOURNAL_UNREADABLE');
  }
}

const wanted = (entry: JournalEntry, { sinceMs, scope }: ReadOptions): boolean =>
  entry.atMs >= (sinceMs ?? Number.NEGATIVE_INFINITY) && (scope === undefined || entry.scope === scope);

/**
 * Entries of a journal, oldest first. Needs no lock: it may run beside the daemon that writes. What cannot be read is reported and
 * skipped. Throws JournalError (JOURNAL_UNREADABLE) when the directory itself cannot be read.
 */
export async function* readJournal(
  directory: string,
  options: ReadOptions = {},
  fs: JournalFs = nodeFs,
): AsyncGenerator<JournalEntry> {
  const numbers = await numbersIn(fs, directory);
  const start = options.sinceMs === undefined ? 0 : await firstFileSince(fs, directory, numbers, options.sinceMs);
  for (const number of numbers.slice(start)) {
    const expander = new Expander();
    for await (const entry of entriesOf(fs, directory, number, options)) {
      const isWanted = wanted(entry, options);
      if (isWanted || baseOf(entry) === null) {
        const whole = expander.take(entry);
        if (isWanted) yield whole;
      }
    }
  }
}

/** The index of the newest file that begins before `sinceMs`: everything wanted is in it or after it. */
async function firstFileSince(
  fs: JournalFs,
  directory: string,
  numbers: readonly number[],
  sinceMs: number,
): Promise<number> {
  for (let index = numbers.length - 1; index > 0; index -= 1) {
    for await (const entry of entriesOf(fs, directory, numbers[index] ?? 0, {})) {
      if (entry.atMs < sinceMs - CLOCK_SLACK_MS) return index;
      break;
    }
  }
  return 0;
}

async function* entriesOf(
  fs: JournalFs,
  directory: string,
  number: number,
  options: ReadOptions,
): AsyncGenerator<JournalEntry> {
  const name = fileName(number);
  try {
    for await (const line of linesOf(fs.chunks(filePath(directory, number)))) {
      const answer = opened(line.text);
      if (answer.kind === 'entry') yield answer.entry;
      else if (line.terminated) options.onBad?.(`${name}:${line.number}`, answer.why);
      else options.onBad?.(`${name}:${line.number}`, 'it is not finished: being written now, or cut off by a crash');
    }
  } catch (err) {
    // A file may be removed by rotation while it is read.
    options.onBad?.(name, journalError(err, directory, 'JOURNAL_UNREADABLE').message);
  }
}

export interface PageOptions extends ReadOptions {
  readonly limit: number;
  /** Only entries before this one. */
  readonly beforeSeq?: number;
  /** About so many bytes of entries at most, and one entry at least. */
  readonly maxBytes?: number;
}

/** Entries oldest first; `more`: there are older ones that fit the question. */
export interface Page {
  readonly entries: readonly JournalEntry[];
  readonly more: boolean;
}

/**
 * The newest entries that fit, read from the end: cheap however long the journal is, and no more memory than the page itself. Needs no
 * lock. Throws JournalError (JOURNAL_UNREADABLE) when the directory itself cannot be read.
 */
export async function pageOfJournal(directory: string, options: PageOptions, fs: JournalFs = nodeFs): Promise<Page> {
  const newestFirst: JournalEntry[] = [];
  const { limit, maxBytes = Infinity } = options;
  let bytes = 0;
  for await (const { entry, length } of entriesBackwards(fs, directory, options)) {
    bytes += length;
    if (newestFirst.length >= limit || (bytes > maxBytes && newestFirst.length > 0))
      return { entries: newestFirst.reverse(), more: true };
    newestFirst.push(entry);
  }
  return { entries: newestFirst.reverse(), more: false };
}

/** The newest `count` entries, oldest first. */
export async function tailJournal(
  directory: string,
  count: number,
  options: ReadOptions = {},
  fs: JournalFs = nodeFs,
): Promise<readonly JournalEntry[]> {
  return (await pageOfJournal(directory, { ...options, limit: count }, fs)).entries;
}

async function* entriesBackwards(fs: JournalFs, directory: string, options: PageOptions): AsyncGenerator<Found> {
  const oldestMs = (options.sinceMs ?? Number.NEGATIVE_INFINITY) - CLOCK_SLACK_MS;
  for (const number of [...(await numbersIn(fs, directory))].reverse()) {
    const name = fileName(number);
    const waiting = new Waiting();
    let isOver = false;
    try {
      for await (const line of linesBackwards(fs, filePath(directory, number))) {
        if (isOfOther(line.text, options)) continue;
        const answer = opened(line.text);
        if (answer.kind !== 'entry') {
          options.onBad?.(`${name}, line ${line.fromEnd} from its end`, answer.why);
          continue;
        }
        const { entry } = answer;
        isOver ||= entry.atMs < oldestMs;
        const isWanted = !isOver && wanted(entry, options) && entry.seq < (options.beforeSeq ?? Infinity);
        yield* waiting.take({ entry, length: line.text.length }, isWanted);
        if (isOver && waiting.isEmpty) return;
      }
    } catch (err) {
      // A file may be removed by rotation while it is read.
      options.onBad?.(name, journalError(err, directory, 'JOURNAL_UNREADABLE').message);
    }
    yield* waiting.rest();
    if (isOver) return;
  }
}

interface Found {
  readonly entry: JournalEntry;
  readonly length: number;
}

/** Entries of one file, the newest first, that wait for the whole one before them. Those behind them wait too, so that the order stays. */
class Waiting {
  #queue: Found[] = [];
  /** The whole entry that is waited for; null: none. */
  #base: number | null = null;

  get isEmpty(): boolean {
    return this.#queue.length === 0;
  }

  take(found: Found, isWanted: boolean): readonly Found[] {
    const of = baseOf(found.entry);
    if (of !== null) {
      if (!isWanted) return [];
      // One of another base while the first is waited for: that base is not there, since those before it belong to an older one.
      const released = this.#base !== null && this.#base !== of ? this.rest() : [];
      this.#base = of;
      this.#queue.push(found);
      return released;
    }
    if (this.#base === null) return isWanted ? [found] : [];
    if (found.entry.seq !== this.#base) {
      if (isWanted) this.#queue.push(found);
      return [];
    }
    const expander = new Expander();
    expander.take(found.entry);
    const { length } = found;
    const ready = this.#queue.map((row) =>
      baseOf(row.entry) === null ? row : { entry: expander.take(row.entry), length: row.length + length },
    );
    this.#queue = [];
    this.#base = null;
    return isWanted ? [...ready, found] : ready;
  }

  /** What still waits when nothing older can come. */
  rest(): readonly Found[] {
    const expander = new Expander();
    const rows = this.#queue.map(({ entry, length }) => ({ entry: expander.take(entry), length }));
    this.#queue = [];
    this.#base = null;
    return rows;
  }
}

/** Long lines of other clusters are passed over unread: their scope stands near their beginning. */
const SCOPE_WITHIN_CHARS = 400;

const isOfOther = (text: string, { scope }: PageOptions): boolean => {
  const told = scope === undefined ? null : /,"scope":("(?:[^"\\]|\\.)*")/.exec(text.slice(0, SCOPE_WITHIN_CHARS))?.[1];
  return told != null && told !== JSON.stringify(scope);
};
