import { guardedPass } from './guarded-pass.js';
import { periodMs } from '../kernel/period.js';
import type { Session } from '../kernel/session.js';

/**
 * One pass at a time, the next a period after the last began (at once if it took longer); a wake-up only makes it come sooner. A pass that
 * throws is a defect of ours: it is told, nothing is sent on its strength, and the next one starts from what was observed, not from it.
 */
export async function loop(session: Session, stop: AbortSignal): Promise<void> {
  const { clock } = session.parts.ports;
  while (!stop.aborted) {
    const beganMs = clock.monotonic();
    const sleeping = new AbortController();
    session.wake = () => {
      sleeping.abort();
    };
    const end = (): void => {
      sleeping.abort();
    };
    stop.addEventListener('abort', end, { once: true });
    const isSoon = await guardedPass(session);
    const leftMs = periodMs(session, isSoon) - (clock.monotonic() - beganMs);
    if (leftMs > 0) await clock.sleep(leftMs, sleeping.signal);
    stop.removeEventListener('abort', end);
  }
}
