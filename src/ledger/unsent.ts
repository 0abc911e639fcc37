import type { Approval, Ledger, Remediation } from '../model/ledger.js';
import { fingerprint } from '../model/plan.js';
import { withoutClusterPause, withPausesLeft } from './claims.js';

/** A step that never left: its run as it was before, and the ledger in which that stood. */
export interface Unsent {
  readonly run: Remediation;
  readonly before: Ledger;
}

/**
 * Takes back what the intent of that step made of the ledger, and nothing else that happened since: a first step is no try, with the drain or
 * fence that it would have made, a later one waits as before, and the word that was given for it counts again. What another instance has
 * judged meanwhile is its own.
 */
export function withoutUnsent(ledger: Ledger, { run, before }: Unsent): Ledger {
  const sending = ledger.remediations.find((row) => row.id === run.id && row.phase === 'sending');
  if (sending === undefined) return ledger;
  const approvals = givenBack(ledger.approvals, run, before);
  const rest = withPausesLeft(
    ledger.clusterPause?.remediationId === run.id && before.clusterPause == null ? withoutClusterPause(ledger) : ledger,
    (row) => row.remediationId !== run.id || before.pauses?.some(({ sinceMs }) => sinceMs === row.sinceMs) === true,
  );
  if (sending.stepIndex > 0)
    return { ...rest, approvals, remediations: ledger.remediations.map((row) => (row === sending ? run : row)) };
  return {
    ...rest,
    approvals,
    remediations: ledger.remediations.filter((row) => row !== sending),
    drains: asBefore(ledger.drains, run, before.drains),
    fences: asBefore(ledger.fences, run, before.fences),
  };
}

/** An approval is for one run, and this was none: used by it, it is as it was. One that another run has used meanwhile must not serve twice. */
const givenBack = (rows: readonly Approval[], { plan }: Remediation, { approvals }: Ledger): readonly Approval[] =>
  rows.map((row) => {
    if (row.state !== 'used' || row.fingerprint !== fingerprint(plan)) return row;
    const was = approvals.find(({ id }) => id === row.id);
    return was?.state === 'approved' ? was : row;
  });

/** The record that the step would have made, or taken further, gives way to the one that it would have replaced. */
function asBefore<R extends { readonly member: string; readonly remediationId: string }>(
  records: readonly R[],
  { id, plan }: Remediation,
  before: readonly R[],
): readonly R[] {
  const isOfRun = ({ remediationId, member }: R): boolean =>
    remediationId === id ||
    (member === plan.target && before.some((row) => row.member === member && row.remediationId === remediationId));
  return records.flatMap((record) =>
    isOfRun(record) ? before.filter(({ member }) => member === record.member) : [record],
  );
}
