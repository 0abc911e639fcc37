import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { doctorFindings } from '../../src/app/doctor.js';
import { askRights, NO_RIGHTS, rightsFindings } from '../../src/app/grants.js';
import { portsOf } from '../../src/app/wiring.js';
import type { LoadedFiles } from '../../src/app/files.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import { ACTION_NAMES } from '../../src/model/plan.js';
import { freshValue } from '../../src/model/reading.js';
import { RIGHT_NAMES, RIGHTS, type RightName } from '../../src/model/rights.js';
import type { ClusterSnapshot } from '../../src/model/snapshot.js';
import { closePorts } from '../../src/observe/ports.js';
import { testPolicy } from '../support/policy.js';
import { viewOf } from '../support/view.js';
import { clusterConfig, freePort, programOf } from './etcd-support.js';
import { Pooler, PGBOUNCER } from './pgbouncer-support.js';
import { PASSWORD, postgresFolder, type PostgresLab } from './postgres-support.js';
import {
  engineAt,
  EtcdWithRoles,
  HAPROXY,
  haproxyOf,
  OURS,
  patroniThat,
  postgresWithRole,
  SCOPE,
  scriptText,
  statusOn,
  type Running,
} from './rights-support.js';

const isThere =
  programOf('etcd') !== null &&
  programOf('etcdctl') !== null &&
  existsSync(HAPROXY) &&
  existsSync(PGBOUNCER) &&
  postgresFolder() !== null;
if (!isThere)
  console.warn(
    'SKIPPED: rights need etcd, etcdctl, HAProxy, PgBouncer and PostgreSQL (Debian: etcd-server, etcd-client, haproxy, pgbouncer, postgresql)',
  );

const EVERYTHING = testPolicy(
  { drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } },
  Object.fromEntries(ACTION_NAMES.map((name) => [name, { mode: 'auto' as const }])),
);
const ROLE = `ekimi-${SCOPE}`;
const THEIRS = `/service/${SCOPE}/`;
const MEMBER = memberName('patroni1');

