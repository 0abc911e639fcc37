import type { ApiToken, EkimiConfig, PeersConfig } from '../model/config.js';
import type { TlsConfig } from '../model/tls.js';
import type { NotificationsConfig, NotifyChannel, VetoHookConfig } from '../model/notify.js';

export const HIDDEN = '[secret]';

const auth = <A extends { readonly password: string }>(value: A | null): A | null =>
  value && { ...value, password: HIDDEN };
const tls = (value: TlsConfig | null): TlsConfig | null =>
  value && { ...value, key: value.key === null ? null : HIDDEN };

type Hosts = EkimiConfig['clusters'][number]['hosts'];
const withPeers = (hosts: Hosts, change: (peers: PeersConfig) => PeersConfig): Hosts =>
  hosts?.peers == null ? hosts : { ...hosts, peers: change(hosts.peers) };

function shownChannel(channel: NotifyChannel): NotifyChannel {
  const shown = { ...channel, tls: tls(channel.tls) };
  switch (shown.kind) {
    case 'pagerduty':
      return { ...shown, routingKey: HIDDEN };
    case 'slack':
      return { ...shown, url: HIDDEN };
    case 'webhook':
      return { ...shown, secret: shown.secret === null ? null : HIDDEN };
    default:
      return { ...shown, auth: auth(shown.auth) };
  }
}

const withChannels = (
  { notifications }: EkimiConfig,
  change: (channel: NotifyChannel) => NotifyChannel,
): { readonly notifications?: NotificationsConfig } =>
  notifications === undefined
    ? {}
    : {
        notifications: {
          ...notifications,
          channels: notifications.channels.map(change),
          ...(notifications.veto && {
            veto: { ...notifications.veto, hook: change(notifications.veto.hook) as VetoHookConfig['hook'] },
          }),
        },
      };

/** The key of PagerDuty, the address of Slack (its path alone is as good), the secret of a signature, passwords. */
function channelSecrets(channel: NotifyChannel): readonly (string | null | undefined)[] {
  switch (channel.kind) {
    case 'pagerduty':
      return [channel.routingKey, channel.tls?.key];
    case 'slack':
      return [channel.url, URL.canParse(channel.url) ? new URL(channel.url).pathname.slice(1) : null, channel.tls?.key];
    case 'webhook':
      return [channel.secret, channel.tls?.key];
    default: {
      const basic = channel.auth && Buffer.from(`${channel.auth.username}:${channel.auth.password}`).toString('base64');
      return [channel.auth?.password, basic, channel.tls?.key];
    }
  }
}

const apiTls = (
  { api }: EkimiConfig,
  change: (own: TlsConfig | null) => TlsConfig | null,
): { readonly tls?: TlsConfig | null } => (api.tls === undefined ? {} : { tls: change(api.tls) });

/** Its digest too: from that a short one is guessed. */
const shownToken = (one: ApiToken): ApiToken => ({
  ...one,
  token: HIDDEN,
  ...(one.sha256 === undefined ? {} : { sha256: HIDDEN }),
});

/** The configuration as it may be shown, journaled and hashed: each secret replaced by a word. */
export function withoutSecrets(config: EkimiConfig): EkimiConfig {
  return {
    ...config,
    api: { ...config.api, tokens: config.api.tokens.map(shownToken), ...apiTls(config, tls) },
    ...withChannels(config, shownChannel),
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

/** Where files lie may change too, not whether clients must show a certificate. */
const withoutPaths = ({ ca }: TlsConfig): TlsConfig => ({
  ca: ca === null ? null : HIDDEN,
  cert: null,
  key: null,
  insecure: false,
});

/** The same without what takes effect while we run: of PEM files the paths alone, of the API not whom it lets in. */
export const withoutRenewed = (config: EkimiConfig): EkimiConfig => ({
  ...config,
  api: { ...config.api, tokens: [], openOnLoopback: true, ...apiTls(config, (own) => own && withoutPaths(own)) },
  ...withChannels(config, (channel) => ({ ...channel, tls: unread(channel.tls) })),
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
    config.api.tls?.key,
    ...(config.notifications?.channels ?? []).flatMap(channelSecrets),
    ...(config.notifications?.veto === undefined ? [] : channelSecrets(config.notifications.veto.hook)),
  ];
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}
