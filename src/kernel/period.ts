import { runsWaitedFor } from '../assess/poolers.js';
import type { Session } from './session.js';

/** Clients wait in a pooler for what the next pass sees or sends. */
const HELD_MS = 100;

/** Clients wait in a pooler for what is under way. */
export const holdsClients = ({ view, ledger }: Session): boolean => runsWaitedFor(view, ledger).size > 0;

/** From the beginning of one pass to that of the next. `isSoon`: something is suspected or in flight. */
export function periodMs(session: Session, isSoon: boolean): number {
  const { intervalMs, suspectIntervalMs } = session.policy.poll;
  if (holdsClients(session)) return HELD_MS;
  return isSoon ? suspectIntervalMs : intervalMs;
}
