import { ACTIONS, worksOnMember } from '../actions/index.js';
import { isInFlight, type Ledger, type Remediation } from '../model/ledger.js';
import type { ActionClass, Plan } from '../model/plan.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { openRun, type ProcedureRun, type Stage } from '../model/procedure-run.js';
import type { Situation } from '../model/situation.js';
import { leftOf } from './run-left.js';
import { rowsOf } from './run-rows.js';

/**
 * What a member shows while it is stopped, started, copied or catches up on purpose. What shows that this fails is not among them, and is told at
 * once; so is what its readers suffer.
 */
const ABSENCE: ReadonlySet<ProblemCode> = new Set<ProblemCode>([
  'member-down',
  'patroni-down',
  'member-unreachable',
  'replica-not-streaming',
  'replica-lag-critical',
]);

/** Its Patroni does not answer: a stop and a start look like this, a copy and a member that catches up never do. */
const GONE: ReadonlySet<ProblemCode> = new Set<ProblemCode>(['member-down', 'patroni-down', 'member-unreachable']);

const TAKES_AWAY: readonly ActionClass[] = ['replica', 'rebuild'];

/** Who keeps a member away, and until when a person need not hear of it. */
export interface OwnDoing {
  readonly what: string;
  readonly untilMs: number;
}

/** Between two stages of one member, and for the silence of one that is waited for: what lasts longer is told. */
const NEXT_MS = 60_000;

const isOn = ({ plan }: Remediation, name: string): boolean =>
  plan.target === name && worksOnMember(plan) && TAKES_AWAY.includes(ACTIONS[plan.action].class);

/** The member fell silent while something was done to it that its Patroni answers through: it died of something else. */
export const isDeathOfItsOwn = ({ code }: Pick<Problem, 'code'>, { action }: Pick<Plan, 'action'>): boolean =>
  GONE.has(code) && ACTIONS[action].keepsPatroni === true;

function inFlight({ remediations }: Ledger, about: About, name: string): OwnDoing | null {
  const row = remediations.find(
    (one) => isInFlight(one) && !one.shadow && isOn(one, name) && !isDeathOfItsOwn(about, one.plan),
  );
  return row === undefined
    ? null
    : { what: `${row.plan.action} ${name} is in flight (${row.phase})`, untilMs: row.deadlineMs };
}

const isAbout = (stage: Stage, name: string): boolean =>
  stage.kind === 'wait' ? stage.awaits?.includes(name) === true : stage.kind === 'action' && stage.target === name;

/** What was sent last did what it should, or somebody else did: what failed keeps nobody away. */
const isDone = ({ phase, ending }: Remediation): boolean => phase === 'succeeded' || ending === 'not-ours';

/** The run sent something for that member, and its next stage, or the wait for it, is left. */
function betweenStages(input: Situation, run: ProcedureRun | null, { code }: About, name: string): OwnDoing | null {
  if (run?.phase !== 'running') return null;
  const last = rowsOf(input, run)
    .filter((row) => isOn(row, name) && !row.shadow)
    .at(-1);
  const next = last === undefined ? undefined : leftOf(input, run)?.find((stage) => isAbout(stage, name));
  if (last === undefined || next === undefined || !isDone(last)) return null;
  const endedMs = last.endedAtMs ?? last.createdAtMs;
  const sinceMs = run.waiting?.key === next.key ? run.waiting.sinceMs : endedMs;
  const withinMs = next.kind === 'wait' && !GONE.has(code) ? next.withinMs : NEXT_MS;
  return { what: `${run.name} (${run.id}): ${next.text}`, untilMs: sinceMs + withinMs };
}

/** Whose absence a problem is; empty: it is about something else. */
function absentIn({ code, subject, facts }: About): readonly string[] {
  if (ABSENCE.has(code)) return [subject];
  const missing = code === 'too-few-replicas' ? facts['missing'] : null;
  return typeof missing === 'string' && missing !== '' ? missing.split(',') : [];
}

type About = Pick<Problem, 'code' | 'subject' | 'facts'>;

/**
 * A problem that is there because we stopped a member, or wait until it is back: nobody is called for it within the time of that stage. Null: it
 * has nothing to do with us, is of another member too, or that time is over. Pure.
 */
export function ownDoing(input: Situation, problem: About): OwnDoing | null {
  const { ledger, nowMs } = input;
  const run = openRun(ledger.procedures);
  let first: OwnDoing | null = null;
  for (const name of absentIn(problem)) {
    const doing = inFlight(ledger, problem, name) ?? betweenStages(input, run, problem, name);
    if (doing === null || nowMs >= doing.untilMs) return null;
    if (first === null || doing.untilMs < first.untilMs) first = doing;
  }
  return first;
}
