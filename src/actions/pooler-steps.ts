import { pauseOfOurs, poolerOf, poolerPolicy } from '../assess/poolers.js';
import { runUnderWay } from '../model/ledger.js';
import { memberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import type { Policy, PoolerPolicy } from '../model/policy.js';
import { isPauseComplete, isPaused, pausedIn } from '../model/pooler.js';
import { freshValue } from '../model/reading.js';
import { met, over, pending, violated, type ActionInput, type ActionStep, type Halt, type Sight } from './action.js';

/** The poolers in which clients wait while the leader changes, as a plan has them; `null` bound: none are. */
export function poolersAround(
  { view, policy }: Pick<ActionInput, 'view' | 'policy'>,
  what: PoolerPolicy['around'][number],
): Pick<Bond, 'poolers' | 'checkpoint'> {
  const names = (view.poolers ?? []).map(({ name }) => name);
  if (names.length === 0 || !poolerPolicy(policy).around.includes(what)) return {};
  return { poolers: names, ...(view.actuators.sql ? { checkpoint: true } : {}) };
}

/** Why clients cannot be held there now, where the policy does not go on without; null: they can. */
export function whyNotHeld(
  { view, policy }: Pick<ActionInput, 'view' | 'policy'>,
  poolers: readonly string[],
): string | null {
  if (poolerPolicy(policy).whenNotPaused === 'go-on') return null;
  for (const name of poolers) {
    const seen = poolerOf(view, name);
    const report = seen === null ? null : freshValue(seen.seen);
    if (report === null)
      return `the console of pooler ${name} gives no answer, and pooler.whenNotPaused is wait: bring it back, or set go-on`;
    if (isPaused(report)) return `pooler ${name} is paused already, not for this: RESUME it first`;
  }
  return null;
}

/** How long lies between two tries: who was held for the first one must be served in between. */
const AGAIN_MS = 5_000;
/** What is left of the answer's way, and one look. */
const SLACK_MS = 2_000;

/** Milliseconds. Longer than that a checkpoint says that this is no moment for a change that nobody is to notice. */
const CHECKPOINT_MS = 60_000;

type Bond = Plan['params'] & { readonly poolers?: readonly string[]; readonly checkpoint?: true };

/** Which of the steps the pause is, where there is one. */
const pauseAt = ({ params }: Plan): number => ((params as Bond).checkpoint === true ? 1 : 0);

/** Holds clients, just before what they are not to notice. `forMs`: how long that may be tried. */
export function pauseSteps(policy: Policy, plan: Plan, forMs: number): readonly ActionStep[] {
  const { poolers = [], checkpoint } = plan.params as Bond;
  if (poolers.length === 0) return [];
  const { maxPauseMs, pauseWithinMs, whenNotPaused } = poolerPolicy(policy);
  const isAllOrNone = whenNotPaused === 'wait';
  return [
    ...(checkpoint === true ? [checkpointStep(plan)] : []),
    {
      step: { port: 'pooler', verb: 'pause', poolers, withinMs: pauseWithinMs, forMs: maxPauseMs, isAllOrNone },
      withinMs: pauseWithinMs + SLACK_MS,
      expect: (input) => heldIn(input, poolers, isAllOrNone),
      ...(isAllOrNone ? { tryAgain: { everyMs: AGAIN_MS, forMs } } : { goOnWhenLate: true }),
    },
  ];
}

/**
 * The leader writes what is dirty while clients are still served: Patroni's own checkpoint before the shutdown, and that of the shutdown, are
 * waited for by all of them. Without the right to it (pg_checkpoint) it is left out. [runbook: Planned Failover; ha.py, graceful demotion]
 */
function checkpointStep(plan: Plan): ActionStep {
  return {
    step: { port: 'sql', member: memberName(plan.target), statement: 'checkpoint', withinMs: CHECKPOINT_MS },
    withinMs: CHECKPOINT_MS + SLACK_MS,
    goOnWhenRefused: true,
    expect: ({ view, ledger }) => {
      const run = runUnderWay(ledger, plan);
      if (run?.phase === 'unknown')
        return violated(`no answer came to the checkpoint on ${plan.target}; nothing else was sent`);
      // One of before a stop of ours is worth nothing, and neither is what was wanted then.
      return run?.lastReply?.effect === 'done' && view.atMs < run.deadlineMs
        ? met(`${plan.target} has written a checkpoint`)
        : pending(`${plan.target} has not written its checkpoint; nothing else was sent`);
    },
  };
}

/** Each is paused with no server connection left or, where it may go on without, not paused at all: none is in between. */
export function heldIn({ view }: ActionInput, poolers: readonly string[], isAllOrNone: boolean): Sight {
  for (const name of poolers) {
    const seen = poolerOf(view, name);
    const report = seen === null ? null : freshValue(seen.seen);
    if (report === null) return pending(`the console of ${name} gives no answer`);
    if (isPauseComplete(report) || (!isAllOrNone && !isPaused(report))) continue;
    return pending(pausedIn(report).length === 0 ? `${name} is not paused` : `${name} still has transactions to end`);
  }
  return met(`${poolers.join(', ')}: clients wait`);
}

/** Nothing but the pause, or what is before it, has been sent. */
export const isPauseDue = ({ ledger }: ActionInput, plan: Plan): boolean =>
  (runUnderWay(ledger, plan)?.stepIndex ?? Infinity) <= pauseAt(plan);

/**
 * Whether the request behind the pause may be sent: what clients are not to notice is not begun when they no longer wait, or would be let go in
 * the middle of it.
 */
export function haltOfPause({ view, ledger, policy }: ActionInput, plan: Plan): Halt | null {
  const { poolers = [] } = plan.params as Bond;
  if (poolers.length === 0) return null;
  const run = runUnderWay(ledger, plan);
  if (run === undefined) return null;
  const { maxPauseMs, whenNotPaused } = poolerPolicy(policy);
  // It is the pause itself that comes next, or something before it.
  if (run.stepIndex <= pauseAt(plan)) return null;
  if (whenNotPaused === 'go-on') return null;
  for (const name of poolers) {
    const pause = pauseOfOurs(ledger, name);
    if (pause === null) return over(`clients of ${name} no longer wait`);
    if (pause.untilMs - view.atMs < maxPauseMs / 2) return over(`too little is left of the pause of ${name}`);
  }
  return null;
}
