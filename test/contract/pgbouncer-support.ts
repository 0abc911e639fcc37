import { spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { PoolerConfig } from '../../src/model/config.js';
import { ended, endWithUs, freePort, selfSigned, until } from './etcd-support.js';
import { identity, PASSWORD } from './postgres-support.js';

/** Where Debian has it, or where it lies unpacked. */
export const PGBOUNCER = process.env['PGBOUNCER'] ?? '/usr/sbin/pgbouncer';

/** A real PgBouncer in transaction mode in front of a server of this machine. `watch` may look and nothing else. */
export class Pooler {
  private child: ChildProcess | null = null;
  private readonly folder = mkdtempSync(join(tmpdir(), 'ekimi-pgbouncer-'));

  private constructor(readonly port: number) {}

  static async create(server: number, tls = false): Promise<Pooler> {
    const pooler = new Pooler(await freePort());
    const { folder } = pooler;
    const who = identity();
    chmodSync(folder, 0o755);
    const own = (file: string): void => {
      if (who.uid !== undefined && who.gid !== undefined) chownSync(file, who.uid, who.gid);
    };
    const pems = tls ? selfSigned(folder) : null;
    const at = `host=127.0.0.1 port=${server}`;
    writeFileSync(
      join(folder, 'users'),
      `"postgres" "${PASSWORD}"\n"ekimi" "secret-of-console"\n"watch" "secret-of-watch"\n`,
    );
    writeFileSync(
      join(folder, 'pgbouncer.ini'),
      `[databases]
app = ${at} dbname=postgres
app-ro = ${at} dbname=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${pooler.port}
unix_socket_dir = ${folder}
auth_type = scram-sha-256
auth_file = ${join(folder, 'users')}
admin_users = ekimi
stats_users = watch
pool_mode = transaction
server_login_retry = 1
logfile =
pidfile =
${pems === null ? '' : `client_tls_sslmode = require\nclient_tls_cert_file = ${pems.cert}\nclient_tls_key_file = ${pems.key}\n`}`,
    );
    for (const file of [folder, join(folder, 'users'), join(folder, 'pgbouncer.ini')]) own(file);
    if (pems !== null) own(pems.key);
    await pooler.start();
    return pooler;
  }

  get certificate(): string {
    return join(this.folder, 'tls.crt');
  }

  get socket(): string {
    return `unix://${this.folder}/.s.PGSQL.${this.port}`;
  }

  async start(): Promise<void> {
    const child = spawn(PGBOUNCER, [join(this.folder, 'pgbouncer.ini')], { ...identity(), stdio: 'ignore' });
    endWithUs(child, 'SIGKILL');
    this.child = child;
    await until('PgBouncer answers', () => this.listens());
  }

  private async listens(): Promise<boolean> {
    const client = new pg.Client({ ...this.login('ekimi'), ssl: { rejectUnauthorized: false } });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return true;
    } catch (error) {
      return error instanceof Error && error.message.includes('does not support SSL');
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** `SIGKILL`: gone at once. */
  async stop(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null) return;
    child.kill('SIGKILL');
    await ended(child);
  }

  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  async close(): Promise<void> {
    this.thaw();
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private readonly login = (user: 'ekimi' | 'watch') =>
    ({
      host: '127.0.0.1',
      port: this.port,
      user,
      password: user === 'ekimi' ? 'secret-of-console' : 'secret-of-watch',
      database: 'pgbouncer',
    }) as const;

  config(over: Partial<PoolerConfig> = {}): PoolerConfig {
    const { user, password } = this.login('ekimi');
    const address = `tcp://127.0.0.1:${this.port}`;
    return { name: 'bouncer', driver: 'pgbouncer', address, user, password, tls: null, databases: ['app'], ...over };
  }

  /** A command of a person at the console. */
  async console(command: string): Promise<readonly Record<string, unknown>[]> {
    const client = new pg.Client(this.login('ekimi'));
    client.on('error', () => undefined);
    try {
      await client.connect();
      const result: pg.QueryResult<Record<string, unknown>> = await client.query(command);
      return result.rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** A client of the application. */
  async client(database = 'app'): Promise<pg.Client> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.port,
      user: 'postgres',
      password: PASSWORD,
      database,
    });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
