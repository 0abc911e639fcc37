// The projects of vitest.config.ts, run one after the other and counted test by test.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../ready.mjs';
import { failed } from './result.mjs';
import { run } from './run.mjs';

/** Minutes after which a project hangs rather than works. */
const LIMIT_MINUTES = { unit: 15, property: 10, simulation: 30, contract: 16, browser: 10, e2e: 40 };
/** In CI: how often a test that failed is tried again. */
const AGAIN = { browser: 1, e2e: 2 };
export const PROJECTS = Object.keys(LIMIT_MINUTES);

/** `node`: the program that runs it, this one if none is named. */
export async function runProject(name, env = {}, node = process.execPath) {
  const file = join(ROOT, 'var/test', `${name}.json`);
  rmSync(file, { force: true });
  // With its `-apart`, where it has one.
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    '--project',
    `${name}*`,
    '--reporter=default',
    '--reporter=json',
  ];
  // A fault on a real cluster is struck at a random point of three daemons' periods, on a machine that others may load: twice more, and said so.
  // A browser waits for the same processor: once more.
  const again = process.env.CI === 'true' ? (AGAIN[name] ?? 0) : 0;
  const done = await run(node, [...args, `--retry=${again}`, `--outputFile.json=${file}`], {
    limitMs: LIMIT_MINUTES[name] * 60_000,
    env,
  });
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return failed(name, done.tookMs, `vitest left no report (exit ${done.code ?? 'by signal, or beyond its limit'})`);
  }
  return count(name, report, done);
}

/** A file that could not be loaded, and an error outside of any test, are failures that no test stands for. */
function count(name, report, { code, tookMs }) {
  const tests = report.testResults.flatMap((file) =>
    file.assertionResults.map((test) => ({ ...test, file: file.name })),
  );
  const of = (...states) => tests.filter((test) => states.includes(test.status));
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some((test) => test.status === 'failed'),
  );
  const bad = of('failed');
  const notes = [
    ...broken.map(
      (file) => `${file.name.replace(ROOT, '')}: ${(file.message ?? '').split('\n')[0] || 'could not be run'}`,
    ),
    ...bad.map((test) => `${test.file.replace(ROOT, '')}: ${test.fullName}`),
  ];
  let failures = bad.length + broken.length;
  if (failures === 0 && (code !== 0 || tests.length === 0)) {
    failures = 1;
    notes.push(tests.length === 0 ? 'no test ran' : `vitest ended with ${code ?? 'a signal'} although no test failed`);
  }
  const left = of('pending', 'skipped', 'todo', 'disabled');
  if (left.length > 0) notes.push(`SKIPPED: ${left.length} tests, ${whereOf(left)}`);
  return { name, passed: of('passed').length, failed: failures, skipped: left.length, tookMs, notes };
}

function whereOf(tests) {
  const suites = new Set(tests.map((test) => test.ancestorTitles.join(' > ') || test.title));
  return [...suites].slice(0, 5).join('; ') + (suites.size > 5 ? '; ...' : '');
}
