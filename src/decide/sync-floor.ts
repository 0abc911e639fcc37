import { followedIn } from '../assess/leader.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { no, type No } from './gate.js';

/**
 * Commits wait for `synchronous_node_count` standbys out of the sync set; Patroni mends the set only in its next loop, and in strict mode not
 * at all. One that is registered and not connected confirms nothing. [Patroni: synchronous_mode, quorum commit]
 */
export function syncFloor(view: ClusterView, target: string): No | null {
  const sync = freshValue(view.dcs.keys)?.sync ?? null;
  if (sync === null || !sync.standbys.includes(target)) return null;
  const wanted = view.config.kind === 'unknown' ? 1 : (view.config.value.synchronousNodeCount ?? 1);
  const left = sync.standbys.filter((name) => name !== target && isConnected(view, name));
  if (left.length >= wanted) return null;
  if (sync.standbys.length === 1)
    return no(`${target} is the only synchronous standby`, 'another standby must become synchronous first');
  return no(
    `without ${target} ${left.length} synchronous standbys are connected, and synchronous_node_count is ${wanted}`,
    'another standby must become synchronous and stream first',
  );
}

function isConnected(view: ClusterView, name: string): boolean {
  const leader = followedIn(view);
  if (leader === null) return false;
  const rows = freshValue(leader.sql)?.replicas ?? freshValue(leader.api)?.replication ?? [];
  return rows.some((row) => row.applicationName === name && row.state === 'streaming');
}
