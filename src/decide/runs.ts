import { actionInput } from '../actions/action.js';
import type { Json } from '../model/plan.js';
import { isInFlight, type Remediation } from '../model/ledger.js';
import {
  isOffer,
  misfitOf,
  openRun,
  type ActionStage,
  type PlannedStage,
  type ProcedureRun,
  type RunRequest,
  type Stage,
  type StageProgress,
  type WaitStage,
} from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { STAGED } from '../procedures/index.js';
import type { ProcedureInput, StagedProcedure } from '../procedures/procedure.js';
import { spanText } from '../words/amounts.js';
import { groundsOf } from './decide.js';
import { decideProcedure, type AskedProcedure, type ProcedureDecision } from './procedures.js';

/** What is to be done about a run in this pass. */
export type RunNext =
  | { readonly kind: 'over'; readonly why: string }
  /** A person has to look: what is left is other than agreed, or a stage did not do what it should. */
  | { readonly kind: 'held'; readonly why: string }
  | { readonly kind: 'waits'; readonly why: string }
  /** What comes about by itself; `untilMs`: then a person looks. */
  | {
      readonly kind: 'watches';
      readonly why: string;
      readonly stage: WaitStage;
      readonly sinceMs: number;
      readonly untilMs: number;
    }
  /** Held with a question: whoever continues the run answers it. */
  | { readonly kind: 'asks'; readonly why: string; readonly key: string }
  | {
      readonly kind: 'stage';
      readonly stage: ActionStage;
      readonly asked: AskedProcedure;
      readonly decision: ProcedureDecision;
    };

/** How far it is: for people. */
export interface RunStanding {
  readonly run: ProcedureRun;
  /** Stages that a person agreed to and that are not left any more. */
  readonly done: number;
  readonly left: readonly Stage[];
  readonly now: string;
  /** Of what it waits for: since when, until when, how far; null: it waits for no such thing. */
  readonly watch: {
    readonly sinceMs: number;
    readonly untilMs: number;
    readonly progress: StageProgress | null;
  } | null;
}

export const OTHER_VERSION = 'it was begun by another version, whose goal this one cannot read';

interface Bound {
  readonly procedure: StagedProcedure;
  readonly goal: Record<string, unknown>;
}

