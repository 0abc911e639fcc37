import { isInFlight, type Remediation } from '../model/ledger.js';
import { type ActionStage, type ProcedureRun, type Stage, type StageProgress } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { leavesRoom } from './candidate.js';
import { decideProcedure, type AskedProcedure, type ProcedureDecision } from './procedures.js';
import { whyNotDownYet, whyNotOnceAgreed } from './run-blocks.js';
import { boundGoal, leftOf, runInput } from './run-left.js';
import { isForgiven, isSpare, lastOf, rowsOf, spentOn } from './run-rows.js';
import { MOST_WAIT_MS, stalledSince, UNREAD_MS, watching, type Held, type Watch } from './run-waits.js';
import { unreadIn } from './unread.js';

/** What is to be done about a run in this pass. */
export type RunNext =
  | { readonly kind: 'over'; readonly why: string }
  /** What is left is other than agreed, or a stage did not do what it should. */
  | Held
  /** `sinceMs`: nothing goes on since then; absent: the stage is under way. */
  | { readonly kind: 'waits'; readonly why: string; readonly sinceMs?: number; readonly untilMs?: number }
  | Watch
  /** Held with a question: whoever continues the run answers it. */
  | { readonly kind: 'asks'; readonly why: string; readonly key: string }
  | {
      readonly kind: 'stage';
      readonly stage: ActionStage;
      readonly asked: AskedProcedure;
      readonly decision: ProcedureDecision;
      /** It cannot begin since then; absent: it can. */
      readonly sinceMs?: number;
      /** A person looks then. */
      readonly untilMs?: number;
    };

/** How far it is: for people. */
export interface RunStanding {
  readonly run: ProcedureRun;
  /** Stages that a person agreed to and that are not left any more. */
  readonly done: number;
  readonly left: readonly Stage[];
  readonly now: string;
  /** Of what it waits for, or does: since when, until when at most, how far; null: it waits for no such thing. */
  readonly watch: {
    readonly sinceMs: number;
    readonly untilMs: number;
    readonly progress: StageProgress | null;
  } | null;
}

export const OTHER_VERSION = 'it was begun by another version, whose goal this one cannot read';

