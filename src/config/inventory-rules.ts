import type { ClusterConfig, EkimiConfig } from '../model/config.js';
import { eachCluster, repeated, type ConfigFacts } from './config-facts.js';
import type { Rule } from './rule.js';
import { didYouMean } from './suggest.js';

/** The maps that are keyed by member, as far as they are written. */
const memberMaps = (cluster: ClusterConfig): readonly (readonly [string, readonly string[]])[] => [
  ...(cluster.postgres === null ? [] : [['postgres.members', Object.keys(cluster.postgres.hosts)] as const]),
  ...(cluster.hosts === null || cluster.hosts.driver === 'peers' || Object.keys(cluster.hosts.members).length === 0
    ? []
    : [['hosts.members', Object.keys(cluster.hosts.members)] as const]),
];

/** Those that need not have everybody. */
const partialMaps = ({
  intended,
  patroni,
  postgres,
  hosts,
  power,
}: ClusterConfig): readonly (readonly [string, readonly string[]])[] => [
  ['intended', Object.keys(intended ?? {})],
  ['patroni.advertised', Object.keys(patroni.advertised ?? {})],
  ['postgres.advertised', Object.keys(postgres?.advertised ?? {})],
  ['power.members', Object.keys(power?.members ?? {})],
  ['hosts.peers.members', Object.keys(hosts?.peers?.members ?? {})],
  ...(hosts?.driver === 'peers' ? [['hosts.members', Object.keys(hosts.members)] as const] : []),
];

/** Who there is, and that every list of them names the same ones. */
export const INVENTORY_RULES: readonly Rule<ConfigFacts>[] = [
  {
    id: 'scope-unique',
    severity: 'error',
    keys: ['clusters[].scope', 'clusters[].dcs.namespace'],
    check: ({ config }) =>
      repeated(
        config.clusters.map((cluster, index) => [`clusters[${index}].scope`, cluster.scope]),
        'each scope once',
        'remove one of the two clusters; two clusters of one name cannot share a journal',
      ),
  },
  {
    id: 'members-some',
    severity: 'error',
    keys: ['clusters[].patroni.members'],
    check: eachCluster(({ members }, at) =>
      members.length > 0
        ? []
        : [
            {
              key: `${at}.patroni.members`,
              found: 'no member',
              expected: 'at least one member',
              remedy: 'name every member with the URL of its Patroni',
            },
          ],
    ),
  },
  {
    id: 'dcs-hosts-some',
    severity: 'error',
    keys: ['clusters[].dcs.hosts'],
    check: eachCluster(({ dcs }, at) =>
      dcs.hosts.length > 0
        ? []
        : [
            {
              key: `${at}.dcs.hosts`,
              found: 'no endpoint',
              expected: 'at least one etcd endpoint',
              remedy: 'name every etcd endpoint: quorum is judged by their number',
            },
          ],
    ),
  },
  {
    id: 'member-known',
    severity: 'error',
    keys: [
      'clusters[].patroni.members',
      'clusters[].postgres.members',
      'clusters[].hosts.members',
      'clusters[].intended',
      'clusters[].patroni.advertised',
      'clusters[].postgres.advertised',
    ],
    check: eachCluster((cluster, at) =>
      [...memberMaps(cluster), ...partialMaps(cluster)].flatMap(([map, names]) =>
        names
          .filter((name) => !cluster.members.some((member) => member === name))
          .map((name) => ({
            key: `${at}.${map}.${name}`,
            found: `"${name}", which patroni.members lacks`,
            expected: `one of ${cluster.members.join(', ')}`,
            remedy: didYouMean(name, cluster.members, 'add it to patroni.members or remove it here'),
          })),
      ),
    ),
  },
  {
    // A name that is nobody's would leave a site without what stands there, and never be found lost.
    id: 'site-of-known',
    severity: 'error',
    keys: ['clusters[].sites', 'clusters[].patroni.members', 'clusters[].dcs.hosts'],
    check: eachCluster((cluster, at) => {
      const proxies = cluster.proxies.map(({ name }) => name).filter((name) => name !== 'proxy');
      const known = [...cluster.members, ...cluster.dcs.hosts.map(({ name }) => name), ...proxies, 'proxy', 'ekimi'];
      return Object.keys(cluster.sites ?? {})
        .filter((name) => !known.includes(name))
        .map((name) => ({
          key: `${at}.sites.${name}`,
          found: `"${name}", which is no member and no etcd endpoint`,
          expected: `one of ${known.join(', ')}`,
          remedy: didYouMean(name, known, 'remove it here'),
        }));
    }),
  },
  {
    id: 'member-complete',
    severity: 'warning',
    keys: ['clusters[].postgres.members', 'clusters[].hosts.members'],
    check: eachCluster((cluster, at) =>
      memberMaps(cluster).flatMap(([map, names]) =>
        cluster.members
          .filter((member) => !names.includes(member))
          .map((member) => ({
            key: `${at}.${map}`,
            found: `no entry for ${member}`,
            expected: 'an entry for every member',
            remedy: `add ${member}; without it what needs this channel is not done on ${member}`,
          })),
      ),
    ),
  },
  {
    // Two names for one place would make one member's silence look like another's, and an action hit the wrong one.
    id: 'place-unique',
    severity: 'error',
    keys: ['clusters[].patroni.members', 'clusters[].postgres.members', 'clusters[].dcs.hosts', 'clusters[].hosts'],
    check: ({ config }) =>
      placesOf(config).flatMap((rows) =>
        repeated(rows, 'a different one for each', 'correct the one that was copied and not changed'),
      ),
  },
  {
    id: 'dcs-host-known',
    severity: 'error',
    keys: ['clusters[].dcs.hosts', 'clusters[].hosts.dcs', 'clusters[].power.dcs'],
    check: eachCluster(({ dcs, hosts, power }, at, facts, index) => {
      const names = dcs.hosts.map(({ name }) => name);
      const bare = Array.isArray(facts.values.clusters[index]?.dcs.hosts);
      const named = [
        ...Object.keys(hosts?.dcs ?? {}).map((name) => ['hosts', name] as const),
        ...Object.keys(power?.dcs ?? {}).map((name) => ['power', name] as const),
      ];
      return named
        .filter(([, name]) => !names.includes(name))
        .map(([part, name]) => ({
          key: `${at}.${part}.dcs.${name}`,
          found: `"${name}", which is no endpoint of dcs.hosts`,
          expected: `one of ${names.join(', ')}`,
          remedy: bare
            ? 'name the endpoints: write dcs.hosts as a map { NAME: URL }, or name as many hosts here as there are URLs'
            : didYouMean(name, names, 'use the names of dcs.hosts'),
        }));
    }),
  },
];

