import { hostname } from 'node:os';
import { dirname, resolve } from 'node:path';
import type { ClusterConfig, EkimiConfig, PoolerConfig, ProxyConfig } from '../model/config.js';
import { memberName } from '../model/names.js';
import { ONLY_PROXY } from '../model/proxy.js';
import { CONFIG_RULES } from './config-rules.js';
import { notificationsOf } from './load-notifications.js';
import type { Loaded } from './config-error.js';
import { hashOf } from './hash.js';
import { readValues, type ClusterValues, type ConfigValues } from './read-values.js';
import { judge } from './rule.js';
import { withoutRenewed, withoutSecrets } from './secrets.js';
import { SecretReader, type Environment } from './secret-reader.js';

export type LoadedConfig = Loaded<{ readonly config: EkimiConfig; readonly hash: string }>;

/**
 * Reads, checks and completes `ekimi.yaml`, and resolves its secrets from `env` and from files. Never throws; with one error there is no
 * configuration. Relative paths start at the folder of the file. `hash` leaves secrets out, and what PEM files hold: renewed ones are no other
 * configuration.
 */
export function loadConfig(file: string, env: Environment): LoadedConfig {
  const read = readValues(file);
  if (!read.ok) return read;
  const { values, locator } = read;
  const secrets = new SecretReader(locator, dirname(resolve(file)), env);
  const config = configOf(values, secrets);
  const rows = judge(CONFIG_RULES, { config, values }, locator);
  const wrong = [...secrets.errors, ...rows.filter((row) => row.severity === 'error')];
  if (wrong.length > 0) return { ok: false, errors: wrong };
  return { ok: true, config, hash: hashOf(withoutRenewed(withoutSecrets(config))), warnings: rows, locator };
}

/** The command line's own token, if the daemon was started from a shell that has one. */
const TOKEN_VARIABLE = 'EKIMI_TOKEN';

function configOf(values: ConfigValues, secrets: SecretReader): EkimiConfig {
  const { journal, api } = values;
  const clusters = values.clusters.map((cluster, index) => clusterOf(cluster, `clusters[${index}]`, secrets));
  const tokens = api.tokens.map(({ name, role, ...source }, index) => ({
    name,
    role,
    ...secrets.token(`api.tokens[${index}]`, source),
  }));
  const notifications = values.notifications && notificationsOf(values.notifications, secrets);
  const secretEnv = [...secrets.variables, TOKEN_VARIABLE].sort();
  return {
    clusters: clusters.map((cluster) => ({ ...cluster, secretEnv })),
    journal: {
      directory: secrets.path(journal.directory),
      maxFileBytes: journal.maxFile,
      keepFiles: journal.keepFiles,
    },
    api: {
      host: api.listen.host,
      port: api.listen.port,
      openOnLoopback: api.openOnLoopback,
      streams: api.streams,
      tls: secrets.tls('api.tls', api.tls && { ...api.tls, insecure: false }),
      tokens,
    },
    ...(notifications && { notifications }),
    policyFile: secrets.path(values.policy),
    log: values.log,
    instance: values.instance ?? `${hostname()}:${process.pid}`,
  };
}

type CheckValues = NonNullable<NonNullable<ClusterValues['postgres']>['check']>;
type CheckConfig = NonNullable<NonNullable<ClusterConfig['postgres']>['check']>;

