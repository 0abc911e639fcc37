import { clockSetMs } from '../assess/observer.js';
import { pagesWished } from '../decide/page-wish.js';
import { incidentOf } from '../ledger/incident-of.js';
import { turnPages, type PageAct, type PageRole } from '../decide/page-book.js';
import type { Situation, TenureFacts } from '../model/situation.js';
import type { Decision } from '../model/decision.js';
import type { PageMessage } from '../model/page.js';
import { pageText } from '../words/page.js';
import type { Session } from './session.js';

/**
 * Tells persons what nothing answers now, once for each thing; again when it is another thing or nobody reacted; and when it is over. Who
 * holds tenure tells, and keeps in the ledger that it did; another instance tells only what that one does not.
 */
export async function page(session: Session, input: Situation, decisions: readonly Decision[]): Promise<void> {
  const { policy, states, parts } = session;
  const outcome = turnPages({
    nowMs: parts.ports.clock.now(),
    role: roleOf(session, input.tenure),
    instance: parts.instance,
    wishes: pagesWished({ ...input, ledger: session.ledger }, decisions),
    problems: states.problems,
    canTell: states.memory.cleanPasses >= Math.max(1, policy.startGrace.passes),
    policy: policy.pages,
    shared: session.ledger.pages,
    memory: session.pageMemory,
    setByMs: clockSetMs(input.view),
    incidentOf: (about) => incidentOf(session.ledger.incidents ?? [], about)?.id ?? null,
  });
  session.pageMemory = outcome.memory;
  const messages = outcome.acts.map((act) => messageOf(session, act));
  const told = messages.map(({ code, subject, text, change, level }) => ({
    kind: 'page' as const,
    code,
    subject,
    text,
    change,
    level,
  }));
  if (told.length > 0 || outcome.shared !== session.ledger.pages)
    await session.books.note({ kind: 'paged', pages: outcome.shared, told });
  // Told also where the journal cannot be written: that is the last thing to be silent about.
  for (const message of messages) session.parts.notifier.page(message);
}

function roleOf({ pageMemory }: Session, { state }: TenureFacts): PageRole {
  if (state === 'held' || state === 'not-needed') return 'holder';
  return state === 'unknown' && pageMemory.wasHolder ? 'stand-in' : 'watcher';
}

function messageOf(session: Session, { change, row, wish }: PageAct): PageMessage {
  const atMs = session.parts.ports.clock.now();
  const { code, subject } = row;
  const level = row.level ?? 'warning';
  const text = pageText({ change, row, wish }, atMs);
  return {
    scope: session.parts.target.scope,
    code,
    subject,
    level,
    change,
    text,
    unblock: wish?.unblock ?? [],
    sinceMs: row.sinceMs ?? row.atMs,
    atMs,
    ...(row.incident === undefined ? {} : { incident: row.incident }),
  };
}
