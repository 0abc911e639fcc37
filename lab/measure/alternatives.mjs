// What a user may pick instead of Ekimi, and its answer to the same fault: the primary's container is killed under the same writer.
// npm run lab:beside -- [--with NAME,...] [--runs 3] [--stall 5] [--prefix beside] [--addr 127.0.0.83] [--results DIR]
// --stall S: it is not killed, its machine stands still for S seconds and goes on; whether two of them take writes then is what is asked.
import { appendFileSync, mkdirSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { loadavg } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { NAMES, SETUPS } from './alternative-setups.mjs';
import { outage } from './figures.mjs';
import { nowMs, sleep, until } from './pause.mjs';
import { Writer } from './writer.mjs';

const LAB = dirname(dirname(fileURLToPath(import.meta.url)));
const IMAGE = 'ekimi-lab/alternatives:12';
const WARM_UP_MS = 6_000;
/** At a random point of whatever period it looks around with. */
const PERIOD_MS = 10_000;
const FLOWING_MS = 5_000;
/** After a stall: long enough for whoever was replaced to be told so. */
const SETTLED_MS = 20_000;
const say = (text) => console.log(`${new Date().toISOString().slice(11, 19)} ${text}`);

function readOptions() {
  const { values } = parseArgs({
    options: {
      with: { type: 'string', default: NAMES.join(',') },
      stall: { type: 'string' },
      runs: { type: 'string', default: '3' },
      prefix: { type: 'string', default: 'beside' },
      addr: { type: 'string', default: '127.0.0.83' },
      results: { type: 'string', default: join(LAB, 'measure', 'recorded') },
    },
  });
  const names = values.with.split(',');
  const wrong = names.find((name) => !NAMES.includes(name));
  if (wrong !== undefined) throw new Error(`--with ${wrong}: expected some of ${NAMES.join(', ')}`);
  const stallMs = values.stall === undefined ? null : Number(values.stall) * 1000;
  return { ...values, names, stallMs, runs: Number(values.runs), results: resolve(values.results) };
}

function image() {
  execFileSync(join(LAB, 'images'), ['--base'], { env: { ...process.env, LAB_LINE: '12' }, stdio: 'inherit' });
  const file = join(LAB, 'docker', 'alternatives.Dockerfile');
  const how = ['--network', 'host', '--build-arg', 'BASE=ekimi-lab/base:12', '-q', '-t', IMAGE, '-f', file];
  execFileSync('docker', ['build', ...how, join(LAB, 'docker')], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** One run, from nothing to what the fault costs. @returns {Promise<object>} a row of the results */
async function oneRun(setup, where, id, signal) {
  const nodes = await setup.up(where, signal);
  const writer = new Writer({
    ...nodes.client,
    password: 'postgres',
    run: id,
    memberAt: (address) => nodes.nameOf(address),
  });
  try {
    await until('it takes writes', () => writer.prepare().then(() => true), { withinMs: 60_000, signal });
    writer.start();
    await sleep(WARM_UP_MS + Math.random() * PERIOD_MS, signal);
    const primary = writer.acks.at(-1)?.member;
    if (primary === undefined) throw new Error('no row was acknowledged');
    return await (where.stallMs === null ? killed : stalled)({ nodes, writer, primary, where, signal });
  } finally {
    await writer.stop();
  }
}

async function killed({ nodes, writer, primary, signal }) {
  const beganMs = nowMs();
  nodes.kill(primary);
  const isElsewhere = () => writer.acks.at(-1).member !== primary && writer.flowingForMs() >= FLOWING_MS;
  await until('another takes writes', isElsewhere, { withinMs: 180_000, signal });
  await writer.stop();
  const present = await writer.readBack();
  const lost = writer.acks.filter((ack) => !present.has(ack.id)).length;
  return { outageMs: outage(writer.acks, beganMs).longestMs, acks: writer.acks.length, lost };
}

async function stalled({ nodes, writer, primary, where, signal }) {
  const beganMs = nowMs();
  nodes.stall(primary);
  await sleep(where.stallMs, signal);
  nodes.goOn(primary);
  await sleep(SETTLED_MS, signal);
  await writer.stop();
  const primaries = await nodes.primaries();
  return {
    stallMs: where.stallMs,
    outageMs: outage(writer.acks, beganMs).longestMs,
    acks: writer.acks.length,
    primaries,
  };
}

async function main() {
  const options = readOptions();
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM']) process.once(name, () => abort.abort(new Error(name)));
  mkdirSync(options.results, { recursive: true });
  if (options.names.some((name) => SETUPS[name].image)) image();
  const session = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  for (let run = 1; run <= options.runs; run += 1)
    for (const name of options.names) {
      const setup = SETUPS[name];
      const base = { scenario: 'alternative', with: name, startedAt: new Date().toISOString(), load: loadavg()[0] };
      const row = await oneRun(setup, options, `${session}-${name}-${run}`, abort.signal)
        .catch((error) => ({ error: error.message }))
        .finally(() => setup.down(options));
      abort.signal.throwIfAborted();
      appendFileSync(
        join(options.results, `${session}-alternatives.jsonl`),
        `${JSON.stringify({ ...base, ...row, session })}\n`,
      );
      const after =
        row.primaries === undefined ? `${row.lost} of ${row.acks} lost` : `then ${row.primaries} take writes`;
      say(`${name} ${run}/${options.runs}: ${row.error ?? `${row.outageMs} ms, ${after}`}`);
    }
}

await main();
