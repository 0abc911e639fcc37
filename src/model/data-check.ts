/** A relation that `pg_amcheck` found to be wrong. */
export interface CheckFinding {
  /** `database.schema.relation`. */
  readonly relation: string;
  readonly what: 'table' | 'index';
  readonly block: string | null;
  /** What PostgreSQL says of it, the first of it. */
  readonly text: string;
}

/** What one run of `pg_amcheck` over a member has to say. */
export interface CheckReport {
  /** One a relation, the first of each; no more than `MOST_FINDINGS`. */
  readonly findings: readonly CheckFinding[];
  /** How many relations are wrong. */
  readonly found: number;
  /** What was not checked, or why it did not come to its end, with the remedy. Empty: all was. */
  readonly gaps: readonly string[];
  /** What became of the places that were asked about with it. Absent: not looked up, and in older journals. */
  readonly places?: CheckedPlaces;
}

/** Places that a log named, as it named them. In neither list: the check says nothing of it. */
export interface CheckedPlaces {
  /** Of a relation that the check has read. */
  readonly read: readonly string[];
  /** Of no relation any more: it was dropped, or written anew into another file. */
  readonly gone: readonly string[];
}

/** A check of the data of one member, under way or the last that ended. */
export interface DataCheck extends CheckReport {
  readonly by: string;
  /** Also where it leads. */
  readonly leader?: true;
  /** Null: every database that takes connections. */
  readonly database: string | null;
  readonly startedMs: number;
  /** Null: it goes on. */
  readonly endedMs: number | null;
  /** Ekimi itself was ended or begun anew meanwhile: that is no failure of the check. */
  readonly interrupted?: true;
}

/** What a person asks for. */
export interface CheckRequest {
  readonly member: string;
  readonly database: string | null;
  /** Also where it leads. */
  readonly leader: boolean;
}

export const MOST_FINDINGS = 8;

/** Nothing was found, and nothing left out. */
export const isCleanReport = ({ found, gaps }: CheckReport): boolean => found === 0 && gaps.length === 0;

/** It came to its end, over all databases, and found nothing. */
export const isCleanCheck = (check: DataCheck): boolean =>
  check.endedMs !== null && check.database === null && isCleanReport(check);

/** The same check by a clock that was set. */
export const checkMoved = <C extends DataCheck>(check: C, byMs: number): C => ({
  ...check,
  startedMs: check.startedMs + byMs,
  endedMs: check.endedMs === null ? null : check.endedMs + byMs,
});

/** Something that did not come about by the schedule, several times on end. */
export interface CheckTrouble {
  readonly sinceMs: number;
  readonly times: number;
  /** Why, the last time, with the remedy. */
  readonly why: readonly string[];
}

/** What is kept of the checks of one member beyond the process that made them. */
export interface CheckRow {
  readonly member: string;
  /** When the last one began: names it. */
  readonly startedMs: number;
  /** The last one, with what those before it found and it did not read again. Null: its data is another one by now, or none has ended yet. */
  readonly check: DataCheck | null;
  /** Checks by the schedule that left something out or were given up. Absent: the last one did neither. */
  readonly failing?: CheckTrouble;
  /** Checks by the schedule on end that Ekimi itself did not live to the end of. Absent: the last one ended. */
  readonly lost?: CheckTrouble;
  /** The one that goes on by the schedule, as far as is known; a later one in its place: it never ended. */
  readonly begunMs?: number;
  /** Times of the schedule at which it could not be begun. Absent: the last time it could. */
  readonly refused?: CheckTrouble;
}

/** In the ledger, so that whoever takes over and whoever starts anew knows it. */
export interface ChecksKept {
  /** By which schedule the times count; null: none was seen. */
  readonly schedule: string | null;
  /** Since when that schedule is known. */
  readonly sinceMs: number;
  /** The last of its times at which somebody was there to begin a check; null: none yet. */
  readonly roundMs: number | null;
  /** Times on end at which there was nobody to check but the leader. */
  readonly alone?: CheckTrouble;
  readonly rows: readonly CheckRow[];
}

export const NO_CHECKS_KEPT: ChecksKept = { schedule: null, sinceMs: 0, roundMs: null, rows: [] };

/** So many times of the schedule pass before it is told that nothing came of them. */
export const MISSED_TIMES = 3;

/** The schedule of checks as of this pass. */
export interface Checking {
  readonly schedule: string;
  /** `MISSED_TIMES` of its times have passed since then. Null: not so many have, as far as it is looked for. */
  readonly dueMs: number | null;
  /** It is for this instance to begin them: nobody else holds tenure. */
  readonly isOurs: boolean;
  /** Since when this instance watches. */
  readonly sinceMs: number;
}
