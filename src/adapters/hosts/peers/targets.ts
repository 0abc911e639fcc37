import type { ClusterConfig } from '../../../model/config.js';
import type { HostTarget } from '../../../model/host.js';

const GROUPS = { member: 'members', store: 'dcs', proxy: 'proxy' } as const;
const KINDS = Object.keys(GROUPS) as readonly HostTarget['kind'][];

/** Whether this instance reaches it by its own driver: it is named under `hosts` itself. */
export const isOwn = ({ hosts }: Pick<ClusterConfig, 'hosts'>, { kind, name }: HostTarget): boolean =>
  hosts !== null && Object.hasOwn(hosts[GROUPS[kind]], name);

/** All that this instance reaches by its own driver, and lends. */
export const ownTargets = ({ hosts }: Pick<ClusterConfig, 'hosts'>): readonly HostTarget[] =>
  KINDS.flatMap((kind) => Object.keys(hosts?.[GROUPS[kind]] ?? {}).map((name) => ({ kind, name })));

/** Where the instance is that lends it; null: nobody does. */
export const urlOf = ({ hosts }: Pick<ClusterConfig, 'hosts'>, { kind, name }: HostTarget): string | null => {
  const urls = hosts?.peers?.[GROUPS[kind]];
  return urls !== undefined && Object.hasOwn(urls, name) ? (urls[name] ?? null) : null;
};

/** Every instance that lends something, once, with what. Its own address may be among them. */
export function lendersOf(cluster: Pick<ClusterConfig, 'hosts'>): ReadonlyMap<string, readonly HostTarget[]> {
  const found = new Map<string, HostTarget[]>();
  for (const kind of KINDS)
    for (const [name, url] of Object.entries(cluster.hosts?.peers?.[GROUPS[kind]] ?? {}))
      found.set(url, [...(found.get(url) ?? []), { kind, name }]);
  return found;
}
