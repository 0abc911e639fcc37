import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../../../src/adapters/clock.js';
import { peersAdapter } from '../../../../../src/adapters/hosts/peers/peers-adapter.js';
import { systemdAdapter } from '../../../../../src/adapters/hosts/systemd/systemd-adapter.js';
import { memberHost, storeHost, type HostTarget } from '../../../../../src/model/host.js';
import { fresh } from '../../../../../src/model/reading.js';
import type { DcsPort } from '../../../../../src/ports/dcs.js';
import type { HostPort } from '../../../../../src/ports/host.js';
import { asking, peersCluster } from '../../../../contract/peers-support.js';
import { scratch } from '../../../../support/scratch.js';

const one = memberHost('patroni2');
const proxy: HostTarget = { kind: 'proxy', name: 'haproxy' };

interface Systemd {
  readonly data?: string | null;
  readonly wal?: string | null;
  readonly df?: readonly string[];
}

function port(systemd: Systemd, deadlineMs = 20_000): HostPort {
  const cluster = peersCluster({ own: [one, storeHost('etcd2'), proxy], deadlineMs });
  const hosts = cluster.hosts;
  if (hosts === null) throw new Error('no hosts');
  const programs = { systemctl: ['/nowhere'], journalctl: ['/nowhere'], unit: '{name}.service' };
  return systemdAdapter({ ...cluster, hosts: { ...hosts, systemd: { ...programs, ...systemd } } }, systemClock);
}
const disk = async (systemd: Systemd, deadlineMs?: number) => port(systemd, deadlineMs).disk?.(one);

/** A data directory with its pg_wal. */
function dataDirectory(): string {
  const data = join(scratch('disk'), 'box-patroni2');
  mkdirSync(join(data, 'pg_wal'), { recursive: true });
  return data;
}

/** A program in place of df. */
function program(lines: string): readonly string[] {
  const path = join(scratch('df'), 'df');
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return [path];
}
const rows = (...of: readonly [device: string, size: number, free: number, mount: string][]): string =>
  [
    'Filesystem 1024-blocks Used Available Capacity Mounted on',
    ...of.map(([device, size, free, mount]) => `${device} ${size} ${size - free} ${free} 42% ${mount}`),
  ].join('\n');
const says = (room: string, inodes: string, code = 0): readonly string[] =>
  program(`if [ $1 = -Pk ]; then cat <<'X'\n${room}\nX\nelse cat <<'X'\n${inodes}\nX\nfi\nexit ${code}`);

