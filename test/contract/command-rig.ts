import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { commandAdapter } from '../../src/adapters/hosts/command/command-adapter.js';
import type { ClusterConfig } from '../../src/model/config.js';
import type { ControlData } from '../../src/model/control.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import type { HostRig } from './host-contract.js';
import { clusterConfig, stillClock } from './patroni-support.js';

type Hosts = NonNullable<ClusterConfig['hosts']>;
export type Commands = NonNullable<Hosts['commands']>;

const NAMES = {
  members: { patroni1: 'patroni1', patroni2: 'misnamed', patroni3: 'nobody' },
  dcs: { etcd1: 'etcd1' },
  proxy: {},
};

/** The driver with these commands, for a member, one that answers for somebody else, one that is not there, and an etcd member. */
export const commandPort = (commands: Commands, deadlineMs: number, names: Partial<Hosts> = NAMES) =>
  commandAdapter(
    clusterConfig({
      hosts: { driver: 'command', socket: '', commands, ...NAMES, ...names },
      deadlines: { ...clusterConfig({}).deadlines, host: deadlineMs },
    }),
    stillClock,
  );

/** One argv for every verb. */
export const allVerbs = (argv: readonly string[]): Commands => ({
  status: argv,
  start: argv,
  stop: argv,
  restart: argv,
  kill: argv,
  logs: argv,
  disk: argv,
  moveAside: argv,
  listAside: argv,
  removeAside: argv,
  controldata: argv,
  storeData: argv,
  moveStoreAside: argv,
  listStoreAside: argv,
});

/** The verbs as one program that is told the verb and the name. */
export const verbsOf = (argv: (verb: string, ...more: readonly string[]) => readonly string[]): Commands => ({
  status: argv('status'),
  start: argv('start'),
  stop: argv('stop'),
  restart: argv('restart'),
  kill: argv('kill'),
  logs: argv('logs', '{lines}'),
  disk: argv('disk'),
  moveAside: argv('aside', '{suffix}'),
  listAside: argv('asides'),
  removeAside: argv('remove', '{directory}'),
  controldata: argv('control'),
  storeData: argv('data'),
  moveStoreAside: argv('store-aside', '{suffix}'),
  listStoreAside: argv('store-asides'),
});

/** What is asked of each rig of this driver by name; the rest is its own. */
export const COMMAND_TARGETS = {
  one: memberHost('patroni1'),
  store: storeHost('etcd1'),
  misplaced: memberHost('patroni2'),
  nobody: memberHost('patroni3'),
};

/** An operator's script that keeps processes of this machine by their pid files. */
const SCRIPT = (folder: string) => `#!/bin/sh
cd ${folder}/"$2" 2>/dev/null || { echo "there is no $2 here" >&2; exit 4; }
alive() { pid=$(cat pid 2>/dev/null) && [ -n "$pid" ] && grep -q '^State:[[:space:]]*[^ZX]' /proc/$pid/status 2>/dev/null; }
begin() { mkdir -p pg; echo 15 > pg/PG_VERSION; setsid sh -c 'echo $$ > pid; echo "started $$" >> log; exec sleep 3600' </dev/null >/dev/null 2>&1 & sleep 0.2; }
finish() { alive && kill -$1 $pid; while alive; do sleep 0.05; done; }
case $1 in
status)
  echo "host=$(cat host)"
  alive || exit 3
  echo "id=$pid"; echo "started=$(stat -c %Y /proc/$pid)" ;;
start) alive || begin ;;
stop) finish TERM ;;
restart) finish TERM; begin ;;
kill) finish KILL ;;
logs) tail -n "$3" log ;;
disk) df -Pk . ;;
aside) PGDATA=$PWD/pg exec ${folder}/ekimi-move-aside "$3" ;;
asides) echo "host=$(cat host)"; PGDATA=$PWD/pg exec ${folder}/ekimi-list-aside ;;
remove) PGDATA=$PWD/pg exec ${folder}/ekimi-remove-aside "$3" ;;
control) echo "host=$(cat host)"; exec cat pg/global/pg_control.txt ;;
data) exec ${folder}/ekimi-store-data "$PWD/etcd" ;;
store-aside) exec ${folder}/ekimi-move-store-aside "$3" "$PWD/etcd" ;;
store-asides) echo "host=$(cat host)"; exec ${folder}/ekimi-list-store-aside "$PWD/etcd" ;;
*) exit 64 ;;
esac
`;

