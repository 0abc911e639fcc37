import { pauseOfOurs, poolerOf, poolerPolicy } from '../assess/poolers.js';
import { runUnderWay } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import type { Policy, PoolerPolicy } from '../model/policy.js';
import { isPauseComplete, isPaused, pausedIn } from '../model/pooler.js';
import { freshValue } from '../model/reading.js';
import { met, over, pending, type ActionInput, type ActionStep, type Halt, type Sight } from './action.js';

/** The poolers in which clients wait while the leader changes, as a plan has them; `null` bound: none are. */
export function poolersAround(
  { view, policy }: Pick<ActionInput, 'view' | 'policy'>,
  what: PoolerPolicy['around'][number],
): { readonly poolers?: readonly string[] } {
  const names = (view.poolers ?? []).map(({ name }) => name);
  return names.length > 0 && poolerPolicy(policy).around.includes(what) ? { poolers: names } : {};
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

type Bond = Plan['params'] & { readonly poolers?: readonly string[] };

/** Holds clients, just before what they are not to notice. `forMs`: how long that may be tried. */
export function pauseSteps(policy: Policy, { poolers = [] }: Bond, forMs: number): readonly ActionStep[] {
  if (poolers.length === 0) return [];
  const { maxPauseMs, pauseWithinMs, whenNotPaused } = poolerPolicy(policy);
  const isAllOrNone = whenNotPaused === 'wait';
  return [
    {
      step: { port: 'pooler', verb: 'pause', poolers, withinMs: pauseWithinMs, forMs: maxPauseMs, isAllOrNone },
      withinMs: pauseWithinMs + SLACK_MS,
      expect: (input) => heldIn(input, poolers, isAllOrNone),
      ...(isAllOrNone ? { tryAgain: { everyMs: AGAIN_MS, forMs } } : { goOnWhenLate: true }),
    },
  ];
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
export const isPauseDue = ({ ledger }: ActionInput, plan: Plan, pauseAt: number): boolean =>
  (runUnderWay(ledger, plan)?.stepIndex ?? Infinity) <= pauseAt;

/**
 * Whether the request behind the pause may be sent: what clients are not to notice is not begun when they no longer wait, or would be let go in
 * the middle of it. `pauseAt`: which step of the run the pause is.
 */
export function haltOfPause({ view, ledger, policy }: ActionInput, plan: Plan, pauseAt: number): Halt | null {
  const { poolers = [] } = plan.params as Bond;
  if (poolers.length === 0) return null;
  const run = runUnderWay(ledger, plan);
  if (run === undefined) return null;
  const { maxPauseMs, whenNotPaused } = poolerPolicy(policy);
  // It is the pause itself that comes next, or something before it.
  if (run.stepIndex <= pauseAt) return null;
  if (whenNotPaused === 'go-on') return null;
  for (const name of poolers) {
    const pause = pauseOfOurs(ledger, name);
    if (pause === null) return over(`clients of ${name} no longer wait`);
    if (pause.untilMs - view.atMs < maxPauseMs / 2) return over(`too little is left of the pause of ${name}`);
  }
  return null;
}
