import { join } from 'node:path';
import type { JournalEntry } from '../model/entry.js';
import { opened } from './chain.js';
import { nodeFs, type JournalFs } from './files.js';
import { baseOf, Expander } from './kept.js';
import { journalError } from './journal-error.js';
import { linesBackwards } from './backwards.js';
import { linesOf } from './lines.js';
import { merged } from './merge.js';
import { chainsIn, type Chain, type Segment } from './segments.js';
import { Waiting, type Found } from './waiting.js';

export interface ReadOptions {
  /** Entries at or after this moment, milliseconds since the epoch. */
  readonly sinceMs?: number;
  /** Entries at or before this moment. */
  readonly untilMs?: number;
  readonly scope?: string;
  /** Only entries with a higher number, of one cluster: each has numbers of its own. */
  readonly afterSeq?: number;
  /** Only entries of these kinds; lines of others are passed over, unread and unchecked. */
  readonly kinds?: readonly string[];
  /** Why an entry is of no use to whoever reads; it is then told as a line that cannot be read. null: it is. */
  readonly refuse?: (entry: JournalEntry) => string | null;
  /** Told of each line that cannot be read: `email-cluster/journal-000002-1f9c03aa.jsonl:17` and why. */
  readonly onBad?: (where: string, why: string) => void;
}

/** A file is passed over by its first entry's time only beyond this: the wall clock may have been set back in between. */
const CLOCK_SLACK_MS = 24 * 3_600_000;

async function chainsOf(fs: JournalFs, directory: string, scope?: string): Promise<readonly Chain[]> {
  try {
    return await chainsIn(fs, directory, scope);
  } catch (err) {
    throw journalError(err, directory, 'JOURNAL_UNREADABLE');
  }
}

const wanted = (
  { atMs, seq, scope: of, body }: JournalEntry,
  { sinceMs = -Infinity, untilMs = Infinity, afterSeq = -Infinity, scope, kinds }: ReadOptions,
): boolean =>
  seq > afterSeq &&
  atMs >= sinceMs &&
  atMs <= untilMs &&
  (scope === undefined || of === scope) &&
  (kinds === undefined || kinds.includes(body.kind));

/**
 * Entries of a journal, oldest first; those of several clusters by time, each cluster's in its own order. It may run beside the daemon that
 * writes. What cannot be read is reported and skipped. Throws JournalError (JOURNAL_UNREADABLE) when the directory itself cannot be read.
 */
export async function* readJournal(
  directory: string,
  options: ReadOptions = {},
  fs: JournalFs = nodeFs,
): AsyncGenerator<JournalEntry> {
  const chains = await chainsOf(fs, directory, options.scope);
  const [only] = chains;
  // Not through `merged`: each step that only hands an entry on is waited for.
  if (chains.length === 1 && only !== undefined) yield* readChain(fs, only, options);
  else
    yield* merged(
      chains.map((chain) => readChain(fs, chain, options)),
      (left, right) => left.atMs < right.atMs,
    );
}

async function* readChain(fs: JournalFs, chain: Chain, options: ReadOptions): AsyncGenerator<JournalEntry> {
  const { segments } = chain;
  const start = Math.max(
    options.sinceMs === undefined ? 0 : await firstSince(fs, chain, options.sinceMs),
    options.afterSeq === undefined ? 0 : await firstAfter(fs, chain, options.afterSeq),
  );
  for (const segment of segments.slice(start)) {
    const expander = new Expander();
    for await (const { entry, number } of entriesOf(fs, chain, segment, options)) {
      const isWanted = wanted(entry, options);
      if (!isWanted && baseOf(entry) !== null) continue;
      const whole = expander.take(entry);
      if (!isWanted) continue;
      const why = options.refuse?.(whole) ?? null;
      if (why === null) yield whole;
      else options.onBad?.(`${chain.label}${segment.name}:${number}`, why);
    }
  }
}

/** The index of the newest file that begins before `sinceMs`: everything wanted is in it or after it. */
async function firstSince(fs: JournalFs, chain: Chain, sinceMs: number): Promise<number> {
  for (let index = chain.segments.length - 1; index > 0; index -= 1) {
    const segment = chain.segments[index];
    if (segment === undefined) break;
    for await (const { entry } of entriesOf(fs, chain, segment, {})) {
      if (entry.atMs < sinceMs - CLOCK_SLACK_MS) return index;
      break;
    }
  }
  return 0;
}

