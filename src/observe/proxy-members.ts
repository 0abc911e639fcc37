import type { AddressCheck, KnownNames } from '../model/address.js';
import type { DcsMember } from '../model/dcs.js';
import type { MemberName } from '../model/names.js';
import { backendsOf, type ProxyAddress, type ProxySeen, type ProxyServer, type ProxyView } from '../model/proxy.js';
import { isLoopback, placeOfUrl, plainHost } from './addresses.js';
import { asOthers, otherClusters } from './other-proxy.js';
import type { ObserveTarget, ProxyTarget } from './pass.js';

interface Known {
  readonly target: Pick<ObserveTarget, 'members' | 'addresses'> & { readonly proxies: readonly ProxyTarget[] };
  /** What etcd has of the members; null: it did not answer. */
  readonly rows: readonly Pick<DcsMember, 'name' | 'apiUrl' | 'conn'>[] | null;
  readonly names: KnownNames;
  readonly checks: readonly AddressCheck[];
  /** Who leads, by proof, and not since a moment ago. */
  readonly leader: MemberName | null;
  /** What the last look made of the proxies. */
  readonly before: readonly ProxySeen[];
}

/**
 * Which server of a proxy is which member: as the operator says; else the member of its own name; else by where the proxy sends to. One that is
 * called like one member and leads to another is nobody's: nothing must be told to the proxy on behalf of either.
 */
export function withMembers(proxies: readonly ProxySeen[], known: Known): readonly ProxySeen[] {
  let places: Places | null = null;
  // One look-up for all of them, made with the first proxy that tells an address: this is every pass.
  const lookUp = (): Places => (places ??= placesOf(known));
  return proxies.map((proxy) => withMembersOf(proxy, known, lookUp));
}

function withMembersOf(proxy: ProxySeen, known: Known, lookUp: () => Places): ProxySeen {
  const { seen, name } = proxy;
  if (seen.kind === 'unknown') return proxy;
  const target = known.target.proxies.find((row) => row.name === name);
  if (target === undefined) return proxy;
  const places = seen.value.servers.some(({ address }) => address != null) ? lookUp() : null;
  const others = places === null ? null : otherClusters(proxy, target, { ...known, isOurs: isAtOne(places) });
  if (others !== null) return asOthers(proxy, others);
  const servers = seen.value.servers.map((row) => {
    const one = placed(row, memberOf(row, target, known, places));
    return saidOf(row, target) === null ? { ...one, isNobodys: true as const } : one;
  });
  const value: ProxyView = { ...seen.value, servers };
  return { ...proxy, seen: { ...seen, value } };
}

/** Left out where the name says it already; the address stays where a person has to be told why nobody is found. */
function placed(row: ProxyServer, member: MemberName | null | undefined): ProxyServer {
  const { address, member: _, ...rest } = row;
  if (member === undefined) return rest;
  return { ...rest, member, ...(member === null && address != null ? { address } : {}) };
}

/** What the operator says of it: a member, null for nobody, undefined for nothing. */
function saidOf({ backend, server }: ProxyServer, { servers = {} }: Pick<ProxyTarget, 'servers'>) {
  const one = servers[`${backend}/${server}`];
  return one === undefined ? servers[server] : one;
}

/** Undefined: the member of its own name. */
function memberOf(
  row: ProxyServer,
  { pools, servers = {}, isHere = false }: ProxyTarget,
  { target }: Known,
  places: Places | null,
): MemberName | null | undefined {
  const said = saidOf(row, { servers });
  if (said !== undefined) return said === row.server ? undefined : said;
  const named = target.members.find((member) => member === row.server);
  const { address } = row;
  // A slot that a template has not filled leads nowhere; and the loopback of another host is not ours.
  const isUseless = address == null || places === null || (isLoopback(address.host) && !isHere);
  const isPool = backendsOf(pools).includes(row.backend);
  const found = isUseless ? [] : membersAt(places, address, isPool && named === undefined);
  if (named !== undefined) return found.length === 0 || found.includes(named) ? undefined : null;
  return found.length === 1 ? found[0] : null;
}

interface Places {
  /** By address and port of PostgreSQL. */
  readonly exact: ReadonlyMap<string, ReadonlySet<MemberName>>;
  readonly hosts: ReadonlyMap<string, ReadonlySet<MemberName>>;
}

/**
 * Those whose PostgreSQL is there; where there is none, in a pool of the cluster, the only member of that host: a pooler in front of its
 * PostgreSQL has a port of its own. What a host serves beside that, in other backends, is no member.
 */
function membersAt({ exact, hosts }: Places, address: ProxyAddress, isPool: boolean): readonly MemberName[] {
  const { host, port, fqdn } = address;
  // By the word first: what a name resolves to may have changed since we asked.
  const byWord = fqdn === undefined ? undefined : exact.get(`${plainHost(fqdn)} ${port}`);
  const at = byWord ?? exact.get(`${plainHost(host)} ${port}`);
  if (at !== undefined) return [...at];
  const here = isPool ? hosts.get(plainHost(host)) : undefined;
  return here?.size === 1 ? [...here] : [];
}

/** It leads to the host of a member, by its address or by the name that the proxy resolves. */
const isAtOne =
  ({ hosts }: Places) =>
  ({ address }: ProxyServer): boolean =>
    address != null && [address.host, address.fqdn].some((host) => host !== undefined && hosts.has(plainHost(host)));

/** Our addresses of the members and those that etcd has, with what their names resolve to where we stand. */
function placesOf({ target, rows, names }: Known): Places {
  const exact = new Map<string, Set<MemberName>>();
  const hosts = new Map<string, Set<MemberName>>();
  const note = (to: Map<string, Set<MemberName>>, key: string, member: MemberName): void => {
    to.set(key, (to.get(key) ?? new Set()).add(member));
  };
  const all = (host: string): readonly string[] => [host, ...(names[plainHost(host)] ?? [])].map(plainHost);
  for (const member of target.members) {
    const row = rows?.find(({ name }) => name === member);
    const ours = target.addresses?.[member];
    const sql = [ours?.sql, row?.conn].flatMap((place) => (place == null ? [] : [place]));
    const api = [ours?.api ?? null, row?.apiUrl == null ? null : placeOfUrl(row.apiUrl)];
    for (const { host, port } of sql) for (const each of all(host)) note(exact, `${each} ${port}`, member);
    for (const place of [...sql, ...api])
      if (place !== null) for (const each of all(place.host)) note(hosts, each, member);
  }
  return { exact, hosts };
}
