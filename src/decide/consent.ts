import { actionInput, type RunbookAction } from '../actions/action.js';
import { divergenceOf } from '../assess/divergence.js';
import { secondsOfWrites } from '../assess/write-time.js';
import type { Loss } from '../model/loss.js';
import { secondsText } from '../words/loss.js';
import type { Plan } from '../model/plan.js';
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
  if (divergence.kind === 'ancestor' || divergence.kind === 'parted') return null;
  if (divergence.kind === 'unproven') return { bytes: null, seconds: null, text: divergence.text };
  const { bytes } = divergence;
  const seconds = secondsOfWrites(at.memory, bytes);
  return { bytes, seconds, text: `${divergence.text}, ${secondsText(seconds)}` };
}
