import { endpointOf, votersOf } from '../assess/stores.js';
import { hasNoKey } from '../assess/leader.js';
import { holdersOf, holdsNothing } from '../assess/lost-stores.js';
import type { ActionStage, Stage } from '../model/procedure-run.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { onMember, waitFor } from './stages.js';

/** How long etcd may take to serve once its members run. */
const SERVES_MS = 120_000;

/** The member that stopped last has the newest data and comes first. */
export function storesInOrder({ dcs }: ClusterView): readonly string[] {
  const endedMs = ({ host }: (typeof dcs.endpoints)[number]): number => recentValue(host)?.finishedAtMs ?? 0;
  return [...dcs.endpoints].sort((one, other) => endedMs(other) - endedMs(one)).map(({ name }) => name);
}

const hostState = (view: ClusterView, name: string): string | null => {
  const endpoint = endpointOf(view, name);
  return endpoint === null ? null : (recentValue(endpoint.host)?.state ?? null);
};

/** An etcd member of which nobody says whether it runs could be started twice over; null: all are told. */
export function whyNotTold(view: ClusterView): string | null {
  const dark = view.dcs.endpoints.find(({ name }) => hostState(view, name) === null);
  return dark === undefined ? null : `the host driver does not say what runs ${dark.name}`;
}

/** So many are empty that those with data make no majority; null: they do, or nobody says. */
export function whyLost(view: ClusterView, memory: Pick<Memory, 'etcd'>): string | null {
  const { endpoints } = view.dcs;
  const voters = votersOf(memory);
  // One that somebody has forced to be a cluster of its own is a majority of one.
  if (voters > 0 && holdersOf(view).length * 2 > voters) return null;
  const empty = endpoints.filter(({ name }) => holdsNothing(view, name));
  return empty.length * 2 < endpoints.length
    ? null
    : `${empty.map(({ name }) => name).join(', ')} without data: no majority of etcd has any, and in an empty one any member may lead; ekimi run-procedure reseed-dcs`;
}

/** Nothing of etcd runs, by its host driver, but perhaps one of these. */
export const areAllStoresStopped = (view: ClusterView, except: readonly string[] = []): boolean =>
  view.dcs.endpoints.every(({ name }) => except.includes(name) || hostState(view, name) === 'stopped');

/** Where one of them does not start the others may be a majority, and with a majority the cluster can be led. */
export const isOfStore = (key: string): boolean => key.startsWith('start-store ');

/** Every etcd member that is stopped. */
export function* startStores(
  view: ClusterView,
  order: readonly string[],
  /** Which ones a stage before these stops. */
  stopped: readonly string[] = [],
): Generator<ActionStage> {
  for (const name of order)
    if (stopped.includes(name) || hostState(view, name) === 'stopped')
      yield onMember('start-store', name, `start the etcd member ${name}`);
}

/** Those with data until a majority serves; one whose data directory is empty after that, when it meets the others. */
export function* bringBackStores(view: ClusterView, order: readonly string[]): Generator<Stage> {
  const isEmpty = (name: string): boolean => holdsNothing(view, name);
  yield* startStores(
    view,
    order.filter((name) => !isEmpty(name)),
  );
  yield* awaitQuorum(view);
  yield* startStores(view, order.filter(isEmpty));
}

/** etcd serves: linearizable reads by a majority. */
export function* awaitQuorum(view: ClusterView): Generator<Stage> {
  if (freshValue(view.dcs.keys) === null)
    yield waitFor('etcd serves', `wait until a majority of etcd serves (${storesText(view)})`, SERVES_MS);
}

const isServing = (view: ClusterView, name: string): boolean => {
  const status = endpointOf(view, name)?.status;
  return status !== undefined && recentValue(status)?.healthy === true;
};

const notServing = (view: ClusterView): readonly string[] =>
  view.dcs.endpoints.map(({ name }) => name).filter((name) => !isServing(view, name));

/** All of its members serve. */
export function* awaitAllStores(view: ClusterView): Generator<Stage> {
  const missing = notServing(view);
  if (missing.length > 0)
    yield waitFor('all of etcd serves', `wait until each etcd member serves (${missing.join(', ')})`, SERVES_MS);
}

/**
 * A new etcd says that its version is 3.0.0 until each of its members was seen, and Patroni asks one that old by a path that is gone (`/v3alpha`): whoever
 * is started before that waits for etcd, and leads nobody. [etcd, decideClusterVersion; patroni, etcd3.py; seen on etcd 3.4 with Patroni 3.0]
 */
export function* awaitNewStores(view: ClusterView): Generator<Stage> {
  const keys = freshValue(view.dcs.keys);
  if (keys !== null && !hasNoKey(keys)) return;
  const missing = notServing(view);
  if (missing.length > 0)
    yield waitFor(
      'each member of the new etcd serves',
      `wait until each member of the new etcd serves (${missing.join(', ')}): before that Patroni cannot use it. Where one will not start: end this run, etcdctl member remove, then ekimi run-procedure cold-start`,
      SERVES_MS,
    );
}

/** How each stands, for people. */
export const storesText = (view: ClusterView): string =>
  view.dcs.endpoints
    .map(({ name }) => `${name} ${isServing(view, name) ? 'serves' : (hostState(view, name) ?? 'unknown')}`)
    .join(', ');
