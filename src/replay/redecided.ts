import type { EntryBody } from '../model/entry.js';
import type { Change } from './changes.js';

/** Entries of other kinds hold neither a decision nor what one is made of. */
export const REPLAYED_KINDS: readonly EntryBody['kind'][] = ['start', 'policy', 'pass', 'intent'];

/** One recorded decision, made again. */
export type Redecided =
  | {
      readonly kind: 'pass' | 'second-look';
      readonly seq: number;
      readonly atMs: number;
      readonly scope: string;
      /** Empty: byte for byte what was decided then. */
      readonly changes: readonly Change[];
      /** An earlier difference would have been acted on, so this one is a guess: what was seen since followed what was done then. */
      readonly isBeyond: boolean;
      /** This is the first difference of that kind: from here on the recorded future no longer holds. */
      readonly parts: boolean;
    }
  /** It cannot be made again, and why. */
  | {
      readonly kind: 'skipped';
      readonly seq: number;
      readonly atMs: number;
      readonly scope: string;
      readonly why: string;
    };

/** Made again, and nothing but sentences differs: another version wrote them. */
export const isReworded = (row: Redecided): boolean =>
  row.kind !== 'skipped' && row.changes.length > 0 && row.changes.every(({ isWording }) => isWording === true);

/** Made again, and not one byte differs: what cannot be made again is not the same. */
export const isAsItWas = (row: Redecided): boolean => row.kind !== 'skipped' && row.changes.length === 0;
