#!/usr/bin/env node
// `npm run prove-cases`: can the tests of each case fail? Each part that carries a case (test/support/proofs/cases.ts) is taken out, and a test
// that bears the case's name must then fail, by its own word and not because the code without the part breaks. Exit code 1 if one cannot.
//
//   npm run prove-cases               all of them; the outcome is written to docs/generated/proofs.md
//   npm run prove-cases -- W1 P16     these cases alone; of all others the page keeps its rows
//   npm run prove-cases -- --all W1   not only until one test fails: which of them never do, false friends among them
//
// It takes a quarter of an hour, and a machine that has etcd and PostgreSQL: what needs those and is skipped elsewhere proves nothing. One vitest process: what it has transformed once stays, and for each part only the file that holds it is made anew. Nothing in the product
// knows of this.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVitest } from 'vitest/node';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const PROOFS = join(ROOT, 'test/support/proofs');
/** A part without which a test runs for ever ends the whole run: a loop in a worker cannot be stopped from outside. */
const HANGS_MS = 240_000;
/** All tests of all cases, as they are. */
const WHOLE_MS = 1_200_000;
/** With a real cluster or a browser it would take hours; these show a case once more and prove nothing here. */
const RUNS = /^test\/(unit|property|simulation|contract)\//;

const isAll = process.argv.includes('--all');
const only = process.argv.slice(2).filter((word) => word !== '--all');
const say = (line) => process.stdout.write(`${line}\n`);
const began = Date.now();
// Some minutes of two processors: whatever else runs here goes first.
setPriority(10);
let taken = [];

const takesOut = {
  name: 'prove-cases',
  enforce: 'pre',
  transform(code, id) {
    const file = relative(ROOT, id.split('?')[0]);
    const part = taken.find((one) => one.file === file);
    return part === undefined ? null : { code: without(code, part), map: null };
  },
};

const vitest = await createVitest(
  'test',
  { root: ROOT, config: join(PROOFS, 'vitest.config.ts'), watch: false, reporters: [{}], maxWorkers: 2 },
  { plugins: [takesOut] },
);
const load = (path) => vitest.import(join(ROOT, path));
const { allOf, without, partName } = await load('test/support/proofs/part.ts');
const { PROVEN, ELSEWHERE } = await load('test/support/proofs/cases.ts');
const { proofsPage, verdictOf, WHOLE_FILE } = await load('test/support/proofs/page.ts');
const { namedTests } = await load('src/docs/named-tests.ts');
const { casesIn } = await load('src/docs/cases.ts');

/** Situations stand beside the test that looks at each. */
const SITUATIONS = 'test/unit/assess/situations.test.ts';
const tests = namedTests(ROOT)
  .map(({ file, name }) => ({ name, file: file.endsWith('-situations.ts') ? SITUATIONS : file }))
  .filter(({ file }) => RUNS.test(file));
const filesOf = (id) => [...new Set(tests.filter(({ name }) => casesIn(name).includes(id)).map(({ file }) => file))];
const nameOf = (id) => new RegExp(`\\[([A-Z]\\d+, )*${id}(, [A-Z]\\d+)*\\]`);

/** All tests of these files whose names match, each with what became of it. */
async function run(files, pattern, what, limitMs = HANGS_MS) {
  const watchdog = setTimeout(() => {
    process.stderr.write(`${what}: no end after ${limitMs / 1000} s\n`);
    // A worker in an endless loop outlives us, and takes a processor for good.
    spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
    process.exit(2);
  }, limitMs);
  vitest.setGlobalTestNamePattern(pattern);
  const project = vitest.getRootProject();
  const specifications = files.map((file) => project.createSpecification(join(ROOT, file)));
  const { testModules } = await vitest.runTestSpecifications(specifications);
  clearTimeout(watchdog);
  // The answer has the modules of earlier runs too.
  const now = testModules.filter(({ moduleId }) => files.includes(relative(ROOT, moduleId)));
  return now.flatMap((module) => {
    const file = relative(ROOT, module.moduleId);
    const broken = module.errors().map((error) => ({ file, name: WHOLE_FILE, state: 'failed', errors: [error] }));
    const ran = [...module.children.allTests()]
      .map((test) => ({ file, name: test.fullName, state: test.result().state, errors: test.result().errors ?? [] }))
      .filter(({ state }) => state === 'passed' || state === 'failed');
    return [...broken, ...ran];
  });
}

