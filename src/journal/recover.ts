import { GENESIS, opened, sealOf, type Tip } from './chain.js';
import { fileName, fileNumbers, filePath, type JournalFs } from './files.js';
import { linesOf } from './lines.js';

/** Where a journal stands on the disk. */
export interface Standing {
  /** Number of the newest file; 0 when there is none. */
  readonly file: number;
  readonly tip: Tip;
  /** What must be written first, so that the next entry begins on a line of its own. */
  readonly closeOff: 'nothing' | 'newline' | 'torn';
  /** What was found that a person should know. */
  readonly notes: readonly string[];
}

/** Finds the last entry that can be read, and whether the file ends cleanly behind it. Changes nothing. */
export async function standingOf(fs: JournalFs, directory: string): Promise<Standing> {
  const numbers = await fileNumbers(fs, directory);
  const notes: string[] = [];
  let closeOff: Standing['closeOff'] = 'nothing';
  for (const number of [...numbers].reverse()) {
    const end = await endOf(fs, directory, number);
    const newest = number === numbers.at(-1);
    if (newest) closeOff = end.closeOff;
    if (end.badAtEnd > 0)
      notes.push(`${fileName(number)}: ${end.badAtEnd} unreadable line(s) at its end; kept, and skipped by readers`);
    if (end.tip !== null) return { file: numbers.at(-1) ?? 0, tip: end.tip, closeOff, notes };
  }
  return { file: numbers.at(-1) ?? 0, tip: GENESIS, closeOff, notes };
}

async function endOf(
  fs: JournalFs,
  directory: string,
  number: number,
): Promise<{ readonly tip: Tip | null; readonly badAtEnd: number; readonly closeOff: Standing['closeOff'] }> {
  let last: string | null = null;
  let badAtEnd = 0;
  let closeOff: Standing['closeOff'] = 'nothing';
  for await (const line of linesOf(fs.chunks(filePath(directory, number)))) {
    const whole = sealOf(line.text) !== null;
    if (whole) last = line.text;
    if (whole) badAtEnd = 0;
    else if (line.terminated && opened(line.text).kind === 'bad') badAtEnd += 1;
    if (!line.terminated) closeOff = whole ? 'newline' : 'torn';
  }
  const answer = last === null ? null : opened(last);
  return { tip: answer?.kind === 'entry' ? answer.entry : null, badAtEnd, closeOff };
}
