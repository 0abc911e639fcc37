import { join } from 'node:path';
import { holdsPolicy, type EntryBody, type JournalEntry, type NewEntry } from '../model/entry.js';
import type { JournalReport } from '../model/journal-report.js';
import type { JournalPort } from '../ports/journal.js';
import { sealed, TORN_MARK, type Tip } from './chain.js';
import { nodeFs, type JournalFile, type JournalFs } from './files.js';
import { JournalError, journalError } from './journal-error.js';
import { Keeper } from './kept.js';
import { pageOfJournal, readJournal, tailJournal, type Page, type PageOptions, type ReadOptions } from './read.js';
import { endOf, standingOf } from './recover.js';
import { journalReport } from './verify.js';
import { pruned } from './retention.js';
import { folderOf, newRun, segmentOf, segmentsIn, type Segment } from './segments.js';

export interface JournalOptions {
  /** The journal of all clusters; that of this one is a folder in it. */
  readonly directory: string;
  readonly scope: string;
  readonly maxFileBytes: number;
  /** As many bytes are kept as so many full files hold; 0 keeps all. */
  readonly keepFiles: number;
  readonly fs?: JournalFs;
  /** Names this run in the names of its files; absent: by chance. */
  readonly run?: string;
  /** Takes secrets out of what is written; the very same value where none is in it. */
  readonly redact?: <T>(body: T) => T;
}

/** An open journal: the port, and what only its owner needs. */
export interface OpenJournal extends JournalPort {
  /** What was found at opening that a person should know: a torn line, unreadable lines. Empty as a rule. */
  readonly notes: readonly string[];
  /** Why nothing can be written now, as found at opening; each `append` tries again. null: it can. */
  readonly fault: JournalError | null;
  /** The newest `count` entries, oldest first. */
  tail(count: number, options?: ReadOptions): Promise<readonly JournalEntry[]>;
}

/**
 * Opens the journal of a cluster for writing, in a file that belongs to this run alone, so that two processes can never mix lines. Never
 * rejects: a disk that takes nothing holds one cluster (`fault`), not the process.
 */
export async function openJournal(options: JournalOptions): Promise<OpenJournal> {
  const journal = new Journal(options);
  await journal.begin();
  return journal;
}

interface Current {
  readonly file: JournalFile;
  readonly segment: Segment;
  bytes: number;
}

type Line = ReturnType<typeof sealed> & {
  /** To be called once it is on the disk. */
  readonly note: () => void;
};