/** What stays behind where the run ends here, and, where something is left to do, how a person goes on with that. */
export function leavesOf(input: Situation, run: ProcedureRun): string {
  const bound = boundGoal(run);
  if (bound === null) return 'what it leaves is not known to this version';
  const at = runInput(input, run);
  const { procedure, goal } = bound;
  // What leaves room for others is not waited for: its effect may come after the end.
  const flying = rowsOf(input, run).filter(isInFlight);
  const leaves = [
    procedure.leaves(at, goal),
    ...flying.map(({ plan }) => `${plan.action} ${plan.target} was sent and is in flight`),
  ].join('; ');
  const isDone = procedure.remaining(at, goal).next().done === true;
  return isDone ? leaves : `${leaves}; to go on: ${procedure.onward(at, goal)}`;
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

/** What the next stage waits for. */
export const stageInFlight = (input: Situation, run: ProcedureRun): Remediation | null =>
  rowsOf(input, run).find((row) => isInFlight(row) && !leavesRoom(input, row)) ?? null;

/** Why a stage that was begun gives no reason to begin the next one; null: none was, or it did what it should. */
function failedStage(input: Situation, run: ProcedureRun): string | null {
  const last = lastOf(input, run);
  const stage = last?.plan.because.stage;
  if (last === undefined || stage === undefined || isInFlight(last) || isForgiven(run, last)) return null;
  if (isSpare(run, stage)) return null;
  // Restarted, and not well since: what is left does not have it, and the next one must not follow.
  return last.phase === 'succeeded' || last.ending === 'not-ours' ? null : `${stage} ${last.phase}: ${last.detail}`;
}

/** Why what is left is no list to go on by, where all was read; null: it is. */
function doubtOf(input: Situation, run: ProcedureRun, keys: readonly string[]): string | null {
  const stage = lastOf(input, run)?.plan.because.stage;
  const spent = stage !== undefined && keys.includes(stage) && !isSpare(run, stage) ? spentOn(input, run, stage) : null;
  if (spent !== null) return spent;
  return isAgreed(keys, run.agreed) ? null : `what is left is not what was agreed: ${keys.join(', ')}`;
}

/**
 * What holds a list that is not the tail of what was agreed. What was not read may be why: then a stage that nobody agreed to is none, and one that is
 * done is not undone.
 */
function doubtful(input: Situation, run: ProcedureRun, keys: readonly string[]): RunNext | null {
  const doubt = doubtOf(input, run, keys);
  const isUndone = rowsOf(input, run).some(
    ({ phase, plan: { because }, ...row }) =>
      phase === 'succeeded' &&
      !isForgiven(run, row) &&
      keys.includes(because.stage ?? '') &&
      !isSpare(run, because.stage ?? ''),
  );
  const unread = doubt !== null || isUndone ? unreadIn(input.view) : [];
  if (unread.length === 0) return doubt === null ? null : { kind: 'held', why: doubt };
  const why = `what is left cannot be told: no answer from ${unread.join(', ')}`;
  return notForEver(input, run, { kind: 'waits', why }, UNREAD_MS);
}

/** A stage as a person would ask for it. */
export const askedFor = (run: ProcedureRun, stage: ActionStage): AskedProcedure => ({
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
  const failed = failedStage(input, run);
  if (failed !== null) return { kind: 'held', why: failed };
  const waits = bound.procedure.refuse(at, bound.goal);
  // While it cannot go on, for etcd was not read for one, what is left does not tell what a stage that succeeded did.
  if (waits !== null) return notForEver(input, run, { kind: 'waits', why: waits });
  const left = [...bound.procedure.remaining(at, bound.goal)];
  if (left.length === 0) return { kind: 'over', why: bound.procedure.leaves(at, bound.goal) };
  const doubt = doubtful(
    input,
    run,
    left.map(({ key }) => key),
  );
  if (doubt !== null) return doubt;
  const half = whyNotDownYet(input, run, left);
  if (half !== null)
    return notForEver(input, run, {
      kind: 'waits',
      why: `${left[0]?.text ?? ''} waits for what comes after it: ${half}`,
    });
  return nextStage(input, run, left);
}

type StageNext = Extract<RunNext, { kind: 'stage' }>;

/** The first that is left; of spare ones the first that can begin, or else what comes after them where that can. */
function nextStage(input: Situation, run: ProcedureRun, left: readonly Stage[]): RunNext {
  const failed: string[] = [];
  let held: StageNext | null = null;
  for (const stage of left) {
    const isOne = isSpare(run, stage.key);
    const isUnderWay = rowsOf(input, run).some((row) => isInFlight(row) && row.plan.because.stage === stage.key);
    if (isUnderWay) continue;
    const spent = isOne ? spentOn(input, run, stage.key) : null;
    if (spent !== null) {
      failed.push(spent);
      continue;
    }
    if (stage.kind !== 'action') {
      const half = stage.kind === 'confirm' ? whyNotOnceAgreed(input, run, left.slice(left.indexOf(stage) + 1)) : null;
      const texts = half === null ? failed : [...failed, `held after a yes by ${half}`];
      return held === null ? onlySeen(input, run, stage, texts) : notForEver(input, run, held);
    }
    const asked = askedFor(run, stage);
    const next: StageNext = { kind: 'stage', stage, asked, decision: decideProcedure(input, asked) };
    if (next.decision.kind === 'act') return next;
    held ??= next;
    if (!isOne) break;
  }
  if (held !== null) return notForEver(input, run, held);
  return failed.length > 0
    ? { kind: 'held', why: failed.join('; ') }
    : { kind: 'waits', why: `in flight: ${left.map(({ key }) => key).join(', ')}` };
}

/** A question or a wait, which also tells what it may wait for in vain. */
function onlySeen(
  input: Situation,
  run: ProcedureRun,
  stage: Exclude<Stage, ActionStage>,
  failed: readonly string[],
): RunNext {
  const text = [stage.text, ...failed].join('; ');
  return stage.kind === 'confirm'
    ? { kind: 'asks', why: text, key: stage.key }
    : watching(input, run, { ...stage, text });
}

function notForEver(
  input: Situation,
  run: ProcedureRun,
  next: Extract<RunNext, { kind: 'waits' | 'stage' }>,
  mostMs = MOST_WAIT_MS,
): RunNext {
  const sinceMs = stalledSince(input, run, lastOf(input, run));
  return input.nowMs - sinceMs < mostMs
    ? { ...next, sinceMs, untilMs: sinceMs + mostMs }
    : { kind: 'held', why: `nothing went on for ${mostMs / 60_000} min: ${nowOf(next)}` };
}

/** Where a run stands, in words. Pure: what a screen shows is computed from what it shows beside it. */
export function standingOf(input: Situation, run: ProcedureRun): RunStanding {
  const left = leftOf(input, run) ?? [];
  const keys = left.map(({ key }) => key);
  const done = run.agreed.filter((key) => !keys.includes(key)).length;
  if (run.phase !== 'running') return { run, done, left, now: run.detail, watch: null };
  const next = nextOfRun(input, run);
  return { run, done, left, now: nowOf(next), watch: watchOf(next, stageInFlight(input, run)) };
}

function watchOf(next: RunNext, flying: Remediation | null): RunStanding['watch'] {
  if (next.kind === 'watches')
    return { sinceMs: next.waiting.sinceMs, untilMs: next.untilMs, progress: next.stage.progress };
  if (next.kind !== 'waits' && next.kind !== 'stage') return null;
  const { sinceMs, untilMs } = next;
  if (sinceMs !== undefined && untilMs !== undefined) return { sinceMs, untilMs, progress: null };
  return flying === null
    ? null
    : { sinceMs: flying.sentAtMs ?? flying.createdAtMs, untilMs: flying.deadlineMs, progress: null };
}

/** What it does next, or what it waits for, in words. */
export function nowOf(next: RunNext): string {
  if (next.kind !== 'stage') return next.why;
  const { stage, decision } = next;
  if (decision.kind === 'act') return `next: ${stage.text}`;
  if (decision.kind === 'refused') return `${stage.text} waits: ${decision.text}`;
  return `${stage.text} waits: ${decision.blocks.map(({ gate, because }) => `${gate}: ${because}`).join('; ')}`;
}
