import type { JournalEntry } from '../model/entry.js';
import { opened } from './chain.js';
import { fileName, fileNumbers, filePath, nodeFs, type JournalFs } from './files.js';
import { journalError } from './journal-error.js';
import { linesOf, linesOfTail } from './lines.js';

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
    for await (const entry of entriesOf(fs, directory, number, options)) {
      if (wanted(entry, options)) yield entry;
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

const FIRST_TAIL_BYTES = 256 * 1024;

/** The newest `count` entries, oldest first, read from the end: cheap however long the journal is. Needs no lock. */
export async function tailJournal(
  directory: string,
  count: number,
  options: ReadOptions = {},
  fs: JournalFs = nodeFs,
): Promise<readonly JournalEntry[]> {
  let found: readonly JournalEntry[] = [];
  for (const number of [...(await numbersIn(fs, directory))].reverse()) {
    if (found.length >= count) break;
    found = [...(await tailOf(fs, directory, number, count - found.length, options)), ...found];
  }
  return found;
}

async function tailOf(
  fs: JournalFs,
  directory: string,
  number: number,
  count: number,
  options: ReadOptions,
): Promise<readonly JournalEntry[]> {
  for (let most = FIRST_TAIL_BYTES; ; most *= 4) {
    const { bytes, whole } = await fs.tail(filePath(directory, number), most);
    const answers = linesOfTail(bytes, whole).map((line) => opened(line));
    const entries = answers.flatMap((answer) => (answer.kind === 'entry' ? [answer.entry] : []));
    const found = entries.filter((entry) => wanted(entry, options));
    if (!whole && found.length < count) continue;
    for (const [index, answer] of answers.entries()) {
      if (answer.kind !== 'entry')
        options.onBad?.(`${fileName(number)}, line ${answers.length - index} from its end`, answer.why);
    }
    return count > 0 ? found.slice(-count) : [];
  }
}
