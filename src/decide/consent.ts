import { isInFlight, type Approval } from '../model/ledger.js';
import { fingerprint, type Plan } from '../model/plan.js';
import type { DecideInput } from './input.js';

/** The approval of exactly this plan in that state, if it has not expired. */
export function approvalFor(
  input: Pick<DecideInput, 'ledger' | 'nowMs'>,
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

/** A person agreed to this plan: it waits to begin, or is under way on the strength of it. */
export function isConsented(input: Pick<DecideInput, 'ledger' | 'nowMs'>, plan: Plan): boolean {
  if (approvalFor(input, plan, 'approved') !== null) return true;
  const wanted = fingerprint(plan);
  const underWay = input.ledger.remediations.some((row) => isInFlight(row) && fingerprint(row.plan) === wanted);
  return underWay && input.ledger.approvals.some((row) => row.fingerprint === wanted && row.state === 'used');
}
