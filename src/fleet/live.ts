import { loop } from './loop.js';
import { tell } from './guarded-pass.js';
import type { Session } from '../kernel/session.js';

/** A loop that fails at once, again and again, must not take the processor from those of other clusters. */
const PAUSE_MS = 5_000;

/**
 * The loop of one cluster for as long as the process runs. A pass that throws ends in it; whatever else throws (a sleep, the policy, the
 * telling itself) ends the loop of this cluster alone, which begins anew after a pause; nothing is sent until a pass has ended well. The next
 * pass tells it like any problem, once it lasts; where none comes about in between, a person is told here, once, and with the first that has
 * ended well that it is over. `afterMs`: when its first pass begins. Never rejects.
 */
export async function live(session: Session, stop: AbortSignal, afterMs = 0): Promise<void> {
  if (afterMs > 0) await pause(session, stop, afterMs);
  let passes = -1;
  while (!stop.aborted) {
    try {
      await loop(session, stop);
    } catch (error) {
      const tells = !session.toldFaults.includes('loop') && passes === session.tick;
      passes = session.tick;
      await noteEnd(session, error, tells).catch(() => undefined);
      await pause(session, stop, PAUSE_MS);
    }
  }
}

async function noteEnd(session: Session, error: unknown, tells: boolean): Promise<void> {
  const said = error instanceof Error ? error.message : String(error);
  const seconds = PAUSE_MS / 1000;
  const why = `the loop of Ekimi failed outside of a pass, and begins anew every ${seconds} s: ${said}`;
  session.impaired = { ...session.impaired, pass: why };
  session.parts.log.error({ code: 'LOOP_FAILED', err: error }, 'the loop of a cluster failed; it begins anew');
  if (tells) await tell(session, 'loop', why);
}

/** By the clock, or past it where the clock is what fails. */
async function pause({ parts }: Session, stop: AbortSignal, ms: number): Promise<void> {
  try {
    await parts.ports.clock.sleep(ms, stop);
  } catch {
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}
