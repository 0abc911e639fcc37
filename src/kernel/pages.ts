import { pagesWished, type Wish } from '../decide/page-wish.js';
import { turnPages, type PageAct, type PageRole } from '../decide/page-book.js';
import type { Situation, TenureFacts } from '../model/situation.js';
import type { Decision } from '../model/decision.js';
import type { PageMessage, PageRow } from '../model/page.js';
import { write } from './record.js';
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
  });
  session.pageMemory = outcome.memory;
  if (outcome.shared !== session.ledger.pages) session.ledger = { ...session.ledger, pages: outcome.shared };
  for (const act of outcome.acts) await tell(session, act);
}

function roleOf({ pageMemory }: Session, { state }: TenureFacts): PageRole {
  if (state === 'held' || state === 'not-needed') return 'holder';
  return state === 'unknown' && pageMemory.wasHolder ? 'stand-in' : 'watcher';
}

async function tell(session: Session, { change, row, wish }: PageAct): Promise<void> {
  const atMs = session.parts.ports.clock.now();
  const { code, subject } = row;
  const level = row.level ?? 'warning';
  const text = wish === null ? endedText(row, atMs) : wishText(wish, change, atMs);
  const message: PageMessage = {
    scope: session.parts.target.scope,
    code,
    subject,
    level,
    change,
    text,
    unblock: wish?.unblock ?? [],
    sinceMs: row.sinceMs ?? row.atMs,
    atMs,
  };
  session.parts.notifier.page(message);
  await write(session, { kind: 'page', code, subject, text, change, level });
}

const timeOf = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}Z`;

function lasting(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

const LEAD = { opened: '', changed: 'changed: ', reminder: 'still unanswered: ', ended: '' } as const;

/** Evidence, since when, why nothing answers it, the way out. */
function wishText({ evidence, because, unblock, sinceMs }: Wish, change: PageAct['change'], atMs: number): string {
  const since = `since ${timeOf(sinceMs)}${atMs - sinceMs < 1_000 ? '' : ` (${lasting(atMs - sinceMs)})`}`;
  const parts = [evidence, since, ...(because === null ? [] : [because]), `what you can do: ${unblock.join('; or ')}`];
  return `${LEAD[change]}${parts.join('; ')}`;
}

function endedText({ code, subject, sinceMs, atMs: toldAtMs, goneSinceMs }: PageRow, atMs: number): string {
  const goneAtMs = goneSinceMs ?? atMs;
  return `over: ${code} ${subject} has not been seen since ${timeOf(goneAtMs)}, after ${lasting(goneAtMs - (sinceMs ?? toldAtMs))}`;
}
