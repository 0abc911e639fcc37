import type { ActionInput, ActionStep, Sight } from '../actions/action.js';
import { ACTIONS } from '../actions/index.js';
import { stepInput } from '../actions/waits.js';
import { CLOCKS_MS, type Apart } from '../actions/whose-doing.js';
import type { Ending, Remediation } from '../model/ledger.js';

export type Verdict =
  | { readonly kind: 'step-met'; readonly text: string }
  | { readonly kind: 'met'; readonly text: string; readonly ending?: Ending }
  | { readonly kind: 'pending'; readonly text: string }
  /** Proven never to have taken effect: the same step is due once more. */
  | { readonly kind: 'undone'; readonly text: string }
  | { readonly kind: 'expired'; readonly text: string; readonly ending?: Ending };

export function stepsOf(input: ActionInput, remediation: Remediation): readonly ActionStep[] {
  return ACTIONS[remediation.plan.action].steps(stepInput(input), remediation.plan);
}

/**
 * Did the step that was sent have its effect? Judged from the cluster: an answer of 200 is not an effect, and a lost answer is not a
 * failure. A clock that runs out makes it ineffective, unless it is seen to go on. `isByOurClock`: the instance that sent it runs on this
 * machine, by whose clock `input` tells.
 */
export function verdictOf(input: ActionInput, remediation: Remediation, nowMs: number, isByOurClock = true): Verdict {
  const steps = stepsOf(input, remediation);
  // Where an older version told one server after the other, one step tells them all, and judges all of them.
  const last = steps.at(-1);
  const step = steps[remediation.stepIndex] ?? (last?.step.port === 'proxies' ? last : undefined);
  if (step === undefined) return unseen(nowMs >= remediation.deadlineMs);
  const sight: Sight = step.expect(input);
  const isLast = remediation.stepIndex + 1 >= steps.length;
  if (sight.kind === 'met') {
    const others = doneByOthers(input, remediation, step, isByOurClock);
    if (others !== null) return ofOthers(sight.text, others, nowMs >= remediation.deadlineMs);
    return isLast ? { ...sight, text: sight.text + doubt(remediation) } : { kind: 'step-met', text: sight.text };
  }
  const isGoneWithout = step.goOnWhenLate === true || step.goOnWhenRefused === true;
  if (isGoneWithout && !isLast && remediation.lastReply?.effect === 'none')
    return { kind: 'step-met', text: `refused: ${remediation.lastReply.text}` };
  const undone = neverHappened(input, remediation, step, nowMs);
  if (undone !== null) return { kind: 'undone', text: undone };
  const late = sight.kind === 'pending' && nowMs >= remediation.deadlineMs;
  if (late && step.goOnWhenLate === true && !isLast) return { kind: 'step-met', text: `late: ${sight.text}` };
  if (sight.kind === 'violated') return { ...sight, kind: 'expired' };
  const going = nowMs >= remediation.deadlineMs ? goesOn(input, remediation, step, nowMs) : null;
  if (going !== null) return { kind: 'pending', text: `${sight.text}; ${going}` };
  if (nowMs >= remediation.deadlineMs) return { kind: 'expired', text: sight.text };
  return { kind: 'pending', text: sight.text };
}

/** What it works through was taken out of the configuration meanwhile: what cannot be seen has not succeeded. */
const unseen = (isOver: boolean): Verdict => ({
  kind: isOver ? 'expired' : 'pending',
  text: 'its effect cannot be seen any more: the part that it works through is no longer configured',
});

/** A request of which nothing is known may never have arrived: what is seen may be Patroni's or a person's doing. */
function doneByOthers(
  input: ActionInput,
  row: Remediation,
  { notOurs }: ActionStep,
  isByOurClock: boolean,
): Apart | null {
  if (row.phase !== 'unknown' || row.sentAtMs === null) return null;
  const apart = notOurs?.(input, row.sentAtMs, hasArrived(row), row.wishBefore) ?? null;
  const isWithinSlack = !isByOurClock && apart?.lateMs !== undefined && apart.lateMs <= CLOCKS_MS;
  return isWithinSlack ? null : apart;
}

/** So long after it was sent a person looks, whatever is seen to go on. */
const MOST_MS = 15 * 60_000;

/** Only where no answer came: what was answered has the time of its step. */
const goesOn = (input: ActionInput, { phase, sentAtMs }: Remediation, step: ActionStep, nowMs: number) =>
  phase !== 'unknown' || sentAtMs === null || nowMs - sentAtMs >= MOST_MS
    ? null
    : (step.goesOn?.(input, sentAtMs) ?? null);

/** Whoever answers that it is not done yet has the request: Patroni's 503 stands for a switchover that still waits for the old leader to stop. */
const hasArrived = ({ lastReply }: Remediation): boolean => lastReply?.effect === 'maybe' && lastReply.status !== null;

const ofOthers = (seen: string, { why, isSure }: Apart, isLate: boolean): Verdict =>
  isSure || isLate
    ? { kind: 'expired', text: `${seen}, not by our request: ${why}`, ending: 'not-ours' }
    : { kind: 'pending', text: `${seen}, so far not by our request: ${why}` };

const doubt = (row: Remediation): string =>
  (row.phase === 'unknown' && !hasArrived(row)) || row.unanswered === true
    ? '; no answer came to our request, so it may be the doing of Patroni or of a person'
    : '';

/** Only where the answer was lost, and only once: a second loss is watched to its end. */
function neverHappened(input: ActionInput, row: Remediation, step: ActionStep, nowMs: number): string | null {
  if (row.phase !== 'unknown' || row.sentAgain === true || row.sentAtMs === null) return null;
  return step.provenUndone?.(input, nowMs - row.sentAtMs) ?? null;
}
