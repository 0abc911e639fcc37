// (d) One pass of the operations manual's own script, and one look of `ekimi check`, each a process that starts, asks everything and ends.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../ready.mjs';
import { median } from './figures.mjs';
import { ADDRESS, lab } from './lab.mjs';

const run = promisify(execFile);
const RUNS = 15;
const NEEDS = ['curl', 'jq', 'psql'];

export const whatIsMissing = () => NEEDS.filter((program) => spawnSync(program, ['--version']).status !== 0);

/** Wall and processor milliseconds of a command with all its children, as bash counts them. */
async function timed(...command) {
  const env = { ...process.env, PGPASSWORD: 'postgres', TIMEFORMAT: '%R %U %S', LC_ALL: 'C' };
  const { stderr } = await run('bash', ['-c', 'time "$@" >/dev/null', 'bash', ...command], { env });
  const [wall, user, system] = stderr.trim().split('\n').at(-1).split(' ').map(Number);
  return { wallMs: wall * 1000, cpuMs: (user + system) * 1000 };
}

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
