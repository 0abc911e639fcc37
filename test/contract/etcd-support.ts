import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  accessSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import ts from 'typescript';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import { stopProcess } from '../support/stopped.js';

/** Path of a program on PATH, or null. */
export function programOf(name: string): string | null {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // not here
    }
  }
  return null;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

/** Asks until it is so; throws when it is not so after `withinMs`. */
export async function until(what: string, so: () => boolean | Promise<boolean>, withinMs = 15_000): Promise<void> {
  const endsAt = Date.now() + withinMs;
  while (!(await so())) {
    if (Date.now() > endsAt) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(50);
  }
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once('exit', resolve));
}

/** An interrupted run leaves no server behind. */
export function endWithUs(child: ChildProcess, signal: NodeJS.Signals): void {
  const end = (): void => {
    child.kill(signal);
  };
  process.once('exit', end);
  child.once('exit', () => process.off('exit', end));
}

/** A certificate for 127.0.0.1 that is its own CA, and its key, in `folder`. */
export function selfSigned(folder: string): { readonly cert: string; readonly key: string } {
  const [cert, key] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const kind = [
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:prime256v1',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=lab',
  ];
  execFileSync(
    programOf('openssl') ?? '',
    [...kind, '-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert],
    {
      stdio: 'ignore',
    },
  );
  return { cert, key };
}

interface Server {
  readonly name: string;
  readonly url: string;
  readonly args: readonly string[];
  child: ChildProcess | null;
}

/** Real etcd servers of this machine, on free loopback ports, with their data in a temporary directory. */
export class EtcdLab {
  private constructor(
    private readonly program: string,
    readonly folder: string,
    readonly servers: readonly Server[],
  ) {}

  static async start(program: string, size: number, tls = false): Promise<EtcdLab> {
    const folder = mkdtempSync(join(tmpdir(), 'ekimi-etcd-'));
    const { cert, key } = tls ? selfSigned(folder) : { cert: '', key: '' };
    const names = Array.from({ length: size }, (_, index) => `etcd${index + 1}`);
    const places = await Promise.all(
      names.map(async (name) => ({ name, client: await freePort(), peer: await freePort() })),
    );
    const peers = places.map((place) => `${place.name}=http://127.0.0.1:${place.peer}`).join(',');
    const servers = places.map(({ name, client, peer }): Server => {
      const url = `${tls ? 'https' : 'http'}://127.0.0.1:${client}`;
      const peerUrl = `http://127.0.0.1:${peer}`;
      const args = [
        '--name',
        name,
        '--data-dir',
        join(folder, name),
        '--listen-client-urls',
        url,
        '--advertise-client-urls',
        url,
      ];
      args.push('--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl, '--initial-cluster', peers);
      if (tls) args.push('--cert-file', cert, '--key-file', key);
      args.push('--heartbeat-interval', '50', '--election-timeout', '500', '--initial-cluster-state', 'new');
      return { name, url, args, child: null };
    });
    const lab = new EtcdLab(program, folder, servers);
    for (const server of servers) lab.start(server.name);
    return lab;
  }

  private of(name: string): Server {
    const server = this.servers.find((one) => one.name === name);
    if (server === undefined) throw new Error(`no ${name}`);
    return server;
  }

  start(name: string): void {
    const server = this.of(name);
    const child = spawn(this.program, server.args, { stdio: 'ignore', cwd: this.folder });
    endWithUs(child, 'SIGKILL');
    server.child = child;
  }

  async kill(name: string): Promise<void> {
    const { child } = this.of(name);
    if (child === null) return;
    child.kill('SIGKILL');
    await ended(child);
  }

  freeze(name: string): void {
    const pid = this.of(name).child?.pid;
    if (pid !== undefined) stopProcess(pid);
  }

  thaw(name: string): void {
    this.of(name).child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map((server) => this.kill(server.name)));
    rmSync(this.folder, { recursive: true, force: true });
  }

  config(deadlineMs: number, order = this.servers.map((server) => server.name)): ClusterConfig {
    return clusterConfig({ hosts: order.map((name) => ({ name, url: this.of(name).url })), deadlineMs });
  }
}

export function clusterConfig(options: {
  readonly hosts: ClusterConfig['dcs']['hosts'];
  readonly deadlineMs: number;
  readonly postgres?: ClusterConfig['postgres'];
  readonly scope?: string;
}): ClusterConfig {
  const { hosts, deadlineMs } = options;
  return {
    scope: options.scope ?? 'email-cluster',
    members: ['patroni1', 'patroni2', 'patroni3'].map(memberName),
    patroni: { urls: {}, auth: null, tls: null },
    dcs: { hosts, namespace: '/service/', auth: null, tls: null, ekimiNamespace: '/ekimi/', tenureTtlMs: 15_000 },
    postgres: options.postgres ?? null,
    proxies: [],
    hosts: null,
    tags: null,
    deadlines: { read: 3000, slowRead: 12_000, sql: deadlineMs, dcs: deadlineMs, proxy: 2000, host: 5000 },
  };
}

const ROOT = join(import.meta.dirname, '..', '..');

/** The adapters, model and ports as plain JavaScript in a temporary folder, for a process of their own. */
export function transpiled(parts: readonly string[] = ['model', 'ports', 'adapters']): string {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-built-'));
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  for (const part of parts) {
    for (const name of readdirSync(join(ROOT, 'src', part), { recursive: true, encoding: 'utf8' })) {
      if (!name.endsWith('.ts')) continue;
      const source = readFileSync(join(ROOT, 'src', part, name), 'utf8');
      const options = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022, verbatimModuleSyntax: true };
      const target = join(folder, 'src', part, name.replace(/\.ts$/, '.js'));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, ts.transpileModule(source, { compilerOptions: options }).outputText);
    }
  }
  return folder;
}

