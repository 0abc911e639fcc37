import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fillIn, runCommand } from '../../src/adapters/hosts/command/run.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import { allVerbs, commandPort, localCommands } from './command-rig.js';
import { transpiled } from './etcd-support.js';
import { hostContract } from './host-contract.js';

hostContract({ driver: 'command', against: 'programs of this machine', unless: null, open: localCommands });

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ekimi-command-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A program of one line; `{name}` is its first argument. */
const program = (script: string): readonly string[] => [process.execPath, '-e', script, '{name}'];
const exiting = (code: number): readonly string[] => program(`console.error('because'); process.exit(${code})`);
const hanging = program('setInterval(() => undefined, 1000)');
const missing = ['/nowhere/program', '{name}'];

const one = memberName('patroni1');

const names = { members: { patroni1: 'db1.example' }, dcs: { etcd1: 'dcs1' } };
const adapter = (command: readonly string[], deadlineMs = 5_000, logs: readonly string[] | null = null) =>
  commandPort({ ...allVerbs(command), logs }, deadlineMs, names);

describe('a status command', () => {
  it.each([
    [0, 'running'],
    [3, 'stopped'],
  ])('that exits with %i says %s', async (code, state) => {
    expect(await adapter(exiting(code)).status(memberHost(one))).toMatchObject({
      kind: 'fresh',
      value: { state, id: 'db1.example' },
    });
  });

  it.each([
    [1, 'bad-reply'],
    [4, 'bad-reply'],
    [255, 'unreachable'],
  ])('that exits with %i proves nothing', async (code, fault) => {
    const reading = await adapter(exiting(code)).status(storeHost('etcd1'));
    expect(reading).toMatchObject({ kind: 'unknown', fault });
    expect(reading.kind === 'unknown' && reading.reason).toMatch(new RegExp(`dcs1: exit code ${code}.*because`));
  });

  it('that a signal ends proves nothing', async () => {
    expect(await adapter(program('process.kill(process.pid, "SIGKILL")')).status(memberHost(one))).toMatchObject({
      fault: 'bad-reply',
    });
  });
});

describe('a send', () => {
  const send = (command: readonly string[]) =>
    adapter(command).send({ port: 'host', target: memberHost(one), verb: 'start' });

  it('runs the command once, for the host of the member', async () => {
    const log = join(folder, 'log');
    const script = `require('node:fs').appendFileSync(${JSON.stringify(log)}, process.argv[1] + '\\n'); console.log('started')`;
    expect(await send(program(script))).toMatchObject({ effect: 'done', text: 'started' });
    expect(readFileSync(log, 'utf8')).toBe('db1.example\n');
  });

  it('whose command exits with 1 may have had half of its effect', async () => {
    expect(await send(exiting(1))).toMatchObject({ effect: 'maybe' });
  });
});

describe('a log command', () => {
  const logs = (template: readonly string[] | null, count = 2) =>
    adapter(exiting(0), 5_000, template).logs?.(memberHost(one), count) ?? Promise.reject(new Error('no logs'));

  it('is asked for so many lines of the host of the member, and no more are taken', async () => {
    const script = `for (const n of [1, 2, 3]) console.log(process.argv[1], process.argv[2], n)`;
    expect(await logs([...program(script), '{lines}'])).toMatchObject({
      kind: 'fresh',
      value: ['db1.example 2 2', 'db1.example 2 3'],
    });
  });

  it.each([
    ['is not configured', null, 'not-configured'],
    ['does not exist', missing, 'unreachable'],
    ['exits with 1', exiting(1), 'bad-reply'],
    ['never ends: after a second at most', hanging, 'timeout'],
  ] as const)('that %s gives no lines and the reason', async (_, template, fault) => {
    expect(await logs(template)).toMatchObject({ kind: 'unknown', fault });
  });
});

