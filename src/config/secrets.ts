import type { EkimiConfig, PeersConfig, TlsConfig } from '../model/config.js';

export const HIDDEN = '[secret]';

const auth = <A extends { readonly password: string }>(value: A | null): A | null =>
  value && { ...value, password: HIDDEN };
const tls = (value: TlsConfig | null): TlsConfig | null =>
  value && { ...value, key: value.key === null ? null : HIDDEN };

type Hosts = EkimiConfig['clusters'][number]['hosts'];
const withPeers = (hosts: Hosts, change: (peers: PeersConfig) => PeersConfig): Hosts =>
  hosts?.peers == null ? hosts : { ...hosts, peers: change(hosts.peers) };

/** The configuration as it may be shown, journaled and hashed: each secret replaced by a word. */
export function withoutSecrets(config: EkimiConfig): EkimiConfig {
  return {
    ...config,
    api: { ...config.api, tokens: config.api.tokens.map((token) => ({ ...token, token: HIDDEN })) },
    clusters: config.clusters.map((cluster) => ({
      ...cluster,
      patroni: { ...cluster.patroni, auth: auth(cluster.patroni.auth), tls: tls(cluster.patroni.tls) },
      dcs: { ...cluster.dcs, auth: auth(cluster.dcs.auth), tls: tls(cluster.dcs.tls) },
      postgres: cluster.postgres && {
        ...cluster.postgres,
        password: cluster.postgres.password === null ? null : HIDDEN,
        tls: tls(cluster.postgres.tls),
      },
      proxies: cluster.proxies.map((proxy) => ({ ...proxy, statsAuth: auth(proxy.statsAuth), tls: tls(proxy.tls) })),
      hosts: withPeers(cluster.hosts, (peers) => ({
        ...peers,
        token: peers.token === null ? null : HIDDEN,
        tls: tls(peers.tls),
      })),
      ...(cluster.poolers && {
        poolers: cluster.poolers.map((pooler) => ({
          ...pooler,
          password: pooler.password === null ? null : HIDDEN,
          tls: tls(pooler.tls),
        })),
      }),
    })),
  };
}

const unread = (value: TlsConfig | null): TlsConfig | null => value && { ...value, ca: null, cert: null, key: null };

/** The same with the paths of PEM files alone. */
export const withoutPems = (config: EkimiConfig): EkimiConfig => ({
  ...config,
  clusters: config.clusters.map((cluster) => ({
    ...cluster,
    patroni: { ...cluster.patroni, tls: unread(cluster.patroni.tls) },
    dcs: { ...cluster.dcs, tls: unread(cluster.dcs.tls) },
    postgres: cluster.postgres && { ...cluster.postgres, tls: unread(cluster.postgres.tls) },
    proxies: cluster.proxies.map((proxy) => ({ ...proxy, tls: unread(proxy.tls) })),
    hosts: withPeers(cluster.hosts, (peers) => ({ ...peers, tls: unread(peers.tls) })),
    ...(cluster.poolers && { poolers: cluster.poolers.map((one) => ({ ...one, tls: unread(one.tls) })) }),
  })),
});

/** Every secret value. */
export function secretsOf(config: EkimiConfig): readonly string[] {
  const logins = config.clusters.flatMap(({ patroni, dcs, proxies }) => [
    patroni.auth,
    dcs.auth,
    ...proxies.map(({ statsAuth }) => statsAuth),
  ]);
  const values = [
    ...logins.map((login) => login?.password),
    // As basic authentication carries it.
    ...logins.map((login) => login && Buffer.from(`${login.username}:${login.password}`).toString('base64')),
    ...config.clusters.flatMap(({ patroni, dcs, postgres, proxies, poolers = [], hosts }) => [
      postgres?.password,
      hosts?.peers?.token,
      ...poolers.map(({ password }) => password),
      ...[
        patroni.tls,
        dcs.tls,
        postgres?.tls,
        hosts?.peers?.tls,
        ...[...proxies, ...poolers].map(({ tls }) => tls),
      ].map((each) => each?.key),
    ]),
    ...config.api.tokens.map(({ token }) => token),
  ];
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}
