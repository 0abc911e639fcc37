// The controller under measurement: its two files, its process, and what its journal says afterwards.
import { execFile, spawn } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { ETCDS, json, MEMBERS, PASSWORD, SCOPE, status } from './lab.mjs';
import { sleep, until } from './pause.mjs';

const run = promisify(execFile);

/** Everything on auto but what destroys a copy of the data. An action that this build does not know is left out. */
const MODES = {
  // The cluster is small: what has not come back after a minute will not.
  'start-member': { mode: 'auto', timeout: '1m' },
  'restart-member': { mode: 'auto', timeout: '1m' },
  'reinitialize-replica': 'approve',
  'rebuild-member': 'approve',
  'cold-start-cluster': 'approve',
  'recover-dcs': 'approve',
};
const API_PORT = 8470;
/** The policy's start grace, and a little. */
const START_GRACE_MS = 12_000;

/** One daemon with its own folder; a run has one of its own, so that nothing of an earlier run holds it. */
export class Ekimi {
  #lab;
  #dist;
  #folder;
  #child = null;
  #policy;
  #modes;
  #startedMs = 0;

  /** @param {{ lab: import('./lab.mjs').Lab, dist: string, folder: string, policy: string | null, modes?: object }} options */
  constructor({ lab, dist, folder, policy, modes = {} }) {
    this.#lab = lab;
    this.#dist = resolve(dist);
    this.#folder = resolve(folder);
    this.#modes = { ...MODES, ...modes };
    this.#policy = policy === null ? null : resolve(policy);
  }

