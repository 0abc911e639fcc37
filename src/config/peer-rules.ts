import { isIP } from 'node:net';
import type { ClusterConfig, PeersConfig } from '../model/config.js';
import type { TlsConfig } from '../model/tls.js';
import { isLoopback, type HostAndPort } from './addresses.js';
import { eachCluster, repeated, type ConfigFacts } from './config-facts.js';
import type { Breach, Rule } from './rule.js';
import { didYouMean } from './suggest.js';

const TOO_SHORT_A_TOKEN = 20;

type PeerCheck = (peers: PeersConfig, at: string, cluster: ClusterConfig) => readonly Breach[];

const eachPeers = (check: PeerCheck): Rule<ConfigFacts>['check'] =>
  eachCluster((cluster, at) =>
    cluster.hosts?.peers == null ? [] : check(cluster.hosts.peers, `${at}.hosts.peers`, cluster),
  );

/** Whether it is written; a file that cannot be read has an error of its own. */
const names = (tls: TlsConfig | null, part: 'ca' | 'cert' | 'key'): boolean =>
  (tls?.files?.[part] ?? tls?.[part] ?? null) !== null;

/** Every URL with its key. */
const urlsOf = (peers: PeersConfig, at: string): readonly (readonly [key: string, url: string])[] =>
  (['members', 'dcs', 'proxy'] as const).flatMap((group) =>
    Object.entries(peers[group]).map(([name, url]) => [`${at}.${group}.${name}`, url] as const),
  );

/** An IP address as it stands in a URL; null: a name, or one that stands for any. */
function literal(host: string): string | null {
  const bare = host.replace(/^\[|\]$/g, '');
  const written = { 0: null, 4: bare, 6: `[${bare}]` }[isIP(bare)] ?? null;
  const address = written === null ? null : new URL(`http://${written}`).hostname;
  return address === '0.0.0.0' || address === '[::]' ? null : address;
}

/** Whether a URL leads to another place than where we listen. Behind a loopback address somebody else may listen for us. */
function leadsElsewhere(listen: HostAndPort, url: URL): boolean {
  const [here, there] = [literal(listen.host), literal(url.hostname)];
  if (here === null || there === null || listen.port === 0) return false;
  if (isLoopback(listen.host) && !isLoopback(url.hostname.replace(/^\[|\]$/g, ''))) return false;
  const port = url.port === '' ? { 'http:': 80, 'https:': 443 }[url.protocol] : Number(url.port);
  return here !== there || listen.port !== port;
}

