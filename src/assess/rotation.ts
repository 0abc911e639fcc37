import type { ProxyServer } from '../model/proxy.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';

/** Who holds a member out of the read pool, as far as can be seen. Whether it was us, only the ledger knows. */
export interface Rotation {
  /** The proxy's line in the replica pool; null: no proxy, or no such server. */
  readonly server: ProxyServer | null;
  /** true, false, or null when the proxy did not answer. */
  readonly drainedByProxy: boolean | null;
  /** The running tag as Patroni has it, which is the file's only after a reload. */
  readonly tagged: boolean | null;
  readonly fileTag: boolean | null;
  readonly serving: boolean | null;
}

export function rotationOf(view: ClusterView, member: MemberView): Rotation {
  const proxy = freshValue(view.proxy);
  const server =
    proxy?.servers.find((row) => row.backend === view.pools?.replica && row.server === member.name) ?? null;
  const tags = freshValue(member.api)?.tags ?? null;
  return {
    server,
    drainedByProxy: server === null ? null : server.admin.drain || server.admin.maint,
    tagged: tags === null ? null : tags.noloadbalance,
    fileTag: lastValue(member.fileTag),
    serving: server === null ? null : takesNew(server),
  };
}

/**
 * Is the tag there, in force or only in the file? A run that ended between its two steps leaves it in the file, where it counts from the next
 * reload or restart of Patroni on. null: nobody can tell.
 */
export function tagStands(view: ClusterView, { tagged, fileTag }: Rotation): boolean | null {
  if (tagged === true || fileTag === true) return true;
  const isFileKnown = fileTag !== null || !view.actuators.tags;
  return tagged === null || !isFileKnown ? null : false;
}

/** A drain that was broken off between the file and the reload: readers go on reading there, and no other actuator keeps them away. */
export function isHalfDone(rotation: Rotation, actuators: readonly ('proxy' | 'tag')[]): boolean {
  if (!actuators.includes('tag') || rotation.fileTag !== true) return false;
  return rotation.tagged === false && (!actuators.includes('proxy') || rotation.drainedByProxy === false);
}

/** Words of the statistics for a server that is given nothing new, whatever `show servers state` says of its operation. */
const GIVEN_NOTHING = /^(?:DOWN|DRAIN|MAINT|NOLB)/;

/** The one notion of "takes new connections": up, not drained, not in maintenance, its name resolved, and with a weight. */
export const takesNew = ({ up, status, weight, admin }: ProxyServer): boolean =>
  up && !admin.drain && !admin.maint && !admin.resolution && weight !== 0 && !GIVEN_NOTHING.test(status);

/** A pool for reads that is there and, as far as was seen last, routes to nobody. */
export function isReadPoolEmpty({ proxy, pools }: ClusterView): boolean {
  const pool = (lastValue(proxy)?.servers ?? []).filter(({ backend }) => backend === pools?.replica);
  return pool.length > 0 && !pool.some(takesNew);
}

/** Up and given nothing: somebody's weight, agent or soft stop, in other words a wish and no trouble. */
export const isHeldOut = (server: ProxyServer): boolean => server.up && !takesNew(server);

/** Servers of the replica pool that take new connections now, or would if `except` did not: backups only while no other server does. */
export function servingReplicas(view: ClusterView, except: string): readonly string[] {
  const proxy = freshValue(view.proxy);
  if (proxy === null || view.pools === null) return [];
  const pool = view.pools.replica;
  const others = proxy.servers.filter((row) => row.backend === pool && row.server !== except && takesNew(row));
  const active = others.filter((row) => row.backup !== true);
  return (active.length > 0 ? active : others).map((row) => row.server);
}
