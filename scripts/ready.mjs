// What every command needs on a fresh clone: the locked packages, and a build of the present sources. Run by itself it does just that.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestSource } from './freshness.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const LOCK = 'node_modules/.package-lock.json';
const BUILT = 'dist/.built';
const BUILDERS = ['scripts/bundle.mjs', 'scripts/assets.mjs', 'scripts/dashboard.mjs'];

function step(what, command, args) {
  process.stderr.write(`${what} ...\n`);
  // Its output is news, not an answer: ours may be read by a program.
  const done = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (done.status === 0) return;
  process.stderr.write(`${what} failed: ${command} ${args.join(' ')}\n`);
  process.exit(done.status ?? 1);
}

const at = (path) => ROOT + path;
const changed = (path) => statSync(at(path)).mtimeMs;

/** Exactly the packages of the lock; anything else ends the process. */
export function installed() {
  if (existsSync(at(LOCK)) && changed(LOCK) >= changed('package-lock.json')) return;
  step('installing packages', 'npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
}

/** A whole build that is newer than every source. */
export function built() {
  const inputs = ['package.json', 'tsconfig.json', 'tsconfig.build.json', ...BUILDERS].map(changed);
  if (existsSync(at(BUILT)) && changed(BUILT) >= Math.max(newestSource(at('src')), ...inputs)) return;
  step('building', 'npm', ['run', '--silent', 'build']);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  installed();
  built();
}
