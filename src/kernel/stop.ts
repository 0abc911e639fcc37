import type { Reply } from '../model/plan.js';
import type { Clock } from '../ports/clock.js';
import type { CodedFields } from '../model/log-code.js';
import { checkUnderWay, keepChecks } from './keep-checks.js';
import { refuseAsked } from './orders.js';
import { write, writeLastPass } from './record.js';
import type { Session } from './session.js';
import { closePorts } from '../observe/ports.js';

/**
 * How long a stop waits for the pass under way and for answers to what was sent. A restart may take minutes to answer; `docker stop` kills
 * after 10 s, and by then the ledger must be in etcd and tenure given up, each within its own deadline (`deadlines.dcs`).
 */
export const STOP_PATIENCE_MS = 5_000;

/** `asked`: what whoever asked for a procedure is told; `entry`: what the journal says. */
export interface Ending {
  readonly asked: string;
  readonly entry: string;
}

const STOPPED: Ending = { asked: 'ekimi is being stopped: ask the next instance', entry: 'stopped by signal' };

/** To whoever would begin something with a session that ends, whatever for. */
export const ENDING = 'this session of ekimi ends: ask again in some seconds, or ask the next instance';

/** The session ends, and another one of the same cluster takes its place in this process. */
export const BEGUN_ANEW: Ending = {
  asked: 'a changed ekimi.yaml is being taken in: ask again in some seconds',
  entry: 'a changed ekimi.yaml is taken in',
};

/**
 * Ends one cluster's loop in order: nothing new is sent from the signal on, what is on its way has `patienceMs` to be answered, and what is
 * not is left to the next start as `unknown`, which watches for its effect and does not repeat it. `looping` ends with the last pass.
 */
export async function endSession(
  session: Session,
  looping: Promise<void>,
  patienceMs: number = STOP_PATIENCE_MS,
  ending: Ending = STOPPED,
): Promise<void> {
  session.isStopping = true;
  try {
    await settle(session, looping, patienceMs, ending);
  } finally {
    // One that hangs in closing must keep neither the process nor who takes its place.
    await atMost(session.parts.ports.clock, STOP_PATIENCE_MS, closePorts(session.parts.ports));
  }
}

async function settle(session: Session, looping: Promise<void>, patienceMs: number, ending: Ending): Promise<void> {
  const { clock, checks } = session.parts.ports;
  const quiet = looping.then(() => Promise.allSettled([...session.sending.values()]));
  session.checkAgain = checkUnderWay(session) ?? session.checkAgain;
  // What a check has found by now is for whoever comes next: nobody reads it twice.
  await atMost(clock, patienceMs, Promise.allSettled([quiet, checks?.close()]));
  await keepChecks(session);
  // Answers that came after the last pass: the next holder must not have to guess what we know.
  await session.inbox.take();
  await leaveUnanswered(session);
  await refuseAsked(session, ending.asked);
  await session.books.commit(session.view);
  await session.parts.tenure.release().catch((error: unknown) => {
    session.parts.log.warn(
      { code: 'TENURE_RELEASE', err: error } satisfies CodedFields,
      'tenure could not be given up; it runs out by itself',
    );
  });
  // Until when we watched: the next start would else count from the last pass that was worth a line.
  if (session.view !== null) await writeLastPass(session);
  await write(session, { kind: 'stop', reason: ending.entry });
}

/** The answer may still come, to nobody: it may have happened. */
async function leaveUnanswered(session: Session): Promise<void> {
  const nowMs = session.parts.ports.clock.now();
  for (const row of session.ledger.remediations.filter(({ phase }) => phase === 'sending')) {
    const tookMs = nowMs - (row.sentAtMs ?? nowMs);
    const text = `we were stopped ${Math.round(tookMs / 1000)} s after the request and before its answer: it may have happened`;
    const reply: Reply = { effect: 'maybe', status: null, text, tookMs };
    const { id, stepIndex: step } = row;
    await session.books.note({ kind: 'answered', id, step, reply, atMs: nowMs, detail: text });
  }
}

async function atMost(clock: Clock, ms: number, work: Promise<unknown>): Promise<void> {
  const over = new AbortController();
  await Promise.race([work, clock.sleep(ms, over.signal)]);
  over.abort();
}
