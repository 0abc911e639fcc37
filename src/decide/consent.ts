import { actionInput, type RunbookAction } from '../actions/action.js';
import { divergenceOf } from '../assess/divergence.js';
import { secondsOfWrites } from '../assess/write-time.js';
import { isInFlight, type Approval } from '../model/ledger.js';
import { covers, type Loss } from '../model/loss.js';
import { secondsText } from '../words/loss.js';
import { fingerprint, type Plan } from '../model/plan.js';
import { memberOf } from '../model/view.js';
import type { Situation } from '../model/situation.js';

/** What the plan would lose beyond its guards, as of this pass; null: nothing. */
export function lossOf(input: Situation, action: RunbookAction, plan: Plan): Loss | null {
  const at = actionInput(input);
  const loss = action.loss?.(at, plan) ?? null;
  if (loss !== null || !action.destroysCopy) return loss;
  const member = memberOf(input.view, plan.target);
  if (member === null) return { bytes: null, seconds: null, text: `${plan.target} is not a member of ours` };
  const divergence = divergenceOf(at, member);
  if (divergence.kind === 'ancestor') return null;
  if (divergence.kind === 'unproven') return { bytes: null, seconds: null, text: divergence.text };
  const { bytes } = divergence;
  const seconds = secondsOfWrites(at.memory, bytes);
  return { bytes, seconds, text: `${divergence.text}, ${secondsText(seconds)}` };
}

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
