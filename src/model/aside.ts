import type { Reply } from './plan.js';
import { lastValue, type Reading, type ReadingFault } from './reading.js';

/** What became of a data directory that was to be renamed beside itself. */
export interface Aside extends Reply {
  /** Where it is now; null: where it was, or nobody knows (`maybe`). */
  readonly to: string | null;
  /** What it takes there; null: it was not counted in time. */
  readonly bytes: number | null;
}

/** A data directory that lies aside. */
export interface AsideDirectory {
  /** The name of its folder, by which it is removed. */
  readonly name: string;
  readonly path: string;
  /** Null: it was not counted in time. */
  readonly bytes: number | null;
}

/** What lies aside of each member, by its name. */
export type AsideReadings = Readonly<Record<string, Reading<readonly AsideDirectory[]>>>;

/** As it was last listed, which may be minutes ago; null: nobody can tell. */
export const asidesOf = (
  { asides }: { readonly asides?: AsideReadings },
  member: string,
): readonly AsideDirectory[] | null => {
  const reading = asides?.[member];
  return reading === undefined ? null : lastValue(reading);
};

/**
 * Nobody has said yet what lies there: the list was asked for and has not come, so that whether anything can be moved aside is not known. A host driver
 * that has no means for it, or answers why not, has said so.
 */
export const isAsideUnread = ({ asides }: { readonly asides?: AsideReadings }, member: string): boolean => {
  const reading = asides?.[member];
  return reading?.kind === 'unknown' && !SAID.includes(reading.fault);
};

const SAID: readonly ReadingFault[] = ['not-configured', 'bad-reply', 'denied'];

/** Does the directory that was moved aside under this suffix lie there, by the last list? */
export const isAsideOf = (view: { readonly asides?: AsideReadings }, member: string, suffix: string): boolean =>
  asidesOf(view, member)?.some(({ name }) => name.endsWith(`.${suffix}`)) === true;

/** Begins each suffix: what lies beside a data directory under another name is not ours to list or to remove. */
const OURS = 'ekimi-';

/** The suffix of a directory that is moved aside at that time; it sorts by time. */
export const asideSuffix = (atMs: number): string =>
  `${OURS}${new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '')}`;

/** Of a suffix: nothing that a shell, a path or a person could misread, and that it is one of ours. */
export const isAsideSuffix = (text: string): boolean => /^ekimi-[A-Za-z0-9][A-Za-z0-9._-]{0,56}$/.test(text);

/** Of the name of a folder that lies aside; the name of the data directory stands before the suffix. */
export const isAsideName = (text: string): boolean =>
  /^[^/\s][^/\n]*\.ekimi-[A-Za-z0-9][A-Za-z0-9._-]{0,56}$/.test(text);

/** When it was moved aside, by its name; null: the name does not tell. */
export function asideSinceMs(name: string): number | null {
  const found = /\.ekimi-(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(name);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(year, month - 1, day, hour, minute, second);
}
