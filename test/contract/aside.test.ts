import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  asideFrom,
  ASIDE_SCRIPT,
  asidesFrom,
  directoryFrom,
  LIST_ASIDE_SCRIPT,
  REMOVE_ASIDE_SCRIPT,
  removedFrom,
} from '../../src/adapters/hosts/aside.js';

describe('a data directory that is to be moved aside', () => {
  let folder = '';
  let data = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ekimi-aside-'));
    data = join(folder, 'data');
    mkdirSync(join(data, 'pg_wal'), { recursive: true });
    mkdirSync(join(data, 'pg_tblspc'));
    writeFileSync(join(data, 'PG_VERSION'), '15\n');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (first: string, args: readonly string[] = ['old-1']) =>
    asideFrom(
      execFileSync('sh', ['-c', `${first}\n${ASIDE_SCRIPT}`, 'sh', ...args], {
        encoding: 'utf8',
        env: { ...process.env, PGDATA: data },
      }).split('\n'),
    );

  it('is renamed beside itself, with all that is in it', () => {
    expect(run('')).toEqual({ to: `${data}.old-1`, bytes: expect.any(Number) as number });
    expect(existsSync(data)).toBe(false);
    expect(readFileSync(`${data}.old-1/PG_VERSION`, 'utf8')).toBe('15\n');
  });

  it('is the one that patroni.yml names', () => {
    writeFileSync(join(folder, 'patroni.yml'), `postgresql:\n  data_dir: "${data}"\n`);
    expect(run('PGDATA=/nowhere', ['old-1', join(folder, 'patroni.yml')])).toEqual({
      to: `${data}.old-1`,
      bytes: expect.any(Number) as number,
    });
  });

  it.each([
    [
      'one of that name is there',
      () => {
        mkdirSync(`${data}.old-1`);
      },
      /is there already/,
    ],
    [
      'it is none',
      () => {
        rmSync(join(data, 'PG_VERSION'));
      },
      /no data directory/,
    ],
    [
      'its WAL lies elsewhere',
      () => {
        rmSync(join(data, 'pg_wal'), { recursive: true });
        symlinkSync('/tmp', join(data, 'pg_wal'));
      },
      /pg_wal lies elsewhere: \/tmp/,
    ],
    [
      'it has tablespaces',
      () => {
        symlinkSync('/tmp', join(data, 'pg_tblspc', '16384'));
      },
      /tablespaces/,
    ],
  ] as const)('stays where %s', (_, prepare, why) => {
    prepare();
    expect(run('')).toEqual({ no: expect.stringMatching(why) as string });
    expect(existsSync(data)).toBe(true);
  });

  it('stays where its postmaster lives', () => {
    const postmaster = spawn('sleep', ['60'], { cwd: data, stdio: 'ignore' });
    try {
      writeFileSync(join(data, 'postmaster.pid'), `${postmaster.pid ?? 0}\n${data}\n`);
      expect(run('')).toEqual({ no: expect.stringMatching(/postmaster \d+ lives/) as string });
    } finally {
      postmaster.kill('SIGKILL');
    }
    expect(existsSync(data)).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0)('stays where its postmaster cannot be looked at', () => {
    const postmaster = spawn('sleep', ['60'], { cwd: data, stdio: 'ignore' });
    try {
      writeFileSync(join(data, 'postmaster.pid'), `${postmaster.pid ?? 0}\n${data}\n`);
      execFileSync('chown', ['-R', '65534:65534', folder]);
      const said = execFileSync('sh', ['-c', ASIDE_SCRIPT, 'sh', 'old-1'], {
        ...{ encoding: 'utf8', uid: 65534, gid: 65534, cwd: '/' },
        env: { ...process.env, PGDATA: data },
      });
      expect(asideFrom(said.split('\n'))).toEqual({ no: expect.stringMatching(/cannot be read/) as string });
    } finally {
      postmaster.kill('SIGKILL');
    }
    expect(existsSync(data)).toBe(true);
  });

  it.skipIf(process.getuid?.() !== 0).each([
    ['is a mount point', 'mount --bind "$PGDATA" "$PGDATA"', /is a mount point/],
    ['has one in it', 'mount --bind "$PGDATA/pg_wal" "$PGDATA/pg_wal"', /something is mounted in/],
  ])('stays where it %s', (_, mount, why) => {
    // In a name space of its own: nothing is left mounted.
    const script = `${mount}\n${ASIDE_SCRIPT}`;
    const env = { ...process.env, PGDATA: data };
    const said = execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', 'old-1'], { encoding: 'utf8', env });
    expect(asideFrom(said.split('\n'))).toEqual({ no: expect.stringMatching(why) as string });
    expect(existsSync(data)).toBe(true);
  });

  it('is not known to be anywhere where the script did not come to its end', () => {
    expect(asideFrom(['== moved'])).toBeNull();
    expect(asideFrom(['mv: error'])).toBeNull();
    expect(asideFrom(['== moved', '/data.old-1', ''])).toEqual({ to: '/data.old-1', bytes: null });
  });

  it('is moved by the script that comes with Ekimi for hosts.commands.moveAside', () => {
    const shipped = readFileSync(join(import.meta.dirname, '../../config/ekimi-move-aside'), 'utf8');
    expect(shipped.endsWith(`${ASIDE_SCRIPT}\n`)).toBe(true);
  });
});

describe('a data directory that lies aside', () => {
  let folder = '';
  let data = '';
  const NAME = 'data.ekimi-20261126T211630Z';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'ekimi-aside-'));
    data = join(folder, 'data');
    for (const name of ['data', NAME, 'data.failed', 'other.ekimi-1']) {
      mkdirSync(join(folder, name), { recursive: true });
      writeFileSync(join(folder, name, 'PG_VERSION'), '15\n');
    }
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  const lines = (script: string, args: readonly string[], first = '') =>
    execFileSync('sh', ['-c', `${first}\n${script}`, 'sh', ...args], {
      encoding: 'utf8',
      env: { ...process.env, PGDATA: data },
    }).split('\n');
  const remove = (name: string) => removedFrom(lines(REMOVE_ASIDE_SCRIPT, [name]));

  it('is listed with what it takes, also while there is no data directory, and nothing else is', () => {
    const directories = [{ name: NAME, path: join(folder, NAME), bytes: expect.any(Number) as number }];
    expect(asidesFrom(lines(LIST_ASIDE_SCRIPT, []))).toEqual({ directories });
    rmSync(data, { recursive: true });
    expect(asidesFrom(lines(LIST_ASIDE_SCRIPT, []))).toEqual({ directories });
    expect(asidesFrom(['== aside', '4 /data.ekimi-1'])).toBeNull();
  });

  it('is listed nowhere that the next one could not lie: what cannot be moved is said before anything is stopped', () => {
    expect(directoryFrom(lines(LIST_ASIDE_SCRIPT, []))).toBe(data);
    mkdirSync(join(data, 'pg_tblspc', '16400'), { recursive: true });
    expect(asidesFrom(lines(LIST_ASIDE_SCRIPT, []))).toEqual({ no: 'it has tablespaces, which lie elsewhere' });
    rmSync(join(data, 'pg_tblspc'), { recursive: true });
    symlinkSync(join(folder, 'data.failed'), join(data, 'pg_wal'));
    expect(asidesFrom(lines(LIST_ASIDE_SCRIPT, []))).toEqual({
      no: expect.stringMatching(/^its pg_wal lies elsewhere: /) as string,
    });
  });

  it('is listed without its size where nobody counts it in time', () => {
    expect(asidesFrom(lines(LIST_ASIDE_SCRIPT, [], 'timeout() { return 124; }'))).toEqual({
      directories: [{ name: NAME, path: join(folder, NAME), bytes: null }],
    });
  });

  it('is removed by its name, with all that is in it', () => {
    expect(remove(NAME)).toEqual({ removed: join(folder, NAME) });
    expect(existsSync(join(folder, NAME))).toBe(false);
    expect(existsSync(join(data, 'PG_VERSION'))).toBe(true);
    expect(remove(NAME)).toEqual({ no: expect.stringMatching(/there is no directory/) as string });
  });

  it.each(['data', 'data.failed', 'other.ekimi-1', '..', '', 'data.ekimi-/../data', 'data.ekimi-'])(
    'is not %j: nothing is removed',
    (name) => {
      expect(remove(name)).toEqual({ no: expect.any(String) as string });
      for (const kept of ['data', NAME, 'data.failed', 'other.ekimi-1'])
        expect(existsSync(join(folder, kept, 'PG_VERSION'))).toBe(true);
    },
  );

  it('is not a link to somewhere else', () => {
    symlinkSync(data, join(folder, 'data.ekimi-2'));
    expect(remove('data.ekimi-2')).toEqual({ no: expect.stringMatching(/there is no directory/) as string });
    expect(existsSync(join(data, 'PG_VERSION'))).toBe(true);
  });

  it('is not removed from under a postmaster that somebody began to read it', () => {
    const reader = spawn('sleep', ['60'], { cwd: join(folder, NAME), stdio: 'ignore' });
    try {
      writeFileSync(join(folder, NAME, 'postmaster.pid'), `${reader.pid ?? 0}\n`);
      expect(remove(NAME)).toEqual({ no: expect.stringMatching(/postmaster \d+ lives/) as string });
    } finally {
      reader.kill('SIGKILL');
    }
    expect(existsSync(join(folder, NAME, 'PG_VERSION'))).toBe(true);
  });
});
