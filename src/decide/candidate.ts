import { actionInput, type RunbookAction } from '../actions/action.js';
import { ACTIONS, isTargetOf, worksOnMember } from '../actions/index.js';
import { problemRow, type ProblemRow, type Rung } from '../assess/catalogue.js';
import { wasOnlyBusy } from '../ledger/budgets.js';
import { isInFlight, type Remediation } from '../model/ledger.js';
import { memberName } from '../model/names.js';
import type { ActionClass, ActionName, Plan } from '../model/plan.js';
import type { Problem } from '../model/problem.js';
import type { Situation } from '../model/situation.js';

/**
 * What could be sent now, before any gate is asked: a rung of a problem's ladder, what a person asks for, or the next step of what is under
 * way. All three pass the one table of gates.
 */
export interface Candidate {
  readonly origin: 'problem' | 'person' | 'step';
  /** null, as `rung`: no ladder proposes it. A person's word stands in for what the channels say of a problem. */
  readonly problem: Problem | null;
  readonly rung: Rung | null;
  readonly action: RunbookAction;
  readonly plan: Plan;
}

/** Asked for by a person whom the API knows by name. */
export const byPerson = (plan: Plan): Candidate => ({
  origin: 'person',
  problem: null,
  rung: null,
  action: ACTIONS[plan.action],
  plan,
});

/** The next step of what is under way: only the gates of authority ask about it. */
export const nextStep = (plan: Plan): Candidate => ({ ...byPerson(plan), origin: 'step' });

/** It answers a leader that is dead, hung or one too many. One that is well is in no hurry: whoever takes it away on purpose waits. */
export const preempts = ({ action, plan }: Pick<Candidate, 'action' | 'plan'>): boolean =>
  (action.class === 'leadership' || action.class === 'fencing') && action.stopsLeader?.(plan) !== true;

export const isUnderWay = ({ origin }: Candidate): boolean => origin === 'step';

export type Choice =
  | { readonly kind: 'candidate'; readonly candidate: Candidate }
  | { readonly kind: 'in-flight'; readonly remediation: Remediation }
  /** No rung is left; `notes` say why of each. `tried`: something was, so a person is needed. */
  | {
      readonly kind: 'none';
      readonly notes: readonly string[];
      readonly exhausted: boolean;
      /** What was done about it still stands: the replica takes no reads. */
      readonly isAnswered: boolean;
    };

/** What takes traffic away stays in force: the danger is answered while its cause remains. */
const ANSWER_THAT_STANDS: ActionClass = 'traffic';

const strangerText = ({ worksOn }: RunbookAction): string =>
  worksOn === undefined ? 'not a member' : { store: 'no etcd endpoint', pooler: 'no pooler' }[worksOn];

/** First rung of the problem's ladder that has something to do and tries left. */
export function chooseRung(input: Situation, problem: Problem): Choice {
  const running = input.ledger.remediations.find(
    (remediation) =>
      isInFlight(remediation) &&
      !(ACTIONS[remediation.plan.action].class === 'leadership' && isSettling(problem)) &&
      (isAbout(remediation.plan, problem) ||
        (remediation.plan.because.code === problem.code &&
          remediation.plan.because.subject === problem.subject &&
          !leavesRoom(input, remediation))),
  );
  if (running !== undefined) return { kind: 'in-flight', remediation: running };
  const row = problemRow(problem.code);
  return climb(input, problem, row);
}

/** What is under way waits for others of its kind: nothing is to be waited for before these are begun. */
export const leavesRoom = (input: Situation, { plan, phase }: Remediation): boolean =>
  phase !== 'planned' &&
  phase !== 'sending' &&
  ACTIONS[plan.action].waitsForOthers?.(actionInput(input), plan) === true;

/** It works on the very thing that the problem is of. */
function isAbout(plan: Plan, { code, subject }: Problem): boolean {
  const isOfMember = problemRow(code).ladder.every(worksOnMember);
  return plan.target === subject && worksOnMember(plan) === isOfMember;
}

