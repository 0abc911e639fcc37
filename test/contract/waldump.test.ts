import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandAdapter } from '../../src/adapters/hosts/command/command-adapter.js';
import { memberHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import { freshValue, type Reading } from '../../src/model/reading.js';
import type { SurplusWal } from '../../src/model/surplus.js';
import { clusterConfig, stillClock } from './patroni-support.js';
import { postgresFolder, PostgresLab } from './postgres-support.js';

const bin = postgresFolder();
const ONE = memberName('patroni1');

/** The operator's script against the directory of a real server that was killed, as the leader of a cluster is. */
describe.skipIf(bin === null)('what a real former leader has in its WAL', () => {
  let lab: PostgresLab;
  let from = '';

  const read = async (script: string, lsn = from, timeline = 1): Promise<Reading<SurplusWal>> => {
    const waldump = [script, '{timeline}', '{lsn}', join(lab.folder, 'patroni.yml')];
    const verbs = { status: ['true'], start: ['true'], stop: ['true'], restart: ['true'], kill: ['true'] };
    const commands = { ...verbs, waldump };
    const hosts = { driver: 'command', socket: '', commands, members: { [ONE]: 'db1' }, dcs: {}, proxy: {} } as const;
    const port = commandAdapter(clusterConfig({ hosts }), stillClock);
    return port.surplus?.(memberHost(ONE), { timeline, from: lsn }) ?? Promise.reject(new Error('no surplus'));
  };
  const shown = async (lsn = from, timeline = 1): Promise<SurplusWal> => {
    const reading = await read('config/ekimi-waldump', lsn, timeline);
    const value = freshValue(reading);
    if (value === null) throw new Error(JSON.stringify(reading));
    return value;
  };
  const position = async (): Promise<string> =>
    String((await lab.sql(ONE, 'SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0]?.['lsn']);

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    writeFileSync(
      join(lab.folder, 'patroni.yml'),
      `postgresql:\n  data_dir: ${join(lab.folder, ONE)}\n  bin_dir: ${bin}\n`,
    );
    await lab.primary(ONE);
    await lab.sql(ONE, 'CREATE TABLE t (i int)');
    await lab.sql(ONE, 'INSERT INTO t VALUES (1)');
    from = await position();
  }, 120_000);

  afterAll(async () => {
    await lab.close();
  });

  it('is nothing that committed, where it was only rolled back and stopped', async () => {
    await lab.sql(ONE, 'BEGIN; INSERT INTO t SELECT generate_series(1, 1000); ROLLBACK; CHECKPOINT');
    await lab.stop(ONE, 'SIGINT');
    const found = await shown();
    expect(found).toMatchObject({ commits: 0, doubts: [] });
    expect(found.records).toBeGreaterThan(1000);
  });

  it('is a commit, with its time and its relation', async () => {
    await lab.start(ONE);
    const beganMs = Date.now();
    await lab.sql(ONE, 'INSERT INTO t VALUES (2)');
    const [row] = await lab.sql(ONE, "SELECT pg_relation_filenode('t') AS file");
    await lab.stop(ONE);
    const found = await shown();
    expect(found).toMatchObject({ commits: 1, doubts: [] });
    expect(found.relations[0]?.relation).toMatch(new RegExp(`/${String(row?.['file'])}$`));
    expect(Math.abs((found.firstMs ?? 0) - beganMs)).toBeLessThan(5_000);
    expect(found.lastMs).toBe(found.firstMs);
  });

  it('is no proof with a message of logical decoding in it, which needs no commit', async () => {
    await lab.start(ONE);
    const lsn = await position();
    await lab.sql(ONE, "SELECT pg_logical_emit_message(false, 'app', 'told')");
    await lab.stop(ONE, 'SIGINT');
    expect((await shown(lsn)).doubts.join()).toContain('LogicalMessage');
  });

  it('is no proof behind its end, from the midst of a record, on another timeline or with a byte that changed', async () => {
    const [behind, later] = await Promise.all([shown('0/F000000'), shown(from, 2)]);
    expect(behind.to).toBeNull();
    expect(later.doubts.length).toBeGreaterThan(0);
    const file = join(lab.folder, ONE, 'pg_wal', '000000010000000000000001');
    const bytes = readFileSync(file);
    const at = Number.parseInt(from.split('/')[1] ?? '0', 16) % (16 * 1024 * 1024);
    bytes[at + 100] = (bytes[at + 100] ?? 0) ^ 0xff;
    writeFileSync(file, bytes);
    const torn = await shown();
    expect(torn.doubts.length + (torn.to === null ? 1 : 0)).toBeGreaterThan(0);
  });

  it('is unknown where there is no program, no answer, or megabytes of one', async () => {
    const script = (text: string): string => {
      const file = join(lab.folder, 'script');
      writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
      return file;
    };
    expect(await read('/nowhere/ekimi-waldump')).toMatchObject({ kind: 'unknown' });
    expect(await read(script('exit 1'))).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(await read(script('yes | head -c 3000000'))).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(await read(script('echo "== records"'))).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
  });
});
