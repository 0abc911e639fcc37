import { clockSetMs } from '../assess/observer.js';
import { pagesWished } from '../decide/page-wish.js';
import { idsOf, incidentOf, presentId } from '../ledger/incident-of.js';
import { turnPages, worstOf, type PageAct, type PageRole } from '../decide/page-book.js';
import type { Situation, TenureFacts } from '../model/situation.js';
import type { Decision } from '../model/decision.js';
import { pageKey, type PageMessage, type PageRow } from '../model/page.js';
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
    escalation: parts.escalation ?? [],
    shared: session.ledger.pages,
    memory: session.pageMemory,
    setByMs: clockSetMs(input.view),
    incidentOf: (about) => incidentOf(session.ledger.incidents ?? [], about)?.id ?? null,
  });
  session.pageMemory = outcome.memory;
  const messages = outcome.acts.map((act) => messageOf(session, act));
  // What goes on is no end to the story of its incident.
  const told = messages.filter(({ isHandedOver }) => isHandedOver !== true).map(toldOf);
  if (told.length > 0 || outcome.shared !== session.ledger.pages)
    await session.books.note({ kind: 'paged', pages: outcome.shared, told });
  // Told also where the journal cannot be written: that is the last thing to be silent about.
  for (const message of messages) session.parts.notifier.page(message);
}

const toldOf = ({ code, subject, text, change, level }: PageMessage) => ({
  kind: 'page' as const,
  code,
  subject,
  text,
  change,
  level,
});

/**
 * A person looks after what goes by that key, or is part of that incident, whatever it was joined to since: kept in the ledger and told, once.
 * What nobody was told of cannot be acknowledged. Returns the rows.
 */
export async function acknowledge(
  session: Session,
  id: string,
  by: string,
  reason: string,
): Promise<readonly PageRow[]> {
  const incidents = session.ledger.incidents ?? [];
  const ids = idsOf(incidents, id);
  const isMeant = (row: PageRow): boolean => ids.has(row.incident ?? '') || ids.has(pageKey(row));
  const meant = session.ledger.pages.filter(isMeant);
  if (meant.length === 0) return [];
  const atMs = session.parts.ports.clock.now();
  const pages = session.ledger.pages.map((row) =>
    isMeant(row)
      ? {
          ...row,
          // By the id under which it goes now: it may have been joined to another one since it was told.
          ...(row.incident === undefined ? {} : { incident: presentId(incidents, row.incident) }),
          acknowledged: { by, atMs, reason },
        }
      : row,
  );
  const messages = pages.filter(isMeant).map((row) =>
    messageOf(session, {
      change: 'acknowledged',
      row,
      wish: null,
      worst: worstOf(pages.filter((one) => pageKey(one) === pageKey(row))),
      isLast: false,
      toldBy: row.by ?? null,
    }),
  );
  await session.books.note({ kind: 'paged', pages, told: messages.map(toldOf) });
  // One word for all that goes by one key.
  const firsts = messages.filter(({ key }, index) => messages.findIndex((one) => one.key === key) === index);
  for (const message of firsts) session.parts.notifier.page(message);
  return meant;
}

function roleOf({ pageMemory }: Session, { state }: TenureFacts): PageRole {
  if (state === 'held' || state === 'not-needed') return 'holder';
  return state === 'unknown' && pageMemory.wasHolder ? 'stand-in' : 'watcher';
}

function messageOf(session: Session, act: PageAct): PageMessage {
  const { change, row, worst, wish, isLast, toldBy } = act;
  const atMs = session.parts.ports.clock.now();
  const { code, subject } = row;
  const level = row.level ?? 'warning';
  const text = pageText(act, atMs);
  return {
    scope: session.parts.target.scope,
    code,
    subject,
    level,
    ...(worst === level ? {} : { worst }),
    change,
    text,
    unblock: wish?.unblock ?? [],
    ...(wish?.approvals === undefined ? {} : { approvals: wish.approvals }),
    sinceMs: row.sinceMs ?? row.atMs,
    atMs,
    key: pageKey(row),
    isLast,
    toldBy,
    ...(act.isHandedOver && { isHandedOver: true }),
    ...(row.incident === undefined ? { page: pageKey(row) } : { incident: row.incident }),
    ...(change === 'escalated' ? { step: (row.escalated ?? 1) - 1 } : {}),
  };
}
