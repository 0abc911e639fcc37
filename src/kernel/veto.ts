import { fingerprint, type Plan } from '../model/plan.js';
import type { ProcedureDecision } from '../decide/procedures.js';
import type { Decision } from '../model/decision.js';
import type { VetoAnswer, VetoQuestion, VetoRow } from '../model/veto.js';
import { write } from './record.js';
import type { Session } from './session.js';

/** So long a go counts, and a silence: the plan is looked at anew all the same before its request. */
const COUNTS_MS = 60_000;
/** A veto that does not say how long. */
const VETO_MS = 5 * 60_000;
/** The hook's own deadline comes first: what it says of its silence is better than none. */
const SLACK_MS = 1_000;
/** The two clocks of one machine drift apart by less in a minute. */
const DRIFT_MS = 500;
/** Of plans that nobody makes any more. */
const MOST_ROWS = 50;

/** No other gate is against it. */
const isHeldByVetoAlone = <D extends Decision | ProcedureDecision>(
  decision: D,
): decision is Extract<D, { kind: 'held' }> =>
  decision.kind === 'held' && decision.blocks.every(({ gate }) => gate === 'veto');

/** What stands of the hook's answers to this plan. */
function rowFor(session: Session, plan: Plan): VetoRow | undefined {
  const wanted = fingerprint(plan);
  return vetoRows(session).findLast((row) => row.fingerprint === wanted);
}

/**
 * Asks the veto hook about what it alone holds, once for each plan until its answer has run out. Nobody waits here: the answer comes through the
 * inbox and wakes the loop, so that a hook that hangs stalls no pass.
 */
export async function askVeto(session: Session, decisions: readonly (Decision | ProcedureDecision)[]): Promise<void> {
  if (session.parts.veto === undefined) return;
  const nowMs = session.parts.ports.clock.now();
  for (const decision of decisions) {
    if (!isHeldByVetoAlone(decision)) continue;
    const row = rowFor(session, decision.plan);
    if (row === undefined || row.untilMs <= nowMs) await ask(session, decision, nowMs);
  }
}

/** The hook's no to what it alone holds, in words: it holds a run at once, which else would keep repairs waiting. Null: it said none. */
export function vetoOn(session: Session, decision: ProcedureDecision): string | null {
  if (!isHeldByVetoAlone(decision)) return null;
  const row = rowFor(session, decision.plan);
  return row?.answer === 'veto' && row.untilMs > session.parts.ports.clock.now()
    ? `the veto hook says no to ${decision.plan.action} ${decision.plan.target}: ${row.because}`
    : null;
}

async function ask(
  session: Session,
  { plan, why, steps }: Extract<Decision, { kind: 'held' }>,
  askedAtMs: number,
): Promise<void> {
  const { veto, newId, target } = session.parts;
  if (veto === undefined) return;
  const question: VetoQuestion = { id: newId(), scope: target.scope, plan, why, requests: steps, askedAtMs };
  const untilMs = askedAtMs + veto.deadlineMs + SLACK_MS;
  keep(session, rowOf(question, 'asked', 'no answer yet', untilMs));
  await write(session, { kind: 'veto', id: question.id, change: 'asked', plan, because: why, untilMs });
  const settle = (answer: VetoAnswer): void => {
    // At once, and not at the head of the next pass: a no that came in time must be seen by the second look of this one.
    const row = answerRow(session, question, answer);
    if (row !== null) keep(session, row);
    session.inbox.put(() => note(session, question, answer, row));
    session.wake();
  };
  veto.ask(question).then(settle, (error: unknown) => {
    settle({ kind: 'silent', because: error instanceof Error ? error.message : String(error) });
  });
}

/**
 * A late no counts too: it is what the hook says of this plan. A late go does not: this machine slept, or the hook, and it was said of another time. Null: a
 * newer question about the plan stands.
 */
function answerRow(session: Session, question: VetoQuestion, answer: VetoAnswer): VetoRow | null {
  const standing = rowFor(session, question.plan);
  if (standing !== undefined && standing.id !== question.id) return null;
  const nowMs = session.parts.ports.clock.now();
  const isLate = standing?.answer === 'asked' && nowMs > endOfGo(session, standing);
  if (isLate && answer.kind === 'go') return rowOf(question, 'silent', 'its go came too late', nowMs + COUNTS_MS);
  const untilMs = nowMs + (answer.kind === 'veto' ? (answer.forMs ?? VETO_MS) : COUNTS_MS);
  return rowOf(question, answer.kind, answer.because, untilMs);
}

async function note(
  session: Session,
  { id, plan }: VetoQuestion,
  { kind, because }: VetoAnswer,
  row: VetoRow | null,
): Promise<void> {
  const untilMs = row?.untilMs ?? session.parts.ports.clock.now();
  const change = row?.answer ?? kind;
  await write(session, { kind: 'veto', id, change, plan, because: row?.because ?? because, untilMs });
}

const rowOf = (
  { id, plan, askedAtMs }: VetoQuestion,
  answer: VetoRow['answer'],
  because: string,
  untilMs: number,
): VetoRow => ({ id, fingerprint: fingerprint(plan), askedAtMs, answer, because, untilMs });

function keep(session: Session, row: VetoRow): void {
  const { clock } = session.parts.ports;
  const others = session.vetoes.filter((one) => one.row.fingerprint !== row.fingerprint);
  const untilMonotonicMs = clock.monotonic() + row.untilMs - clock.now();
  session.vetoes = [...others, { row, untilMonotonicMs }].slice(-MOST_ROWS);
}

/**
 * What stands of the hook's answers and when each ends, by the wall clock as it is set now. A clock that is set back makes none of them longer. Where the
 * wall went on further than the monotonic clock, it was set forward, or this machine was suspended, and nothing tells which: what lets a plan go (a go,
 * a silence) ends by the wall, since it was said of another time. What holds it (a no, a question) ends by the monotonic clock.
 */
export function vetoRows({ vetoes, parts: { ports } }: Pick<Session, 'vetoes' | 'parts'>): readonly VetoRow[] {
  const offsetMs = ports.clock.now() - ports.clock.monotonic();
  return vetoes.map(({ row, untilMonotonicMs }) => {
    const byMonotonicMs = Math.round(untilMonotonicMs + offsetMs);
    const untilMs = LETS_GO.includes(row.answer) ? Math.min(byMonotonicMs, row.untilMs) : byMonotonicMs;
    // What two clocks drift by is no news: the row would be another one in every pass.
    return Math.abs(untilMs - row.untilMs) <= DRIFT_MS ? row : { ...row, untilMs };
  });
}

const LETS_GO: readonly VetoRow['answer'][] = ['go', 'silent'];

/** Until when the answer to a question may be a go: its deadline by whichever clock comes first. */
function endOfGo({ vetoes }: Pick<Session, 'vetoes'>, asked: VetoRow): number {
  const byWallMs = vetoes.find(({ row }) => row.id === asked.id)?.row.untilMs ?? asked.untilMs;
  return Math.min(byWallMs, asked.untilMs);
}
