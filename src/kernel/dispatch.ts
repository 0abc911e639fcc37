import { ACTIONS } from '../actions/index.js';
import { stepInput } from '../actions/waits.js';
import type { EventOf } from '../ledger/events.js';
import { runOf } from '../ledger/fold.js';
import { memberHost, storeHost } from '../model/host.js';
import type { Remediation } from '../model/ledger.js';
import type { Reply, Step } from '../model/plan.js';
import type { Ports } from '../observe/ports.js';
import type { TenureGrant } from '../ports/dcs.js';
import type { ProxyPort } from '../ports/proxy.js';
import { stepText } from '../words/request.js';
import type { Books } from './books.js';
import { readEvidenceAfter } from './evidence.js';
import { pausePoolers } from './pause-poolers.js';
import { holdsClients } from './period.js';
import { tellProxies, type ProxiesStep } from './tell-proxies.js';
import type { Session } from './session.js';

/** How long a pass waits for an answer; longer ones arrive while the passes go on. */
const PATIENCE_MS = 1_000;
/** So long while clients wait in a pooler: who leads by now is seen by the next pass, not by the answer. */
const HELD_PATIENCE_MS = 200;

/** What is told just before a request, and why that must not be sent any more once it was told; null: it may. */
export interface Before {
  readonly told: ProxiesStep;
  readonly whyNot: () => string | null;
}

/**
 * Sends, and waits a little: a prompt answer is this pass's. A slow one (a restart blocks until PostgreSQL is up) arrives through the inbox
 * at the head of a later pass, and so does all else that comes meanwhile: nothing from outside moves under a pass.
 */
export async function dispatch(
  session: Session,
  sending: Remediation,
  step: Step,
  ahead: Before | null = null,
): Promise<void> {
  const { ports } = session.parts;
  // The mode may change before a slow answer comes: it belongs to the ledger in which its request stands.
  const { books } = session;
  const patience = new AbortController();
  // The pause itself has clients waiting until it is answered: it is what the next request is for.
  const patienceMs = holdsClients(session) && step.port !== 'pooler' ? HELD_PATIENCE_MS : PATIENCE_MS;
  const prompt: Reply[] = [];
  let isLeft = false;
  const answered = withAhead(session, step, ahead).then((reply) => {
    session.sending.delete(sending.id);
    patience.abort('over');
    if (!isLeft) prompt.push(reply);
    else {
      session.inbox.put(() => settleReply(session, books, sending, reply));
      session.wake();
    }
  });
  session.sending.set(sending.id, answered);
  session.parts.log.info(
    {
      action: sending.plan.action,
      member: sending.plan.target,
      request: [...(ahead === null ? [] : [ahead.told]), step].map(stepText).join('; '),
      id: sending.id,
    },
    'request sent',
  );
  await Promise.race([answered, ports.clock.sleep(patienceMs, patience.signal)]);
  isLeft = true;
  for (const reply of prompt) await settleReply(session, books, sending, reply);
}

/** The intent stands and nothing leaves: the same end as that of a request that the other side refused. */
export const leaveOut = (session: Session, sending: Remediation, text: string): Promise<void> =>
  settleReply(session, session.books, sending, { effect: 'none', status: null, text, tookMs: 0 });

const lost = (error: unknown): Reply => ({
  effect: 'maybe',
  status: null,
  text: `the sender failed: ${error instanceof Error ? error.message : String(error)}`,
  tookMs: 0,
});

const CANNOT = 'the host driver does nothing of that kind with a data directory';

/** A request of before has no name for the only one. */
const proxyFor = (proxies: Ports['proxies'], { proxy }: Extract<Step, { port: 'proxy' }>): ProxyPort | undefined =>
  proxy === undefined ? Object.values(proxies)[0] : proxies[proxy];

