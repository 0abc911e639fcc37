// The command line.
import { parseArgs } from 'node:util';
import { SCENARIOS, scenarioNames } from './scenarios.mjs';
import { SUITES } from './suite.mjs';

export const USAGE = `npm run lab:measure -- [options]: faults on the real lab, stock Patroni against Patroni with Ekimi beside it

  --patroni 3.0,4.1        Patroni versions, one lab after the other (3.0, 4.0, 4.1)
  --at-once                one lab for each version, all at the same time
  --with stock,ekimi       without and with the controller, taking turns
  --suite all              everything that docs/measurements.md shows, in 75 minutes a version; or a part of it:
                           timed (35), others (30), benign (11)
  --scenario NAME,...      ${Object.keys(SCENARIOS).join(', ')};
                           or benign, leader, all
  --runs 20                runs of each
  --stock-runs 5           runs without the controller, where they are to be fewer
  --rejoins 3              in so many runs the controller is given its time to start the killed member itself; default: in all
  --episodes 50            the scenarios (benign ones) in turn, so many in all, under one daemon
  --sync                   synchronous_mode
  --prefix measure         LAB_PREFIX of its own lab, which is made anew
  --addr 127.0.0.80        LAB_ADDR of it
  --dist DIR               a build of Ekimi other than dist/
  --policy FILE            a policy other than: everything that destroys nothing on auto
  --keep                   leave the lab up afterwards; and use one that is up already
  --results DIR            results somewhere other than var/measure: then the report is written there, too
  --report                 measure nothing, write the report from the results that are there

Results: lab/measure/recorded/SESSION-PATRONI.jsonl, a line a run, and docs/measurements.md, made from all files there and from what is kept of earlier
ones (lab/measure/kept.md); what each daemon left is in var/measure. Each row with Ekimi is printed as met or missed, by
what lab/measure/bounds.mjs promises; exit code 1 if one is missed.`;

const OPTIONS = {
  patroni: { type: 'string', default: '4.1' },
  'at-once': { type: 'boolean', default: false },
  with: { type: 'string', default: 'stock,ekimi' },
  suite: { type: 'string' },
  scenario: { type: 'string', default: 'kill-leader' },
  runs: { type: 'string', default: '3' },
  'stock-runs': { type: 'string' },
  rejoins: { type: 'string' },
  episodes: { type: 'string' },
  sync: { type: 'boolean', default: false },
  prefix: { type: 'string', default: 'measure' },
  addr: { type: 'string', default: '127.0.0.80' },
  dist: { type: 'string' },
  policy: { type: 'string' },
  keep: { type: 'boolean', default: false },
  results: { type: 'string' },
  report: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @param {readonly string[]} args rejects with what was found and what was expected */
export function readOptions(args) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  return {
    patroni: oneOf('--patroni', values.patroni, ['3.0', '4.0', '4.1']),
    atOnce: values['at-once'],
    with: oneOf('--with', values.with, ['stock', 'ekimi']),
    parts:
      values.suite === undefined ? [partOf(values)] : SUITES[oneOf('--suite', values.suite, Object.keys(SUITES))[0]],
    prefix: values.prefix,
    addr: values.addr,
    dist: values.dist ?? null,
    policy: values.policy ?? null,
    keep: values.keep,
    results: values.results ?? null,
    reportOnly: values.report,
    help: values.help,
  };
}

function partOf(values) {
  const scenarios = values.scenario.split(',').flatMap(scenarioNames);
  const { sync } = values;
  if (values.episodes !== undefined) {
    const wrong = scenarios.find((name) => !SCENARIOS[name].benign);
    if (wrong !== undefined) throw new Error(`--episodes with ${wrong}: expected benign scenarios only`);
    return { scenarios, sync, episodes: count('--episodes', values.episodes) };
  }
  const ekimi = count('--runs', values.runs);
  const stock = count('--stock-runs', values['stock-runs'] ?? values.runs);
  return { scenarios, sync, ekimi, stock, rejoins: count('--rejoins', values.rejoins ?? values.runs, 0) };
}

function count(option, text, least = 1) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new Error(`${option} ${text}: expected a whole number from ${least}`);
  return value;
}

function oneOf(option, text, allowed) {
  const words = text.split(',');
  const wrong = words.find((word) => !allowed.includes(word));
  if (wrong !== undefined) throw new Error(`${option} ${wrong}: expected some of ${allowed.join(', ')}`);
  return words;
}
