import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerAdapter } from '../../src/adapters/hosts/docker/docker-adapter.js';
import { memberHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import type { HostPort } from '../../src/ports/host.js';
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
// The engine reads output and errors side by side: what is to be last must come well after both.
const SAYS = 'echo to output; echo to errors >&2; sleep 0.5; echo last; exec sleep 300';

const one = memberName('patroni1');
const absent = memberName('patroni2');

describe.skipIf(IMAGE === '')('a real Docker engine', () => {
  let port: HostPort;
  beforeAll(() => {
    docker('run', '--detach', '--name', CONTAINER, '--entrypoint', 'sh', IMAGE, '-c', SAYS);
    const members = { patroni1: CONTAINER, patroni2: `${CONTAINER}-of-nobody` };
    const hosts = { driver: 'docker', socket: 'unix:///var/run/docker.sock', commands: null, members } as const;
    port = dockerAdapter(clusterConfig({ hosts: { ...hosts, dcs: {}, proxy: {} } }), stillClock);
  });
  afterAll(async () => {
    await port.close();
    docker('rm', '--force', CONTAINER);
  });

  it('gives the last lines of output and errors, without its frames', async () => {
    await expect
      .poll(async () => {
        const log = await port.logs?.(memberHost(one), 10);
        return log?.kind === 'fresh' ? [...log.value].sort() : log;
      })
      .toEqual(['last', 'to errors', 'to output']);
    expect(await port.logs?.(memberHost(one), 1)).toMatchObject({ kind: 'fresh', value: ['last'] });
  });

  it('has no log of a container that does not exist, which is absent and not stopped', async () => {
    expect(await port.logs?.(memberHost(absent), 10)).toMatchObject({ kind: 'unknown', fault: 'http-status' });
    expect(await port.status(memberHost(absent))).toMatchObject({ kind: 'fresh', value: { state: 'absent' } });
  });

  it('proves a kill, keeps its log, and refuses the second one', async () => {
    const kill = { port: 'host', target: memberHost(one), verb: 'kill' } as const;
    expect(await port.status(memberHost(one))).toMatchObject({ value: { state: 'running', exitCode: null } });
    // A container that was made anew under its name is another one.
    expect(await port.send({ ...kill, id: 'f'.repeat(64) })).toMatchObject({ effect: 'none', status: 404 });
    expect(await port.send(kill)).toMatchObject({ effect: 'done' });
    await expect
      .poll(async () => {
        const reading = await port.status(memberHost(one));
        return reading.kind === 'fresh' ? [reading.value.state, reading.value.exitCode] : reading;
      })
      .toEqual(['stopped', 137]);
    expect(await port.send(kill)).toMatchObject({ effect: 'none', status: 409 });
    expect(await port.logs?.(memberHost(one), 1)).toMatchObject({ kind: 'fresh', value: ['last'] });
  });
});
