import { placeText, type AddressCheck, type KnownNames } from '../model/address.js';
import type { DcsMember } from '../model/dcs.js';
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
}

/** One member with another address is a member that moved, or a pooler of its own. */
const MANY = 2;

/**
 * Why a proxy is another cluster's: its servers are called like our members, several of them, and not one leads to where a member of ours is. Two
 * clusters often share names, and a drain there would take another's readers away. Asked only of those members whose address in etcd is the
 * one that we use: where there is NAT, a tunnel or a published port between, an address that is nobody's says nothing. Null: it is ours, or
 * nobody can tell. What the operator says of a server (`servers`) is believed.
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
  return `it is another cluster's: ${[...elsewhere.values()].join(', ')}; correct proxies.${name}.stats and .runtime, or say in proxies.${name}.servers which server is which member`;
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
