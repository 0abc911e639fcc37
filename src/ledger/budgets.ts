import { riskOf, type ActionName } from '../model/plan.js';
import type { Remediation } from '../model/ledger.js';
import type { Situation } from '../model/situation.js';

const HOUR_MS = 60 * 60_000;

/** Actions of the last hour that cost something, or of these those of one name; one that this version does not know counts as such. */
export function budgetUsed({ ledger, nowMs }: Pick<Situation, 'ledger' | 'nowMs'>, only?: ActionName): number {
  const isRecent = (atMs: number | null): boolean => atMs !== null && nowMs - atMs < HOUR_MS;
  const own = ledger.remediations.filter(
    (row) =>
      isRecent(row.createdAtMs) &&
      riskOf(row.plan.action) !== 'none' &&
      row.phase !== 'abandoned' &&
      (only === undefined || row.plan.action === only),
  );
  // Asked again and again while Patroni was at another task: nothing was begun, and one count of it is enough to end what never does.
  // The stages of one run of a procedure are what a person asked for once.
  const counted = own.filter(
    (row, at) => !own.slice(0, at).some((before) => isBusyLike(before, row) || isOfOneRun(before, row)),
  );
  const foreign = (ledger.foreign ?? []).filter(
    ({ list, createdAtMs, row }) => list === 'remediations' && isRecent(createdAtMs) && row['phase'] !== 'abandoned',
  );
  return counted.length + foreign.length;
}

/** Members with an active critical problem of their own. */
export function stormingMembers(input: Pick<Situation, 'view' | 'states'>): readonly string[] {
  const names = new Set(input.view.members.map((member) => member.name as string));
  const struck = new Set<string>();
  for (const problem of input.states.problems)
    if (problem.level === 'critical' && problem.phase === 'active' && names.has(problem.subject))
      struck.add(problem.subject);
  return [...struck];
}

/** A member that is at another task for a moment is asked again this soon; for so many times in a chain, then it is a failure like another. */
export const BUSY_COOLDOWN_MS = 5_000;
const BUSY_TRIES = 3;

/**
 * Refused only because Patroni was at another task: nothing was begun, so it is neither a try nor a reason to wait for long. The fourth such word
 * within a chain is a failure like another, and stays one.
 */
export function wasOnlyBusy({ ledger, policy }: Pick<Situation, 'ledger' | 'policy'>, row: Remediation): boolean {
  if (row.ending !== 'busy') return false;
  const agoMs = (other: Remediation): number => row.createdAtMs - other.createdAtMs;
  const upToIt = ledger.remediations.filter(
    (other) => isBusyLike(other, row) && agoMs(other) >= 0 && agoMs(other) < policy.chainMs,
  );
  return upToIt.length <= BUSY_TRIES;
}

const isOfOneRun = (one: Remediation, other: Remediation): boolean =>
  one.plan.because.run !== undefined && one.plan.because.run === other.plan.because.run;

const isBusyLike = (one: Remediation, other: Remediation): boolean =>
  one.ending === 'busy' &&
  other.ending === 'busy' &&
  one.plan.action === other.plan.action &&
  one.plan.target === other.plan.target;
