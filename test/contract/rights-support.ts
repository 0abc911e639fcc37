import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { ended, endWithUs, EtcdLab, programOf, until } from './etcd-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const SCRIPTS = join(import.meta.dirname, '../../config/rights');
export const scriptText = (name: string): string => readFileSync(join(SCRIPTS, name), 'utf8');
const ROOT = { username: 'root', password: 'secret-of-root' };
export const SCOPE = 'email-cluster';
/** The password that our scripts give Ekimi everywhere. */
export const OURS = 'least-of-all';

/** A real etcd with authentication, in which `config/rights/etcd.sh` made our user. */
export class EtcdWithRoles {
  private constructor(readonly lab: EtcdLab) {}

  static async start(namespace = '/service/'): Promise<EtcdWithRoles> {
    const lab = await EtcdLab.start(programOf('etcd') ?? '', 1);
    const admin = new Etcd3({ hosts: lab.servers.map((server) => server.url) });
    const leader = `${namespace}${SCOPE}/leader`;
    const put = (): Promise<boolean> =>
      admin
        .put(leader)
        .value('patroni1')
        .then(
          () => true,
          () => false,
        );
    await until('etcd answers', put);
    await admin.user(ROOT.username).create(ROOT.password);
    await admin.role('root').create();
    await admin.user(ROOT.username).addRole('root');
    await admin.auth.authEnable();
    admin.close();
    const made = new EtcdWithRoles(lab);
    made.script({ NAMESPACE: namespace });
    return made;
  }

  private get env(): NodeJS.ProcessEnv {
    const { PATH } = process.env;
    const endpoint = { ETCDCTL_API: '3', ETCDCTL_ENDPOINTS: this.lab.servers[0]?.url ?? '' };
    return { PATH, ...endpoint, ETCDCTL_USER: `${ROOT.username}:${ROOT.password}` };
  }

  private script(env: Readonly<Record<string, string>>): void {
    const given = { ...this.env, SCOPE, EKIMI_PASSWORD: OURS, ...env };
    execFileSync('sh', [join(SCRIPTS, 'etcd.sh')], { env: given, stdio: 'pipe' });
  }

  /** As root. */
  ctl(...args: readonly string[]): string {
    return execFileSync('etcdctl', args, { env: this.env, stdio: 'pipe', encoding: 'utf8' });
  }

  client(): Etcd3 {
    return new Etcd3({ hosts: this.lab.servers.map(({ url }) => url), auth: { username: 'ekimi', password: OURS } });
  }
}

/** A real PostgreSQL in which `config/rights/postgres.sql` made our role. */
export async function postgresWithRole(): Promise<PostgresLab> {
  const bin = postgresFolder() ?? '';
  const lab = PostgresLab.create(bin);
  await lab.primary('patroni1');
  const place = ['-h', '127.0.0.1', '-p', String(lab.ports.get('patroni1')), '-U', 'postgres', '-d', 'postgres'];
  const env = { PATH: process.env['PATH'], PGPASSWORD: PASSWORD, EKIMI_PASSWORD: OURS };
  const args = [...place, '-v', 'ON_ERROR_STOP=1', '-f', join(SCRIPTS, 'postgres.sql')];
  execFileSync(join(bin, 'psql'), args, { env, stdio: 'pipe' });
  // What the script only names: drop-inactive-slot, which is off by default, is on in these tests.
  await lab.sql('patroni1', 'ALTER ROLE ekimi REPLICATION');
  return lab;
}

export const HAPROXY = process.env['HAPROXY'] ?? '/usr/sbin/haproxy';

export interface Running {
  readonly end: () => Promise<void>;
}

/** A real HAProxy of this text, until `isUp`. */
export async function haproxyOf(
  text: string,
  env: Readonly<Record<string, string>>,
  isUp: () => Promise<boolean>,
): Promise<Running> {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-rights-'));
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, text);
  const child: ChildProcess = spawn(HAPROXY, ['-db', '-f', file], { stdio: 'ignore', env: { ...process.env, ...env } });
  endWithUs(child, 'SIGKILL');
  await until('HAProxy answers', isUp);
  return {
    end: async () => {
      child.kill('SIGKILL');
      await ended(child);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Status of one request on a Unix socket; the path as it is, without being tidied. */
export const statusOn = (socketPath: string, method: string, path: string): Promise<number> =>
  new Promise((resolve) => {
    const asked = request({ socketPath, method, path }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    asked.on('error', () => {
      resolve(0);
    });
    asked.end();
  });

/** An engine that has the container `patroni1` and another one, and takes every order; each order that came through is in `orders`. */
export async function engineAt(socketPath: string): Promise<{ readonly server: Server; readonly orders: string[] }> {
  const orders: string[] = [];
  const server = createServer((asked, answer) => {
    asked.resume();
    const path = asked.url ?? '';
    orders.push(`${asked.method ?? ''} ${path}`);
    const isThere = /\/containers\/(patroni1|other)\//.test(path);
    answer.writeHead(isThere ? 200 : 404, { 'content-type': 'application/json' });
    const state = { Id: 'a'.repeat(64), State: { Running: true, Status: 'running' } };
    answer.end(JSON.stringify(isThere ? state : { message: 'No such container: -ekimi-asks' }));
  });
  server.listen(socketPath);
  await until('the engine listens', () => server.listening);
  return { server, orders };
}

/** As Patroni's REST API judges who may change something: password, then certificate or address, then the body. */
export async function patroniThat(
  asks: () => 'password' | 'place',
): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((asked, answer) => {
    asked.resume();
    const login = `Basic ${Buffer.from(`ekimi:${OURS}`).toString('base64')}`;
    const status = asks() === 'place' ? 403 : asked.headers.authorization === login ? 400 : 401;
    answer.writeHead(status).end(status === 401 ? 'not authenticated' : 'Access is denied');
  });
  server.listen(0, '127.0.0.1');
  await until('it listens', () => server.listening);
  const address = server.address();
  await sleep(0);
  return { server, url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}` };
}
