// Commands of the test run: each in a process group of its own, with a limit, and gone when we go.
import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { ROOT } from '../ready.mjs';

const LOGS = `${ROOT}var/test`;
const startedMs = Date.now();
const groups = new Set();

/** One line of progress, with the time since the start. */
export function say(text) {
  const seconds = Math.round((Date.now() - startedMs) / 1000);
  process.stdout.write(`[${String(seconds).padStart(4)} s] ${text}\n`);
}

function endGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // it has ended by itself
  }
}

/** Nothing that we started outlives us. */
export function endAll() {
  for (const pid of groups) endGroup(pid, 'SIGKILL');
}

/**
 * Runs one command to its end. `log` names a file below var/test that takes the output; without it the output is ours. Answers with the
 * exit code (null: by signal or limit), what it took, and the log's text; never throws.
 */
export function run(command, args, { log, limitMs = 300_000, env = {}, cwd = ROOT, input } = {}) {
  const beganMs = Date.now();
  mkdirSync(LOGS, { recursive: true });
  const file = log === undefined ? null : `${LOGS}/${log}.log`;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', file === null ? 1 : 'pipe', file === null ? 2 : 'pipe'],
    });
    if (child.pid !== undefined) groups.add(child.pid);
    const sink = file === null ? null : createWriteStream(file);
    if (sink !== null) for (const stream of [child.stdout, child.stderr]) stream?.pipe(sink, { end: false });
    if (input !== undefined) child.stdin.end(input);
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      endGroup(child.pid, 'SIGKILL');
    }, limitMs);
    const end = (code, fault) => {
      clearTimeout(limit);
      groups.delete(child.pid);
      const answer = () => {
        const text = file === null ? '' : readFileSync(file, 'utf8');
        const why = late ? `not done within ${limitMs / 1000} s` : fault;
        resolve({ code, tookMs: Date.now() - beganMs, text: why === null ? text : `${text}\n${why}\n`, file });
      };
      if (sink === null) answer();
      else sink.end(answer);
    };
    child.once('error', (error) => {
      end(null, error.message);
    });
    // `close`, not `exit`: what it wrote last must be in the log. A grandchild that keeps the pipe is ended first.
    child.once('exit', () => {
      setTimeout(() => endGroup(child.pid, 'SIGKILL'), 2_000).unref();
    });
    child.once('close', (code) => {
      end(code, null);
    });
  });
}

export const lastLines = (text, count) => text.trimEnd().split('\n').slice(-count).join('\n');
