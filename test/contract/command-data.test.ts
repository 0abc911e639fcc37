import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { memberHost, storeHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import { freshValue, type Reading } from '../../src/model/reading.js';
import type { HostPort } from '../../src/ports/host.js';
import { commandPort, type Commands } from './command-rig.js';
import { postgresFolder, PostgresLab } from './postgres-support.js';

const one = memberHost('patroni1');
const store = storeHost('etcd1');
const folder = mkdtempSync(join(tmpdir(), 'ekimi-command-data-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program of a shell; `$0` is the name, and what else it is told comes behind. */
const shell = (script: string, ...more: readonly string[]): readonly string[] => [
  '/bin/sh',
  '-c',
  script,
  '{name}',
  ...more,
];
const verbs = (more: Partial<Commands>, status = shell('echo id=run-1; exit 3')): Commands => ({
  status,
  ...{ start: shell('true'), stop: shell('true'), restart: shell('true'), kill: shell('true') },
  ...more,
});
const port = (more: Partial<Commands>, status?: readonly string[], deadlineMs = 5_000): HostPort =>
  commandPort(verbs(more, status), deadlineMs);

const CONTROL = readFileSync('test/fixtures/replies/pg_controldata/15-killed.txt', 'utf8');
/** What can be listed can be moved. */
const MOVED = { moveAside: shell('true'), moveStoreAside: shell('true') };
type Told = (by: HostPort) => Promise<Reading<unknown>> | undefined;

describe.each<[keyof Commands, string, Told]>([
  ['controldata', CONTROL, (by) => by.controldata?.(one)],
  ['storeData', 'holds=member\n', (by) => by.storeData?.(store)],
  ['listAside', '== aside\n4 /d/pg.ekimi-1\n== end\n', (by) => by.listAside?.(one)],
  ['listStoreAside', '== aside\n4 /d/member.ekimi-1\n== end\n', (by) => by.listAside?.(store)],
])('the command %s', (key, good, ask) => {
  const told = (argv: readonly string[], deadlineMs?: number) =>
    ask(port({ ...MOVED, [key]: argv }, undefined, deadlineMs));
  const printing = (text: string, code = 0): readonly string[] => {
    const file = join(mkdtempSync(join(folder, 'said-')), 'said');
    writeFileSync(file, text);
    return shell(`cat ${file}; echo because >&2; exit ${code}`);
  };

  it('tells it', async () => {
    expect(await told(printing(good))).toMatchObject({ kind: 'fresh' });
    expect(await told(printing(`host=patroni1\n${good}`))).toMatchObject({
      kind: /store/i.test(key) ? 'unknown' : 'fresh',
    });
  });

  it.each([
    ['is missing', ['/nowhere/program', '{name}'], 'unreachable'],
    ['exits with 1', () => printing(good, 1), 'bad-reply'],
    ['did not get there', () => printing('', 255), 'unreachable'],
    ['is ended by a signal', shell('kill -9 $$'), 'bad-reply'],
    ['prints nothing', shell('true'), 'bad-reply'],
    ['prints nonsense', () => printing('== aside\nholds=\nDatabase system identifier: x\n'), 'bad-reply'],
    ['prints megabytes', shell('yes x'), 'bad-reply'],
    ['answers for another machine', () => printing(`host=somebody-else\n${good}`), 'wrong-scope'],
    ['answers for another machine, and fails', () => printing(`host=somebody-else\n`, 1), 'wrong-scope'],
  ] as const)('that %s tells nothing', async (_what, argv, fault) => {
    const reading = await told(typeof argv === 'function' ? argv() : argv);
    expect(reading).toMatchObject({ kind: 'unknown', fault });
    expect(reading?.kind === 'unknown' ? reading.reason.length : Infinity).toBeLessThan(1_000);
  });

  it('that hangs tells nothing, and is ended', async () => {
    const file = join(folder, `${key}-pid`);
    expect(await told(shell(`echo $$ > ${file}; exec sleep 600`), 1_000)).toMatchObject({
      kind: 'unknown',
      fault: 'timeout',
    });
    const pid = Number(readFileSync(file, 'utf8'));
    await expect.poll(() => existsSync(`/proc/${pid}/exe`), { timeout: 5_000 }).toBe(false);
  }, 40_000);

  it('that nobody configured is not there', async () => {
    const none = { kind: 'unknown', fault: 'not-configured' };
    expect((await ask(port(MOVED))) ?? none).toMatchObject(none);
  });
});

describe('a line of another host', () => {
  const other = (more: string) => shell(`echo host=somebody-else; ${more}`);
  const wrong = { kind: 'unknown', fault: 'wrong-scope' };

  it('is not believed in what df or pg_waldump prints', async () => {
    expect(await port({ disk: other('df -Pk /') }).disk?.(one)).toMatchObject(wrong);
    expect(await port({ waldump: other('echo == none') }).surplus?.(one, { timeline: 1, from: '0/1' })).toMatchObject(
      wrong,
    );
  });

  it('in a log is a line of it', async () => {
    expect(await port({ logs: other('true') }).logs?.(one, 5)).toMatchObject({ value: ['host=somebody-else'] });
  });
});

describe('what lies aside', () => {
  it('is not listed where nothing could be moved there: that would be found out once the member is stopped', async () => {
    const listAside = shell('echo == aside; echo == end');
    expect('listAside' in port({ listAside })).toBe(false);
    expect(await port({ listAside, moveAside: shell('true') }).listAside?.(one)).toMatchObject({ kind: 'fresh' });
  });

  const acts = (): string => {
    try {
      return readFileSync(join(folder, 'acts'), 'utf8');
    } catch {
      return '';
    }
  };
  const removing = (then: string) => shell(`echo "$0 $1" >> ${join(folder, 'acts')}; ${then}`, '{directory}');
  const remove = (argv: readonly string[] | null, name = 'pg.ekimi-1', status?: readonly string[]) =>
    port({ removeAside: argv }, status).removeAside?.(one, name);

  it.each([
    ['is not configured', null, 'none', ''],
    ['is missing', ['/nowhere/program', '{name}'], 'none', ''],
    ['says that it is gone', removing('echo == removed; echo /d/pg.ekimi-1'), 'done', 'patroni1 pg.ekimi-1\n'],
    ['refuses', removing('echo == refused; echo "its postmaster lives"'), 'none', 'patroni1 pg.ekimi-1\n'],
    ['says nothing', removing('true'), 'maybe', 'patroni1 pg.ekimi-1\n'],
    ['prints megabytes', removing('yes x'), 'maybe', 'patroni1 pg.ekimi-1\n'],
    ['fails in the middle', removing('echo == removed; echo /d/pg.ekimi-1; exit 5'), 'maybe', 'patroni1 pg.ekimi-1\n'],
  ] as const)('is removed by a command that %s', async (_what, argv, effect, did) => {
    rmSync(join(folder, 'acts'), { force: true });
    expect(await remove(argv)).toMatchObject({ effect });
    expect(acts()).toBe(did);
  });

  it.each(['', 'pg', '../pg.ekimi-1', '/d/pg.ekimi-1', 'pg.ekimi-1 x', '.ekimi-1', 'pg.ekimi-1\n', '-r.ekimi-1/..'])(
    'is not %j: no command is run',
    async (name) => {
      rmSync(join(folder, 'acts'), { force: true });
      expect(await remove(removing('true'), name)).toMatchObject({ effect: 'none' });
      expect(acts()).toBe('');
    },
  );

  it.each([
    ['answers for another machine', shell('echo host=somebody-else; exit 3')],
    ['says nothing that is known', shell('exit 1')],
    ['is missing', ['/nowhere/status', '{name}']],
  ] as const)('is not removed where the status command %s', async (_what, status) => {
    rmSync(join(folder, 'acts'), { force: true });
    expect(await remove(removing('true'), undefined, status)).toMatchObject({ effect: 'none' });
    expect(acts()).toBe('');
  });
});

const bin = postgresFolder();

/** The program that comes with Ekimi against the directory of a real server that was killed. */
describe.skipIf(bin === null)('the control file of a real server', () => {
  let lab: PostgresLab;
  const name = memberName('patroni1');
  const read = async (path = 'config/ekimi-controldata') =>
    port({ controldata: [path, join(lab.folder, 'patroni.yml'), '{name}'] }).controldata?.(one);

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    writeFileSync(
      join(lab.folder, 'patroni.yml'),
      `postgresql:\n  data_dir: ${join(lab.folder, name)}\n  bin_dir: ${bin}\n`,
    );
    await lab.primary(name);
  }, 120_000);
  afterAll(() => lab.close());

  it('is that of a primary, running, killed and stopped; a torn one tells nothing', async () => {
    const [row] = await lab.sql(name, 'SELECT system_identifier::text AS id FROM pg_control_system()');
    const running = { systemIdentifier: row?.['id'], state: 'in production', wasPrimary: true, isClean: false };
    expect(await read()).toMatchObject({ kind: 'fresh', value: { ...running, timeline: 1 } });
    await lab.stop(name);
    const killed = await read();
    expect(killed).toMatchObject({ kind: 'fresh', value: running });
    await lab.start(name);
    await lab.stop(name, 'SIGINT');
    const clean = await read();
    expect(clean).toMatchObject({ kind: 'fresh', value: { state: 'shut down', isClean: true } });
    const [before, after] = [killed, clean].map((one) => (one === undefined ? null : freshValue(one)?.lsn));
    expect(after).not.toBe(before);
    const file = join(lab.folder, name, 'global/pg_control');
    const bytes = readFileSync(file);
    bytes.writeUInt32LE(9, 48);
    writeFileSync(file, bytes);
    const torn = await read();
    expect(torn).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(torn?.kind === 'unknown' && torn.reason).toMatch(/not to be believed/);
  }, 60_000);

  it('is not told by a program that nobody may run, nor without it', async () => {
    const mine = join(folder, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'controldata'), '#!/bin/sh\n');
    chmodSync(join(mine, 'controldata'), 0o644);
    expect(await read(join(mine, 'controldata'))).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(await read('/nowhere/ekimi-controldata')).toMatchObject({ kind: 'unknown' });
  });
});
