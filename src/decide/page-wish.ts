import { isOfCommonCause } from '../assess/all-replicas.js';
import { pageOf, problemRow } from '../assess/catalogue.js';
import { pauseOf, waitsOf } from '../assess/leader.js';
import { lacksMajority } from '../assess/stores.js';
import { formOrder, isSpokenFor, thingOf } from '../assess/things.js';
import type { Decision } from '../model/decision.js';
import type { Problem, ProblemCode, ProblemLevel } from '../model/problem.js';
import { approvalFor } from '../ledger/consent.js';
import { chooseRung } from './candidate.js';
import type { Situation } from '../model/situation.js';
import { isDeathOfItsOwn, ownDoing } from './own-doing.js';
import { isTakenByApproval, outlookOf, wayOut } from './page-gates.js';
import { commandsFor } from '../model/staged.js';

/** Somebody should hear of this: what it is, why nothing answers it now, and the way out. */
export interface Wish {
  readonly thing: string;
  readonly code: ProblemCode;
  readonly subject: string;
  readonly level: ProblemLevel;
  /** What kind of silence it is; another one of the same thing is news. */
  readonly about: string;
  /** How long it must have been wished for. */
  readonly afterMs: number;
  readonly sinceMs: number;
  readonly evidence: string;
  /** Why Ekimi does not answer it; null: it has no answer for this. */
  readonly because: string | null;
  readonly unblock: readonly string[];
  /** Ids of the questions that wait for a person's word about it. Absent: none. */
  readonly approvals?: readonly string[];
}

type Told = Pick<Wish, 'about' | 'afterMs' | 'because' | 'unblock' | 'approvals'> & {
  /** Nothing but a person's word keeps Ekimi from answering it. */
  readonly waitsForWord?: boolean;
};

/** All that a person should hear of in this pass, one for each thing. Pure. */
export function pagesWished(input: Situation, decisions: readonly Decision[]): readonly Wish[] {
  const { problems } = input.states;
  const wishes = new Map<string, Wish>();
  for (const problem of [...problems].sort((a, b) => formOrder(a.code) - formOrder(b.code))) {
    if (isSpokenFor(problem, problems) || isOfCommonCause(problem, problems)) continue;
    if (awaitsWorse(problem, problems, input.nowMs)) continue;
    const wish = wishOf(input, problem, decisions);
    if (wish === null) continue;
    const worse = wishes.get(wish.thing);
    wishes.set(wish.thing, worse === undefined ? wish : joined(worse, wish));
  }
  return [...wishes.values(), ...ownTrouble(input)];
}

/** The worse form names the thing; the way out may be that of the milder one. */
const joined = (worse: Wish, milder: Wish): Wish => ({
  ...worse,
  sinceMs: Math.min(worse.sinceMs, milder.sinceMs),
  because: worse.because ?? milder.because,
  unblock: [...new Set([...milder.unblock, ...worse.unblock])],
  ...asked([...(worse.approvals ?? []), ...(milder.approvals ?? [])]),
});

const asked = (ids: readonly string[]): Pick<Wish, 'approvals'> =>
  ids.length === 0 ? {} : { approvals: [...new Set(ids)] };

/** A worse form of it is suspected and will be sure in a moment: one page then, instead of two. */
const awaitsWorse = (problem: Problem, problems: readonly Problem[], nowMs: number): boolean =>
  problems.some(
    (other) =>
      other.phase === 'suspect' &&
      thingOf(other) === thingOf(problem) &&
      formOrder(other.code) < formOrder(problem.code) &&
      nowMs < other.actionableAtMs + 5_000,
  );

