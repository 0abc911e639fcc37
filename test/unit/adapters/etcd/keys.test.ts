import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseKeys, pathOf, type KeyValue } from '../../../../src/adapters/etcd/keys.js';
import type { DcsKeys } from '../../../../src/model/dcs.js';

const PATH = '/service/email-cluster/';

const row = (name: string, value: string | Buffer, extra: Partial<KeyValue> = {}): KeyValue => ({
  key: Buffer.from(PATH + name),
  value: Buffer.from(value as string),
  create_revision: '10',
  mod_revision: '12',
  lease: '0',
  ...extra,
});

const parsed = (...rows: KeyValue[]): DcsKeys => {
  const result = parseKeys(PATH, rows, '99');
  if (!result.ok) throw new Error(result.why);
  return result.keys;
};

const refusal = (...rows: KeyValue[]): string | null => {
  const result = parseKeys(PATH, rows, '99');
  return result.ok ? null : result.why;
};

describe('the scope path', () => {
  test.each([
    ['/service/', 'email', '/service/email/'],
    ['service', 'email', '/service/email/'],
    ['//service//', 'email', '/service/email/'],
    ['/', 'email', '/email/'],
  ])('namespace %s and scope %s make %s', (namespace, scope, path) => {
    expect(pathOf(namespace, scope)).toBe(path);
  });
});

describe('keys of a scope', () => {
  test('an empty scope has an absent leader, no members and no requests', () => {
    expect(parsed()).toEqual({
      leader: { holder: null, leaseId: null, leaseTtlMs: null, modRevision: null, createRevision: null },
      members: [],
      failover: null,
      failoverRevision: null,
      sync: null,
      optimeLsn: null,
      systemIdentifier: null,
      failsafe: null,
      config: { known: false, why: 'there is no key /service/email-cluster/config' },
      configRevision: null,
      revision: '99',
    });
  });

  test('the leader comes with its lease, as etcdctl prints it, and both revisions', () => {
    expect(parsed(row('leader', 'patroni1', { lease: '7587862094765498885' })).leader).toEqual({
      holder: 'patroni1',
      leaseId: '694d805f7b262205',
      leaseTtlMs: null,
      modRevision: '12',
      createRevision: '10',
    });
  });

  test('of the failover key its revision tells that it was written, also where no request stands in it any more', () => {
    expect(parsed(row('failover', '{}'))).toMatchObject({ failover: null, failoverRevision: '12' });
    expect(parsed(row('failover', '{"member":"patroni2"}')).failoverRevision).toBe('12');
  });

  test.each([[''], ['a\nb'], [Buffer.from([0xff, 0xfe])], ['x'.repeat(300)]])(
    'a leader value that is no name refuses the whole reading',
    (value) => {
      expect(refusal(row('leader', value))).toContain('leader');
    },
  );

  test('a member of Patroni 3 is primary although it says master', () => {
    const value = JSON.stringify({
      role: 'master',
      state: 'running',
      timeline: 2,
      xlog_location: 67110224,
      api_url: 'http://a:8008/patroni',
      conn_url: 'postgres://a:5432/postgres',
    });
    expect(parsed(row('members/patroni1', value)).members).toEqual([
      {
        name: 'patroni1',
        role: 'primary',
        state: 'running',
        timeline: 2,
        xlogLocation: 67110224n,
        apiUrl: 'http://a:8008/patroni',
        conn: { host: 'a', port: 5432 },
      },
    ]);
  });

  test.each([['not json'], ['[]'], ['null'], ['{"role":7,"timeline":"x","xlog_location":-1}']])(
    'a member whose document is %s is known to exist and nothing more',
    (value) => {
      expect(parsed(row('members/patroni1', value)).members).toEqual([
        {
          name: 'patroni1',
          role: 'unknown',
          state: 'unknown',
          timeline: null,
          xlogLocation: null,
          apiUrl: null,
          conn: null,
        },
      ]);
    },
  );

  test.each([
    ['postgres://10.0.0.7:5433/postgres', { host: '10.0.0.7', port: 5433 }],
    ['postgres://user:secret@db-1.example/app?sslmode=require', { host: 'db-1.example', port: 5432 }],
    ['postgres://[fd00::7]:5432/postgres', { host: 'fd00::7', port: 5432 }],
    ['host=a port=5432', null],
    ['postgres://a:b:c/', null],
  ])('the address %s of a member is kept as host and port, and nothing else of it', (conn_url, conn) => {
    expect(parsed(row('members/patroni1', JSON.stringify({ conn_url }))).members[0]?.conn).toEqual(conn);
  });

  test.each([
    ['{}', null],
    ['', null],
    ['{"leader":"a","member":"b"}', { leader: 'a', member: 'b', scheduledAt: null }],
    ['{"member":"b"}', { leader: null, member: 'b', scheduledAt: null }],
    [
      '{"leader":"a","scheduled_at":"2026-11-22T20:00:00+00:00"}',
      { leader: 'a', member: null, scheduledAt: '2026-11-22T20:00:00+00:00' },
    ],
    ['a:b', { leader: 'a', member: 'b', scheduledAt: null }],
  ])('a failover key of %s', (value, request) => {
    expect(parsed(row('failover', value)).failover).toEqual(request);
  });

  test.each([['half a {'], ['[1]'], ['"text"']])(
    'a failover key of %s refuses the whole reading: it may be a request',
    (value) => {
      expect(refusal(row('failover', value))).toContain('failover');
    },
  );

  test('sync standbys are a list, and an unreadable sync key is null', () => {
    expect(parsed(row('sync', '{"leader":"a","sync_standby":"b, c","quorum":1}')).sync).toEqual({
      leader: 'a',
      standbys: ['b', 'c'],
      quorum: 1,
    });
    expect(parsed(row('sync', '{"leader":null,"sync_standby":null}')).sync).toEqual({
      leader: null,
      standbys: [],
      quorum: null,
    });
    expect(parsed(row('sync', '{')).sync).toBeNull();
  });

  test('the last position comes from status, else from the old key, else is null', () => {
    expect(parsed(row('status', '{"optime":5000}'), row('optime/leader', '4000')).optimeLsn).toBe(5000n);
    expect(parsed(row('optime/leader', '4000')).optimeLsn).toBe(4000n);
    expect(parsed(row('status', '{"optime":"many"}')).optimeLsn).toBeNull();
  });

  test('an empty initialize key, as during bootstrap, is no system identifier', () => {
    expect(parsed(row('initialize', '')).systemIdentifier).toBeNull();
    expect(parsed(row('initialize', '7439')).systemIdentifier).toBe('7439');
  });
});

