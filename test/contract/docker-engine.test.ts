import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { memberHost, storeHost } from '../../src/model/host.js';
import { CONTAINER, containers, docker, IMAGE, portAt } from './docker-rig.js';
import { hostContract } from './host-contract.js';

hostContract({
  driver: 'docker',
  against: 'a Docker engine',
  unless: IMAGE === '' ? 'no engine runs here, or it has no image of the lab' : null,
  open: containers,
});

describe.skipIf(IMAGE === '')('the death of a container', () => {
  const port = portAt('unix:///var/run/docker.sock', 5_000);
  afterEach(() => {
    spawnSync('docker', ['rm', '--force', '--volumes', CONTAINER]);
  });
  afterAll(() => port.close());

  it('is proven from its event on, and no longer once it is started again', async () => {
    docker('run', '--detach', '--name', CONTAINER, '--entrypoint', 'sleep', IMAGE, '600');
    const one = memberHost('patroni1');
    const atDeath: ReturnType<typeof port.status>[] = [];
    const woken: string[] = [];
    const stop = port.onEvent((what) => {
      woken.push(what);
      if (what === 'patroni1: die') atDeath.push(port.status(one));
    });
    expect(await port.status(one)).toMatchObject({ value: { state: 'running' } });
    // The stream is open once it tells something.
    await expect
      .poll(() => {
        if (!woken.includes('patroni1: unpause')) for (const verb of ['pause', 'unpause']) docker(verb, CONTAINER);
        return woken;
      })
      .toContain('patroni1: unpause');
    docker('kill', CONTAINER);
    await expect.poll(() => atDeath).toHaveLength(1);
    const told = await atDeath[0];
    expect(told).toMatchObject({ source: expect.stringMatching(/^events of /) as string });
    expect(told).toMatchObject({ value: { state: 'stopped', exitCode: 137, oomKilled: false } });
    docker('start', CONTAINER);
    await expect.poll(async () => port.status(one)).toMatchObject({ value: { state: 'running', exitCode: null } });
    stop();
  });
});

describe.skipIf(IMAGE === '')('a data directory in the volume of a stopped container', () => {
  const port = portAt('unix:///var/run/docker.sock', 5_000);
  const made: string[] = [];
  const make = (volume: string, ...rest: readonly string[]): string => {
    const args = ['--user', '0', '--env', 'PGDATA=/data/pg', '--volume', volume, '--entrypoint', 'sh', IMAGE, ...rest];
    docker('run', '--detach', '--name', CONTAINER, ...args);
    made.push(CONTAINER);
    execFileSync('docker', ['wait', CONTAINER]);
    return docker('inspect', '--format', '{{.Id}}', CONTAINER).trim();
  };
  const begun = 'mkdir -p $PGDATA; echo 15 > $PGDATA/PG_VERSION';
  const one = memberHost('patroni1');
  const beside = `ekimi-beside-${CONTAINER}`;
  const named = (name: string): string => docker('ps', '--all', '--quiet', '--filter', `name=^${name}$`).trim();

  afterEach(() => {
    for (const name of [...made.splice(0), beside]) spawnSync('docker', ['rm', '--force', '--volumes', name]);
  });
  afterAll(() => port.close());

  it('is where the own patroni.yml of that container says, whatever its image has', async () => {
    const own =
      'mkdir -p /data/own /etc; echo 15 > /data/own/PG_VERSION; echo "  data_dir: /data/own" > /etc/patroni.yml';
    const id = make('/data', '-c', `${begun}; ${own}`);
    expect(await port.moveAside?.(one, { id, suffix: 'ekimi-1' })).toMatchObject({ to: '/data/own.ekimi-1' });
    expect(await port.listAside?.(one)).toMatchObject({ value: [{ name: 'own.ekimi-1' }] });
    expect(named(beside)).toBe('');
  });

  it('stays where it lies in no volume', async () => {
    const id = make('/elsewhere', '-c', begun);
    expect(await port.moveAside?.(one, { id, suffix: 'ekimi-1' })).toMatchObject({ effect: 'none', to: null });
    expect(named(beside)).toBe('');
  });

  it('is moved once what a death of ours left behind is over, and not while it works', async () => {
    const id = make('/data', '-c', begun);
    const left = (script: string) =>
      docker(
        'run',
        '--detach',
        '--name',
        beside,
        '--label',
        `ekimi.beside=${CONTAINER}`,
        '--entrypoint',
        'sh',
        IMAGE,
        '-c',
        script,
      );
    left('sleep 60');
    expect(await port.moveAside?.(one, { id, suffix: 'ekimi-1' })).toMatchObject({
      effect: 'none',
      text: expect.stringMatching(/at work/) as string,
    });
    docker('kill', beside);
    expect(await port.moveAside?.(one, { id, suffix: 'ekimi-1' })).toMatchObject({ effect: 'done' });
  });

  it('stays where somebody else has the name of the second container', async () => {
    const id = make('/data', '-c', begun);
    docker('run', '--detach', '--name', beside, '--entrypoint', 'sh', IMAGE, '-c', 'true');
    expect(await port.moveAside?.(one, { id, suffix: 'ekimi-1' })).toMatchObject({ effect: 'none', to: null });
    expect(named(beside)).not.toBe('');
  });
});

describe.skipIf(IMAGE === '')('the data of an etcd member that cannot be moved aside', () => {
  const port = portAt('unix:///var/run/docker.sock', 5_000);
  const etcd = `${CONTAINER}-etcd`;

  afterEach(() => {
    for (const name of [CONTAINER, etcd]) spawnSync('docker', ['rm', '--force', '--volumes', name]);
  });
  afterAll(() => port.close());

  it.each([
    [
      'where its WAL is a link',
      '/data',
      'mkdir -p /data/wal /data/etcd/member; ln -s /data/wal /data/etcd/member/wal',
      'is /data/wal',
    ],
    ['where its WAL is elsewhere', '/data', 'mkdir -p /data/etcd/member/snap', '--wal-dir'],
    ['in no volume', '/elsewhere', 'mkdir -p /data/etcd/member/wal', 'lies in no volume'],
    ['in a volume of its own', '/data/etcd/member', 'mkdir -p /data/etcd/member/wal', 'is mounted'],
  ])('%s: that is told before, and it stays', async (_, volume, begun, why) => {
    docker('create', '--name', CONTAINER, '--entrypoint', 'true', IMAGE);
    const args = ['--user', '0', '--volume', volume, '--volume', '/other', '--entrypoint', 'sh', IMAGE, '-c', begun];
    docker('run', '--name', etcd, ...args);
    const id = docker('inspect', '--format', '{{.Id}}', etcd).trim();
    const target = storeHost('etcd1');
    expect(await port.storeData?.(target)).toMatchObject({
      value: { holds: 'member', whyNotAside: expect.stringContaining(why) as string },
    });
    expect(await port.moveAside?.(target, { id, suffix: 'ekimi-1' })).toMatchObject({ effect: 'none', to: null });
    expect(await port.storeData?.(target)).toMatchObject({ value: { holds: 'member' } });
  });
});
