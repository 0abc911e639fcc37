import type { ApiConfig, ClusterConfig, EkimiConfig } from '../model/config.js';

/**
 * When a changed key of `ekimi.yaml` takes effect. `live`: read anew while all goes on. `reload`: its cluster is begun anew within the process.
 * `restart`: at the next start of Ekimi.
 */
export type Takes = 'live' | 'reload' | 'restart';

/** A key that is missing here does not compile. */
type Keys<C> = Readonly<Record<keyof C, Takes>>;

/** Of the whole file, but for the clusters. */
export const FILE: Keys<Omit<EkimiConfig, 'clusters' | 'api'>> = {
  journal: 'restart',
  notifications: 'restart',
  policyFile: 'live',
  log: 'restart',
  instance: 'restart',
};

export const API: Keys<ApiConfig> = {
  host: 'restart',
  port: 'restart',
  streams: 'restart',
  openOnLoopback: 'live',
  tokens: 'live',
  // Renewed files are left out before it is compared: what is left is whether there is TLS, and whether clients show a certificate.
  tls: 'restart',
};

export const CLUSTER: Keys<Omit<ClusterConfig, 'scope' | 'dcs'>> = {
  policyFile: 'live',
  members: 'reload',
  patroni: 'reload',
  sites: 'reload',
  intended: 'reload',
  postgres: 'reload',
  proxies: 'reload',
  poolers: 'reload',
  hosts: 'reload',
  power: 'reload',
  tags: 'reload',
  secretEnv: 'reload',
  deadlines: 'reload',
};

export const DCS: Keys<ClusterConfig['dcs']> = {
  hosts: 'reload',
  auth: 'reload',
  tls: 'reload',
  tenureTtlMs: 'reload',
  quotaBytes: 'reload',
  // Another cluster's keys, or another place for our own: the ledger with its runs and claims would be left behind.
  namespace: 'restart',
  ekimiNamespace: 'restart',
};

/** The places in which the model's name is not the file's. */
const NAMES: Readonly<Record<string, string>> = {
  policyFile: 'policy',
  proxies: 'proxy',
  urls: 'members',
  tenureTtlMs: 'tenureTtl',
  quotaBytes: 'quota',
  host: 'listen',
  port: 'listen',
};
export const nameOf = (key: string): string => NAMES[key] ?? key;