describe('[W1] the room of a member under systemd', () => {
  it('is that of its data directory by df, once where pg_wal lies in it', async () => {
    const data = dataDirectory();
    const reading = await disk({ data: data.replace('box-patroni2', '{name}') });
    expect(reading).toMatchObject({ kind: 'fresh', value: { wal: null } });
    if (reading?.kind !== 'fresh') return;
    expect(reading.value.data.totalBytes).toBeGreaterThan(reading.value.data.freeBytes);
    expect(reading.value.data.freeBytes).toBeGreaterThan(0);
  });

  it('is that of two volumes, inodes included, where pg_wal lies elsewhere', async () => {
    const two = (size: number, free: number) =>
      rows(['/dev/sda', size, free, '/data'], ['/dev/sdb', size * 2, 0, '/wal']);
    expect(await disk({ data: '/d', df: says(two(1000, 400), two(50, 7)) })).toMatchObject({
      kind: 'fresh',
      value: {
        data: { totalBytes: 1_024_000, freeBytes: 409_600, freeInodes: 7 },
        wal: { totalBytes: 2_048_000, freeBytes: 0, freeInodes: 0 },
      },
    });
  });

  const other = '/dev/shm';
  const isOther = (() => {
    try {
      return statSync(other).dev !== statSync(scratch('here')).dev;
    } catch {
      return false;
    }
  })();
  it.skipIf(!isOther)('follows a pg_wal that is a link to another volume, and one that is named', async () => {
    const wal = mkdtempSync(join(other, 'ekimi-wal-'));
    try {
      const data = dataDirectory();
      rmSync(join(data, 'pg_wal'), { recursive: true });
      symlinkSync(wal, join(data, 'pg_wal'));
      const linked = await disk({ data });
      expect(linked).toMatchObject({ kind: 'fresh', value: { wal: { totalBytes: expect.any(Number) as number } } });
      expect(await disk({ data: dataDirectory(), wal })).toMatchObject({
        value: { wal: expect.any(Object) as object },
      });
      // Named as the data directory: it lies on that volume.
      expect(await disk({ data, wal: data })).toMatchObject({ kind: 'fresh', value: { wal: null } });
      rmSync(wal, { recursive: true });
      expect(await disk({ data })).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    } finally {
      rmSync(wal, { recursive: true, force: true });
    }
  });

  it('gets its directories as they are: no shell sees them', async () => {
    const data = join(scratch('disk'), '$(id);"*');
    mkdirSync(join(data, 'pg_wal'), { recursive: true });
    expect(await disk({ data })).toMatchObject({ kind: 'fresh' });
  });

  it('is not told where no directory is configured, nor of what has none', async () => {
    expect(await disk({})).toMatchObject({
      fault: 'not-configured',
      reason: 'hosts.systemd.data of patroni2 is not configured',
    });
    for (const target of [storeHost('etcd2'), proxy, memberHost('patroni9')])
      expect(await port({ data: '/' }).disk?.(target)).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
  });

  it.each<[string, (data: string) => void, RegExp]>([
    [
      'is not there',
      (data) => {
        rmSync(data, { recursive: true });
      },
      /box-patroni2\/: No such file or directory/,
    ],
    [
      'is a file',
      (data) => {
        rmSync(data, { recursive: true });
        writeFileSync(data, '');
      },
      /box-patroni2\/: Not a directory/,
    ],
    [
      'has no pg_wal',
      (data) => {
        rmSync(join(data, 'pg_wal'), { recursive: true });
      },
      /pg_wal\/: No such file/,
    ],
    [
      'has a file for pg_wal',
      (data) => {
        rmSync(join(data, 'pg_wal'), { recursive: true });
        writeFileSync(join(data, 'pg_wal'), '');
      },
      /pg_wal\/: Not a directory/,
    ],
  ])('of a directory that %s is unknown, and says so', async (_, spoil, why) => {
    const data = dataDirectory();
    spoil(data);
    const reading = await disk({ data });
    expect(reading).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
    expect(reading?.kind === 'unknown' && reading.reason).toMatch(why);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'of a directory that our user may not enter is denied, and told where pg_wal is named',
    async () => {
      const data = dataDirectory();
      for (let at = data; at !== '/tmp' && at !== '/'; at = join(at, '..')) chmodSync(at, 0o755);
      chmodSync(data, 0o700);
      const df = ['setpriv', '--reuid=65534', '--clear-groups', 'df'];
      expect(await disk({ data, df })).toMatchObject({
        kind: 'unknown',
        fault: 'denied',
        reason: expect.stringMatching(/pg_wal\/: Permission denied/) as string,
      });
      expect(await disk({ data, wal: data, df })).toMatchObject({ kind: 'fresh', value: { wal: null } });
    },
  );

  it.each<[string, readonly string[], string]>([
    ['is not there', ['/nowhere/df'], 'unreachable'],
    ['may not be run', program('echo "sudo: a password is required" >&2; exit 1'), 'denied'],
    ['prints nothing', program('exit 0'), 'bad-reply'],
    ['prints one volume for the two', says(rows(['/dev/sda', 9, 5, '/']), ''), 'bad-reply'],
    ['prints three', says(rows(['a', 9, 5, '/'], ['b', 9, 5, '/b'], ['c', 9, 5, '/c']), ''), 'bad-reply'],
    ['fails behind two lines', says(rows(['a', 9, 5, '/'], ['b', 9, 5, '/b']), '', 1), 'bad-reply'],
    ['writes without end', ['sh', '-c', 'yes x'], 'bad-reply'],
  ])('of a df that %s is unknown', async (_, df, fault) => {
    const reading = await disk({ data: '/d', df });
    expect(reading).toMatchObject({ kind: 'unknown', fault });
    expect(reading?.kind === 'unknown' ? reading.reason.length : 9_999).toBeLessThan(600);
  });

  it.each([
    ['counts none', rows(['a', 0, 0, '/'], ['b', 0, 0, '/b'])],
    ['has no row of one', rows(['b', 9, 0, '/b'])],
    ['knows no -i', ''],
  ])('is told without inodes where df %s', async (_, inodes) => {
    expect(await disk({ data: '/d', df: says(rows(['a', 9, 5, '/'], ['b', 9, 5, '/b']), inodes) })).toMatchObject({
      kind: 'fresh',
      value: { data: { freeInodes: null }, wal: { freeInodes: null } },
    });
  });
});

describe('[W1] a file system that hangs', () => {
  it('is unknown at the deadline, costs one process that cannot be killed, and is asked again when that has ended', async () => {
    const folder = scratch('hangs');
    const calls = join(folder, 'calls');
    const hangs = join(folder, 'hangs');
    appendFileSync(hangs, '');
    // As what waits for a disk it does not die of our signal, and holds our pipe until the disk is back.
    const df = program(
      [
        `echo "$1" >> ${calls}`,
        `[ -e ${hangs} ] && { setsid sh -c 'while [ -e ${hangs} ]; do sleep 0.1; done' & wait; }`,
        `cat <<'X'\n${rows(['a', 9, 5, '/'], ['a', 9, 5, '/'])}\nX`,
      ].join('\n'),
    );
    const here = port({ data: '/d', df }, 1_500);
    const startedMs = performance.now();
    // Two who ask at the same time are one question.
    const [first, second] = await Promise.all([here.disk?.(one), here.disk?.(one)]);
    expect(performance.now() - startedMs).toBeLessThan(8_000);
    expect(second).toBe(first);
    expect(first).toMatchObject({ kind: 'unknown', fault: 'timeout' });
    for (let times = 0; times < 5; times += 1)
      expect(await here.disk?.(one)).toMatchObject({
        kind: 'unknown',
        fault: 'timeout',
        reason: expect.stringMatching(
          /df of \/d\/ and \/d\/pg_wal\/: one that was killed \d+ s ago has not ended/,
        ) as string,
      });
    expect(readFileSync(calls, 'utf8')).toBe('-Pk\n');
    rmSync(hangs);
    await expect.poll(async () => (await here.disk?.(one))?.kind, { timeout: 15_000, interval: 100 }).toBe('fresh');
  }, 40_000);
});

describe('[W1] an instance beside a member under systemd', () => {
  it('lends what it sees of the volumes, and why it sees none', async () => {
    const seen = { systemIdentifier: '7', holder: null };
    const dcs = { seenTenure: () => Promise.resolve(fresh(seen, 0, 'etcd')) } as unknown as DcsPort;
    const lent = async (systemd: Systemd) => {
      const peers = { listen: { host: '127.0.0.1', port: 0 } };
      const lender = peersAdapter(
        peersCluster({ own: [one], peers, deadlineMs: 20_000 }),
        systemClock,
        port(systemd),
        dcs,
      );
      const url = await lender.lend?.({ instance: 'peer', told: () => undefined });
      const asker = asking(url ?? '', dcs, { deadlineMs: 20_000 });
      try {
        return await asker.disk?.(one);
      } finally {
        await Promise.all([asker.close(), lender.close()]);
      }
    };
    const data = dataDirectory();
    expect(await lent({ data })).toMatchObject({ kind: 'fresh', value: { wal: null } });
    expect(await lent({ data: `${data}/gone` })).toMatchObject({
      kind: 'unknown',
      fault: 'bad-reply',
      reason: expect.stringMatching(/No such file or directory/) as string,
    });
    expect(await lent({})).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
  }, 60_000);
});
