import { placeText, type AddressCheck, type KnownNames } from '../model/address.js';
import type { DcsMember } from '../model/dcs.js';
import type { MemberName } from '../model/names.js';
import { backendsOf, type ProxySeen, type ProxyServer } from '../model/proxy.js';
import { unknown } from '../model/reading.js';
import { isLoopback } from './addresses.js';
import type { ProxyTarget } from './pass.js';

/** What is known of where members are. */
export interface Whereabouts {
  /** What etcd has of the members; null: it did not answer. */
  readonly rows: readonly Pick<DcsMember, 'name' | 'conn'>[] | null;
  /** How our own addresses of the members compare to what etcd has. */
  readonly checks: readonly AddressCheck[];
  readonly names: KnownNames;
  /** Some member of ours is at this host, by our addresses or by those of etcd. */
  readonly isOurs: (server: ProxyServer) => boolean;
  /** Who leads, by proof, and for so long that every proxy of ours has found it. Null: nobody does, or it led a moment ago. */
  readonly leader: MemberName | null;
  /** What the last look made of the proxies. */
  readonly before: readonly ProxySeen[];
}

/** One member with another address is a member that moved, or a pooler of its own. */
const MANY = 2;

/**
 * Why a proxy is another cluster's: its servers are called like our members, several of them, not one leads to where a member of ours is, and it
 * sends writes to one that does not lead ours. Two clusters often share names, and a drain there would take another's readers away. Addresses
 * that are nobody's prove nothing alone: a host has a second network, and a proxy of ours that is held could not even be opened again. Null: it
 * is ours, or nobody can tell. What the operator says of a server (`servers`) is believed.
 */
export function otherClusters(
  { name, pools, seen }: ProxySeen,
  { servers: said = {}, isHere = false }: Pick<ProxyTarget, 'servers' | 'isHere'>,
  known: Whereabouts,
): string | null {
  if (seen.kind === 'unknown' || known.rows === null || Object.keys(said).length > 0) return null;
  const backends = backendsOf(pools);
  const told = seen.value.servers.filter(
    ({ backend, address }) => backends.includes(backend) && address != null && (isHere || !isLoopback(address.host)),
  );
  if (told.some(known.isOurs)) return null;
  const elsewhere = new Map<string, string>();
  for (const { server, address } of told) {
    const ours = addressOf(server, known);
    if (ours !== null && address != null)
      elsewhere.set(server, `${server} leads to ${placeText(address)} there and is at ${ours} by etcd`);
  }
  if (elsewhere.size < MANY) return null;
  if (known.leader === null) return reasonBefore(known.before, name);
  const writer = othersWriter({ pools, servers: seen.value.servers }, known.leader);
  if (writer === null) return null;
  return `it is another cluster's: ${[...elsewhere.values()].join(', ')}; ${writer}; correct proxies.${name}.stats and .runtime, or say in proxies.${name}.servers which server is which member`;
}

/** An election of ours makes another cluster's proxy none of ours: what was proven before it holds until a leader is known again. */
function reasonBefore(before: readonly ProxySeen[], proxy: string): string | null {
  const seen = before.find(({ name }) => name === proxy)?.seen;
  if (seen?.kind !== 'unknown' || seen.fault !== 'wrong-scope') return null;
  return seen.reason.startsWith(`${seen.source}: `) ? seen.reason.slice(seen.source.length + 2) : seen.reason;
}

/** It is led by another than we are: one is up for writes, and our leader is found down there, by no hand. Null: that cannot be said. */
function othersWriter(
  { pools, servers }: { readonly pools: ProxySeen['pools']; readonly servers: readonly ProxyServer[] },
  leader: MemberName,
): string | null {
  if (pools.writes === null) return null;
  const rows = servers.filter(({ backend }) => backend === pools.writes);
  const led = rows.filter(({ server }) => server === leader);
  // A fence of ours, or of a person, closes a leader in its own proxy: that it is not up is no sign then.
  if (led.some(({ up, admin }) => up || admin.drain || admin.maint)) return null;
  const up = rows.filter((row) => row.up && row.server !== leader).map(({ server }) => server);
  return up.length === 0 ? null : `it sends writes to ${up.join(', ')}, and ${leader} leads here`;
}

/** Where etcd has the member of this name, if that is where we ask it too; null: that cannot be held against anything. */
function addressOf(server: string, { rows, checks, names }: Whereabouts): string | null {
  const conn = rows?.find((row) => (row.name as string) === server)?.conn ?? null;
  const isShared = checks.some(
    ({ member, how }) => (member as string) === server && (how === 'same' || how === 'by-name'),
  );
  const isKnown = conn !== null && (/^[\d.]+$|:/.test(conn.host) || (names[conn.host] ?? []).length > 0);
  return conn !== null && isShared && isKnown ? placeText(conn) : null;
}

/** The proxy as one that tells nothing of our cluster, which is how it is shown, told and left alone. */
export const asOthers = (proxy: ProxySeen, why: string): ProxySeen => ({
  ...proxy,
  seen: unknown('wrong-scope', `${proxy.seen.source}: ${why}`, proxy.seen.atMs, proxy.seen.source),
});
