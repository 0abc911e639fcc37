import type { ProxySeen, ProxyView } from '../../src/model/proxy.js';
import { notConfigured, type Reading } from '../../src/model/reading.js';
import type { ClusterView } from '../../src/model/view.js';
import type { Ports } from '../../src/observe/ports.js';
import type { ProxyPort } from '../../src/ports/proxy.js';

/** The usual one: two pools, servers called like members. */
export const ONE_PROXY = {
  name: 'proxy',
  pools: { writes: 'postgres_primary', reads: ['postgres_replicas'] },
} as const;

/** The view with one proxy that says this. */
export const withSeen = (view: ClusterView, seen: Reading<ProxyView>): ClusterView => ({
  ...view,
  proxies: [{ ...(view.proxies[0] ?? ONE_PROXY), seen }],
});

/** What the first proxy says. */
export const seenOf = ({ proxies }: ClusterView): Reading<ProxyView> => proxies[0]?.seen ?? notConfigured('proxy', 0);

/** Each proxy of a view changed. */
export const eachProxy = (view: ClusterView, change: (proxy: ProxySeen) => Partial<ProxySeen>): ClusterView => ({
  ...view,
  proxies: view.proxies.map((proxy) => ({ ...proxy, ...change(proxy) })),
});

/** The ports with each proxy changed. */
export const withProxies = <P extends Pick<Ports, 'proxies'>>(
  ports: P,
  change: (port: ProxyPort, name: string) => ProxyPort,
): P => ({
  ...ports,
  proxies: Object.fromEntries(Object.entries(ports.proxies).map(([name, port]) => [name, change(port, name)])),
});

/** The first proxy. */
export function proxyOf({ proxies }: Pick<Ports, 'proxies'>): ProxyPort {
  const [first] = Object.values(proxies);
  if (first === undefined) throw new Error('no proxy');
  return first;
}
