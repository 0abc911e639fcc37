import type { Session } from './session.js';

/** Clients wait in a pooler for what the next pass sees or sends. */
const HELD_MS = 50;
/** One that cannot be resumed must not keep us busy for ever. */
const HELD_AT_MOST_MS = 10_000;

function holdsClients({ ledger, parts }: Session): boolean {
  const nowMs = parts.ports.clock.now();
  return (ledger.pauses ?? []).some(({ untilMs }) => nowMs < untilMs + HELD_AT_MOST_MS);
}

/** From the beginning of one pass to that of the next. `isSoon`: something is suspected or in flight. */
export function periodMs(session: Session, isSoon: boolean): number {
  const { intervalMs, suspectIntervalMs } = session.policy.poll;
  if (holdsClients(session)) return HELD_MS;
  return isSoon ? suspectIntervalMs : intervalMs;
}
