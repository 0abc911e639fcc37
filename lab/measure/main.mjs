// lab:measure - faults on the real lab, stock Patroni against Patroni with Ekimi beside it. See options.mjs for what can be asked.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab } from './lab.mjs';
import { readOptions, USAGE } from './options.mjs';
import { report } from './report.mjs';
import { oneRun } from './run.mjs';
import { SCENARIOS } from './scenarios.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const FOLDER = join(ROOT, 'var', 'measure');
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  mkdirSync(FOLDER, { recursive: true });
  if (!options.reportOnly) await measure(options);
  report({ folder: FOLDER, file: join(ROOT, 'docs', 'measurements.md') });
  say('docs/measurements.md is written');
}

async function measure(options) {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => abort.abort(new Error(name)));
  const session = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const file = join(FOLDER, `${session}.jsonl`);
  const dist = options.dist ?? join(ROOT, 'dist');
  const commit = commitOf(dist);
  if (options.with.includes('ekimi') && !existsSync(join(dist, 'cli', 'main.js')))
    throw new Error(`${dist} has no cli/main.js: npm run build, or --dist`);
  for (const patroni of options.patroni) {
    const lab = new Lab({ prefix: options.prefix, addr: options.addr, patroni, sync: options.sync });
    try {
      say(`lab ${lab.prefix} at ${lab.addr}: Patroni ${patroni}${options.sync ? ', synchronous' : ''}`);
      await lab.down();
      await lab.up();
      const versions = await lab.versions();
      for (const job of jobs(options)) {
        abort.signal.throwIfAborted();
        const id = `${session}-${patroni}-${job.with}-${job.name}-${job.run}`;
        say(`${job.name} ${job.run}/${options.runs[job.with]} ${job.with} ${patroni}`);
        const row = await oneRun({
          lab,
          name: job.name,
          scenario: SCENARIOS[job.name],
          ekimi: job.with === 'ekimi',
          dist,
          policy: options.policy,
          folder: FOLDER,
          id,
          signal: abort.signal,
          say,
        });
        appendFileSync(file, `${JSON.stringify({ ...row, session, commit, versions })}\n`);
        say(`  ${sentence(row)}`);
      }
    } finally {
      if (options.keep) say(`lab ${lab.prefix} is left up`);
      else await lab.down();
    }
  }
}

// Stock and Ekimi take turns, so that a machine that is busier for a while is so for both.
function jobs({ scenarios, runs, with: modes }) {
  const numbers = Array.from({ length: Math.max(...modes.map((mode) => runs[mode])) }, (_, index) => index + 1);
  return scenarios.flatMap((name) =>
    numbers.flatMap((run) => modes.filter((mode) => run <= runs[mode]).map((mode) => ({ name, with: mode, run }))),
  );
}

function sentence(row) {
  if (row.error !== undefined) return `FAILED: ${row.error}`;
  const { after } = row;
  const marks = Object.entries(after).flatMap(([name, ms]) =>
    ms === null ? [] : [`${name.slice(0, -2)} ${(ms / 1000).toFixed(1)}`],
  );
  const two = row.twoPrimariesMs > 0 ? `, two primaries ${(row.twoPrimariesMs / 1000).toFixed(1)} s` : '';
  return `outage ${(row.outageMs / 1000).toFixed(1)} s, ${row.lost} of ${row.acks} lost${two}, ${row.requests.length} requests; ${marks.join(' · ')}`;
}

// What was built: a file `.commit` in a build other than dist/ says so, else it is what is checked out.
function commitOf(dist) {
  try {
    if (existsSync(join(dist, '.commit'))) return readFileSync(join(dist, '.commit'), 'utf8').trim();
    return execFileSync('git', ['-C', ROOT, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  } catch {
    return null;
  }
}

try {
  await main();
} catch (error) {
  console.error(`lab:measure: ${error.message}`);
  process.exitCode = error.message.startsWith('SIG') ? 130 : 1;
}
