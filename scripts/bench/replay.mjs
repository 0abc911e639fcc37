// (f) Replay: the incidents in test/incidents, read from the disk, checked against their hash chain and decided again, over and over.
import { readdirSync } from 'node:fs';
import { readJournal } from '../../dist/journal/read.js';
import { replayer } from '../../dist/replay/replay.js';
import { ROOT } from '../ready.mjs';

const FOLDER = `${ROOT}test/incidents`;
const WARM_UP_MS = 2_000;
const MEASURED_MS = 6_000;

const incidents = readdirSync(FOLDER, { withFileTypes: true }).flatMap((row) =>
  row.isDirectory() ? [`${FOLDER}/${row.name}`] : [],
);

/** Passes and second looks of one reading of all incidents. */
async function once() {
  let decided = 0;
  for (const incident of incidents) {
    const redecide = replayer();
    for await (const entry of readJournal(incident)) if (redecide(entry) !== null) decided += 1;
  }
  return decided;
}

/** How many decisions a second of one core are made again: `whole` from the disk, `pure` from entries that were read before. */
export async function benchReplay() {
  const began = performance.now();
  while (performance.now() - began < WARM_UP_MS) await once();
  const whole = await rate(once);
  const entries = [];
  for (const incident of incidents) for await (const entry of readJournal(incident)) entries.push(entry);
  const pure = await rate(() => {
    const redecide = replayer();
    return entries.filter((entry) => redecide(entry) !== null).length;
  });
  return { whole, pure };
}

/** By processor time, so that what else the machine does costs nothing. */
async function rate(work) {
  const before = process.cpuUsage();
  const began = performance.now();
  let decided = 0;
  while (performance.now() - began < MEASURED_MS) decided += await work();
  const { user, system } = process.cpuUsage(before);
  return (decided / (user + system)) * 1e6;
}
