import type { Block } from '../model/decision.js';
import { AUTHORITY_GATES } from './authority-gates.js';
import { isUnderWay, type Candidate } from './candidate.js';
import { CONSENT_GATES } from './consent-gates.js';
import { EVIDENCE_GATES } from './evidence-gates.js';
import type { Gate } from './gate.js';
import type { Situation } from '../model/situation.js';
import { LIMIT_GATES } from './limit-gates.js';

/** The one ordered table. Every gate is asked, every reason is kept: an operator wants all of them, not the first. */
export const GATES: readonly Gate[] = [...AUTHORITY_GATES, ...EVIDENCE_GATES, ...LIMIT_GATES, ...CONSENT_GATES];

/**
 * The one door: why this candidate must not be sent now; empty: it may. Before a later step our authority is asked anew, not the conditions
 * under which the run began.
 */
export const blocksFor = (input: Situation, candidate: Candidate): readonly Block[] =>
  GATES.filter((gate) => gate.isOfAuthority === true || !isUnderWay(candidate)).flatMap((gate) => {
    const answer = gate.check(input, candidate);
    return answer === null ? [] : [{ gate: gate.name, ...answer }];
  });
