// The image that the Dockerfile makes, used as an operator would: every check counts.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ROOT } from '../ready.mjs';
import { lastLines, run, say } from './run.mjs';

/** What is built here. */
export const TAG = 'ekimi:test';
const CONTAINER = `ekimi-test-${process.pid}`;
const STOP_WITHIN_S = 10;

/** A cluster that nobody answers for: the daemon must run, say so and end all the same. */
const CONFIG = `clusters:
  - scope: nobody
    patroni: { members: { one: http://127.0.0.1:1, two: http://127.0.0.1:2 } }
    dcs: { hosts: [http://127.0.0.1:3] }
journal: { directory: /var/lib/ekimi/journal }
notifications:
  webhook: { hook: { url: http://127.0.0.1:1/hook } }
  spool: { directory: /var/lib/ekimi/notifications }
api: { listen: 127.0.0.1:8470 }
policy: ./policy.yaml
`;

const docker = (...args) => run('docker', args, { log: 'image-docker', limitMs: 60_000 });

/** Runs, and answers with what it printed; throws when it fails. */
async function says(...args) {
  const done = await docker(...args);
  if (done.code !== 0) throw new Error(`docker ${args.join(' ')}: ${lastLines(done.text, 5)}`);
  return done.text.trim();
}

function equal(found, expected) {
  if (found !== expected) throw new Error(`found ${JSON.stringify(found)}, expected ${JSON.stringify(expected)}`);
}

/** The image of this checkout; throws with the end of what was printed. */
export async function build() {
  const base = await run(`${ROOT}lab/node-image`, [], { log: 'image-base', limitMs: 600_000 });
  if (base.code !== 0) throw new Error(lastLines(base.text, 5));
  const plugin = await docker('buildx', 'version');
  const image = base.text.trim().split('\n').at(-1);
  const args = ['build', '--network', 'host', '--build-arg', `NODE_IMAGE=${image}`, '-t', TAG, ROOT];
  const env = plugin.code === 0 ? {} : { DOCKER_BUILDKIT: '0' };
  const done = await run('docker', args, { log: 'image-build', limitMs: 900_000, env });
  if (done.code !== 0) throw new Error(lastLines(done.text, 15));
}

/** As hardened as an image may be asked to stand. */
async function start() {
  const folder = mkdtempSync(join(tmpdir(), 'ekimi-image-'));
  try {
    writeFileSync(join(folder, 'ekimi.yaml'), CONFIG, { mode: 0o644 });
    writeFileSync(join(folder, 'policy.yaml'), 'mode: dry-run\n', { mode: 0o644 });
    const hardened = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--network', 'none'];
    // Files of the container, not a mount: the engine may be on another machine. A volume, or the read-only root takes no files.
    const volume = ['-v', '/etc/ekimi', '--health-interval', '2s'];
    await says('create', '--name', CONTAINER, ...hardened, ...volume, TAG);
    await says('cp', `${folder}/.`, `${CONTAINER}:/etc/ekimi`);
    await says('start', CONTAINER);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function becomesHealthy() {
  let state = '';
  for (let tries = 0; tries < 60; tries += 1) {
    state = await says('inspect', '--format', '{{.State.Status}} {{.State.Health.Status}}', CONTAINER);
    if (state === 'running healthy') return;
    if (!state.startsWith('running')) break;
    await sleep(500);
  }
  throw new Error(`${state}: ${lastLines((await docker('logs', '--tail', '5', CONTAINER)).text, 5)}`);
}

async function stopsCleanly() {
  const beganMs = Date.now();
  await says('stop', '-t', String(STOP_WITHIN_S), CONTAINER);
  const tookMs = Date.now() - beganMs;
  equal(await says('inspect', '--format', '{{.State.ExitCode}}', CONTAINER), '0');
  if (tookMs > STOP_WITHIN_S * 1000) throw new Error(`it took ${tookMs} ms`);
}

const version = () => JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')).version;

const CHECKS = [
  { name: 'builds', check: build },
  { name: 'prints its version', check: async () => equal(await says('run', '--rm', TAG, '--version'), version()) },
  {
    name: 'has the command that every screen prints, ekimi',
    check: async () => equal(await says('run', '--rm', '--entrypoint', 'ekimi', TAG, '--version'), version()),
  },
  {
    name: 'is not root',
    check: async () => {
      if ((await says('run', '--rm', '--entrypoint', 'id', TAG, '-u')) === '0') throw new Error('user 0');
    },
  },
  {
    name: 'takes a command: check without a configuration says so and exits 3',
    check: async () => {
      const done = await docker('run', '--rm', TAG, 'check');
      equal(done.code, 3);
      if (!done.text.includes('/etc/ekimi/ekimi.yaml')) throw new Error(`it says ${done.text}`);
    },
  },
  { name: 'starts without rights, on a root file system that is read-only', check: start },
  { name: 'becomes healthy', check: becomesHealthy },
  {
    name: 'keeps its journal in the volume',
    check: async () => {
      const files = await says('exec', CONTAINER, 'ls', '-R', '/var/lib/ekimi/journal');
      if (!files.includes('.jsonl')) throw new Error(`there is: ${files}`);
    },
  },
  {
    name: 'keeps what it tells in the volume',
    check: async () => {
      const files = await says('exec', CONTAINER, 'ls', '/var/lib/ekimi/notifications');
      if (!files.includes('outbox.jsonl')) throw new Error(`there is: ${files}`);
    },
  },
  { name: `ends with 0 within ${STOP_WITHIN_S} s of docker stop`, check: stopsCleanly },
];

/** All of it; after the first that fails the others cannot be asked. */
export async function runImage() {
  const beganMs = Date.now();
  const result = { name: 'image', passed: 0, failed: 0, skipped: 0, tookMs: 0, notes: [] };
  for (const { name, check } of CHECKS) {
    try {
      await check();
      result.passed += 1;
      say(`image: ${name} ok`);
    } catch (error) {
      result.failed += 1;
      result.notes.push(`${name}: ${error.message}`);
      say(`image: ${name} FAILED: ${error.message}`);
      break;
    }
  }
  await docker('rm', '-f', '-v', CONTAINER);
  return { ...result, tookMs: Date.now() - beganMs };
}
