import type { JournalFs } from './files.js';

export interface LineFromEnd {
  readonly text: string;
  /** 1 is the last one. */
  readonly fromEnd: number;
  /** False for a last line without its end of line: being written now, or cut off. */
  readonly terminated: boolean;
}

const CHUNK_BYTES = 256 * 1024;
const NEWLINE = 0x0a;

/** Lines of a file, the last one first. Holds one chunk and one line at a time, however long the file is. Empty lines are left out. */
export async function* linesBackwards(fs: JournalFs, path: string): AsyncGenerator<LineFromEnd> {
  // Parts of the line that is not whole yet, in the order of the file.
  let parts: Uint8Array[] = [];
  let end: number | null = null;
  let fromEnd = 0;
  let terminated = false;
  const line = (): LineFromEnd | null => {
    const text = Buffer.concat(parts).toString('utf8');
    parts = [];
    if (text === '') return null;
    fromEnd += 1;
    return { text, fromEnd, terminated };
  };
  while (end !== 0) {
    const { bytes, start }: { readonly bytes: Uint8Array; readonly start: number } = await fs.before(
      path,
      end,
      CHUNK_BYTES,
    );
    let stop = bytes.length;
    for (
      let at = bytes.lastIndexOf(NEWLINE, stop - 1);
      stop > 0 && at >= 0;
      at = stop === 0 ? -1 : bytes.lastIndexOf(NEWLINE, stop - 1)
    ) {
      parts = [bytes.subarray(at + 1, stop), ...parts];
      const found = line();
      if (found !== null) yield found;
      terminated = true;
      stop = at;
    }
    parts = [bytes.subarray(0, stop), ...parts];
    if (bytes.length === 0) break;
    end = start;
  }
  const first = line();
  if (first !== null) yield first;
}
