import type { Conflict } from '../model/conflict.js';
import type { Json } from '../model/plan.js';
import {
  type ActionStage,
  isOffer,
  misfitOf,
  openRun,
  type PlannedStage,
  type ProcedureRun,
  type RunRequest,
  type Stage,
} from '../model/procedure-run.js';
import type { Block, GateName } from '../model/decision.js';
import { withCustody } from '../ledger/evacuations.js';
import type { Situation } from '../model/situation.js';
import { STAGED } from '../procedures/index.js';
import { groundsOf } from './decide.js';
import { GATES } from './gates.js';
import { decideProcedure } from './procedures.js';
import { blocksBeforehand, whyNotToEnd } from './run-blocks.js';
import { leftOf, runInput } from './run-left.js';
import { askedFor } from './runs.js';

export type NewRun =
  | {
      readonly kind: 'run';
      readonly run: ProcedureRun;
      readonly stages: readonly PlannedStage[];
      /** Why it must not begin, though it can be shown: it would not come to its end; null: it may. */
      readonly against: string | null;
    }
  | { readonly kind: 'refused'; readonly status: 400 | 409; readonly text: string; readonly conflict?: Conflict };

/** A run as it would begin now, with all its stages; nothing is sent by it. Pure. */
export function newRun(input: Situation, ask: RunRequest, by: string, id: string): NewRun {
  const open = openRun(input.ledger.procedures);
  if (open !== null && !isOffer(open))
    return refused(
      'one-procedure',
      `${open.name} (${open.id}) by ${open.by} is ${open.phase}: one procedure at a time; ekimi procedures abort ${open.id}`,
    );
  const misfit = misfitOf(ask) ?? strangerOf(input, ask);
  if (misfit !== null) return { kind: 'refused', status: 400, text: misfit };
  const procedure = STAGED[ask.name];
  const at = runInput(input, {});
  const found = procedure.goal(at, ask);
  if (found.kind === 'refused') return refused('not-fit', found.why);
  const waits = procedure.refuse(at, found.goal);
  if (waits !== null) return refused('not-fit', waits);
  const run: ProcedureRun = {
    id,
    name: ask.name,
    goal: found.goal as Readonly<Record<string, Json>>,
    by,
    reason: ask.reason,
    phase: 'running',
    agreed: [...procedure.remaining(at, found.goal)].map(({ key }) => key),
    startedAtMs: input.nowMs,
    endedAtMs: null,
    detail: 'started',
    continuedAtMs: input.nowMs,
  };
  return { kind: 'run', run, ...shownOf({ ...input, ledger: withCustody(input.ledger, run) }, run) };
}

/** Where the first stage could begin and a later one could not, that is said with the first. */
function shownOf(input: Situation, run: ProcedureRun): Pick<Extract<NewRun, { kind: 'run' }>, 'stages' | 'against'> {
  const left = leftOf(input, run) ?? [];
  const against = whyNotToEnd(input, run, left);
  const stages = plannedStages(input, run, left);
  const [first, ...others] = stages;
  if (against === null || first === undefined || first.held.length > 0) return { stages, against };
  return { stages: [{ ...first, held: [`what comes after it: ${against}`] }, ...others], against };
}

/** Who shall lead has to be a member; who is worked on may yet have to become one. */
function strangerOf({ view }: Situation, { candidate }: RunRequest): string | null {
  const names = view.members.map((row) => row.name as string);
  return candidate !== null && !names.includes(candidate)
    ? `${candidate} is not a member of ${view.scope}; its members: ${names.join(', ')}`
    : null;
}

/** The refusal of a run that would not come to its end. */
export const wouldStand = (against: string): string => `nothing was begun, since it would stand half-way: ${against}`;

const refused = (conflict: Conflict, text: string): NewRun => ({ kind: 'refused', status: 409, text, conflict });

/** What stages before it may change is told of the first one alone: who is stopped now will have been started by then. */
const ABOUT_US: readonly GateName[] = GATES.filter(
  ({ isOfAuthority, name }) => isOfAuthority === true || name === 'window' || name === 'approval',
).map(({ name }) => name);

/** Every stage that is left, with the requests of those that can be planned as things stand: by whose its member is once it has begun. */
const plannedStages = (input: Situation, run: ProcedureRun, left: readonly Stage[]): readonly PlannedStage[] =>
  left.map((stage, index) => {
    if (stage.kind !== 'action') return { key: stage.key, text: stage.text, requests: [], held: [] };
    return planned(input, run, stage, index === 0);
  });

const heldText = ({ gate, because }: Block): string => `${gate}: ${because}`;

function planned(input: Situation, run: ProcedureRun, stage: ActionStage, isFirst: boolean): PlannedStage {
  const { key, text } = stage;
  const decision = decideProcedure(input, askedFor(run, stage));
  if (decision.kind === 'refused') {
    const held = isFirst ? [decision.text] : blocksBeforehand(input, run, stage).map(heldText);
    return { key, text, requests: [], held };
  }
  const told = groundsOf(input, decision.plan);
  const blocks =
    decision.kind === 'held' ? decision.blocks.filter(({ gate }) => isFirst || ABOUT_US.includes(gate)) : [];
  return {
    key,
    text,
    requests: decision.steps,
    held: blocks.map(heldText),
    ...(told.length === 0 ? {} : { told }),
  };
}
