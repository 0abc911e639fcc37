import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { layoutOf, serversOf, type ProxyLayout, type ProxyServer } from './proxies.js';
import { claimSlot, type Slot } from './slot.js';
import { until } from './wait.js';

const run = promisify(execFile);
const LAB = fileURLToPath(new URL('../../../lab/', import.meta.url));

export type PatroniLine = '3.0' | '4.0' | '4.1';
export type Member = 'patroni1' | 'patroni2' | 'patroni3';
export const MEMBERS: readonly Member[] = ['patroni1', 'patroni2', 'patroni3'];

/** Leaves the lab up at the end and uses one that is up: for work on the tests themselves. */
const KEEP = process.env['EKIMI_E2E_KEEP'] === '1';
const KEPT_SLOT = 69;

/** Shorter than the runbook's 30, 10 and 10: `ttl + loop_wait` comes before every repair that is tested here. ttl 20 is Patroni's least. */
const PACE = { LAB_TTL: '20', LAB_LOOP_WAIT: '5', LAB_RETRY_TIMEOUT: '5', LAB_READY: '150' };
/** MB: a disk and an etcd that can be filled. */
const SIZES = { LAB_DATA_SIZE: '768', LAB_ETCD_QUOTA: '64' };

/** Why there can be no lab here, or null. Starts (and on Debian as root installs) the engine. */
export function whyNoLab(): string | null {
  const answer = spawnSync(`${LAB}engine`, { encoding: 'utf8' });
  if (answer.status === 0) return null;
  return `lab/engine exits ${answer.status ?? 'by signal'}: ${answer.stderr.trim() || answer.error?.message || ''}`;
}

/** One real cluster on this machine, as its operator sees it. Nothing in here goes through the controller. */
export class Lab {
  readonly patroni: PatroniLine;
  /** Destructive requests that any run of any test sent more than once. */
  readonly sentTwice: string[] = [];
  readonly notReplayed: string[] = [];
  /** Every test of its scenarios is played here; else, for time, those of `plays` alone. */
  readonly isWhole: boolean;
  readonly #proxies: 1 | 2;
  readonly #hasPooler: boolean;
  /** Claimed by `up`: a suite that is skipped takes none. */
  #slot: Slot = { number: KEPT_SLOT, release: () => undefined };

  /** `proxies: 2`: two HAProxies with names of their own, behind one address that can be moved. `pooler`: PgBouncer in front of HAProxy. */
  constructor(
    patroni: PatroniLine,
    {
      proxies = 1,
      isWhole = true,
      pooler = false,
    }: { readonly proxies?: 1 | 2; readonly isWhole?: boolean; readonly pooler?: boolean } = {},
  ) {
    this.patroni = patroni;
    this.isWhole = isWhole;
    this.#proxies = proxies;
    this.#hasPooler = pooler;
  }

  /** Whether a test is played here that one line alone has in `npm test`. */
  plays(line: PatroniLine): boolean {
    return this.isWhole || this.patroni === line;
  }

  get address(): string {
    return `127.0.0.${this.#slot.number}`;
  }

  get layout(): ProxyLayout {
    return layoutOf(this.#proxies);
  }

  /** Where clients connect: the proxy's published ports, or the address that two of them share. */
  get clientAddress(): string {
    return this.#proxies === 1 ? this.address : `${this.#subnet}.30`;
  }

  get #subnet(): string {
    return `172.30.${this.#slot.number}`;
  }

