#!/usr/bin/env node
// `npm start` on a fresh clone: installs and builds what is missing, then runs the demo. Arguments after `--` go to it.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { newestSource } from './freshness.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);

function step(what, command, args) {
  process.stderr.write(`${what} ...\n`);
  const done = spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status !== 0) {
    process.stderr.write(`${what} failed: ${command} ${args.join(' ')}\n`);
    process.exit(done.status ?? 1);
  }
}

const lock = 'node_modules/.package-lock.json';
if (!existsSync(lock) || statSync(lock).mtimeMs < statSync('package-lock.json').mtimeMs)
  step('installing packages', 'npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']);
const built = 'dist/.built';
if (!existsSync(built) || statSync(built).mtimeMs < newestSource('src'))
  step('building', 'npm', ['run', '--silent', 'build']);
process.argv.splice(2, 0, 'demo');
await import(new URL('../dist/cli/main.js', import.meta.url).href);