describe.skipIf(!isThere)('the doctor with the least rights, on real servers', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-rights-test-'));
  const engine = join(folder, 'engine.sock');
  const guarded = join(folder, 'docker.sock');
  let etcd: EtcdWithRoles;
  let postgres: PostgresLab;
  let haproxy: Running;
  let pooler: Pooler;
  let dockerProxy: Running;
  let engineServer: Server;
  let patroni: Awaited<ReturnType<typeof patroniThat>>;
  let patroniAsks: 'password' | 'place' = 'password';
  let config: ClusterConfig;
  let orders: readonly string[];

  const guard = (text = scriptText('docker-proxy.cfg'), env: Readonly<Record<string, string>> = {}): Promise<Running> =>
    haproxyOf(
      text,
      { LISTEN: guarded, ENGINE: engine, CONTAINERS: 'patroni1', EXEC: '1', ARCHIVE: '1', ...env },
      async () => (await statusOn(guarded, 'GET', '/containers/-ekimi-asks/json')) !== 0,
    );

  beforeAll(async () => {
    [etcd, postgres] = await Promise.all([EtcdWithRoles.start(), postgresWithRole()]);
    const stats = await freePort();
    const text = `
global
  stats socket ${folder}/admin.sock level admin
  stats socket ${folder}/operator.sock level operator
  stats socket ${folder}/user.sock level user
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend stats
  mode http
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
  stats auth ekimi:${OURS}
backend main
  server patroni1 127.0.0.1:1
backend ro
  server patroni1 127.0.0.1:1
`;
    haproxy = await haproxyOf(
      text,
      {},
      async () => existsSync(`${folder}/user.sock`) && (await fetch(`http://127.0.0.1:${stats}/stats`)).status > 0,
    );
    const { server, orders: came } = await engineAt(engine);
    [engineServer, orders] = [server, came];
    dockerProxy = await guard();
    pooler = await Pooler.create(postgres.ports.get('patroni1') ?? 0);
    patroni = await patroniThat(() => patroniAsks);
    const base = etcd.lab.config(1_500);
    config = {
      ...base,
      members: [MEMBER],
      patroni: { urls: { patroni1: patroni.url }, auth: { username: 'ekimi', password: OURS }, tls: null },
      dcs: { ...base.dcs, auth: { username: 'ekimi', password: OURS } },
      postgres: {
        hosts: { patroni1: { host: '127.0.0.1', port: postgres.ports.get('patroni1') ?? 0 } },
        user: 'ekimi',
        password: OURS,
        database: 'postgres',
        tls: null,
      },
      proxies: [
        {
          name: 'proxy',
          stats: `http://127.0.0.1:${stats}/stats`,
          statsAuth: { username: 'ekimi', password: OURS },
          tls: null,
          runtime: `unix://${folder}/admin.sock`,
          pools: { writes: 'main', reads: ['ro'] },
          servers: {},
        },
      ],
      hosts: {
        driver: 'docker',
        socket: `unix://${guarded}`,
        commands: null,
        members: { patroni1: 'patroni1' },
        dcs: {},
        proxy: {},
      },
      tags: { driver: 'docker', file: '/etc/patroni.yml', commands: null },
      poolers: [pooler.config()],
    };
  }, 120_000);

  afterAll(async () => {
    await Promise.all([haproxy.end(), dockerProxy.end(), pooler.close()]);
    engineServer.close();
    patroni.server.close();
    await Promise.all([etcd.lab.stop(), postgres.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  /** All that the doctor says is lost, with what is read in each pass among it. */
  async function lost(changed: Partial<ClusterConfig> = {}): Promise<readonly string[]> {
    const cluster = { ...config, ...changed };
    const files = { ok: true, config: { api: { tokens: [] }, clusters: [cluster] } } as unknown as Extract<
      LoadedFiles,
      { ok: true }
    >;
    const ports = portsOf(cluster);
    const base = viewOf();
    const [rights] = await askRights(files);
    const proxy = cluster.proxies[0];
    const view = {
      ...base,
      members: await Promise.all(
        base.members
          .filter(({ name }) => name === MEMBER)
          .map(async (member) => ({
            ...member,
            sql: (await ports.postgres?.status(MEMBER)) ?? member.sql,
            host: (await ports.host?.status({ kind: 'member', name: MEMBER })) ?? member.host,
          })),
      ),
      proxies:
        proxy === undefined
          ? []
          : [
              {
                name: 'proxy',
                pools: proxy.pools,
                seen: (await ports.proxies['proxy']?.view()) ?? base.proxies[0]!.seen,
              },
            ],
      poolers: await Promise.all(
        Object.entries(ports.poolers ?? {}).map(async ([name, port]) => ({ name, seen: await port.status() })),
      ),
    };
    await closePorts(ports);
    const rows = [
      ...doctorFindings({ scope: SCOPE, view } as unknown as ClusterSnapshot, EVERYTHING),
      ...rightsFindings(rights ?? NO_RIGHTS, EVERYTHING),
    ];
    return [...new Set(rows.filter(({ verdict }) => verdict !== 'off').flatMap(({ disables }) => disables))].sort();
  }

  test('[S6] with all that the scripts give nothing is lost', async () => {
    expect(await lost()).toEqual([]);
  });

  const actionsOf = (right: RightName): readonly string[] => {
    const { actions } = RIGHTS[right];
    return actions === 'every' ? [] : actions;
  };
  const sql = (text: string) => postgres.sql('patroni1', text);
  const on = (...actions: readonly string[]): readonly string[] =>
    actions.map((action) => `${action} on patroni1`).sort();
  const without = (right: string): string => scriptText('docker-proxy.cfg').replace(right, '');
  const withRuntime = (level: string): Partial<ClusterConfig> => ({
    proxies: config.proxies.map((proxy) => ({ ...proxy, runtime: `unix://${folder}/${level}.sock` })),
  });
  const byProxy = [
    'close-servers',
    'drain-replica by proxy',
    'open-servers',
    'open-traffic',
    'proxy-nudge',
    'shut-sessions',
    'undrain-replica by proxy',
  ];

  const byPooler = ['pause-pooler', 'resume-pooler'];
  const atConsole = (user: string, password = `secret-of-${user}`): Partial<ClusterConfig> => ({
    poolers: [pooler.config({ user, password })],
  });

  interface Case {
    readonly right: RightName;
    /** Takes it away, and answers with what gives it back and what of the configuration changes. */
    readonly take: () => Promise<{ readonly giveBack?: () => unknown; readonly changed?: Partial<ClusterConfig> }>;
    readonly loses: readonly string[];
  }
  const inEtcd = (
    right: RightName,
    loses: readonly string[],
    ...[revoke, grant]: readonly [string[], string[]]
  ): Case => ({
    right,
    loses,
    take: () => {
      etcd.ctl('role', 'revoke-permission', ROLE, ...revoke);
      return Promise.resolve({ giveBack: () => etcd.ctl('role', 'grant-permission', ROLE, ...grant) });
    },
  });
  const inSql = (right: RightName, loses: readonly string[], take: string, give: string): Case => ({
    right,
    loses,
    take: async () => {
      await sql(take);
      return { giveBack: () => sql(give) };
    },
  });
  const inDocker = (
    right: RightName,
    verb: string,
    loses: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Case => ({
    right,
    loses,
    take: async () => {
      await dockerProxy.end();
      dockerProxy = await guard(without(verb), env);
      return {
        giveBack: async () => {
          await dockerProxy.end();
          dockerProxy = await guard();
        },
      };
    },
  });

  const CASES: readonly Case[] = [
    inEtcd('etcd-read', ['every action'], [THEIRS, '--prefix'], ['read', THEIRS, '--prefix']),
    inEtcd(
      'etcd-ours',
      ['every action'],
      [`/ekimi/${SCOPE}/`, '--prefix'],
      ['readwrite', `/ekimi/${SCOPE}/`, '--prefix'],
    ),
    inEtcd('etcd-leader-key', ['expedite-failover'], [`${THEIRS}leader`], ['write', `${THEIRS}leader`]),
    inEtcd(
      'etcd-config-key',
      ['patch-config', 'pause-cluster', 'resume-cluster'],
      [`${THEIRS}config`],
      ['write', `${THEIRS}config`],
    ),
    inSql('sql-login', on(...actionsOf('sql-login')), 'ALTER ROLE ekimi NOLOGIN', 'ALTER ROLE ekimi LOGIN'),
    inSql(
      'sql-monitor',
      on('cancel-blocking-queries', 'terminate-blocking-queries'),
      'REVOKE pg_monitor FROM ekimi',
      'GRANT pg_monitor TO ekimi',
    ),
    inSql(
      'sql-signal',
      on('cancel-blocking-queries', 'terminate-blocking-queries'),
      'REVOKE pg_signal_backend FROM ekimi',
      'GRANT pg_signal_backend TO ekimi',
    ),
    inSql(
      'sql-resume',
      on('resume-replay'),
      'REVOKE EXECUTE ON FUNCTION pg_wal_replay_resume() FROM ekimi',
      'GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO ekimi',
    ),
    inSql('sql-checkpoint', [], 'REVOKE pg_checkpoint FROM ekimi', 'GRANT pg_checkpoint TO ekimi'),
    inSql('sql-slots', on('drop-inactive-slot'), 'ALTER ROLE ekimi NOREPLICATION', 'ALTER ROLE ekimi REPLICATION'),
    {
      right: 'patroni-unsafe',
      loses: [
        'cancel-switchover',
        'drain-replica by tag',
        'failover',
        'reinitialize-replica',
        'restart-leader',
        'restart-member',
        'switchover',
        'undrain-replica by tag',
      ].map((action) => `${action} through patroni1`),
      take: () =>
        Promise.resolve({ changed: { patroni: { ...config.patroni, auth: { username: 'ekimi', password: 'old' } } } }),
    },
    {
      right: 'haproxy-read',
      loses: byProxy,
      take: () =>
        Promise.resolve({ changed: { proxies: config.proxies.map((proxy) => ({ ...proxy, statsAuth: null })) } }),
    },
    { right: 'haproxy-admin', loses: byProxy, take: () => Promise.resolve({ changed: withRuntime('operator') }) },
    { right: 'pooler-admin', loses: byPooler, take: () => Promise.resolve({ changed: atConsole('watch') }) },
    inDocker('docker-inspect', '(json|logs)', on(...actionsOf('docker-inspect'))),
    inDocker('docker-start', 'start|', ['begin-copy', 'start-first', 'start-member', 'start-store']),
    inDocker('docker-stop', 'stop|', ['fence-member', 'stop-member', 'stop-without-etcd', 'move-store-aside']),
    inDocker('docker-kill', '|kill', ['fence-leader', 'fence-member']),
    inDocker('docker-restart', '|restart', []),
    inDocker('docker-logs', '|logs', []),
    inDocker('docker-exec', 'nothing', ['remove-aside'], { EXEC: '0' }),
    inDocker('docker-archive', 'nothing', ['drain-replica by tag', 'undrain-replica by tag'], { ARCHIVE: '0' }),
  ];

  test.each(CASES)('[S6] $right is taken away: what is lost is $loses, and nothing else', async ({ take, loses }) => {
    const { giveBack, changed } = await take();
    try {
      expect(await lost(changed)).toEqual([...loses].sort());
    } finally {
      await giveBack?.();
    }
    expect(await lost()).toEqual([]);
  });

  test('[S6] every right of the table is taken away once', () => {
    const elsewhere = ['etcd-old-path', 'sql-heartbeat', 'sql-amcheck'];
    expect([...CASES.map(({ right }) => right), ...elsewhere].sort()).toEqual([...RIGHT_NAMES].sort());
  });

  test.each([
    ['a user of PgBouncer that the console lets in for nothing', 'postgres', PASSWORD],
    ['a user that PgBouncer does not know', 'nobody', 'secret'],
    ['another password', 'ekimi', 'old'],
  ])(
    '[S6] the console refuses %s: its actions are lost, and that nothing can be read',
    async (_who, user, password) => {
      expect(await lost(atConsole(user, password))).toEqual(['clients that wait around a switchover', ...byPooler]);
    },
  );

  test('[S6] level user reads all that a pass reads, and changes nothing', async () => {
    expect(await lost(withRuntime('user'))).toEqual(byProxy);
    const ports = portsOf({ ...config, ...withRuntime('user') });
    expect(await ports.proxies['proxy']?.view()).toMatchObject({ kind: 'fresh' });
    const drain = { port: 'proxy', command: 'set server ro/patroni1 state drain' } as const;
    expect(await ports.proxies['proxy']?.send(drain)).toMatchObject({ effect: 'none' });
    await closePorts(ports);
  });

  test('[S6] a refusal by place loses the same as one by password', async () => {
    patroniAsks = 'place';
    expect(await lost()).toContain('restart-member through patroni1');
    patroniAsks = 'password';
  });

  test('[S6] etcd: the role reads, deletes and writes what is ours to, and nothing beside it', async () => {
    const client = etcd.client();
    const may = async (work: unknown): Promise<boolean> => {
      try {
        await work;
        return true;
      } catch {
        return false;
      }
    };
    expect(await may(client.get(`${THEIRS}config`).string())).toBe(true);
    expect(await may(client.put(`/ekimi/${SCOPE}/tenure`).value('x'))).toBe(true);
    expect(await may(client.delete().key(`/ekimi/${SCOPE}/tenure`))).toBe(true);
    expect(await may(client.delete().key(`${THEIRS}leader`))).toBe(true);
    const beside = [
      client.put(`${THEIRS}config2`).value('x'),
      client.delete().key(`${THEIRS}config2`),
      client.delete().key(`${THEIRS}leader2`),
      client.delete().key(`${THEIRS}failover`),
      client.delete().prefix(THEIRS),
      client.get('/service/other/leader'),
      client.put('/service/other/leader').value('x'),
      client.get('/ekimi/other/tenure'),
      client.put('/ekimi/other/tenure').value('x'),
      client.role(ROLE).grant({ permission: 'Readwrite', range: client.range({ prefix: '/' }) }),
    ];
    expect(await Promise.all(beside.map((one: unknown) => may(one)))).toEqual(beside.map(() => false));
    client.close();
    etcd.ctl('put', `${THEIRS}leader`, 'patroni1');
  });

  test('[S6] etcd: status, members and alarms are told without a right of their own', async () => {
    const port = etcdAdapter(config, systemClock);
    const [endpoints, members, alarms] = await Promise.all([port.endpoints(), port.membership(), port.alarms()]);
    expect([...endpoints.map(({ status }) => status.kind), members.kind, alarms.kind]).toEqual([
      'fresh',
      'fresh',
      'fresh',
    ]);
    await port.close();
  });

  test('[S6] etcd: a question changes nothing, not even the revision', async () => {
    const port = etcdAdapter(config, systemClock);
    const before = freshValue(await port.keys());
    await port.rights?.();
    const after = freshValue(await port.keys());
    expect(after?.revision).toBe(before?.revision);
    expect(after?.leader.holder).toBe('patroni1');
    await port.close();
  });

  test('[S6] etcd: a deletion that the role forbids has no effect, by proof', async () => {
    const port = etcdAdapter(config, systemClock);
    const held = await port.holdTenure('a', 60_000);
    if (held.kind !== 'held') throw new Error(JSON.stringify(held));
    const modRevision = freshValue(await port.keys())?.leader.modRevision ?? '';
    etcd.ctl('role', 'revoke-permission', ROLE, `${THEIRS}leader`);
    const step = { port: 'dcs', call: 'delete-leader-key', holder: MEMBER, modRevision } as const;
    expect(await port.send(step, held.grant)).toMatchObject({
      effect: 'none',
      text: expect.stringContaining('refuses us'),
    });
    etcd.ctl('role', 'grant-permission', ROLE, 'write', `${THEIRS}leader`);
    expect(await port.send(step, held.grant)).toMatchObject({ effect: 'done' });
    etcd.ctl('put', `${THEIRS}leader`, 'patroni1');
    await port.close();
  });

  test('[S6] PostgreSQL: the role is no superuser, owns nothing and reads no table', async () => {
    await sql('ALTER ROLE ekimi NOREPLICATION');
    await sql('CREATE TABLE IF NOT EXISTS letters AS SELECT 1 AS i');
    const as = { user: 'ekimi', database: 'postgres' };
    const may = async (text: string): Promise<boolean> => {
      const client = postgres.connect('patroni1', as);
      Object.assign(client, { password: OURS });
      await client.connect();
      try {
        await client.query(text);
        return true;
      } catch {
        return false;
      } finally {
        await client.end();
      }
    };
    const texts = [
      'SELECT * FROM letters',
      'INSERT INTO letters VALUES (2)',
      'CREATE TABLE mine (i int)',
      'CREATE ROLE another',
      'CREATE DATABASE another',
      'SELECT pg_wal_replay_pause()',
      "SELECT pg_read_file('PG_VERSION')",
      "SELECT pg_create_physical_replication_slot('x')",
      'SELECT pg_promote()',
      'SELECT pg_reload_conf()',
      "ALTER SYSTEM SET work_mem = '1MB'",
    ];
    expect(await Promise.all(texts.map(may))).toEqual(texts.map(() => false));
    expect(await may('SELECT pg_current_wal_lsn(), count(*) FROM pg_stat_activity')).toBe(true);
  });

  test('[S6] Docker: nothing but the verbs of the containers that were named comes through', async () => {
    const before = orders.length;
    const beside = [
      ['GET', '/containers/json'],
      ['GET', '/containers/other/json'],
      ['POST', '/containers/other/kill'],
      ['POST', '/containers/patroni1/../other/kill'],
      ['POST', '/containers/patroni1%2F..%2Fother/kill'],
      ['POST', '/containers/patroni1/rename'],
      ['POST', '/containers/patroni1/update'],
      ['DELETE', '/containers/patroni1'],
      ['POST', '/containers/create'],
      ['POST', '/exec/x/start'],
      ['GET', '/images/json'],
      ['POST', '/images/create'],
      ['GET', '/info'],
      ['POST', '/volumes/create'],
      ['PUT', '/containers/other/archive'],
    ] as const;
    for (const [method, path] of beside) expect([path, await statusOn(guarded, method, path)]).toEqual([path, 403]);
    expect(orders.length).toBe(before);
    expect(await statusOn(guarded, 'POST', '/v1.41/containers/patroni1/stop?t=60')).toBe(200);
  });
});

describe.skipIf(programOf('etcd') === null || programOf('etcdctl') === null)(
  'the least rights in another namespace',
  () => {
    test('[S6] are given where our keys are there, and what 0.1.0 left can be read', async () => {
      const etcd = await EtcdWithRoles.start('/db/');
      const base = clusterConfig({
        hosts: etcd.lab.servers.map(({ name, url }) => ({ name, url })),
        deadlineMs: 1_500,
      });
      const port = etcdAdapter(
        { ...base, dcs: { ...base.dcs, namespace: '/db/', auth: { username: 'ekimi', password: OURS } } },
        systemClock,
      );
      const kinds = async () =>
        Object.fromEntries(((await port.rights?.()) ?? []).map(({ right, seen }) => [right, seen.kind]));
      try {
        expect(await kinds()).toEqual({
          'etcd-read': 'fresh',
          'etcd-ours': 'fresh',
          'etcd-leader-key': 'fresh',
          'etcd-config-key': 'fresh',
          'etcd-old-path': 'fresh',
        });
        expect((await port.holdTenure('a', 60_000)).kind).toBe('held');
        etcd.ctl('role', 'revoke-permission', ROLE, `/ekimi/${SCOPE}/`, '--prefix');
        expect(await kinds()).toMatchObject({ 'etcd-ours': 'fresh', 'etcd-old-path': 'unknown' });
      } finally {
        await port.close();
        await etcd.lab.stop();
      }
    }, 60_000);
  },
);
