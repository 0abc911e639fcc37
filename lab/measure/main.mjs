// lab:measure - faults on the real lab, stock Patroni against Patroni with Ekimi beside it. See options.mjs for what can be asked.
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Lab } from './lab.mjs';
import { readOptions, USAGE } from './options.mjs';
import { report } from './report.mjs';
import { oneRun } from './run.mjs';
import { SCENARIOS } from './scenarios.mjs';
import { oneSeries } from './series.mjs';
import { jobsOf } from './suite.mjs';
import { whole } from './whole.mjs';

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

async function main() {
  const options = readOptions(process.argv.slice(2));
  if (options.help) return console.log(USAGE);
  const folder = options.results === null ? join(ROOT, 'var', 'measure') : resolve(options.results);
  const page = options.results === null ? join(ROOT, 'docs', 'measurements.md') : join(folder, 'measurements.md');
  // Rows of which the page is made are kept beside this; what the daemons left is not.
  const recorded = options.results === null ? join(ROOT, 'lab', 'measure', 'recorded') : folder;
  for (const each of [folder, recorded]) mkdirSync(each, { recursive: true });
  const session = options.reportOnly ? null : await measure(options, folder, recorded);
  const { lines, isMet } = report({ folder: recorded, file: page, session });
  say(`${page} is written`);
  for (const line of lines) say(line);
  if (!isMet) throw new Error('bounds are missed: see above');
}

/** Answers the name of the session, which each row carries. */
async function measure(options, folder, recorded) {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => abort.abort(new Error(name)));
  const dist = options.dist ?? join(ROOT, 'dist');
  const modes = options.with;
  if (modes.includes('ekimi') && !existsSync(join(dist, 'cli', 'main.js')))
    throw new Error(`${dist} has no cli/main.js: npm run build, or --dist`);
  const session = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const common = { ...options, dist, modes, session, folder, recorded, commit: commitOf(dist), signal: abort.signal };
  if (!options.atOnce) {
    for (const patroni of options.patroni) await onLab(common, patroni, options.prefix, options.addr);
    return session;
  }
  const [a, b, c, last] = options.addr.split('.');
  const lanes = options.patroni.map((patroni, index) =>
    onLab(common, patroni, `${options.prefix}${patroni.replace('.', '')}`, `${a}.${b}.${c}.${Number(last) + index}`),
  );
  // All of them end, and take their labs down, before one that failed is told.
  const failed = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return session;
}

async function onLab(common, patroni, prefix, addr) {
  const { modes, session, folder, recorded, commit, dist, policy, atOnce, signal } = common;
  const tell = (text) => say(common.atOnce ? `[${patroni}] ${text}` : text);
  const lab = new Lab({ prefix, addr, patroni, sync: false });
  const file = join(recorded, `${session}-${patroni}.jsonl`);
  try {
    tell(`lab ${lab.prefix} at ${lab.addr}: Patroni ${patroni}`);
    if (!common.keep) await lab.down();
    await lab.up();
    await lab.readSync();
    const versions = await lab.versions();
    for (const job of jobsOf(common.parts, modes)) {
      signal.throwIfAborted();
      await synchronous(lab, job.sync, signal);
      const id = `${session}-${patroni}-${job.with}${job.sync ? '-sync' : ''}-${job.name ?? 'series'}-${job.run ?? 1}`;
      tell(`${job.name ?? 'series'} ${job.run ?? 1}/${job.of ?? 1} ${job.with} ${patroni}${job.sync ? ' sync' : ''}`);
      const run = { lab, ekimi: job.with === 'ekimi', dist, policy, folder, id, signal, say: tell };
      const load = loadavg()[0];
      for (const row of await rowsOf(job, run)) {
        appendFileSync(file, `${JSON.stringify({ ...row, load, atOnce, session, commit, versions })}\n`);
        tell(`  ${sentence(row)}`);
      }
    }
  } finally {
    if (common.keep) tell(`lab ${lab.prefix} is left up`);
    else await lab.down();
  }
}

async function rowsOf(job, run) {
  if (job.names !== undefined) return oneSeries({ ...run, names: job.names, episodes: job.episodes });
  return [await oneRun({ ...run, name: job.name, scenario: SCENARIOS[job.name], rejoin: job.rejoin })];
}

async function synchronous(lab, wanted, signal) {
  if (lab.sync === wanted) return;
  await lab.setSync(wanted);
  await whole(lab, { withinMs: 90_000, signal });
}

function sentence(row) {
  if (row.error !== undefined) return `FAILED: ${row.error}`;
  const marks = Object.entries(row.after).flatMap(([name, ms]) =>
    ms === null ? [] : [`${name.slice(0, -2)} ${(ms / 1000).toFixed(1)}`],
  );
  const two = row.twoPrimariesMs > 0 ? `, two primaries ${(row.twoPrimariesMs / 1000).toFixed(1)} s` : '';
  const unsent = row.lost > 0 ? ` (${row.lostUnsent} never sent)` : '';
  const sent = row.requests.map(({ atMs, action, target }) => `${(atMs / 1000).toFixed(1)} ${action} ${target}`);
  const outage = `${row.scenario}: outage ${(row.outageMs / 1000).toFixed(1)} s`;
  return `${outage}, ${row.lost}${unsent} of ${row.acks} lost${two}; ${marks.join(' · ')}; sent: ${sent.join(', ') || 'nothing'}`;
}

// What was built: a file `.commit` in a build other than dist/ says so, else it is what is checked out, with a + if that has been changed.
function commitOf(dist) {
  const git = (...args) => execFileSync('git', ['-C', ROOT, ...args], { encoding: 'utf8' }).trim();
  try {
    if (existsSync(join(dist, '.commit'))) return readFileSync(join(dist, '.commit'), 'utf8').trim();
    const isChanged = git('status', '--porcelain', '--', 'src') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
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
