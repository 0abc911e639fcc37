import type { ClusterConfig, ProxyConfig } from '../model/config.js';
import { backendsOf, ONLY_PROXY } from '../model/proxy.js';
import { eachCluster, repeated, type ConfigFacts } from './config-facts.js';
import type { Breach, Rule } from './rule.js';
import { nameShown } from './shown.js';
import { didYouMean } from './suggest.js';

/** The proxy that version 0.1.0 wrote has keys of its own. */
const keyOf = ({ name }: ProxyConfig, facts: ConfigFacts, index: number, at: string): string =>
  isOldForm(name, facts, index) ? `${at}.proxy` : `${at}.proxies.${name}`;

const isOldForm = (name: string, { values }: ConfigFacts, index: number): boolean =>
  name === ONLY_PROXY && values.clusters[index]?.proxy != null;

type ProxyCheck = (proxy: ProxyConfig, at: string, cluster: ClusterConfig) => readonly Breach[];

const eachProxy = (check: ProxyCheck): Rule<ConfigFacts>['check'] =>
  eachCluster((cluster, at, facts, index) =>
    cluster.proxies.flatMap((proxy) => check(proxy, keyOf(proxy, facts, index, at), cluster)),
  );

/** Which proxies there are, what their pools are for, and which server is which member. */
export const PROXY_RULES: readonly Rule<ConfigFacts>[] = [
  {
    id: 'proxy-once',
    severity: 'error',
    keys: ['clusters[].proxy', 'clusters[].proxies'],
    check: eachCluster((_, at, { values }, index) => {
      const { proxy, proxies } = values.clusters[index] ?? {};
      if (proxy == null || proxies === undefined || Object.keys(proxies).length === 0) return [];
      return [
        {
          key: `${at}.proxy`,
          found: `proxy, and proxies with ${Object.keys(proxies).join(', ')}`,
          expected: 'one of the two',
          remedy: 'move what stands below proxy to a name below proxies',
        },
      ];
    }),
  },
  {
    // A subject of problems, of sites and of what is told: one name is one thing.
    id: 'proxy-name-apart',
    severity: 'error',
    keys: ['clusters[].proxies', 'clusters[].patroni.members', 'clusters[].dcs.hosts'],
    check: eachCluster(({ proxies, members, dcs }, at) => {
      const taken: readonly string[] = [...members, ...dcs.hosts.map(({ name }) => name), 'ekimi'];
      return proxies
        .filter(({ name }) => taken.includes(name))
        .map(({ name }) => ({
          key: `${at}.proxies.${name}`,
          found: `"${name}", which is a member or an etcd endpoint, or stands for this instance`,
          expected: 'a name of its own',
          remedy: 'rename the proxy; the name is yours, HAProxy does not know it',
        }));
    }),
  },
  {
    // The same proxy twice would be drained twice and trusted twice.
    id: 'proxy-place-unique',
    severity: 'error',
    keys: ['clusters[].proxies.NAME.stats', 'clusters[].proxies.NAME.runtime'],
    check: eachCluster(({ proxies }, at) =>
      [
        proxies.map(({ name, stats }) => [`${at}.proxies.${name}.stats`, stats] as const),
        proxies.flatMap(({ name, runtime }) =>
          runtime === null ? [] : [[`${at}.proxies.${name}.runtime`, runtime] as const],
        ),
      ].flatMap((rows) =>
        repeated(rows, 'a different one for each', 'correct the one that was copied and not changed'),
      ),
    ),
  },
  {
    id: 'backends-apart',
    severity: 'error',
    keys: [
      'clusters[].proxies.NAME.pools.writes',
      'clusters[].proxies.NAME.pools.reads',
      'clusters[].proxy.primaryBackend',
      'clusters[].proxy.replicaBackend',
    ],
    check: eachCluster((cluster, at, facts, index) =>
      cluster.proxies.flatMap((proxy) => {
        const { writes, reads } = proxy.pools;
        const key = keyOf(proxy, facts, index, at);
        const [first, second] = isOldForm(proxy.name, facts, index)
          ? ['replicaBackend', 'replicaBackend']
          : ['pools.reads', 'pools.writes'];
        const both = writes !== null && reads.includes(writes);
        const twice = reads.filter((name, place) => reads.indexOf(name) !== place);
        return [
          ...(both
            ? [
                {
                  key: `${key}.${first}`,
                  found: `${nameShown(writes)} for both pools`,
                  expected: 'two backends',
                  remedy: 'name the backend of the replicas: draining in the pool of the primary would stop writes',
                },
              ]
            : []),
          ...twice.map((name) => ({
            key: `${key}.${first}`,
            found: `${nameShown(name)} twice`,
            expected: 'each backend once',
            remedy: 'remove one of them',
          })),
          ...(writes === null && reads.length === 0
            ? [
                {
                  key: `${key}.${second}`,
                  found: 'no backend for writes and none for reads',
                  expected: 'at least one backend',
                  remedy: 'name its backends, or remove the proxy',
                },
              ]
            : []),
        ];
      }),
    ),
  },
  {
    id: 'server-of-known',
    severity: 'error',
    keys: ['clusters[].proxies.NAME.servers', 'clusters[].patroni.members'],
    check: eachProxy(({ servers }, at, { members }) =>
      Object.entries(servers)
        .flatMap(([server, member]) => (member === null || members.includes(member) ? [] : [[server, member] as const]))
        .map(([server, member]) => ({
          key: `${at}.servers.${server}`,
          found: `"${member}", which patroni.members lacks`,
          expected: `one of ${members.join(', ')}`,
          remedy: didYouMean(member, members, 'remove it here'),
        })),
    ),
  },
  {
    id: 'server-backend-known',
    severity: 'error',
    keys: ['clusters[].proxies.NAME.servers', 'clusters[].proxies.NAME.pools'],
    check: eachProxy(({ servers, pools }, at) => {
      const backends = backendsOf(pools);
      return Object.keys(servers)
        .flatMap((server) => (server.includes('/') ? [[server, server.split('/')[0] ?? ''] as const] : []))
        .filter(([, backend]) => !backends.includes(backend))
        .map(([server, backend]) => ({
          key: `${at}.servers.${server}`,
          found: `${nameShown(backend)}, which is no pool of this proxy`,
          expected: `one of ${backends.join(', ')}`,
          remedy: didYouMean(backend, backends, 'remove it here, or name the pool'),
        }));
    }),
  },
  {
    // One of the two would be taken for the member, and the other go on giving it clients.
    id: 'server-of-one-member',
    severity: 'error',
    keys: ['clusters[].proxies.NAME.servers'],
    check: eachProxy(({ servers }, at) =>
      repeated(
        Object.entries(servers)
          .filter(([, member]) => member !== null)
          .map(([server, member]) => [
            `${at}.servers.${server}`,
            `${server.includes('/') ? (server.split('/')[0] ?? '') : ''}/${member}`,
          ]),
        'each member once in a pool',
        'correct the one that was copied and not changed; where pools name their servers differently write BACKEND/SERVER',
        (value) => nameShown(value.replace(/^.*\//, '')),
      ),
    ),
  },
  {
    // Both would be taken for the one member, and neither for the other.
    id: 'server-not-a-namesake',
    severity: 'error',
    keys: ['clusters[].proxies.NAME.servers', 'clusters[].patroni.members'],
    check: eachProxy(({ servers }, at, { members }) =>
      Object.entries(servers).flatMap(([key, member]) => {
        const server = key.replace(/^.*\//, '');
        const isTaken = member !== null && !Object.keys(servers).some((one) => one.replace(/^.*\//, '') === member);
        if (member === null || member === server || !isTaken || !members.some((name) => name === server)) return [];
        return [
          {
            key: `${at}.servers.${key}`,
            found: `"${member}", while the server is called like the member ${server}, and one that is called ${member} is ${member} too`,
            expected: `a row for the server ${member} as well, or none for ${server}`,
            remedy: 'write both, if the names are crossed; else remove this row',
          },
        ];
      }),
    ),
  },
];