describe('running a program', () => {
  it('does not let a shell see an argument', async () => {
    const outcome = await runCommand(
      fillIn([process.execPath, '-p', 'process.argv[1]', '{name}'], { name: '$(id); "x" *' }),
      { deadlineMs: 5_000 },
    );
    expect(outcome.kind === 'ended' && outcome.stdout.toString()).toBe('$(id); "x" *\n');
  });

  it('ends at the deadline although a child of it holds the pipe', async () => {
    const pidFile = join(folder, 'pid');
    // A shell: it has begun long before the deadline, on a busy machine too.
    const outcome = await runCommand(['/bin/sh', '-c', 'sleep 600 & echo $! > "$0"', pidFile], { deadlineMs: 1_000 });
    expect(outcome).toMatchObject({ kind: 'fault', fault: { fault: 'timeout' } });
    const pid = Number(readFileSync(pidFile, 'utf8'));
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  it('gives up on one that writes without end', async () => {
    const outcome = await runCommand(
      [process.execPath, '-e', 'process.stdout.write("x".repeat(3_000_000)); setInterval(() => undefined, 1000)'],
      {
        deadlineMs: 5_000,
      },
    );
    expect(outcome).toMatchObject({ kind: 'fault', fault: { fault: 'bad-reply' } });
  });

  it('does not mind one that never reads its input', async () => {
    const outcome = await runCommand([process.execPath, '-e', ''], {
      deadlineMs: 5_000,
      stdin: Buffer.alloc(1_000_000),
    });
    expect(outcome).toMatchObject({ kind: 'ended', code: 0 });
  });

  it('that the operating system does not start, for an argument that none may have, was not started', async () => {
    expect(await runCommand([process.execPath, 'a\0b'], { deadlineMs: 5_000 })).toMatchObject({
      kind: 'fault',
      started: false,
    });
  });

  it('without a file descriptor left was not started, and nobody dies of it', () => {
    const built = transpiled();
    const file = join(built, 'script.mjs');
    writeFileSync(
      file,
      `import { openSync } from 'node:fs';
      import { runCommand } from './src/adapters/hosts/command/run.js';
      try { for (;;) openSync('/dev/null'); } catch {}
      console.log(JSON.stringify(await runCommand(['/bin/true'], { deadlineMs: 5_000 })));`,
    );
    try {
      const said = execFileSync('sh', ['-c', 'ulimit -n 64; exec "$0" "$1"', process.execPath, file]);
      expect(JSON.parse(String(said))).toMatchObject({
        kind: 'fault',
        fault: { why: expect.stringContaining('EMFILE') as string },
        started: false,
      });
    } finally {
      rmSync(built, { recursive: true, force: true });
    }
  });

  it('that cannot be killed keeps whoever ran it from ending no longer than its deadline', () => {
    const built = transpiled();
    const file = join(built, 'script.mjs');
    writeFileSync(
      file,
      `import { runCommand } from './src/adapters/hosts/command/run.js';
      const outcome = await runCommand(['sh', '-c', 'setsid sleep 30 & wait'], { deadlineMs: 500 });
      console.log(outcome.fault.fault);`,
    );
    try {
      const startedMs = performance.now();
      expect(String(execFileSync(process.execPath, [file]))).toBe('timeout\n');
      expect(performance.now() - startedMs).toBeLessThan(25_000);
    } finally {
      rmSync(built, { recursive: true, force: true });
    }
  });

  it('of an empty template is not configured', async () => {
    expect(await runCommand([], { deadlineMs: 5_000 })).toMatchObject({
      kind: 'fault',
      fault: { fault: 'not-configured' },
      started: false,
    });
  });
});

/** A killed process that nobody has waited for yet is dead too. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('[A11] a command of the operator', () => {
  it('inherits the environment without the variables that hold our secrets', async () => {
    process.env['EKIMI_TEST_SECRET'] = 'hidden';
    process.env['EKIMI_TEST_PLAIN'] = 'shown';
    try {
      const argv = [process.execPath, '-p', '[process.env.EKIMI_TEST_SECRET, process.env.EKIMI_TEST_PLAIN].join()'];
      const ran = await runCommand(argv, { deadlineMs: 5_000, hidden: ['EKIMI_TEST_SECRET'] });
      expect(ran.kind === 'ended' && ran.stdout.toString().trim()).toBe(',shown');
    } finally {
      delete process.env['EKIMI_TEST_SECRET'];
      delete process.env['EKIMI_TEST_PLAIN'];
    }
  });
});
