import { withoutDrain, withoutFence, withRemediation } from '../ledger/after-pass.js';
import type { Remediation } from '../model/ledger.js';
import { type Reply, type Step } from '../model/plan.js';
import { stepText } from '../words/request.js';
import { stepRemediation } from '../machines/step.js';
import { writeVerdict } from './evidence.js';
import { write } from './record.js';
import { isEnforcing, type Session } from './session.js';

/** How long a pass waits for an answer; longer ones arrive while the passes go on. */
const PATIENCE_MS = 1_000;

/**
 * Sends, and waits a little: a prompt answer is this pass's. A slow one (a restart blocks until PostgreSQL is up) arrives through the mailbox
 * at the head of a later pass, and so does all else that comes meanwhile: nothing from outside moves under a pass.
 */
export async function dispatch(session: Session, sending: Remediation, step: Step): Promise<void> {
  const { ports } = session.parts;
  const patience = new AbortController();
  const prompt: Reply[] = [];
  let isLeft = false;
  const answered = route(session, step).then((reply) => {
    session.sending.delete(sending.id);
    patience.abort();
    if (!isLeft) prompt.push(reply);
    else {
      session.mailbox.push(() => settleReply(session, sending, reply));
      session.wake();
    }
  });
  session.sending.set(sending.id, answered);
  session.parts.log.info(
    { action: sending.plan.action, member: sending.plan.target, request: stepText(step), id: sending.id },
    'request sent',
  );
  await Promise.race([answered, ports.clock.sleep(PATIENCE_MS, patience.signal)]);
  isLeft = true;
  for (const reply of prompt) await settleReply(session, sending, reply);
}

const lost = (error: unknown): Reply => ({
  effect: 'maybe',
  status: null,
  text: `the sender failed: ${error instanceof Error ? error.message : String(error)}`,
  tookMs: 0,
});

async function route(session: Session, step: Step): Promise<Reply> {
  const { patroni, proxy, tags, postgres, host } = session.parts.ports;
  const missing: Reply = { effect: 'none', status: null, text: `${step.port} is not configured`, tookMs: 0 };
  try {
    switch (step.port) {
      case 'patroni':
        return await patroni.send(step);
      case 'proxy':
        return (await proxy?.send(step)) ?? missing;
      case 'tags':
        return (await tags?.write(step)) ?? missing;
      case 'sql':
        return (await postgres?.send(step)) ?? missing;
      case 'host':
        return (await host?.send(step)) ?? missing;
      case 'dcs': {
        const grant = session.parts.tenure.grant();
        if (grant === null) return { ...missing, text: 'our tenure ended' };
        return await session.parts.ports.dcs.send(step, grant);
      }
      default:
        return step satisfies never;
    }
  } catch (error) {
    return lost(error);
  }
}

const EVENT_OF = { done: 'ANSWERED', none: 'REFUSED', maybe: 'LOST' } as const;

/** The answer, whatever it is, goes to the journal and the ledger; what it did is for the verdict to say. */
async function settleReply(session: Session, sending: Remediation, reply: Reply): Promise<void> {
  await write(session, { kind: 'outcome', id: sending.id, step: sending.stepIndex, reply, shadow: false });
  const current = session.ledger.remediations.find((row) => row.id === sending.id);
  // The mode changed meanwhile and another ledger is in force, or another instance has gone on with it: the journal has the answer.
  if (current?.phase !== 'sending' || sending.shadow === isEnforcing(session)) return;
  const phase = stepRemediation('sending', { type: EVENT_OF[reply.effect] });
  const failed = phase === 'failed';
  const next: Remediation = {
    ...current,
    phase,
    lastReply: reply,
    endedAtMs: failed ? session.parts.ports.clock.now() : null,
    detail: failed ? `refused: ${reply.text}` : current.detail,
  };
  session.ledger = withRemediation(session.ledger, next);
  if (!failed) return;
  if (next.plan.action === 'fence-member' && next.stepIndex === 0)
    session.ledger = withoutFence(session.ledger, next.plan.target);
  // Nothing happened in the very first step, so there is no drain to undo.
  if (next.plan.action === 'drain-replica' && next.stepIndex === 0)
    session.ledger = withoutDrain(session.ledger, next.plan.target);
  await writeVerdict(session, next);
}

/** Applies what arrived since: late answers, approvals, switches, a new policy. One after the other, at the head of a pass and nowhere else. */
export async function emptyMailbox(session: Session): Promise<void> {
  for (let letter = session.mailbox.shift(); letter !== undefined; letter = session.mailbox.shift()) await letter();
}