/** Undefined: its driver has no such primitive. */
function aside(
  host: Ports['host'],
  step: Extract<Step, { port: 'aside' }>,
  grant: TenureGrant | null,
): Promise<Reply> | undefined {
  if (step.call === 'remove') return host?.removeAside?.(memberHost(step.member), step.directory, grant);
  return host?.moveAside?.(step.call === 'move' ? memberHost(step.member) : storeHost(step.store), step, grant);
}

/**
 * What helps goes first and is waited for a moment; what counts is sent whatever became of it, and its answer is the answer. We may have stood still
 * in that moment, for longer than our tenure lasts, and a switch may have been thrown: whether it may be sent is asked once more.
 */
async function withAhead(session: Session, step: Step, ahead: Before | null): Promise<Reply> {
  if (ahead === null) return route(session, step);
  const { effect, text, tookMs } = await route(session, ahead.told);
  session.parts.log.info({ request: stepText(ahead.told), effect, text }, 'proxies told');
  const whyNot = ahead.whyNot();
  const reply: Reply =
    whyNot === null ? await route(session, step) : { effect: 'none', status: null, text: whyNot, tookMs };
  return effect === 'done' ? reply : { ...reply, text: `${reply.text}; not told beforehand: ${text}` };
}

async function route(session: Session, step: Step): Promise<Reply> {
  const { ports } = session.parts;
  const { patroni, proxies, poolers = {}, tags, postgres, host, power } = ports;
  const missing: Reply = { effect: 'none', status: null, text: `${step.port} is not configured`, tookMs: 0 };
  try {
    switch (step.port) {
      case 'patroni':
        return await patroni.send(step);
      case 'proxy':
        return (await proxyFor(proxies, step)?.send(step)) ?? missing;
      case 'proxies':
        return await tellProxies(proxies, step, ports.clock);
      case 'tags':
        return (await tags?.write(step)) ?? missing;
      case 'sql':
        return (await postgres?.send(step)) ?? missing;
      case 'host':
        return (await host?.send(step, session.parts.tenure.grant())) ?? missing;
      case 'store':
        return (await session.parts.ports.dcs.maintain?.(step)) ?? missing;
      case 'aside':
        return (await aside(host, step, session.parts.tenure.grant())) ?? { ...missing, text: CANNOT };
      case 'power':
        return (await power?.send(step)) ?? missing;
      case 'pooler':
        if (step.verb === 'pause') return await pausePoolers(poolers, step);
        return (await poolers[step.pooler]?.resume()) ?? missing;
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

/** A proxy that refuses must keep no rogue alive: what follows its step is what counts. Or it is tried again, as long as its row says. */
function afterRefusal(
  { view, policy, parts }: Session,
  { plan, stepIndex, createdAtMs }: Remediation,
): Pick<EventOf<'answered'>, 'goesOn' | 'again'> {
  if (view === null) return {};
  const step = ACTIONS[plan.action].steps(stepInput({ policy, view }), plan)[stepIndex];
  if (step?.goOnWhenLate === true || step?.goOnWhenRefused === true) return { goesOn: true };
  if (step?.tryAgain === undefined) return {};
  const atMs = parts.ports.clock.now() + step.tryAgain.everyMs;
  const untilMs = createdAtMs + step.tryAgain.forMs;
  return atMs < untilMs ? { again: { atMs, untilMs } } : {};
}

/** The answer, whatever it is, goes to the journal and the ledger; what it did is for the verdict to say. */
async function settleReply(
  session: Session,
  books: Books,
  { id, stepIndex: step }: Remediation,
  reply: Reply,
): Promise<void> {
  const before = runOf(books.ledger, id);
  const refused = before !== null && reply.effect === 'none' ? afterRefusal(session, before) : {};
  await books.note({ kind: 'answered', id, step, reply, atMs: session.parts.ports.clock.now(), ...refused });
  const after = runOf(books.ledger, id);
  if (after !== null && after !== before && after.endedAtMs !== null) readEvidenceAfter(session, after);
}