describe('the config key', () => {
  const recorded = (file: string): unknown =>
    JSON.parse(readFileSync(new URL(`../../../fixtures/replies/${file}`, import.meta.url), 'utf8'));

  test('as it was read from a real etcd', () => {
    const keys = recorded('etcd-keys.json') as Record<string, Record<string, { value: unknown }>>;
    const value = keys['patroni-3.0.2']?.['/service/email-cluster/config']?.value;
    expect(parsed(row('config', JSON.stringify(value))).config).toEqual({
      known: true,
      value: {
        ttlMs: 20_000,
        loopWaitMs: 5000,
        retryTimeoutMs: 5000,
        maximumLagOnFailoverBytes: 1_048_576,
        primaryStartTimeoutMs: 300_000,
        synchronousMode: 'off',
        synchronousModeStrict: false,
        synchronousNodeCount: 1,
        failsafeMode: false,
        paused: false,
        checkTimeline: false,
        standbyCluster: false,
        beforeStop: false,
        usePgRewind: true,
      },
      document: value,
    });
  });

  test.each(['patroni-3.0.2/pause.patch.json', 'patroni-4.1.4/pause.patch.json'])(
    'after a pause, by the document of %s',
    (file) => {
      const { body } = recorded(file) as { body: unknown };
      const { config } = parsed(row('config', JSON.stringify(body)));
      expect(config).toMatchObject({ known: true, value: { paused: true } });
    },
  );

  test.each([['{"pause": true'], ['null'], ['[]'], ['"pause"'], [''], [Buffer.from([0xff, 0xfe])]])(
    'of %s says nothing, and names what was found',
    (value) => {
      expect(parsed(row('config', value)).config).toEqual({
        known: false,
        why: '/service/email-cluster/config holds no JSON object',
      });
    },
  );

  test.each([
    ['{"pause":"on"}', true],
    ['{"pause":"off"}', false],
    ['{"pause":null}', false],
    ['{}', false],
  ])('%s is read with the words that Patroni takes', (value, paused) => {
    expect(parsed(row('config', value)).config).toMatchObject({ known: true, value: { paused } });
  });
});

test('members of real clusters, by the addresses that they registered', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('../../../fixtures/replies/etcd-keys.json', import.meta.url), 'utf8'),
  ) as Record<string, Record<string, { value: unknown }>>;
  const rows = ['patroni-3.0.2', 'patroni-4.1.4'].flatMap((version) =>
    Object.entries(recorded[version] ?? {}).filter(([key]) => /members\/patroni\d$/.test(key)),
  );
  expect(rows).toHaveLength(4);
  for (const [key, { value }] of rows) {
    const [member] = parsed(row(key.slice(PATH.length), JSON.stringify(value))).members;
    expect(member?.conn?.host).toBe('127.0.0.1');
    expect([15432, 15433]).toContain(member?.conn?.port);
  }
});
