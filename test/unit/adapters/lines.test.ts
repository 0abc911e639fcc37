import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseKeys, type KeyValue } from '../../../src/adapters/etcd/keys.js';
import { serversFrom, serverStates } from '../../../src/adapters/haproxy/servers.js';
import type { ProxyServer } from '../../../src/model/proxy.js';

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];

/** What runs in each line, as far as the tests below can see it; `master` is what a leader calls itself before Patroni 4. */
const LINES = ['debian-12', 'debian-13', 'debian-unstable'] as const;

const recorded = (line: string, file: string): string =>
  readFileSync(join(import.meta.dirname, '../../fixtures/replies', line, file), 'utf8');

const json = (line: string, file: string): Record<string, unknown> =>
  JSON.parse(recorded(line, file)) as Record<string, unknown>;

/** The state that was asked for, on the one server that it was asked for. */
const changed = (line: string, name: string, joined: boolean): readonly ProxyServer[] => {
  const servers = serversFrom(
    recorded(line, `haproxy/show-stat.${name}.csv`),
    joined ? serverStates(recorded(line, `haproxy/show-servers-state.${name}.txt`)) : null,
  );
  return (servers ?? []).filter(
    ({ weight, admin }) => weight === 0 || Object.values(admin).some((asked: boolean) => asked),
  );
};

describe.each(LINES)('HAProxy of %s', (line) => {
  test('lists nine servers, each pool with those that its check lets in', () => {
    const servers = serversFrom(
      recorded(line, 'haproxy/stats.csv'),
      serverStates(recorded(line, 'haproxy/show-servers-state.txt')),
    );
    const up = (pool: string): readonly string[] =>
      (servers ?? []).filter(({ backend, up: runs }) => backend === pool && runs).map(({ server }) => server);
    expect(servers).toHaveLength(9);
    expect(up('postgres_primary')).toHaveLength(1);
    expect([...up('postgres_primary'), ...up('postgres_replicas')].sort()).toEqual(MEMBERS);
    expect(up('postgres_any')).toEqual(MEMBERS);
    for (const { weight, backup, lastChangeSeconds } of servers ?? [])
      expect({ weight, backup, known: lastChangeSeconds !== null }).toEqual({ weight: 1, backup: false, known: true });
  });

  test.each([true, false])('says who is drained, with the runtime API (%s) and by the statistics alone', (joined) => {
    expect(changed(line, 'drain', joined)).toMatchObject([
      { backend: 'postgres_replicas', up: true, admin: { drain: true, maint: false } },
    ]);
  });

  test.each([true, false])('says who is in maintenance, with the runtime API (%s) and without', (joined) => {
    expect(changed(line, 'maint', joined)).toMatchObject([
      { backend: 'postgres_replicas', up: false, admin: { drain: false, maint: true } },
    ]);
  });

  test.each([true, false])('says who has no weight, with the runtime API (%s) and without', (joined) => {
    expect(changed(line, 'weight-0', joined)).toMatchObject([{ backend: 'postgres_replicas', up: true, weight: 0 }]);
  });

  test('answers an unknown server and an unknown command with words: no list of servers', () => {
    expect(recorded(line, 'haproxy/no-such-server.txt')).toMatch(/^No such server\./);
    expect(recorded(line, 'haproxy/unknown-command.txt')).toMatch(/^Unknown command/);
    expect(serverStates(recorded(line, 'haproxy/no-such-server.txt'))).toBeNull();
    expect(serverStates(recorded(line, 'haproxy/unknown-command.txt'))).toBeNull();
  });
});

interface KeyOfTheGateway {
  readonly key: string;
  readonly value: string;
  readonly lease?: string;
  readonly create_revision: string;
  readonly mod_revision: string;
}

describe.each(LINES)('etcd of %s', (line) => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'base64');
  const { kvs } = json(line, 'etcd/keys.json') as unknown as { readonly kvs: readonly KeyOfTheGateway[] };
  const rows = kvs.map(({ key, value, lease, create_revision, mod_revision }): KeyValue => ({
    key: bytes(key),
    value: bytes(value),
    lease: lease ?? '0',
    create_revision,
    mod_revision,
  }));

  test('has the keys of the scope: a leader with a lease, three members with addresses, a known configuration', () => {
    const parsed = parseKeys('/service/email-cluster/', rows, '99');
    if (!parsed.ok) throw new Error(parsed.why);
    const { leader, members, config, systemIdentifier, optimeLsn } = parsed.keys;
    expect(MEMBERS).toContain(leader.holder);
    expect(leader.leaseId).toMatch(/^[0-9a-f]+$/);
    expect(members.map(({ name, conn }) => `${name} ${conn?.host ?? ''}:${conn?.port ?? ''}`)).toEqual(
      MEMBERS.map((name) => `${name} ${name}:5432`),
    );
    expect(members.filter(({ role }) => role === 'primary').map(({ name }) => name)).toEqual([leader.holder]);
    expect(config).toMatchObject({ known: true, value: { ttlMs: 30_000, paused: false } });
    expect(systemIdentifier).toMatch(/^\d{19}$/);
    expect(optimeLsn).toBeGreaterThan(0n);
  });

  test('says its version, its leader and its size', () => {
    const status = json(line, 'etcd/status.json');
    expect(status['version']).toBe(json(line, 'versions.json')['etcd']);
    expect(status['leader']).toMatch(/^[1-9]\d*$/);
    expect(Number(status['dbSize'])).toBeGreaterThan(0);
  });
});
