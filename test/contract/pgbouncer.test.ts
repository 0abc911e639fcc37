import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { pgbouncerAdapter } from '../../src/adapters/poolers/pgbouncer/pgbouncer-adapter.js';
import type { PoolerConfig } from '../../src/model/config.js';
import { isPauseComplete, pausedIn, type PoolerReport } from '../../src/model/pooler.js';
import type { PoolerPort } from '../../src/ports/pooler.js';
import { ended, transpiled, until } from './etcd-support.js';
import { PGBOUNCER, Pooler } from './pgbouncer-support.js';
import { PostgresLab, postgresFolder } from './postgres-support.js';

const BIN = postgresFolder();
const TIMES = { withinMs: 600, forMs: 5_000 };

describe.skipIf(!existsSync(PGBOUNCER) || BIN === null)('PgBouncer, the real one', () => {
  let lab: PostgresLab;
  let pooler: Pooler;
  const open: PoolerPort[] = [];
  const clients: pg.Client[] = [];

  const adapter = (over: Partial<PoolerConfig> = {}): PoolerPort => {
    const port = pgbouncerAdapter(pooler.config(over), 1_000, systemClock);
    open.push(port);
    return port;
  };
  const client = async (database?: string): Promise<pg.Client> => {
    const one = await pooler.client(database);
    clients.push(one);
    return one;
  };
  const report = async (port: PoolerPort): Promise<PoolerReport> => {
    const reading = await port.status();
    if (reading.kind !== 'fresh') throw new Error(reading.kind === 'unknown' ? reading.reason : 'stale');
    return reading.value;
  };
  /** How long a statement of a client takes that begins now. */
  const waited = async (one: pg.Client): Promise<number> => {
    const beganMs = performance.now();
    await one.query('SELECT 1');
    return performance.now() - beganMs;
  };

  beforeAll(async () => {
    lab = PostgresLab.create(BIN ?? '');
    await lab.primary('one');
  });
  afterAll(() => lab.close());
  beforeEach(async () => {
    pooler = await Pooler.create(lab.ports.get('one') ?? 0);
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((one) => one.end().catch(() => undefined)));
    await Promise.all(open.splice(0).map((port) => port.close()));
    await pooler.close();
  });

  it('tells whether PAUSE and RESUME are ours, and pauses or resumes nobody by that', async () => {
    const may = adapter();
    expect(await may.rights()).toMatchObject([{ right: 'pooler-admin', seen: { kind: 'fresh', value: 'granted' } }]);
    await pooler.console('PAUSE app');
    const watch = adapter({ user: 'watch', password: 'secret-of-watch' });
    expect(await watch.rights()).toMatchObject([
      {
        right: 'pooler-admin',
        seen: { kind: 'unknown', fault: 'denied', reason: expect.stringMatching(/admin access needed/) as string },
      },
    ]);
    await may.rights();
    expect(pausedIn(await report(may))).toEqual(['app']);
    await pooler.console('RESUME app');
  });

  it('tells its version, and of each database whether it is paused, its servers and who waits', async () => {
    const port = adapter();
    await waited(await client());
    const before = await report(port);
    expect(before.version).toMatch(/^\d+\.\d+/);
    expect(before.databases).toEqual([{ name: 'app', paused: false, servers: 1, waiting: 0, maxWaitMs: 0 }]);
    expect(before.waits).toEqual({ clientMs: 120_000, loginRetryMs: 1_000 });
    await pooler.console('PAUSE "app"');
    const waiting = waited(await client());
    await until('a client waits', async () => (await report(port)).databases[0]?.waiting === 1);
    const paused = await report(port);
    expect(pausedIn(paused)).toEqual(['app']);
    expect(isPauseComplete(paused)).toBe(true);
    await pooler.console('RESUME "app"');
    await waiting;
  });

  it('holds clients between two transactions and lets them go, those of other databases at no time', async () => {
    const port = adapter();
    const [one, other] = [await client(), await client('app-ro')];
    await waited(one);
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'done' });
    expect(await waited(other)).toBeLessThan(300);
    const held = waited(one);
    await sleep(300);
    expect(await port.resume()).toMatchObject({ effect: 'done' });
    const heldMs = await held;
    expect(heldMs).toBeGreaterThan(250);
    expect(heldMs).toBeLessThan(1_500);
    expect(await port.resume()).toMatchObject({ effect: 'done', text: 'bouncer: nothing is paused' });
  });

  it('where a transaction does not end in time the pause is taken back: its own PAUSE would stand for ever', async () => {
    const port = adapter();
    const [busy, other] = [await client(), await client()];
    await busy.query('BEGIN');
    const reply = await port.pause(TIMES);
    expect(reply).toMatchObject({ effect: 'none' });
    expect(reply.text).toContain('transactions did not end within 600 ms; taken back');
    expect(pausedIn(await report(port))).toEqual([]);
    expect(await waited(other)).toBeLessThan(500);
    await busy.query('COMMIT');
    expect(await waited(busy)).toBeLessThan(500);
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'done' });
  });

  it('of several databases none stays paused if one cannot be', async () => {
    const port = adapter({ databases: [] });
    const busy = await client('app-ro');
    await busy.query('BEGIN');
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'none' });
    expect(pausedIn(await report(port))).toEqual([]);
    await busy.query('COMMIT');
  });

  it('ends by itself when its time is over, though nobody comes for it', async () => {
    const port = adapter();
    const one = await client();
    expect(await port.pause({ withinMs: 500, forMs: 900 })).toMatchObject({ effect: 'done' });
    const heldMs = await waited(one);
    expect(heldMs).toBeGreaterThan(600);
    expect(heldMs).toBeLessThan(1_500);
    expect(pausedIn(await report(port))).toEqual([]);
  });

  it('is ended by the close of the port, so that an orderly stop leaves nobody waiting', async () => {
    const port = adapter();
    await port.pause(TIMES);
    await port.close();
    expect(await waited(await client())).toBeLessThan(500);
  });

  it('is ended by another instance, also while the PAUSE of the first one still waits for a transaction', async () => {
    const [holder, second] = [adapter(), adapter()];
    const [busy, other] = [await client(), await client()];
    await busy.query('BEGIN');
    const pausing = holder.pause({ withinMs: 900, forMs: 5_000 });
    await until('it is told to pause', async () => pausedIn(await report(second)).length === 1);
    expect(isPauseComplete(await report(second))).toBe(false);
    expect(await second.resume()).toMatchObject({ effect: 'done', text: 'bouncer: resumed: app' });
    expect(await waited(other)).toBeLessThan(500);
    expect(await pausing).toMatchObject({ effect: 'none' });
    await busy.query('COMMIT');
  });

  it('outlives the kill -9 of whoever paused, and is ended by another instance', async () => {
    const built = transpiled();
    const program = `
      const { pgbouncerAdapter } = await import(${JSON.stringify(join(built, 'src/adapters/poolers/pgbouncer/pgbouncer-adapter.js'))});
      const { systemClock } = await import(${JSON.stringify(join(built, 'src/adapters/clock.js'))});
      const port = pgbouncerAdapter(${JSON.stringify(pooler.config())}, 1000, systemClock);
      console.log((await port.pause({ withinMs: 500, forMs: 3000 })).effect);
    `;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(String(chunk)));
    await until('it has paused', () => said.join('').includes('done'));
    child.kill('SIGKILL');
    await ended(child);
    rmSync(built, { recursive: true, force: true });
    const second = adapter();
    expect(pausedIn(await report(second))).toEqual(['app']);
    // One that had never been served waits for its login.
    const held = client();
    expect(await second.resume()).toMatchObject({ effect: 'done' });
    await held;
  });

  it('one that a person paused is left alone: nothing is sent, and nothing of ours ends it', async () => {
    const port = adapter();
    await pooler.console('PAUSE "app"');
    const reply = await port.pause({ withinMs: 300, forMs: 400 });
    expect(reply).toMatchObject({ effect: 'none' });
    expect(reply.text).toContain('paused already, by somebody else (app)');
    await sleep(600);
    await port.close();
    expect(pausedIn(await report(adapter()))).toEqual(['app']);
    await pooler.console('RESUME "app"');
  });

  it('one that a person began after ours was ended is left alone, though ours would have ended later', async () => {
    const port = adapter();
    expect(await port.pause({ withinMs: 500, forMs: 1_000 })).toMatchObject({ effect: 'done' });
    await pooler.console('RESUME "app"');
    expect(pausedIn(await report(port))).toEqual([]);
    await pooler.console('PAUSE "app"');
    await sleep(1_300);
    await port.close();
    expect(pausedIn(await report(adapter()))).toEqual(['app']);
    await pooler.console('RESUME "app"');
  });

  it('whoever paused lets go what he paused, and no database that a person paused meanwhile', async () => {
    const port = adapter({ databases: [] });
    await pooler.console('DISABLE "app-ro"');
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'done', text: 'bouncer: paused: app' });
    await pooler.console('ENABLE "app-ro"');
    await pooler.console('PAUSE "app-ro"');
    expect(await port.resume()).toMatchObject({ effect: 'done', text: 'bouncer: resumed: app' });
    expect(pausedIn(await report(port))).toEqual(['app-ro']);
    await pooler.console('RESUME "app-ro"');
  });

  it('where a person let go what we paused, and paused another database, nothing is resumed', async () => {
    const port = adapter({ databases: [] });
    await pooler.console('DISABLE "app-ro"');
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'done' });
    for (const command of ['RESUME "app"', 'ENABLE "app-ro"', 'PAUSE "app-ro"']) await pooler.console(command);
    expect(await port.resume()).toMatchObject({ effect: 'done' });
    expect(pausedIn(await report(port))).toEqual(['app-ro']);
    await pooler.console('RESUME "app-ro"');
  });

  it("a pause of everything is told by versions that tell it (1.19), and is no less somebody else's", async () => {
    const port = adapter();
    await waited(await client());
    expect((await report(port)).allPaused).not.toBe(true);
    await pooler.console('PAUSE');
    const { allPaused } = await report(port);
    expect([null, true]).toContain(allPaused);
    if (allPaused === true) expect(await port.pause(TIMES)).toMatchObject({ effect: 'none' });
    await pooler.console('RESUME');
  });

  it('gone while paused: told as refused, and one that begins anew is not paused', async () => {
    const port = adapter();
    await port.pause({ withinMs: 500, forMs: 1_000 });
    await pooler.stop();
    await until('its socket is known to be closed', async () => {
      const reading = await port.status();
      return reading.kind === 'unknown' && reading.fault === 'refused';
    });
    expect(await port.resume()).toMatchObject({ effect: 'none' });
    await pooler.start();
    expect(pausedIn(await report(port))).toEqual([]);
    await sleep(1_200);
    expect(await port.pause(TIMES)).toMatchObject({ effect: 'done' });
  });

  it('one that hangs while it is paused is resumed as soon as it answers', async () => {
    const port = adapter();
    await port.pause({ withinMs: 500, forMs: 700 });
    pooler.freeze();
    expect(await port.status()).toMatchObject({ kind: 'unknown', fault: 'timeout' });
    pooler.thaw();
    await until('it is resumed', async () => pausedIn(await report(adapter())).length === 0, 5_000);
  });

  it('a wrong password, and a user that may only look, are told as refused, and nothing is paused', async () => {
    expect(await adapter({ password: 'wrong' }).status()).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(await adapter({ password: 'wrong' }).pause(TIMES)).toMatchObject({ effect: 'none' });
    const watch = adapter({ user: 'watch', password: 'secret-of-watch' });
    expect(await report(watch)).toMatchObject({ waits: { clientMs: 120_000 } });
    const reply = await watch.pause(TIMES);
    expect(reply).toMatchObject({ effect: 'none' });
    expect(reply.text).toContain('admin access needed');
    expect(pausedIn(await report(watch))).toEqual([]);
  });

  it('the socket of the host, where it is asked there', async () => {
    expect((await report(adapter({ address: pooler.socket }))).databases).toHaveLength(1);
  });

  it('what is no PgBouncer is told as such', async () => {
    const port = adapter({ address: `tcp://127.0.0.1:${lab.ports.get('one') ?? 0}`, user: 'postgres' });
    expect((await port.status()).kind).toBe('unknown');
  });
});

describe.skipIf(!existsSync(PGBOUNCER) || BIN === null)('PgBouncer that asks for TLS', () => {
  it('is spoken to with the certificate that we trust, and with no other', async () => {
    const lab = PostgresLab.create(BIN ?? '');
    await lab.primary('one');
    const pooler = await Pooler.create(lab.ports.get('one') ?? 0, true);
    const tls = (ca: string | null) => ({ ca, cert: null, key: null, insecure: false });
    const trusting = pgbouncerAdapter(pooler.config({ tls: tls(pooler.certificate) }), 1_000, systemClock);
    const other = pgbouncerAdapter(pooler.config({ tls: tls(null) }), 1_000, systemClock);
    try {
      expect((await trusting.status()).kind).toBe('fresh');
      expect(await other.status()).toMatchObject({ kind: 'unknown', fault: 'certificate' });
    } finally {
      await Promise.all([trusting.close(), other.close()]);
      await pooler.close();
      await lab.close();
    }
  });
});