class Journal implements OpenJournal {
  notes: readonly string[] = [];
  fault: JournalError | null = null;
  readonly #options: JournalOptions;
  readonly #folder: string;
  readonly #fs: JournalFs;
  readonly #run: string;
  readonly #keeper = new Keeper();
  /** Our own memory wins over a disk that shows less: what is missing there must show as a gap, not be numbered anew. */
  #tip: Tip | null = null;
  /** The newest file of this run, open or not. */
  #mine: Segment | null = null;
  #current: Current | null = null;
  /** Set by a failed sync: what is in the page cache may not be on the disk, so no acknowledged entry may follow in that file. */
  #leaveFile = false;
  /** The file that holds the last acknowledged entry. A later one that never held any is used again, or a bad disk would fill with files. */
  #acknowledgedIn: Segment | null = null;
  /** What this run decides by, as it was written last, and the file that has it. */
  #policy: EntryBody | null = null;
  #policyIn: Segment | null = null;
  #queue: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#folder = folderOf(options.directory, options.scope);
    this.#fs = options.fs ?? nodeFs;
    this.#run = options.run ?? newRun();
  }

  async begin(): Promise<void> {
    try {
      await this.#resume();
      await this.#prune();
    } catch (err) {
      this.fault = journalError(err, this.#folder);
    }
  }

  append(entry: NewEntry): Promise<JournalEntry> {
    if (this.#closed) return Promise.reject(closedError(this.#folder));
    // One at a time: two lines written at once would both follow the same one.
    const written = this.#queue.then(() => this.#append(entry));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  read(options: ReadOptions = {}): AsyncIterable<JournalEntry> {
    const { directory, scope } = this.#options;
    return readJournal(directory, { ...options, scope }, this.#fs);
  }

  tail(count: number, options: ReadOptions = {}): Promise<readonly JournalEntry[]> {
    const { directory, scope } = this.#options;
    return tailJournal(directory, count, { ...options, scope }, this.#fs);
  }

  page(options: PageOptions): Promise<Page> {
    const { directory, scope } = this.#options;
    return pageOfJournal(directory, { ...options, scope }, this.#fs);
  }

  verify(): Promise<JournalReport> {
    const { directory, scope } = this.#options;
    return journalReport(directory, this.#fs, scope);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    await this.#letGo();
  }

  async #append(entry: NewEntry): Promise<JournalEntry> {
    const { maxFileBytes } = this.#options;
    try {
      const ready = await this.#ready();
      let next = this.#line(entry, ready.tip);
      const bytes = Buffer.byteLength(next.line) + 1;
      const full = ready.current.bytes > 0 && ready.current.bytes + bytes > maxFileBytes;
      const current = full ? await this.#newFile() : ready.current;
      // A file stands for itself: what differs from a whole one in the last file is whole in the new one, and the policy stands at its head.
      const isHeaded = await this.#headed(current, entry, ready.tip);
      if (full || isHeaded) next = this.#line(entry, this.#tip ?? ready.tip);
      await this.#put(current, next);
      if (holdsPolicy(entry.body)) [this.#policy, this.#policyIn] = [inForce(entry.body), current.segment];
      if (full) await this.#prune();
      return next.entry;
    } catch (err) {
      throw journalError(err, this.#folder);
    }
  }

  async #put(current: Current, { line, note, entry }: Line): Promise<void> {
    await this.#write(current, `${line}\n`);
    note();
    this.#tip = entry;
    this.#acknowledgedIn = current.segment;
  }

  /**
   * Without it what follows could not be decided again once the files before are pruned. By what stands there and not by the size of the file: a
   * disk that filled may have cut the head off.
   */
  async #headed(current: Current, { atMs, scope, body }: NewEntry, tip: Tip): Promise<boolean> {
    if (this.#policyIn === current.segment || this.#policy === null || holdsPolicy(body)) return false;
    await this.#put(current, this.#line({ atMs, scope, body: this.#policy }, tip));
    this.#policyIn = current.segment;
    return true;
  }

  #line(entry: NewEntry, tip: Tip): Line {
    const { scope } = this.#options;
    try {
      if (entry.scope !== scope) throw new Error(`it is of ${entry.scope}, and this is the journal of ${scope}`);
      const body = this.#options.redact?.(entry.body) ?? entry.body;
      const { written, note } = this.#keeper.packed(body, tip.seq + 1, scope);
      return { ...sealed({ ...entry, body }, tip, written), note };
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err);
      throw new JournalError(
        'JOURNAL_BAD_ENTRY',
        `an entry of kind ${entry.body.kind} cannot be written (${why}); expected plain data of this cluster`,
        err,
      );
    }
  }

  async #ready(): Promise<{ readonly current: Current; readonly tip: Tip }> {
    // A file that was removed under us still takes writes, and loses them.
    if (this.#current !== null && (await this.#current.file.stat()).links === 0) {
      await this.#letGo();
      this.#mine = null;
    }
    if (this.#current === null || this.#tip === null) await this.#resume();
    if (this.#current === null || this.#tip === null) throw closedError(this.#folder);
    return { current: this.#current, tip: this.#tip };
  }

  /** Finds what the next entry follows, and a file to write it to: a new one, or ours after a failure, once what was cut off there is closed off. */
  async #resume(): Promise<void> {
    await this.#fs.ensureDirectory(this.#folder);
    if (this.#tip === null) {
      const { tip, notes } = await standingOf(this.#fs, this.#options.directory, this.#options.scope);
      [this.#tip, this.notes] = [tip, notes];
    }
    const mine = this.#mine;
    if (mine === null) {
      await this.#newFile();
      return;
    }
    const end = await endOf(this.#fs, this.#folder, mine);
    // An entry whose sync failed was not acknowledged, but it is there.
    if (end.tip !== null && end.tip.seq > this.#tip.seq) this.#tip = end.tip;
    const current = await this.#opened(mine, await this.#fs.openAppend(join(this.#folder, mine.name)));
    if (end.closeOff !== 'nothing') await this.#write(current, end.closeOff === 'torn' ? `${TORN_MARK}\n` : '\n');
    const isDoubtful = this.#leaveFile && mine === this.#acknowledgedIn;
    if (isDoubtful || current.bytes >= this.#options.maxFileBytes) await this.#newFile();
    this.#leaveFile = false;
  }

  async #newFile(): Promise<Current> {
    await this.#letGo();
    const newest = (await segmentsIn(this.#fs, this.#folder)).at(-1)?.number ?? 0;
    const segment = segmentOf(newest + 1, this.#run);
    const file = await this.#fs.openNew(join(this.#folder, segment.name));
    // It is ours from here on: a folder that cannot be synced must not leave one more empty file with each try.
    this.#mine = segment;
    const current = await this.#opened(segment, file);
    this.#acknowledgedIn ??= segment;
    return current;
  }

  async #opened(segment: Segment, file: JournalFile): Promise<Current> {
    try {
      const { bytes } = await file.stat();
      // A new file's name must survive a crash as well as its content.
      if (bytes === 0) await this.#fs.syncDirectory(this.#folder);
      this.#current = { file, segment, bytes };
      return this.#current;
    } catch (err) {
      await file.close().catch(() => undefined);
      throw err;
    }
  }

  async #write(current: Current, text: string): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    let syncing = false;
    try {
      await current.file.append(bytes);
      syncing = true;
      await current.file.sync();
      current.bytes += bytes.length;
    } catch (err) {
      // How much of it is in the file is not known now: the next append looks before it writes.
      this.#leaveFile ||= syncing;
      await this.#letGo();
      throw err;
    }
  }

  #prune(): Promise<void> {
    const { keepFiles, maxFileBytes } = this.#options;
    return pruned(this.#fs, this.#folder, { keepFiles, maxFileBytes, isOurs: ({ run }) => run === this.#run });
  }

  async #letGo(): Promise<void> {
    const file = this.#current?.file;
    this.#current = null;
    this.#keeper.forget();
    await file?.close().catch(() => undefined);
  }
}

const inForce = (body: Extract<EntryBody, { kind: 'start' | 'policy' }>): EntryBody => ({
  kind: 'policy',
  change: 'in-force',
  hash: body.kind === 'start' ? body.policyHash : body.hash,
  detail: 'the same as before, at the head of a file',
  policy: body.policy,
});

const closedError = (folder: string): JournalError =>
  new JournalError('JOURNAL_CLOSED', `the journal at ${folder} is closed; expected an open one; open it again`);
