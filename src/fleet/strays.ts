import type { Session } from '../kernel/session.js';
import { tell, tellEnd } from './guarded-pass.js';

/** So often it is told how many there were. */
const EVERY_MS = 60_000;

/**
 * What to do with a promise that failed while nobody waited for it: a defect in some port, of one cluster, which no other may pay for with
 * its watch. Nothing rests on its answer, since nobody waited. Told to a person once, with its end, by the first cluster, for whose it was
 * nobody can say; logged once a minute with their number.
 */
export function straysOf(sessions: readonly Session[]): (reason: unknown) => void {
  let count = 0;
  let toldMs = -Infinity;
  return (reason) => {
    const [session] = sessions;
    if (session === undefined) return;
    count += 1;
    const nowMs = session.parts.ports.clock.monotonic();
    if (nowMs - toldMs < EVERY_MS) return;
    const isFirst = toldMs === -Infinity;
    toldMs = nowMs;
    session.parts.log.error(
      { code: 'UNHANDLED', err: reason, count },
      'a promise failed and nobody waited for it: a defect, with which every cluster goes on',
    );
    if (!isFirst) return;
    const said = reason instanceof Error ? reason.message : String(reason);
    const text = `a part of Ekimi failed where nobody waited for it, in one of ${sessions.length} clusters; all go on: ${said}`;
    void tell(session, 'stray', text).catch(() => undefined);
    tellEnd(session, 'stray');
  };
}
