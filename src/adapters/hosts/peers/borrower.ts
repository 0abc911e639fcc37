import type { AsideDirectory } from '../../../model/aside.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { ControlData } from '../../../model/control.js';
import type { DiskStatus } from '../../../model/disk.js';
import type { HostStatus, HostTarget, PeerSeen, PeerTold } from '../../../model/host.js';
import { fresh, unknown, type Reading, type ReadingFault, type Unknown } from '../../../model/reading.js';
import type { StoreData } from '../../../model/store-data.js';
import type { SurplusWal, WalSpan } from '../../../model/surplus.js';
import type { Clock } from '../../../ports/clock.js';
import type { DcsPort, TenureGrant } from '../../../ports/dcs.js';
import { excerpt, type Exchange } from '../../patroni/exchange.js';
import { peerEndsAtMs } from '../../tls/peer-end.js';
import { identityOf, otherCluster } from './identity.js';
import { orderOf } from './orders.js';
import type { Peer } from './peer.js';
import {
  MOST_LINES,
  parsed,
  WIRE,
  type ClusterNamed,
  type From,
  type Question,
  type Refusal,
  type Work,
  type Worked,
} from './wire.js';

/** What the other end may take beyond the request itself: it asks etcd first. */
const CHECK_MS = 2_000;
/** Each within `deadlines.host`: beside a stop `systemd` looks which run it is, looks again where the stop was late, and kills. */
const DRIVER_CALLS = 3;
/** A stop or restart of a member takes as long as PostgreSQL needs for its shutdown checkpoint. */
const CLEAN_STOP_MS = 60_000;
/** A log is evidence, never a condition. */
const LOG_DEADLINE_MS = 1_500;
/** pg_waldump reads what may be many files. */
const SURPLUS_DEADLINE_MS = 30_000;
/** A file or a directory of what is stopped: the places where it may lie are asked for one after the other, each within `deadlines.host`. */
const FILE_CALLS = 5;
/** A list counts what lies there, in a container that is begun for it. */
const LIST_DEADLINE_MS = 30_000;
/** One rename, in a container that is begun for it; the deletion of a whole data directory. */
const ASIDE_MS = { move: 90_000, remove: 150_000 } as const;
const CERTIFICATE_MS = 800;

const FAULT_OF: Partial<Record<Refusal, ReadingFault>> = {
  unauthorised: 'denied',
  'other-cluster': 'wrong-scope',
  'not-mine': 'wrong-scope',
};

export interface Borrower {
  status(peer: Peer, target: HostTarget): Promise<Reading<HostStatus>>;
  disk(peer: Peer, target: HostTarget): Promise<Reading<DiskStatus>>;
  surplus(peer: Peer, target: HostTarget, span: WalSpan): Promise<Reading<SurplusWal>>;
  controldata(peer: Peer, target: HostTarget): Promise<Reading<ControlData>>;
  storeData(peer: Peer, target: HostTarget): Promise<Reading<StoreData>>;
  listAside(peer: Peer, target: HostTarget): Promise<Reading<readonly AsideDirectory[]>>;
  logs(peer: Peer, target: HostTarget, count: number, forMs?: number): Promise<Reading<readonly string[]>>;
  act(peer: Peer, work: Work, grant: TenureGrant | null): Promise<Worked>;
  who(peer: Peer, targets: readonly HostTarget[]): Promise<PeerSeen>;
  /** As our cluster is named to others. */
  cluster(): Promise<ClusterNamed>;
}

/**
 * Asks other instances. One that does not answer, answers for another cluster or for another target, or not in our words, proves nothing:
 * the reading is unknown. Of a request `none` is only what never left or was refused in words that both ends know.
 */
