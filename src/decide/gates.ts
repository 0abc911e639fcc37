import { ACTIONS } from '../actions/index.js';
import type { Block } from '../model/decision.js';
import type { Plan } from '../model/plan.js';
import { AUTHORITY_GATES } from './authority-gates.js';
import type { Candidate } from './candidate.js';
import { CONSENT_GATES } from './consent-gates.js';
import { EVIDENCE_GATES } from './evidence-gates.js';
import type { Gate } from './gate.js';
import type { Situation } from '../model/situation.js';
import { LIMIT_GATES } from './limit-gates.js';

/** The one ordered table. Every gate is asked, every reason is kept: an operator wants all of them, not the first. */
export const GATES: readonly Gate[] = [...AUTHORITY_GATES, ...EVIDENCE_GATES, ...LIMIT_GATES, ...CONSENT_GATES];

/** Before a later step of a procedure under way: our authority anew, not the conditions under which it began. */
export function blocksToContinue(input: Situation, plan: Plan): readonly Block[] {
  const blocks: Block[] = [];
  const { finishesAtOnce } = ACTIONS[plan.action];
  for (const gate of AUTHORITY_GATES) {
    if (finishesAtOnce === true && gate.name === 'start-grace') continue;
    const answer = gate.check(input, { plan });
    if (answer !== null) blocks.push({ gate: gate.name, ...answer });
  }
  return blocks;
}

export function blocksFor(input: Situation, candidate: Candidate): readonly Block[] {
  const blocks: Block[] = [];
  for (const gate of GATES) {
    const answer = gate.check(input, candidate);
    if (answer !== null) blocks.push({ gate: gate.name, ...answer });
  }
  return blocks;
}
