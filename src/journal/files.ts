import { mkdir, open, readdir, stat, unlink } from 'node:fs/promises';

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
  directories(directory: string): Promise<readonly string[]>;
  bytes(path: string): Promise<number>;
  chunks(path: string): AsyncIterable<Uint8Array>;
  /** At most `most` bytes that end before `end` (null: at the end of the file), and where they begin. */
  before(
    path: string,
    end: number | null,
    most: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly start: number }>;
  openAppend(path: string): Promise<JournalFile>;
  /** Fails where there is such a file: nobody else may write into it. */
  openNew(path: string): Promise<JournalFile>;
  syncDirectory(directory: string): Promise<void>;
  remove(path: string): Promise<void>;
}

/** Group-readable, because the entries hold queries and addresses. */
const FILE_MODE = 0o640;
const DIRECTORY_MODE = 0o750;

/** So much is read at once, and no file stays open in between: a process may read the journals of a thousand clusters beside each other. */
const CHUNK_BYTES = 256 * 1024;

export const nodeFs: JournalFs = {
  ensureDirectory: async (directory) => {
    await mkdir(directory, { recursive: true, mode: DIRECTORY_MODE });
  },
  names: (directory) => readdir(directory),
  directories: async (directory) =>
    (await readdir(directory, { withFileTypes: true })).flatMap((row) => (row.isDirectory() ? [row.name] : [])),
  bytes: async (path) => (await stat(path)).size,
  chunks: async function* (path) {
    let from = 0;
    for (let isMore = true; isMore;) {
      const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
      let filled = 0;
      const handle = await open(path, 'r');
      try {
        // Until nothing comes: a file system may give less than there is.
        while (isMore && filled < CHUNK_BYTES) {
          const { bytesRead } = await handle.read(buffer, filled, CHUNK_BYTES - filled, from + filled);
          isMore = bytesRead > 0;
          filled += bytesRead;
        }
      } finally {
        await handle.close();
      }
      from += filled;
      if (filled > 0) yield buffer.subarray(0, filled);
    }
  },
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
  openAppend: (path) => opened(path, 'a'),
  openNew: (path) => opened(path, 'ax'),
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

async function opened(path: string, flags: 'a' | 'ax'): Promise<JournalFile> {
  const handle = await open(path, flags, FILE_MODE);
  return {
    append: (bytes) => handle.appendFile(bytes),
    sync: () => handle.datasync(),
    stat: async () => {
      const { size, nlink } = await handle.stat();
      return { bytes: size, links: nlink };
    },
    close: () => handle.close(),
  };
}
