import { actionInput } from '../actions/action.js';
import { ACTIONS } from '../actions/index.js';
import { stepInput } from '../actions/waits.js';
import { isOfCommonCause } from '../assess/all-replicas.js';
import { pageOf, problemRow } from '../assess/catalogue.js';
import { isSuperseded } from '../assess/things.js';
import type { Block, Decision } from '../model/decision.js';
import type { Loss } from '../model/loss.js';
import type { Plan } from '../model/plan.js';
import { stepLines } from '../words/request.js';
import type { Problem } from '../model/problem.js';
import { waitOf } from '../words/wait.js';
import { chooseRung, type Candidate, type Choice } from './candidate.js';
import { lossOf } from './consent.js';
import { blocksFor } from './gates.js';
import { ownDoing } from './own-doing.js';
import { syncCost } from './sync-floor.js';
import type { Situation } from '../model/situation.js';

/**
 * What to do about each problem, "no" included, in the order of their rank. At most one decision acts; all else is decided again in the next pass.
 * Pure: the same input gives the same decisions.
 */
export function decide(input: Situation): readonly Decision[] {
  const decisions: Decision[] = [];
  let acting: Plan | null = null;
  const planned = new Set<string>();
  for (const problem of input.states.problems) {
    const decision = decideOne(input, problem, acting, planned);
    if (decision === null) continue;
    decisions.push(decision);
    if (decision.kind === 'act') acting = decision.plan;
    if (decision.kind === 'act' || decision.kind === 'held')
      planned.add(`${decision.plan.action} ${decision.plan.target}`);
  }
  return decisions;
}

function decideOne(
  input: Situation,
  problem: Problem,
  acting: Plan | null,
  planned: ReadonlySet<string>,
): Decision | null {
  const row = problemRow(problem.code);
  if (isSuperseded(problem, input.states.problems)) return null;
  if (problem.phase !== 'active')
    return { kind: 'waiting', code: problem.code, subject: problem.subject, ...waitOf(problem, input.view.atMs) };
  if (isOfCommonCause(problem, input.states.problems))
    return {
      kind: 'waiting',
      code: problem.code,
      subject: problem.subject,
      why: 'all replicas have it at once: their common cause goes first (all-replicas-affected)',
      untilMs: null,
    };
  if (row.ladder.length === 0)
    return pageOf(problem.code, problem.facts) === 'at-once' ? toPerson(input, problem, whyOf(problem)) : null;
  return fromChoice(input, problem, chooseRung(input, problem), acting, planned);
}

/** A person's to answer, unless it is there because we are at work on that member. */
function toPerson(input: Situation, problem: Problem, why: string): Decision {
  const { code, subject } = problem;
  const own = ownDoing(input, problem);
  return own === null
    ? { kind: 'page', code, subject, why }
    : { kind: 'waiting', code, subject, why: own.what, untilMs: own.untilMs };
}

function fromChoice(
  input: Situation,
  problem: Problem,
  choice: Choice,
  acting: Plan | null,
  planned: ReadonlySet<string>,
): Decision | null {
  const { code, subject } = problem;
  switch (choice.kind) {
    case 'in-flight': {
      const { plan, phase, deadlineMs } = choice.remediation;
      return {
        kind: 'waiting',
        code,
        subject,
        why: `${plan.action} ${plan.target} is in flight (${phase})`,
        untilMs: deadlineMs,
      };
    }
    case 'none':
      if (choice.exhausted && problemRow(code).page !== 'never')
        return toPerson(input, problem, `${whyOf(problem)}; ${choice.notes.join('; ')}`);
      return { kind: 'waiting', code, subject, why: choice.notes.join('; ') || 'nothing to do', untilMs: null };
    case 'candidate': {
      const { plan } = choice.candidate;
      // Two problems of one member may ask for the same thing: said once.
      if (planned.has(`${plan.action} ${plan.target}`))
        return { kind: 'waiting', code, subject, why: `${plan.action} ${plan.target} answers this too`, untilMs: null };
      const blocks = [...blocksFor(input, choice.candidate), ...oneAtATime(acting)];
      const why = [whyOf(problem), ...groundsOf(input, plan)].join('; ');
      const steps = requestsOf(input, plan);
      const told = { plan, why, steps, ...lossIn(input, choice.candidate) };
      return blocks.length === 0 ? { kind: 'act', ...told } : { kind: 'held', ...told, blocks };
    }
    default:
      return choice satisfies never;
  }
}

function lossIn(input: Situation, { action, plan }: Candidate): { readonly loss?: Loss } {
  const loss = lossOf(input, action, plan);
  return loss === null ? {} : { loss };
}

const oneAtATime = (acting: Plan | null): readonly Block[] =>
  acting === null
    ? []
    : [
        {
          gate: 'blast-radius',
          because: `${acting.action} ${acting.target} goes first in this pass`,
          unblock: 'wait for the next pass: one action at a time',
          retryAtMs: null,
        },
      ];

/** What speaks for the target of this plan and against others, where there was a choice; and what it costs that no gate holds. */
export function groundsOf(input: Situation, plan: Plan): readonly string[] {
  const at = actionInput(input);
  const grounds = ACTIONS[plan.action].grounds?.(at, plan) ?? null;
  const cost = ACTIONS[plan.action].disruptsTarget ? syncCost(input.view, plan.target) : null;
  return [grounds, cost].filter((text) => text !== null);
}

const whyOf = (problem: Problem): string => problem.evidence.map((item) => item.text).join('; ');

/** The exact requests, in order, as dry-run prints and enforce sends them. */
export const requestsOf = (input: Pick<Situation, 'policy' | 'view'>, plan: Plan): readonly string[] =>
  ACTIONS[plan.action]
    .steps(stepInput(input), plan)
    .flatMap(({ step, ahead }) => [...(ahead === undefined ? [] : stepLines(ahead.step)), ...stepLines(step)]);
