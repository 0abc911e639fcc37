import { actionInput } from '../actions/action.js';
import type { ProcedureRun, Stage } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { STAGED } from '../procedures/index.js';
import type { ProcedureInput, StagedProcedure } from '../procedures/procedure.js';

interface Bound {
  readonly procedure: StagedProcedure;
  readonly goal: Record<string, unknown>;
}

/** The goal as the procedure wants it; null: another version bound it to something else. */
export function boundGoal(run: ProcedureRun): Bound | null {
  const procedure = STAGED[run.name];
  const goal = procedure.shape.safeParse(run.goal);
  return goal.success ? { procedure, goal: goal.data } : null;
}

/** What its procedure looks at. */
export const runInput = (input: Situation, { confirmed = [] }: Pick<ProcedureRun, 'confirmed'>): ProcedureInput => ({
  ...actionInput(input),
  nowMs: input.nowMs,
  confirmed,
});

/** All that is left of it, in order; null: another version bound it to something else. */
export function leftOf(input: Situation, run: ProcedureRun): readonly Stage[] | null {
  const bound = boundGoal(run);
  return bound === null ? null : [...bound.procedure.remaining(runInput(input, run), bound.goal)];
}
