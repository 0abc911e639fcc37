import { followedIn } from '../assess/leader.js';
import { UNTOLD } from '../assess/upstream.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { no, type No } from './gate.js';

/** What is left of synchronous replication while one standby is away. */
interface Rest {
  /** `synchronous_node_count`. */
  readonly wanted: number;
  readonly isStrict: boolean;
  /** Standbys of the key `sync`, the one that goes among them. */
  readonly standbys: number;
  /** Of the others those that are connected: one that is registered and not connected confirms nothing. */
  readonly left: number;
}

/** Null: this member is no synchronous standby, confirms nothing already, or as many as are wanted stay. */
function restWithout(view: ClusterView, target: string): Rest | null {
  const sync = freshValue(view.dcs.keys)?.sync ?? null;
  if (sync === null || !sync.standbys.includes(target)) return null;
  const config = view.config.kind === 'unknown' ? null : view.config.value;
  const wanted = config?.synchronousNodeCount ?? 1;
  const connected = connectedTo(view);
  if (connected !== null && !connected.includes(target)) return null;
  const left = sync.standbys.filter((name) => name !== target && connected?.includes(name) === true).length;
  if (left >= wanted) return null;
  return { wanted, isStrict: config?.synchronousModeStrict === true, standbys: sync.standbys.length, left };
}

/**
 * Commits wait for those in `synchronous_standby_names`. In its next loop the leader's Patroni takes out who is gone and makes do with fewer than
 * `synchronous_node_count`, in strict mode too, which only keeps it from going on with none: then it waits for anybody. So the last one is
 * never taken. One of several is taken where Patroni may make do; who asks for strict mode does not want it to for our sake.
 * [Patroni: ha.py process_sync_replication, postgresql/sync.py, quorum.py]
 */
export function syncFloor(view: ClusterView, target: string): No | null {
  const rest = restWithout(view, target);
  if (rest === null) return null;
  const { wanted, isStrict, standbys, left } = rest;
  if (left === 0) {
    const because =
      standbys === 1
        ? `${target} is the only synchronous standby`
        : `without ${target} no synchronous standby is connected, and synchronous_node_count is ${wanted}`;
    return no(`${because}: ${alone(isStrict)}`, 'wait until another standby is synchronous and streams');
  }
  if (!isStrict) return null;
  return no(
    `without ${target} ${countOf(left)} connected, synchronous_node_count is ${wanted} and synchronous_mode_strict is on: commits would be on fewer servers than it asks for`,
    'wait until another standby is synchronous and streams, or lower synchronous_node_count for as long as it takes',
  );
}

const alone = (isStrict: boolean): string =>
  isStrict
    ? 'every commit would wait until one is back (synchronous_mode_strict)'
    : 'commits would wait for the next loop of Patroni and then be on the leader alone';

const countOf = (count: number): string =>
  count === 1 ? '1 synchronous standby is' : `${count} synchronous standbys are`;

/** What a disruption costs that the floor lets pass, for whoever reads of it; null: nothing. */
export function syncCost(view: ClusterView, target: string): string | null {
  const rest = restWithout(view, target);
  if (rest === null || syncFloor(view, target) !== null) return null;
  return `while ${target} is away ${countOf(rest.left)} connected, and synchronous_node_count is ${rest.wanted}: Patroni makes do with that from its next loop on, and until then commits may wait`;
}

/** Who streams from the leader; null: nobody can tell (no answer, no right to see), and then nobody is counted on. */
function connectedTo(view: ClusterView): readonly string[] | null {
  const leader = followedIn(view);
  if (leader === null) return null;
  const lists = [freshValue(leader.sql)?.replicas, freshValue(leader.api)?.replication];
  const rows = lists.find((list) => list !== undefined && list.every(({ state }) => state !== UNTOLD));
  return rows?.filter(({ state }) => state === 'streaming').map(({ applicationName }) => applicationName) ?? null;
}
