import { actionInput, notYet, type Halt } from '../actions/action.js';
import { PROCEDURES } from '../actions/asked.js';
import { ACTIONS, worksOnMember } from '../actions/index.js';
import { movedIn } from '../actions/proxy-places.js';
import { stepInput } from '../actions/waits.js';
import { wrongAddress } from '../assess/address.js';
import type { SecondLook } from '../model/entry.js';
import { fingerprint, type Plan } from '../model/plan.js';
import type { Situation } from '../model/situation.js';
import { decide } from './decide.js';
import { nextStep } from './candidate.js';
import { blocksFor } from './gates.js';
import { decideProcedure } from './procedures.js';

/** Why the plan must not be sent on the strength of this look, null: it may. Pure, so that a replay comes to the same. */
export function haltAt(situation: Situation, plan: Plan, asked: SecondLook['asked']): Halt | null {
  const stranger = worksOnMember(plan) ? wrongAddress(situation.view, plan) : null;
  if (stranger !== null) return notYet(stranger);
  if (asked === 'step') return haltOfStep(situation, plan);
  const moved = movedIn(situation.view, ACTIONS[plan.action].steps(stepInput(situation), plan));
  if (moved !== null) return notYet(moved);
  const again = planAgain(situation, asSent(asked, plan));
  if (again !== null && fingerprint(again) === fingerprint(plan)) return null;
  return notYet('the situation changed between plan and request: nothing was sent');
}

/** Between two steps a frozen leader may have thawed, and a person may have switched us off: what refuses to begin refuses to go on. */
function haltOfStep(situation: Situation, plan: Plan): Halt | null {
  const [block] = blocksFor(situation, nextStep(plan));
  if (block !== undefined) return notYet(`held by ${block.gate} (${block.because})`);
  return ACTIONS[plan.action].refuseLater?.(actionInput(situation), plan) ?? null;
}

/**
 * Whom we chose a moment ago stays chosen while nothing is against it: of replicas that are level the furthest is another one in each look, under a
 * writer always, and the person named none.
 */
function asSent(asked: Exclude<SecondLook['asked'], 'step'>, { params }: Plan): typeof asked {
  if (asked === 'problem' || asked.candidate !== null || PROCEDURES[asked.name].takes.candidate !== 'optional')
    return asked;
  const candidate = params['candidate'];
  return typeof candidate === 'string' ? { ...asked, candidate } : asked;
}

/** The plan as it comes out of this look; null: none does. */
function planAgain(situation: Situation, asked: Exclude<SecondLook['asked'], 'step'>): Plan | null {
  if (asked === 'problem') return decide(situation).find((decision) => decision.kind === 'act')?.plan ?? null;
  const decision = decideProcedure(situation, asked);
  return decision.kind === 'act' ? decision.plan : null;
}
