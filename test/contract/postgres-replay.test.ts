import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { postgresAdapter } from '../../src/adapters/postgres/postgres-adapter.js';
import { formatLsn, memberName } from '../../src/model/names.js';
import type { Reply } from '../../src/model/plan.js';
import { STANDBY_SETTINGS, type SqlStatus, type StandbySetting } from '../../src/model/sql.js';
import type { PostgresPort } from '../../src/ports/postgres.js';
import { clusterConfig, until } from './etcd-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const bin = postgresFolder();
const PRIMARY = memberName('patroni1');
const REPLICA = memberName('patroni2');

describe.skipIf(bin === null)('resuming replay on a real replica', () => {
  let lab: PostgresLab;
  let port: PostgresPort;

  const open = (user: string): PostgresPort => {
    const hosts = Object.fromEntries([...lab.ports].map(([name, at]) => [name, { host: '127.0.0.1', port: at }]));
    const postgres = { hosts, user, password: PASSWORD, database: 'postgres', tls: null };
    return postgresAdapter(clusterConfig({ hosts: [], deadlineMs: 1500, postgres }), systemClock);
  };
  const read = async (member = REPLICA): Promise<SqlStatus> => {
    const reading = await port.status(member);
    if (reading.kind !== 'fresh') throw new Error(`not fresh: ${JSON.stringify(reading)}`);
    return reading.value;
  };
  const settings = async (): Promise<Readonly<Record<StandbySetting, number>>> => {
    const { standbySettings } = await read(PRIMARY);
    if (standbySettings === undefined) throw new Error('no settings');
    return standbySettings;
  };
  const resume = async (at: string, by = port): Promise<Reply> =>
    by.send({ port: 'sql', member: REPLICA, statement: 'resume-replay', at, atLeast: await settings() });
  const place = async (): Promise<string> => {
    const { replayLsn } = await read();
    if (replayLsn === null) throw new Error('no position');
    return formatLsn(replayLsn);
  };
  const state = async (): Promise<unknown> =>
    (await lab.sql(REPLICA, 'SELECT pg_get_wal_replay_pause_state() AS state'))[0]?.['state'];
  const paused = (): Promise<void> =>
    until('replay is paused', async () => {
      await lab.sql(PRIMARY, 'SELECT pg_switch_wal()').catch(() => undefined);
      return (await state().catch(() => null)) === 'paused';
    });

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    await lab.primary(PRIMARY);
    await lab.sql(PRIMARY, `CREATE ROLE monitor LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    await lab.sql(PRIMARY, `CREATE ROLE resumer LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    await lab.sql(PRIMARY, 'GRANT EXECUTE ON FUNCTION pg_wal_replay_resume() TO resumer');
    await lab.sql(PRIMARY, 'CREATE TABLE t (i int)');
    await lab.replica(REPLICA, PRIMARY);
    port = open('resumer');
  }, 120_000);

  afterAll(async () => {
    await port.close();
    await lab.close();
  });

  test.each([
    ['monitor', false],
    ['resumer', true],
    ['postgres', true],
  ])('[P16] whether the user %s may resume replay is told before it is needed', async (user, resumeReplay) => {
    const asking = open(user);
    expect(await asking.rights?.(REPLICA)).toMatchObject({ kind: 'fresh', value: { resumeReplay } });
    await asking.close();
  });

  test('[P16] a pause by hand is undone: only the one that was seen, and only by who may', async () => {
    const own = await read();
    expect(Object.keys(own.standbySettings ?? {})).toEqual([...STANDBY_SETTINGS]);
    expect(own.standbySettings).toEqual(await settings());
    expect(own.recoveryTarget).toBeNull();
    await lab.sql(REPLICA, 'SELECT pg_wal_replay_pause()');
    await paused();
    const here = await place();
    await lab.sql(PRIMARY, 'INSERT INTO t VALUES (1)');
    expect((await read()).replayPaused).toBe(true);
    expect(await resume('0/1000000')).toMatchObject({
      effect: 'none',
      text: expect.stringContaining('no longer paused'),
    });
    const watcher = open('monitor');
    expect(await resume(here, watcher)).toMatchObject({
      effect: 'none',
      text: expect.stringContaining('EXECUTE on pg_wal_replay_resume()'),
    });
    await watcher.close();
    expect(await state()).toBe('paused');
    expect(await resume(here)).toMatchObject({ effect: 'done', text: `resumed replay on ${REPLICA}` });
    await until('it replays', async () => !(await read()).replayPaused && (await place()) !== here);
    expect(await resume(here)).toMatchObject({ effect: 'none' });
    expect(await resume(await place())).toMatchObject({ effect: 'none' });
  });

  test('[P16] what a setting of the primary has paused is left as it is, since to resume would shut it down', async () => {
    const { serverVersion } = await read();
    if (serverVersion < 140_000) return;
    const { startedAtMs } = await read();
    await lab.sql(PRIMARY, 'ALTER SYSTEM SET max_prepared_transactions = 7');
    await lab.stop(PRIMARY, 'SIGINT');
    await lab.start(PRIMARY);
    await paused();
    expect((await read()).standbySettings?.max_prepared_transactions).toBe(0);
    expect((await settings()).max_prepared_transactions).toBe(7);
    expect(await resume(await place())).toMatchObject({ effect: 'none' });
    expect(await state()).toBe('paused');
    expect((await read()).startedAtMs).toBe(startedAtMs);
    await lab.sql(REPLICA, 'ALTER SYSTEM SET max_prepared_transactions = 7');
    await lab.stop(REPLICA, 'SIGINT');
    await lab.start(REPLICA);
    expect((await read()).replayPaused).toBe(false);
  });

  test('[P16] what a recovery target has paused is left as it is, since to resume would make a primary of it', async () => {
    await lab.sql(REPLICA, "ALTER SYSTEM SET recovery_target_name = 'before the mistake'");
    await lab.stop(REPLICA, 'SIGINT');
    await lab.start(REPLICA);
    await lab.sql(PRIMARY, "SELECT pg_create_restore_point('before the mistake')");
    await paused();
    expect(await read()).toMatchObject({
      replayPaused: true,
      recoveryTarget: 'recovery_target_name = before the mistake',
    });
    expect(await resume(await place())).toMatchObject({ effect: 'none' });
    expect(await read()).toMatchObject({ inRecovery: true, replayPaused: true });
  });
});
