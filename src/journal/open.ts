import type { JournalEntry, NewEntry } from '../model/entry.js';
import type { Clock } from '../ports/clock.js';
import type { JournalPort } from '../ports/journal.js';
import { sealed, TORN_MARK, type Tip } from './chain.js';
import { fileNumbers, filePath, nodeFs, type JournalFile, type JournalFs } from './files.js';
import { JournalError, journalError } from './journal-error.js';
import { Keeper } from './kept.js';
import { JournalLock } from './lock.js';
import { pageOfJournal, readJournal, tailJournal, type Page, type PageOptions, type ReadOptions } from './read.js';
import { standingOf } from './recover.js';

export interface JournalOptions {
  readonly directory: string;
  readonly maxFileBytes: number;
  /** Files to keep, the one being written included; 0 keeps all. */
  readonly keepFiles: number;
  readonly fs?: JournalFs;
  /** Only for the lock's "since". */
  readonly clock?: Pick<Clock, 'now'>;
}

/** An open journal: the port, and what only its owner needs. */
export interface OpenJournal extends JournalPort {
  /** What was found at opening that a person should know: a torn line, unreadable lines. Empty as a rule. */
  readonly notes: readonly string[];
  /** The newest `count` entries, oldest first. */
  tail(count: number, options?: ReadOptions): Promise<readonly JournalEntry[]>;
}

/**
 * Opens a directory for writing, creating it if need be. Rejects with JournalError: JOURNAL_LOCKED while another process holds it,
 * JOURNAL_FULL or JOURNAL_UNWRITABLE when what a crash left cannot be closed off.
 */
export async function openJournal(options: JournalOptions): Promise<OpenJournal> {
  const fs = options.fs ?? nodeFs;
  try {
    await fs.ensureDirectory(options.directory);
  } catch (err) {
    throw journalError(err, options.directory);
  }
  const lock = await JournalLock.take(options.directory, options.clock?.now() ?? Date.now());
  const journal = new Journal(options, fs, lock);
  try {
    await journal.resume();
    return journal;
  } catch (err) {
    await journal.close();
    throw journalError(err, options.directory);
  }
}

interface Current {
  readonly file: JournalFile;
  readonly number: number;
  bytes: number;
}

type Line = ReturnType<typeof sealed> & {
  /** To be called once it is on the disk. */
  readonly note: () => void;
};

class Journal implements OpenJournal {
  notes: readonly string[] = [];
  readonly #options: JournalOptions;
  readonly #fs: JournalFs;
  readonly #lock: JournalLock;
  #tip: Tip | null = null;
  #current: Current | null = null;
  /** Set by a failed sync: what is in the page cache may not be on the disk, so no acknowledged entry may follow in that file. */
  #leaveFile = false;
  /** The file that holds the last acknowledged entry. A later one that never held any is used again, or a bad disk would fill with files. */
  #acknowledgedIn = 0;
  #queue: Promise<unknown> = Promise.resolve();
  readonly #keeper = new Keeper();
  #closed = false;

  constructor(options: JournalOptions, fs: JournalFs, lock: JournalLock) {
    this.#options = options;
    this.#fs = fs;
    this.#lock = lock;
  }

