#!/usr/bin/env node
// `npm run lab:field`: what was reported from the field, on real clusters of both lines of Patroni side by side, and a table of it.
//
//   npm run lab:field                  all of it
//   npm run lab:field -- -t W1         only the tests whose name contains this
//
// Needs a Docker engine, as the e2e tests do. Exits 1 if a test failed or none ran. The report is var/test/field.json.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { installed, ROOT } from './ready.mjs';
import { run } from './test/run.mjs';

const REPORT = join(ROOT, 'var/test/field.json');
const LIMIT_MINUTES = 240;

/** A row a scenario, a column a line of Patroni: what became of it, and the seconds that it took. */
function table(report) {
  const rows = new Map();
  const lines = [];
  for (const file of report.testResults)
    for (const test of file.assertionResults) {
      const [line, ...where] = test.ancestorTitles;
      if (!lines.includes(line)) lines.push(line);
      const name = [...where, test.title].join(': ');
      rows.set(name, { ...rows.get(name), [line]: `${test.status} ${Math.round((test.duration ?? 0) / 1000)} s` });
    }
  const cells = [...rows].map(([name, by]) => [...lines.map((line) => by[line] ?? '-'), name]);
  const all = [[...lines, 'what'], ...cells];
  const widths = lines.map((_, at) => Math.max(...all.map((row) => row[at].length)));
  return all.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('  ')).join('\n');
}

process.chdir(ROOT);
installed();
mkdirSync(join(ROOT, 'var/test'), { recursive: true });
rmSync(REPORT, { force: true });
const args = ['node_modules/vitest/vitest.mjs', 'run', '--project', 'field', '--reporter=default', '--reporter=json'];
const done = await run(process.execPath, [...args, `--outputFile.json=${REPORT}`, ...process.argv.slice(2)], {
  limitMs: LIMIT_MINUTES * 60_000,
});
try {
  process.stdout.write(`\n${table(JSON.parse(readFileSync(REPORT, 'utf8')))}\n`);
} catch (error) {
  process.stdout.write(`\nno report: ${error.message}\n`);
}
process.exitCode = done.code === 0 ? 0 : 1;