function wishOf(input: Situation, problem: Problem, decisions: readonly Decision[]): Wish | null {
  if (problem.phase !== 'active' || pageOf(problem.code, problem.facts) === 'never') return null;
  const told = ownDoing(input, problem) === null ? toldOf(input, problem, decisions) : null;
  if (told === null) return null;
  const { code, subject, level, firstSeenMs: sinceMs } = problem;
  const evidence = problem.evidence.map((item) => item.text).join('; ');
  const { waitsForWord: _, ...wish } = told;
  const afterMs = Math.max(told.afterMs, leftToPatroni(input, problem, told));
  return { thing: thingOf(problem), code, subject, level, sinceMs, evidence, ...wish, afterMs };
}

function toldOf(input: Situation, problem: Problem, decisions: readonly Decision[]): Told | null {
  const row = problemRow(problem.code);
  const advice = [row.advice, ...commandsFor(problem)];
  if (row.ladder.length === 0)
    return pageOf(problem.code, problem.facts) === 'at-once'
      ? { about: 'page', afterMs: 0, because: null, unblock: advice }
      : null;
  const decision = decisions.find((one) => isAbout(one, problem));
  if (decision?.kind === 'page') return exhausted(input, problem, decision.why, advice);
  // A row that pages at once does so with a ladder too: what waits for a person is told to one.
  const isTold = problem.level === 'critical' || pageOf(problem.code, problem.facts) === 'at-once';
  if (!isTold || decision === undefined) return null;
  switch (decision.kind) {
    case 'act':
      return acting(input, decision, advice);
    case 'held':
      return held(input, decision, advice);
    case 'waiting':
      return waiting(input, problem, decisions, advice);
    default:
      return decision satisfies never;
  }
}

const isAbout = (decision: Decision, { code, subject }: Problem): boolean => {
  const about = decision.kind === 'act' || decision.kind === 'held' ? decision.plan.because : decision;
  return about.code === code && about.subject === subject;
};

/** Which rungs there were, and what became of them: the evidence is told apart. */
function exhausted(input: Situation, problem: Problem, why: string, advice: readonly string[]): Told {
  const choice = chooseRung(input, problem);
  const because = choice.kind === 'none' ? choice.notes.join('; ') : why;
  return { about: isRehearsing(input) ? DRY : 'exhausted', afterMs: 0, because, unblock: advice };
}

const DRY = 'dry-run';
const isRehearsing = ({ policy }: Situation): boolean => policy.mode === 'dry-run';

/** Sent at once in enforce: only what is decided again and again and never sent is told. In dry-run it is a rehearsal, and told as one. */
function acting(input: Situation, decision: Extract<Decision, { kind: 'act' }>, advice: readonly string[]): Told {
  const { plan, steps } = decision;
  if (!isRehearsing(input))
    return {
      about: 'not-sent',
      afterMs: 30_000,
      because: `${plan.action} ${plan.target} is decided and could not be sent`,
      unblock: ['look at the log of Ekimi: why nothing is sent', ...advice],
    };
  const because = `in enforce Ekimi would have sent ${steps.join(', then ')}; nothing was sent, since this is a dry-run`;
  return { about: DRY, afterMs: 0, because, unblock: [`act yourself: ${advice.join(' ')}`] };
}

function held(input: Situation, decision: Extract<Decision, { kind: 'held' }>, advice: readonly string[]): Told | null {
  const { plan, blocks, steps } = decision;
  const lasting = blocks.flatMap((block) => {
    const row = outlookOf(block, input.nowMs) ?? (rehearsedBefore(input, block.gate) ? REHEARSED : null);
    return row === null ? [] : [{ block, row }];
  });
  const first = lasting.reduce<(typeof lasting)[number] | null>(
    (least, one) => (least === null || one.row.afterMs < least.row.afterMs ? one : least),
    null,
  );
  if (first === null) return null;
  const reasons = lasting.map(({ block }) => `${block.gate} (${block.because})`).join(', ');
  const outs = [...new Set(lasting.map(({ block }) => wayOut(input, plan, block)))];
  if (!isRehearsing(input)) {
    const waiting = approvalFor(input, plan, 'waiting');
    const because = `${plan.action} ${plan.target} is held by ${reasons}`;
    return {
      about: `${plan.action} ${first.row.obstacle}`,
      afterMs: first.row.afterMs,
      because,
      unblock: [...outs, ...advice],
      ...asked(waiting === null ? [] : [waiting.id]),
      waitsForWord: blocks.every(({ gate }) => isTakenByApproval(gate)),
    };
  }
  const because = `in enforce Ekimi would send ${steps.join(', then ')}, held by ${reasons}; nothing was sent, since this is a dry-run`;
  return { about: DRY, afterMs: first.row.afterMs, because, unblock: [`act yourself: ${advice.join(' ')}`, ...outs] };
}

