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
}

/** What a person asks for. */
export interface CheckRequest {
  readonly member: string;
  readonly database: string | null;
  /** Also where it leads. */
  readonly leader: boolean;
}

export const MOST_FINDINGS = 8;

/** It came to its end, over all databases, and found nothing. */
export const isCleanCheck = ({ endedMs, database, found, gaps }: DataCheck): boolean =>
  endedMs !== null && database === null && found === 0 && gaps.length === 0;
