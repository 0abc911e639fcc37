import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { STORE_DATA_SCRIPT, storeDataFrom } from '../../../../src/adapters/hosts/store-data.js';
import { scratch } from '../../../support/scratch.js';

const run = (...args: readonly string[]) =>
  spawnSync('sh', ['-c', STORE_DATA_SCRIPT, 'sh', ...args], { encoding: 'utf8' });
const told = (...args: readonly string[]) => {
  const { status, stdout } = run(...args);
  return status === 0 ? storeDataFrom(stdout, null) : status;
};

describe('the data directory of an etcd member, by a script', () => {
  it('holds data, also where it lies elsewhere by a link', () => {
    const directory = scratch('etcd');
    expect(told(directory)).toEqual({ holds: 'nothing' });
    symlinkSync('/nowhere', join(directory, 'member'));
    expect(told(directory)).toMatchObject({ holds: 'member', whyNotAside: expect.any(String) as string });
    const other = scratch('etcd2');
    mkdirSync(join(other, 'member'));
    expect(told(other)).toMatchObject({ holds: 'member' });
  });

  it('tells nothing where it is not there, is a file, or was not named', () => {
    const file = join(scratch('etcd'), 'file');
    writeFileSync(file, '');
    expect([told('/nowhere/etcd'), told(file), told('')]).toEqual([4, 4, 4]);
  });

  it('tells nothing where its volume is not mounted: an empty mount point is no etcd that lost its data', () => {
    const mount = scratch('volume');
    const directory = join(mount, 'etcd');
    mkdirSync(directory);
    expect(told(directory, mount)).toBe(4);
    expect(run(directory, mount).stderr).toBe(`nothing is mounted at ${mount}\n`);
    // One that is mounted, and holds another directory than the one that is meant.
    expect(told(directory, '/proc')).toBe(4);
    expect(told(directory, '/')).toEqual({ holds: 'nothing' });
  });

  it.skipIf(process.getuid?.() !== 0)('holds what lies on the volume that is mounted there', () => {
    const mount = scratch('volume');
    // In a name space of its own: nothing is left mounted.
    const script = `mount -t tmpfs none ${mount} && mkdir ${mount}/etcd && exec sh -c "$0" sh ${mount}/etcd ${mount}`;
    expect(execFileSync('unshare', ['--mount', 'sh', '-c', script, STORE_DATA_SCRIPT], { encoding: 'utf8' })).toBe(
      'holds=nothing\n',
    );
  });

  it.each(['', 'holds=perhaps\n', 'member\n', 'holds=member\nholds=nothing\n', 'x\n'.repeat(300_000)])(
    'is not told by %j',
    (text) => {
      expect(storeDataFrom(text, null)).toMatch(/neither holds=member nor holds=nothing/);
    },
  );
});
