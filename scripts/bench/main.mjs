#!/usr/bin/env node
// `npm run bench`: what Ekimi costs and how fast it is, as docs/benchmarks.md explains. Prints Markdown tables; exits 1 if a target is missed.
//
//   npm run bench                    all of it: about fifteen minutes, on a lab of its own
//   npm run bench -- --only pass     only these of: pass, replay, commands, versions, clusters, streams, footprint, detection, beside
//   npm run bench -- --before FOLDER a built checkout of an older version, measured beside this one (pass, commands, versions); without it 0.1.0 is
//                                    built from its commit
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BEFORE, builtBefore } from './before.mjs';
import { benchBeside, whatIsMissing } from './beside.mjs';
import { benchClusters, CLUSTERS, HANGING } from './clusters.mjs';
import { benchCommands } from './commands.mjs';
import { benchDetection, GRACE_MS, PERIOD_MS } from './detection.mjs';
import { machine, markdown, median, round, verdict } from './figures.mjs';
import { benchDemo, benchFootprint, SETTINGS } from './footprint.mjs';
import { lab, whyNoEngine } from './lab.mjs';
import { benchPassBeside } from './pass-beside.mjs';
import { benchReplay } from './replay.mjs';
import { benchStreams, CLIENTS } from './streams.mjs';
import { benchVersions } from './versions.mjs';

/** Those that need no lab. */
const ALONE = ['pass', 'replay', 'commands', 'versions', 'clusters', 'streams'];
const PARTS = [...ALONE, 'footprint', 'detection', 'beside'];
const TARGET = {
  passUs: 100,
  replayed: 5_000,
  passMs: 8,
  lateMs: 100,
  cpuPercent: 1,
  rssMb: 90,
  decisionMs: 2 * PERIOD_MS,
  sentMs: 250,
  versionMs: 150,
  statusMs: 300,
  streamsMb: 100,
};

const say = (text = '') => void process.stdout.write(`${text}\n`);
const load = () =>
  `load average ${loadavg()
    .map((value) => round(value))
    .join(', ')}`;
let missed = 0;
const judged = (isMet) => {
  if (!isMet) missed += 1;
  return verdict(isMet);
};

function title(text) {
  say(`\n### ${text}\n`);
  say(`${load()}\n`);
}

async function pass(before) {
  title('The pure part of a pass');
  const rows = await benchPassBeside(before);
  const each = (values) => values.map((value) => round(value)).join(', ');
  say(
    markdown(
      [
        'situation',
        'problems',
        'median µs, each run',
        'version before, in turn',
        `median of the runs < ${TARGET.passUs} µs`,
      ],
      rows.map((row) => [
        row.name,
        row.problems.length,
        each(row.nowUs),
        row.beforeUs === null ? '-' : each(row.beforeUs),
        judged(median(row.nowUs) < TARGET.passUs),
      ]),
    ),
  );
}

async function replay() {
  title('Decisions of real incidents made again, a second of processor time');
  const { whole, pure } = await benchReplay();
  const rows = [
    ['read from the disk, chain checked, decided', whole],
    ['decided alone', pure],
  ];
  say(
    markdown(
      ['what', 'a second', `at least ${TARGET.replayed}`],
      rows.map(([what, rate]) => [what, round(rate, 0), judged(rate >= TARGET.replayed)]),
    ),
  );
}

async function commands(before) {
  title('Processor time of a command that only asks');
  const targets = { '--version': TARGET.versionMs, status: TARGET.statusMs };
  const shown = (figures) => (figures === null ? '-' : `${round(figures.leastMs, 0)} (${round(figures.medianMs, 0)})`);
  const rows = await benchCommands(before);
  say(
    markdown(
      ['ekimi', 'least (median), ms', 'version before, ms', 'target, least'],
      rows.map(({ name, now, before: old }) => [
        name,
        shown(now),
        shown(old),
        `${judged(now.leastMs < targets[name])} (${targets[name]} ms)`,
      ]),
    ),
  );
}

async function versions(before) {
  title('Processor time of a pass, three members with all channels, a pass a second, over loopback');
  const rows = await benchVersions(before);
  const isOurs = ({ name }) => name === 'this one';
  const isBefore = ({ name }) => name === 'before';
  say(
    markdown(
      ['version', 'least (median) of the rounds, ms', `at most ${TARGET.passMs} ms`, 'CPU, % of a core', 'RSS, MB'],
      rows.map((row) => [
        isBefore(row) ? `${row.name} (${BEFORE})` : row.name,
        `${round(row.leastMs)} (${round(row.medianMs)})`,
        isOurs(row) ? judged(row.leastMs <= TARGET.passMs) : '-',
        isOurs(row)
          ? `${round(row.cpuPercent, 2)}, ${judged(row.cpuPercent < TARGET.cpuPercent)}`
          : round(row.cpuPercent, 2),
        isOurs(row) ? `${round(row.rssMb)}, ${judged(row.rssMb < TARGET.rssMb)}` : round(row.rssMb),
      ]),
    ),
  );
}