const REHEARSED = { obstacle: 'time', afterMs: 0, because: 'a rehearsal mends nothing' } as const;

/** In dry-run the cool-down follows a rehearsal, which answered nothing. */
const rehearsedBefore = (input: Situation, gate: string): boolean => isRehearsing(input) && gate === 'cooldown';

/** Nothing in flight and nothing to do: unless another critical decision speaks for it, or what was done still stands. */
function waiting(
  input: Situation,
  problem: Problem,
  decisions: readonly Decision[],
  advice: readonly string[],
): Told | null {
  const choice = chooseRung(input, problem);
  if (choice.kind === 'in-flight') {
    const { plan, detail, deadlineMs } = choice.remediation;
    if (isDeathOfItsOwn(problem, plan)) {
      const why = `${plan.action} ${plan.target} is in flight, and Patroni answers while that goes on: it is silent for another reason`;
      return nothing(input, [why], advice);
    }
    return input.nowMs < deadlineMs
      ? null
      : nothing(input, [`${plan.action} ${plan.target} is late and still goes on: ${detail}`], advice);
  }
  if (choice.kind === 'candidate') {
    const { action, target } = choice.candidate.plan;
    const twin = decisions.find(
      (one) => (one.kind === 'act' || one.kind === 'held') && one.plan.action === action && one.plan.target === target,
    );
    const speaks = input.states.problems.some(
      (row) => twin !== undefined && isAbout(twin, row) && row.level === 'critical',
    );
    return speaks ? null : nothing(input, [`${action} ${target} waits for another decision`], advice);
  }
  return choice.isAnswered ? null : nothing(input, choice.notes, advice);
}

const nothing = (input: Situation, notes: readonly string[], advice: readonly string[]): Told => ({
  about: isRehearsing(input) ? DRY : 'nothing',
  afterMs: 30_000,
  because: notes.length === 0 ? 'there is nothing that Ekimi could do' : notes.join('; '),
  unblock: advice,
});

/**
 * A dead leader is Patroni's to replace, within ttl and a loop; unless it is paused, a person must hear what enforce would have done, or their word
 * would bring the election forward: after it, they would be asked for nothing.
 */
function leftToPatroni(input: Situation, problem: Problem, told: Told): number {
  if (
    problem.code !== 'leader-down' ||
    told.about === DRY ||
    told.waitsForWord === true ||
    pauseOf(input.view).kind === 'paused'
  )
    return 0;
  const { ttlMs, loopWaitMs } = waitsOf(input.view);
  return ttlMs + loopWaitMs;
}

/** What keeps Ekimi from acting at all is told, whether or not anything is to be done. */
function ownTrouble({ impaired: all, unshared, view, nowMs }: Situation): readonly Wish[] {
  // A ledger that an etcd without a majority does not take follows from what is told of that etcd.
  const impaired = lacksMajority(view) ? all.filter((reason) => reason !== unshared) : all;
  if (impaired.length === 0) return [];
  return [
    {
      thing: `ekimi/${view.scope}`,
      code: 'observer-impaired',
      subject: view.scope,
      level: 'critical',
      about: 'ekimi',
      afterMs: 30_000,
      sinceMs: nowMs,
      evidence: impaired.join('; '),
      because: 'Ekimi sends nothing until this is mended',
      unblock: [`repair it: ${impaired[0] ?? ''}`],
    },
  ];
}
