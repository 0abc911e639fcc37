// The command line.
import { parseArgs } from 'node:util';
import { SCENARIOS, scenarioNames } from './scenarios.mjs';

export const USAGE = `npm run lab:measure -- [options]: faults on the real lab, stock Patroni against Patroni with Ekimi beside it

  --patroni 3.0,4.1        Patroni versions, one lab after the other (3.0, 4.0, 4.1)
  --with stock,ekimi       without and with the controller, taking turns
  --scenario NAME,...      ${Object.keys(SCENARIOS).join(', ')};
                           or benign, leader, all
  --runs 20                runs of each
  --stock-runs 5           runs without the controller, where they are to be fewer
  --sync                   synchronous_mode
  --prefix measure         LAB_PREFIX of its own lab, which is made anew
  --addr 127.0.0.80        LAB_ADDR of it
  --dist DIR               a build of Ekimi other than dist/
  --policy FILE            a policy other than: everything that destroys nothing on auto
  --keep                   leave the lab up afterwards
  --report                 measure nothing, write docs/measurements.md from what var/measure holds

Results: var/measure/SESSION.jsonl, a line a run, and docs/measurements.md, made from all files there.`;

const OPTIONS = {
  patroni: { type: 'string', default: '4.1' },
  with: { type: 'string', default: 'stock,ekimi' },
  scenario: { type: 'string', default: 'kill-leader' },
  runs: { type: 'string', default: '3' },
  'stock-runs': { type: 'string' },
  sync: { type: 'boolean', default: false },
  prefix: { type: 'string', default: 'measure' },
  addr: { type: 'string', default: '127.0.0.80' },
  dist: { type: 'string' },
  policy: { type: 'string' },
  keep: { type: 'boolean', default: false },
  report: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
};

/** @param {readonly string[]} args rejects with what was found and what was expected */
export function readOptions(args) {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const runs = count('--runs', values.runs);
  return {
    patroni: oneOf('--patroni', values.patroni, ['3.0', '4.0', '4.1']),
    with: oneOf('--with', values.with, ['stock', 'ekimi']),
    scenarios: values.scenario.split(',').flatMap(scenarioNames),
    runs: { ekimi: runs, stock: count('--stock-runs', values['stock-runs'] ?? values.runs) },
    sync: values.sync,
    prefix: values.prefix,
    addr: values.addr,
    dist: values.dist ?? null,
    policy: values.policy ?? null,
    keep: values.keep,
    reportOnly: values.report,
    help: values.help,
  };
}

function count(option, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`${option} ${text}: expected a whole number from 1`);
  return value;
}

function oneOf(option, text, allowed) {
  const words = text.split(',');
  const wrong = words.find((word) => !allowed.includes(word));
  if (wrong !== undefined) throw new Error(`${option} ${wrong}: expected some of ${allowed.join(', ')}`);
  return words;
}