function clusterOf(values: ClusterValues, at: string, secrets: SecretReader): ClusterConfig {
  const { patroni, dcs, postgres, hosts, tags } = values;
  return {
    scope: values.scope,
    ...(values.policy === null ? {} : { policyFile: secrets.path(values.policy) }),
    members: Object.keys(patroni.members).map(memberName),
    patroni: {
      urls: patroni.members,
      advertised: patroni.advertised,
      auth: secrets.auth(`${at}.patroni.auth`, patroni.auth),
      tls: secrets.tls(`${at}.patroni.tls`, patroni.tls),
    },
    sites: values.sites,
    intended: values.intended,
    dcs: {
      hosts: dcsHostsOf(values),
      namespace: dcs.namespace,
      auth: secrets.auth(`${at}.dcs.auth`, dcs.auth),
      tls: secrets.tls(`${at}.dcs.tls`, dcs.tls),
      ekimiNamespace: dcs.ekimiNamespace,
      tenureTtlMs: dcs.tenureTtl,
      quotaBytes: dcs.quota,
    },
    postgres: postgres && {
      hosts: postgres.members,
      advertised: postgres.advertised,
      user: postgres.user,
      password: secrets.optional(`${at}.postgres`, 'password', postgres.passwordEnv, postgres.passwordFile),
      database: postgres.database,
      tls: secrets.tls(`${at}.postgres.tls`, postgres.tls),
      ...(postgres.heartbeat === null ? {} : { heartbeat: postgres.heartbeat }),
      ...(postgres.check === null ? {} : { check: checkOf(postgres.check) }),
    },
    proxies: proxiesOf(values, at, secrets),
    ...(Object.keys(values.poolers).length === 0 ? {} : { poolers: poolersOf(values, at, secrets) }),
    hosts: hosts && hostsOf(hosts, `${at}.hosts`, secrets),
    power: values.power,
    tags: tags && { ...tags, file: tags.driver === 'file' ? secrets.path(tags.file) : tags.file },
    deadlines: values.deadlines,
  };
}

const checkOf = ({ program, within, statementTimeout, cron, timezone }: CheckValues): CheckConfig => ({
  program,
  withinMs: within,
  statementTimeoutMs: statementTimeout,
  schedule: cron === null ? null : { cron, timezone, forMs: 0, reason: '' },
});

function proxiesOf({ proxy, proxies }: ClusterValues, at: string, secrets: SecretReader): readonly ProxyConfig[] {
  const named = Object.entries(proxies).map(([name, { statsAuth, tls, ...rest }]) => ({
    name,
    ...rest,
    statsAuth: secrets.auth(`${at}.proxies.${name}.statsAuth`, statsAuth),
    tls: secrets.tls(`${at}.proxies.${name}.tls`, tls),
    servers: Object.fromEntries(
      Object.entries(rest.servers).map(([server, member]) => [server, member === null ? null : memberName(member)]),
    ),
  }));
  if (proxy === null) return named;
  const { stats, runtime, primaryBackend, replicaBackend } = proxy;
  const only: ProxyConfig = {
    name: ONLY_PROXY,
    stats,
    statsAuth: secrets.auth(`${at}.proxy.statsAuth`, proxy.statsAuth),
    tls: null,
    runtime,
    pools: { writes: primaryBackend, reads: [replicaBackend] },
    servers: {},
  };
  return [only, ...named];
}

function hostsOf(
  { peers, ...hosts }: NonNullable<ClusterValues['hosts']>,
  at: string,
  secrets: SecretReader,
): ClusterConfig['hosts'] {
  if (peers === null) return hosts;
  const { tls, tokenEnv, tokenFile, ...rest } = peers;
  return {
    ...hosts,
    peers: {
      ...rest,
      tls: secrets.tls(`${at}.peers.tls`, tls && { ...tls, insecure: false }),
      token: secrets.optional(`${at}.peers`, 'token', tokenEnv, tokenFile),
    },
  };
}
const poolersOf = ({ poolers }: ClusterValues, at: string, secrets: SecretReader): readonly PoolerConfig[] =>
  Object.entries(poolers).map(([name, { passwordEnv, passwordFile, tls, ...rest }]) => ({
    name,
    ...rest,
    password: secrets.optional(`${at}.poolers.${name}`, 'password', passwordEnv, passwordFile),
    tls: secrets.tls(`${at}.poolers.${name}.tls`, tls),
  }));

/** Names for a bare list of URLs: those of `hosts.dcs` in order, so that an endpoint and what runs it can be matched. */
function dcsHostsOf({ dcs, hosts }: ClusterValues): readonly { readonly name: string; readonly url: string }[] {
  if (!isList(dcs.hosts)) return Object.entries(dcs.hosts).map(([name, url]) => ({ name, url }));
  const names = Object.keys(hosts?.dcs ?? {});
  const urls = dcs.hosts;
  return urls.map((url, index) => ({
    name: (names.length === urls.length ? names[index] : undefined) ?? `etcd${index + 1}`,
    url,
  }));
}

const isList = (value: ClusterValues['dcs']['hosts']): value is readonly string[] => Array.isArray(value);
