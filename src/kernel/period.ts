import { ACTIONS } from '../actions/index.js';
import { runsWaitedFor, serverOfWrites, WAITED_FOR_MS } from '../assess/poolers.js';
import type { Remediation } from '../model/ledger.js';
import type { Session } from './session.js';

/** Clients wait for what the next pass sees or sends. */
const HELD_MS = 100;

/** Runs, by their ids, that clients wait for: in a pooler, closed out at the proxies, or because nobody takes their writes since a dead leader's key is gone. */
export function runsClientsWaitFor(session: Pick<Session, 'view' | 'ledger'>): ReadonlySet<string> {
  const ids = successionsIn(session).map(({ id }) => id);
  return new Set([...runsWaitedFor(session.view, session.ledger), ...ids]);
}

/** What ended the wait for a dead leader's lease, from its own answer until a successor is served by every proxy. */
export function successionsIn({ view, ledger }: Pick<Session, 'view' | 'ledger'>): readonly Remediation[] {
  if (view === null) return [];
  const begun = ledger.remediations.filter((run) => {
    if (run.shadow || run.sentAtMs === null || ACTIONS[run.plan.action].bringsForward !== true) return false;
    if (view.atMs - (run.endedAtMs ?? run.sentAtMs) >= WAITED_FOR_MS) return false;
    return run.endedAtMs === null ? run.stepIndex > 0 || run.lastReply?.effect === 'done' : run.phase === 'succeeded';
  });
  return begun.length === 0 || serverOfWrites(view) !== null ? [] : begun;
}

/** Clients wait for what is under way. */
export const holdsClients = (session: Pick<Session, 'view' | 'ledger'>): boolean =>
  runsClientsWaitFor(session).size > 0;

/** From the beginning of one pass to that of the next. `isSoon`: something is suspected or in flight. */
export function periodMs(session: Session, isSoon: boolean): number {
  const { intervalMs, suspectIntervalMs } = session.policy.poll;
  if (holdsClients(session)) return HELD_MS;
  return isSoon ? suspectIntervalMs : intervalMs;
}
