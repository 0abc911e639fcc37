import type { Evacuation, Ledger } from '../model/ledger.js';
import { isStaged, STAGED_ROWS, type ProcedureRun } from '../model/procedure-run.js';

/** Whose member it is: taken out by a person, who gives it back. Null: nobody took it. */
export const evacuationOf = ({ evacuations }: Pick<Ledger, 'evacuations'>, member: string): Evacuation | null =>
  evacuations?.find((row) => row.member === member) ?? null;

/**
 * What a run makes of it: one that takes a member out holds every ladder from its beginning on, for what it has stopped must not be started in
 * between; one that is ended gives it back to them, and so does the beginning of one that brings it back.
 */
export function withCustody(ledger: Ledger, run: ProcedureRun): Ledger {
  const custody = isStaged(run.name) ? STAGED_ROWS[run.name].custody : undefined;
  const { member } = run.goal;
  if (custody === undefined || typeof member !== 'string') return ledger;
  const { evacuations = [], ...rest } = ledger;
  const others = evacuations.filter((row) => row.member !== member);
  if (custody === 'returns' || run.phase === 'aborted' || (custody === 'lends' && run.phase === 'succeeded'))
    return others.length === evacuations.length ? ledger : withRows(rest, others);
  const { by, reason, startedAtMs: sinceMs, id } = run;
  return withRows(rest, [...others, { member, by, reason, sinceMs, run: id }]);
}

const withRows = (rest: Omit<Ledger, 'evacuations'>, rows: readonly Evacuation[]): Ledger =>
  rows.length === 0 ? rest : { ...rest, evacuations: rows };