/** Why the part cannot be taken out; null: it can. */
function lacks(part) {
  try {
    for (const one of allOf(part)) without(readFileSync(join(ROOT, one.file), 'utf8'), one);
    return null;
  } catch (error) {
    return error.message;
  }
}

const missing = Object.entries(PROVEN)
  .flatMap(([id, parts]) => parts.map((part) => ({ id, why: lacks(part) })))
  .flatMap(({ id, why }) => (why === null ? [] : [`${id}: ${why}`]));
if (missing.length > 0) {
  process.stderr.write(`${missing.join('\n')}\n`);
  await vitest.close();
  process.exit(2);
}

const keyOf = ({ file, name }) => `${file}: ${name}`;

/** What costs least first; the dearer ones are run only where nothing has failed yet. */
const STAGES = ['unit', 'property', 'simulation', 'contract'];

/** Its tests without this part, stage by stage until one fails by its own word; all of them where asked for. */
async function proveWithout(id, part) {
  const at = Date.now();
  taken = allOf(part);
  for (const { file } of allOf(part)) vitest.invalidateFile(join(ROOT, file));
  let ran = [];
  let verdict = verdictOf([], ROOT);
  for (const stage of STAGES) {
    const files = filesOf(id).filter((file) => file.startsWith(`test/${stage}/`));
    if (files.length === 0) continue;
    const answers = await run(files, nameOf(id), `${id} without ${partName(part)}`);
    // What fails as it is proves nothing either.
    ran = [...ran, ...answers.filter((test) => test.name === WHOLE_FILE || green.has(keyOf(test)))];
    verdict = verdictOf(ran, ROOT);
    if (verdict.failed.length > 0 && !isAll) break;
  }
  taken = [];
  for (const { file } of allOf(part)) vitest.invalidateFile(join(ROOT, file));
  const { failed, broken } = verdict;
  const seconds = ((Date.now() - at) / 1000).toFixed(1);
  const word = failed.length > 0 ? 'proven' : 'CANNOT FAIL';
  say(`${word}  ${id} without ${partName(part)}: ${failed.length} of ${ran.length} fail (${seconds} s)`);
  for (const { name, why } of failed.slice(0, 1)) say(`    ${name}: ${why}`);
  for (const { name, why } of failed.length > 0 ? [] : broken.slice(0, 3)) say(`    breaks: ${name}: ${why}`);
  return { id, part, ...verdict };
}

const ids = Object.keys(PROVEN).filter((id) => only.length === 0 || only.includes(id));

/** As it is: every test that is to fail must pass, and must have run. */
const whole = await run(
  [...new Set(ids.flatMap(filesOf))],
  new RegExp(ids.map((id) => nameOf(id).source).join('|')),
  'all as it is',
  WHOLE_MS,
);
const green = new Set(whole.filter(({ state }) => state === 'passed').map(keyOf));
const red = whole.filter(({ state }) => state === 'failed');
for (const { errors, ...test } of red) say(`fails as it is: ${keyOf(test)}: ${errors[0]?.message}`);
say(`${whole.length} tests as they are, ${red.length} fail (${Math.round((Date.now() - began) / 1000)} s)`);

const outcomes = [];
for (const id of ids) {
  const own = whole.filter(({ name }) => nameOf(id).test(name));
  const stayed = new Set(own.map(keyOf));
  for (const part of PROVEN[id]) {
    const outcome = await proveWithout(id, part);
    outcomes.push(outcome);
    for (const test of outcome.failed) stayed.delete(keyOf(test));
  }
  if (isAll) for (const name of stayed) say(`    never fails: ${name}`);
}
await vitest.close();

const vacuous = outcomes.filter(({ failed }) => failed.length === 0);
const page = join(ROOT, 'docs/generated/proofs.md');
const before = existsSync(page) ? readFileSync(page, 'utf8') : '';
const order = Object.keys(PROVEN);
writeFileSync(page, proofsPage({ ids: order, outcomes, before, elsewhere: ELSEWHERE, at: new Date() }));
for (const { id, part } of vacuous) say(`cannot fail: ${id} without ${partName(part)}`);
say(
  `${ids.length} cases, ${outcomes.length} parts taken out, ${vacuous.length} without effect, ${Math.round((Date.now() - began) / 1000)} s`,
);
process.exitCode = vacuous.length + red.length === 0 ? 0 : 1;
