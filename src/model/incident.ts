import type { ActionName } from './plan.js';
import type { ProblemCode, ProblemLevel } from './problem.js';

/** One problem of an incident, for as long as it stood. */
export interface IncidentProblem {
  readonly code: ProblemCode;
  readonly subject: string;
  readonly level: ProblemLevel;
  readonly firstSeenMs: number;
  /** null: suspected only. */
  readonly activeSinceMs: number | null;
  /** null: it stands. */
  readonly endedAtMs: number | null;
}

/** `shadow`: it was rehearsed, nothing was sent. Absent: it was sent, or a version wrote it that did not tell them apart. */
export interface IncidentRemediation {
  readonly id: string;
  readonly action: ActionName;
  readonly target: string;
  readonly shadow?: true;
}

/**
 * How long nobody could write, as far as passes can tell: from the first pass that saw it until the first that saw writes again. What may be
 * wrong with it at both ends, and while nobody could tell, is `unsureMs`.
 */
export interface WithoutWrites {
  /** Of the spans that have ended. */
  readonly ms: number;
  readonly unsureMs: number;
  /** Since when there has been no writer; null: writes are taken, or nobody can tell that they are not. */
  readonly sinceMs: number | null;
  /** Since when nobody can tell; null: it is told. */
  readonly untoldSinceMs: number | null;
}

/** One trouble from its first sight to its end, with all that followed from it: what journal, API, screens and pages speak of. */
export interface Incident {
  readonly id: string;
  /** The code and subject of its first problem. */
  readonly cause: ProblemCode;
  readonly subject: string;
  /** The worst of its problems. */
  readonly level: ProblemLevel;
  /** The first sight of the first problem. */
  readonly openedAtMs: number;
  readonly problems: readonly IncidentProblem[];
  /** What was tried, rehearsals in dry-run included. */
  readonly remediations: readonly IncidentRemediation[];
  /** What persons were told of it, each once. */
  readonly pages: readonly { readonly code: ProblemCode; readonly subject: string; readonly atMs: number }[];
  readonly withoutWrites: WithoutWrites;
  /** Since when nothing of it stands and nothing is in flight; null: something is. */
  readonly quietSinceMs: number | null;
  /** null: open. */
  readonly endedAtMs: number | null;
  /** It turned out to be part of this one, which goes on. */
  readonly joinedTo?: string;
  /** The instance that opened it. */
  readonly by: string;
}

export const isOpen = ({ endedAtMs }: Incident): boolean => endedAtMs === null;

/** How long nobody could write until now. */
export const withoutWritesMs = (
  { withoutWrites: { ms, sinceMs } }: Pick<Incident, 'withoutWrites'>,
  nowMs: number,
): number => ms + (sinceMs === null ? 0 : Math.max(0, nowMs - sinceMs));

/** What may be wrong with it until now: that nobody can tell may go on. */
export const unsureMs = (
  { withoutWrites: { unsureMs: ms, untoldSinceMs } }: Pick<Incident, 'withoutWrites'>,
  nowMs: number,
): number => ms + (untoldSinceMs === null ? 0 : Math.max(0, nowMs - untoldSinceMs));
