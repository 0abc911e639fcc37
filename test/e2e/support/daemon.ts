import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { appendFile, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { readJournal } from '../../../src/journal/read.js';
import type { Block, Decision } from '../../../src/model/decision.js';
import type { EntryBody, JournalEntry } from '../../../src/model/entry.js';
import { fromJson } from '../../../src/model/json.js';
import type { ActionName } from '../../../src/model/plan.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { MEMBERS, type Lab } from './lab.js';
import { until } from './wait.js';

const DIST = process.env['EKIMI_E2E_DIST'] ?? fileURLToPath(new URL('../../../dist', import.meta.url));
const MAIN = join(DIST, 'cli', 'main.js');
export const SCOPE = 'email-cluster';

type Tree = Readonly<Record<string, unknown>>;
export type Body<K extends EntryBody['kind']> = Extract<EntryBody, { kind: K }>;

export interface Ran {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

let daemons = 0;

/** Everything off but what the test names; waits as short as the rules of the policy allow on a lab with a loop_wait of 5 s. */
export const policyOf = (overrides: Tree = {}): Tree => ({
  mode: 'enforce',
  poll: { interval: '1s', suspectInterval: '500ms' },
  lag: { warning: '1MB', critical: '10MB', emergency: '100MB', for: '2s', recovered: '1MB', recoveredFor: '3s' },
  blockers: { olderThan: '1s' },
  limits: { perHour: 100, stormQuiet: '1s' },
  startGrace: { passes: 3, for: '2s' },
  ...overrides,
  actions: {
    'drain-replica': { mode: 'off', cooldown: '1s' },
    'undrain-replica': { mode: 'auto', cooldown: '1s' },
    'cancel-blocking-queries': { mode: 'off', cooldown: '1s' },
    'terminate-blocking-queries': { mode: 'off', cooldown: '1s' },
    'start-member': { mode: 'off', cooldown: '1s' },
    'restart-member': { mode: 'off', cooldown: '1s' },
    'reinitialize-replica': { mode: 'off', cooldown: '1s' },
    ...(overrides['actions'] ?? {}),
  },
});

/** `clusters[].hosts` of the lab, as 0.1.0 knows it. */
export const containersOf = (lab: Lab): Tree => ({
  driver: 'docker',
  members: Object.fromEntries(MEMBERS.map((member) => [member, lab.container(member)])),
  dcs: { etcd1: lab.container('etcd1'), etcd2: lab.container('etcd2'), etcd3: lab.container('etcd3') },
  proxy: { haproxy: lab.container('haproxy') },
});

/** `ekimi.yaml` for the lab, with the parts of the one cluster that a test wants otherwise. */
function configOf(lab: Lab, { port, ledger, cluster }: { port: number; ledger: string; cluster: Tree }): Tree {
  const each = (name: (member: (typeof MEMBERS)[number]) => string): Tree =>
    Object.fromEntries(MEMBERS.map((member) => [member, name(member)]));
  const { address } = lab;
  const row: Tree = {
    scope: SCOPE,
    patroni: { members: each((member) => lab.apiUrl(member)) },
    dcs: {
      hosts: lab.etcdHosts,
      ekimiNamespace: ledger,
      tenureTtl: '5s',
    },
    postgres: { members: each((member) => lab.sqlAddress(member)), user: 'postgres', passwordEnv: 'E2E_PGPASSWORD' },
    proxy: { stats: `http://${address}:7000/stats`, runtime: `tcp://${address}:9999` },
    hosts: { ...containersOf(lab), dcsData: '/etcd-data' },
    tags: { driver: 'docker', file: '/etc/patroni.yml' },
    // Three of these must fit into the lease of our tenure.
    deadlines: { dcs: '1500ms' },
  };
  return {
    clusters: [{ ...row, ...cluster }],
    journal: { directory: './journal' },
    api: { listen: `127.0.0.1:${port}` },
    policy: './policy.yaml',
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
  });
}

/** How `ekimi ARGS` becomes a process, with the folder of its configuration and journal. */
export type Launch = (directory: string, args: readonly string[]) => Launched;
interface Launched {
  readonly program: string;
  readonly args: readonly string[];
  /** Where the process is not the daemon itself: what kills that. */
  readonly kill?: () => void;
}

/** The program of a build. */
export const byNode =
  (main: string): Launch =>
  (_directory, args) => ({ program: process.execPath, args: [main, ...args] });

export interface DaemonOptions {
  /** Absent: the build under test, by node. */
  readonly launch?: Launch;
  readonly policy?: Tree;
  /** Parts of the cluster's configuration instead of the lab's own. */
  readonly cluster?: Tree;
  /** Two daemons of one cluster share it; else each has a ledger and a tenure of its own in etcd. */
  readonly ledger?: string;
}

/** One `ekimi run` with a folder, a port and a ledger of its own; and the command line pointed at it. */
export class Daemon {
  readonly directory: string;
  readonly config: string;
  readonly url: string;
  readonly ledger: string;
  /** Standard output and error of all its runs. */
  log = '';
  #process: ChildProcess | null = null;
  #exit: number | null = null;
  #kill: (() => void) | null = null;
  readonly #launch: Launch;

  private constructor(directory: string, port: number, ledger: string, launch: Launch) {
    this.#launch = launch;
    this.directory = directory;
    this.config = join(directory, 'ekimi.yaml');
    this.url = `http://127.0.0.1:${port}`;
    this.ledger = ledger;
  }

  /** The files, not yet a process. */
  static async prepare(lab: Lab, { policy, cluster, ledger, launch }: DaemonOptions = {}): Promise<Daemon> {
    const directory = await mkdtemp(join(tmpdir(), 'ekimi-e2e-'));
    daemons += 1;
    const path = ledger ?? `/ekimi-e2e/${process.pid}-${daemons}/`;
    const daemon = new Daemon(directory, await freePort(), path, launch ?? byNode(MAIN));
    const port = Number(new URL(daemon.url).port);
    await writeFile(daemon.config, stringify(configOf(lab, { port, ledger: daemon.ledger, cluster: cluster ?? {} })));
    await daemon.writePolicy(policyOf(policy));
    return daemon;
  }

  static async start(lab: Lab, options: DaemonOptions = {}): Promise<Daemon> {
    const daemon = await Daemon.prepare(lab, options);
    await daemon.start();
    return daemon;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  writePolicy(policy: Tree | string): Promise<void> {
    return writeFile(join(this.directory, 'policy.yaml'), typeof policy === 'string' ? policy : stringify(policy));
  }

  appendConfig(text: string): Promise<void> {
    return appendFile(this.config, text);
  }

  /** Until the first pass is published. `launch`: by another program, this once. */
  async start(launch = this.#launch): Promise<void> {
    this.spawn(launch);
    await until(
      'the daemon has looked at the cluster',
      45_000,
      async () => this.#exit !== null || (await this.snapshot()).view !== null,
      () => this.log.slice(-3000),
    );
    if (this.#exit !== null) throw new Error(`the daemon exited ${this.#exit}: ${this.log.slice(-3000)}`);
  }

  /** Past its grace, on a cluster that is whole: from here on a request is possible at any moment. */
  async readyToAct(withinMs = 30_000): Promise<void> {
    await until('ready to act', withinMs, async () => {
      const { tenure, states } = await this.snapshot();
      return tenure.state === 'held' && (states?.memory.cleanPasses ?? 0) >= 6;
    });
  }

  spawn(launch = this.#launch): void {
    this.#exit = null;
    const { program, args, kill } = launch(this.directory, ['run', '--config', this.config]);
    this.#kill = kill ?? null;
    const child = spawn(program, args, { env: this.#env });
    const keep = (chunk: Buffer): void => {
      this.log += chunk.toString();
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('exit', (code) => {
      if (this.#process === child) this.#exit = code ?? -1;
    });
    this.#process = child;
  }

  readonly #env = { ...process.env, E2E_PGPASSWORD: 'postgres', E2E_POOLER_PASSWORD: 'ekimi', NO_COLOR: '1' };

  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  /** The exit code; -1 for an end by signal. */
  exited(): Promise<number> {
    return until('the daemon ends', 30_000, () => (this.#exit === null ? null : { code: this.#exit })).then(
      ({ code }) => code,
    );
  }

  async kill(): Promise<void> {
    if (this.#kill === null) this.signal('SIGKILL');
    else this.#kill();
    await this.exited();
  }

  async stop(): Promise<void> {
    if (this.#process === null || this.#exit !== null) return;
    this.signal('SIGTERM');
    await this.exited().catch(() => this.kill());
  }

  /** Ended, and its folder gone. */
  async discard(): Promise<void> {
    await this.stop();
    if (process.env['EKIMI_E2E_KEEP'] !== '1') await rm(this.directory, { recursive: true, force: true });
  }

  /** TCP connections that it opened itself, by inode: none of its API's. */
  async connections(): Promise<readonly string[]> {
    const proc = `/proc/${this.pid}`;
    const links = (await readdir(`${proc}/fd`)).map((fd) => readlink(`${proc}/fd/${fd}`).catch(() => ''));
    const own = new Set((await Promise.all(links)).map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]));
    const apiPort = Number(new URL(this.url).port).toString(16).toUpperCase().padStart(4, '0');
    const ESTABLISHED = '01';
    return (await readFile(`${proc}/net/tcp`, 'utf8')).split('\n').flatMap((line) => {
      const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
      return state === ESTABLISHED && !local.endsWith(`:${apiPort}`) && own.has(inode) ? [inode] : [];
    });
  }

  // ---- what it says

  async snapshot(): Promise<ClusterSnapshot> {
    const answer = await fetch(`${this.url}/v1/clusters/${SCOPE}`, { signal: AbortSignal.timeout(5_000) });
    if (!answer.ok) throw new Error(`GET snapshot: ${answer.status}`);
    return fromJson(await answer.text()) as ClusterSnapshot;
  }

  /** From the files, so that it can be read without the daemon as well. */
  async journal(): Promise<readonly JournalEntry[]> {
    const entries: JournalEntry[] = [];
    try {
      for await (const entry of readJournal(join(this.directory, 'journal'))) entries.push(entry);
    } catch {
      // It has not begun one yet.
    }
    return entries;
  }

  async bodies<K extends EntryBody['kind']>(kind: K): Promise<readonly Body<K>[]> {
    return (await this.journal()).map((entry) => entry.body).filter((body): body is Body<K> => body.kind === kind);
  }

  async entries<K extends EntryBody['kind']>(kind: K): Promise<readonly (JournalEntry & { body: Body<K> })[]> {
    return (await this.journal()).filter(
      (entry): entry is JournalEntry & { body: Body<K> } => entry.body.kind === kind,
    );
  }

  /** What it sent, or was about to send: an intent that is no shadow. */
  async requests(): Promise<readonly Body<'intent'>[]> {
    return (await this.bodies('intent')).filter((body) => !body.shadow);
  }

  /** What of it was not refused: for a second of each loop a member whose PostgreSQL does not start is busy, and says so. */
  async requestsNotRefused(): Promise<readonly Body<'intent'>[]> {
    const refused = (await this.bodies('outcome')).filter(({ reply }) => reply.effect === 'none');
    return (await this.requests()).filter(
      ({ id, step }) => !refused.some((outcome) => outcome.id === id && outcome.step === step),
    );
  }

  /**
   * Until the plan is held by this gate, and the grace after the start is no longer among the reasons; with `only`: by none but these, in one
   * and the same pass. A member that starts in vain answers every other time, and what is not heard holds a plan too.
   */
  async held(
    action: ActionName,
    target: string,
    gate: Block['gate'],
    withinMs = 30_000,
    { alsoInGrace = false, only = null }: { alsoInGrace?: boolean; only?: readonly Block['gate'][] | null } = {},
  ): Promise<readonly Block[]> {
    let last: readonly Decision[] = [];
    return until(
      `${action} ${target} held by ${gate}`,
      withinMs,
      async () => {
        last = (await this.snapshot()).decisions;
        for (const decision of last)
          if (decision.kind === 'held' && decision.plan.action === action && decision.plan.target === target) {
            const gates = decision.blocks.map((block) => block.gate);
            const isOnly = only === null || gates.every((name) => only.includes(name));
            if (gates.includes(gate) && isOnly && (alsoInGrace || !gates.includes('start-grace')))
              return decision.blocks;
          }
        return null;
      },
      () => last,
    );
  }

  /** Until this remediation has ended in the cluster's own terms. */
  async verdict(action: ActionName, withinMs: number): Promise<JournalEntry & { body: Body<'verdict'> }> {
    return until(
      `a verdict on ${action}`,
      withinMs,
      async () =>
        (await this.entries('verdict')).findLast(
          ({ body: { remediation } }) => remediation.plan.action === action && remediation.ending !== 'busy',
        ),
      () => this.log.slice(-2000),
    );
  }

  // ---- the command line

  /** `ekimi ARGS --config THIS`. */
  cli(...args: readonly string[]): Promise<Ran> {
    return ekimi([...args, '--config', this.config], this.#env);
  }
}

/** One command line of the built program. */
function ekimi(args: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { env: { ...env, NO_COLOR: '1' }, timeout: 60_000 },
      (error, out, err) => {
        const exit = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
        resolve({ exit, out, err });
      },
    );
  });
}
