import { describe, expect, it } from 'vitest';
import { clusterChange, waitingKeys } from '../../../src/config/config-changes.js';
import { API, CLUSTER, DCS, FILE } from '../../../src/config/reload-keys.js';
import type { ClusterConfig, EkimiConfig } from '../../../src/model/config.js';
import { accepted, configFrom, CONTRACT_CONFIG } from './files.js';

const CONFIG = accepted(configFrom(CONTRACT_CONFIG));
const CLUSTER_OF_IT = CONFIG.clusters[0]!;
const changed = (over: Partial<ClusterConfig>) => clusterChange(CLUSTER_OF_IT, { ...CLUSTER_OF_IT, ...over });

/** Where the file has nothing. */
const UNSET: Readonly<Record<string, unknown>> = { poolers: [], notifications: { channels: [] } };

/** Another value of the key, whatever it is. */
const another = (value: unknown, key = ''): unknown => {
  if (value === undefined && key === 'notifications') return UNSET[key];
  if (value === undefined && UNSET[key] !== undefined) return another(UNSET[key]);
  if (Array.isArray(value)) return [...(value as unknown[]), { name: 'another', stats: 'x', address: 'x', url: 'x' }];
  if (typeof value === 'object' && value !== null) return { ...value, another: 'value' };
  return `another than ${String(value)}`;
};

describe('what a reload makes of a changed key of a cluster', () => {
  const rows = Object.entries(CLUSTER).filter(([key]) => key !== 'members');

  it.each(rows)('%s: %s', (key, takes) => {
    const value = CLUSTER_OF_IT[key as keyof ClusterConfig];
    expect(changed({ [key]: another(value, key) }).kind).toBe(takes === 'live' ? 'same' : takes);
  });

  it.each(Object.entries(DCS))('dcs.%s: %s', (key, takes) => {
    const { dcs } = CLUSTER_OF_IT;
    expect(changed({ dcs: { ...dcs, [key]: another(dcs[key as keyof typeof dcs]) } }).kind).toBe(takes);
  });

  it('every etcd endpoint replaced: restart, since nothing says that it is the same etcd', () => {
    const hosts = [{ name: 'etcd9', url: 'http://10.0.0.9:2379' }];
    expect(changed({ dcs: { ...CLUSTER_OF_IT.dcs, hosts } })).toEqual({
      kind: 'restart',
      keys: ['dcs.hosts (all of them)'],
    });
  });

  it('says by name who came, who went and who is elsewhere', () => {
    const urls = { ...CLUSTER_OF_IT.patroni.urls, patroni2: 'http://10.0.0.2:8008', patroni4: 'http://10.0.0.4:8008' };
    delete (urls as Record<string, string>)['patroni3'];
    const members = Object.keys(urls) as unknown as ClusterConfig['members'];
    const proxies = CLUSTER_OF_IT.proxies.map((proxy) => ({ ...proxy, name: 'other' }));
    const change = changed({ members, patroni: { ...CLUSTER_OF_IT.patroni, urls }, proxies });
    expect(change).toEqual({
      kind: 'reload',
      changes: [
        'members: + patroni4 (http://10.0.0.4:8008), - patroni3, patroni2 is at http://10.0.0.2:8008 (was http://127.0.0.1:8009)',
        'proxy: + other (http://127.0.0.1:7000/stats), - proxy',
      ],
      gone: { members: ['patroni3'], proxies: ['proxy'], poolers: [] },
    });
  });

  it('an etcd member that goes, and a proxy that is another process by now, are gone: what is ours there is looked for', () => {
    const { dcs, proxies } = CLUSTER_OF_IT;
    const moved = changed({
      dcs: { ...dcs, hosts: dcs.hosts.slice(0, -1) },
      proxies: proxies.map((proxy) => ({ ...proxy, runtime: 'tcp://10.0.0.9:9999' })),
    });
    expect(moved).toMatchObject({ gone: { members: [dcs.hosts.at(-1)?.name], proxies: ['proxy'] } });
  });

  it('never says a value', () => {
    const postgres = { ...CLUSTER_OF_IT.postgres!, password: 'new-secret' };
    const patroni = { ...CLUSTER_OF_IT.patroni, auth: { username: 'admin', password: 'new-secret' } };
    const proxies = CLUSTER_OF_IT.proxies.map((one) => ({
      ...one,
      statsAuth: { username: 'a', password: 'new-secret' },
    }));
    expect(changed({ postgres, patroni, proxies })).toMatchObject({
      kind: 'reload',
      changes: ['changed: patroni.auth, postgres.password, proxy'],
    });
  });

  it('the same file in another order of members is the same', () => {
    expect(changed({ members: [...CLUSTER_OF_IT.members].reverse() })).toEqual({ kind: 'same' });
  });
});

describe('what a reload says of the rest of ekimi.yaml', () => {
  it.each(Object.entries(FILE))('%s: %s', (key, takes) => {
    const after = { ...CONFIG, [key]: another(CONFIG[key as keyof EkimiConfig], key) };
    expect(waitingKeys(CONFIG, after)).toHaveLength(takes === 'restart' ? 1 : 0);
  });

  it.each(Object.entries(API).filter(([key]) => key !== 'tls'))('api.%s: %s', (key, takes) => {
    const api = { ...CONFIG.api, [key]: another(CONFIG.api[key as keyof EkimiConfig['api']]) };
    expect(waitingKeys(CONFIG, { ...CONFIG, api })).toHaveLength(takes === 'restart' ? 1 : 0);
  });

  it('clusters that came or went are named', () => {
    const other = { ...CLUSTER_OF_IT, scope: 'other' };
    expect(waitingKeys(CONFIG, { ...CONFIG, clusters: [other] })).toEqual([
      'clusters: + other',
      'clusters: - email-cluster',
    ]);
  });
});
