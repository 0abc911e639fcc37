import { isDeepStrictEqual } from 'node:util';
import type { ClusterConfig, EkimiConfig, ProxyConfig } from '../model/config.js';
import { API, CLUSTER, DCS, FILE, nameOf, type Takes } from './reload-keys.js';
import { withoutRenewed } from './secrets.js';

/** Names that the new configuration of a cluster has no longer, or (proxies) has elsewhere. `members`: those of etcd too. */
export interface Gone {
  readonly members: readonly string[];
  readonly proxies: readonly string[];
  readonly poolers: readonly string[];
}

/** What became of the configuration of one cluster. `changes`: one line each, without any value that may be a secret. */
export type ClusterChange =
  | { readonly kind: 'same' }
  | { readonly kind: 'reload'; readonly changes: readonly string[]; readonly gone: Gone }
  | { readonly kind: 'restart'; readonly keys: readonly string[] };

const differs = (before: unknown, after: unknown): boolean => !isDeepStrictEqual(before, after);

/** Keys of the table that differ between two values which have at least these. */
function changedOf<K extends string>(
  keys: Readonly<Record<K, Takes>>,
  before: Readonly<Partial<Record<K, unknown>>>,
  after: Readonly<Partial<Record<K, unknown>>>,
  takes: Takes,
  at: string,
): string[] {
  const names = (Object.keys(keys) as K[])
    .filter((key) => keys[key] === takes && differs(before[key], after[key]))
    .map((key) => `${at}${nameOf(key)}`);
  return [...new Set(names)];
}

/** Keys that differ and wait for the next start, beside those of clusters that both have. `before`: what this process was started with. */
export function waitingKeys(before: EkimiConfig, after: EkimiConfig): readonly string[] {
  const [was, is] = [withoutRenewed(before), withoutRenewed(after)];
  const scopes = (config: EkimiConfig): string[] => config.clusters.map(({ scope }) => scope);
  const only = (config: EkimiConfig, other: EkimiConfig): string[] =>
    scopes(config).filter((scope) => !scopes(other).includes(scope));
  return [
    ...changedOf(FILE, was, is, 'restart', ''),
    ...changedOf(API, was.api, is.api, 'restart', 'api.'),
    ...only(is, was).map((scope) => `clusters: + ${scope}`),
    ...only(was, is).map((scope) => `clusters: - ${scope}`),
  ];
}

/** Of one cluster. The PEM files themselves are read anew by whoever uses them, so that only their paths count. */
export function clusterChange(before: ClusterConfig, after: ClusterConfig): ClusterChange {
  const [was, is] = [comparable(before), comparable(after)];
  const restart = [
    ...changedOf(DCS, was.dcs, is.dcs, 'restart', 'dcs.'),
    // Its tenure and ledger lie in those that we know: where none is left, nothing says that it is the same etcd.
    ...(was.dcs.hosts.some(({ url }) => is.dcs.hosts.some((one) => one.url === url))
      ? []
      : ['dcs.hosts (all of them)']),
  ];
  if (restart.length > 0) return { kind: 'restart', keys: restart };
  const changes = [...inventoryChanges(was, is), ...otherChanges(was, is)];
  if (changes.length === 0) return { kind: 'same' };
  const gone = {
    members: [...lost(membersOf(was), membersOf(is)), ...lost(endpointsOf(was), endpointsOf(is))],
    proxies: leftProxies(was, is),
    poolers: lost(poolersOf(was), poolersOf(is)),
  };
  return { kind: 'reload', changes, gone };
}

function comparable(cluster: ClusterConfig): ClusterConfig {
  const { clusters } = withoutRenewed({ clusters: [cluster], api: { tokens: [] } } as unknown as EkimiConfig);
  return clusters[0] ?? cluster;
}

/** Who there is, by name, and where. */
type Named = Readonly<Record<string, string>>;

const membersOf = ({ members, patroni }: ClusterConfig): Named =>
  Object.fromEntries(members.map((name) => [name, patroni.urls[name] ?? '']));
const endpointsOf = ({ dcs }: ClusterConfig): Named =>
  Object.fromEntries(dcs.hosts.map(({ name, url }) => [name, url]));
