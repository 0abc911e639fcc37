// What a pass costs over real connections to stand-ins, of this version and of the one before, at the same time.
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../ready.mjs';
import { median } from './figures.mjs';
import { ofImage } from './footprint.mjs';
import { LoopbackDaemon, StandIns } from './loopback.mjs';

const WARM_UP_MS = 90_000;
const [ROUNDS, ROUND_MS] = [12, 10_000];
const SCOPE = 'cluster-01';

/** `older`: a built checkout, or null. Each as its image runs it, this one by plain `node` as well. Rows of processor time a pass (least, median of the rounds), share of a core and memory. */
export async function benchVersions(older) {
  const standIns = await StandIns.start(1);
  const rows = [
    { name: 'this one', root: ROOT, ...ofImage(ROOT) },
    { name: 'this one, plain node', root: ROOT },
    ...(older === null ? [] : [{ name: 'before', root: older, ...ofImage(older) }]),
  ];
  const daemons = [];
  try {
    for (const { root, flags, env } of rows) daemons.push(await LoopbackDaemon.start(root, standIns, { flags, env }));
    await sleep(WARM_UP_MS);
    const passesOf = async (daemon) => (await daemon.snapshot(SCOPE)).tick;
    const before = await Promise.all(daemons.map(passesOf));
    await sleep(2_000);
    // Nobody asks the daemons anything meanwhile: an answer costs more than a pass.
    const beganMs = performance.now();
    const marks = [daemons.map((daemon) => daemon.cpuSeconds())];
    const rss = daemons.map(() => []);
    for (let round = 0; round < ROUNDS; round += 1) {
      await sleep(ROUND_MS);
      marks.push(daemons.map((daemon) => daemon.cpuSeconds()));
      daemons.forEach((daemon, at) => rss[at].push(daemon.rssMb()));
    }
    const tookMs = performance.now() - beganMs;
    const after = await Promise.all(daemons.map(passesOf));
    const passes = after.map((count, at) => (count - before[at]) / (tookMs + 2_000));
    const roundMs = tookMs / ROUNDS;
    const rounds = daemons.map((_, at) =>
      marks.slice(1).map((mark, index) => (1000 * (mark[at] - marks[index][at])) / (passes[at] * roundMs)),
    );
    return rows.map(({ name }, at) => ({
      name,
      leastMs: Math.min(...rounds[at]),
      medianMs: median(rounds[at]),
      cpuPercent: (100_000 * (marks.at(-1)[at] - marks[0][at])) / tookMs,
      rssMb: median(rss[at]),
    }));
  } finally {
    for (const daemon of daemons) await daemon.stop();
    await standIns.stop();
  }
}