  /** Writes the files, starts the daemon and waits until it answers. It may not act before `graceOver`. */
  async start(signal) {
    await mkdir(this.#folder, { recursive: true });
    await this.#lab.forgetLedger();
    if (this.#policy === null)
      await writeFile(join(this.#folder, 'policy.yaml'), stringify(await this.#measuredPolicy()));
    await writeFile(this.#configFile, stringify(this.#config()));
    const log = openSync(join(this.#folder, 'daemon.log'), 'a');
    this.#child = spawn(process.execPath, [this.#cli, 'run', '--config', this.#configFile], {
      stdio: ['ignore', log, log],
      env: { ...process.env, PGPASSWORD: PASSWORD },
    });
    closeSync(log);
    await until('the daemon is ready', () => this.#ready(), { withinMs: 40_000, everyMs: 200, signal });
    this.#startedMs = performance.now();
  }

  /** Until it may act: ready, and past its start grace. */
  async graceOver(signal) {
    await sleep(Math.max(0, this.#startedMs + START_GRACE_MS - performance.now()), signal);
    await until('the daemon is ready after its start grace', () => this.#ready(), { withinMs: 20_000, signal });
  }

  /** Plans of these actions that wait for a person. @returns {Promise<{ id: string, why: string, plan: { action: string, target: string } }[]>} */
  async waiting(actions) {
    const { approvals } = await json(`${this.#url}/v1/clusters/${SCOPE}/approvals`);
    return approvals.filter(({ state, plan }) => state === 'waiting' && actions.includes(plan.action));
  }

  /** As a person does: `ekimi approve ID`. */
  async approve(id) {
    const command = ['approve', id, '--reason', 'the measurement agrees to what it states'];
    const env = { ...process.env, PGPASSWORD: PASSWORD };
    await run(process.execPath, [this.#cli, ...command, '--config', this.#configFile], { env, timeout: 20_000 });
  }

  /** As a person does: `ekimi run-procedure switchover`. */
  async switchover() {
    const command = ['run-procedure', 'switchover', '--reason', 'the measurement', '--no-wait'];
    const env = { ...process.env, PGPASSWORD: PASSWORD };
    await run(process.execPath, [this.#cli, ...command, '--config', this.#configFile], { env, timeout: 60_000 });
  }

  async stop() {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
    await gone;
    clearTimeout(late);
  }

  /** Entries of the journal, oldest first; lines that do not parse are left out. @returns {any[]} */
  journal() {
    const folder = join(this.#folder, 'journal');
    const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.jsonl'));
    const entries = files.sort().flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .flatMap((line) => {
          try {
            return [JSON.parse(line)];
          } catch {
            return [];
          }
        }),
    );
    return entries.sort((a, b) => a.seq - b.seq);
  }

  async #ready() {
    if (this.#child.exitCode !== null)
      throw new Error(`it ended with exit code ${this.#child.exitCode}: see daemon.log`);
    return (await status(`${this.#url}/readyz`)) === 200;
  }

  get #cli() {
    return join(this.#dist, 'cli', 'main.js');
  }

  get #configFile() {
    return join(this.#folder, 'ekimi.yaml');
  }

  get #url() {
    return `http://${this.#lab.addr}:${API_PORT}`;
  }

  async #measuredPolicy() {
    const { ACTION_NAMES } = await import(pathToFileURL(join(this.#dist, 'model', 'plan.js')).href);
    const actions = Object.fromEntries(ACTION_NAMES.map((name) => [name, this.#modes[name] ?? 'auto']));
    return {
      mode: 'enforce',
      poll: { interval: '2s', suspectInterval: '500ms' },
      actions,
      limits: { concurrent: 1, perHour: 20, minHealthyReplicas: 1, minReadPool: 1 },
    };
  }

  #config() {
    const { addr } = this.#lab;
    const each = (names, value) => Object.fromEntries(names.map((name) => [name, value(name)]));
    const container = (name) => this.#lab.container(name);
    return {
      clusters: [
        {
          scope: SCOPE,
          patroni: { members: each(MEMBERS, (name) => this.#lab.api(name, '')) },
          dcs: { hosts: each(ETCDS, (name) => this.#lab.etcd(name, '')), namespace: '/service/' },
          postgres: {
            members: each(MEMBERS, (name) => `${addr}:${this.#lab.sqlPort(name)}`),
            user: 'postgres',
            passwordEnv: 'PGPASSWORD',
          },
          proxy: {
            stats: `http://${addr}:7000/stats`,
            runtime: `tcp://${addr}:9999`,
            primaryBackend: 'postgres_primary',
            replicaBackend: 'postgres_replicas',
          },
          hosts: {
            driver: 'docker',
            socket: 'unix:///var/run/docker.sock',
            members: each(MEMBERS, container),
            dcs: each(ETCDS, container),
            proxy: { haproxy: container('haproxy') },
          },
          tags: { driver: 'docker', file: '/etc/patroni.yml' },
        },
      ],
      journal: { directory: join(this.#folder, 'journal') },
      api: { listen: `${addr}:${API_PORT}` },
      policy: this.#policy ?? join(this.#folder, 'policy.yaml'),
    };
  }
}

/** Requests really sent since `sinceMs`, in order. */
export function requestsIn(journal, sinceMs) {
  return journal
    .filter((entry) => entry.atMs >= sinceMs && entry.body.kind === 'intent' && !entry.body.shadow)
    .map(({ atMs, body }) => ({ atMs, action: body.plan.action, target: body.plan.target, request: body.request }));
}

/** The first pass after `sinceMs` that named a problem about the leader, and the first that decided to act. */
export function decisionsIn(journal, sinceMs) {
  const passes = journal.filter((entry) => entry.atMs >= sinceMs && entry.body.kind === 'pass');
  const seen = passes.find((entry) => entry.body.problems.length > 0);
  const acted = passes.find((entry) => entry.body.decisions.some((decision) => decision.kind === 'act'));
  return {
    seen: seen === undefined ? null : { atMs: seen.atMs, what: seen.body.problems.map((problem) => problem.code) },
    act:
      acted === undefined
        ? null
        : {
            atMs: acted.atMs,
            what: acted.body.decisions
              .filter((decision) => decision.kind === 'act')
              .map((decision) => `${decision.plan.action} ${decision.plan.target}`),
          },
  };
}