async function clusters() {
  title(`${CLUSTERS} clusters in one process, of which ${HANGING} accept connections and never answer`);
  const row = await benchClusters();
  const isMet = row.p99Ms - row.idleP99Ms <= TARGET.lateMs;
  say(
    markdown(
      [
        'passes of the others',
        'late: median, ms',
        'p99, ms',
        'most, ms',
        'a bare timer beside it, p99, ms',
        'CPU, % of a core',
        '',
      ],
      [
        [
          `${row.passes} of ${row.expected}`,
          round(row.medianMs),
          round(row.p99Ms),
          round(row.mostMs),
          round(row.idleP99Ms),
          round(row.cpuPercent),
          `${judged(isMet)} (${TARGET.lateMs} ms beyond the timer)`,
        ],
      ],
    ),
  );
}

async function streams() {
  title(`${CLIENTS} clients follow /v1/events, three clusters, a pass a second`);
  const rows = await benchStreams();
  say(
    markdown(
      ['clients', 'RSS, MB', 'more, MB', 'kB a client', 'bytes a client a pass', 'CPU, % of a core', ''],
      rows.map((row) => [
        row.name,
        round(row.rssMb),
        round(row.moreMb),
        row.clients === 0 ? '-' : round((row.moreMb * 1000) / row.clients),
        row.clients === 0 ? '-' : round(row.bytesAPass, 0),
        round(row.cpuPercent),
        row.clients === 0 ? '-' : `${judged(row.moreMb < TARGET.streamsMb)} (${TARGET.streamsMb} MB more)`,
      ]),
    ),
  );
}

async function footprint(noEngine) {
  title('Footprint of the daemon, a pass a second');
  if (noEngine !== null) say(`*** on the simulated cluster, with the simulation in the figures: ${noEngine} ***\n`);
  const rows = [];
  for (const name of Object.keys(SETTINGS)) rows.push(await (noEngine === null ? benchFootprint : benchDemo)(name));
  const head = [
    'node',
    'CPU, % of a core',
    'RSS median, MB',
    'RSS most, MB',
    'CPU a pass, ms',
    'pass, ms',
    'CPU',
    'RSS',
  ];
  const cells = (row) => [
    row.name,
    round(row.cpuPercent, 2),
    round(row.rssMb),
    round(row.rssMostMb),
    round(row.cpuMsPerPass),
    round(row.passMs),
    judged(row.cpuPercent < TARGET.cpuPercent),
    judged(row.rssMb < TARGET.rssMb),
  ];
  say(markdown(head, rows.map(cells)));
}

async function detection() {
  title(`Emergency lag: grace ${GRACE_MS / 1000} s, a pass a second, every half second under suspicion`);
  const runs = await benchDetection();
  const row = (what, key, target) => {
    const values = runs.map((run) => run[key]);
    const verdictOf = target === null ? '-' : `${judged(median(values) <= target)} (${target} ms)`;
    return [what, round(median(values), 0), values.map((value) => round(value, 0)).join(', '), verdictOf];
  };
  say(
    markdown(
      ['from ... to', 'median ms', 'runs', 'target'],
      [
        ['threshold crossed, to first seen', 'crossingToSeenMs', TARGET.decisionMs],
        ['end of the grace, to decision in the journal', 'graceToDecisionMs', TARGET.decisionMs],
        ['decision, to request sent', 'decisionToSentMs', TARGET.sentMs],
        ['threshold crossed, to request sent', 'crossingToSentMs', null],
      ].map((cells) => row(...cells)),
    ),
  );
}

async function beside() {
  title("One look, beside the operations manual's script");
  const missing = whatIsMissing();
  if (missing.length > 0) return say(`*** skipped: this machine has no ${missing.join(', ')} ***`);
  const rows = await benchBeside();
  say(
    markdown(
      ['what', 'wall ms', 'CPU ms'],
      rows.map((row) => [row.name, round(row.wallMs, 0), round(row.cpuMs, 0)]),
    ),
  );
}

/** What is measured of the version before as well. */
async function withBefore(parts, given) {
  if (!['pass', 'commands', 'versions'].some((part) => parts.includes(part))) return;
  const built = given === null ? builtBefore() : { folder: given, remove: () => undefined };
  try {
    if (built === null) say(`\n*** without the version before: this is no clone that has ${BEFORE} ***`);
    if (parts.includes('pass')) await pass(built?.folder ?? null);
    if (parts.includes('commands')) await commands(built?.folder ?? null);
    if (parts.includes('versions')) await versions(built?.folder ?? null);
  } finally {
    built?.remove();
  }
}

async function main() {
  const { values } = parseArgs({
    options: { only: { type: 'string', default: PARTS.join() }, before: { type: 'string' } },
  });
  const parts = values.only.split(',');
  const unknown = parts.find((part) => !PARTS.includes(part));
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}: ${PARTS.join(', ')}`);
  say(`${machine()}, ${new Date().toISOString().slice(0, 10)}`);
  if (parts.includes('replay')) await replay();
  await withBefore(parts, values.before ?? null);
  if (parts.includes('clusters')) await clusters();
  if (parts.includes('streams')) await streams();
  if (parts.every((part) => ALONE.includes(part))) return;
  const noEngine = await whyNoEngine();
  if (noEngine !== null) {
    if (parts.includes('footprint')) await footprint(noEngine);
    return say(`\n*** no detection and no comparison without a lab: ${noEngine} ***`);
  }
  try {
    await lab('up');
    if (parts.includes('footprint')) await footprint(null);
    if (parts.includes('detection')) await detection();
    if (parts.includes('beside')) await beside();
  } finally {
    await lab('down');
  }
}

await main();
say(missed === 0 ? '\nAll targets are met.' : `\n${missed} targets are missed.`);
process.exitCode = missed === 0 ? 0 : 1;
