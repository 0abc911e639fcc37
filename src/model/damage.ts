/** Of one page or file of a member that cannot be read, as PostgreSQL itself or a check of it names it. */
export interface DamageSign {
  /** What is wrong, by the row of the table that recognised it. */
  readonly kind: DamageKind;
  /** As PostgreSQL names it: a path below its data directory, or an index by its name. Null: the line names none. */
  readonly relation: string | null;
  /** One block or a range of them (`3..5`). Null: the line names none. */
  readonly block: string | null;
  /** The line itself, secrets masked. */
  readonly text: string;
  /** When it was written, by its own words. Null: it says no time, or one of a zone that only a place knows. */
  readonly atMs: number | null;
}

export type DamageKind =
  | 'invalid-page'
  | 'wrong-checksum'
  | 'unreadable-block'
  | 'lost-file'
  | 'bad-index'
  | 'bad-heap'
  /** By its SQLSTATE alone. */
  | 'coded'
  /** By a check of the data. */
  | 'checked';

/** The end of a member's log, read for damage: the newest line of each place, oldest first. */
export interface DamageLog {
  readonly lines: number;
  readonly signs: readonly DamageSign[];
}

/** A sign that stands until the data directory was copied anew. */
export interface DamageMark extends DamageSign {
  readonly firstMs: number;
  readonly lastMs: number;
}

/** What is remembered of one member. */
export interface DamageMemory {
  readonly marks: readonly DamageMark[];
  /** Since when its data directory is another one, or was found whole: what was written before says nothing of it. Null: that was not seen. */
  readonly settledMs: number | null;
  /** When the last check began that found nothing: what it has read of the marks before it is settled. Absent: there was none, and in older journals. */
  readonly checkedMs?: number;
  /** Lines that stood at that time and say no time themselves. */
  readonly settled: readonly string[];
}

/** Where it is, for people. */
export function placeOf({ relation, block }: Pick<DamageSign, 'relation' | 'block'>): string {
  if (relation === null) return block === null ? 'a page' : `block ${block}`;
  return block === null ? relation : `block ${block} of ${relation}`;
}
