import { postgresName, type MemberName } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { leaderKeyHolder } from './leader.js';

/** `catchup` is a replica that came back and is being served: it heals as we look. */
const RECEIVING: readonly string[] = ['streaming', 'catchup'];

/** What our adapter puts for a state that PostgreSQL keeps from us. */
export const UNTOLD = 'unknown';

/**
 * Whether `server` lists `member` among those whom it sends WAL, by SQL or else its API; null: it was not asked, did not answer, or may not
 * tell us (without pg_monitor a sender has a name and no state).
 */
export function isServedBy(server: MemberView, member: MemberView): boolean | null {
  const lists = [freshValue(server.sql)?.replicas ?? null, freshValue(server.api)?.replication ?? null];
  for (const rows of lists) {
    if (rows === null) continue;
    const own = rows.filter((row) => row.applicationName === postgresName(member.name));
    if (own.some((row) => RECEIVING.includes(row.state))) return true;
    if (own.every((row) => row.state !== UNTOLD)) return false;
  }
  return null;
}

/**
 * Whose WAL a replica streams, by the address of its sender, else by the one member that lists it; null: nobody can tell. A cascading
 * replica goes on streaming from its upstream when the leader dies, so its stream proves nothing of the leader. [Patroni: replicatefrom]
 */
export function upstreamOf(view: ClusterView, member: MemberView): MemberName | null {
  const receiver = freshValue(member.sql)?.walReceiver ?? null;
  const sender = receiver?.senderHost == null ? null : memberAt(view, receiver.senderHost, receiver.senderPort ?? null);
  if (sender !== null) return sender;
  const servers = view.members.filter((other) => other !== member && isServedBy(other, member) === true);
  return servers.length === 1 ? (servers[0]?.name ?? null) : null;
}

/** The member that registered this address with Patroni; null: none did, or several that the address does not tell apart. */
function memberAt(view: ClusterView, host: string, port: number | null): MemberName | null {
  const rows = freshValue(view.dcs.keys)?.members ?? [];
  const matching = rows.filter(({ name, conn }) => {
    if (conn == null) return name === host;
    return conn.host.toLowerCase() === host.toLowerCase() && (port === null || conn.port === port);
  });
  return matching.length === 1 ? (matching[0]?.name ?? null) : null;
}

/** The member whom Patroni was told to let it follow, tag `replicatefrom`; where that one is not registered it follows the leader. */
export function wishedUpstream(view: ClusterView, member: MemberView): MemberView | null {
  const wish = freshValue(member.api)?.tags.raw['replicatefrom'];
  return view.members.find((other) => other.name === wish && other !== member) ?? null;
}

/** Follows another member than the holder of the leader key, for certain or, while it streams from nobody, by its tag. */
export function isCascading(view: ClusterView, member: MemberView, receives: boolean): boolean {
  const holder = leaderKeyHolder(view);
  if (holder === null) return false;
  const upstream = upstreamOf(view, member) ?? (receives ? null : (wishedUpstream(view, member)?.name ?? null));
  return upstream !== null && upstream !== holder;
}
