import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandAdapter } from '../../src/adapters/hosts/command/command-adapter.js';
import { memberHost, storeHost, type HostVerb } from '../../src/model/host.js';
import type { HostPort } from '../../src/ports/host.js';
import { clusterConfig, stillClock } from './patroni-support.js';

/** OpenSSH's server and runit, as Debian has them; without them, or without root, there is nothing to run against. */
const isHere = ['/usr/sbin/sshd', '/usr/bin/ssh', '/usr/bin/runsvdir', '/usr/bin/sv'].every((path) => existsSync(path));

/** The operator's own script on the far side: a member is a service of a supervisor, and no container. */
const MEMBER = (services: string) => `#!/bin/sh
export SVDIR=${services}
verb=$1 name=$2
case $verb in
status)
  out=$(sv status "$name") || exit 4
  echo "host=$(cat ${services}/$name/host)"
  case $out in
  run:*) pid=$(cat ${services}/$name/supervise/pid); echo "id=$pid"; echo "started=$(stat -c %Y /proc/$pid)"; exit 0 ;;
  down:*) exit 3 ;;
  esac
  exit 4 ;;
start) exec sv -w 10 start "$name" ;;
stop) exec sv -w 10 stop "$name" ;;
restart) exec sv -w 10 restart "$name" ;;
kill) sv down "$name"; sv kill "$name"; exec sv -w 5 stop "$name" ;;
logs) exec tail -n "$3" ${services}/$name/log.txt ;;
disk) exec df -Pk ${services} ;;
esac
exit 64
`;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => {
        resolve(port);
      });
    });
  });

describe.skipIf(!isHere || process.getuid?.() !== 0)('members under a supervisor, reached by ssh', () => {
  let folder = '';
  let host: HostPort;
  let sshd: ChildProcess | null = null;
  let supervisor: ChildProcess | null = null;
  const one = memberHost('patroni1');

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'ekimi-ssh-'));
    const services = join(folder, 'service');
    for (const name of ['patroni1', 'etcd1', 'misnamed']) {
      mkdirSync(join(services, name), { recursive: true });
      writeFileSync(join(services, name, 'host'), name === 'misnamed' ? 'somebody-else\n' : `${name}\n`);
      const run = join(services, name, 'run');
      writeFileSync(run, `#!/bin/sh\necho "started $$" >> ${services}/${name}/log.txt\nexec sleep 3600\n`);
      chmodSync(run, 0o755);
    }
    const script = join(folder, 'member');
    writeFileSync(script, MEMBER(services));
    chmodSync(script, 0o755);
    const key = (name: string): string => {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
      return join(folder, name);
    };
    const [hostKey, ownKey] = [key('host_key'), key('own_key')];
    const port = await freePort();
    mkdirSync('/run/sshd', { recursive: true });
    writeFileSync(
      join(folder, 'sshd_config'),
      `Port ${port}\nListenAddress 127.0.0.1\nHostKey ${hostKey}\nAuthorizedKeysFile ${ownKey}.pub\nStrictModes no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nPermitRootLogin prohibit-password\nPidFile none\n`,
    );
    sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' });
    supervisor = spawn('/usr/bin/runsvdir', [services], { stdio: 'ignore', detached: true });
    // -n: nothing to read. BatchMode: never asks. The options are those that an operator would write into ssh_config.
    const ssh = ['ssh', '-n', '-F', 'none', '-p', String(port), '-i', ownKey, '-o', 'BatchMode=yes'];
    const unasked = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
    const argv = (verb: string, ...more: readonly string[]) => [
      ...ssh,
      ...unasked,
      '127.0.0.1',
      script,
      verb,
      '{name}',
      ...more,
    ];
    const commands = {
      status: argv('status'),
      start: argv('start'),
      stop: argv('stop'),
      restart: argv('restart'),
      kill: argv('kill'),
      logs: argv('logs', '{lines}'),
      disk: argv('disk'),
    };
    const members = { patroni1: 'patroni1', patroni2: 'misnamed', patroni3: 'nobody' };
    host = commandAdapter(
      clusterConfig({
        hosts: { driver: 'command', socket: '', commands, members, dcs: { etcd1: 'etcd1' }, proxy: {} },
        deadlines: { ...clusterConfig({}).deadlines, host: 20_000 },
      }),
      stillClock,
    );
    for (let tries = 0; tries < 50 && (await host.status(one)).kind !== 'fresh'; tries += 1) await sleep(300);
  });

  afterAll(async () => {
    // A HUP to runsvdir ends its services as well; whoever ends them first has them started again.
    supervisor?.kill('SIGHUP');
    await sleep(2_000);
    sshd?.kill('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  });

  const state = async (target = one) => {
    const reading = await host.status(target);
    return reading.kind === 'fresh' ? reading.value : null;
  };
  const send = (verb: HostVerb, id?: string, target = one) =>
    host.send({ port: 'host', target, verb, ...(id === undefined ? {} : { id }) });

  it('tell their state with the identity of the run, members and etcd alike', async () => {
    const first = await state();
    expect(first).toMatchObject({ state: 'running', id: expect.stringMatching(/^\d+$/) as string });
    expect(Math.abs((first?.startedAtMs ?? 0) - Date.now())).toBeLessThan(120_000);
    expect(await state(storeHost('etcd1'))).toMatchObject({ state: 'running' });
  });

  it('stop, start, restart and are killed; to start what runs changes nothing', async () => {
    const first = await state();
    expect(await send('start')).toMatchObject({ effect: 'done' });
    expect((await state())?.id).toBe(first?.id);
    expect(await send('restart', first?.id)).toMatchObject({ effect: 'done' });
    const second = await state();
    expect(second).toMatchObject({ state: 'running' });
    expect(second?.id).not.toBe(first?.id);
    expect(await send('kill', second?.id)).toMatchObject({ effect: 'done' });
    expect(await state()).toMatchObject({ state: 'stopped' });
    expect(await send('start')).toMatchObject({ effect: 'done' });
    expect(await send('stop')).toMatchObject({ effect: 'done' });
    expect(await state()).toMatchObject({ state: 'stopped' });
    expect(await send('start')).toMatchObject({ effect: 'done' });
  });

  it('are not touched by a request that was meant for another run', async () => {
    const before = await state();
    expect(await send('kill', '1')).toMatchObject({
      effect: 'none',
      text: expect.stringMatching(/another run/) as string,
    });
    expect(await state()).toEqual(before);
  });

  it('of another name than asked for are not believed, and one that is not there proves nothing', async () => {
    expect(await host.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    expect(await send('kill', '7', memberHost('patroni2'))).toMatchObject({ effect: 'none' });
    expect(await host.status(memberHost('patroni3'))).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
  });

  it('give the end of their log and the room on their disk', async () => {
    // A log may take a second and no more, which a login on a busy machine does by itself.
    await expect
      .poll(
        async () => {
          const log = await host.logs?.(one, 1);
          return log?.kind === 'fresh' ? log.value[0] : null;
        },
        { timeout: 25_000 },
      )
      .toMatch(/^started \d+$/);
    expect(await host.disk?.(one)).toMatchObject({ kind: 'fresh', value: { wal: null } });
  });
});
