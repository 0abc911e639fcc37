import { join } from 'node:path';
import { linesBackwards } from './backwards.js';
import { GENESIS, opened, sealOf, type Tip } from './chain.js';
import type { JournalFs } from './files.js';
import { chainsIn, type Segment } from './segments.js';

/** Where the journal of a cluster stands on the disk. */
export interface Standing {
  /** Number of the newest file; 0 when there is none. */
  readonly number: number;
  /** What the first entry of a new file follows: the newest that can be read. After a journal of 0.1.0 a new chain begins, and numbers go on. */
  readonly tip: Tip;
  /** What was found that a person should know. */
  readonly notes: readonly string[];
}

/** Changes nothing: a file belongs to the run that wrote it. */
export async function standingOf(fs: JournalFs, directory: string, scope: string): Promise<Standing> {
  const notes: string[] = [];
  let number = 0;
  for (const { folder, label, segments } of [...(await chainsIn(fs, directory, scope))].reverse()) {
    if (label !== '') number = segments.at(-1)?.number ?? 0;
    for (const segment of [...segments].reverse()) {
      const end = await endOf(fs, folder, segment);
      const name = `${label}${segment.name}`;
      if (end.bad > 0) notes.push(`${name}: ${end.bad} unreadable line(s) at its end; kept, and skipped by readers`);
      if (end.closeOff === 'torn')
        notes.push(`${name}: its last line was cut off by a crash or a full disk; kept, and skipped by readers`);
      if (end.tip === null) continue;
      const tip = label === '' ? { seq: end.tip.seq, hash: GENESIS.hash } : end.tip;
      return { number, tip, notes };
    }
  }
  return { number, tip: GENESIS, notes };
}

interface End {
  /** The last entry that can be read; null: there is none in that file. */
  readonly tip: Tip | null;
  /** Whole lines behind it that are no entries. */
  readonly bad: number;
  /** What must be written before the next entry, so that it begins on a line of its own. */
  readonly closeOff: 'nothing' | 'newline' | 'torn';
}

export async function endOf(fs: JournalFs, folder: string, { name }: Segment): Promise<End> {
  let bad = 0;
  let closeOff: End['closeOff'] = 'nothing';
  for await (const { text, terminated } of linesBackwards(fs, join(folder, name))) {
    const isWhole = sealOf(text) !== null;
    if (!terminated) closeOff = isWhole ? 'newline' : 'torn';
    const answer = isWhole || terminated ? opened(text) : null;
    if (answer?.kind === 'entry') return { tip: answer.entry, bad, closeOff };
    if (answer?.kind === 'bad') bad += 1;
  }
  return { tip: null, bad, closeOff };
}
