#!/usr/bin/env node
// `npm test`: everything that CI asks, on a machine with no more than Node and npm.
//
//   npm test                              all of it
//   npm test -- --only static,unit        only these groups
//   npm test -- --skip e2e                all but these
//   npm test -- --list                    the groups
//
// On Debian as root it installs what the tests need (a browser, etcd, PostgreSQL, a Docker engine); what a machine cannot do is skipped, said and
// counted. The last line is `N passed, N failed, N skipped`; the exit code is 0 if nothing failed and something ran. Logs: var/test.
import { parseArgs } from 'node:util';
import { installed, ROOT } from './ready.mjs';
import { runImage } from './test/image.mjs';
import { prepareMachine } from './test/machine.mjs';
import { PROJECTS, runProject } from './test/projects.mjs';
import { failed, lastLine, skipped, table, total } from './test/result.mjs';
import { endAll, lastLines, run, say } from './test/run.mjs';
import { runStatic } from './test/static.mjs';

const GROUPS = ['static', ...PROJECTS, 'image'];
const NEED_ENGINE = ['image', 'e2e', 'contract'];
const PATRONI_LINES = ['4.1', '3.0'];
/** The lab that the contract project reads from. Two runs at once on one machine need two names and addresses. */
const CONTRACT_LAB = {
  LAB_PREFIX: process.env.EKIMI_CONTRACT_PREFIX ?? 'contract',
  LAB_ADDR: process.env.EKIMI_CONTRACT_ADDR ?? '127.0.0.62',
  PATRONI: '4.1',
};

function usage(text) {
  process.stderr.write(`${text}\nThe groups are: ${GROUPS.join(', ')}\n`);
  process.exit(2);
}

/** The groups that the command line chooses. */
function chosen() {
  const options = { only: { type: 'string' }, skip: { type: 'string' }, list: { type: 'boolean' } };
  let values;
  try {
    ({ values } = parseArgs({ options }));
  } catch (error) {
    usage(error.message);
  }
  if (values.list) {
    process.stdout.write(`${GROUPS.join('\n')}\n`);
    process.exit(0);
  }
  const names = (text) => text.split(',').map((name) => name.trim());
  const [only, skip] = [names(values.only ?? GROUPS.join()), names(values.skip ?? '').filter((name) => name !== '')];
  const unknown = [...only, ...skip].find((name) => !GROUPS.includes(name));
  if (unknown !== undefined) usage(`there is no group ${JSON.stringify(unknown)}`);
  return new Set(only.filter((name) => !skip.includes(name)));
}

/**
 * What takes the network and the disk rather than the processor, beside the checks that take the processor: packages, an engine, images.
 * Answers why there is no engine (null: there is one).
 */
async function prepare(groups) {
  const lacks = await prepareMachine(groups);
  if (lacks !== null) say(`*** ${lacks}: the tests that need it skip themselves ***`);
  if (!NEED_ENGINE.some((name) => groups.has(name))) return null;
  const engine = await run(`${ROOT}lab/engine`, [], { log: 'engine', limitMs: 600_000 });
  if (engine.code !== 0) return `no Docker engine: ${lastLines(engine.text, 1)}`;
  say(lastLines(engine.text, 1));
  for (const line of PATRONI_LINES.slice(0, groups.has('e2e') ? 2 : 1)) {
    const images = await run(`${ROOT}lab/images`, [], {
      log: `images-${line}`,
      limitMs: 900_000,
      env: { PATRONI: line },
    });
    say(
      images.code === 0
        ? `images of the lab with Patroni ${line} ok`
        : `*** no lab image: ${lastLines(images.text, 3)} ***`,
    );
  }
  return null;
}

/** With a real cluster to read from where there can be one. */
async function runContract(noEngine) {
  const lab = (script) => run(`${ROOT}lab/${script}`, [], { log: `contract-lab-${script}`, env: CONTRACT_LAB });
  const up = noEngine === null && (await lab('up')).code === 0;
  if (!up) say('*** no lab for the contract project: the tests that read from one skip themselves ***');
  const result = await runProject('contract', up ? { EKIMI_LAB_ADDR: CONTRACT_LAB.LAB_ADDR } : {});
  if (noEngine === null) await lab('down');
  return result;
}

async function main() {
  const groups = chosen();
  const results = [];
  const report = (result) => void results.push(result);
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])
    process.on(signal, () => {
      endAll();
      process.exit(code);
    });
  process.chdir(ROOT);
  installed();

  // One lane each: two processors, and nothing beside the tests that have deadlines.
  const background = prepare(groups).then(async (noEngine) => {
    if (groups.has('image')) report(noEngine === null ? await runImage() : skipped('image', noEngine));
    return noEngine;
  });
  if (groups.has('static')) await runStatic(report);
  for (const name of ['unit', 'property', 'simulation']) if (groups.has(name)) report(await runProject(name));
  const noEngine = await background;

  if (groups.has('contract')) report(await runContract(noEngine));
  if (groups.has('browser')) report(await runProject('browser'));
  if (groups.has('e2e')) {
    if (noEngine !== null) report(skipped('e2e', noEngine));
    else report(await runProject('e2e', groups.has('static') ? { EKIMI_E2E_DIST: `${ROOT}dist` } : {}));
  }

  if (total(results).passed + total(results).failed === 0) report(failed('npm test', 0, 'nothing ran'));
  const sum = total(results);
  process.stdout.write(`\n${table(results)}\n\n${lastLine(sum)}\n`);
  process.exitCode = sum.failed === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  endAll();
  process.stderr.write(`${error.stack}\n`);
  process.stdout.write(`${lastLine({ passed: 0, failed: 1, skipped: 0 })}\n`);
  process.exitCode = 1;
}
