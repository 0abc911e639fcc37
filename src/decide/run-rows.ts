import { isInFlight, sentFor, type Remediation } from '../model/ledger.js';
import type { ProcedureRun } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { STAGED } from '../procedures/index.js';

/** What was sent for a run, the oldest first. */
export const rowsOf = ({ ledger }: Pick<Situation, 'ledger'>, { id }: ProcedureRun): readonly Remediation[] =>
  sentFor(ledger, id);

export const lastOf = (input: Situation, run: ProcedureRun): Remediation | undefined => rowsOf(input, run).at(-1);

/** Whoever continues it forgives what they could have seen: not what was under way then and failed later. */
export const isForgiven = (run: ProcedureRun, last: Pick<Remediation, 'endedAtMs'>): boolean =>
  last.endedAtMs !== null && last.endedAtMs <= run.continuedAtMs;

/** What comes after it can be done without it. */
export const isSpare = ({ name }: ProcedureRun, key: string): boolean => STAGED[name].isSpare?.(key) === true;

/** Why a stage that is left is not done again before a person has looked; null: it was not done yet. */
export function spentOn(input: Situation, run: ProcedureRun, key: string): string | null {
  const last = rowsOf(input, run)
    .filter((row) => row.plan.because.stage === key)
    .at(-1);
  if (last === undefined || isInFlight(last) || isForgiven(run, last)) return null;
  return last.phase === 'succeeded'
    ? `${key} succeeded (${last.id}) and the cluster does not show it`
    : `${key} ${last.phase} (${last.id}): ${last.detail}`;
}
