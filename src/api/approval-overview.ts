import type { Approval } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import { consequenceOf, type Consequence } from '../words/consequence.js';
import type { MemberOverview } from './member-overview.js';

/** What waits for a person, with what they would agree to. */
export interface ApprovalOverview extends Approval {
  readonly consequence: Consequence;
  /** Why it is asked for by what is seen now; null: nothing calls for it any more. `why` is of the moment at which it was asked. */
  readonly now: string | null;
  /** Its requests as they would be sent now; empty where nothing calls for it. */
  readonly steps: readonly string[];
}

/** What is decided now of that which was asked: its gates' words are of this pass, those of the question of an earlier one. */
function askedNow({ decisions }: ClusterSnapshot, { action, target }: Plan): Pick<ApprovalOverview, 'now' | 'steps'> {
  for (const one of decisions) {
    if ((one.kind !== 'held' && one.kind !== 'act') || one.plan.action !== action || one.plan.target !== target)
      continue;
    const blocks = one.kind === 'held' ? one.blocks.map(({ because }) => because) : [];
    return { now: [one.why, ...blocks].join('; '), steps: one.steps };
  }
  return { now: null, steps: [] };
}

/** Each that waits, with what a person agrees to by what is seen now. */
export const approvalsIn = (snapshot: ClusterSnapshot, members: readonly MemberOverview[]): ApprovalOverview[] => {
  const { ledger, policy } = snapshot;
  // Who holds the key and does not say that it runs as primary may be dead.
  const serving = members.map(({ name, holdsLeaderKey, role, reads }) => ({
    name,
    leads: holdsLeaderKey ? (role === 'primary' ? true : null) : false,
    takesReads: reads === 'unknown' ? null : reads === 'in',
  }));
  return ledger.approvals
    .filter((one) => one.state === 'waiting')
    .map((one) => ({
      ...one,
      consequence: consequenceOf(one.plan, serving, policy.actions[one.plan.action].timeoutMs),
      ...askedNow(snapshot, one.plan),
    }));
};
