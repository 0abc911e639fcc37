import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dockerAdapter } from '../../src/adapters/hosts/docker/docker-adapter.js';
import type { ControlData } from '../../src/model/control.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import type { HostPort } from '../../src/ports/host.js';
import { fakeEngine } from './docker-support.js';
import type { HostRig } from './host-contract.js';
import { clusterConfig, stillClock } from './patroni-support.js';

export const docker = (...args: readonly string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8', stdio: 'pipe' });

/** Any image of the lab will do: they all have a shell. Null: no engine, or no such image. */
function anyImage(): string | null {
  try {
    return docker('images', '--quiet', '--filter', 'reference=ekimi-lab/*').split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

export const IMAGE = anyImage() ?? '';
export const CONTAINER = `ekimi-contract-${process.pid}`;
/**
 * The engine reads output and errors side by side: what is to be last must come well after both. The first process of a container hears no
 * TERM that it has not asked for.
 */
const SAYS =
  'trap "exit 0" TERM; mkdir -p $PGDATA; echo 15 > $PGDATA/PG_VERSION; echo to output; echo to errors >&2; sleep 0.5; echo started; while :; do sleep 0.2; done';
const FLOOD = 'head -c 3000000 /dev/zero | tr "\\0" x | fold -w 79 > /proc/1/fd/1';

/** What the recorded control file says. */
const CONTROL: ControlData = {
  ...{ systemIdentifier: '7713330977483971429', state: 'in production', wasPrimary: true, isClean: false },
  ...{ timeline: 1, lsn: '0/01500718' },
};

export const portAt = (socket: string, deadlineMs: number): HostPort =>
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

/** Containers of a real engine, of a member and of an etcd member. */
export async function containers(): Promise<HostRig> {
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
    control: (has) => {
      const put = 'mkdir -p /data/pg/global && base64 -d > /data/pg/global/pg_control';
      const script = has ? put : 'rm -f /data/pg/global/pg_control';
      const named = 'printf "postgresql:\\n  data_dir: /data/pg\\n" > /etc/patroni.yml';
      execFileSync('docker', ['exec', '-i', CONTAINER, 'sh', '-c', `${named} && ${script}`], {
        input: readFileSync(join(import.meta.dirname, '../fixtures/replies/pg_controldata/15-killed.base64')),
      });
      return CONTROL;
    },
    storeData: (has) =>
      void docker(
        'exec',
        `${CONTAINER}-etcd`,
        'sh',
        '-c',
        has === null ? 'rm -rf /data/etcd' : `mkdir -p /data/etcd${has ? '/member/wal' : ''}`,
      ),
    hasStoreData: (name) =>
      spawnSync('docker', ['exec', `${CONTAINER}-etcd`, 'test', '-d', `/data/etcd/${name}/wal`]).status === 0,
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
