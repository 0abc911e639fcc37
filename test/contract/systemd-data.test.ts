import { chmodSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemdAdapter } from '../../src/adapters/hosts/systemd/systemd-adapter.js';
import { systemClock } from '../../src/adapters/clock.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import type { HostPort } from '../../src/ports/host.js';
import { clusterConfig } from './patroni-support.js';
import { postgresFolder, PostgresLab } from './postgres-support.js';

const one = memberHost('patroni1');

interface Programs {
  readonly controldata?: readonly string[] | null;
  readonly waldump?: readonly string[] | null;
  readonly df?: readonly string[];
}

function port(programs: Programs, deadlineMs = 5_000): HostPort {
  const systemd = {
    systemctl: ['/nowhere'],
    journalctl: ['/nowhere'],
    unit: '{name}.service',
    data: '/d',
    ...programs,
  };
  const names = { members: { patroni1: 'main' }, dcs: { etcd1: 'etcd' }, proxy: {} };
  return systemdAdapter(
    clusterConfig({
      hosts: { driver: 'systemd', socket: '', commands: null, systemd, ...names },
      deadlines: { ...clusterConfig({}).deadlines, host: deadlineMs },
    }),
    systemClock,
  );
}
const shell = (script: string): readonly string[] => ['/bin/sh', '-c', script, '{name}'];
const SPAN = { timeline: 1, from: '0/1000000' };

describe('what a program of this machine says of the data of a unit', () => {
  it('is asked of a member alone, and of none where it is not configured', async () => {
    const none = { kind: 'unknown', fault: 'not-configured' };
    for (const programs of [{}, { controldata: null, waldump: null }]) {
      expect(await port(programs).controldata?.(one)).toMatchObject(none);
      expect(await port(programs).surplus?.(one, SPAN)).toMatchObject(none);
    }
    const all = { controldata: shell('true'), waldump: shell('true') };
    expect(await port(all).controldata?.(storeHost('etcd1'))).toMatchObject(none);
    expect(await port(all).surplus?.(memberHost('patroni9'), SPAN)).toMatchObject(none);
  });

  it.each([
    ['is missing', ['/nowhere/pg_controldata', '{name}'], 'unreachable'],
    ['prints nonsense', shell('echo == records; echo Database system identifier: x'), 'bad-reply'],
    ['prints megabytes', shell('yes x'), 'bad-reply'],
    ['answers for another machine', shell('echo host=other'), 'wrong-scope'],
    ['may not be run', shell('echo "sudo: a password is required" >&2; exit 1'), 'denied'],
    ['fails', shell('exit 1'), 'bad-reply'],
  ] as const)('is unknown where it %s', async (_what, argv, fault) => {
    const asked = [
      await port({ controldata: argv }).controldata?.(one),
      await port({ waldump: argv }).surplus?.(one, SPAN),
    ];
    for (const reading of asked) {
      expect(reading).toMatchObject({ kind: 'unknown', fault });
      expect(reading?.kind === 'unknown' ? reading.reason.length : Infinity).toBeLessThan(1_000);
    }
  });

  it('has its arguments, as they are, and messages as we read them', async () => {
    const said = await port({
      waldump: ['/bin/sh', '-c', 'echo == none; echo "$@" "$LC_ALL"', 'sh', '{name}', '{timeline}', '{lsn}', '$(id)'],
    }).surplus?.(one, SPAN);
    expect(said?.kind === 'unknown' && said.reason).toContain('main 1 0/1000000 $(id) C');
  });

  it('that cannot be killed is one process at those data, whatever is asked, and is asked again when it has ended', async () => {
    // Out of the group that is killed, with our pipe in its hand: as one of another user, or on a file system that hangs.
    const hung = port({ controldata: shell('setsid sleep 4 & wait'), waldump: shell('echo == none'), df: ['df'] }, 300);
    expect(await hung.controldata?.(one)).toMatchObject({ kind: 'unknown', fault: 'timeout' });
    for (const reading of [await hung.controldata?.(one), await hung.surplus?.(one, SPAN), await hung.disk?.(one)]) {
      expect(reading).toMatchObject({ kind: 'unknown', fault: 'timeout' });
      expect(reading?.kind === 'unknown' && reading.reason).toMatch(/killed \d+ s ago has not ended/);
    }
    await expect
      .poll(async () => (await hung.surplus?.(one, SPAN))?.kind === 'unknown' && (await hung.surplus?.(one, SPAN)), {
        timeout: 20_000,
        interval: 300,
      })
      .toMatchObject({ fault: 'bad-reply' });
  });
});

const bin = postgresFolder();
const isRoot = process.getuid?.() === 0;

/** A real server that was killed; `setpriv` stands where sudo does: it makes us a user who may read the data, or one who may not. */
describe.skipIf(bin === null || !isRoot)('the data of a real server under systemd', () => {
  const name = memberName('main');
  let lab: PostgresLab;
  let from = '';
  const as = (user: string) => ['setpriv', `--reuid=${user}`, '--clear-groups', '--'];
  const programs = (user: string): Programs => ({
    controldata: [...as(user), join(bin ?? '', 'pg_controldata'), join(lab.folder, '{name}')],
    waldump: [
      ...as(user),
      ...['env', `PGDATA=${join(lab.folder, name)}`, join(lab.folder, 'ekimi-waldump'), '{timeline}', '{lsn}'],
    ],
  });

  beforeAll(async () => {
    lab = PostgresLab.create(bin ?? '');
    const script = join(lab.folder, 'ekimi-waldump');
    copyFileSync(join(import.meta.dirname, '../../config/ekimi-waldump'), script);
    chmodSync(script, 0o755);
    await lab.primary(name);
    await lab.sql(name, 'CREATE TABLE t (i int)');
    from = String((await lab.sql(name, 'SELECT pg_current_wal_insert_lsn()::text AS lsn'))[0]?.['lsn']);
    await lab.sql(name, 'INSERT INTO t VALUES (1)');
    await lab.stop(name);
  }, 120_000);
  afterAll(() => lab.close());

  it("is read by PostgreSQL's own programs as its owner", async () => {
    const read = port(programs('postgres'));
    expect(await read.controldata?.(one)).toMatchObject({
      kind: 'fresh',
      value: { state: 'in production', wasPrimary: true, isClean: false, timeline: 1 },
    });
    expect(await read.surplus?.(one, { timeline: 1, from })).toMatchObject({
      kind: 'fresh',
      value: { commits: 1, doubts: [] },
    });
  });

  it('is not read by somebody else, and that is said', async () => {
    const read = port(programs('nobody'));
    expect(await read.controldata?.(one)).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(await read.surplus?.(one, { timeline: 1, from })).toMatchObject({ kind: 'unknown' });
  });
});
