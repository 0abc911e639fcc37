// The lab as the measurements use it: lab/up, lab/fault and lab/heal for what they do, the published ports for what is seen.
import { execFile, spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import pg from 'pg';
import { until } from './pause.mjs';

const run = promisify(execFile);
const LAB = dirname(dirname(fileURLToPath(import.meta.url)));
const HTTP_TIMEOUT_MS = 2_000;

export const SCOPE = 'email-cluster';
export const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
export const ETCDS = ['etcd1', 'etcd2', 'etcd3'];
export const PASSWORD = 'postgres';

/** One lab, by prefix and address; `patroni` and `sync` are what it is brought up with. */
export class Lab {
  /** @param {{ prefix: string, addr: string, patroni: string, sync: boolean }} options */
  constructor({ prefix, addr, patroni, sync }) {
    this.prefix = prefix;
    this.addr = addr;
    this.patroni = patroni;
    this.sync = sync;
    this.subnet = `172.30.${addr.split('.').at(-1)}`;
  }

  async up() {
    const env = { LAB_ADDR: this.addr, PATRONI: this.patroni, LAB_SYNC: this.sync ? '1' : '0', LAB_READY: '180' };
    return this.#script('up', [], { env, timeoutMs: 1_200_000 });
  }

  down() {
    return this.#script('down', [], { timeoutMs: 120_000 });
  }

  fault(name, member, ...rest) {
    return this.#script('fault', [name, ...(member === null ? [] : [member]), ...rest], { timeoutMs: 120_000 });
  }

  heal(name, member) {
    return this.#script('heal', member === null ? [name] : [name, member], { timeoutMs: 240_000 });
  }

  container(name) {
    return `${this.prefix}-${name}`;
  }

  /** Runs a command as root in a container; answers its standard output, trimmed. */
  async inside(name, ...command) {
    const { stdout } = await run('docker', ['exec', this.container(name), ...command], { timeout: 120_000 });
    return stdout.trim();
  }

  /** Of the processes that do Patroni's work: PID 1 only forwards signals, and from Python 3.14 on its child only forks the one that works. */
  async patroniPids(name) {
    const found = await this.inside(name, 'pgrep', '-f', '/usr/bin/patroni');
    return found.split('\n').filter((pid) => pid !== '1');
  }

  async state(name) {
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Status}}', this.container(name)]);
    return stdout.trim();
  }

  start(name) {
    return run('docker', ['start', this.container(name)]);
  }

  restart(name) {
    return run('docker', ['restart', '--time', '5', this.container(name)], { timeout: 60_000 });
  }

  /** Members that stream from the leader. */
  async streaming() {
    const sql = "SELECT application_name AS name FROM pg_stat_replication WHERE state = 'streaming'";
    return (await this.sql(await this.leader(), sql)).map(({ name }) => name);
  }

  api(member, path) {
    return `http://${this.addr}:${8008 + MEMBERS.indexOf(member)}${path}`;
  }

  etcd(name, path) {
    return `http://${this.addr}:${2379 + 2 * ETCDS.indexOf(name)}${path}`;
  }

  sqlPort(member) {
    return 5432 + MEMBERS.indexOf(member);
  }

  memberAt(address) {
    return MEMBERS[Number(address.split('.').at(-1)) - 21] ?? address;
  }

  /** The member whose GET /primary answers 200, or null. */
  async leader() {
    for (const member of MEMBERS) if ((await status(this.api(member, '/primary'))) === 200) return member;
    return null;
  }

  async replicas() {
    const leader = await this.leader();
    return MEMBERS.filter((member) => member !== leader);
  }

  /** Sends JSON to a member's API; answers status and body. */
  async rest(member, method, path, body) {
    const response = await fetch(this.api(member, path), {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    return { status: response.status, text: await response.text() };
  }

  async sql(member, text, timeoutMs = 3_000) {
    const client = new pg.Client({
      host: this.addr,
      port: this.sqlPort(member),
      user: 'postgres',
      password: PASSWORD,
      database: 'postgres',
      connectionTimeoutMillis: timeoutMs,
      query_timeout: timeoutMs,
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } finally {
      client.connection.stream.destroy();
    }
  }

  /** Exact versions of what runs. */
  async versions() {
    const [member] = MEMBERS;
    const patroni = await json(this.api(member, '/patroni'));
    const etcd = await json(this.etcd('etcd1', '/version'));
    const haproxy = /version (\S+)/.exec(await this.inside('haproxy', 'haproxy', '-v'))?.[1];
    const [{ server_version: postgres }] = await this.sql(member, 'SHOW server_version');
    return {
      Patroni: patroni?.patroni?.version ?? this.patroni,
      PostgreSQL: postgres.split(' ')[0],
      etcd: etcd?.etcdserver ?? 'unknown',
      HAProxy: haproxy?.split('-')[0] ?? 'unknown',
    };
  }

  /** HAProxy's own table: backend, server, status ("UP", "DOWN 1/2", "MAINT", ...). */
  async proxyServers() {
    const response = await fetch(`http://${this.addr}:7000/stats;csv`, {
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    const rows = (await response.text()).split('\n').map((line) => line.split(','));
    return rows.filter((row) => row.length > 18).map((row) => ({ backend: row[0], server: row[1], status: row[17] }));
  }

  /** Where timelines ended, by the history that the leader has. @returns {Promise<import('./figures.mjs').Fork[]>} */
  async forks() {
    const rows = await json(this.api(await this.leader(), '/history'));
    return (rows ?? []).map(([timeline, lsn]) => ({ timeline, lsn }));
  }

  /** WAL and nothing else: no table grows. */
  writeWal(member, kilobytes) {
    const text = `SELECT count(pg_logical_emit_message(true, 'lab', repeat('x', 1024))) FROM generate_series(1, ${kilobytes})`;
    return this.sql(member, text, 20_000);
  }

  /** Until the position that the leader last wrote into etcd is no older than now. */
  async positionPublished(member, { withinMs, signal }) {
    const [{ lsn }] = await this.sql(member, "SELECT pg_current_wal_lsn() - '0/0' AS lsn");
    const published = async () => (await this.#optime()) >= Number(lsn);
    await until('the position of the leader is in etcd', published, { withinMs, signal });
  }

  async #optime() {
    const response = await fetch(this.etcd('etcd1', '/v3/kv/range'), {
      method: 'POST',
      body: JSON.stringify({ key: base64(`/service/${SCOPE}/status`) }),
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    const { kvs } = await response.json();
    return JSON.parse(Buffer.from(kvs[0].value, 'base64').toString()).optime;
  }

  /** What the cluster's configuration says: a lab that was up already may be synchronous. */
  async readSync() {
    this.sync = (await json(this.api(await this.leader(), '/config')))?.synchronous_mode === true;
  }

  /** synchronous_mode on or off, in the running cluster. */
  async setSync(on) {
    this.sync = on;
    await this.#configure({ synchronous_mode: on });
  }

  /** The command that Patroni runs before it stops PostgreSQL, from each member's next loop on; null: none. */
  setBeforeStop(command) {
    return this.#configure({ postgresql: { before_stop: command } });
  }

  async #configure(changes) {
    const reply = await this.rest(await this.leader(), 'PATCH', '/config', changes);
    if (reply.status !== 200) throw new Error(`PATCH /config answered ${reply.status}: ${reply.text}`);
  }

  /** Takes away what a controller left in etcd: cool-downs, attempts and budgets of an earlier run would hold the next one. */
  async forgetLedger() {
    const range = { key: base64('/ekimi/'), range_end: base64('/ekimi0') };
    const response = await fetch(this.etcd('etcd1', '/v3/kv/deleterange'), {
      method: 'POST',
      body: JSON.stringify(range),
      signal: AbortSignal.timeout(HTTP_TIMEOUT_MS),
    });
    if (!response.ok) throw new Error(`etcd answered ${response.status} to the deletion of /ekimi/`);
  }

  get leaderKey() {
    return `/service/${SCOPE}/leader`;
  }

  async #script(name, args, { env = {}, timeoutMs }) {
    try {
      const { stdout } = await run(join(LAB, name), args, {
        env: { ...process.env, ...env, LAB_PREFIX: this.prefix },
        timeout: timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
      });
      return stdout.trim();
    } catch (error) {
      throw new Error(`lab/${name} ${args.join(' ')}: ${(error.stderr || error.message).trim()}`);
    }
  }
}

export const base64 = (text) => Buffer.from(text).toString('base64');

/** HTTP status of a GET, or null without an answer. */
export async function status(url, timeoutMs = HTTP_TIMEOUT_MS) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return null;
  }
}

/** Body of a GET as JSON, or null. */
export async function json(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
    return await response.json();
  } catch {
    return null;
  }
}

/** Lines of a child's standard output, each with the time at which it was read. The child is killed by `stop`. */
export function follow(command, args, onLine) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  let rest = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) onLine(line);
  });
  child.on('error', () => {});
  child.stdin.on('error', () => {});
  return child;
}
