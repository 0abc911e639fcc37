import { actionInput } from '../actions/action.js';
import { ACTIONS } from '../actions/index.js';
import { covers, type Loss } from '../model/loss.js';
import { lossText } from '../words/loss.js';
import type { Approval } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import { approvalFor, coversLoss, isAgreedTo, personsFor, starterOf } from '../ledger/consent.js';
import { lossOf } from './consent.js';
import { no, type Gate, type No } from './gate.js';

/** Does it cost data, does the action itself refuse, did a person agree? */
export const CONSENT_GATES: readonly Gate[] = [
  {
    name: 'data-loss',
    doc: 'A copy is destroyed only when it is proven to hold nothing that the leader does not, and a leader is given up early only when a successor has all that it is known to have written; else a person agrees to what is lost.',
    check: (input, { action, plan }) => {
      const loss = lossOf(input, action, plan);
      if (loss === null || accepts(plan, loss)) return null;
      const approved = approvalFor(input, plan, 'approved');
      if (approved === null) return no(loss.text, agreeing(plan, loss));
      if (coversLoss(approved, loss)) return null;
      const only =
        approved.loss == null
          ? 'it was approved without a word of a loss'
          : `${lossText(approved.loss, loss)} were approved`;
      return no(`${loss.text}; ${only}`, agreeing(plan, loss));
    },
  },
  {
    name: 'refusal',
    doc: "The action's own conditions, asked again just before the request. No approval lifts them.",
    check: (input, { action, plan }) => {
      const because = action.refuse(actionInput(input), plan);
      return because === null ? null : no(because, 'wait until that has changed, or change it');
    },
  },
  {
    name: 'approval',
    doc: 'Where the policy says approve, or where too little is known for auto, a person does, for this very plan and for a limited time. Where it says approvals.twoPersonsFor, two persons do; who starts it by name is one of them.',
    check: (input, { action, plan }) => {
      const isForTwo = personsFor(input.policy, plan) === 2;
      // Who starts it has agreed to it; what it costs beyond its guards is another question, asked above.
      if (isByPerson(plan) && !isForTwo) return null;
      const approved = approvalFor(input, plan, 'approved');
      if (approved !== null && isAgreedTo(input.policy, plan, approved)) return null;
      const doubt = isByPerson(plan) ? null : (action.doubt?.(actionInput(input), plan) ?? null);
      const { mode } = input.policy.actions[plan.action];
      if (!isByPerson(plan) && mode !== 'approve' && doubt === null) return null;
      const rejected = approvalFor(input, plan, 'rejected');
      if (rejected !== null)
        return no(
          `${rejected.by ?? 'somebody'} rejected it: ${rejected.reason ?? 'no reason given'}`,
          'wait for the rejection to expire',
          rejected.expiresAtMs,
        );
      if (approved !== null)
        return no(
          `only ${approved.by ?? 'one person'} agreed to it, and the policy asks for two persons`,
          isByPerson(plan) ? 'start it as another person' : 'wait until that approval expires: then it is asked anew',
          approved.expiresAtMs,
        );
      return unanswered(plan, approvalFor(input, plan, 'waiting'), { doubt, mode, isForTwo });
    },
  },
];

/** Nobody has said no, and not everybody yes. */
function unanswered(
  plan: Plan,
  waiting: Approval | null,
  { doubt, mode, isForTwo }: { readonly doubt: string | null; readonly mode: string; readonly isForTwo: boolean },
): No {
  const asks = mode === 'approve' ? 'the policy asks for an approval' : 'a person must agree';
  const agreed = starterOf(plan) ?? waiting?.first?.by;
  const because = [
    waiting === null ? asks : `approval ${waiting.id} is waiting`,
    ...(isForTwo ? [`two persons must agree${agreed === undefined ? '' : `; ${agreed} did`}`] : []),
    ...(doubt === null ? [] : [doubt]),
  ].join('; ');
  const again = isByPerson(plan) && plan.because.run === undefined ? ', by another person; then start it again' : '';
  const unblock =
    waiting === null
      ? `approve it once it waits: ekimi status shows its ID${again}`
      : `ekimi approve ${waiting.id} --reason "..."${again}`;
  return no(because, unblock, waiting?.expiresAtMs ?? null);
}

const isByPerson = (plan: Plan): boolean => plan.because.code === 'operator';

/** As an approval: the loss that was agreed to with the start, and no more. */
function accepts(plan: Plan, loss: Loss): boolean {
  const accepted = plan.params['acceptLoss'];
  if (!isByPerson(plan) || (accepted !== 'any' && typeof accepted !== 'number')) return false;
  return covers({ bytes: accepted === 'any' ? null : accepted }, loss);
}

function agreeing(plan: Plan, { bytes }: Loss): string {
  const mind = ACTIONS[plan.action].destroysCopy ? 'after looking at what it holds' : 'with that loss in mind';
  return isByPerson(plan) ? `start it again with --accept-loss ${bytes ?? 'any'}, ${mind}` : `ekimi approve, ${mind}`;
}
