import { join } from 'node:path';
import type { JournalFs } from './files.js';
import { segmentsIn, type Segment } from './segments.js';

interface Retention {
  readonly maxFileBytes: number;
  readonly keepFiles: number;
  /** Files of the run that writes now, of which the newest stays whatever it holds. */
  readonly isOurs: (segment: Segment) => boolean;
}

/** A process that is restarted in a circle leaves a small file each time: beyond so many, reading the folder itself would be slow. */
const MOST_FILES = 1_000;

/**
 * Removes whole files, oldest first, while there are more bytes than `keepFiles` full ones hold: each run begins a file, so that a count alone
 * would let restarts wipe the past. A file that cannot be removed is not worth failing an entry that is on the disk.
 */
export async function pruned(fs: JournalFs, folder: string, retention: Retention): Promise<void> {
  const { keepFiles, maxFileBytes, isOurs } = retention;
  if (keepFiles === 0) return;
  const segments = await segmentsIn(fs, folder).catch(() => []);
  const sizes = await Promise.all(segments.map(({ name }) => fs.bytes(join(folder, name)).catch(() => 0)));
  const newestOfOurs = segments.findLastIndex(isOurs);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  let count = segments.length;
  for (const [index, { name }] of segments.entries()) {
    if (bytes <= keepFiles * maxFileBytes && count <= Math.max(MOST_FILES, keepFiles)) return;
    if (index === newestOfOurs) continue;
    await fs.remove(join(folder, name)).catch(() => undefined);
    bytes -= sizes[index] ?? 0;
    count -= 1;
  }
}
