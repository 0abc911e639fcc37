import { stepRemediation } from '../machines/step.js';
import type { Ledger, Remediation } from '../model/ledger.js';

/** A step that never left: its run as it was before, and the ledger in which that stood. */
export interface Unsent {
  readonly run: Remediation;
  readonly before: Ledger;
}

/** What a stored ledger means to whoever reads it now: nothing of it is being sent unless the answer is still awaited here. */
export const asLoaded = (
  stored: Ledger,
  unsent: ReadonlyMap<string, Unsent>,
  sending: ReadonlyMap<string, unknown>,
): Ledger => afterCrash(withoutUnsent(stored, unsent), sending);

/**
 * What stands there as being sent and never left, by our own knowledge: a first step is no try, with the drain or fence that it would have
 * made, and a later one waits as before. What another instance has judged meanwhile is its own.
 */
function withoutUnsent(ledger: Ledger, unsent: ReadonlyMap<string, Unsent>): Ledger {
  const isOurs = (row: Remediation): boolean => row.phase === 'sending' && unsent.has(row.id);
  const ours = ledger.remediations.filter(isOurs);
  if (ours.length === 0) return ledger;
  const neverBegun = ours.filter(({ stepIndex }) => stepIndex === 0);
  return {
    ...ledger,
    remediations: ledger.remediations.flatMap((row) => {
      if (neverBegun.includes(row)) return [];
      return isOurs(row) ? [unsent.get(row.id)?.run ?? row] : [row];
    }),
    drains: asBefore(ledger.drains, neverBegun, (id) => unsent.get(id)?.before.drains),
    fences: asBefore(ledger.fences, neverBegun, (id) => unsent.get(id)?.before.fences),
  };
}

/** The record that an unsent step would have made gives way to the one that it would have replaced. */
const asBefore = <R extends { readonly member: string; readonly remediationId: string }>(
  records: readonly R[],
  neverBegun: readonly Remediation[],
  before: (id: string) => readonly R[] | undefined,
): readonly R[] =>
  records.flatMap((record) => {
    if (!neverBegun.some(({ id }) => id === record.remediationId)) return [record];
    return before(record.remediationId)?.filter(({ member }) => member === record.member) ?? [];
  });

/** What was being sent when its sender ended may have happened: it is watched, not repeated. */
const afterCrash = (ledger: Ledger, sending: ReadonlyMap<string, unknown>): Ledger => ({
  ...ledger,
  remediations: ledger.remediations.map((row) =>
    row.phase === 'sending' && !sending.has(row.id)
      ? {
          ...row,
          phase: stepRemediation(row.phase, { type: 'LOST' }),
          detail: 'we ended before the answer: it may have happened',
        }
      : row,
  ),
});