export function borrowerOf(cluster: ClusterConfig, dcs: Pick<DcsPort, 'seenTenure'>, clock: Clock): Borrower {
  const identity = identityOf(cluster, dcs, clock);
  const deadlineMs = cluster.deadlines.host;

  /** The body, if it is ours to read: else why not. */
  async function ask<T extends { readonly from: From }>(
    peer: Peer,
    question: Question,
    shape: Parameters<typeof parsed<T>>[0],
    withinMs = deadlineMs,
  ): Promise<{ readonly ok: T; readonly source: string } | Unknown> {
    const source = `${question.what}${'target' in question ? ` of ${question.target.name}` : ''} by ${peer.url}`;
    const outcome = await peer.ask(question, withinMs);
    const no = (fault: ReadingFault, why: string): Unknown => unknown(fault, `${source}: ${why}`, clock.now(), source);
    if (outcome.kind === 'fault') return no(outcome.fault.fault, outcome.fault.why);
    const refused = parsed(WIRE.refused, outcome.body);
    if (refused !== null)
      return no(FAULT_OF[refused.refused] ?? 'http-status', `${refused.refused}: ${refused.because}`);
    const answer = outcome.status === 200 ? parsed<T>(shape, outcome.body) : null;
    if (answer === null) return no('bad-reply', notOurs(outcome));
    const other = otherCluster(question, answer.from);
    return other === null ? { ok: answer, source } : no('wrong-scope', `it answers for another cluster: ${other}`);
  }

  /** The body of an answer about one target. */
  async function read<T>(
    peer: Peer,
    question: Extract<Question, { target: HostTarget }>,
    shape: Parameters<typeof parsed<Told<T>>>[0],
    withinMs = deadlineMs,
  ): Promise<Reading<T>> {
    const answer = await ask<Told<T>>(peer, question, shape, withinMs);
    if ('kind' in answer) return answer;
    const { ok, source } = answer;
    const { kind, name } = question.target;
    const nowMs = clock.now();
    if (ok.target.kind !== kind || ok.target.name !== name)
      return unknown('wrong-scope', `${source}: it answers for ${ok.target.kind} ${ok.target.name}`, nowMs, source);
    if (ok.reading.kind === 'known') return fresh(ok.reading.value, nowMs, source);
    return unknown(ok.reading.fault, `${source}: ${ok.reading.reason}`, nowMs, source);
  }

  function withinMs(work: Work): number {
    if (work.verb === 'move' || work.verb === 'remove') return CHECK_MS + ASIDE_MS[work.verb];
    const extraMs = work.verb === 'stop' || work.verb === 'restart' ? (work.graceMs ?? CLEAN_STOP_MS) : 0;
    return DRIVER_CALLS * deadlineMs + CHECK_MS + extraMs;
  }

  async function act(peer: Peer, work: Work, grant: TenureGrant | null): Promise<Worked> {
    const startedMs = clock.monotonic();
    const reply = (effect: Worked['effect'], status: number | null, text: string): Worked => ({
      effect,
      status,
      text: text.slice(0, 300),
      tookMs: Math.round(clock.monotonic() - startedMs),
    });
    const named = await identity();
    const order = orderOf(work, named, grant, { sentAtMs: clock.now(), withinMs: deadlineMs });
    const outcome = await peer.act(order, withinMs(work));
    if (outcome.kind === 'fault')
      return outcome.written
        ? reply('maybe', outcome.status, `${peer.url}: the request went out, then: ${outcome.fault.why}`)
        : reply('none', null, `${peer.url}: nothing was sent: ${outcome.fault.why}`);
    const { status } = outcome;
    const refused = status === 200 ? null : parsed(WIRE.refused, outcome.body);
    if (refused !== null) return reply('none', status, `${peer.url} refused, ${refused.refused}: ${refused.because}`);
    const done = status === 200 ? parsed(WIRE.done, outcome.body) : null;
    if (done === null) return reply('maybe', status, `${peer.url}: ${notOurs(outcome)}`);
    const isOurs =
      done.id === order.id && done.target.name === work.target.name && done.target.kind === work.target.kind;
    if (!isOurs || otherCluster(named, done.from) !== null)
      return reply('maybe', status, `${peer.url} answered another request than ours`);
    return { ...done.reply, ...reply(done.reply.effect, done.reply.status, done.reply.text) };
  }

  async function who(peer: Peer, targets: readonly HostTarget[]): Promise<PeerSeen> {
    const question = { what: 'who', ...(await identity()) } as const;
    // Once before it is timed: by then there is a connection, whose making would count as a difference of clocks.
    const first = await ask(peer, question, WIRE.who);
    if ('kind' in first) return { url: peer.url, targets, told: first };
    const askedAtMs = clock.now();
    const answer = await ask(peer, question, WIRE.who);
    const tookMs = clock.now() - askedAtMs;
    if ('kind' in answer) return { url: peer.url, targets, told: answer };
    const { from, who: them } = answer.ok;
    const lends = (kind: HostTarget['kind'], names: readonly string[]) => names.map((name) => ({ kind, name }));
    const told: PeerTold = {
      instance: from.instance,
      driver: them.driver,
      lends: [...lends('member', them.members), ...lends('store', them.stores), ...lends('proxy', them.proxies)],
      clockAheadMs: Math.round(from.nowMs - (askedAtMs + tookMs / 2)),
      blind: them.tenure,
      certificateEndsAtMs: await certificateEndOf(peer.url, cluster),
    };
    return { url: peer.url, targets, told: fresh(told, clock.now(), answer.source) };
  }

  return {
    status: async (peer, target) => read(peer, { what: 'status', target, ...(await identity()) }, WIRE.status),
    disk: async (peer, target) => read(peer, { what: 'disk', target, ...(await identity()) }, WIRE.disk),
    surplus: async (peer, target, span) =>
      read(peer, { what: 'surplus', target, span, ...(await identity()) }, WIRE.surplus, SURPLUS_DEADLINE_MS),
    controldata: async (peer, target) =>
      read(peer, { what: 'controldata', target, ...(await identity()) }, WIRE.controldata, FILE_CALLS * deadlineMs),
    storeData: async (peer, target) =>
      read(peer, { what: 'storeData', target, ...(await identity()) }, WIRE.storeData, FILE_CALLS * deadlineMs),
    listAside: async (peer, target) =>
      read(peer, { what: 'listAside', target, ...(await identity()) }, WIRE.listAside, LIST_DEADLINE_MS),
    logs: async (peer, target, count, forMs) => {
      const most = Math.max(1, Math.min(count, MOST_LINES));
      const question = { what: 'logs', target, count: most, forMs: forMs ?? null, ...(await identity()) } as const;
      return read(peer, question, WIRE.logs, Math.min(deadlineMs, LOG_DEADLINE_MS));
    },
    act,
    who,
    cluster: identity,
  };
}

interface Told<T> {
  readonly from: From;
  readonly target: HostTarget;
  readonly reading:
    | { readonly kind: 'known'; readonly value: T }
    | { readonly kind: 'unknown'; readonly fault: ReadingFault; readonly reason: string };
}

const notOurs = ({ status, body }: Extract<Exchange<Buffer>, { kind: 'answer' }>): string =>
  `status ${status} and no answer of another instance, but "${excerpt(body.subarray(0, 400).toString('utf8'), 80)}"`;

async function certificateEndOf(url: string, { hosts }: ClusterConfig): Promise<number | null> {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return null;
  const host = hostname.replace(/^\[|\]$/g, '');
  const peer = { host, port: port === '' ? 443 : Number(port), isPostgres: false, tls: hosts?.peers?.tls ?? null };
  return peerEndsAtMs(peer, CERTIFICATE_MS).catch(() => null);
}
