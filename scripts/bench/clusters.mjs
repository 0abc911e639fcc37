// Many clusters in one process, some of which hang: how late the passes of the others begin.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDaemon } from '../../dist/app/daemon.js';
import { loadFiles } from '../../dist/app/files.js';
import { openJournals } from '../../dist/app/journals.js';
import { redactorOf } from '../../dist/config/redactor.js';
import { isSuspect } from '../../dist/kernel/look.js';
import { quantile } from './figures.mjs';
import { configIn, StandIns } from './loopback.mjs';

export const CLUSTERS = 50;
export const HANGING = 5;
/** Until every source has been asked once, and what hangs is known to. */
const WARM_UP_MS = 30_000;
const WATCH_MS = 60_000;
const PERIOD_MS = 1_000;

const nothing = () => undefined;
const silent = { info: nothing, warn: nothing, error: nothing, child: () => silent };

/** How late each pass of a cluster began, against its period after the last one began. */
function lateness(session) {
  const late = [];
  let dueMs = null;
  session.listeners.add(({ kind }) => {
    if (kind !== 'snapshot') return;
    const { monotonicMs } = session.lastPass;
    if (dueMs !== null) late.push(Math.max(0, monotonicMs - dueMs));
    const { intervalMs, suspectIntervalMs } = session.policy.poll;
    dueMs = monotonicMs + (isSuspect(session) ? suspectIntervalMs : intervalMs);
  });
  return late;
}

/** What the machine itself does to a timer, in a process that has nothing else to do. */
function idle() {
  const script = `const late = []; let due = performance.now() + 20;
    setInterval(() => { const now = performance.now(); late.push(Math.max(0, now - due)); due = now + 20; }, 20);
    process.on('SIGTERM', () => { late.sort((a, b) => a - b); process.stdout.write(String(late[Math.ceil(late.length * 0.99) - 1]), () => process.exit(0)); });`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  return async () => {
    const told = new Promise((resolve) => child.stdout.once('data', (text) => resolve(Number(text))));
    child.kill('SIGTERM');
    return told;
  };
}

/** Lateness of each pass against a period after the last one of its cluster began, ms. */
export async function benchClusters() {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-bench-run-'));
  const standIns = await StandIns.start(CLUSTERS, HANGING);
  const stop = new AbortController();
  try {
    const file = configIn(folder, standIns, { mode: 'dry-run', interval: '1s', listen: '127.0.0.1:0' });
    const files = loadFiles(file, process.env);
    if (!files.ok) throw new Error(files.errors.join('\n'));
    const journals = await openJournals(files.config, silent, (body) => body);
    let ids = 0;
    const newId = () => `bench-${(ids += 1)}`;
    const redact = redactorOf(files.config);
    const daemon = await openDaemon({ files, journals: journals.of, log: silent, redact, version: 'bench', newId });
    const hangs = new Set(standIns.clusters.filter((one) => one.hangs).map(({ scope }) => scope));
    const healthy = daemon.sessions.filter(({ parts }) => !hangs.has(parts.target.scope)).map(lateness);
    const running = daemon.run(stop.signal);
    await sleep(WARM_UP_MS);
    for (const rows of healthy) rows.splice(0);
    const idleP99 = idle();
    const cpu = process.cpuUsage();
    await sleep(WATCH_MS);
    const { user, system } = process.cpuUsage(cpu);
    const late = healthy.flat();
    const idleP99Ms = await idleP99();
    stop.abort();
    await running;
    await journals.close();
    return {
      passes: late.length,
      expected: (healthy.length * WATCH_MS) / PERIOD_MS,
      cpuPercent: (user + system) / WATCH_MS / 10,
      medianMs: quantile(late, 0.5),
      p99Ms: quantile(late, 0.99),
      mostMs: Math.max(...late),
      idleP99Ms,
    };
  } finally {
    await standIns.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
