import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { amcheck, CHECK_DEFAULTS } from '../../src/adapters/postgres/amcheck.js';
import { checkedPlaces } from '../../src/adapters/postgres/checked-places.js';
import type { CheckedPlaces } from '../../src/model/data-check.js';
import { until } from './etcd-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const bin = postgresFolder();

describe.skipIf(bin === null)('what a check of a real PostgreSQL has read of the places that a log named', () => {
  let lab: PostgresLab;
  const MEMBER = 'patroni2';
  const postgresOf = (user = 'postgres') => ({
    hosts: { [MEMBER]: { host: '127.0.0.1', port: lab.ports.get(MEMBER) ?? 0 } },
    user,
    password: PASSWORD,
    database: 'postgres',
    tls: null,
  });
  const asked = (places: readonly string[], user?: string): Promise<CheckedPlaces | null> =>
    checkedPlaces(postgresOf(user), { host: '127.0.0.1', port: lab.ports.get(MEMBER) ?? 0 }, places);
  const pathOf = async (name: string, database = 'other'): Promise<string> =>
    String((await lab.sql(MEMBER, `SELECT pg_relation_filepath('${name}') AS path`, { database }))[0]?.['path']);

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    await lab.primary(MEMBER);
    await lab.sql(MEMBER, 'CREATE DATABASE other');
    await lab.sql(MEMBER, `CREATE ROLE monitor LOGIN PASSWORD '${PASSWORD}'`);
    for (const text of [
      'CREATE EXTENSION amcheck',
      'CREATE TABLE t AS SELECT 1 AS i, repeat(md5(random()::text), 200) AS long',
      'CREATE INDEX t_tree ON t (i)',
      'CREATE INDEX t_hash ON t USING hash (i)',
      'CREATE SEQUENCE t_seq',
      'CREATE UNLOGGED TABLE t_quick (i int)',
      'CREATE MATERIALIZED VIEW t_view AS SELECT * FROM t',
    ])
      await lab.sql(MEMBER, text, { database: 'other' });
    await lab.sql(MEMBER, 'CREATE EXTENSION amcheck');
    await lab.sql(MEMBER, 'CREATE TABLE t_both (i int)');
    await lab.sql(MEMBER, 'CREATE INDEX t_hash ON t_both (i)');
  }, 120_000);

  afterAll(() => lab.close());

  it('is tables of heap and indexes of btree of every database, and no other kind', async () => {
    const names = ['t', 't_tree', 't_view', 't_hash', 't_seq', 't_quick'];
    const paths = await Promise.all(names.map((name) => pathOf(name)));
    const [table = '', tree = '', view = ''] = paths;
    expect(await asked(paths)).toEqual({ read: [table, tree, view], gone: [] });
    expect(await asked(['t_tree', 't_seq', 't_hash'])).toEqual({ read: ['t_tree'], gone: [] });
  });

  it('is each part of a file, and not what lies beside it', async () => {
    const table = await pathOf('t');
    expect(await asked([`${table}.1`, `${table}_vm`, `${table}_fsm`])).toEqual({ read: [`${table}.1`], gone: [] });
    const shared = await pathOf('pg_database');
    expect(shared).toMatch(/^global\//);
    expect(await asked([shared])).toEqual({ read: [shared], gone: [] });
  });

  it('is nothing of a file that was written anew, or whose relation or database is gone: that is told', async () => {
    const before = await pathOf('t_tree');
    await lab.sql(MEMBER, 'REINDEX INDEX t_tree', { database: 'other' });
    expect(await asked([before, 'nothing_of_that_name', 'base/999999/1'])).toEqual({
      read: [],
      // A name may have been changed, and what bore it is as it was.
      gone: [before, 'base/999999/1'],
    });
  });

  it('is not told of a database that takes no connections, of a form that it does not know, and of whoever may not ask', async () => {
    await lab.sql(MEMBER, 'CREATE DATABASE closed');
    const path = await pathOf('pg_class', 'closed');
    const plain = await pathOf('pg_class', 'template1');
    await lab.sql(MEMBER, 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
    // That one has no amcheck, which is no gap of a check.
    const row = await lab.sql(MEMBER, "SELECT oid FROM pg_database WHERE datname = 'template0'");
    const template0 = `base/${String(row[0]?.['oid'])}/1259`;
    expect(await asked([path, plain, template0, 'pg_xact/0000', 't_tree'])).toEqual({ read: [], gone: [] });
    await lab.sql(MEMBER, 'DROP DATABASE closed');
    // By name it may be in there, too.
    await lab.sql(MEMBER, 'REVOKE CONNECT ON DATABASE other FROM PUBLIC');
    expect(await asked(['t_tree', await pathOf('t')], 'monitor')).toEqual({ read: [], gone: [] });
    expect(await asked(['t'], 'nobody')).toBe(null);
  });

  it('stands with a check that finds nothing', async () => {
    const program = join(lab.folder, 'pg_amcheck');
    writeFileSync(program, '#!/bin/sh\nexit 0\n');
    chmodSync(program, 0o755);
    const postgres = { ...postgresOf(), check: { ...CHECK_DEFAULTS, program } };
    const port = amcheck({ secretEnv: [], postgres } as never, systemClock);
    const table = await pathOf('t');
    port.begin({ member: MEMBER, database: null, leader: false }, 'dba', [table]);
    await until('it has ended', () => Promise.resolve(port.checks()[MEMBER]?.endedMs !== null));
    expect(port.checks()[MEMBER]).toMatchObject({ found: 0, gaps: [], places: { read: [table], gone: [] } });
    await port.close();
  });
});