  get #prefix(): string {
    return `e2e${this.#slot.number}`;
  }

  container(name: string): string {
    return `${this.#prefix}-${name}`;
  }

  /** A script of lab/; fails with what it said. */
  async script(name: string, ...args: readonly string[]): Promise<string> {
    const env = {
      ...process.env,
      ...PACE,
      ...SIZES,
      LAB_PREFIX: this.#prefix,
      LAB_ADDR: this.address,
      LAB_SUBNET: this.#subnet,
      PATRONI: this.patroni,
      LAB_PROXIES: String(this.#proxies),
      LAB_POOLER: this.#hasPooler ? '1' : '0',
    };
    const { stdout } = await run(`${LAB}${name}`, args, { env, timeout: 240_000 }).catch((error: unknown) => {
      const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
      throw new Error(`lab/${name} ${args.join(' ')}: ${stderr}${stdout}`, { cause: error });
    });
    return stdout;
  }

  async up(): Promise<void> {
    if (!KEEP) {
      this.#slot = await claimSlot();
      await this.script('down');
    }
    // Once more from nothing, and said: what is tested is our controller, not whether a busy machine starts seven containers in time.
    await this.script('up').catch(async (error: unknown) => {
      if (KEEP) throw error;
      console.warn(`\n*** a lab did not come up, a second try follows: ${String(error)} ***\n`);
      await this.script('down');
      await this.script('up');
    });
  }

  async down(): Promise<void> {
    if (KEEP) return;
    await this.script('down');
    this.#slot.release();
  }

  fault(name: string, ...args: readonly string[]): Promise<string> {
    return this.script('fault', name, ...args);
  }

  heal(name: string, ...args: readonly string[]): Promise<string> {
    return this.script('heal', name, ...args);
  }

  /** All faults undone, both replicas streaming, every server of the proxy back in its state, no tag left. */
  async restore(): Promise<void> {
    await this.heal('all');
    await this.settled();
    await this.opened(this.layout.reads);
    await Promise.all(
      MEMBERS.map(async (member) => {
        if (await this.tagOf(member)) await this.setTag(member, false);
      }),
    );
    await until('every read pool routes to both replicas', 40_000, async () => {
      const leader = this.layout.server(await this.leader());
      const rows = await Promise.all(this.layout.proxies.map(({ name }) => this.pool(name)));
      const up = rows.flat().filter((row) => row.status === 'UP' && row.server !== leader);
      return up.length === 2 * this.layout.reads.length * this.layout.proxies.length;
    });
  }

  /** Nobody is taken out of these pools any more. */
  async opened(pools: readonly string[]): Promise<void> {
    const ready = pools.flatMap((pool) =>
      MEMBERS.map((member) => `set server ${pool}/${this.layout.server(member)} state ready`),
    );
    await Promise.all(this.layout.proxies.map(({ name }) => this.runtime(ready.join('; '), name)));
  }

  /** A leader, and two running replicas with a timeline and no lag to speak of by its own account. */
  async settled(): Promise<void> {
    await until('a leader with two level replicas', 60_000, async () => {
      const leader = await this.leader();
      const rows = await this.sql(
        leader,
        `SELECT count(*) AS n FROM pg_stat_replication WHERE state = 'streaming'
           AND pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) < 1048576`,
      );
      return rows[0]?.['n'] === '2';
    });
  }

  docker(...args: readonly string[]): Promise<string> {
    return run('docker', args, { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 }).then(
      ({ stdout, stderr }) => stdout + stderr,
    );
  }

  // ---- addresses

  apiUrl(member: Member): string {
    return `http://${this.address}:${8008 + MEMBERS.indexOf(member)}`;
  }

  sqlAddress(member: Member): string {
    return `${this.address}:${5432 + MEMBERS.indexOf(member)}`;
  }

  get etcdHosts(): Readonly<Record<string, string>> {
    const { address } = this;
    return { etcd1: `http://${address}:2379`, etcd2: `http://${address}:2381`, etcd3: `http://${address}:2383` };
  }

  // ---- Patroni

  async get(
    member: Member,
    path: string,
  ): Promise<{ readonly status: number; readonly body: Record<string, unknown> }> {
    const answer = await fetch(`${this.apiUrl(member)}${path}`, { signal: AbortSignal.timeout(3_000) });
    const body = (await answer.json().catch(() => ({}))) as Record<string, unknown>;
    return { status: answer.status, body };
  }

  async leader(): Promise<Member> {
    for (const member of MEMBERS)
      if ((await this.get(member, '/primary').catch(() => null))?.status === 200) return member;
    throw new Error('no member says that it is the leader');
  }

  async replicas(): Promise<readonly [Member, Member]> {
    const leader = await this.leader();
    return MEMBERS.filter((member) => member !== leader) as unknown as [Member, Member];
  }

  /** What the member itself says of its state: running, start failed, creating replica ... */
  async stateOf(member: Member): Promise<string> {
    return String((await this.get(member, '/patroni')).body['state']);
  }

  /** Patroni's own times from its next loop on: those of the runbook (`ttl` 30), or the shorter ones of these labs. */
  async timed(as: 'runbook' | 'lab'): Promise<void> {
    const [ttl, loop_wait, retry_timeout] = as === 'runbook' ? [30, 10, 10] : [20, 5, 5];
    await this.configured({ ttl, loop_wait, retry_timeout });
  }

  /** Changes of the cluster's configuration, in force with each member's next loop; null takes a key out. */
  async configured(changes: Readonly<Record<string, unknown>>): Promise<void> {
    const body = JSON.stringify(changes);
    const answer = await fetch(`${this.apiUrl(await this.leader())}/config`, { method: 'PATCH', body });
    if (!answer.ok) throw new Error(`PATCH /config: ${answer.status} ${await answer.text()}`);
  }

  /** By hand: to whom Patroni chooses. */
  async switchover(leader: Member): Promise<void> {
    const body = JSON.stringify({ leader });
    const answer = await fetch(`${this.apiUrl(leader)}/switchover`, { method: 'POST', body });
    if (!answer.ok) throw new Error(`POST /switchover: ${answer.status} ${await answer.text()}`);
  }

  /** Where each timeline ended, by the history that this member's Patroni has: bytes. */
  async history(member: Member): Promise<readonly { readonly timeline: number; readonly lsn: number }[]> {
    const answer = await fetch(`${this.apiUrl(member)}/history`, { signal: AbortSignal.timeout(3_000) });
    const rows = (await answer.json()) as readonly (readonly [timeline: number, lsn: number])[];
    return rows.map(([timeline, lsn]) => ({ timeline, lsn }));
  }

  /** How often this member's Patroni was told to copy itself anew, or began to, since then: from its own log. */
  async rebuildsSince(member: Member, sinceMs: number): Promise<number> {
    const log = await this.docker('logs', '--since', new Date(sinceMs).toISOString(), this.container(member));
    return log.split('\n').filter((line) => line.includes('Removing data directory')).length;
  }

  // ---- etcd and the engine, as fast as they can be asked: for a test that must strike right after something has happened

  /** Who holds the leader key by etcd itself; null: nobody. */
  leaderKey(): Promise<string | null> {
    return this.#key('leader');
  }

  /** The position that the leader last wrote into etcd, bytes: what Patroni's guards and ours go by when it is gone. */
  async publishedLsn(): Promise<number> {
    const { optime } = JSON.parse((await this.#key('status')) ?? '{}') as { optime?: number };
    return optime ?? NaN;
  }

  /** What Patroni has below /service/, once more below another namespace: a cluster of the same scope, with an identifier of its own. */
  async copyNamespace(namespace: string): Promise<void> {
    // In a variable: etcdctl ends what it prints with a line end, which would become part of the value.
    const copy = `set -e; export ETCDCTL_API=3
      etcdctl get --prefix /service/ --keys-only | grep . | while read -r key; do
        value=$(etcdctl get "$key" --print-value-only)
        etcdctl put -- "${namespace}\${key#/service/}" "$value" >/dev/null
      done
      etcdctl put ${namespace}email-cluster/initialize 7000000000000000001 >/dev/null`;
    await this.docker('exec', this.container('etcd1'), 'bash', '-c', copy);
  }

  async removeNamespace(namespace: string): Promise<void> {
    await this.docker('exec', '-e', 'ETCDCTL_API=3', this.container('etcd1'), 'etcdctl', 'del', '--prefix', namespace);
  }

  /** Whom the leader's commits wait for. */
  async syncStandby(): Promise<string> {
    const rows = await this.sql(
      await this.leader(),
      `SELECT application_name AS name FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')`,
    );
    if (rows[0] === undefined) throw new Error('no replica is synchronous');
    return String(rows[0]['name']);
  }

  /** By the first etcd member that answers. */
  async #key(name: string): Promise<string | null> {
    const body = JSON.stringify({ key: Buffer.from(`/service/email-cluster/${name}`).toString('base64') });
    let fault: unknown = null;
    for (const host of Object.values(this.etcdHosts))
      try {
        const answer = await fetch(`${host}/v3/kv/range`, { method: 'POST', body, signal: AbortSignal.timeout(3_000) });
        if (!answer.ok) throw new Error(`${host} answers ${answer.status}`);
        const { kvs } = (await answer.json()) as { kvs?: readonly { value: string }[] };
        return kvs?.[0] === undefined ? null : Buffer.from(kvs[0].value, 'base64').toString();
      } catch (error) {
        fault = error;
      }
    throw new Error('no etcd member answers', { cause: fault });
  }

  /** By its own socket, whoever else can reach it; fails while its PostgreSQL takes no connection. */
  async isPrimaryInside(member: Member): Promise<boolean> {
    const question = ['psql', '-XqAt', '-d', 'postgres', '-c', 'SELECT pg_is_in_recovery()'];
    const answer = (await this.docker('exec', '-u', 'postgres', this.container(member), ...question)).trim();
    if (!/^[tf]$/.test(answer)) throw new Error(`${member} answers ${answer}, expected t or f`);
    return answer === 'f';
  }

  async isRunning(member: Member): Promise<boolean> {
    return (await this.docker('inspect', '--format', '{{.State.Running}}', this.container(member))).trim() === 'true';
  }

  // ---- HAProxy

  proxyServers(proxy = 'haproxy'): Promise<readonly ProxyServer[]> {
    const port = this.layout.proxies.find(({ name }) => name === proxy)?.statsPort;
    return serversOf(`http://${this.address}:${port ?? NaN}/stats;csv`, MEMBERS.map(this.layout.server));
  }

  /** Servers for reads. */
  async pool(proxy = 'haproxy'): Promise<readonly ProxyServer[]> {
    return (await this.proxyServers(proxy)).filter((row) => this.layout.reads.includes(row.backend));
  }

  async poolStatus(member: Member): Promise<string> {
    return (await this.pool()).find((row) => row.server === this.layout.server(member))?.status ?? 'absent';
  }

  /** By hand, as an operator does it on the runtime API. */
  runtime(command: string, proxy = 'haproxy'): Promise<string> {
    return this.docker('exec', this.container(proxy), 'bash', '-c', `echo '${command}' | socat - tcp:127.0.0.1:9999`);
  }

  // ---- the tag in a member's own file

  file(member: Member): Promise<string> {
    return this.docker('exec', this.container(member), 'cat', '/etc/patroni.yml');
  }

  async tagOf(member: Member): Promise<boolean> {
    return /^ {2}noloadbalance: true/m.test(await this.file(member));
  }

  /** By hand, as an operator does it: the file, then POST /reload. */
  async setTag(member: Member, value: boolean): Promise<void> {
    const edit = `sed 's/^  noloadbalance: [a-z]*/  noloadbalance: ${value}/' /etc/patroni.yml > /tmp/p.yml && cat /tmp/p.yml > /etc/patroni.yml`;
    await this.docker('exec', '-u', 'root', this.container(member), 'bash', '-c', edit);
    await fetch(`${this.apiUrl(member)}/reload`, { method: 'POST', signal: AbortSignal.timeout(5_000) });
    await until(`the tag of ${member} is ${value} in its own answer`, 30_000, async () => {
      const { body } = await this.get(member, '/patroni');
      const tags = (body['tags'] ?? {}) as Record<string, unknown>;
      return (tags['noloadbalance'] === true) === value;
    });
  }

  // ---- SQL

  async sql(member: Member, text: string, withinMs?: number): Promise<readonly Record<string, unknown>[]> {
    const client = this.client(5432 + MEMBERS.indexOf(member), withinMs);
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  /** `withinMs`: for connecting, and for each query where it is given. */
  client(port: number, withinMs?: number): Client {
    const client = new Client({
      host: port >= 5000 && port < 5010 ? this.clientAddress : this.address,
      port,
      user: 'postgres',
      password: 'postgres',
      database: 'postgres',
      connectionTimeoutMillis: withinMs ?? 5_000,
      ...(withinMs === undefined ? {} : { query_timeout: withinMs }),
    });
    client.on('error', () => undefined);
    return client;
  }

  /** Which member a new connection through the read pool (port 5001) ends at. */
  async readerLandsOn(): Promise<Member> {
    const client = this.client(5001);
    await client.connect();
    try {
      return await memberBehind(client);
    } finally {
      await client.end();
    }
  }

  /** A session through the read pool that is on this member, left open. */
  async readerOn(member: Member): Promise<Client> {
    for (let tries = 0; tries < 20; tries += 1) {
      const client = this.client(5001);
      await client.connect();
      if ((await memberBehind(client)) === member) return client;
      await client.end();
    }
    throw new Error(`20 connections through port 5001 and none of them on ${member}`);
  }
}

/** The lab's addresses end in 21, 22, 23 for the three members. */
async function memberBehind(client: Client): Promise<Member> {
  const { rows } = await client.query<{ address: string }>('SELECT host(inet_server_addr()) AS address');
  const member = MEMBERS[Number(rows[0]?.address.split('.')[3]) - 21];
  if (member === undefined) throw new Error(`no member has the address ${rows[0]?.address ?? ''}`);
  return member;
}
