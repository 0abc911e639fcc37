import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diskFrom, DISK_SCRIPT } from '../../../../src/adapters/hosts/df.js';
import { scratch } from '../../../support/scratch.js';

const df = (device: string, size: number, free: number, mount: string): string =>
  `Filesystem     1024-blocks    Used Available Capacity Mounted on\n${device} ${size} ${size - free} ${free} 42% ${mount}\n`;

describe('[W1] what df says of a member', () => {
  it('is bytes of the data volume, and of another one for pg_wal', () => {
    const text = `== data\n${df('/dev/sda', 1000, 400, '/data')}== inodes\n${df('/dev/sda', 50, 7, '/data')}== wal\n${df('/dev/sdb', 2000, 0, '/wal')}== inodes\n`;
    expect(diskFrom(text)).toEqual({
      data: { totalBytes: 1_024_000, freeBytes: 409_600, freeInodes: 7 },
      wal: { totalBytes: 2_048_000, freeBytes: 0, freeInodes: null },
    });
  });

  it('is one volume where both lie on it, and an operator prints plain df', () => {
    expect(diskFrom(`== data\n${df('tmpfs', 10, 5, '/d')}== wal\n${df('tmpfs', 10, 5, '/d')}`)?.wal).toBeNull();
    expect(diskFrom(df('my own pool', 10, 5, '/with blank'))?.data).toEqual({
      totalBytes: 10_240,
      freeBytes: 5_120,
      freeInodes: null,
    });
  });

  it.each(['', 'sh: df: not found', 'Filesystem 1024-blocks\n', '== data\n/dev/sda x y z 1% /\n'])(
    '%j is no answer',
    (text) => {
      expect(diskFrom(text)).toBeNull();
    },
  );

  it('the script finds PGDATA by the member own file and looks above a directory that is gone', () => {
    const folder = scratch('df');
    mkdirSync(join(folder, 'there'));
    const file = join(folder, 'patroni.yml');
    writeFileSync(file, `postgresql:\n  data_dir: "${join(folder, 'there', 'gone', 'data')}"\n`);
    const ran = spawnSync('sh', ['-c', DISK_SCRIPT, 'sh', '/nowhere', file], { encoding: 'utf8' });
    expect(diskFrom(ran.stdout)).toMatchObject({ data: { totalBytes: expect.any(Number) }, wal: null });
    expect(spawnSync('sh', ['-c', DISK_SCRIPT, 'sh', '/nowhere'], { env: { PATH: process.env['PATH'] } }).status).toBe(
      3,
    );
  });
});