/** The goal as the procedure wants it; null: another version bound it to something else. */
function boundGoal(run: ProcedureRun): Bound | null {
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

export function leftOf(input: Situation, run: ProcedureRun): readonly Stage[] | null {
  const bound = boundGoal(run);
  return bound === null ? null : [...bound.procedure.remaining(runInput(input, run), bound.goal)];
}

/** What stays behind where the run ends here. */
export function leavesOf(input: Situation, run: ProcedureRun): string {
  const bound = boundGoal(run);
  return bound === null
    ? 'what it leaves is not known to this version'
    : bound.procedure.leaves(runInput(input, run), bound.goal);
}

/** What has been agreed to may fall away (somebody did it by hand), never come in another order, and nothing may be new. */
export function isAgreed(left: readonly string[], agreed: readonly string[]): boolean {
  let at = 0;
  for (const key of left) {
    while (at < agreed.length && agreed[at] !== key) at += 1;
    if (at >= agreed.length) return false;
    at += 1;
  }
  return true;
}

const rowsOf = ({ ledger }: Pick<Situation, 'ledger'>, { id }: ProcedureRun): readonly Remediation[] =>
  ledger.remediations.filter((row) => row.plan.because.run === id);

export const stageInFlight = (input: Pick<Situation, 'ledger'>, run: ProcedureRun): Remediation | null =>
  rowsOf(input, run).find(isInFlight) ?? null;

/** Why a stage that was begun gives no reason to begin the next one; null: none was, or it did what it should. */
function failedStage(input: Situation, run: ProcedureRun, left: readonly Stage[]): string | null {
  const last = rowsOf(input, run).at(-1);
  const stage = last?.plan.because.stage;
  if (last === undefined || stage === undefined) return null;
  // Whoever continues it forgives what they could have seen: not what was under way then and failed later.
  if (last.endedAtMs !== null && last.endedAtMs <= run.continuedAtMs) return null;
  // Restarted, and not well since: what is left does not have it, and the next one must not follow.
  if (last.phase !== 'succeeded') return `${stage} ${last.phase}: ${last.detail}`;
  return left.some(({ key }) => key === stage)
    ? `${stage} succeeded (${last.id}) and the cluster does not show it`
    : null;
}

const askedFor = (run: ProcedureRun, stage: ActionStage): AskedProcedure => ({
  name: stage.action,
  target: stage.target,
  candidate: stage.candidate,
  leader: stage.leader,
  scheduledAt: null,
  acceptLoss: stage.acceptLoss ?? null,
  reason: `${run.name}: ${run.reason}`,
  dryRun: false,
  by: run.by,
  run: run.id,
  stage: stage.key,
  ...(stage.parameters === undefined ? {} : { parameters: stage.parameters }),
});

/** The next thing to do about a run that is `running`. Pure. */
export function nextOfRun(input: Situation, run: ProcedureRun): RunNext {
  const at = runInput(input, run);
  const bound = boundGoal(run);
  if (bound === null) return { kind: 'held', why: OTHER_VERSION };
  const flying = stageInFlight(input, run);
  if (flying !== null)
    return { kind: 'waits', why: `${flying.plan.action} ${flying.plan.target} is in flight: ${flying.detail}` };
  const left = [...bound.procedure.remaining(at, bound.goal)];
  const waits = bound.procedure.refuse(at, bound.goal);
  // While it cannot go on, for etcd was not read for one, what is left does not tell what a stage that succeeded did.
  const failed = failedStage(input, run, waits === null ? left : []);
  if (failed !== null) return { kind: 'held', why: failed };
  if (waits !== null) return notForEver(input, run, { kind: 'waits', why: waits });
  const [stage] = left;
  if (stage === undefined) return { kind: 'over', why: bound.procedure.leaves(at, bound.goal) };
  const keys = left.map(({ key }) => key);
  if (!isAgreed(keys, run.agreed))
    return { kind: 'held', why: `what is left is not what was agreed: ${keys.join(', ')}` };
  if (stage.kind === 'confirm') return { kind: 'asks', why: stage.text, key: stage.key };
  if (stage.kind === 'wait') return watching(input, run, stage);
  const asked = askedFor(run, stage);
  const next: RunNext = { kind: 'stage', stage, asked, decision: decideProcedure(input, asked) };
  return next.decision.kind === 'act' ? next : notForEver(input, run, next);
}

function watching({ nowMs }: Situation, { waiting }: ProcedureRun, stage: WaitStage): RunNext {
  const sinceMs = waiting?.key === stage.key ? waiting.sinceMs : nowMs;
  const untilMs = sinceMs + stage.withinMs;
  return nowMs < untilMs
    ? { kind: 'watches', why: stage.text, stage, sinceMs, untilMs }
    : { kind: 'held', why: `${stage.text}: not seen within ${spanText(stage.withinMs)}` };
}

/** So long nothing went on: then a person is asked, and what the run held back goes on without it. */
const MOST_WAIT_MS = 15 * 60_000;

function notForEver(input: Situation, run: ProcedureRun, next: RunNext): RunNext {
  const last = rowsOf(input, run).at(-1);
  const sinceMs = Math.max(run.continuedAtMs, last?.endedAtMs ?? last?.createdAtMs ?? 0);
  return input.nowMs - sinceMs < MOST_WAIT_MS
    ? next
    : { kind: 'held', why: `nothing went on for ${MOST_WAIT_MS / 60_000} min: ${nowOf(next)}` };
}

export type NewRun =
  | { readonly kind: 'run'; readonly run: ProcedureRun; readonly stages: readonly PlannedStage[] }
  | { readonly kind: 'refused'; readonly status: 400 | 409; readonly text: string };

/** A run as it would begin now, with all its stages; nothing is sent by it. Pure. */
export function newRun(input: Situation, ask: RunRequest, by: string, id: string): NewRun {
  const open = openRun(input.ledger.procedures);
  if (open !== null && !isOffer(open))
    return refused(
      `${open.name} (${open.id}) by ${open.by} is ${open.phase}: one procedure at a time; ekimi procedures abort ${open.id}`,
    );
  const misfit = misfitOf(ask) ?? strangerOf(input, ask);
  if (misfit !== null) return { kind: 'refused', status: 400, text: misfit };
  const procedure = STAGED[ask.name];
  const at = runInput(input, {});
  const found = procedure.goal(at, ask);
  if (found.kind === 'refused') return refused(found.why);
  const waits = procedure.refuse(at, found.goal);
  if (waits !== null) return refused(waits);
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
  return { kind: 'run', run, stages: plannedStages(input, run) };
}

/** Who shall lead has to be a member; who is worked on may yet have to become one. */
function strangerOf({ view }: Situation, { candidate }: RunRequest): string | null {
  const names = view.members.map((row) => row.name as string);
  return candidate !== null && !names.includes(candidate)
    ? `${candidate} is not a member of ${view.scope}; its members: ${names.join(', ')}`
    : null;
}

const refused = (text: string): NewRun => ({ kind: 'refused', status: 409, text });

/** Every stage that is left, with the requests of those that can be planned as things stand. */
function plannedStages(input: Situation, run: ProcedureRun): readonly PlannedStage[] {
  return (leftOf(input, run) ?? []).map((stage) => {
    if (stage.kind !== 'action') return { key: stage.key, text: stage.text, requests: [], held: [] };
    const decision = decideProcedure(input, askedFor(run, stage));
    const told = decision.kind === 'refused' ? [] : groundsOf(input, decision.plan);
    return {
      key: stage.key,
      text: stage.text,
      requests: decision.kind === 'refused' ? [] : decision.steps,
      held: decision.kind === 'held' ? decision.blocks.map(({ gate, because }) => `${gate}: ${because}`) : [],
      ...(told.length === 0 ? {} : { told }),
    };
  });
}

/** Where a run stands, in words. Pure: what a screen shows is computed from what it shows beside it. */
export function standingOf(input: Situation, run: ProcedureRun): RunStanding {
  const left = leftOf(input, run) ?? [];
  const keys = left.map(({ key }) => key);
  const done = run.agreed.filter((key) => !keys.includes(key)).length;
  if (run.phase !== 'running') return { run, done, left, now: run.detail, watch: null };
  const next = nextOfRun(input, run);
  const watch =
    next.kind === 'watches' ? { sinceMs: next.sinceMs, untilMs: next.untilMs, progress: next.stage.progress } : null;
  return { run, done, left, now: nowOf(next), watch };
}

function nowOf(next: RunNext): string {
  if (next.kind !== 'stage') return next.why;
  const { stage, decision } = next;
  if (decision.kind === 'act') return `next: ${stage.text}`;
  if (decision.kind === 'refused') return `${stage.text} waits: ${decision.text}`;
  return `${stage.text} waits: ${decision.blocks.map(({ gate, because }) => `${gate}: ${because}`).join('; ')}`;
}
