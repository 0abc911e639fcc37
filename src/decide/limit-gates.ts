import { clockText, minuteText } from '../words/moments.js';
import { ACTIONS, permitOf, worksOnMember } from '../actions/index.js';
import { FOREIGN_WORK, foreignInFlight } from '../model/foreign.js';
import { foreignText } from '../words/foreign.js';
import { isInFlight, sentFor, type Ledger } from '../model/ledger.js';
import { openRun, type ProcedureRun } from '../model/procedure-run.js';
import { ACTION_CLASSES, type ActionName, type Plan } from '../model/plan.js';
import { budgetUsed, BUSY_COOLDOWN_MS, stormingMembers, wasOnlyBusy } from '../ledger/budgets.js';
import { attemptsUsed, isUnderWay, preempts, wereRehearsed, type Candidate } from './candidate.js';
import { floorsFor } from './floors.js';
import { no, type Gate, type No } from './gate.js';
import { syncFloor } from './sync-floor.js';
import type { Situation } from '../model/situation.js';

/** How much, how often, how close to the edge? */
export const LIMIT_GATES: readonly Gate[] = [
  {
    name: 'window',
    asksPermit: true,
    doc: 'A freeze window lets nothing begin but the undoing of our own work (column "in a freeze" of the actions); an action with `window: maintenance` begins in a maintenance window only.',
    check: (input, candidate) => {
      const { plan } = candidate;
      const { freeze } = input.windows;
      if (freeze === null || permitOf(plan, 'window')?.holds(input, plan, isUnderWay(candidate)) === true)
        return isBegun(input, plan) ? null : outsideMaintenance(input, plan.action);
      return no(`a freeze is in force: ${freeze.reason}`, 'wait for the end of the freeze', freeze.untilMs);
    },
  },
  {
    name: 'blast-radius',
    doc: 'One member in flight; floors on healthy replicas, on the read pool and on the readers of each site; what is in flight counts as unhealthy.',
    check: blastRadius,
  },
  {
    name: 'quorum',
    doc: 'Never take the last connected synchronous standby (in quorum mode voter) away; in strict mode none if fewer than synchronous_node_count stay connected. Else Patroni makes do with fewer, which is told.',
    check: ({ view }, { action, plan }) => (action.disruptsTarget ? syncFloor(view, plan.target) : null),
  },
  {
    name: 'cooldown',
    doc: "Least time between two actions of one class on a cluster; an action of risk none waits for itself on the same member only, and nothing waits for it. A lower class never holds up a higher one, and the answer to a leader's death waits for its own last run on that member only.",
    check: cooldown,
  },
  {
    name: 'attempts',
    doc: 'Tries within one chain; an action that ran fine and did not help counts.',
    check: (input, { plan }) => {
      const used = attemptsUsed(input, plan.action, plan.target);
      const cap = input.policy.actions[plan.action].attempts;
      if (used < cap) return null;
      const times = `${used} times on ${plan.target} in this chain`;
      return wereRehearsed(input, plan.action, plan.target)
        ? no(`${plan.action} was rehearsed ${times}, nothing was sent`, 'do it by hand, or let Ekimi act: mode enforce')
        : no(`${plan.action} was tried ${times}`, 'look at why it does not help');
    },
  },
  {
    name: 'budget',
    doc: 'Actions per hour; a run of a procedure is one, and goes on once it has begun. The breaker that trips then is closed by a person only. expedite-failover, which only brings an election of Patroni forward, counts for itself alone and passes a breaker that others have opened.',
    check: budget,
  },
  {
    name: 'storm',
    doc: 'Several members in critical trouble at once: suspect the network or the observer, act on nothing, stay quiet for a while.',
    check: storm,
  },
  {
    name: 'flap',
    doc: 'A member that keeps going up and down loses its right to be repaired automatically for a while, and so do leaders that die one after the other.',
    check: (input, candidate) => {
      const { plan, action } = candidate;
      const row = deathsInARow(input, candidate);
      if (row !== null || !action.disruptsTarget) return row;
      const score = flapScore(input.ledger.flaps[plan.target] ?? [], input.nowMs, input.policy.flap.halfLifeMs);
      return score < input.policy.flap.threshold
        ? null
        : no(`${plan.target} flaps (score ${score.toFixed(1)})`, 'find out why it goes up and down');
    },
  },
];

