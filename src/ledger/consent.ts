import { EKIMI } from '../model/names.js';
import { isInFlight, type Approval } from '../model/ledger.js';
import { covers, type Loss } from '../model/loss.js';
import { fingerprint, type Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import type { Situation } from '../model/situation.js';

/** The approval of exactly this plan in that state, if it has not expired. */
export function approvalFor(
  input: Pick<Situation, 'ledger' | 'nowMs'>,
  plan: Plan,
  state: Approval['state'],
): Approval | null {
  if (input.ledger.approvals.length === 0) return null;
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

/** How many persons the policy wants to agree to it. */
export const personsFor = ({ approvals }: Pick<Policy, 'approvals'>, { action }: Plan): 1 | 2 =>
  approvals.twoPersonsFor?.includes(action) === true ? 2 : 1;

/** The person who started it; null: it answers a problem, or is a stage of what Ekimi began, which is nobody's word. */
export const starterOf = ({ because }: Plan): string | null =>
  because.code === 'operator' && because.by !== EKIMI ? (because.by ?? null) : null;

/** As many persons as the policy wants have agreed, whoever started this plan among them. Told apart by the names of their tokens. */
export function isAgreedTo(policy: Policy, plan: Plan, approval: Approval): boolean {
  const persons = new Set(
    [starterOf(plan), approval.first?.by, approval.by].filter((name) => typeof name === 'string'),
  );
  return persons.size >= personsFor(policy, plan);
}

/** A person agreed to this plan: it waits to begin, or is under way on the strength of it. */
export function isConsented(input: Pick<Situation, 'ledger' | 'nowMs'>, plan: Plan): boolean {
  if (approvalFor(input, plan, 'approved') !== null) return true;
  const wanted = fingerprint(plan);
  const underWay = input.ledger.remediations.some((row) => isInFlight(row) && fingerprint(row.plan) === wanted);
  return underWay && input.ledger.approvals.some((row) => row.fingerprint === wanted && row.state === 'used');
}
