import { thingOf } from '../assess/things.js';
import { isOfLeader } from '../ledger/incident-links.js';
import type { Incident, IncidentProblem } from '../model/incident.js';
import type { ActionName } from '../model/plan.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import type { Gap } from './writes.js';

/** One remediation as the journal tells of it: from its first request to its verdict. */
export interface Deed {
  readonly id: string;
  readonly action: ActionName;
  readonly target: string;
  readonly because: { readonly code: ProblemCode | 'operator'; readonly subject: string };
  readonly shadow: boolean;
  readonly atMs: number;
  /** Its first request is not among the entries: `atMs` is of a later one. */
  readonly isCut: boolean;
  /** Of its last verdict; null: none was written yet. */
  readonly phase: string | null;
  readonly endedAtMs: number | null;
  /** Since when passes did not see any more what it was for; null: they saw it to the last, or none was there to tell. */
  readonly goneSinceMs: number | null;
}

/**
 * What became of it after Ekimi would have acted and did not: `person`: somebody had the same done; `lost`: it was for the leader's trouble, and nobody
 * could write for a while longer; `worse`: a critical problem came of it; `stood`: it was still there after `HEALS_WITHIN_MS`; `healed`: it was over
 * before, by itself, by Patroni or by a person without Ekimi; `unknown`: nobody can tell.
 */
export type Afterwards = 'person' | 'lost' | 'worse' | 'stood' | 'healed' | 'unknown';

/** `lostMs`: for how long nobody could write after its moment, in milliseconds: at most so much it would have saved. Of `lost` alone, else 0. */
export interface Became {
  readonly after: Afterwards;
  readonly lostMs: number;
}

/** What heals within so many milliseconds needed nobody. */
const HEALS_WITHIN_MS = 5 * 60_000;
/** So long a deed takes itself: where writes are back within it, it would have saved none. */
const TAKES_ITSELF_MS = 2_000;
/** What comes back within this time was not over, as for an incident. */
const BACK_WITHIN_MS = 30_000;

/** The deed after a later pass that saw something. What is gone for a while is over: that it comes again later is another trouble. */
export function afterPass(deed: Deed, problems: readonly Problem[], atMs: number): Deed {
  const { because, goneSinceMs } = deed;
  if (goneSinceMs !== null && atMs - goneSinceMs >= BACK_WITHIN_MS) return deed;
  const isThere = problems.some((row) => isFormOf(row, because));
  return { ...deed, goneSinceMs: isThere ? null : (goneSinceMs ?? atMs) };
}

/** Pure: from the incidents, the other deeds and the time without writes of the same span. `nowMs`: the end of what is known. */
export function afterwards(
  deed: Deed,
  deeds: readonly Deed[],
  {
    incidents,
    gaps,
    nowMs,
  }: { readonly incidents: readonly Incident[]; readonly gaps: readonly Gap[]; readonly nowMs: number },
): Became {
  const { atMs, because } = deed;
  const became = (after: Afterwards): Became => ({ after, lostMs: 0 });
  const incident = incidents.find(
    ({ openedAtMs, endedAtMs, problems }) =>
      openedAtMs <= atMs && (endedAtMs ?? Infinity) >= atMs && problems.some((row) => isOf(row, because)),
  );
  const later = deeds.filter(
    (other) =>
      other.action === deed.action && other.target === deed.target && other.id !== deed.id && other.atMs >= atMs,
  );
  const untilMs = incident?.endedAtMs ?? nowMs;
  if (later.some((other) => !other.shadow && other.because.code === 'operator' && other.atMs <= untilMs))
    return became('person');
  if (incident === undefined) return became('unknown');
  const own = incident.problems.findLast((row) => isOf(row, because));
  const overAtMs = deed.goneSinceMs ?? own?.endedAtMs ?? incident.endedAtMs;
  if (isOfLeader(because)) {
    // One that was rehearsed again begins to count where the next one stands, so that no second counts twice.
    const nextMs = Math.min(nowMs, ...later.filter(({ shadow }) => shadow).map((other) => other.atMs));
    const lostMs = lostFrom(atMs, overAtMs ?? nowMs, nextMs, gaps);
    if (lostMs >= TAKES_ITSELF_MS) return { after: 'lost', lostMs };
  }
  if (incident.problems.some((row) => cameOf(row, deed, overAtMs ?? nowMs))) return became('worse');
  if ((overAtMs ?? nowMs) - atMs > HEALS_WITHIN_MS) return became('stood');
  // What only informs is no trouble that could heal: that it is over says nothing of what it called for.
  const isTrouble = own?.level !== 'info' || isOfLeader(because);
  return became(overAtMs !== null && isTrouble ? 'healed' : 'unknown');
}

/** Milliseconds of the spans without writes that began before the trouble was over, from the deed on. */
const lostFrom = (atMs: number, overAtMs: number, untilMs: number, gaps: readonly Gap[]): number =>
  gaps
    .filter(({ fromMs }) => fromMs <= overAtMs)
    .reduce((sum, gap) => sum + Math.max(0, Math.min(gap.toMs ?? untilMs, untilMs) - Math.max(gap.fromMs, atMs)), 0);

/** It came on top while the deed's own trouble stood, and of it: of the same member, or of the same leader's trouble. What an incident joined later is none. */
const cameOf = (row: IncidentProblem, { atMs, because }: Deed, overAtMs: number): boolean =>
  row.level === 'critical' &&
  row.firstSeenMs > atMs &&
  row.firstSeenMs <= overAtMs &&
  (row.subject === because.subject || (isOfLeader(row) && isOfLeader(because)));

const isOf = (row: { readonly code: string; readonly subject: string }, about: Deed['because']): boolean =>
  row.code === about.code && row.subject === about.subject;

const isFormOf = (row: Problem, about: Deed['because']): boolean =>
  about.code === 'operator' ? false : thingOf(row) === thingOf({ code: about.code, subject: about.subject });
