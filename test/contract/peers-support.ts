import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/adapters/clock.js';
import { peersAdapter } from '../../src/adapters/hosts/peers/peers-adapter.js';
import type { Aside } from '../../src/model/aside.js';
import type { ClusterConfig, PeersConfig } from '../../src/model/config.js';
import type { ControlData } from '../../src/model/control.js';
import type { TlsConfig } from '../../src/model/tls.js';
import { memberHost, type HostStatus, type HostTarget } from '../../src/model/host.js';
import type { Reply, Step } from '../../src/model/plan.js';
import { fresh, type Reading } from '../../src/model/reading.js';
import type { SurplusWal, WalSpan } from '../../src/model/surplus.js';
import type { Clock } from '../../src/ports/clock.js';
import type { DcsPort } from '../../src/ports/dcs.js';
import type { HostPort } from '../../src/ports/host.js';
import { clusterConfig, programOf } from './etcd-support.js';

export const TOKEN = 'a-token-that-all-instances-share';

export const RUNNING: HostStatus = {
  state: 'running',
  id: 'run-1',
  startedAtMs: 1_700_000_000_000,
  finishedAtMs: null,
  exitCode: null,
  oomKilled: false,
  restartCount: 0,
};

export const CONTROL: ControlData = {
  systemIdentifier: '7302112233445566778',
  state: 'in production',
  wasPrimary: true,
  isClean: false,
  timeline: 4,
  lsn: '5/28',
};

/** A driver of this machine that says and does what the test wants, and remembers what it was told to do. */
export class LocalDriver implements HostPort {
  readonly sent: Extract<Step, { port: 'host' }>[] = [];
  state: Reading<HostStatus> = fresh(RUNNING, 0, 'here');
  reply: () => Promise<Reply> = () => Promise.resolve({ effect: 'done', status: 204, text: 'as told', tookMs: 1 });
  lines: readonly string[] = [];
  /** What was asked of data directories, in order. */
  readonly asides: unknown[] = [];
  moved: () => Promise<Aside> = () =>
    Promise.resolve({
      ...{ effect: 'done', status: null, text: '/d/pg.ekimi-1', tookMs: 1 },
      ...{ to: '/d/pg.ekimi-1', bytes: 4_096 },
    });
  lists = 0;
  list: Required<HostPort>['listAside'] = () =>
    Promise.resolve(fresh([{ name: 'pg.ekimi-1', path: '/d/pg.ekimi-1', bytes: null }], 0, 'here'));
  wake: ((what: string) => void) | null = null;

  status(): Promise<Reading<HostStatus>> {
    return Promise.resolve(this.state);
  }
  logs(): Promise<Reading<readonly string[]>> {
    return Promise.resolve(fresh(this.lines, 0, 'here'));
  }
  surplus(_target: HostTarget, span: WalSpan): Promise<Reading<SurplusWal>> {
    const found = { to: null, records: 2, commits: 0, firstMs: 1, lastMs: 2, relations: [], doubts: [] };
    return Promise.resolve(fresh({ ...span, ...found, systemIdentifier: '1' }, 0, 'here'));
  }
  controldata: Required<HostPort>['controldata'] = () => Promise.resolve(fresh(CONTROL, 0, 'here'));
  storeData: Required<HostPort>['storeData'] = () =>
    Promise.resolve(fresh({ holds: 'member', whyNotAside: 'it is a mount point' }, 0, 'here'));
  listAside: Required<HostPort>['listAside'] = (target) => {
    this.lists += 1;
    return this.list(target);
  };
  moveAside: Required<HostPort>['moveAside'] = (target, how) => {
    this.asides.push({ target, ...how });
    return this.moved();
  };
  removeAside: Required<HostPort>['removeAside'] = (target, name) => {
    this.asides.push({ target, name });
    return this.reply();
  };
  send(step: Extract<Step, { port: 'host' }>): Promise<Reply> {
    this.sent.push(step);
    return this.reply();
  }
  onEvent(wake: (what: string) => void): () => void {
    this.wake = wake;
    return () => {
      this.wake = null;
    };
  }
  close(): Promise<void> {
    return Promise.resolve();
  }
}

