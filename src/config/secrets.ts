import type { EkimiConfig, TlsConfig } from '../model/config.js';

const HIDDEN = '[secret]';

const auth = <A extends { readonly password: string }>(value: A | null): A | null =>
  value && { ...value, password: HIDDEN };
const tls = (value: TlsConfig | null): TlsConfig | null =>
  value && { ...value, key: value.key === null ? null : HIDDEN };

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
      proxy: cluster.proxy && { ...cluster.proxy, statsAuth: auth(cluster.proxy.statsAuth) },
    })),
  };
}

/** Every secret value, for the logger's redaction. */
export function secretsOf(config: EkimiConfig): readonly string[] {
  const values = config.clusters.flatMap(({ patroni, dcs, postgres, proxy }) => [
    patroni.auth?.password,
    dcs.auth?.password,
    postgres?.password,
    proxy?.statsAuth?.password,
    ...[patroni.tls, dcs.tls, postgres?.tls].map((each) => each?.key),
  ]);
  return [...values, ...config.api.tokens.map(({ token }) => token)].filter(
    (value): value is string => typeof value === 'string' && value !== '',
  );
}
