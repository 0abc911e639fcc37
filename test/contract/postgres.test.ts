import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { peerEndsAtMs } from '../../src/adapters/tls/peer-end.js';
import { pemEndsAtMs } from '../../src/adapters/tls/pem-ends.js';
import { systemClock } from '../../src/adapters/clock.js';
import { postgresAdapter } from '../../src/adapters/postgres/postgres-adapter.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import { freshValue } from '../../src/model/reading.js';
import type { ReplayBlocker, SqlStatus } from '../../src/model/sql.js';
import type { PostgresPort } from '../../src/ports/postgres.js';
import { clusterConfig, ended, programOf, scriptOutput, transpiled, until } from './etcd-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const bin = postgresFolder();
if (bin === null)
  console.warn('SKIPPED: the PostgreSQL contract needs initdb, postgres and pg_basebackup (Debian: postgresql)');

const DEADLINE_MS = 1500;
const PRIMARY = memberName('patroni1');
const REPLICA = memberName('patroni2');

describe.skipIf(bin === null)('PostgreSQL adapter on a real primary and replica', () => {
  let lab: PostgresLab;
  const opened: PostgresPort[] = [];
  const sessions: pg.Client[] = [];

  const config = (user = 'postgres', password: string | null = PASSWORD): ClusterConfig => {
    const hosts = Object.fromEntries([...lab.ports].map(([name, port]) => [name, { host: '127.0.0.1', port }]));
    const postgres = { hosts, user, password, database: 'postgres', tls: null };
    return clusterConfig({ hosts: [], deadlineMs: DEADLINE_MS, postgres });
  };

  const open = (user?: string, password?: string | null): PostgresPort => {
    const port = postgresAdapter(config(user, password), systemClock);
    opened.push(port);
    return port;
  };

  const read = async (port: PostgresPort, member = PRIMARY): Promise<SqlStatus> => {
    const reading = await port.status(member);
    if (reading.kind !== 'fresh') throw new Error(`not fresh: ${JSON.stringify(reading)}`);
    return reading.value;
  };

  const session = async (member: string, database = 'postgres', application = 'report'): Promise<pg.Client> => {
    const client = lab.connect(member, { database, application });
    await client.connect();
    sessions.push(client);
    return client;
  };

  const blockedBy = async (port: PostgresPort): Promise<readonly ReplayBlocker[]> =>
    (await read(port, REPLICA)).blockers.filter((one) => one.confirmed);

  /** Everything that the primary has written is replayed. */
  const caughtUp = (port: PostgresPort): Promise<void> =>
    until('the replica has replayed everything', async () => {
      const [primary, replica] = [await read(port), await read(port, REPLICA)];
      return replica.replayLsn !== null && primary.currentLsn !== null && replica.replayLsn >= primary.currentLsn;
    });

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    await lab.primary(PRIMARY);
    await lab.sql(PRIMARY, `CREATE ROLE monitor LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor, pg_signal_backend`);
    await lab.sql(PRIMARY, `CREATE ROLE stranger LOGIN PASSWORD '${PASSWORD}'`);
    await lab.sql(PRIMARY, `CREATE ROLE app LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_read_all_data`);
    await lab.sql(PRIMARY, 'CREATE DATABASE other');
    await lab.sql(PRIMARY, 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS i');
    await lab.replica(REPLICA, PRIMARY);
  }, 120_000);

  afterEach(async () => {
    await Promise.all(sessions.splice(0).map((client) => client.end().catch(() => undefined)));
    await Promise.all(opened.splice(0).map((port) => port.close()));
  });

  afterAll(() => lab.close());

  test('a primary and its replica agree on who is who, where they are and how far', async () => {
    const port = open('monitor');
    await caughtUp(port);
    // The primary learns of it with the replica's next report; until the first one the lag is null. It may write something of its own at any
    // time (a checkpoint, running transactions), so the reading that shows it is the one that is looked at.
    let primary = await read(port);
    await until('the primary knows', async () => {
      primary = await read(port);
      return primary.replicas[0]?.lagBytes === 0;
    });
    const replica = await read(port, REPLICA);
    expect([primary.inRecovery, replica.inRecovery]).toEqual([false, true]);
    expect(replica.systemIdentifier).toBe(primary.systemIdentifier);
    expect([primary.timeline, replica.timeline]).toEqual([1, 1]);
    expect(primary.serverVersion).toBeGreaterThanOrEqual(120_000);
    expect(primary.replicas).toEqual([
      expect.objectContaining({ applicationName: REPLICA, state: 'streaming', syncState: 'async', lagBytes: 0 }),
    ]);
    expect(primary.walReceiver).toBeNull();
    expect(replica.walReceiver).toMatchObject({ status: 'streaming', senderHost: '127.0.0.1', receivedTimeline: 1 });
    expect(replica.walReceiver?.senderPort).toBe(lab.ports.get(PRIMARY));
    expect(replica.walReceiver?.latestEndAgeMs).toBeLessThan(60_000);
    expect(replica.replayPaused).toBe(false);
    expect(primary.slots).toEqual([
      {
        name: REPLICA,
        active: true,
        retainedBytes: expect.any(Number),
        walStatus: 'reserved',
        kind: 'physical',
        safeBytes: null,
        restartLsn: expect.stringMatching(/^0\/[0-9A-F]+$/),
      },
    ]);
    expect([primary.archiver, primary.applyDelayMs, primary.rewinds]).toEqual([null, 0, []]);
    expect(primary.checksumFailures).toBe(0);
    expect(primary.connections.max).toBe(40);
  });

  test.each([
    ['monitor', true, true],
    ['stranger', false, false],
    ['postgres', true, true],
  ])(
    'what the user %s may do is told before it is needed, on primary and replica',
    async (user, monitor, signalBackend) => {
      const port = open(user);
      for (const member of [PRIMARY, REPLICA])
        expect(await port.rights?.(member)).toMatchObject({ kind: 'fresh', value: { user, monitor, signalBackend } });
      expect(await port.rights?.(memberName('patroni9'))).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
    },
  );

  test('[P10] read-only by default is told as others get it, though our own session is read-only anyway', async () => {
    const port = open('monitor');
    expect((await read(port)).readOnly).toEqual({ server: false, databases: [] });
    await lab.sql(PRIMARY, 'ALTER DATABASE other SET default_transaction_read_only = on');
    await lab.sql(PRIMARY, 'ALTER SYSTEM SET default_transaction_read_only = on');
    await lab.sql(PRIMARY, 'SELECT pg_reload_conf()');
    await until('the server is read-only', async () => (await read(port)).readOnly?.server === true);
    expect((await read(port)).readOnly?.databases).toEqual(['other']);
    const client = await session(PRIMARY);
    for (const text of [
      'SET default_transaction_read_only = off',
      'ALTER SYSTEM RESET default_transaction_read_only',
      'ALTER DATABASE other RESET default_transaction_read_only',
      'SELECT pg_reload_conf()',
    ])
      await client.query(text);
    await until('it is not', async () => (await read(port)).readOnly?.server === false);
  });

  describe('the heartbeat', () => {
    const beating = (user = 'beater'): PostgresPort => {
      const base = config(user);
      const heartbeat = { database: 'other', table: 'Ekimi_heartbeat' };
      const port = postgresAdapter(
        { ...base, postgres: base.postgres && { ...base.postgres, heartbeat } },
        systemClock,
      );
      opened.push(port);
      return port;
    };
    const row = { scope: "o'brien", instance: 'one' };
    const beat = (port: PostgresPort, member = PRIMARY) => port.beat?.(member, row);
    const inOther = async (...texts: readonly string[]): Promise<pg.QueryResult | null> => {
      const client = await session(PRIMARY, 'other');
      let last: pg.QueryResult | null = null;
      for (const text of texts) last = await client.query(text);
      return last;
    };

    const TABLE =
      'CREATE TABLE IF NOT EXISTS "Ekimi_heartbeat" (scope text PRIMARY KEY, instance text NOT NULL, beat_at timestamptz NOT NULL)';
    const GRANT = 'GRANT SELECT, INSERT, UPDATE ON "Ekimi_heartbeat" TO beater';

    beforeAll(async () => {
      await lab.sql(PRIMARY, `CREATE ROLE beater LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    });

    test('a missing table is told by a beat and by the doctor, and one without grants', async () => {
      const port = beating();
      expect(await beat(port)).toMatchObject({
        kind: 'unknown',
        fault: 'denied',
        reason: expect.stringMatching(/Ekimi_heartbeat/),
      });
      expect(await port.beatReady?.(PRIMARY)).toMatchObject({
        kind: 'unknown',
        reason: expect.stringMatching(/is missing/),
      });
      await inOther(TABLE);
      expect(await beat(port)).toMatchObject({ kind: 'unknown', fault: 'denied' });
      expect(await port.beatReady?.(PRIMARY)).toMatchObject({
        kind: 'unknown',
        reason: expect.stringMatching(/may not be read/),
      });
      await inOther(GRANT);
      expect(await port.beatReady?.(PRIMARY)).toMatchObject({ kind: 'fresh', value: 'ready' });
    });

    test('a beat is one row for each scope, with the time of the server', async () => {
      const port = beating();
      for (const _ of [1, 2])
        expect(await beat(port)).toMatchObject({ kind: 'fresh', value: { member: PRIMARY, refused: null } });
      const result = await inOther(
        `SELECT scope, instance, now() - beat_at < interval '1 minute' AS now FROM "Ekimi_heartbeat"`,
      );
      expect(result?.rows).toEqual([{ ...row, instance: `one on ${PRIMARY}`, now: true }]);
    });

    test('[P10] a server that is read-only refuses it with 25006; a replica and a user that is read-only say nothing of that', async () => {
      const port = beating();
      await inOther(TABLE, GRANT);
      expect(await beat(port, REPLICA)).toMatchObject({ kind: 'unknown' });
      expect(await beat(port)).toMatchObject({ kind: 'fresh', value: { refused: null } });
      await inOther('ALTER SYSTEM SET default_transaction_read_only = on', 'SELECT pg_reload_conf()');
      await until('it is refused', async () => {
        const reading = await beat(port);
        return reading?.kind === 'fresh' && reading.value.refused?.code === '25006';
      });
      await inOther(
        'SET default_transaction_read_only = off',
        'ALTER SYSTEM RESET default_transaction_read_only',
        'SELECT pg_reload_conf()',
      );
      await until('it is written', async () => {
        const reading = await beat(port);
        return reading?.kind === 'fresh' && reading.value.refused === null;
      });
      await inOther('ALTER ROLE beater SET default_transaction_read_only = on');
      expect(await beat(beating())).toMatchObject({
        kind: 'unknown',
        fault: 'denied',
        reason: expect.stringMatching(/our own user/),
      });
      await inOther('ALTER ROLE beater RESET default_transaction_read_only');
    });

    test('what a replica shows of it is as old as its replay, by the clock of the leader; without the table the rest is read', async () => {
      const base = config('beater');
      const heartbeat = { database: 'postgres', table: 'shown' };
      const made = { ...base, postgres: base.postgres && { ...base.postgres, heartbeat } };
      const port = postgresAdapter(made, systemClock);
      opened.push(port);
      const mine = { scope: made.scope, instance: 'one' };
      const beats = async () => [(await read(port)).beat, (await read(port, REPLICA)).beat] as const;
      expect(await beats()).toEqual([null, null]);
      await lab.sql(
        PRIMARY,
        'CREATE TABLE shown (scope text PRIMARY KEY, instance text NOT NULL, beat_at timestamptz NOT NULL)',
      );
      expect(await beats()).toEqual([null, null]);
      await lab.sql(PRIMARY, 'GRANT SELECT, INSERT, UPDATE ON shown TO beater');
      await beat(port);
      expect((await read(port)).beat).toBeNull();
      expect(await port.beat?.(PRIMARY, mine)).toMatchObject({ kind: 'fresh', value: { refused: null } });
      await caughtUp(port);
      const [first, shown] = await beats();
      expect(first).toMatchObject({ by: PRIMARY });
      expect(first?.agoMs).toBeLessThan(10_000);
      expect(shown).toMatchObject({ by: PRIMARY, atMs: first?.atMs });

      await lab.sql(REPLICA, 'SELECT pg_wal_replay_pause()');
      await until('replay is paused', async () => (await read(port, REPLICA)).replayPaused);
      await new Promise((resolve) => setTimeout(resolve, 1_100));
      await port.beat?.(PRIMARY, mine);
      const [next, still] = await beats();
      expect(still?.atMs).toBe(first?.atMs);
      expect((next?.atMs ?? 0) - (still?.atMs ?? 0)).toBeGreaterThanOrEqual(1_000);
      await lab.sql(REPLICA, 'SELECT pg_wal_replay_resume()');
      await caughtUp(port);
      expect((await read(port, REPLICA)).beat?.atMs).toBe(next?.atMs);

      const client = await session(PRIMARY);
      await client.query('BEGIN');
      await client.query('LOCK TABLE shown');
      // What nobody has committed is sent with the next commit.
      await lab.sql(PRIMARY, 'CREATE TABLE flushed (i int)');
      await until('the lock is replayed', async () => (await read(port, REPLICA)).beat === null);
      expect(await beats()).toEqual([null, null]);
      await client.query('ROLLBACK');
      await lab.sql(PRIMARY, 'REVOKE SELECT ON shown FROM beater');
      expect((await read(port)).beat).toBeNull();
      await lab.sql(PRIMARY, 'GRANT SELECT ON shown TO beater');
      expect((await read(port)).beat?.by).toBe(PRIMARY);
      await lab.sql(PRIMARY, 'ALTER TABLE shown DROP COLUMN beat_at');
      expect((await read(port)).beat).toBeNull();
    });

    test('a row that cannot be read takes one reading away, and no more', async () => {
      const base = config('beater');
      const heartbeat = { database: 'postgres', table: 'broken' };
      const port = postgresAdapter(
        { ...base, postgres: base.postgres && { ...base.postgres, heartbeat } },
        systemClock,
      );
      opened.push(port);
      // `scope` is of a type that is compared with no text.
      for (const text of [
        'CREATE TABLE broken (scope int PRIMARY KEY, instance text NOT NULL, beat_at timestamptz NOT NULL)',
        'GRANT SELECT ON broken TO beater',
      ])
        await lab.sql(PRIMARY, text);
      expect((await port.status(PRIMARY)).kind).toBe('unknown');
      expect((await read(port)).beat).toBeUndefined();
      expect((await read(port)).inRecovery).toBe(false);
    });

    test('a table that somebody else has locked is no leader that cannot write', async () => {
      const port = beating();
      await inOther('BEGIN', 'LOCK TABLE "Ekimi_heartbeat"');
      expect(await beat(port)).toMatchObject({ kind: 'unknown' });
    });
  });

  test('[P8] commits that wait for a standby are counted, with for whom', async () => {
    const port = open('monitor');
    expect((await read(port)).syncWaits).toEqual({ count: 0, oldestMs: null, standbyNames: '' });
    await lab.sql(PRIMARY, "ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
    await lab.sql(PRIMARY, 'SELECT pg_reload_conf()');
    const client = await session(PRIMARY);
    const commit = client.query('CREATE TABLE waits (i int)').catch(() => undefined);
    await until('a commit waits', async () => (await read(port)).syncWaits?.count === 1);
    expect((await read(port)).syncWaits).toMatchObject({
      standbyNames: 'nobody',
      oldestMs: expect.any(Number) as number,
    });
    await lab.sql(PRIMARY, 'ALTER SYSTEM RESET synchronous_standby_names');
    await lab.sql(PRIMARY, 'SELECT pg_reload_conf()');
    await commit;
  });

  test('sessions are counted by database and state, ours is not among them', async () => {
    const port = open('monitor');
    expect((await read(port)).connections.total).toBe(0);
    await session(PRIMARY);
    const busy = await session(PRIMARY, 'other');
    await busy.query('BEGIN');
    expect((await read(port)).connections).toEqual({
      max: 40,
      total: 2,
      byDatabase: [
        { database: 'other', total: 1, active: 0, idle: 0, idleInTransaction: 1 },
        { database: 'postgres', total: 1, active: 0, idle: 1, idleInTransaction: 0 },
      ],
    });
  });

  test('a running base backup is counted and is no replica', async () => {
    const port = open('monitor');
    const target = join(lab.folder, 'copy');
    const args = [
      '-h',
      '127.0.0.1',
      '-p',
      String(lab.ports.get(PRIMARY)),
      '-U',
      'postgres',
      '-D',
      target,
      '-X',
      'none',
      '-r',
      '1M',
      '-c',
      'fast',
    ];
    const backup = spawn(join(bin ?? '', 'pg_basebackup'), args, {
      env: { ...process.env, PGPASSWORD: PASSWORD },
      stdio: 'ignore',
    });
    try {
      await until('the base backup is seen', async () => (await read(port)).baseBackups === 1);
      expect((await read(port)).replicas.map((one) => one.applicationName)).toEqual([REPLICA]);
    } finally {
      backup.kill('SIGTERM');
      await ended(backup);
      rmSync(target, { recursive: true, force: true });
    }
    await until('the base backup is gone', async () => (await read(port)).baseBackups === 0);
  });

  test('replay that waits for a snapshot names its holder, and cancelling it lets replay go on', async () => {
    const port = open('monitor');
    await lab.sql(PRIMARY, 'CREATE TABLE rows AS SELECT generate_series(1, 1000) AS i');
    await caughtUp(port);
    const reader = lab.connect(REPLICA, { user: 'app', application: 'monthly report' });
    sessions.push(reader);
    await reader.connect();
    const slow = reader.query('SELECT count(*),\n pg_sleep(300) FROM rows').then(
      () => 'finished',
      (error: unknown) => (error as { code: string }).code,
    );
    await until(
      'it runs',
      async () => (await lab.sql(REPLICA, "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'")).length === 1,
    );
    await lab.sql(PRIMARY, 'DELETE FROM rows');
    await lab.sql(PRIMARY, 'VACUUM rows');
    await until('the holder is confirmed', async () => (await blockedBy(port)).length > 0);
    const [blocker] = await blockedBy(port);
    expect(blocker).toMatchObject({
      user: 'app',
      database: 'postgres',
      application: 'monthly report',
      state: 'active',
    });
    expect(blocker?.query).toBe('SELECT count(*), pg_sleep(300) FROM rows');
    const step = { port: 'sql', member: REPLICA, statement: 'cancel-backend', pid: blocker!.pid } as const;
    const wrong = await port.send({ ...step, backendStart: '2020-01-01T00:00:00.000000Z' });
    expect(wrong.effect).toBe('none');
    expect((await blockedBy(port)).map((one) => one.pid)).toEqual([blocker!.pid]);
    const right = await port.send({ ...step, backendStart: blocker!.backendStart });
    expect(right).toMatchObject({ effect: 'done', status: null });
    expect(await slow).toBe('57014');
    await caughtUp(port);
    expect((await read(port, REPLICA)).blockers).toEqual([]);
  });

  test('with old snapshots in two databases nobody is confirmed, because the conflict is in one of them', async () => {
    const port = open('monitor');
    await lab.sql(PRIMARY, 'CREATE TABLE pairs AS SELECT generate_series(1, 1000) AS i');
    await caughtUp(port);
    for (const database of ['postgres', 'other']) {
      const reader = await session(REPLICA, database);
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await reader.query('SELECT count(*) FROM pg_class');
    }
    await lab.sql(PRIMARY, 'DELETE FROM pairs');
    await lab.sql(PRIMARY, 'VACUUM pairs');
    await until('both are candidates', async () => (await read(port, REPLICA)).blockers.length === 2);
    const wait = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'RecoveryConflictSnapshot'";
    await until('replay waits', async () => (await lab.sql(REPLICA, wait)).length === 1);
    expect((await read(port, REPLICA)).blockers.map((one) => one.confirmed)).toEqual([false, false]);
    for (const client of sessions) await client.query('ROLLBACK');
    await caughtUp(port);
  });

  test('replay that waits for a lock names its holders, and terminating them lets replay go on', async () => {
    const port = open('monitor');
    await lab.sql(PRIMARY, 'CREATE TABLE locked AS SELECT 1 AS i');
    await caughtUp(port);
    const reader = lab.connect(REPLICA, { user: 'app' });
    sessions.push(reader);
    await reader.connect();
    await reader.query('BEGIN');
    await reader.query('SELECT * FROM locked');
    const bystander = await session(REPLICA);
    await bystander.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await bystander.query('SELECT * FROM t LIMIT 1');
    await lab.sql(PRIMARY, 'ALTER TABLE locked ADD COLUMN j int');
    await until('the holder is confirmed', async () => (await blockedBy(port)).length > 0);
    const [blocker, ...more] = await blockedBy(port);
    expect(more).toEqual([]);
    expect(blocker).toMatchObject({ user: 'app', state: 'idle in transaction' });
    const step = {
      port: 'sql',
      member: REPLICA,
      statement: 'terminate-backend',
      pid: blocker!.pid,
      backendStart: blocker!.backendStart,
    } as const;
    expect((await port.send(step)).effect).toBe('done');
    await caughtUp(port);
    expect((await port.send(step)).effect).toBe('none');
  });

  test('a role without pg_monitor still tells role, timeline and positions', async () => {
    const port = open('stranger');
    const [primary, replica] = [await read(port), await read(port, REPLICA)];
    expect([primary.inRecovery, replica.inRecovery]).toEqual([false, true]);
    expect(primary.currentLsn).not.toBeNull();
    expect(replica.timeline).toBe(1);
    expect(primary.replicas).toEqual([
      {
        applicationName: REPLICA,
        state: 'unknown',
        syncState: 'unknown',
        sentLsn: null,
        replayLsn: null,
        lagBytes: null,
      },
    ]);
    expect(replica.walReceiver).toMatchObject({ status: 'unknown', latestEndAgeMs: null });
  });

  test('a role without pg_signal_backend is refused, and nothing happened', async () => {
    await lab.sql(PRIMARY, `CREATE ROLE watcher LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    const app = lab.connect(PRIMARY, { user: 'app' });
    sessions.push(app);
    await app.connect();
    const rows = await lab.sql(
      PRIMARY,
      `SELECT pid, to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS start FROM pg_stat_activity WHERE usename = 'app'`,
    );
    const target = rows[0] as { pid: number; start: string };
    const reply = await open('watcher').send({
      port: 'sql',
      member: PRIMARY,
      statement: 'terminate-backend',
      pid: target.pid,
      backendStart: target.start,
    });
    expect(reply.effect).toBe('none');
    expect(reply.text).toContain('pg_signal_backend');
    expect((await app.query('SELECT 1 AS alive')).rows).toEqual([{ alive: 1 }]);
  });

  test('a checkpoint is written by who may, as long as it takes, and refused to who may not', async () => {
    const inRole =
      Number(
        ((await lab.sql(PRIMARY, 'SHOW server_version_num'))[0] as { server_version_num: string }).server_version_num,
      ) >= 150_000;
    await lab.sql(
      PRIMARY,
      `CREATE ROLE writer LOGIN ${inRole ? '' : 'SUPERUSER'} PASSWORD '${PASSWORD}' ${inRole ? 'IN ROLE pg_checkpoint' : ''}`,
    );
    const redo = async () => (await lab.sql(PRIMARY, 'SELECT redo_lsn::text AS at FROM pg_control_checkpoint()'))[0];
    const before = await redo();
    await lab.sql(PRIMARY, 'INSERT INTO t SELECT generate_series(1, 1000)');
    const step = { port: 'sql', member: PRIMARY, statement: 'checkpoint', withinMs: 30_000 } as const;
    expect(await open('monitor').send(step)).toMatchObject({
      effect: 'none',
      text: expect.stringContaining('pg_checkpoint'),
    });
    expect(await redo()).toEqual(before);
    const writer = open('writer');
    expect(await writer.send(step)).toMatchObject({ effect: 'done' });
    expect(await redo()).not.toEqual(before);
    expect(await writer.rights?.(PRIMARY)).toMatchObject({ kind: 'fresh', value: inRole ? { checkpoint: true } : {} });
  });

  test('a wrong password is denied and appears nowhere', async () => {
    const reading = await open('monitor', 'not-the-secret').status(PRIMARY);
    expect(reading).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(JSON.stringify(reading)).not.toContain('not-the-secret');
  });

  test('a member without a configured host is not configured', async () => {
    expect(await open().status(memberName('patroni3'))).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
  });

  test('a server that restarts is closed or refused meanwhile, then read again, and the process survives', async () => {
    const port = open('monitor');
    await read(port, REPLICA);
    await lab.stop(REPLICA, 'SIGQUIT');
    expect(await port.status(REPLICA)).toMatchObject({
      kind: 'unknown',
      fault: expect.stringMatching(/^(refused|closed)$/),
    });
    expect(
      (await port.send({ port: 'sql', member: REPLICA, statement: 'cancel-backend', pid: 1, backendStart: '' })).effect,
    ).toBe('none');
    await lab.start(REPLICA);
    await until('the replica is read again', async () => freshValue(await port.status(REPLICA)) !== null);
  });

  test('a frozen server costs the deadline, leaks no connection and is read again after the thaw', async () => {
    const port = open('monitor');
    await read(port, REPLICA);
    const before = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
    lab.freeze(REPLICA);
    try {
      for (const _ of [1, 2, 3]) {
        const askedAt = performance.now();
        expect(await port.status(REPLICA)).toMatchObject({ kind: 'unknown', fault: 'timeout' });
        expect(performance.now() - askedAt).toBeLessThan(DEADLINE_MS + 1000);
      }
      const reply = await port.send({
        port: 'sql',
        member: REPLICA,
        statement: 'cancel-backend',
        pid: 1,
        backendStart: '',
      });
      expect(reply.effect).toBe('none'); // there was no connection over which it could have been sent
      const after = process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
      expect(after).toBeLessThanOrEqual(before);
    } finally {
      lab.thaw(REPLICA);
    }
    await until('the replica is read again', async () => freshValue(await port.status(REPLICA)) !== null);
  });

  test('a step that was sent over an open connection to a server that froze is maybe', async () => {
    const port = open('monitor');
    await read(port, REPLICA);
    lab.freeze(REPLICA);
    try {
      const reply = await port.send({
        port: 'sql',
        member: REPLICA,
        statement: 'cancel-backend',
        pid: 1,
        backendStart: '',
      });
      expect(reply.effect).toBe('maybe');
    } finally {
      lab.thaw(REPLICA);
    }
  });

  test('a process that closes the adapter ends by itself, although one server is frozen', async () => {
    const built = transpiled();
    const script = `import { postgresAdapter } from './src/adapters/postgres/postgres-adapter.js';
      import { systemClock } from './src/adapters/clock.js';
      const port = postgresAdapter(${JSON.stringify(config('monitor'))}, systemClock);
      const first = await port.status('${PRIMARY}');
      const second = await port.status('${REPLICA}');
      await port.close();
      console.log(first.kind, second.kind);`;
    lab.freeze(REPLICA);
    try {
      expect(await scriptOutput(built, script)).toBe('fresh unknown\n');
    } finally {
      lab.thaw(REPLICA);
      rmSync(built, { recursive: true, force: true });
    }
  });

  test('a promoted replica is primary on the next timeline at once, before any checkpoint', async () => {
    const port = open('monitor');
    await lab.sql(REPLICA, 'SELECT pg_promote(true)');
    const promoted = await read(port, REPLICA);
    expect(promoted).toMatchObject({
      inRecovery: false,
      timeline: 2,
      receiveLsn: null,
      replayLsn: null,
      walReceiver: null,
    });
    expect(promoted.currentLsn).not.toBeNull();
  });
});

test.skipIf(bin === null || programOf('openssl') === null)(
  'the CA decides over TLS: given, the member is read; not given, it is denied; insecure, nobody asks',
  async () => {
    const lab = PostgresLab.create(bin ?? '', true);
    const fault = async (ca: string | null, insecure: boolean): Promise<string | null> => {
      const hosts = { patroni1: { host: '127.0.0.1', port: lab.ports.get(PRIMARY) ?? 0 } };
      const tls = { ca, cert: null, key: null, insecure };
      const postgres = { hosts, user: 'postgres', password: PASSWORD, database: 'postgres', tls };
      const port = postgresAdapter(clusterConfig({ hosts: [], deadlineMs: DEADLINE_MS, postgres }), systemClock);
      const reading = await port.status(PRIMARY);
      await port.close();
      return reading.kind === 'unknown' ? reading.fault : null;
    };
    try {
      await lab.primary(PRIMARY);
      expect(await fault(join(lab.folder, 'tls.crt'), false)).toBeNull();
      expect(await fault(null, false)).toBe('certificate');
      expect(await fault(null, true)).toBeNull();
      const at = { host: '127.0.0.1', port: lab.ports.get(PRIMARY) ?? 0, isPostgres: true, tls: null };
      expect(await peerEndsAtMs(at, DEADLINE_MS)).toBe(pemEndsAtMs(join(lab.folder, 'tls.crt')));
    } finally {
      await lab.close();
    }
  },
);

const labAddress = process.env['EKIMI_LAB_ADDR'] ?? null;

test.skipIf(labAddress === null)(
  'the lab named by EKIMI_LAB_ADDR has one primary and two replicas of one system',
  async () => {
    const members = ['patroni1', 'patroni2', 'patroni3'].map(memberName);
    const hosts = Object.fromEntries(
      members.map((name, index) => [name, { host: labAddress ?? '', port: 5432 + index }]),
    );
    const postgres = { hosts, user: 'postgres', password: 'postgres', database: 'postgres', tls: null };
    const port = postgresAdapter(clusterConfig({ hosts: [], deadlineMs: 3000, postgres }), systemClock);
    const states = await Promise.all(members.map(async (member) => freshValue(await port.status(member))));
    expect(states.filter((state) => state?.inRecovery === false)).toHaveLength(1);
    expect(states.filter((state) => state?.inRecovery === true)).toHaveLength(2);
    expect(new Set(states.map((state) => state?.systemIdentifier)).size).toBe(1);
    await port.close();
  },
);

test('something that accepts connections and is no PostgreSQL costs the deadline', async () => {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  const postgres = {
    hosts: { patroni1: { host: '127.0.0.1', port: address.port } },
    user: 'u',
    password: 'p',
    database: 'd',
    tls: null,
  };
  const port = postgresAdapter(clusterConfig({ hosts: [], deadlineMs: 300, postgres }), systemClock);
  expect(await port.status(PRIMARY)).toMatchObject({ kind: 'unknown', fault: 'timeout' });
  await port.close();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});
