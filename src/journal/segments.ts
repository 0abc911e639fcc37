import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { JournalFs } from './files.js';

/** One file of a journal. It belongs to one run of one process, which alone writes it; those of 0.1.0 name none. */
export interface Segment {
  readonly name: string;
  readonly number: number;
  readonly run: string | null;
}

const NAME = /^journal-(\d{6,})(?:-([0-9a-f]{8}))?\.jsonl$/;

export const newRun = (): string => randomBytes(4).toString('hex');

export const segmentOf = (number: number, run: string): Segment => ({
  name: `journal-${String(number).padStart(6, '0')}-${run}.jsonl`,
  number,
  run,
});

/** Oldest first; anything else in the folder is not ours. */
export async function segmentsIn(fs: JournalFs, folder: string): Promise<readonly Segment[]> {
  return (await fs.names(folder))
    .flatMap((name): Segment[] => {
      const match = NAME.exec(name);
      return match === null ? [] : [{ name, number: Number(match[1]), run: match[2] ?? null }];
    })
    .sort((left, right) => left.number - right.number || (left.name < right.name ? -1 : 1));
}

/** A scope is a name of Patroni's, and any text: as the name of a folder it must not lead out of the journal's. */
const folderName = (scope: string): string => encodeURIComponent(scope).replace(/^\./, '%2E');

export const folderOf = (directory: string, scope: string): string => join(directory, folderName(scope));

/** One chain of a journal: the folder of a cluster, or the files of 0.1.0 in the directory itself, which hold all clusters. */
export interface Chain {
  readonly folder: string;
  /** Before the name of a file, for people: `SCOPE/`, or nothing. */
  readonly label: string;
  readonly segments: readonly Segment[];
}

/** Where the journal's folder is a volume of its own. */
const OF_THE_VOLUME = 'lost+found';

/** Not begun yet, or removed meanwhile. Any other failure is no empty journal: nobody could tell what is in it. */
const isGone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Those in `directory` itself first, since they are older; then the clusters', or that of `scope` alone. Rejects when it cannot be read. */
export async function chainsIn(fs: JournalFs, directory: string, scope?: string): Promise<readonly Chain[]> {
  const own = await segmentsIn(fs, directory);
  const names =
    scope === undefined
      ? [...(await fs.directories(directory))].filter((name) => name !== OF_THE_VOLUME).sort()
      : [folderName(scope)];
  const chains: Chain[] = [{ folder: directory, label: '', segments: own }];
  for (const name of names) {
    const folder = join(directory, name);
    const segments = await segmentsIn(fs, folder).catch((error: unknown) => {
      if (isGone(error)) return [];
      throw error;
    });
    chains.push({ folder, label: `${name}/`, segments });
  }
  return chains.filter(({ segments }) => segments.length > 0);
}
