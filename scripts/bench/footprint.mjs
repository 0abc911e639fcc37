// (b) What the daemon costs while it watches a healthy cluster: processor and memory, as Linux counts them.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../ready.mjs';
import { median } from './figures.mjs';
import { Daemon } from './lab.mjs';

/** Long enough for the rubbish of the start to be collected. */
const WARM_UP_S = 90;
const WATCH_S = 60;
const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux
const POLICY = 'mode: dry-run\npoll: { interval: 1s, suspectInterval: 500ms }\n';

const NOTHING = { flags: [], env: {} };
/** As node runs by itself, and as the image runs it. */
export const SETTINGS = { 'as it is': NOTHING, 'as in the image': ofImage() };

/** What the image of a checkout gives to node before the program, and to malloc. */
export function ofImage(root = ROOT) {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(text);
  return {
    flags: JSON.parse(entry?.[1] ?? '[]').filter((word) => word.startsWith('--')),
    env: Object.fromEntries([...text.matchAll(/\b(MALLOC_\w+)=(\d+)/g)].map(([, name, value]) => [name, value])),
  };
}

function cpuSeconds(pid) {
  // The name, in brackets, may hold spaces; user and system time are the 12th and 13th field behind it.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

const rssMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;

async function watch(pid, passes) {
  await sleep(WARM_UP_S * 1000);
  const [before, passesBefore, beganMs] = [cpuSeconds(pid), await passes(), performance.now()];
  const rss = [];
  for (let second = 0; second < WATCH_S; second += 1) {
    await sleep(1000);
    rss.push(rssMb(pid));
  }
  const tookS = (performance.now() - beganMs) / 1000;
  const cpu = cpuSeconds(pid) - before;
  const counted = (await passes()) - passesBefore;
  return {
    cpuPercent: (100 * cpu) / tookS,
    rssMb: median(rss),
    rssMostMb: Math.max(...rss),
    cpuMsPerPass: (1000 * cpu) / counted,
  };
}

/** On the lab that is up. */
export async function benchFootprint(name) {
  const daemon = await Daemon.start(POLICY, SETTINGS[name]);
  try {
    const figures = await watch(daemon.pid, async () => (await daemon.snapshot()).tick);
    return { name, ...figures, passMs: (await daemon.snapshot()).passMs.mean };
  } finally {
    await daemon.stop();
  }
}

/** Without an engine: the demo, so that the cluster's own simulation is in the figures. */
export async function benchDemo(name) {
  const { flags, env } = SETTINGS[name];
  const args = [...flags, join(ROOT, 'dist/cli/main.js'), 'demo', '--port', '8473'];
  const child = spawn(process.execPath, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  const ask = async () => {
    const answer = await fetch('http://127.0.0.1:8473/v1/clusters', { signal: AbortSignal.timeout(5_000) });
    const [first] = [await answer.json()].flat();
    return first.tick;
  };
  try {
    return { name: `${name}, simulated`, ...(await watch(child.pid, ask)), passMs: Number.NaN };
  } finally {
    child.kill('SIGTERM');
  }
}