/** What has begun in the window goes on after its end: half a procedure is worse than a late one. */
function outsideMaintenance({ windows, policy }: Situation, action: ActionName): No | null {
  if (policy.actions[action].window !== 'maintenance' || windows.maintenance !== null) return null;
  const opensAtMs = windows.maintenanceOpensAtMs ?? null;
  const because = `no maintenance window is open, and actions.${action}.window is maintenance`;
  if (opensAtMs === null)
    return no(because, `add a window, since none opens within a year, or set actions.${action}.window: any`);
  return no(because, `wait: the next one opens at ${minuteText(opensAtMs)}`, opensAtMs);
}

const isBegun = ({ ledger }: Situation, { because: { run } }: Plan): boolean => sentFor(ledger, run).length > 0;

/** Each fall counts one, halved every `halfLifeMs`. */
export const flapScore = (falls: readonly number[], nowMs: number, halfLifeMs: number): number =>
  falls.reduce((sum, atMs) => sum + 2 ** (-(nowMs - atMs) / halfLifeMs), 0);

/** What another version began is somebody's work under way, and nobody here can tell what it touches. */
function foreignWork(input: Situation, { action, plan }: Candidate): No | null {
  const foreign = foreignInFlight(input.ledger).find((row) => action.risk !== 'none' || row.target === plan.target);
  if (foreign === undefined) return null;
  return no(
    foreignText(foreign),
    `let the version that began it end it, or look for yourself and then: ekimi resume --subject ${FOREIGN_WORK}`,
  );
}

/** A procedure under way has its members: no ladder works against it but where the leader is in trouble, and no second one begins. */
function procedureUnderWay({ ledger }: Situation, { action, plan }: Candidate): No | null {
  const open = openRun(ledger.procedures);
  // Whoever waits for a person sends nothing, and must not keep repairs from a member for hours.
  if (open === null || open.phase === 'paused' || open.phase === 'held' || open.id === plan.because.run) return null;
  if (isOnlyWatching(ledger, open)) return null;
  if (action.risk === 'none' || action.class === 'leadership' || action.class === 'fencing') return null;
  return no(
    `${open.name} (${open.id}) by ${open.by} is ${open.phase}`,
    `let it end, or: ekimi procedures pause ${open.id}`,
  );
}

/** It waits for what comes about by itself, a copy of hours for one, and sends nothing meanwhile. */
function isOnlyWatching(ledger: Ledger, { id, waiting }: ProcedureRun): boolean {
  return waiting != null && !sentFor(ledger, id).some((row) => row.createdAtMs >= waiting.sinceMs);
}

function blastRadius(input: Situation, candidate: Candidate): No | null {
  const { action, plan } = candidate;
  const { limits } = input.policy;
  const foreign = foreignWork(input, candidate) ?? procedureUnderWay(input, candidate);
  if (foreign !== null) return foreign;
  const running = input.ledger.remediations
    .filter(isInFlight)
    .filter((row) => action.settlesLeadership?.(plan) !== true || ACTIONS[row.plan.action].class !== 'leadership');
  // Leadership pre-empts what is below it: a replica under repair never stands in the way of a dead leader. Among repairs nothing does:
  // one member restarting and another one being rebuilt are two members away.
  const inFlight = preempts(candidate)
    ? running.filter((row) => rankOf(ACTIONS[row.plan.action].class) >= rankOf(action.class))
    : running;
  if (inFlight.length >= limits.concurrent) {
    const names = inFlight.map((row) => `${row.plan.action} ${row.plan.target}`).join(', ');
    return no(`in flight: ${names}`, 'let it finish: one action at a time');
  }
  const busy = inFlight.filter(({ plan: of }) => worksOnMember(of)).map((row) => row.plan.target as string);
  return floorsFor(input, plan, busy);
}

const rankOf = (name: Candidate['action']['class']): number => ACTION_CLASSES.indexOf(name);

/** What costs nothing must not stand in the way of anything else, nor wait for it: only for its own last run on that member. */
function sharesCooldown({ action, plan }: Pick<Candidate, 'action' | 'plan'>, before: Plan): boolean {
  // The stages of one run are one thing to the limits: its order is what keeps them apart.
  if (plan.because.run !== undefined && plan.because.run === before.because.run) return false;
  if (before.action === plan.action && before.target === plan.target) return true;
  // Another leader's death is no echo of this one: what holds up a row of them is gate `flap`.
  if (action.answersDeath === true) return false;
  const other = ACTIONS[before.action];
  return action.risk !== 'none' && other.risk !== 'none' && other.class === action.class;
}

