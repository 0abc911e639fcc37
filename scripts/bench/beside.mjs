// (d) One pass of the operations manual's own script, and one look of `ekimi check`, each a process that starts, asks everything and ends.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../ready.mjs';
import { median } from './figures.mjs';
import { ADDRESS, lab } from './lab.mjs';
import { timed } from './timed.mjs';

const RUNS = 15;
const NEEDS = ['curl', 'jq', 'psql'];

export const whatIsMissing = () => NEEDS.filter((program) => spawnSync(program, ['--version']).status !== 0);

async function medians(name, ...command) {
  const runs = [];
  for (let n = 0; n < RUNS; n += 1) runs.push(await timed(...command));
  return { name, wallMs: median(runs.map((row) => row.wallMs)), cpuMs: median(runs.map((row) => row.cpuMs)) };
}

/** On the lab that is up. */
export async function benchBeside() {
  const config = await lab('with-ekimi', '--config', join(ROOT, 'var/bench/policy.yaml'));
  return [
    await medians("the manual's script", join(ROOT, 'scripts/bench/check-cluster-health.sh'), ADDRESS),
    await medians('ekimi check', process.execPath, join(ROOT, 'dist/cli/main.js'), 'check', '--config', config),
  ];
}