/** The index of the newest file of that chain whose numbers begin at `afterSeq` or before: what follows is in it or after it. */
async function firstAfter(fs: JournalFs, chain: Chain, afterSeq: number): Promise<number> {
  for (let index = chain.segments.length - 1; index > 0; index -= 1) {
    const segment = chain.segments[index];
    if (segment === undefined) break;
    for await (const { entry } of entriesOf(fs, chain, segment, {})) {
      if (entry.seq <= afterSeq + 1) return index;
      break;
    }
  }
  return 0;
}

async function* entriesOf(
  fs: JournalFs,
  { folder, label }: Chain,
  segment: Segment,
  options: ReadOptions,
): AsyncGenerator<{ readonly entry: JournalEntry; readonly number: number }> {
  const name = `${label}${segment.name}`;
  try {
    for await (const line of linesOf(fs.chunks(join(folder, segment.name)))) {
      if (isPassedOver(line.text, options)) continue;
      const answer = opened(line.text);
      if (answer.kind === 'entry') yield { entry: answer.entry, number: line.number };
      else if (line.terminated) options.onBad?.(`${name}:${line.number}`, answer.why);
      else options.onBad?.(`${name}:${line.number}`, 'it is not finished: being written now, or cut off by a crash');
    }
  } catch (err) {
    // A file may be removed by rotation while it is read.
    options.onBad?.(name, journalError(err, folder, 'JOURNAL_UNREADABLE').message);
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
  const chains = await chainsOf(fs, directory, options.scope);
  // Of two at the same time the later source is the newer one, as it is when they are read forwards.
  yield* merged(
    chains.map((chain) => chainBackwards(fs, chain, options)).reverse(),
    (left, right) => left.entry.atMs > right.entry.atMs,
  );
}

async function* chainBackwards(
  fs: JournalFs,
  { folder, label, segments }: Chain,
  options: PageOptions,
): AsyncGenerator<Found> {
  const oldestMs = (options.sinceMs ?? Number.NEGATIVE_INFINITY) - CLOCK_SLACK_MS;
  for (const segment of [...segments].reverse()) {
    const name = `${label}${segment.name}`;
    const waiting = new Waiting();
    let isOver = false;
    try {
      for await (const line of linesBackwards(fs, join(folder, segment.name))) {
        if (isPassedOver(line.text, options)) continue;
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
      options.onBad?.(name, journalError(err, folder, 'JOURNAL_UNREADABLE').message);
    }
    yield* waiting.rest();
    if (isOver) return;
  }
}

/** Long lines of other clusters, kinds and times are passed over unread: all three stand near the beginning. */
const HEAD_CHARS = 400;
const HEAD = /^\{"seq":\d+,"prev":"[^"]*","atMs":(\d+),"scope":("(?:[^"\\]|\\.)*"),"body":\{"kind":"([a-z-]*)"/;
/** How an entry begins what it keeps as a difference: whatever has it is no base of another one. */
const DIFFERENCE = '"kept":{"of":';

function isPassedOver(text: string, { scope, kinds, sinceMs, untilMs }: ReadOptions): boolean {
  if (scope === undefined && kinds === undefined && sinceMs === undefined && untilMs === undefined) return false;
  const found = HEAD.exec(text.slice(0, HEAD_CHARS));
  if (found === null) return false;
  const [, atMs, told, kind = ''] = found;
  if (scope !== undefined && told !== JSON.stringify(scope)) return true;
  if (isOutside(Number(atMs), { sinceMs, untilMs })) return kind !== 'pass' || text.includes(DIFFERENCE);
  // An intent's look may be kept as the difference from a pass: without that pass it would be told as lost.
  const isBase = kind === 'pass' && kinds?.includes('intent') === true;
  return kinds !== undefined && !kinds.includes(kind) && !isBase;
}

/** What lies far before is read: by it a reader from the end knows that it may stop. */
const isOutside = (
  atMs: number,
  { sinceMs = -Infinity, untilMs = Infinity }: { sinceMs: number | undefined; untilMs: number | undefined },
): boolean => atMs > untilMs || (atMs < sinceMs && atMs >= sinceMs - CLOCK_SLACK_MS);