export interface PeersOf {
  readonly scope?: string;
  readonly namespace?: string;
  readonly own?: readonly HostTarget[];
  readonly peers?: Partial<PeersConfig>;
  readonly deadlineMs?: number;
}

/** A cluster with `own` beside this instance and the others behind the addresses of `peers`. */
export function peersCluster({ scope, namespace, own = [], peers, deadlineMs = 1_500 }: PeersOf): ClusterConfig {
  const base = clusterConfig({ hosts: [], deadlineMs: 1_500, ...(scope === undefined ? {} : { scope }) });
  const named = (kind: HostTarget['kind']): Record<string, string> =>
    Object.fromEntries(own.filter((one) => one.kind === kind).map(({ name }) => [name, `box-${name}`]));
  return {
    ...base,
    dcs: { ...base.dcs, namespace: namespace ?? '/service/' },
    deadlines: { ...base.deadlines, host: deadlineMs },
    hosts: {
      driver: 'peers',
      socket: '',
      commands: null,
      members: named('member'),
      dcs: named('store'),
      proxy: named('proxy'),
      peers: { local: 'command', listen: null, members: {}, dcs: {}, proxy: {}, tls: null, token: TOKEN, ...peers },
    },
  };
}

/** An instance beside `own`, which listens; `told`: its log. */
export async function lending(
  options: PeersOf & { readonly dcs: DcsPort; readonly clock?: Clock; readonly driver?: LocalDriver },
) {
  const driver = options.driver ?? new LocalDriver();
  const own = options.own ?? [memberHost('patroni2')];
  const cluster = peersCluster({
    ...options,
    own,
    peers: { listen: { host: '127.0.0.1', port: 0 }, ...options.peers },
  });
  const port = peersAdapter(cluster, options.clock ?? systemClock, driver, options.dcs);
  const told: { readonly level: string; readonly fields: Readonly<Record<string, unknown>> }[] = [];
  const url = await port.lend?.({ instance: 'peer', told: (level, fields) => told.push({ level, fields }) });
  if (typeof url !== 'string') throw new Error('it does not listen');
  return { url, driver, told, close: () => port.close() };
}

/** An instance that asks whoever is at `url` for patroni2. */
export function asking(url: string, dcs: DcsPort, more: Partial<PeersOf> & { readonly clock?: Clock } = {}): HostPort {
  const peers = { local: null, members: { patroni2: url }, dcs: { etcd2: url }, ...more.peers };
  return peersAdapter(peersCluster({ ...more, peers }), more.clock ?? systemClock, null, dcs);
}

export const stepOn = (
  verb: Extract<Step, { port: 'host' }>['verb'],
  target = memberHost('patroni2'),
  id?: string,
): Extract<Step, { port: 'host' }> => ({ port: 'host', target, verb, ...(id === undefined ? {} : { id }) });

/** An authority and certificates of it, for this address; its files are in the folder as well. */
export function authority(folder: string, address = '127.0.0.1'): (name: string) => TlsConfig {
  mkdirSync(folder, { recursive: true });
  const run = (args: readonly string[]): void => {
    execFileSync(programOf('openssl') ?? '', args, { cwd: folder, stdio: 'ignore' });
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  run(['req', '-x509', ...key, '-days', '60', '-subj', '/CN=peers', '-keyout', 'ca.key', '-out', 'ca.crt']);
  writeFileSync(join(folder, 'ext'), `subjectAltName=IP:${address}\n`);
  return (name) => {
    run(['req', ...key, '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.csr`]);
    const signing = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '60', '-extfile', 'ext'];
    run(['x509', '-req', '-in', `${name}.csr`, ...signing, '-out', `${name}.crt`]);
    const text = (file: string): string => readFileSync(join(folder, file), 'utf8');
    return { ca: text('ca.crt'), cert: text(`${name}.crt`), key: text(`${name}.key`), insecure: false };
  };
}