/** Leaders that die one after the other: the next one would, too, and each answer costs what was not replicated. */
function deathsInARow({ ledger, policy, nowMs }: Situation, { action, plan }: Candidate): No | null {
  if (action.answersDeath !== true) return null;
  const { threshold, halfLifeMs } = policy.flap;
  const answered = ledger.remediations.filter(
    (row) =>
      row.plan.action === plan.action && (row.sentAtMs !== null || row.shadow) && nowMs - row.createdAtMs < halfLifeMs,
  );
  if (answered.length < threshold) return null;
  const oldest = answered[answered.length - Math.ceil(threshold)];
  return no(
    `${plan.action} answered ${answered.length} deaths of a leader within ${halfLifeMs / 60_000} min, flap.threshold is ${threshold}`,
    'find out why leaders die; Patroni itself elects when the lease ends',
    (oldest?.createdAtMs ?? nowMs) + halfLifeMs,
  );
}

/**
 * The same run did the opposite there, and what is between them is nowhere to stay; or it has the member down: what is left there brings it back, and
 * what others did elsewhere does not keep it down.
 */
const mendsItsRun = ({ ledger }: Situation, { action, plan }: Candidate): boolean =>
  sentFor(ledger, plan.because.run).some(({ plan: before }) => {
    const { inverse, leavesDown } = ACTIONS[before.action];
    return before.target === plan.target && (inverse === action.name || leavesDown !== undefined);
  });

function cooldown(input: Situation, candidate: Candidate): No | null {
  const { action, plan } = candidate;
  if (mendsItsRun(input, candidate)) return null;
  let retryAtMs = 0;
  let last = '';
  for (const row of input.ledger.remediations) {
    if (!sharesCooldown({ action, plan }, row.plan)) continue;
    const { cooldownMs } = input.policy.actions[row.plan.action];
    const waitMs = wasOnlyBusy(input, row) ? Math.min(cooldownMs, BUSY_COOLDOWN_MS) : cooldownMs;
    const until = (row.endedAtMs ?? row.createdAtMs) + waitMs;
    if (until > retryAtMs) {
      retryAtMs = until;
      last = `${row.plan.action} ${row.plan.target}`;
    }
  }
  if (retryAtMs <= input.nowMs) return null;
  return no(
    `${last} was ${plan.action === last.split(' ')[0] ? 'the last such action' : 'of the same class'}; its cool-down ends at ${clockText(retryAtMs)}`,
    `wait until ${clockText(retryAtMs)}`,
    retryAtMs,
  );
}

/**
 * What brings forward what Patroni does itself as soon as the lease ends has the hour's figure to itself: what repairs have spent is not saved
 * by holding it. A fence kills a server, so it waits for the person who closes the breaker, as all else does.
 */
function budget(input: Situation, { action, plan }: Candidate): No | null {
  if (action.risk === 'none') return null;
  // A run has one entry for all of it: held in its middle it would leave down what it has stopped.
  if (isBegun(input, plan)) return null;
  const isApart = action.bringsForward === true;
  if (input.ledger.breaker !== null && !isApart)
    return no(`the breaker is open: ${input.ledger.breaker.reason}`, 'ekimi resume --subject breaker');
  const used = isApart ? budgetUsed(input, action.name) : budgetUsed(input);
  if (used < input.policy.limits.perHour) return null;
  return no(
    `${used} actions within an hour, ${input.policy.limits.perHour} are allowed`,
    'ekimi resume --subject breaker, after a look at why',
  );
}

function storm(input: Situation, { action }: Candidate): No | null {
  // A dead or doubled leader takes others down with it: that is its own effect, not a reason to leave it so.
  if (action.risk === 'none' || action.class === 'leadership' || action.class === 'fencing') return null;
  const { stormMembers } = input.policy.limits;
  const struck = stormingMembers(input);
  if (struck.length >= stormMembers)
    return no(
      `${struck.length} members are in critical trouble at once: ${struck.join(', ')}`,
      'repair or explain one of them by hand',
    );
  const until = input.ledger.stormUntilMs;
  return until !== null && until > input.nowMs
    ? no('several members were in critical trouble a moment ago', `wait until ${clockText(until)}`, until)
    : null;
}
