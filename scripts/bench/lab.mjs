// A real lab of the benchmark's own, and a daemon beside it.
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ROOT } from '../ready.mjs';

const run = promisify(execFile);
const PREFIX = 'bench';
export const ADDRESS = '127.0.0.63';
const API = '127.0.0.1:8473';
const FOLDER = join(ROOT, 'var/bench');
const JOURNAL = join(ROOT, 'var/lab', PREFIX, 'journal');
const ENV = { ...process.env, LAB_PREFIX: PREFIX, LAB_ADDR: ADDRESS, EKIMI_LISTEN: API, PGPASSWORD: 'postgres' };

/** A script of lab/; what it printed. */
export async function lab(script, ...args) {
  const { stdout } = await run(join(ROOT, 'lab', script), args, { env: ENV, timeout: 900_000 });
  return stdout.trim();
}

/** Why there is no engine, or null. Starts one where that is possible. */
export async function whyNoEngine() {
  return lab('engine').then(
    () => null,
    (error) => (error.stderr ?? error.message).trim(),
  );
}

/** Everything off but what the policy names. */
export const OFF = [
  'drain-replica',
  'cancel-blocking-queries',
  'terminate-blocking-queries',
  'start-member',
  'restart-member',
  'reinitialize-replica',
];

/** One `ekimi run` from an empty journal. `policy` is YAML. */
export class Daemon {
  #child;

  static async start(policy, { flags = [], env = {} } = {}) {
    mkdirSync(FOLDER, { recursive: true });
    rmSync(JOURNAL, { recursive: true, force: true });
    const file = join(FOLDER, 'policy.yaml');
    writeFileSync(file, policy);
    const config = await lab('with-ekimi', '--config', file);
    const daemon = new Daemon();
    const args = [...flags, join(ROOT, 'dist/cli/main.js'), 'run', '--config', config];
    daemon.#child = spawn(process.execPath, args, { env: { ...ENV, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
    for (let tries = 0; tries < 100; tries += 1) {
      if (daemon.#child.exitCode !== null) throw new Error(`ekimi ended with ${daemon.#child.exitCode}`);
      if ((await daemon.snapshot().catch(() => null))?.view) return daemon;
      await sleep(200);
    }
    throw new Error('ekimi did not look at the lab within 20 s');
  }

  get pid() {
    return this.#child.pid;
  }

  async snapshot() {
    const answer = await fetch(`http://${API}/v1/clusters/email-cluster`, { signal: AbortSignal.timeout(5_000) });
    return answer.json();
  }

  /** Whole lines of the journal on the disk, oldest first. */
  journal() {
    const files = readdirSync(JOURNAL, { recursive: true }).filter((name) => name.endsWith('.jsonl'));
    const lines = files.sort().flatMap((name) => readFileSync(join(JOURNAL, name), 'utf8').split('\n').slice(0, -1));
    return lines.map((line) => JSON.parse(line));
  }

  async stop() {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await ended;
  }
}

/** Waits until `ask` answers with something; throws after `withinMs`. */
export async function until(what, withinMs, ask) {
  const endsMs = Date.now() + withinMs;
  while (Date.now() < endsMs) {
    const found = await ask();
    if (found) return found;
    await sleep(100);
  }
  throw new Error(`not within ${withinMs / 1000} s: ${what}`);
}
