// What needs no test to be wrong. The build comes first: the generated pages are made by it, and so is the program that e2e runs.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../ready.mjs';
import { failed, passed } from './result.mjs';
import { lastLines, run, say } from './run.mjs';

const CHECKS = [
  { name: 'build', command: 'npm', args: ['run', '--silent', 'build'] },
  { name: 'format', command: 'npm', args: ['run', '--silent', 'format:check'] },
  { name: 'lint', command: 'npm', args: ['run', '--silent', 'lint'] },
  { name: 'types', command: 'npm', args: ['run', '--silent', 'types'] },
  { name: 'imports', command: 'npm', args: ['run', '--silent', 'deps'] },
  { name: 'unused', command: 'npm', args: ['run', '--silent', 'unused'] },
  { name: 'docs', command: process.execPath, args: ['dist/docs/generate.js', '--check'] },
  {
    name: 'shell',
    command: 'bash',
    args: () => ['-c', 'for file; do bash -n "$file" || exit 1; done', 'bash', ...shellScripts()],
  },
];

/** Whatever starts as a bash script, below lab and .ci. */
function shellScripts() {
  const folders = ['lab', '.ci'];
  const files = folders.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, name)),
  );
  const isBash = (file) => /^#( shellcheck shell=|!.*\b)bash/.test(readFileSync(join(ROOT, file), 'utf8'));
  return files.filter((file) => statSync(join(ROOT, file)).isFile() && isBash(file));
}

async function runCheck(report, { name, command, args }) {
  // Of the compilers each takes a processor: on a slow machine with both at work a minute becomes several.
  const done = await run(command, typeof args === 'function' ? args() : args, { log: name, limitMs: 900_000 });
  if (done.code === 0) {
    say(`${name} ok`);
    report(passed(name, done.tookMs));
  } else {
    say(`${name} FAILED\n${done.text}`);
    report(failed(name, done.tookMs, lastLines(done.text, 5)));
  }
}

/** The build first; then the longest, which takes one processor, beside all others one after the other. */
export async function runStatic(report) {
  const [build, ...checks] = CHECKS;
  await runCheck(report, build);
  const isLong = ({ name }) => name === 'lint';
  const lane = async (rows) => {
    for (const row of rows) await runCheck(report, row);
  };
  await Promise.all([lane(checks.filter(isLong)), lane(checks.filter((row) => !isLong(row)))]);
}
