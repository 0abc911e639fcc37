import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

/** A file that is only ever appended to. */
export interface JournalFile {
  append(bytes: Uint8Array): Promise<void>;
  sync(): Promise<void>;
  /** `links` is 0 once somebody has removed the file: writing to it would go nowhere. */
  stat(): Promise<{ readonly bytes: number; readonly links: number }>;
  close(): Promise<void>;
}

/** All that the journal wants from a file system; tests put faults in between. */
export interface JournalFs {
  ensureDirectory(directory: string): Promise<void>;
  names(directory: string): Promise<readonly string[]>;
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** At most `most` bytes that end before `end` (null: at the end of the file), and where they begin. */
  before(
    path: string,
    end: number | null,
    most: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly start: number }>;
  openAppend(path: string): Promise<JournalFile>;
  syncDirectory(directory: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Group-readable, because the entries hold queries and addresses. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

export const nodeFs: JournalFs = {
  ensureDirectory: async (directory) => {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  },
  names: (directory) => readdir(directory),
  chunks: (path) => createReadStream(path) as AsyncIterable<Uint8Array>,
  before: async (path, end, most) => {
    const handle = await open(path, 'r');
    try {
      const stop = end ?? (await handle.stat()).size;
      const wanted = Math.min(stop, most);
      const start = stop - wanted;
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(wanted), 0, wanted, start);
      return { bytes: buffer.subarray(0, bytesRead), start };
    } finally {
      await handle.close();
    }
  },
  openAppend: async (path) => {
    const handle = await open(path, 'a', FILE_MODE);
    return {
      append: (bytes) => handle.appendFile(bytes),
      sync: () => handle.datasync(),
      stat: async () => {
        const { size, nlink } = await handle.stat();
        return { bytes: size, links: nlink };
      },
      close: () => handle.close(),
    };
  },
  syncDirectory: async (directory) => {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
  remove: (path) => unlink(path),
};

const NAME = /^journal-(\d{6,})\.jsonl$/;

export const fileName = (number: number): string => `journal-${String(number).padStart(6, '0')}.jsonl`;

/** The numbers of the journal's files, oldest first; anything else in the folder is not ours. */
export async function fileNumbers(fs: JournalFs, directory: string): Promise<readonly number[]> {
  const names = await fs.names(directory);
  return names
    .map((name) => NAME.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((left, right) => left - right);
}

export const filePath = (directory: string, number: number): string => join(directory, fileName(number));
