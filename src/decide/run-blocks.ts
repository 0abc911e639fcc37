import { ACTIONS } from '../actions/index.js';
import { personsFor } from '../ledger/consent.js';
import type { Block, GateName } from '../model/decision.js';
import { memberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import type { ActionStage, ProcedureRun, Stage } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { AUTHORITY_GATES } from './authority-gates.js';
import { byPerson } from './candidate.js';
import { no, type No } from './gate.js';
import { boundGoal, runInput } from './run-left.js';
import { isSpare } from './run-rows.js';

/** A stage, and what keeps it from beginning. */
interface Stopped {
  readonly stage: ActionStage;
  readonly block: Block;
}

/** As far as it is known before it is its turn: the gates that are asked beforehand look at no more. */
const outlineOf = (run: ProcedureRun, { action, target, candidate, key }: ActionStage): Plan => ({
  action,
  target: memberName(target ?? ''),
  because: { code: 'operator', subject: target ?? '', by: run.by, reason: run.reason, run: run.id, stage: key },
  params: candidate === null ? {} : { candidate },
});

const askTwo = ({ policy }: Situation, plan: Plan): No | null =>
  personsFor(policy, plan) === 2
    ? no(
        `approvals.twoPersonsFor has ${plan.action}: it would wait for a second person`,
        `take ${plan.action} out of approvals.twoPersonsFor`,
      )
    : null;

/** Gates whose answer no other stage of the run changes: what they hold is held when its turn comes, too. */
const BEFOREHAND: readonly (readonly [GateName, (input: Situation, plan: Plan) => No | null])[] = [
  ...AUTHORITY_GATES.filter(({ name }) => name === 'kill-switch' || name === 'mode').map(
    ({ name, check }) => [name, (input: Situation, plan: Plan) => check(input, byPerson(plan))] as const,
  ),
  ['approval', askTwo],
];

/** What a person or the policy says no to about a stage, whatever the cluster shows when its turn comes. Empty: nothing. */
export function blocksBeforehand(input: Situation, run: ProcedureRun, stage: ActionStage): readonly Block[] {
  const plan = outlineOf(run, stage);
  return BEFOREHAND.flatMap(([gate, ask]) => {
    const answer = ask(input, plan);
    return answer === null ? [] : [{ gate, ...answer }];
  });
}

const isAction = (stage: Stage): stage is ActionStage => stage.kind === 'action';

/** A later stage depends on it: it neither falls away nor is one of many. */
const isNeeded = (run: ProcedureRun, { key, mayFallAway }: ActionStage): boolean =>
  mayFallAway !== true && !isSpare(run, key);

/**
 * A stage whose refusal leaves nothing undone but itself: one of many, of which another one passes the same gate, or that comes after all that is needed
 * (a replica, once the first member was started). An etcd member is needed by what is started after it, where the gate holds all of them.
 */
function isDoneWithout(
  input: Situation,
  run: ProcedureRun,
  left: readonly Stage[],
  { stage, block }: Stopped,
): boolean {
  if (!isSpare(run, stage.key)) return false;
  const actions = left.filter(isAction);
  const at = actions.indexOf(stage);
  const comesLast =
    actions.slice(0, at).some((before) => isNeeded(run, before)) &&
    !actions.slice(at + 1).some((after) => isNeeded(run, after));
  if (comesLast) return true;
  const passes = (other: ActionStage): boolean =>
    blocksBeforehand(input, run, other).every(({ gate }) => gate !== block.gate);
  return actions.some((other) => other.action === stage.action && passes(other));
}

const stopsOf = (left: readonly Stage[]): readonly ActionStage[] =>
  left.filter(isAction).filter(({ action }) => ACTIONS[action].leavesDown !== undefined);

/**
 * What comes after a stage that leaves something stopped, and could not begin: it would stay stopped. Another member's stages are not meant, unless the
 * whole cluster is down by then. Stages of the same action are not meant: a second person is asked for each of them before anything new has happened. Nor
 * is what may fall away, unless the stage itself may: then it is the same branch. Nor is what the others go on without, where this list stops no part of it.
 */
function heldAfter(input: Situation, run: ProcedureRun, left: readonly Stage[], at: number): readonly Stopped[] {
  const down = left[at];
  if (down === undefined || !isAction(down)) return [];
  const { leavesDown } = ACTIONS[down.action];
  if (leavesDown === undefined) return [];
  const isStopped = ({ target }: ActionStage): boolean => stopsOf(left).some((stop) => stop.target === target);
  return left
    .slice(at + 1)
    .filter(isAction)
    .filter(({ target }) => leavesDown === 'cluster' || target === down.target)
    .filter(({ action, mayFallAway }) => action !== down.action && (mayFallAway !== true || down.mayFallAway === true))
    .flatMap((stage) => blocksBeforehand(input, run, stage).map((block) => ({ stage, block })))
    .filter((row) => isStopped(row.stage) || !isDoneWithout(input, run, left, row));
}

/** Stages that cannot begin whatever becomes of those before them; what the others go on without keeps none of them. */
const heldAnyhow = (input: Situation, run: ProcedureRun, left: readonly Stage[]): readonly Stopped[] =>
  left
    .filter(isAction)
    .filter(({ mayFallAway }) => mayFallAway !== true)
    .flatMap((stage) =>
      blocksBeforehand(input, run, stage)
        .filter(({ gate }) => gate === 'mode' || gate === 'kill-switch')
        .map((block) => ({ stage, block })),
    )
    .filter((row) => !isDoneWithout(input, run, left, row));

/** Each reason once, with the stages that it holds and what to change. Null: there is none. */
function told(rows: readonly Stopped[]): string | null {
  const reasons = new Map<string, { readonly unblock: string; readonly keys: Set<string> }>();
  for (const { stage, block } of rows) {
    const reason = reasons.get(block.because) ?? { unblock: block.unblock, keys: new Set() };
    reason.keys.add(stage.key);
    reasons.set(block.because, reason);
  }
  const texts = [...reasons].map(
    ([because, { unblock, keys }]) => `${because}, which holds ${[...keys].join(', ')} (${unblock})`,
  );
  return texts.length === 0 ? null : texts.join('; ');
}

/** Members of which nothing is held, each with what is typed for it alone; empty: none, or the procedure has no such way. */
function waysRound(input: Situation, run: ProcedureRun, left: readonly Stage[], rows: readonly Stopped[]): string {
  const bound = boundGoal(run);
  const held = rows.map(({ stage }) => stage.target);
  const free = new Set(
    left.filter(isAction).flatMap(({ target }) => (target === null || held.includes(target) ? [] : [target])),
  );
  return [...free]
    .flatMap((name) => bound?.procedure.alone?.(runInput(input, run), bound.goal, name) ?? [])
    .map((command) => `; not held by that: ${command}`)
    .join('');
}

/** Why a run must not begin: it could not come to its end, or would stand with something stopped. Null: it may. Pure. */
export function whyNotToEnd(input: Situation, run: ProcedureRun, left: readonly Stage[]): string | null {
  const rows = [
    ...heldAnyhow(input, run, left),
    ...left.flatMap((stage, at) =>
      isAction(stage) && stage.mayFallAway === true ? [] : heldAfter(input, run, left, at),
    ),
  ];
  const why = told(rows);
  return why === null ? null : `${why}${waysRound(input, run, left, rows)}`;
}

/** The same of its next stage alone, as it may have become since it began: nothing is stopped that could not be started again. */
export const whyNotDownYet = (input: Situation, run: ProcedureRun, left: readonly Stage[]): string | null =>
  told(heldAfter(input, run, left, 0));

/**
 * Of what comes after a question: whoever answers knows what else to change. Where a yes leads into what may fall away, that alone is looked at, as if
 * all of it were needed: the other members' stages have their own turn. Null: nothing holds it.
 */
export function whyNotOnceAgreed(input: Situation, run: ProcedureRun, after: readonly Stage[]): string | null {
  const first = after.find(isAction);
  if (first?.mayFallAway !== true) return whyNotToEnd(input, run, after);
  const branch = after.filter(isAction).filter(({ target }) => target === first.target);
  return whyNotToEnd(
    input,
    run,
    branch.map(({ mayFallAway: _isBranch, ...stage }) => stage),
  );
}