/** The end of a change of leader does not wait for the verdict on it: where the election fails, this is what helps. */
function isSettling({ code, subject }: Problem): boolean {
  const { ladder } = problemRow(code);
  const settles = ({ action }: Rung): boolean =>
    ACTIONS[action].settlesLeadership?.({ because: { code, subject } }) === true;
  return ladder.length > 0 && ladder.every(settles);
}

function climb(input: Situation, problem: Problem, row: ProblemRow): Choice {
  const notes: string[] = [];
  let exhausted = false;
  let isAnswered = false;
  const at = actionInput(input);
  for (const rung of row.ladder) {
    const action = ACTIONS[rung.action];
    const target = action.target === undefined ? memberName(problem.subject) : action.target(at, problem);
    if (typeof target !== 'string' || !isTargetOf(input.view, rung.action, target)) {
      const why =
        typeof target === 'string' ? `${target} is ${strangerText(action)} that it could work on` : target.none;
      notes.push(`${rung.action}: ${why}`);
      exhausted = true;
      continue;
    }
    if (input.policy.actions[rung.action].mode === 'off') {
      notes.push(`${rung.action} is off in the policy`);
      exhausted = true;
      continue;
    }
    if (action.alreadyTrue(at, target)) {
      notes.push(`${rung.action}: done already`);
      isAnswered ||= action.class === ANSWER_THAT_STANDS;
      continue;
    }
    if (action.rehearsed?.(at, target) === true) {
      notes.push(`${rung.action}: rehearsed, nothing was sent`);
      continue;
    }
    const used = attemptsUsed(input, rung.action, target);
    if (used >= input.policy.actions[rung.action].attempts) {
      notes.push(
        wereRehearsed(input, rung.action, target)
          ? `${rung.action} was rehearsed ${used} times in this chain, nothing was sent`
          : `${rung.action} was tried ${used} times in this chain without lasting effect`,
      );
      exhausted = true;
      continue;
    }
    const bound = action.bind(at, target, problem);
    if (bound.kind === 'nothing') {
      notes.push(`${rung.action}: ${bound.why}`);
      exhausted ||= bound.stuck === true;
      continue;
    }
    const plan: Plan = {
      action: rung.action,
      target,
      because: { code: problem.code, subject: problem.subject },
      params: bound.params,
    };
    return { kind: 'candidate', candidate: { origin: 'problem', problem, rung, action, plan } };
  }
  return { kind: 'none', notes, exhausted, isAnswered };
}

/**
 * Tries of `action` on `target` within the chain. A success after which the problem came back counts like a failure: it did not help.
 * [peers.md row 12]
 */
export const attemptsUsed = (input: Situation, action: ActionName, target: string): number =>
  triesOf(input, action, target).length;

/** None of these tries was sent, so nobody can say of it that it does not help. */
export const wereRehearsed = (input: Situation, action: ActionName, target: string): boolean =>
  triesOf(input, action, target).every(({ shadow }) => shadow);

function triesOf(input: Situation, action: ActionName, target: string): readonly Remediation[] {
  if (ACTIONS[action].isTriedUntilDone === true) return [];
  const countsSuccess = ACTIONS[action].countsSuccess ?? true;
  const fromMs = ACTIONS[action].triesCountFrom?.(actionInput(input)) ?? -Infinity;
  return input.ledger.remediations.filter(
    (remediation) =>
      remediation.plan.action === action &&
      remediation.plan.target === target &&
      remediation.endedAtMs !== null &&
      input.nowMs - remediation.endedAtMs < input.policy.chainMs &&
      remediation.endedAtMs >= fromMs &&
      !wasOnlyBusy(input, remediation) &&
      (remediation.phase === 'failed' ||
        remediation.phase === 'ineffective' ||
        // A person's run answered no problem, so none can have come back after it.
        (remediation.phase === 'succeeded' && countsSuccess && remediation.plan.because.code !== 'operator')),
  );
}