/** What a script printed that ended by itself with code 0; rejects when it does not within `withinMs`. */
export async function scriptOutput(folder: string, script: string, withinMs = 20_000): Promise<string> {
  const file = join(folder, 'script.js');
  writeFileSync(file, script);
  return await new Promise((resolve, reject) => {
    execFile(process.execPath, [file], { timeout: withinMs }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.killed === true ? 'did not end by itself' : 'failed'}: ${stdout}${stderr}`));
    });
  });
}

/** One etcd member, a client beside us, and our adapter with tenure. */
export interface HeldEtcd {
  readonly lab: EtcdLab;
  readonly admin: Etcd3;
  readonly port: DcsPort;
  readonly grant: TenureGrant;
  readonly stop: () => Promise<void>;
}

/** One member that answers, and a client beside us. `tries`: a port that was free may be taken by another file's server before this one binds it. */
export async function answeringEtcd(program: string, tries = 2): Promise<Pick<HeldEtcd, 'lab' | 'admin'>> {
  const lab = await EtcdLab.start(program, 1);
  const admin = new Etcd3({ hosts: lab.servers.map((server) => server.url) });
  const answers = (): Promise<boolean> =>
    admin
      .get('nothing')
      .string()
      .then(
        () => true,
        () => false,
      );
  try {
    await until('etcd answers', answers);
  } catch (error) {
    admin.close();
    await lab.stop();
    if (tries > 1) return answeringEtcd(program, tries - 1);
    throw error;
  }
  return { lab, admin };
}

export async function heldEtcd(program: string): Promise<HeldEtcd> {
  const { lab, admin } = await answeringEtcd(program);
  const port = etcdAdapter(lab.config(1500), systemClock);
  const stop = async (): Promise<void> => {
    await port.close();
    admin.close();
    await lab.stop();
  };
  await until('our adapter has an answer', async () => freshValue(await port.keys()) !== null);
  const held = await port.holdTenure('a', 60_000);
  if (held.kind !== 'held') throw new Error('tenure is not held');
  return { lab, admin, port, grant: held.grant, stop };
}
