import type { Incident } from '../model/incident.js';
import type { ActionName } from '../model/plan.js';

/** One remediation as the journal tells of it: from its first request to its verdict. */
export interface Deed {
  readonly id: string;
  readonly action: ActionName;
  readonly target: string;
  readonly because: { readonly code: string; readonly subject: string };
  readonly shadow: boolean;
  readonly atMs: number;
  /** Of its last verdict; null: none was written yet. */
  readonly phase: string | null;
  readonly endedAtMs: number | null;
}

/**
 * What became of it after Ekimi would have acted and did not: `person`: somebody had the same done; `worse`: a critical problem came on top;
 * `stood`: it was still there after `HEALS_WITHIN_MS`; `healed`: it was over before, by itself, by Patroni or by a person without Ekimi; `unknown`: nobody can tell.
 */
export type Afterwards = 'person' | 'worse' | 'stood' | 'healed' | 'unknown';

/** What heals within so many milliseconds needed nobody. */
const HEALS_WITHIN_MS = 5 * 60_000;

/** Pure: from the incidents and the other deeds of the same span. `nowMs`: the end of what is known. */
export function afterwards(
  deed: Deed,
  deeds: readonly Deed[],
  incidents: readonly Incident[],
  nowMs: number,
): Afterwards {
  const { atMs, because } = deed;
  const incident = incidents.find(
    ({ openedAtMs, endedAtMs, problems }) =>
      openedAtMs <= atMs && (endedAtMs ?? Infinity) >= atMs && problems.some((row) => isOf(row, because)),
  );
  const untilMs = incident?.endedAtMs ?? nowMs;
  if (
    deeds.some(
      (other) =>
        !other.shadow &&
        other.because.code === 'operator' &&
        other.action === deed.action &&
        other.target === deed.target &&
        other.atMs >= atMs &&
        other.atMs <= untilMs,
    )
  )
    return 'person';
  if (incident === undefined) return 'unknown';
  if (incident.problems.some((row) => row.level === 'critical' && row.firstSeenMs > atMs)) return 'worse';
  const endedAtMs = incident.problems.findLast((row) => isOf(row, because))?.endedAtMs ?? incident.endedAtMs;
  if (endedAtMs !== null && endedAtMs - atMs <= HEALS_WITHIN_MS) return 'healed';
  return (endedAtMs ?? nowMs) - atMs > HEALS_WITHIN_MS ? 'stood' : 'unknown';
}

const isOf = (row: { readonly code: string; readonly subject: string }, about: Deed['because']): boolean =>
  row.code === about.code && row.subject === about.subject;
