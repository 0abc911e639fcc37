import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import pg from 'pg';
import { stopProcess } from '../support/stopped.js';
import { ended, endWithUs, freePort, selfSigned, until } from './etcd-support.js';

export const PASSWORD = 'secret-of-postgres';

const DEBIAN = '/usr/lib/postgresql';

/** Folder with all three of PostgreSQL's own programs that are needed: Debian's newest, else one on PATH; null when there is none. */
export function postgresFolder(): string | null {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).map(Number) : [];
  const newestFirst = versions.filter((version) => version >= 12).sort((a, b) => b - a);
  const onPath = (process.env['PATH'] ?? '').split(delimiter);
  const folders = [...newestFirst.map((version) => join(DEBIAN, String(version), 'bin')), ...onPath];
  return (
    folders.find((folder) => ['initdb', 'postgres', 'pg_basebackup'].every((name) => existsSync(join(folder, name)))) ??
    null
  );
}

/** PostgreSQL refuses to run as root: then its programs run as the user postgres. */
export function identity(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((row) => row.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return uid === undefined || gid === undefined ? {} : { uid: Number(uid), gid: Number(gid) };
}

const SETTINGS = [
  'listen_addresses=127.0.0.1',
  'fsync=off',
  'shared_buffers=16MB',
  'max_connections=40',
  'wal_level=replica',
  'max_standby_streaming_delay=-1',
  'max_standby_archive_delay=-1',
  'wal_receiver_status_interval=1s',
  'hot_standby_feedback=off',
  'autovacuum=off',
];

/** Real PostgreSQL servers of this machine on free loopback ports: a primary, and replicas of it by streaming. */
export class PostgresLab {
  readonly ports = new Map<string, number>();
  private readonly children = new Map<string, ChildProcess>();

  private constructor(
    private readonly bin: string,
    readonly folder: string,
    private readonly who: { uid?: number; gid?: number },
    private readonly settings: readonly string[],
  ) {}

  static create(bin: string, tls = false): PostgresLab {
    const who = identity();
    const folder = mkdtempSync(join(tmpdir(), 'ekimi-pg-'));
    chmodSync(folder, 0o755);
    if (who.uid !== undefined && who.gid !== undefined) chownSync(folder, who.uid, who.gid);
    if (!tls) return new PostgresLab(bin, folder, who, SETTINGS);
    const { cert, key } = selfSigned(folder);
    if (who.uid !== undefined && who.gid !== undefined) chownSync(key, who.uid, who.gid);
    return new PostgresLab(bin, folder, who, [...SETTINGS, 'ssl=on', `ssl_cert_file=${cert}`, `ssl_key_file=${key}`]);
  }

  private run(program: string, args: readonly string[]): void {
    const env = { ...process.env, PGPASSWORD: PASSWORD, LC_ALL: 'C.UTF-8' };
    execFileSync(join(this.bin, program), args, { ...this.who, stdio: 'ignore', cwd: this.folder, env });
  }

  async primary(name: string): Promise<void> {
    const secret = join(this.folder, 'secret');
    writeFileSync(secret, PASSWORD, { mode: 0o644 });
    const data = join(this.folder, name);
    this.run('initdb', [
      '-D',
      data,
      '-U',
      'postgres',
      '-k',
      '--auth-host=scram-sha-256',
      '--auth-local=trust',
      `--pwfile=${secret}`,
      '--no-sync',
    ]);
    await this.start(name);
  }

  async replica(name: string, of: string): Promise<void> {
    const args = ['-D', join(this.folder, name), '-h', '127.0.0.1', '-p', String(this.ports.get(of)), '-U', 'postgres'];
    this.run('pg_basebackup', [...args, '-R', '-c', 'fast', '--no-sync', '-C', '-S', name]);
    writeFileSync(join(this.folder, name, 'postgresql.auto.conf'), `cluster_name = '${name}'\n`, { flag: 'a' });
    await this.start(name);
  }

  async start(name: string): Promise<void> {
    const port = this.ports.get(name) ?? (await freePort());
    this.ports.set(name, port);
    const settings = [...this.settings, `port=${port}`, `unix_socket_directories=${this.folder}`].flatMap((setting) => [
      '-c',
      setting,
    ]);
    const child = spawn(join(this.bin, 'postgres'), ['-D', join(this.folder, name), ...settings], {
      ...this.who,
      stdio: 'ignore',
      cwd: this.folder,
    });
    endWithUs(child, 'SIGQUIT');
    this.children.set(name, child);
    await until(`${name} accepts connections`, () =>
      this.sql(name, 'SELECT 1').then(
        () => true,
        () => false,
      ),
    );
  }

  /** `SIGINT`: fast shutdown, `SIGQUIT`: as in a crash. */
  async stop(name: string, signal: 'SIGINT' | 'SIGQUIT' = 'SIGQUIT'): Promise<void> {
    const child = this.children.get(name);
    if (child === undefined) return;
    this.thaw(name);
    child.kill(signal);
    await ended(child);
    this.children.delete(name);
  }

  /** The postmaster and each of its children: they have sessions of their own, so no process group reaches them all. */
  private signal(name: string, signal: 'SIGSTOP' | 'SIGCONT'): void {
    const pid = this.children.get(name)?.pid;
    if (pid === undefined) return;
    const below = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number);
    const send = (to: number): void => {
      if (signal === 'SIGSTOP') stopProcess(to);
      else process.kill(to, signal);
    };
    send(pid);
    for (const each of below) {
      try {
        send(each);
      } catch (error) {
        // A worker may end between the list and the signal.
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  freeze(name: string): void {
    this.signal(name, 'SIGSTOP');
  }

  thaw(name: string): void {
    this.signal(name, 'SIGCONT');
  }

  connect(name: string, options: { user?: string; database?: string; application?: string } = {}): pg.Client {
    const client = new pg.Client({
      host: '127.0.0.1',
      port: this.ports.get(name) ?? 0,
      user: options.user ?? 'postgres',
      password: PASSWORD,
      database: options.database ?? 'postgres',
      application_name: options.application ?? 'lab',
    });
    client.on('error', () => undefined); // servers are stopped under open sessions here
    return client;
  }

  async sql(
    name: string,
    text: string,
    options: { user?: string; database?: string } = {},
  ): Promise<Record<string, unknown>[]> {
    const client = this.connect(name, options);
    try {
      await client.connect();
      const result: pg.QueryResult<Record<string, unknown>> = await client.query(text);
      return result.rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.children.keys()].map((name) => this.stop(name)));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