const proxiesOf = ({ proxies }: ClusterConfig): Named =>
  Object.fromEntries(proxies.map(({ name, stats }) => [name, stats]));
const poolersOf = ({ poolers = [] }: ClusterConfig): Named =>
  Object.fromEntries(poolers.map(({ name, address }) => [name, address]));

const INVENTORIES: readonly (readonly [key: string, of: (cluster: ClusterConfig) => Named])[] = [
  ['members', membersOf],
  ['dcs.hosts', endpointsOf],
  ['proxy', proxiesOf],
  ['poolers', poolersOf],
];

const lost = (before: Named, after: Named): readonly string[] =>
  Object.keys(before).filter((name) => after[name] === undefined);

/** Those that go, and those that are another process by now, or other servers in it: what we closed there is opened by nobody. */
const leftProxies = (before: ClusterConfig, after: ClusterConfig): readonly string[] =>
  before.proxies.flatMap((row) => {
    const { name } = row;
    const now = after.proxies.find((other) => other.name === name);
    const isSame = now !== undefined && !differs(pickPlace(row), pickPlace(now));
    return isSame ? [] : [name];
  });

const pickPlace = ({ stats, runtime, pools, servers }: ProxyConfig) => ({ stats, runtime, pools, servers });

function inventoryChanges(before: ClusterConfig, after: ClusterConfig): string[] {
  return INVENTORIES.flatMap(([key, of]) => {
    const [was, is] = [of(before), of(after)];
    const rows = [
      ...lost(is, was).map((name) => `+ ${name} (${is[name] ?? ''})`),
      ...lost(was, is).map((name) => `- ${name}`),
      ...Object.keys(is)
        .filter((name) => was[name] !== undefined && was[name] !== is[name])
        .map((name) => `${name} is at ${is[name] ?? ''} (was ${was[name] ?? ''})`),
    ];
    return rows.length === 0 ? [] : [`${key}: ${rows.join(', ')}`];
  });
}

/** By key alone: a value may be a password. */
function otherChanges(before: ClusterConfig, after: ClusterConfig): string[] {
  const [was, is] = [leavesOf(beyondInventory(before, after)), leavesOf(beyondInventory(after, before))];
  const keys = [...new Set([...was.keys(), ...is.keys()])].filter((key) =>
    differs(was.get(key) ?? null, is.get(key) ?? null),
  );
  return keys.length === 0 ? [] : [`changed: ${keys.sort().join(', ')}`];
}

type Rest = Readonly<Partial<Record<keyof ClusterConfig, unknown>>>;

/** Without who there is and where, which is said by name: of proxies and poolers that both have, the rest. */
function beyondInventory(cluster: ClusterConfig, other: ClusterConfig): Rest {
  const kept = <R extends { readonly name: string }>(
    rows: readonly R[] = [],
    others: readonly R[] = [],
  ): readonly R[] => rows.filter(({ name }) => others.some((one) => one.name === name));
  return {
    ...cluster,
    members: null,
    patroni: { ...cluster.patroni, urls: null },
    dcs: { ...cluster.dcs, hosts: null },
    proxies: kept(cluster.proxies, other.proxies).map((proxy) => ({ ...proxy, stats: null })),
    poolers: kept(cluster.poolers, other.poolers).map((pooler) => ({ ...pooler, address: null })),
  };
}

/** By the names of the file: `hosts.driver`, `proxy`. */
function leavesOf(cluster: Rest): Map<string, unknown> {
  const rows = (Object.keys(CLUSTER_AND_DCS) as (keyof typeof CLUSTER_AND_DCS)[])
    .filter((key) => CLUSTER_AND_DCS[key] === 'reload')
    .flatMap((key): (readonly [string, unknown])[] => {
      const value = cluster[key];
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return [[nameOf(key), value ?? null]];
      return Object.entries(value).map(([name, of]) => [
        `${nameOf(key)}.${key === 'postgres' && name === 'hosts' ? 'members' : nameOf(name)}`,
        of,
      ]);
    });
  return new Map(rows);
}

const CLUSTER_AND_DCS = { ...CLUSTER, dcs: 'reload' } as const;
