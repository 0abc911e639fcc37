import type { HostStatus } from './host.js';

/** What a driver can do beside telling the state of a target and obeying the verbs; what is missing is said as `not-configured`. */
export const HOST_PRIMITIVES = [
  'logs',
  'disk',
  'waldump',
  'controldata',
  'storeData',
  'moveAside',
  'listAside',
  'removeAside',
  'events',
] as const;
export type HostPrimitive = (typeof HOST_PRIMITIVES)[number];

/** A host driver as configuration and documentation tell it; what it does is in `src/adapters/hosts`, a folder each. */
export interface HostDriverRow {
  readonly summary: string;
  readonly primitives: readonly HostPrimitive[];
  /** Of what it moves and lists data directories, where it can. */
  readonly asideOf: readonly ('member' | 'store')[];
  /** What it can tell of a target; of `absent` and `paused` the others say that they do not know. */
  readonly states: readonly HostStatus['state'][];
  /** An answer names its machine, and one about another machine is not believed. */
  readonly asksMachine: boolean;
  /** What tells one run of a target from another: a request then goes to what was looked at, and to nothing else. */
  readonly identity: string;
  /** Keys of `hosts` without which it cannot work. */
  readonly needs: readonly ('commands' | 'systemd' | 'peers')[];
  /** What its contract tests run it against. */
  readonly shownWith: string;
}

/** All drivers by the name that `hosts.driver` has. Configuration, its rules, the registry of adapters and the documentation follow this table. */
export const HOST_DRIVERS = {
  docker: {
    summary: 'containers, by the Engine API of Docker',
    primitives: HOST_PRIMITIVES,
    asideOf: ['member', 'store'],
    states: ['running', 'stopped', 'paused', 'restarting', 'absent'],
    asksMachine: false,
    identity: 'container id, start time',
    needs: [],
    shownWith: 'a Docker engine',
  },
  command: {
    summary: 'commands of your own, run without a shell',
    primitives: ['logs', 'disk', 'waldump', 'controldata', 'storeData', 'moveAside', 'listAside', 'removeAside'],
    asideOf: ['member', 'store'],
    states: ['running', 'stopped'],
    asksMachine: true,
    identity: 'what the status command prints (`id=`, `started=`, `host=`); none if it prints nothing of it',
    needs: ['commands'],
    shownWith: 'programs of this machine; ssh to members under a supervisor (runit)',
  },
  systemd: {
    summary: 'units of systemd on this machine, by systemctl and journalctl',
    primitives: ['logs', 'disk', 'waldump', 'controldata'],
    asideOf: [],
    states: ['running', 'stopped', 'paused', 'restarting'],
    asksMachine: false,
    identity: 'InvocationID, process number and start time of the main process',
    needs: ['systemd'],
    shownWith:
      'a stand-in that answers in the format of systemctl 252; of the real one only what it says where systemd does not run',
  },
  peers: {
    summary: 'other instances of Ekimi, each beside what it lends its own driver for',
    primitives: HOST_PRIMITIVES,
    asideOf: ['member', 'store'],
    states: ['running', 'stopped', 'paused', 'restarting', 'absent'],
    asksMachine: false,
    identity: 'as the driver of the one that lends it tells it',
    needs: ['peers'],
    shownWith: 'instances as processes of their own, a real etcd',
  },
} as const satisfies Readonly<Record<string, HostDriverRow>>;

export type HostDriverName = keyof typeof HOST_DRIVERS;
export const HOST_DRIVER_NAMES = Object.keys(HOST_DRIVERS) as readonly HostDriverName[];

/** What an instance reaches by itself, and can lend to others. */
export type LocalDriverName = Exclude<HostDriverName, 'peers'>;
export const LOCAL_DRIVER_NAMES = HOST_DRIVER_NAMES.filter((name): name is LocalDriverName => name !== 'peers');
