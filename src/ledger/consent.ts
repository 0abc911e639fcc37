import { isInFlight, type Approval } from '../model/ledger.js';
import { covers, type Loss } from '../model/loss.js';
import { fingerprint, type Plan } from '../model/plan.js';
import type { Situation } from '../model/situation.js';

/** The approval of exactly this plan in that state, if it has not expired. */
export function approvalFor(
  input: Pick<Situation, 'ledger' | 'nowMs'>,
  plan: Plan,
  state: Approval['state'],
): Approval | null {
  const wanted = fingerprint(plan);
  return (
    input.ledger.approvals.find(
      (row) => row.fingerprint === wanted && row.state === state && row.expiresAtMs > input.nowMs,
    ) ?? null
  );
}

/** It was asked for with a loss at least as large. One that an older version asked for says nothing of a loss and covers none. */
export const coversLoss = (approval: Approval, loss: Loss | null): boolean =>
  loss === null || (approval.loss != null && covers(approval.loss, loss));

/** A person agreed to this plan: it waits to begin, or is under way on the strength of it. */
export function isConsented(input: Pick<Situation, 'ledger' | 'nowMs'>, plan: Plan): boolean {
  if (approvalFor(input, plan, 'approved') !== null) return true;
  const wanted = fingerprint(plan);
  const underWay = input.ledger.remediations.some((row) => isInFlight(row) && fingerprint(row.plan) === wanted);
  return underWay && input.ledger.approvals.some((row) => row.fingerprint === wanted && row.state === 'used');
}