/** Who may ask an instance to stop what stands beside it, and that each of them is asked for what it has. */
export const PEER_RULES: readonly Rule<ConfigFacts>[] = [
  {
    id: 'peers-driver',
    severity: 'error',
    keys: ['clusters[].hosts.driver', 'clusters[].hosts.peers'],
    check: eachCluster(({ hosts }, at) => {
      if (hosts === null || (hosts.driver === 'peers') === (hosts.peers != null)) return [];
      const isDriver = hosts.driver === 'peers';
      return [
        {
          key: isDriver ? `${at}.hosts.driver` : `${at}.hosts.peers`,
          found: isDriver ? 'peers, without hosts.peers' : `peers beside the driver ${hosts.driver}`,
          expected: isDriver ? 'hosts.peers' : 'driver: peers, and this driver as hosts.peers.local',
          remedy: isDriver
            ? 'name the instance beside each member in hosts.peers.members'
            : `write driver: peers and hosts.peers.local: ${hosts.driver}, or remove hosts.peers`,
        },
      ];
    }),
  },
  {
    // Whoever comes in may stop a member.
    id: 'peers-guarded',
    severity: 'error',
    keys: ['clusters[].hosts.peers.listen', 'clusters[].hosts.peers.tls', 'clusters[].hosts.peers.tokenEnv'],
    check: eachPeers(({ listen, tls, token }, at) => {
      if (listen === null) return [];
      const found = `${listen.host}:${listen.port}`;
      const rows: Breach[] = [];
      if (tls === null && !isLoopback(listen.host))
        rows.push({
          key: `${at}.listen`,
          found: `${found}, which others can reach, without tls`,
          expected: 'tls, or a loopback address',
          remedy: 'give hosts.peers.tls a certificate and its key, or listen on 127.0.0.1',
        });
      if (tls !== null && !(names(tls, 'cert') && names(tls, 'key')))
        rows.push({
          key: `${at}.tls`,
          found: 'no certificate to listen with',
          expected: 'cert and key',
          remedy: 'add cert and key to hosts.peers.tls: one certificate serves as client and as server',
        });
      if (token === null && !names(tls, 'ca'))
        rows.push({
          key: `${at}.listen`,
          found: `${found}, with neither a token nor tls.ca`,
          expected: 'to know who may ask',
          remedy:
            'name the authority of the instances in hosts.peers.tls.ca, or a shared secret in tokenEnv or tokenFile',
        });
      return rows;
    }),
  },
  {
    id: 'peers-in-clear',
    severity: 'error',
    keys: ['clusters[].hosts.peers.members', 'clusters[].hosts.peers.dcs', 'clusters[].hosts.peers.proxy'],
    check: eachPeers((peers, at) =>
      urlsOf(peers, at)
        .map(([key, url]) => ({ key, url: new URL(url) }))
        .filter(({ url }) => url.protocol === 'http:' && !isLoopback(url.hostname.replace(/^\[|\]$/g, '')))
        .map(({ key, url }) => ({
          key,
          found: `${url.origin}, in clear`,
          expected: 'https, or a loopback address',
          remedy: 'use https: in between anybody could say that a member is stopped, and read the token',
        })),
    ),
  },
  {
    id: 'peer-token-weak',
    severity: 'error',
    keys: ['clusters[].hosts.peers.tokenEnv', 'clusters[].hosts.peers.tokenFile'],
    check: eachPeers(({ token }, at) =>
      token === null || (token.length >= TOO_SHORT_A_TOKEN && /^[\x21-\x7e]+$/.test(token))
        ? []
        : [
            {
              key: at,
              found: 'a token that is short, or has signs that no header can carry',
              expected: `at least ${TOO_SHORT_A_TOKEN} characters, no blanks`,
              remedy: 'make one with: openssl rand -hex 32',
            },
          ],
    ),
  },
  {
    // The same address for two: what is asked of one is answered for the other, or refused.
    id: 'peer-once',
    severity: 'error',
    keys: ['clusters[].hosts.peers.members', 'clusters[].hosts.peers.dcs', 'clusters[].hosts.peers.proxy'],
    check: eachPeers((peers, at) =>
      (['members', 'dcs', 'proxy'] as const).flatMap((group) =>
        repeated(
          Object.entries(peers[group]).map(([name, url]) => [`${at}.${group}.${name}`, url]),
          'the address of a different instance for each',
          'correct the one that was copied and not changed',
        ),
      ),
    ),
  },
  {
    // What is copied from another machine bears the name of that one's member, and is stopped here: a stop that strikes the wrong PostgreSQL.
    id: 'peer-own-here',
    severity: 'error',
    keys: ['clusters[].hosts.members', 'clusters[].hosts.peers.members', 'clusters[].hosts.peers.listen'],
    check: eachPeers((peers, at, { hosts }) => {
      const own = (['members', 'dcs', 'proxy'] as const).flatMap((group) =>
        Object.entries(peers[group])
          .filter(([name]) => hosts !== null && Object.hasOwn(hosts[group], name))
          .map(([name, url]) => ({ key: `${at.replace(/\.peers$/, '')}.${group}.${name}`, name, url })),
      );
      const [first] = own;
      const { listen } = peers;
      return own.flatMap(({ key, name, url }) => {
        const elsewhere =
          url !== first?.url
            ? `${first?.url}, where ${first?.name} is`
            : listen !== null && leadsElsewhere(listen, new URL(url))
              ? `${listen.host}:${listen.port}, where this instance listens`
              : null;
        if (elsewhere === null) return [];
        return [
          {
            key,
            found: `${name} beside this instance, and by hosts.peers beside the one at ${url}`,
            expected: elsewhere,
            remedy: `name what runs on this machine, if it was copied from another one; write a name into hosts.peers, where an address is translated in between`,
          },
        ];
      });
    }),
  },
  {
    id: 'peer-listens-once',
    severity: 'error',
    keys: ['clusters[].hosts.peers.listen', 'api.listen'],
    check: ({ config: { clusters, api } }) =>
      repeated(
        [
          ['api.listen', `${api.host}:${api.port}`] as const,
          ...clusters.flatMap(({ hosts }, index) =>
            hosts?.peers?.listen == null || hosts.peers.listen.port === 0
              ? []
              : [
                  [
                    `clusters[${index}].hosts.peers.listen`,
                    `${hosts.peers.listen.host}:${hosts.peers.listen.port}`,
                  ] as const,
                ],
          ),
        ],
        'an address of its own',
        'choose another port',
      ),
  },
  {
    id: 'peer-complete',
    severity: 'warning',
    keys: ['clusters[].hosts.peers.members', 'clusters[].hosts.members'],
    check: eachPeers((peers, at, { members, hosts }) =>
      members
        .filter((member) => peers.members[member] === undefined && hosts?.members[member] === undefined)
        .map((member) => ({
          key: `${at}.members`,
          found: `no instance that lends a driver for ${member}`,
          expected: 'one for every member',
          remedy: `add ${member}; without it nothing proves that it is stopped, and nothing is started or fenced there`,
        })),
    ),
  },
  {
    id: 'peer-lends-something',
    severity: 'error',
    keys: ['clusters[].hosts.peers.local', 'clusters[].hosts.members'],
    check: eachPeers(({ local, listen }, at, { hosts }) => {
      const own = [hosts?.members, hosts?.dcs, hosts?.proxy].flatMap((group) => Object.keys(group ?? {}));
      if (local === null && (own.length > 0 || listen !== null))
        return [
          {
            key: `${at}.local`,
            found: own.length > 0 ? `no driver for ${own.join(', ')}` : 'no driver to lend',
            expected: 'the driver of what this instance reaches itself',
            remedy: 'write hosts.peers.local, or remove what it would be for',
          },
        ];
      if (local === null || own.length > 0) return [];
      return [
        {
          key: `${at}.local`,
          found: `${local}, and nothing named in hosts.members, hosts.dcs or hosts.proxy`,
          expected: 'the name of what this instance reaches itself',
          remedy: 'write hosts.members: { MEMBER: CONTAINER } for the member beside this instance',
        },
      ];
    }),
  },
  {
    id: 'peer-endpoint-known',
    severity: 'error',
    keys: ['clusters[].hosts.peers.dcs', 'clusters[].hosts.peers.proxy', 'clusters[].dcs.hosts'],
    check: eachPeers((peers, at, { dcs, proxies }) => {
      const known = { dcs: dcs.hosts.map(({ name }) => name), proxy: proxies.map(({ name }) => name) };
      return (['dcs', 'proxy'] as const).flatMap((group) =>
        Object.keys(peers[group])
          .filter((name) => !known[group].includes(name))
          .map((name) => ({
            key: `${at}.${group}.${name}`,
            found: `"${name}", which is no ${group === 'dcs' ? 'endpoint of dcs.hosts' : 'proxy of proxies'}`,
            expected: `one of ${known[group].join(', ')}`,
            remedy: didYouMean(name, known[group], 'use the names that are configured there'),
          })),
      );
    }),
  },
];
