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

const unread = (value: TlsConfig | null): TlsConfig | null => value && { ...value, ca: null, cert: null, key: null };

/** The same with the paths of PEM files alone. */
export const withoutPems = (config: EkimiConfig): EkimiConfig => ({
  ...config,
  clusters: config.clusters.map((cluster) => ({
    ...cluster,
    patroni: { ...cluster.patroni, tls: unread(cluster.patroni.tls) },
    dcs: { ...cluster.dcs, tls: unread(cluster.dcs.tls) },
    postgres: cluster.postgres && { ...cluster.postgres, tls: unread(cluster.postgres.tls) },
  })),
});

/** Every secret value. */
function secretsOf(config: EkimiConfig): readonly string[] {
  const logins = config.clusters.flatMap(({ patroni, dcs, proxy }) => [
    patroni.auth,
    dcs.auth,
    proxy?.statsAuth ?? null,
  ]);
  const values = [
    ...logins.map((login) => login?.password),
    // As basic authentication carries it.
    ...logins.map((login) => login && Buffer.from(`${login.username}:${login.password}`).toString('base64')),
    ...config.clusters.flatMap(({ patroni, dcs, postgres }) => [
      postgres?.password,
      ...[patroni.tls, dcs.tls, postgres?.tls].map((each) => each?.key),
    ]),
    ...config.api.tokens.map(({ token }) => token),
  ];
  return values.filter((value): value is string => typeof value === 'string' && value !== '');
}

/** The same text without any of our secrets. */
export type Redactor = (text: string) => string;

const SHORT = 8;
const verbatim = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
const jsonText = (text: string): string => JSON.stringify(text).slice(1, -1);

/** A short secret only as a word of its own, or half of what is written would be hidden. */
const patternOf = (form: string): string =>
  form.length < SHORT ? `(?<![\\p{L}\\p{N}_])${verbatim(form)}(?![\\p{L}\\p{N}_])` : verbatim(form);

/** A cut leaves this much of a secret at least before it counts as one that was cut. */
const LEAST_LEFT = 4;
/** Keys and certificates are too long to be looked for letter by letter, and begin alike. */
const LONGEST_CUT = 200;

/**
 * What a cut (an excerpt of an answer, a message of 200 characters) leaves of a secret that lay across it: its beginning, with nothing of a
 * word behind it. Beginnings that the configuration spells out elsewhere are ordinary words.
 */
const beginningsOf = (form: string, open: string): readonly string[] =>
  form.length > LONGEST_CUT
    ? []
    : Array.from({ length: Math.max(0, form.length - LEAST_LEFT) }, (_, index) => form.slice(0, LEAST_LEFT + index))
        .filter((beginning) => !open.includes(jsonText(beginning)))
        .map((beginning) => `(?<![\\p{L}\\p{N}_])${verbatim(beginning)}(?![\\p{L}\\p{N}_+/=%-])`);

/**
 * Replaces every secret of the configuration in a text by a word: as it is, as in JSON, as in an address, and what a cut has left of it. A
 * password that the configuration spells out elsewhere (`postgres` of the user postgres) is left: hiding that word would hide names, and
 * the password from nobody.
 */
export function redactorOf(config: EkimiConfig): Redactor {
  const open = JSON.stringify(withoutSecrets(config));
  const forms = secretsOf(config)
    .filter((secret) => !open.includes(jsonText(secret)))
    .flatMap((secret) => [secret, jsonText(secret), encodeURIComponent(secret)]);
  if (forms.length === 0) return (text) => text;
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  const beginnings = longestFirst.flatMap((form) => beginningsOf(form, open)).sort((a, b) => b.length - a.length);
  const whole = new RegExp(longestFirst.map(patternOf).join('|'), 'gu');
  const cut = beginnings.length === 0 ? null : new RegExp(beginnings.join('|'), 'gu');
  return (text) => {
    const masked = text.replace(whole, HIDDEN);
    return cut === null ? masked : masked.replace(cut, HIDDEN);
  };
}
