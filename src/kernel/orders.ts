import { decideProcedure, type AskedProcedure, type ProcedureDecision } from '../decide/procedures.js';
import type { Block, Decision } from '../model/decision.js';
import type { EntryBody } from '../model/entry.js';
import type { Plan } from '../model/plan.js';
import type { ClusterView } from '../model/view.js';
import type { ProcedureAnswer } from '../model/procedure.js';
import { askForSecond } from './approvals.js';
import { begin } from './send.js';
import { write } from './record.js';
import { situationOf } from './situation.js';
import type { Asked } from './inbox.js';
import { isEnforcing, type Session } from './session.js';

/** Older than this when a pass comes to it, and whoever asked may have turned to something else: it is not begun any more. */
const TOO_OLD_MS = 10_000;

/** Answered by the next pass. Nobody waits in a queue: what cannot be begun then is not begun later. */
export function askForProcedure(session: Session, procedure: AskedProcedure): Promise<ProcedureAnswer> {
  return new Promise((resolve) => {
    const asked: Asked = { procedure, atMs: session.parts.ports.clock.monotonic(), answer: resolve };
    session.inbox.order(asked);
    session.wake();
  });
}

/**
 * After the pass has done what it had to: each request is decided on, journaled and answered. Whatever it says, it is then gone. Returns whether
 * something began in this pass.
 */
export async function startOrders(
  session: Session,
  view: ClusterView,
  decisions: readonly Decision[],
): Promise<boolean> {
  let isTaken = decisions.some((decision) => decision.kind === 'act');
  for (let asked = session.inbox.nextOrder(); asked !== undefined; asked = session.inbox.nextOrder()) {
    const answer = await answerTo(session, view, asked, isTaken);
    isTaken ||= answer.kind === 'started' || answer.kind === 'rehearsed';
    asked.answer(answer);
  }
  return isTaken;
}

/** Nobody will come to them any more: each is told so, and the journal too. */
export async function refuseAsked(session: Session, text: string): Promise<void> {
  for (let asked = session.inbox.nextOrder(); asked !== undefined; asked = session.inbox.nextOrder())
    asked.answer(await told(session, asked.procedure, { kind: 'refused', status: 409, text, conflict: 'stopping' }));
}

async function answerTo(
  session: Session,
  view: ClusterView,
  { procedure, atMs }: Asked,
  isTaken: boolean,
): Promise<ProcedureAnswer> {
  const ageMs = session.parts.ports.clock.monotonic() - atMs;
  if (ageMs > TOO_OLD_MS) {
    const text = `asked ${Math.round(ageMs / 1000)} s ago and not begun: ask again`;
    return told(session, procedure, { kind: 'refused', status: 409, text, conflict: 'too-late' });
  }
  const situation = situationOf(session, view);
  const decision = oneAtATime(decideProcedure(situation, procedure), isTaken);
  if (decision.kind === 'refused') return told(session, procedure, decision);
  const { plan, why, steps } = decision;
  const blocks = decision.kind === 'held' ? decision.blocks : [];
  if (procedure.dryRun) return told(session, procedure, { kind: 'planned', plan, why, steps, blocks });
  await askForSecond(session, decision);
  if (decision.kind === 'held') return told(session, procedure, decision);
  const begun = await begin(session, situation, plan, procedure);
  if ('why' in begun)
    return told(session, procedure, { kind: 'refused', status: 409, text: begun.why, conflict: 'not-begun' }, plan);
  return told(session, procedure, {
    kind: isEnforcing(session) ? 'started' : 'rehearsed',
    id: begun.id,
    plan,
    why,
    steps,
  });
}

/** What the pass itself began goes first: one step, then look again. */
function oneAtATime(decision: ProcedureDecision, isTaken: boolean): ProcedureDecision {
  if (!isTaken || decision.kind === 'refused') return decision;
  const block: Block = {
    gate: 'blast-radius',
    because: 'another action began in this very pass',
    unblock: 'ask again',
    retryAtMs: null,
  };
  const before = decision.kind === 'held' ? decision.blocks : [];
  return { ...decision, kind: 'held', blocks: [...before, block] };
}

/** Every request leaves a line, "no" included: who asked for what, and what they were told. */
async function told(
  session: Session,
  { name, by, reason }: AskedProcedure,
  answer: ProcedureAnswer,
  planned: Plan | null = null,
): Promise<ProcedureAnswer> {
  const body: Extract<EntryBody, { kind: 'procedure' }> = {
    kind: 'procedure',
    name,
    by,
    reason,
    answer: answer.kind,
    text: textOf(answer),
    id: 'id' in answer ? answer.id : null,
    plan: 'plan' in answer ? answer.plan : planned,
    blocks: 'blocks' in answer ? answer.blocks : [],
  };
  await write(session, body);
  return answer;
}

function textOf(answer: ProcedureAnswer): string {
  if (answer.kind === 'refused') return answer.text;
  if (answer.kind === 'held' || (answer.kind === 'planned' && answer.blocks.length > 0))
    return answer.blocks.map((block) => `${block.gate}: ${block.because}`).join('; ');
  return answer.steps.join('; ');
}
