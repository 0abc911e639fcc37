import { blindWhileRenewedMs } from '../assess/sight.js';
import { write } from './record.js';
import { FAILED_PASSES, type Session } from './session.js';
import { newSight, type Sight } from './sight.js';

/** So many passes in a row, and so long, must have seen nothing before tenure is given up: one lost packet is no blindness. */
const BLIND_PASSES = 3;
const BLIND_MS = 5_000;
/** A blind one that finds tenure free for so long may hold it all the same, since nobody sees: persons need somebody to ask. */
const NOBODY_SEES_MS = 60_000;
/** And lets go of it every so often, for long enough that one who sees again takes it. */
const GIVES_WAY_MS = 10_000;

/** Once a pass: what the last view says of our sight. A view that cannot tell (etcd silent, a renewal late) changes nothing. */
function look(session: Session, nowMs: number): void {
  const { sight, view } = session;
  if (view === null) return;
  if (blindWhileRenewedMs(view) !== null) {
    sight.blindPasses += 1;
    sight.blindSinceMs ??= nowMs;
  } else if (view.members.some(({ api, sql }) => api.kind === 'fresh' || sql.kind === 'fresh')) {
    Object.assign(sight, newSight());
  }
}

const isBlind = ({ blindPasses, blindSinceMs }: Sight, nowMs: number): boolean =>
  blindPasses >= BLIND_PASSES && blindSinceMs !== null && nowMs - blindSinceMs >= BLIND_MS;

/** Tenure is neither kept nor taken: our passes fail, or we are blind and somebody else may see. */
export function mustStandBack(session: Session): boolean {
  const nowMs = session.parts.ports.clock.monotonic();
  if (session.failedPasses >= FAILED_PASSES) return true;
  look(session, nowMs);
  const { sight } = session;
  if (!isBlind(sight, nowMs)) return false;
  const holds = session.parts.tenure.grant() !== null;
  if (nowMs < sight.backUntilMs) return true;
  if (!sight.gaveUp || (holds && nowMs - sight.backUntilMs >= NOBODY_SEES_MS)) {
    sight.backUntilMs = nowMs + (sight.gaveUp ? GIVES_WAY_MS : NOBODY_SEES_MS);
    sight.gaveUp = true;
    return true;
  }
  return false;
}

export async function standBack(session: Session): Promise<void> {
  const { tenure } = session.parts;
  if (tenure.grant() === null) return;
  await tenure.release();
  const detail =
    'given up: no member answers us although the leader renews its lease, so another instance may see more';
  await write(session, { kind: 'tenure', change: 'released', detail });
}
