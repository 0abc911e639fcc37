export interface Line {
  readonly text: string;
  /** From 1. */
  readonly number: number;
  /** False for a last line without its end of line: being written now, or cut off. */
  readonly terminated: boolean;
}

const NEWLINE = 0x0a;

/**
 * Lines of a byte stream, split at LF alone. readline would also split at U+2028, which JSON leaves as it is, and would not tell whether
 * the last line was finished.
 */
export async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Line> {
  let pending: Uint8Array[] = [];
  let number = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      number += 1;
      const last = chunk.subarray(start, end);
      yield { text: decoded(pending.length === 0 ? [last] : [...pending, last]), number, terminated: true };
      pending = [];
      start = end + 1;
    }
    if (start < chunk.length) pending.push(chunk.subarray(start));
  }
  if (pending.length > 0) yield { text: decoded(pending), number: number + 1, terminated: false };
}

function decoded(parts: readonly Uint8Array[]): string {
  const [first] = parts;
  // Nearly every line lies in one chunk: it is not copied before it is read.
  if (parts.length === 1 && first !== undefined)
    return Buffer.from(first.buffer, first.byteOffset, first.byteLength).toString('utf8');
  return Buffer.concat(parts).toString('utf8');
}