/** What the recorded control file says. */
const CONTROL_15: ControlData = {
  ...{ systemIdentifier: '7713313335744565193', state: 'in production', wasPrimary: true, isClean: false },
  ...{ timeline: 1, lsn: '0/01500718' },
};

/** What comes with Ekimi for such a script, and the directories that it is about. */
const PROGRAMS = [
  ...['move-aside', 'list-aside', 'remove-aside', 'store-data'],
  ...['move-store-aside', 'list-store-aside'],
] as const;
export const shipScripts = (folder: string): void => {
  for (const name of PROGRAMS)
    copyFileSync(join(import.meta.dirname, `../../config/ekimi-${name}`), join(folder, `ekimi-${name}`));
};

/** The data of a member and of an etcd member, in a folder each, as the test wants it. */
export const dataIn = (
  member: string,
  store: string,
): Required<Pick<HostRig, 'control' | 'storeData' | 'hasStoreData'>> => ({
  hasStoreData: (name) => existsSync(join(store, 'etcd', name, 'wal')),
  control: (has) => {
    const path = join(member, 'pg/global/pg_control.txt');
    mkdirSync(dirname(path), { recursive: true });
    if (has) copyFileSync(join(import.meta.dirname, '../fixtures/replies/pg_controldata/15-killed.txt'), path);
    else rmSync(path, { force: true });
    return CONTROL_15;
  },
  storeData: (has) => {
    const path = join(store, 'etcd');
    rmSync(path, { recursive: true, force: true });
    if (has !== null) mkdirSync(has ? join(path, 'member/wal') : path, { recursive: true });
  },
});

/** Programs of this machine. */
export async function localCommands(): Promise<HostRig> {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-host-'));
  for (const name of ['patroni1', 'etcd1', 'misnamed']) {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'host'), name === 'misnamed' ? 'somebody-else\n' : `${name}\n`);
  }
  shipScripts(folder);
  const script = join(folder, 'member');
  writeFileSync(script, SCRIPT(folder));
  chmodSync(script, 0o755);
  const node = (code: string) => [process.execPath, '-e', code, '{name}'];
  const ports = {
    port: commandPort(
      verbsOf((verb, ...more) => [script, verb, '{name}', ...more]),
      10_000,
    ),
    hangs: commandPort(allVerbs(node('setInterval(() => undefined, 1000)')), 300),
    missing: commandPort(allVerbs(['/nowhere/program', '{name}']), 5_000),
    endless: commandPort(
      allVerbs(node('process.stdout.write("x".repeat(3_000_000)); setInterval(() => 0, 1000)')),
      10_000,
    ),
  };
  for (const target of [COMMAND_TARGETS.one, COMMAND_TARGETS.store])
    await ports.port.send({ port: 'host', target, verb: 'start' });
  return {
    ...COMMAND_TARGETS,
    port: ports.port,
    broken: ports,
    ...dataIn(join(folder, 'patroni1'), join(folder, 'etcd1')),
    hasData: (path) => existsSync(join(path, 'PG_VERSION')),
    flood: () => {
      appendFileSync(join(folder, 'patroni1', 'log'), 'x'.repeat(79).concat('\n').repeat(40_000));
    },
    close: async () => {
      for (const target of [COMMAND_TARGETS.one, COMMAND_TARGETS.store])
        await ports.port.send({ port: 'host', target, verb: 'kill' });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
