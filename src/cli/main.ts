#!/usr/bin/env -S node --min-semi-space-size=2 --max-semi-space-size=8 --single-threaded-gc
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { setTimeout as after } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { calledAs, wantsColor, type CliIo } from './io.js';
import { guardCheck, isCheck } from './check-guard.js';

function processIo(stop: AbortSignal): CliIo {
  return {
    stdout: (text) => void process.stdout.write(text),
    stderr: (text) => void process.stderr.write(text),
    color: wantsColor(process.env, process.stdout.isTTY),
    interactive: process.stdout.isTTY,
    columns: process.stdout.columns || 100,
    ...(process.stdout.rows ? { rows: process.stdout.rows } : {}),
    env: process.env,
    now: () => Date.now(),
    sleep: (ms) => after(ms, undefined, { signal: stop }).catch(() => undefined),
    stop,
    called: calledAs(process.argv[1]),
    fileExists: existsSync,
    readFile: (path) => readFile(path, 'utf8'),
  };
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stop.abort(signal);
  });
// `ekimi journal list | head` closes our output; that is an end, not a fault.
const argv = process.argv.slice(2);
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(isCheck(argv) ? 3 : error.code === 'EPIPE' ? 0 : 70);
});

guardCheck(argv, process);
// The WebAssembly in here is a reader of `import` lines (Node's) and one of HTTP heads (undici's). To optimize them takes 39 MB at once, which malloc
// then keeps more or less of.
for (const flag of ['--no-wasm-tier-up', '--no-wasm-dynamic-tiering']) setFlagsFromString(flag);
// Loaded only now, so that a part which cannot be loaded is under the guard.
const [{ runCli }, { composition }] = await Promise.all([import('./program.js'), import('./composition.js')]);
process.exitCode = await runCli(argv, composition, processIo(stop.signal));
