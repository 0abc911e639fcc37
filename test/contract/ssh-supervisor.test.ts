import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { COMMAND_TARGETS, commandPort, dataIn, shipScripts, verbsOf } from './command-rig.js';
import { hostContract, type HostRig } from './host-contract.js';

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
endless) yes x | head -c 3000000; exec sleep 60 ;;
kill) sv down "$name"; sv kill "$name"; exec sv -w 5 stop "$name" ;;
logs) exec tail -n "$3" ${services}/$name/log.txt ;;
disk) exec df -Pk ${services} ;;
aside) PGDATA=${services}/$name/pg exec ${services}/../ekimi-move-aside "$3" ;;
asides) echo "host=$(cat ${services}/$name/host)"; PGDATA=${services}/$name/pg exec ${services}/../ekimi-list-aside ;;
remove) PGDATA=${services}/$name/pg exec ${services}/../ekimi-remove-aside "$3" ;;
control) echo "host=$(cat ${services}/$name/host)"; exec cat ${services}/$name/pg/global/pg_control.txt ;;
data) exec ${services}/../ekimi-store-data ${services}/$name/etcd ;;
store-aside) exec ${services}/../ekimi-move-store-aside "$3" ${services}/$name/etcd ;;
store-asides) echo "host=$(cat ${services}/$name/host)"; exec ${services}/../ekimi-list-store-aside ${services}/$name/etcd ;;
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

/** A server that takes connections and never says a word, as a machine that hangs. */
const deafServer = async (): Promise<Server> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
};

async function supervised(): Promise<HostRig> {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-ssh-'));
  const services = join(folder, 'service');
  for (const name of ['patroni1', 'etcd1', 'misnamed']) {
    mkdirSync(join(services, name), { recursive: true });
    writeFileSync(join(services, name, 'host'), name === 'misnamed' ? 'somebody-else\n' : `${name}\n`);
    const run = join(services, name, 'run');
    writeFileSync(
      run,
      `#!/bin/sh\nmkdir -p ${services}/${name}/pg\necho 15 > ${services}/${name}/pg/PG_VERSION\necho "started $$" >> ${services}/${name}/log.txt\nexec sleep 3600\n`,
    );
    chmodSync(run, 0o755);
  }
  shipScripts(folder);
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
  const sshd = spawn('/usr/sbin/sshd', ['-D', '-e', '-f', join(folder, 'sshd_config')], { stdio: 'ignore' });
  const supervisor = spawn('/usr/bin/runsvdir', [services], { stdio: 'ignore', detached: true });
  const deaf = await deafServer();
  // -n: nothing to read. BatchMode: never asks. The options are those that an operator would write into ssh_config.
  const ssh = (to: number, program = 'ssh') => [
    ...[program, '-n', '-F', 'none', '-p', String(to), '-i', ownKey, '-o', 'BatchMode=yes'],
    ...['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR', '127.0.0.1'],
  ];
  const member = (way: readonly string[], only?: string) =>
    verbsOf((verb, ...more) => [...way, script, only ?? verb, '{name}', ...more]);
  const host = commandPort(member(ssh(port)), 20_000);
  for (let tries = 0; tries < 50 && (await host.status(COMMAND_TARGETS.one)).kind !== 'fresh'; tries += 1)
    await sleep(300);
  return {
    ...COMMAND_TARGETS,
    port: host,
    broken: {
      hangs: commandPort(member(ssh((deaf.address() as AddressInfo).port)), 500),
      missing: commandPort(member(ssh(port, '/nowhere/ssh')), 5_000),
      endless: commandPort(member(ssh(port), 'endless'), 20_000),
    },
    ...dataIn(join(services, 'patroni1'), join(services, 'etcd1')),
    hasData: (path) => existsSync(join(path, 'PG_VERSION')),
    flood: () => {
      appendFileSync(join(services, 'patroni1', 'log.txt'), 'x'.repeat(79).concat('\n').repeat(40_000));
    },
    close: async () => {
      // A HUP to runsvdir ends its services as well; whoever ends them first has them started again.
      supervisor.kill('SIGHUP');
      await sleep(2_000);
      sshd.kill('SIGTERM');
      deaf.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

hostContract({
  driver: 'command',
  against: 'ssh to members under a supervisor (runit)',
  unless: isHere && process.getuid?.() === 0 ? null : 'sshd, runit and root are not all here',
  open: supervised,
});
