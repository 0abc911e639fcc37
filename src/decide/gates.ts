import { PERMIT_GATES, type PermitGate } from '../actions/action.js';
import { permitOf } from '../actions/index.js';
import type { Block, GateName } from '../model/decision.js';
import { AUTHORITY_GATES } from './authority-gates.js';
import { isUnderWay, type Candidate } from './candidate.js';
import { CONSENT_GATES } from './consent-gates.js';
import { EVIDENCE_GATES } from './evidence-gates.js';
import type { Gate } from './gate.js';
import type { Situation } from '../model/situation.js';
import { LIMIT_GATES } from './limit-gates.js';
import { VETO_GATES } from './veto-gate.js';

const isPermit = (gate: GateName): gate is PermitGate => (PERMIT_GATES as readonly string[]).includes(gate);

/** Does this gate hold others and let this one through? */
const isPermitted = (input: Situation, candidate: Candidate, gate: GateName): boolean =>
  isPermit(gate) && permitOf(candidate.plan, gate)?.holds(input, candidate.plan, isUnderWay(candidate)) === true;

/** The one ordered table. Every gate is asked but the last, every reason is kept: an operator wants all of them, not the first. */
export const GATES: readonly Gate[] = [
  ...AUTHORITY_GATES,
  ...EVIDENCE_GATES,
  ...LIMIT_GATES,
  ...CONSENT_GATES,
  ...VETO_GATES,
];

/**
 * The one door: why this candidate must not be sent now; empty: it may. Before a later step our authority is asked anew, not the conditions
 * under which the run began.
 */
export const blocksFor = (input: Situation, candidate: Candidate): readonly Block[] =>
  GATES.filter((gate) => gate.isOfAuthority === true || !isUnderWay(candidate)).reduce<readonly Block[]>(
    (blocks, gate) => {
      if (gate.asksLast === true && blocks.length > 0) return blocks;
      if (!gate.asksPermit && isPermitted(input, candidate, gate.name)) return blocks;
      const answer = gate.check(input, candidate);
      return answer === null ? blocks : [...blocks, { gate: gate.name, ...answer }];
    },
    [],
  );
