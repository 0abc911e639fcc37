import { isUnreached } from '../assess/unreachable.js';
import type { Decision } from '../model/decision.js';
import type { ClusterState } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { NO_ANSWER } from './no-answer.js';

/** One sentence for logs, the terminal and the dashboard. */
export function decisionText(decision: Decision): string {
  switch (decision.kind) {
    case 'act':
      return `${decision.plan.action} ${decision.plan.target}: ${decision.why}`;
    case 'held':
      if (decision.blocks.every((block) => block.gate === 'approval'))
        return `${decision.plan.action} ${decision.plan.target} waits for an approval: ${decision.why}`;
      return `${decision.plan.action} ${decision.plan.target} held by ${[...new Set(decision.blocks.map((block) => block.gate))].join(', ')}: ${decision.why}`;
    case 'waiting':
      return `waiting on ${decision.code} ${decision.subject}: ${decision.why}`;
    case 'page':
      return `a person must act on ${decision.code} ${decision.subject}: ${decision.why}`;
    default:
      return unknownDecision(decision);
  }
}

/** A decision of a kind that only another version has: read back from its journal or its daemon. */
export const unknownDecision = (decision: never): string =>
  `a decision of a kind that this version does not know: ${(decision as Decision).kind}`;

interface PassTold {
  readonly scope: string;
  readonly state: ClusterState;
  readonly decisions: readonly Decision[];
  /** Null: there was no pass yet. */
  readonly view: ClusterView | null;
}

/** One plain sentence per pass, so that the log reads as a diary; where nothing is reached, that one cause and no decision that follows from it. */
export function passText({ scope, state, decisions, view }: PassTold): string {
  if (view !== null && isUnreached(view)) return NO_ANSWER.join(' ');
  const first =
    decisions.find((decision) => decision.kind === 'act') ??
    decisions.find((decision) => decision.kind === 'held') ??
    decisions[0];
  return first === undefined ? `${scope} is ${state}: nothing to do` : decisionText(first);
}
