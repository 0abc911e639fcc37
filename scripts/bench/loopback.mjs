// Daemons of several versions beside each other, over real loopback connections to stand-ins in a process of their own.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';

const STAND_INS = fileURLToPath(new URL('stand-ins/main.mjs', import.meta.url));
const NAMES = ['patroni1', 'patroni2', 'patroni3'];

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const each = (names, of) => Object.fromEntries(names.map((name) => [name, of(name)]));

const clusterConfig = ({ scope, api, sql, etcd, stats, runtime, docker }) => ({
  scope,
  patroni: { members: each(NAMES, (name) => `http://127.0.0.1:${api[name]}`) },
  dcs: { hosts: Object.fromEntries(etcd.map((port, index) => [`etcd${index + 1}`, `http://127.0.0.1:${port}`])) },
  postgres: { members: each(NAMES, (name) => `127.0.0.1:${sql[name]}`), user: 'ekimi' },
  proxy: {
    stats: `http://127.0.0.1:${stats}/stats`,
    runtime: `tcp://127.0.0.1:${runtime}`,
    primaryBackend: 'postgres_primary',
    replicaBackend: 'postgres_replicas',
  },
  hosts: {
    driver: 'docker',
    socket: `unix://${docker}`,
    members: each(NAMES, (name) => `${scope}-${name}`),
    dcs: each(
      etcd.map((_, index) => `etcd${index + 1}`),
      (name) => `${scope}-${name}`,
    ),
  },
});

/** `count` clusters, the first `hanging` of which accept connections and never answer. */
export class StandIns {
  static async start(count, hanging = 0) {
    const all = new StandIns();
    all.folder = mkdtempSync(join(tmpdir(), 'ekimi-bench-'));
    const args = [STAND_INS, String(count), String(hanging), all.folder];
    all.child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await Promise.race([
      new Promise((resolve) => createInterface(all.child.stdout).once('line', (text) => resolve([text]))),
      new Promise((_, reject) => all.child.once('exit', () => reject(new Error('the stand-ins ended')))),
    ]);
    all.clusters = JSON.parse(line);
    return all;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.stdin.end();
    await ended;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Writes both files; returns the path of the configuration. */
export function configIn(folder, standIns, { mode, interval, listen }) {
  const policy = join(folder, 'policy.yaml');
  writeFileSync(
    policy,
    stringify({ mode, poll: { interval, suspectInterval: interval === '1s' ? '500ms' : interval } }),
  );
  const config = join(folder, 'ekimi.yaml');
  const journal = { directory: join(folder, 'journal') };
  writeFileSync(
    config,
    stringify({ clusters: standIns.clusters.map(clusterConfig), journal, api: { listen }, policy }),
  );
  return config;
}

/** One `ekimi run` of a built checkout, in dry-run, a pass a second. */
export class LoopbackDaemon {
  static async start(root, standIns, { mode = 'dry-run', interval = '1s', flags = [], env = {}, out = false } = {}) {
    const daemon = new LoopbackDaemon();
    daemon.folder = mkdtempSync(join(tmpdir(), 'ekimi-bench-run-'));
    daemon.api = `127.0.0.1:${await freePort()}`;
    const config = configIn(daemon.folder, standIns, { mode, interval, listen: daemon.api });
    const args = [...flags, join(root, 'dist/cli/main.js'), 'run', '--config', config];
    daemon.child = spawn(process.execPath, args, {
      env: { ...process.env, ...env },
      cwd: daemon.folder,
      stdio: ['ignore', out ? 'inherit' : 'ignore', 'inherit'],
    });
    for (let tries = 0; tries < 300; tries += 1) {
      if (daemon.child.exitCode !== null) throw new Error(`ekimi ended with ${daemon.child.exitCode}`);
      const rows = await daemon.clusters().catch(() => []);
      if (rows.length === standIns.clusters.length) return daemon;
      await sleep(200);
    }
    throw new Error('ekimi did not answer within a minute');
  }

  async #ask(path) {
    const answer = await fetch(`http://${this.api}${path}`, { signal: AbortSignal.timeout(10_000) });
    return answer.json();
  }

  clusters = async () => (await this.#ask('/v1/clusters')).clusters;
  snapshot = (scope) => this.#ask(`/v1/clusters/${scope}`);

  /** User and system time so far, seconds. */
  cpuSeconds() {
    // Of each thread in nanoseconds: what the process's own figure counts in, a hundredth of a second, is a whole pass.
    const threads = readdirSync(`/proc/${this.child.pid}/task`);
    const ns = threads.map((id) =>
      Number(readFileSync(`/proc/${this.child.pid}/task/${id}/schedstat`, 'utf8').split(' ')[0]),
    );
    return ns.reduce((sum, one) => sum + one, 0) / 1e9;
  }

  rssMb() {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${this.child.pid}/status`, 'utf8'))[1]) / 1024;
  }

  async stop() {
    if (this.child.exitCode === null) {
      const ended = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGTERM');
      await ended;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}