/** Lists of (key, place) within each of which no place may come twice, over all clusters. */
function placesOf(config: EkimiConfig): readonly (readonly (readonly [string, string])[])[] {
  const over = (rows: (cluster: ClusterConfig) => readonly (readonly [string, string])[]) =>
    config.clusters.flatMap((cluster, index) =>
      rows(cluster).map(([key, value]) => [`clusters[${index}].${key}`, value] as const),
    );
  return [
    over(({ patroni }) => Object.entries(patroni.urls).map(([name, url]) => [`patroni.members.${name}`, url])),
    over(({ postgres }) =>
      Object.entries(postgres?.hosts ?? {}).map(([name, at]) => [`postgres.members.${name}`, `${at.host}:${at.port}`]),
    ),
    over(({ power }) =>
      Object.entries(power?.members ?? {}).map(([name, outlet]) => [`power.members.${name}`, outlet]),
    ),
    over(({ hosts }) => Object.entries(hosts?.members ?? {}).map(([name, host]) => [`hosts.members.${name}`, host])),
    // Clusters may share etcd, so endpoints are compared within one cluster only.
    // And what lies behind two NATs may have one address.
    ...config.clusters.flatMap(({ dcs, hosts, patroni, postgres }, index) => [
      ...[patroni, postgres].map((part, which) =>
        Object.entries(part?.advertised ?? {}).map(
          ([name, at]) =>
            [
              `clusters[${index}].${which === 0 ? 'patroni' : 'postgres'}.advertised.${name}`,
              `${at.host}:${at.port}`,
            ] as const,
        ),
      ),
      dcs.hosts.map(({ url }) => [`clusters[${index}].dcs.hosts`, url] as const),
      Object.entries(hosts?.dcs ?? {}).map(([name, host]) => [`clusters[${index}].hosts.dcs.${name}`, host] as const),
    ]),
  ];
}
