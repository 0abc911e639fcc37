import type { Aside } from '../../../model/aside.js';
import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';
import { notConfigured, type Reading } from '../../../model/reading.js';
import type { Clock } from '../../../ports/clock.js';
import type { DcsPort, TenureGrant } from '../../../ports/dcs.js';
import type { HostPort } from '../../../ports/host.js';
import type { Borrower } from './borrower.js';
import type { Lender } from './lender.js';
import type { Listener } from './listener.js';
import { listsOf } from './lists.js';
import type { Peer } from './peer.js';
import { isOwn, lendersOf, urlOf } from './targets.js';
import type { Work, Worked } from './wire.js';

interface Parts {
  readonly lender: Lender;
  readonly actOwn: (work: Work, grant: TenureGrant | null) => Promise<Worked>;
  readonly borrower: Borrower;
  readonly peerAt: (url: string) => Peer;
}

/**
 * Hosts by other instances, each of which stands beside what it lends: what this one reaches itself goes through its own driver, everything
 * else to whoever lends it. A request is made only under the tenure that etcd shows to the one that carries it out, here as there.
 */
export function peersAdapter(cluster: ClusterConfig, clock: Clock, local: HostPort | null, dcs: DcsPort): HostPort {
  const known = new Map<string, Peer>();
  const lists = listsOf(local);
  let isClosed = false;
  let instance = 'ekimi';
  let listener: Listener | null = null;
  let loading: Promise<Parts> | null = null;

  /** Loaded with the first use, which a configuration without peers never has. */
  async function load(): Promise<Parts> {
    const [{ lenderOf }, { borrowerOf }, { peerOf }, { orderOf, actHere }] = await Promise.all([
      import('./lender.js'),
      import('./borrower.js'),
      import('./peer.js'),
      import('./orders.js'),
    ]);
    const { token = null, tls = null } = cluster.hosts?.peers ?? {};
    const lender = lenderOf({ cluster, local, lists, dcs, clock, instance: () => instance });
    const borrower = borrowerOf(cluster, dcs, clock);
    return {
      lender,
      borrower,
      actOwn: async (work, grant) => {
        const named = await borrower.cluster();
        const when = { sentAtMs: clock.now(), withinMs: cluster.deadlines.host };
        return actHere(lender, orderOf(work, named, grant, when), clock);
      },
      peerAt: (url) => {
        const found = known.get(url) ?? peerOf(url, { tls, token }, cluster.deadlines.host);
        known.set(url, found);
        if (isClosed) void found.close();
        return found;
      },
    };
  }
  const parts = (): Promise<Parts> => {
    loading ??= load().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  };

  async function read<T>(
    target: HostTarget,
    own: (local: HostPort) => Promise<Reading<T>> | null | undefined,
    theirs: (peer: Peer, borrower: Borrower) => Promise<Reading<T>>,
  ): Promise<Reading<T>> {
    const none = notConfigured(`host of ${target.name}`, clock.now());
    if (isOwn(cluster, target)) return (local === null ? undefined : await own(local)) ?? none;
    const url = urlOf(cluster, target);
    if (url === null) return none;
    const { peerAt, borrower } = await parts();
    return theirs(peerAt(url), borrower);
  }

  async function act(work: Work, grant: TenureGrant | null): Promise<Worked> {
    const { actOwn, borrower, peerAt } = await parts();
    const { target } = work;
    if (isOwn(cluster, target)) return actOwn(work, grant);
    const url = urlOf(cluster, target);
    if (url !== null) return borrower.act(peerAt(url), work, grant);
    const text = `nobody lends a driver for ${target.name} (hosts.peers); nothing was sent`;
    return { effect: 'none', status: null, text, tookMs: 0 };
  }

  return {
    needsTenure: true,
    status: (target) =>
      read(
        target,
        (own) => own.status(target),
        (peer, borrower) => borrower.status(peer, target),
      ),
    disk: (target) =>
      read(
        target,
        (own) => own.disk?.(target),
        (peer, borrower) => borrower.disk(peer, target),
      ),
    surplus: (target, span) =>
      read(
        target,
        (own) => own.surplus?.(target, span),
        (peer, borrower) => borrower.surplus(peer, target, span),
      ),
    logs: (target, count, forMs) =>
      read(
        target,
        (own) => own.logs?.(target, count, forMs),
        (peer, borrower) => borrower.logs(peer, target, count, forMs),
      ),

    controldata: (target) =>
      read(
        target,
        (own) => own.controldata?.(target),
        (peer, borrower) => borrower.controldata(peer, target),
      ),
    storeData: (target) =>
      read(
        target,
        (own) => own.storeData?.(target),
        (peer, borrower) => borrower.storeData(peer, target),
      ),
    listAside: (target) =>
      read(
        target,
        () => lists(target),
        (peer, borrower) => borrower.listAside(peer, target),
      ),

    send: ({ target, verb, id, graceMs }, grant = null) =>
      act({ verb, target, run: id ?? null, graceMs: graceMs ?? null }, grant),
    moveAside: async (target, { id, suffix }, grant = null) =>
      asideOf(await act({ verb: 'move', target, run: id, suffix }, grant), suffix),
    removeAside: (target, directory, grant = null) => act({ verb: 'remove', target, directory }, grant),

    onEvent(wake) {
      const ends: (() => void)[] = [];
      let isOver = false;
      if (local !== null) ends.push(local.onEvent(wake));
      void watchAll(wake, (end) => {
        if (isOver) end();
        else ends.push(end);
      }).catch(() => undefined);
      return () => {
        isOver = true;
        for (const end of ends) end();
      };
    },

    async peers() {
      const { borrower, peerAt } = await parts();
      return Promise.all([...lendersOf(cluster)].map(([url, targets]) => borrower.who(peerAt(url), targets)));
    },

    async lend(as) {
      const peers = cluster.hosts?.peers ?? null;
      if (peers?.listen == null) return null;
      instance = as.instance;
      const [{ lender }, { listen }] = await Promise.all([parts(), import('./listener.js')]);
      listener = await listen({ peers: { ...peers, listen: peers.listen }, lender, local, told: as.told });
      return listener.url;
    },

    async close() {
      isClosed = true;
      await Promise.all([listener?.close(), local?.close(), ...[...known.values()].map((peer) => peer.close())]);
    },
  };

  /** What we lend ourselves is told by our own driver. */
  async function watchAll(wake: (what: string) => void, keep: (end: () => void) => void): Promise<void> {
    const urls = [...lendersOf(cluster)].filter(([, targets]) => targets.some((one) => !isOwn(cluster, one)));
    if (urls.length === 0) return;
    const [{ borrower, peerAt }, { watchPeer }] = await Promise.all([parts(), import('./wakes.js')]);
    for (const [url] of urls) keep(watchPeer(peerAt(url), borrower, clock, wake));
  }
}

/** One that was moved lies somewhere under the name that was asked for: who does not say so may have done anything. */
function asideOf(worked: Worked, suffix: string): Aside {
  const { effect, to = null, bytes = null } = worked;
  const isNamed = to?.endsWith(`.${suffix}`) === true;
  return { ...worked, effect: effect === 'done' && !isNamed ? 'maybe' : effect, to: isNamed ? to : null, bytes };
}
