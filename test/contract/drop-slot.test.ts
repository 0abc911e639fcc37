import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { postgresAdapter } from '../../src/adapters/postgres/postgres-adapter.js';
import { memberName } from '../../src/model/names.js';
import type { Reply } from '../../src/model/plan.js';
import { freshValue } from '../../src/model/reading.js';
import type { Slot } from '../../src/model/sql.js';
import type { PostgresPort } from '../../src/ports/postgres.js';
import { clusterConfig, until } from './etcd-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const bin = postgresFolder();
const PRIMARY = memberName('patroni1');
const REPLICA = memberName('patroni2');

describe.skipIf(bin === null)('dropping a slot of a real primary', () => {
  let lab: PostgresLab;
  let port: PostgresPort;

  const open = (user: string): PostgresPort => {
    const hosts = Object.fromEntries([...lab.ports].map(([name, at]) => [name, { host: '127.0.0.1', port: at }]));
    const postgres = { hosts, user, password: PASSWORD, database: 'postgres', tls: null };
    return postgresAdapter(clusterConfig({ hosts: [], deadlineMs: 1500, postgres }), systemClock);
  };
  const slot = async (name: string): Promise<Slot | undefined> =>
    freshValue(await port.status(PRIMARY))?.slots.find((row) => row.name === name);
  const seen = async (name: string): Promise<Slot> => {
    const found = await slot(name);
    if (found === undefined) throw new Error(`no slot ${name}`);
    return found;
  };
  const drop = ({ name, kind, restartLsn }: Slot, by = port): Promise<Reply> =>
    by.send({
      port: 'sql',
      member: PRIMARY,
      statement: 'drop-slot',
      slot: name,
      kind: kind ?? 'physical',
      restartLsn: restartLsn ?? '',
    });

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    await lab.primary(PRIMARY);
    await lab.sql(PRIMARY, `CREATE ROLE monitor LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    await lab.sql(PRIMARY, `CREATE ROLE dropper REPLICATION LOGIN PASSWORD '${PASSWORD}' IN ROLE pg_monitor`);
    await lab.replica(REPLICA, PRIMARY);
    port = open('dropper');
  }, 120_000);

  afterAll(async () => {
    await port.close();
    await lab.close();
  });

  it('that nobody uses: it is gone, and a second request finds none', async () => {
    await lab.sql(PRIMARY, "SELECT pg_create_physical_replication_slot('old', true)");
    const old = await seen('old');
    expect(old).toMatchObject({ active: false, kind: 'physical', restartLsn: expect.stringMatching(/^0\//) });
    expect(await drop(old)).toMatchObject({ effect: 'done' });
    expect(await slot('old')).toBeUndefined();
    expect(await drop(old)).toMatchObject({ effect: 'none' });
  });

  it('is refused where it was made anew under its name since', async () => {
    await lab.sql(PRIMARY, "SELECT pg_create_physical_replication_slot('again', true)");
    const before = await seen('again');
    await lab.sql(PRIMARY, "SELECT pg_drop_replication_slot('again'), pg_switch_wal()");
    await lab.sql(PRIMARY, 'CREATE TABLE IF NOT EXISTS t (i int); CHECKPOINT');
    await lab.sql(PRIMARY, "SELECT pg_create_physical_replication_slot('again', true)");
    expect(await drop(before)).toMatchObject({ effect: 'none' });
    expect(await slot('again')).toBeDefined();
  });

  it('is refused while a replica streams by it, also where it was unused in the look', async () => {
    await lab.stop(REPLICA);
    await until('the slot is unused', async () => (await slot(REPLICA))?.active === false);
    const idle = await seen(REPLICA);
    await lab.start(REPLICA);
    await until('the replica streams again', async () => (await slot(REPLICA))?.active === true);
    expect(await drop(idle)).toMatchObject({ effect: 'none' });
    expect(await drop({ ...idle, restartLsn: (await seen(REPLICA)).restartLsn ?? '' })).toMatchObject({
      effect: 'none',
    });
    expect(await slot(REPLICA)).toMatchObject({ active: true });
  });

  it('is refused without the right, and proven so', async () => {
    await lab.sql(PRIMARY, "SELECT pg_create_physical_replication_slot('kept', true)");
    const monitor = open('monitor');
    expect(await drop(await seen('kept'), monitor)).toMatchObject({ effect: 'none' });
    await monitor.close();
    expect(await slot('kept')).toBeDefined();
  });
});