  append(entry: NewEntry): Promise<JournalEntry> {
    if (this.#closed) return Promise.reject(closedError(this.#options.directory));
    // One at a time: two lines written at once would both follow the same one.
    const written = this.#queue.then(() => this.#append(entry));
    this.#queue = written.catch(() => undefined);
    return written;
  }

  read(options: ReadOptions = {}): AsyncIterable<JournalEntry> {
    return readJournal(this.#options.directory, options, this.#fs);
  }

  tail(count: number, options: ReadOptions = {}): Promise<readonly JournalEntry[]> {
    return tailJournal(this.#options.directory, count, options, this.#fs);
  }

  page(options: PageOptions): Promise<Page> {
    return pageOfJournal(this.#options.directory, options, this.#fs);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#queue;
    await this.#letGo();
    await this.#lock.release();
  }

  /** Finds the end on the disk, closes off a cut line, and opens the file to go on in. Also the way back after any failure. */
  async resume(): Promise<void> {
    const { directory, maxFileBytes } = this.#options;
    const standing = await standingOf(this.#fs, directory);
    const notes = [...standing.notes];
    // Our own memory wins over a disk that shows less: what is missing there must show as a gap, not be numbered anew.
    if (this.#tip === null || standing.tip.seq > this.#tip.seq) this.#tip = standing.tip;
    let current = await this.#openFile(Math.max(1, standing.file));
    if (standing.closeOff !== 'nothing') {
      const mark = standing.closeOff === 'torn' ? `${TORN_MARK}\n` : '\n';
      await this.#write(current, mark);
      if (standing.closeOff === 'torn')
        notes.push(`the last line was cut off by a crash or a full disk; kept, and marked "${TORN_MARK.trim()}"`);
    }
    if (this.#acknowledgedIn === 0) this.#acknowledgedIn = current.number;
    const doubtful = this.#leaveFile && current.number === this.#acknowledgedIn;
    if (doubtful || current.bytes >= maxFileBytes) current = await this.#nextFile(current);
    this.#leaveFile = false;
    this.notes = notes;
  }

  async #append(entry: NewEntry): Promise<JournalEntry> {
    const { directory, maxFileBytes } = this.#options;
    let next: Line;
    try {
      await this.#lock.confirm();
      const ready = await this.#ready();
      next = this.#line(entry, ready.tip);
      const bytes = Buffer.byteLength(next.line) + 1;
      const full = ready.current.bytes > 0 && ready.current.bytes + bytes > maxFileBytes;
      const current = full ? await this.#nextFile(ready.current) : ready.current;
      // A file stands for itself: what differs from a whole one in the last file is whole in the new one.
      if (full) next = this.#line(entry, ready.tip);
      await this.#write(current, `${next.line}\n`);
      next.note();
      this.#tip = next.entry;
      this.#acknowledgedIn = current.number;
      if (full) await this.#prune();
    } catch (err) {
      throw journalError(err, directory);
    }
    return next.entry;
  }

  #line(entry: NewEntry, tip: Tip): Line {
    try {
      const { written, note } = this.#keeper.packed(entry.body, tip.seq + 1, entry.scope);
      return { ...sealed(entry, tip, written), note };
    } catch (err) {
      const why = err instanceof Error ? err.message : String(err);
      throw new JournalError(
        'JOURNAL_BAD_ENTRY',
        `an entry of kind ${entry.body.kind} cannot be written as JSON (${why}); expected plain data`,
        err,
      );
    }
  }

  async #ready(): Promise<{ readonly current: Current; readonly tip: Tip }> {
    // A file that was removed under us still takes writes, and loses them.
    if (this.#current !== null && (await this.#current.file.stat()).links === 0) await this.#letGo();
    if (this.#current === null || this.#tip === null) await this.resume();
    if (this.#current === null || this.#tip === null) throw closedError(this.#options.directory);
    return { current: this.#current, tip: this.#tip };
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

  async #openFile(number: number): Promise<Current> {
    await this.#letGo();
    const file = await this.#fs.openAppend(filePath(this.#options.directory, number));
    try {
      const { bytes } = await file.stat();
      // A new file's name must survive a crash as well as its content.
      if (bytes === 0) await this.#fs.syncDirectory(this.#options.directory);
      this.#current = { file, number, bytes };
      return this.#current;
    } catch (err) {
      await file.close().catch(() => undefined);
      throw err;
    }
  }

  #nextFile(current: Current): Promise<Current> {
    return this.#openFile(current.number + 1);
  }

  /** Whole files, oldest first. A file that cannot be removed is not worth failing an entry that is on the disk. */
  async #prune(): Promise<void> {
    const { directory, keepFiles } = this.#options;
    if (keepFiles === 0) return;
    const numbers = await fileNumbers(this.#fs, directory).catch(() => []);
    for (const number of numbers.slice(0, Math.max(0, numbers.length - keepFiles))) {
      await this.#fs.remove(filePath(directory, number)).catch(() => undefined);
    }
  }

  async #letGo(): Promise<void> {
    const file = this.#current?.file;
    this.#current = null;
    this.#keeper.forget();
    await file?.close().catch(() => undefined);
  }
}

const closedError = (directory: string): JournalError =>
  new JournalError('JOURNAL_CLOSED', `the journal at ${directory} is closed; expected an open one; open it again`);
