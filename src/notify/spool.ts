import { closeSync, fsyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { EMPTY_OUTBOX, foldLine, linesOf, lineText, type Outbox, type SpoolLine } from './outbox.js';

/** Owner and group: messages name members and hosts. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;
const FILE = 'outbox.jsonl';

export interface Spool {
  /** What was found at opening. */
  readonly outbox: Outbox;
  /** Lines that could not be read: the end of a write that was cut off, as a rule. */
  readonly unread: number;
  /** On the disk when it returns. Throws if it cannot be written. */
  append(lines: readonly SpoolLine[]): void;
  /** Written anew with the least that gives `outbox`. */
  compact(outbox: Outbox): void;
  /** Bytes of the file. */
  readonly bytes: number;
  close(): void;
}

/** Writes at that place, and tells how many bytes it took: it may be less than it was given. */
type Write = (file: number, bytes: Uint8Array, at: number) => number;
const writeAt: Write = (file, bytes, at) => writeSync(file, bytes, 0, bytes.length, at);

/** Opens the spool of one daemon: a file that is only appended to, and replaced as a whole. Throws if the folder cannot be written. */
export function openSpool(directory: string, write: Write = writeAt): Spool {
  mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE });
  const path = join(directory, FILE);
  const { outbox, unread } = restored(textOf(path));
  let file: number | null = null;
  let bytes = 0;

  function compact(kept: Outbox): void {
    const text = linesOf(kept).map(lineText).join('');
    const beside = `${path}.new`;
    const next = openSync(beside, 'w', FILE_MODE);
    try {
      writeAll(write, next, text, 0);
      fsyncSync(next);
      renameSync(beside, path);
    } catch (error) {
      closeSync(next);
      throw error;
    }
    // From here on the former file has no name: what is appended to it nobody ever reads.
    if (file !== null) closeSync(file);
    file = next;
    bytes = Buffer.byteLength(text);
    syncDirectory(directory);
  }

  compact(outbox);
  return {
    outbox,
    unread,
    append(lines) {
      if (file === null) throw new Error('the spool is closed');
      const text = lines.map(lineText).join('');
      try {
        writeAll(write, file, text, bytes);
        // What is done twice after a power cut goes by the same key; what was never kept is lost.
        if (lines.some(({ t }) => t === 'put')) fsyncSync(file);
      } catch (error) {
        // Half a line would spoil the next one, which is written behind it.
        ftruncateSync(file, bytes);
        throw error;
      }
      bytes += Buffer.byteLength(text);
    },
    compact,
    get bytes() {
      return bytes;
    },
    close() {
      if (file !== null) closeSync(file);
      file = null;
    },
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

function writeAll(write: Write, file: number, text: string, from: number): void {
  const all = Buffer.from(text);
  let done = 0;
  while (done < all.length) done += write(file, all.subarray(done), from + done);
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A line that cannot be read is left out: of a crash it is the last one, and was never acknowledged. */
export function restored(text: string): { readonly outbox: Outbox; readonly unread: number } {
  let outbox = EMPTY_OUTBOX;
  let unread = 0;
  for (const raw of text.split('\n')) {
    if (raw === '') continue;
    const line = lineIn(raw);
    if (line === null) unread += 1;
    else outbox = foldLine(outbox, line);
  }
  return { outbox, unread };
}

function lineIn(raw: string): SpoolLine | null {
  try {
    const line: unknown = JSON.parse(raw);
    return isLine(line) ? line : null;
  } catch {
    return null;
  }
}

const isLine = (value: unknown): value is SpoolLine => {
  if (typeof value !== 'object' || value === null || !('t' in value)) return false;
  if (value.t === 'told') return 'channel' in value && 'keys' in value && Array.isArray(value.keys);
  if (!('id' in value) || typeof value.id !== 'string') return false;
  if (value.t === 'sent' || value.t === 'dropped') return true;
  return value.t === 'put' && 'channel' in value && 'notice' in value && isNotice(value.notice);
};

const isNotice = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'key' in value && 'text' in value && 'change' in value;
