import { BEGUN_ANEW, endSession } from '../kernel/stop.js';
import type { Session } from '../kernel/session.js';
import { live } from './live.js';

/** The place of one cluster in the process: its session runs until the end, or until another one follows on it. */
export interface Seat {
  /** Runs until `stop`; then ends the session in order. `afterMs`: when its first pass begins. Never rejects. */
  run(stop: AbortSignal, afterMs: number): Promise<void>;
  /**
   * Ends the session between two passes, as a stop does, and runs the one that `follow` opens. Resolves once it runs; false: the process was
   * stopped first, and nothing follows. Rejects with what `follow` throws, which ends the cluster's loop: it must not throw for what can be
   * known before. One at a time.
   */
  exchange(follow: (before: Session) => Promise<Session>): Promise<boolean>;
}

interface Exchange {
  readonly follow: (before: Session) => Promise<Session>;
  readonly done: (session: Session | null) => void;
}

/** A pass under way has so long to end. One that takes longer is left behind: it sends nothing any more, and what it notes is refused by etcd. */
const PASS_MS = 30_000;

/** `placed`: is told of each session that takes the place, before its first pass. */
export function seatOf(first: Session, placed: (session: Session) => void): Seat {
  let session = first;
  let asked: Exchange | null = null;
  let isOver = false;
  let endTurn: () => void = () => undefined;

  /** One session from its first pass to its end. */
  async function turn(stop: AbortSignal, afterMs: number): Promise<void> {
    const over = new AbortController();
    endTurn = () => {
      over.abort();
    };
    stop.addEventListener('abort', endTurn, { once: true });
    if (stop.aborted || asked !== null) endTurn();
    const unwatch = wakeOnEvents(session);
    const looping = live(session, over.signal, afterMs);
    await Promise.race([stopped(over.signal), looping]);
    unwatch();
    if (!stop.aborted) await letPassEnd(session, looping, stop);
    const ending = stop.aborted ? undefined : BEGUN_ANEW;
    await endSession(session, looping, undefined, ending).catch((err: unknown) => {
      session.parts.log.error({ code: 'STOP_FAILED', err }, 'a cluster could not be ended in order');
    });
    stop.removeEventListener('abort', endTurn);
  }

  return {
    async run(stop, afterMs) {
      for (let waitMs = afterMs; ; waitMs = 0) {
        await turn(stop, waitMs);
        const exchange = asked;
        asked = null;
        if (exchange === null || stop.aborted) {
          isOver = true;
          exchange?.done(null);
          return;
        }
        session = await exchange.follow(session);
        placed(session);
        exchange.done(session);
      }
    },
    async exchange(follow) {
      if (isOver) return false;
      const before = session;
      const following = new Promise<Session | null>((done) => {
        asked = { follow, done };
      });
      before.successor = following.then((next) => next ?? before);
      endTurn();
      return (await following) !== null;
    },
  };
}

/** At a stop the process is killed after some seconds; here there is time. */
async function letPassEnd(session: Session, looping: Promise<void>, stop: AbortSignal): Promise<void> {
  session.isStopping = true;
  const late = new AbortController();
  await Promise.race([looping, stopped(stop), session.parts.ports.clock.sleep(PASS_MS, late.signal)]);
  late.abort();
}

const stopped = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    else
      stop.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
  });

/** Events only make the next pass come sooner; what it decides comes from what it reads. */
function wakeOnEvents(session: Session): () => void {
  const { dcs, host } = session.parts.ports;
  const wake = (): void => {
    session.wake();
  };
  const ends = [dcs.onLeaderChange(wake), host?.onEvent(wake)];
  return () => {
    for (const end of ends) end?.();
  };
}
