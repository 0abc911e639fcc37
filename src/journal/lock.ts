import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { open, readFile, rename, stat, unlink, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { JournalError, journalError } from './journal-error.js';

/**
 * One writer per directory. Node has no flock, so the lock is a file that names its owner precisely enough to be told from a later
 * process with the same number: in a container the controller is process 1 each time.
 */
interface Owner {
  readonly token: string;
  readonly pid: number;
  /** From /proc: clock ticks since boot at which the process began; null where there is no /proc. */
  readonly startedTicks: string | null;
  readonly host: string;
  readonly bootId: string | null;
  readonly pidNamespace: string | null;
  readonly sinceMs: number;
}

const LOCK_NAME = 'journal.lock';
const BEAT_MS = 15_000;
/** An owner that we cannot look at (another host, another container) counts as gone after four missed beats. */
const SILENT_MS = 4 * BEAT_MS;
const UNNAMED_MS = 2_000;

const readOr = <T>(read: () => T): T | null => {
  try {
    return read();
  } catch {
    return null;
  }
};

/** Field 22 of /proc/PID/stat; counted from behind the name, which may hold spaces and brackets. */
const startedTicks = (pid: number): string | null =>
  readOr(
    () =>
      readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/^.*\) /s, '')
        .split(' ')[19] ?? null,
  );

const self = (sinceMs: number): Owner => ({
  sinceMs,
  token: randomUUID(),
  pid: process.pid,
  startedTicks: startedTicks(process.pid),
  host: hostname(),
  bootId: readOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()),
  pidNamespace: readOr(() => readlinkSync('/proc/self/ns/pid')),
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (err) {
    return err instanceof Error && 'code' in err && err.code === 'EPERM';
  }
}

/** True when the owner is known not to run any more. */
function isGone(owner: Owner, me: Owner, beatMs: number, nowMs: number): boolean {
  if (owner.host === me.host && owner.bootId !== me.bootId) return true;
  if (owner.host !== me.host || owner.pidNamespace !== me.pidNamespace) return nowMs - beatMs > SILENT_MS;
  if (!isAlive(owner.pid)) return true;
  return owner.startedTicks !== null && startedTicks(owner.pid) !== owner.startedTicks;
}

async function ownerOf(path: string): Promise<Owner | null> {
  try {
    const value: unknown = JSON.parse(await readFile(path, 'utf8'));
    return typeof value === 'object' && value !== null && 'token' in value && 'pid' in value ? (value as Owner) : null;
  } catch {
    return null;
  }
}

export class JournalLock {
  readonly #path: string;
  readonly #owner: Owner;
  readonly #beat: NodeJS.Timeout;

  private constructor(path: string, owner: Owner) {
    this.#path = path;
    this.#owner = owner;
    // Real time on purpose: another process reads it.
    this.#beat = setInterval(() => {
      const now = new Date();
      utimes(path, now, now).catch(() => undefined);
    }, BEAT_MS);
    this.#beat.unref();
  }

  /** Takes the directory, or throws JOURNAL_LOCKED with who holds it. The lock of an owner that is gone is taken over. */
  static async take(directory: string, nowMs: number): Promise<JournalLock> {
    const path = join(directory, LOCK_NAME);
    const me = self(nowMs);
    for (let tries = 0; tries < 3; tries += 1) {
      if (await created(path, me)) return new JournalLock(path, me);
      await clearIfGone(path, me);
    }
    throw new JournalError(
      'JOURNAL_LOCKED',
      `the lock ${path} changes hands while we look; expected one controller; start only one`,
    );
  }

  /** Throws JOURNAL_LOCKED when somebody has taken the lock away, so that two writers cannot interleave for longer than one entry. */
  async confirm(): Promise<void> {
    const owner = await ownerOf(this.#path);
    if (owner?.token === this.#owner.token) return;
    const found = owner === null ? 'is gone' : `belongs to process ${owner.pid} on ${owner.host}`;
    throw new JournalError(
      'JOURNAL_LOCKED',
      `our lock ${this.#path} ${found}; expected to hold it; stop the other controller and restart this one`,
    );
  }

  async release(): Promise<void> {
    clearInterval(this.#beat);
    if ((await ownerOf(this.#path))?.token === this.#owner.token) await unlink(this.#path).catch(() => undefined);
  }
}

async function created(path: string, me: Owner): Promise<boolean> {
  let handle;
  try {
    handle = await open(path, 'wx', 0o640);
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'EEXIST') return false;
    throw journalError(err, path);
  }
  try {
    await handle.writeFile(`${JSON.stringify(me)}\n`);
    return true;
  } catch (err) {
    // A lock without a name would hold up the next start.
    await unlink(path).catch(() => undefined);
    throw journalError(err, path);
  } finally {
    await handle.close();
  }
}

/** Moves a dead owner's lock aside; throws when the owner lives. */
async function clearIfGone(path: string, me: Owner): Promise<void> {
  const beat = await stat(path).catch(() => null);
  if (beat === null) return;
  const owner = await ownerOf(path);
  const nowMs = Date.now();
  // Without a name it is being written this moment, or its owner died before it had written it.
  const gone = owner === null ? nowMs - beat.mtimeMs > UNNAMED_MS : isGone(owner, me, beat.mtimeMs, nowMs);
  if (!gone) throw held(path, owner);
  const aside = `${path}.${me.token}`;
  await rename(path, aside).catch(() => undefined);
  // Somebody else may have taken over between our look and our move: then it is theirs, and goes back.
  const moved = await ownerOf(aside);
  if (moved !== null && moved.token !== owner?.token) await rename(aside, path).catch(() => undefined);
  else await unlink(aside).catch(() => undefined);
}

function held(path: string, owner: Owner | null): JournalError {
  const who =
    owner === null
      ? 'somebody who is just starting'
      : `process ${owner.pid} on ${owner.host} since ${new Date(owner.sinceMs).toISOString()}`;
  return new JournalError(
    'JOURNAL_LOCKED',
    `the journal is held by ${who} (${path}); expected to be its only writer; stop that controller, or give this one another journal.directory`,
  );
}
