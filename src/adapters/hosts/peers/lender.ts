import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import { freshValue, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { DcsPort, TenureSeen } from '../../../ports/dcs.js';
import type { HostPort } from '../../../ports/host.js';
import { identityOf, otherCluster } from './identity.js';
import { Repeats } from './repeats.js';
import type { Lists } from './lists.js';
import { isOwn, ownTargets } from './targets.js';
import type { From, Order, Question, Refusal, Refused, Work, Worked } from './wire.js';

/** How far the clocks of two instances may be apart. A request that lay in a buffer for so long is refused by the same measure. */
const CLOCKS_APART_MS = 5_000;
/** Longest time that a request may give itself to be begun. */
export const LONGEST_DEADLINE_MS = 10_000;
/** From the question who holds tenure (without an etcd: what the driver shows) to the act: who took longer (a slow etcd, a process that stood still) asks no further. */
const ACT_WITHIN_MS = 1_500;

type Done = { readonly from: From; readonly id: string; readonly target: HostTarget; readonly reply: Worked };
export type Acted = Done | Refused;

export interface Lender {
  /** Answers what changes nothing. */
  answer(question: Question): Promise<object>;
  /** Does it once, under the tenure that etcd shows in this moment, or refuses. */
  act(order: Order): Promise<Acted>;
  /** Who we are, for the head of an answer. */
  from(): Promise<From>;
}

export interface LenderParts {
  readonly cluster: ClusterConfig;
  readonly local: HostPort | null;
  readonly lists: Lists;
  readonly dcs: Pick<DcsPort, 'seenTenure'>;
  readonly clock: Clock;
  readonly instance: () => string;
}

const refuse = (refused: Refusal, because: string): Refused => ({ refused, because: because.slice(0, 300) });

/**
 * Lends the driver of what runs beside us. Anybody who may ask is told a state; something is done only for whoever holds tenure by our own
 * read of etcd, made just before: an old epoch, another cluster, a request that is late or comes from a clock far away is refused, and nothing
 * was done. One request id is carried out once.
 */
export function lenderOf({ cluster, local, lists, dcs, clock, instance }: LenderParts): Lender {
  // Monotonic: a wall clock that is set back must not make everything older than our start.
  const startedMs = clock.monotonic();
  const identity = identityOf(cluster, dcs, clock);
  const repeats = new Repeats<Acted>(clock);

  const from = async (): Promise<From> => ({ ...(await identity()), instance: instance(), nowMs: clock.now() });

  async function answer(question: Question): Promise<object> {
    const head = await from();
    const other = otherCluster(head, question);
    if (other !== null) return refuse('other-cluster', other);
    if (question.what === 'who') {
      const askedAtMs = clock.now();
      const who = await whoAmI();
      // In the middle of it, as whoever compares clocks takes it.
      return { from: { ...head, nowMs: Math.round((askedAtMs + clock.now()) / 2) }, who };
    }
    const { target } = question;
    if (local === null || !isOwn(cluster, target)) return notMine(target);
    return { from: { ...head, nowMs: clock.now() }, target, reading: told(await ask(local, lists, question)) };
  }

  async function whoAmI(): Promise<object> {
    const own = ownTargets(cluster);
    const names = (kind: HostTarget['kind']) => own.filter((one) => one.kind === kind).map(({ name }) => name);
    const seen = await readTenure();
    return {
      driver: cluster.hosts?.peers?.local ?? 'none',
      members: names('member'),
      stores: names('store'),
      proxies: names('proxy'),
      tenure: seen.kind === 'unknown' ? seen.reason.slice(0, 300) : null,
    };
  }

  const notMine = ({ name }: HostTarget): Refused =>
    refuse('not-mine', `${instance()} lends nothing for ${name}; it is not among its own hosts`);

  async function readTenure(): Promise<Reading<TenureSeen>> {
    const seen = await dcs.seenTenure?.();
    if (seen !== undefined) return seen;
    return {
      kind: 'unknown',
      fault: 'not-configured',
      reason: 'there is no etcd to ask',
      atMs: clock.now(),
      source: '',
    };
  }

  /** What can be said without asking anybody. */
  function refusalOf(order: Order): Refused | null {
    const nowMs = clock.now();
    const agoMs = nowMs - order.sentAtMs;
    if (local === null || !isOwn(cluster, order.target)) return notMine(order.target);
    if (Math.abs(agoMs) > CLOCKS_APART_MS)
      return refuse('clock', `it was sent ${agoMs} ms ago by our clock (at most ${CLOCKS_APART_MS} either way)`);
    if (agoMs > clock.monotonic() - startedMs)
      return refuse('before-start', `it was sent before ${instance()} started, by the clock of whoever sent it`);
    if (order.deadlineMs - order.sentAtMs > LONGEST_DEADLINE_MS)
      return refuse('late', `its deadline is more than ${LONGEST_DEADLINE_MS} ms after it was sent`);
    return nowMs > order.deadlineMs ? refuse('late', `its deadline is over for ${nowMs - order.deadlineMs} ms`) : null;
  }

  async function act(order: Order): Promise<Acted> {
    const said = saidOf(order);
    const before = repeats.find(order.id, said);
    if (before === 'other') return refuse('not-understood', 'this id was given to another request');
    if (before !== null) return before;
    const early = refusalOf(order);
    if (early !== null) return early;
    if (repeats.isFull) return refuse('busy', 'too many requests within a minute');
    return repeats.keep(order.id, said, carryOut(order));
  }

  async function carryOut(order: Order): Promise<Acted> {
    const { target, deadlineMs, id } = order;
    const beganMs = clock.monotonic();
    const [seen, head] = await Promise.all([readTenure(), from()]);
    // What etcd told is as old as the question. Where it told nothing, what is gone by is our own driver's look, which begins now: an etcd without a
    // majority lets us wait for all of our patience, and that is no reason to leave its member stopped.
    const asOfMs = seen.kind === 'unknown' ? clock.monotonic() : beganMs;
    const why = otherCluster(head, order);
    if (why !== null || local === null) return refuse('other-cluster', why ?? 'nothing is lent');
    const unfit = seen.kind === 'unknown' ? await withoutEtcd(order, seen) : withEtcd(order, seen.value);
    if (unfit !== null) return unfit;
    const ageMs = clock.monotonic() - asOfMs;
    if (ageMs > ACT_WITHIN_MS || clock.now() > deadlineMs)
      return refuse(
        'late',
        `what it would be done by was asked for ${Math.round(ageMs)} ms ago: that may be over by now`,
      );
    const reply = await work(local, order);
    return { from: { ...head, nowMs: clock.now() }, id, target, reply: replyOf(reply) };
  }

  /**
   * While etcd gives no answer nobody has tenure that could be confirmed. One thing is done all the same, for it is what may end that: an etcd
   * member that our own driver shows to be stopped, the very run that was looked at, is started.
   */
  async function withoutEtcd(order: Order, seen: Reading<TenureSeen> & { kind: 'unknown' }): Promise<Refused | null> {
    const isStart = order.verb === 'start' && order.target.kind === 'store' && order.run !== null;
    const isAway = seen.fault !== 'denied' && seen.fault !== 'not-configured';
    if (!isStart || !isAway) return refuse('etcd-silent', `who holds tenure cannot be read: ${seen.reason}`);
    const host = local === null ? null : freshValue(await local.status(order.target));
    if (host?.state === 'stopped' && host.id === order.run) return null;
    return refuse('etcd-silent', `${order.target.name} is not shown to be stopped by the driver here`);
  }

  return { answer, act, from };
}

function withEtcd({ tenure, system }: Order, seen: TenureSeen): Refused | null {
  const { holder, systemIdentifier } = seen;
  if (system !== null && systemIdentifier !== null && system !== systemIdentifier)
    return refuse('other-cluster', `etcd has the system identifier ${systemIdentifier}, the request ${system}`);
  if (tenure === null) return refuse('no-tenure', 'it names no tenure, and etcd answers');
  if (holder === null) return refuse('old-epoch', `nobody holds tenure; the request has epoch ${tenure.epoch}`);
  if (holder.epoch === tenure.epoch && holder.owner === tenure.owner) return null;
  const by = `${holder.owner}, epoch ${holder.epoch}`;
  return refuse('old-epoch', `tenure is held by ${by}; the request is of ${tenure.owner}, epoch ${tenure.epoch}`);
}

/** What an id stands for: under the same one nothing else is asked for. */
function saidOf(order: Work): string {
  const { verb, target } = order;
  const what = verb === 'remove' ? [order.directory] : [order.run, verb === 'move' ? order.suffix : ''];
  return [verb, target.kind, target.name, ...what].join(' ');
}

const CANNOT: Worked = {
  effect: 'none',
  status: null,
  text: 'the driver there does nothing of that kind with a data directory; nothing was done',
  tookMs: 0,
};

async function work(local: HostPort, order: Work): Promise<Worked> {
  const { target } = order;
  switch (order.verb) {
    case 'move':
      return (await local.moveAside?.(target, { id: order.run, suffix: order.suffix })) ?? CANNOT;
    case 'remove':
      return (await local.removeAside?.(target, order.directory)) ?? CANNOT;
    default: {
      const { verb, run, graceMs } = order;
      const which = { ...(run === null ? {} : { id: run }), ...(graceMs === null ? {} : { graceMs }) };
      return local.send({ port: 'host', target, verb, ...which });
    }
  }
}

function ask(
  local: HostPort,
  lists: Lists,
  question: Exclude<Question, { what: 'who' }>,
): Promise<Reading<unknown>> | null {
  switch (question.what) {
    case 'status':
      return local.status(question.target);
    case 'disk':
      return local.disk?.(question.target) ?? null;
    case 'surplus':
      return local.surplus?.(question.target, question.span) ?? null;
    case 'controldata':
      return local.controldata?.(question.target) ?? null;
    case 'storeData':
      return local.storeData?.(question.target) ?? null;
    case 'listAside':
      return lists(question.target);
    case 'logs':
      return local.logs?.(question.target, question.count, question.forMs ?? undefined) ?? null;
    default:
      return question satisfies never;
  }
}

/** A reading as it goes over the wire: how old it is is for whoever asked to know. */
function told(reading: Reading<unknown> | null): object {
  if (reading === null)
    return { kind: 'unknown', fault: 'not-configured', reason: 'the driver there has no such thing' };
  if (reading.kind === 'unknown')
    return { kind: 'unknown', fault: reading.fault, reason: reading.reason.slice(0, 500) };
  return { kind: 'known', value: reading.value };
}

const replyOf = ({ effect, status, text, tookMs, to, bytes }: Worked): Worked => ({
  ...{ effect, status, text, tookMs },
  ...(to === undefined ? {} : { to }),
  ...(bytes === undefined ? {} : { bytes }),
});
