import { execFileSync, spawnSync } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { dockerAdapter } from '../../src/adapters/hosts/docker/docker-adapter.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { fakeEngine } from './docker-support.js';
import { hostContract, type HostRig } from './host-contract.js';
import { clusterConfig, stillClock } from './patroni-support.js';

const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: 'pipe' });

/** Any image of the lab will do: they all have a shell. Null: no engine, or no such image. */
function anyImage(): string | null {
  try {
    return docker('images', '--quiet', '--filter', 'reference=ekimi-lab/*').split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

const IMAGE = anyImage() ?? '';
const CONTAINER = `ekimi-contract-${process.pid}`;
/**
 * The engine reads output and errors side by side: what is to be last must come well after both. The first process of a container hears no
 * TERM that it has not asked for.
 */
const SAYS =
  'trap "exit 0" TERM; mkdir -p $PGDATA; echo 15 > $PGDATA/PG_VERSION; echo to output; echo to errors >&2; sleep 0.5; echo started; while :; do sleep 0.2; done';
const FLOOD = 'head -c 3000000 /dev/zero | tr "\\0" x | fold -w 79 > /proc/1/fd/1';

const portAt = (socket: string, deadlineMs: number) =>
  dockerAdapter(
    clusterConfig({
      hosts: {
        driver: 'docker',
        socket,
        commands: null,
        members: { patroni1: CONTAINER, patroni3: `${CONTAINER}-of-nobody` },
        dcs: { etcd1: `${CONTAINER}-etcd` },
        proxy: {},
        dcsData: '/data/etcd',
      },
      deadlines: { ...clusterConfig({}).deadlines, host: deadlineMs },
    }),
    stillClock,
  );

async function containers(): Promise<HostRig> {
  for (const name of [CONTAINER, `${CONTAINER}-etcd`])
    docker(
      'run',
      '--detach',
      '--name',
      name,
      '--env',
      'PGDATA=/data/pg',
      '--volume',
      '/data',
      '--user',
      '0',
      '--entrypoint',
      'sh',
      IMAGE,
      '-c',
      SAYS,
    );
  const deaf = await fakeEngine();
  deaf.handle(() => undefined);
  const talker = await fakeEngine();
  talker.handle((_, response) => response.end('x'.repeat(20_000_000)));
  const port = portAt('unix:///var/run/docker.sock', 20_000);
  const broken = {
    hangs: portAt(deaf.socket, 300),
    missing: portAt('unix:///nowhere/docker.sock', 2_000),
    endless: portAt(talker.socket, 5_000),
  };
  return {
    port,
    broken,
    one: memberHost('patroni1'),
    store: storeHost('etcd1'),
    nobody: memberHost('patroni3'),
    hasData: (path) => {
      return spawnSync('docker', ['exec', CONTAINER, 'test', '-e', `${path}/PG_VERSION`]).status === 0;
    },
    storeData: (has) =>
      void docker(
        'exec',
        `${CONTAINER}-etcd`,
        'sh',
        '-c',
        has === null ? 'rm -r /data/etcd' : `mkdir -p /data/etcd${has ? '/member' : ''}`,
      ),
    pause: () => docker('pause', CONTAINER),
    resume: () => docker('unpause', CONTAINER),
    flood: () => docker('exec', CONTAINER, 'sh', '-c', FLOOD),
    close: async () => {
      await Promise.all([port, ...Object.values(broken)].map((one) => one.close()));
      await Promise.all([deaf.close(), talker.close()]);
      docker('rm', '--force', '--volumes', CONTAINER, `${CONTAINER}-etcd`);
    },
  };
}

hostContract({
  driver: 'docker',
  against: 'a Docker engine',
  unless: IMAGE === '' ? 'no engine runs here, or it has no image of the lab' : null,
  open: containers,
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
