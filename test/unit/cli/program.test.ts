import { guardCheck } from '../../../src/cli/check-guard.js';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import type { DemoOptions, RunOptions } from '../../../src/cli/backend.js';
import { EXIT_CODES } from '../../../src/cli/cli-error.js';
import { fromJson } from '../../../src/model/json.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { cli, entriesFrom, type CliSetup, type Ran } from '../../support/fake-cli.js';
import { FakeController } from '../../support/fake-controller.js';
import { incident, SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const CONFIG = { './ekimi.yaml': '' };
/** Nothing listens on port 1 of loopback. */
const NOBODY = 'http://127.0.0.1:1';

let server: Server | null = null;
let controller: FakeController;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(fake: FakeController): Promise<string> {
  controller = fake;
  const tokens = [
    { name: 'wall', role: 'viewer', token: 'look' },
    { name: 'dba', role: 'operator', token: 'touch' },
  ] as const;
  const config = { host: '127.0.0.1', port: 0, tokens };
  const clock = { now: () => NOW_MS };
  server = await startServer({
    config,
    controller,
    log: SILENT,
    metrics: createMetrics(controller),
    redact: String,
    clock,
  });
  return server.url;
}

/** A command line against a daemon that shows `fake`. */
async function against(fake: FakeController, argv: string, setup: CliSetup = {}): Promise<Ran> {
  const url = await serve(fake);
  return cli(argv, { ...setup, env: { EKIMI_URL: url, ...setup.env } });
}

const OPERATOR = { EKIMI_TOKEN: 'touch' };
const AS_VIEWER = { authorization: 'Bearer look' };
const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];

/** A folder with a configuration, whose daemon is looked for at `url`. */
const ownFolder = (url: string, { scope = 'email-cluster', members = MEMBERS } = {}): CliSetup => ({
  files: CONFIG,
  backend: {
    addresses: async () => ({
      apiUrl: url,
      journalDirectory: '/j',
      tokenFile: '/j/api-token',
      clusters: [{ scope, members }],
    }),
  },
});

describe('status', () => {
  it('shows what the daemon shows', async () => {
    const { exit, out } = await against(new FakeController(SCENARIOS.lagHeld()), 'status');
    expect(exit).toBe(0);
    expect(out).toContain('would act  drain-replica patroni2');
  });

  it('as JSON is the snapshot itself', async () => {
    const { out } = await against(new FakeController(SCENARIOS.healthy()), 'status --json');
    expect(fromJson(out)).toEqual([SCENARIOS.healthy()]);
  });

  it('shows every cluster, or the one that was named', async () => {
    const fake = new FakeController(SCENARIOS.healthy(), { ...SCENARIOS.leaderless(), scope: 'web' });
    const url = await serve(fake);
    expect((await cli('status', { env: { EKIMI_URL: url } })).out).toMatch(/HEALTHY[^]*LEADERLESS/);
    expect((await cli('status --scope web', { env: { EKIMI_URL: url } })).out).not.toContain('HEALTHY');
    const none = await cli('status --scope wbe', { env: { EKIMI_URL: url } });
    expect(none).toMatchObject({
      exit: 66,
      err: expect.stringContaining('Name one of these with --scope: email-cluster, web.'),
    });
  });

  it('without a daemon says which address it asked and what to start', async () => {
    const { exit, out, err } = await cli('status', { env: { EKIMI_URL: NOBODY } });
    expect(exit).toBe(69);
    expect(out).toBe('');
    expect(err).toContain(`no ekimi daemon answers at ${NOBODY}`);
    expect(err).toContain('ekimi run');
  });

  it('counts ages by the clock of the daemon, not by ours', async () => {
    const setup: CliSetup = { nowMs: NOW_MS + 86_400_000 };
    const { out } = await against(new FakeController(SCENARIOS.healthy()), 'status', setup);
    expect(out).toContain('HEALTHY for 12 min 34 s');
    expect(out).not.toContain('STALE');
  });

  it('finds the daemon by the configuration that lies here', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    expect((await cli('status', ownFolder(url))).out).toContain('HEALTHY');
  });

  it.each([
    ['another scope', { scope: 'web' }, 'it watches email-cluster, the configuration names web'],
    ['other members', { members: ['pg1', 'pg2'] }, 'its email-cluster is patroni1, patroni2, patroni3, that of'],
    ['one member more', { members: [...MEMBERS, 'patroni4'] }, 'is patroni1, patroni2, patroni3, patroni4'],
  ])('[O7] refuses to show the clusters of another daemon as its own: %s', async (_what, ours, why) => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const { exit, out, err } = await cli('status', ownFolder(url, ours));
    expect(exit).toBe(69);
    expect(out).toBe('');
    expect(err).toContain(`the daemon at ${url} is not the one of ./ekimi.yaml: `);
    expect(err).toContain(why);
    expect(err).toContain(`--url ${url}`);
  });

  it('[O7] the demo is never shown as the cluster of a configuration, whatever it is called', async () => {
    const url = await serve(new FakeController({ ...SCENARIOS.healthy(), demo: true }));
    const { exit, err } = await cli('status', ownFolder(url));
    expect(exit).toBe(69);
    expect(err).toContain('it is a demo, which shows a simulated cluster');
  });

  it('[O7] the demo says that it is one, to people and to programs', async () => {
    const { out } = await against(new FakeController({ ...SCENARIOS.healthy(), demo: true }), 'status');
    expect(out.split('\n')[0]).toBe('demo: a simulated cluster; nothing here is real');
    const rows = fromJson(await (await fetch(`${server?.url ?? ''}/v1/clusters`, { headers: AS_VIEWER })).text());
    expect(rows).toMatchObject({ clusters: [{ scope: 'email-cluster', demo: true, members: MEMBERS }] });
  });

  it('[O7] a cluster that is real is not called a demo', async () => {
    const { out } = await against(new FakeController(SCENARIOS.healthy()), 'status');
    expect(out).not.toContain('demo');
  });

  it('[O7] whoever names the address sees what answers there', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const { exit, out } = await cli(`status --url ${url}`, ownFolder(url, { scope: 'web' }));
    expect(exit).toBe(0);
    expect(out).toContain('HEALTHY');
  });

  it('[O7] members that are not known yet are no other members', async () => {
    const url = await serve(new FakeController({ ...SCENARIOS.healthy(), view: null }));
    expect((await cli('status', ownFolder(url))).exit).toBe(0);
  });

  it.each(['pause --reason drill', 'resume', 'approve a1 --reason go', 'reject a1 --reason no'])(
    '[O7] %s changes nothing in a cluster that is not of this configuration',
    async (argv) => {
      const url = await serve(new FakeController(SCENARIOS.healthy()));
      const { exit } = await cli(argv, { ...ownFolder(url, { scope: 'web' }), env: OPERATOR });
      expect(exit).toBe(69);
      expect(controller.changes).toEqual([]);
    },
  );

  it('with --watch goes on until it is stopped, through a daemon that is away', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    const url = await serve(fake);
    const stop = new AbortController();
    let rounds = 0;
    const sleep = async (): Promise<void> => {
      rounds += 1;
      if (rounds === 1) await server?.close();
      if (rounds === 2) stop.abort();
    };
    const { exit, out } = await cli('status --watch', { env: { EKIMI_URL: url }, stop: stop.signal, sleep });
    expect(exit).toBe(0);
    expect(out).toMatch(/HEALTHY[^]*no ekimi daemon answers/);
  });

  it('on a terminal prints what fits it, piped all of it, and --lines and --all say otherwise', async () => {
    const url = await serve(new FakeController(SCENARIOS.waitingApproval()));
    const env = { EKIMI_URL: url };
    const terminal = { columns: 80, rows: 24 };
    const lines = async (argv: string, setup: CliSetup = { env }) =>
      (await cli(argv, setup)).out.split('\n').length - 1;
    const all = await lines('status');
    expect(all).toBeGreaterThan(23);
    expect(await lines('status', { env, terminal })).toBe(23);
    expect(await lines('status --all', { env, terminal })).toBeGreaterThan(23);
    expect(await lines('status --lines 10')).toBeLessThanOrEqual(10);
    const few = await cli('status --lines 4', { env });
    expect(few).toMatchObject({ exit: 64, err: expect.stringContaining('Write a whole number, 5 or more.') });
  });

  it('with --tz has all its times in that zone, also where it is cut', async () => {
    const url = await serve(new FakeController(SCENARIOS.lagHeld()));
    const told = (argv: string) => cli(`status ${argv}`, { env: { EKIMI_URL: url } });
    const utc = (await told('')).out.match(/\d\d:\d\d:\d\dZ/g) ?? [];
    expect(utc.length).toBeGreaterThan(0);
    for (const argv of ['--tz Asia/Tokyo', '--tz Asia/Tokyo --lines 23']) {
      const { out } = await told(argv);
      expect(out).toMatch(/\d\d:\d\d:\d\d\+09:00/);
      expect(out).not.toMatch(/\d\dZ/);
    }
    expect((await told('--tz local')).exit).toBe(0);
  });

  it('with --watch on a terminal writes over what stood there, and no line more than it has', async () => {
    const stop = new AbortController();
    const { out } = await cli('status --watch', {
      env: { EKIMI_URL: await serve(new FakeController(SCENARIOS.waitingApproval())) },
      terminal: { columns: 80, rows: 24 },
      stop: stop.signal,
      sleep: async () => {
        stop.abort();
      },
    });
    expect(out).toMatch(/^\u001b\[H[^]*\u001b\[J$/);
    expect(out.split('\n')).toHaveLength(24);
  });

  it('with --watch --json prints one JSON a line, piped a line between two screens', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const twice = () => {
      const stop = new AbortController();
      let rounds = 0;
      return {
        stop: stop.signal,
        sleep: async () => {
          rounds += 1;
          if (rounds === 2) stop.abort();
        },
      };
    };
    const json = await cli('status --watch --json', { env: { EKIMI_URL: url }, ...twice() });
    expect(
      json.out
        .trim()
        .split('\n')
        .map((line) => fromJson(line)),
    ).toHaveLength(2);
    const text = await cli('status --watch', { env: { EKIMI_URL: url }, ...twice() });
    expect(text.out.split(`${'-'.repeat(40)}\n`)).toHaveLength(2);
  });
});

/** An incident, another that was joined to it, and something told that is part of none. */
const acknowledgeable = (): ClusterSnapshot => {
  const shown = SCENARIOS.healthy();
  const joined = { ...incident(), id: 'aa11bb22', endedAtMs: NOW_MS, joinedTo: incident().id };
  const told = { code: 'member-down', subject: 'p3', thing: 'member-down/p3', atMs: NOW_MS } as const;
  return { ...shown, scope: 'web', ledger: { ...shown.ledger, incidents: [joined, incident()], pages: [told] } };
};

describe('changes', () => {
  it('an approval finds its cluster by its id', async () => {
    const fake = new FakeController({ ...SCENARIOS.healthy(), scope: 'web' }, SCENARIOS.waitingApproval());
    const { exit, out } = await against(fake, 'approve a-7f31c2 --reason "looked at it"', { env: OPERATOR });
    expect([exit, out]).toEqual([0, 'a-7f31c2 approved\n']);
    expect(controller.changes).toEqual(['approved a-7f31c2 dba looked at it']);
  });

  it.each([
    ['an open incident', '7f3a19c2', '7f3a19c2'],
    ['the beginning of it', '7f3a', '7f3a19c2'],
    ['one that was joined to it since, by the name that it has now', 'aa11bb22', '7f3a19c2'],
    ['what the message went by', 'member-down/p3', 'member-down/p3'],
    ['what PagerDuty shows', 'web/member-down/p3', 'member-down/p3'],
  ])('an acknowledgement finds its cluster by %s', async (_case, id, expected) => {
    const fake = new FakeController(SCENARIOS.healthy(), acknowledgeable());
    const { exit } = await against(fake, `acknowledge ${id} --reason mine`, { env: OPERATOR });
    expect([exit, controller.changes]).toEqual([0, [`acknowledge ${expected} dba mine`]]);
  });

  it('an acknowledgement of nothing that was told changes nothing', async () => {
    const fake = new FakeController(SCENARIOS.healthy(), acknowledgeable());
    const { exit, err } = await against(fake, 'acknowledge zz --reason mine', { env: OPERATOR });
    expect([exit, controller.changes]).toEqual([66, []]);
    expect(err).toContain('Open: 7f3a19c2, member-down/p3.');
  });

  it('pause takes a subject, a reason and an end; resume undoes it', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const env = { ...OPERATOR, EKIMI_URL: url };
    await cli('pause --subject member:patroni2 --reason "disk swap" --for 1h30m', { env });
    expect(controller.snapshot('email-cluster')?.ledger.switches[0]?.expiresAtMs).toBe(NOW_MS + 5_400_000);
    await cli('resume --subject member:patroni2', { env });
    expect(controller.changes).toEqual(['pause member:patroni2 dba disk swap', 'resume member:patroni2 dba']);
  });

  const refusals: readonly { when: string; argv: string; env?: CliSetup['env']; exit: number; err: string }[] = [
    { when: 'no token', argv: 'pause --reason x', exit: 77, err: 'Set EKIMI_TOKEN' },
    {
      when: 'a viewer token',
      argv: 'pause --reason x',
      env: { EKIMI_TOKEN: 'look' },
      exit: 77,
      err: 'operator is needed',
    },
    { when: 'no reason', argv: 'pause', env: OPERATOR, exit: 64, err: "required option '--reason <TEXT>'" },
    { when: 'no such approval', argv: 'reject a-0 --reason x', env: OPERATOR, exit: 66, err: 'Waiting: a-7f31c2.' },
    {
      when: 'no such member',
      argv: 'pause --subject member:p9 --reason x',
      env: OPERATOR,
      exit: 66,
      err: 'no member p9',
    },
    { when: 'nothing paused', argv: 'resume', env: OPERATOR, exit: 66, err: 'nothing is paused under cluster' },
    { when: 'a bad duration', argv: 'pause --reason x --for soon', env: OPERATOR, exit: 64, err: 'Write 90s, 30m' },
  ];
  it.each(refusals)('with $when: exit $exit and a remedy, nothing changed', async ({ argv, env, exit, err }) => {
    const ran = await against(new FakeController(SCENARIOS.waitingApproval()), argv, env === undefined ? {} : { env });
    expect(ran.exit).toBe(exit);
    expect(ran.err).toContain(err);
    expect(controller.changes).toEqual([]);
  });

  it.each([
    ['pause --subject membr:x --reason r', 64, 'member:NAME'],
    ['pause --reason ""', 64, 'a reason is missing'],
    ['pause --subject member:nobody --reason r', 66, 'no member nobody'],
    ['approve abc --reason " "', 64, 'a reason is missing'],
  ])('%s ends with %i in our words', async (argv, code, words) => {
    const { exit, err } = await against(new FakeController(SCENARIOS.healthy()), argv, { env: OPERATOR });
    expect(exit).toBe(code);
    expect(err).toContain(words);
    expect(controller.changes).toEqual([]);
  });

  it('an error is JSON when JSON was asked for', async () => {
    const { err } = await against(new FakeController(SCENARIOS.healthy()), 'pause --reason x --json');
    expect(JSON.parse(err)).toEqual({
      error: { code: 'token-missing', message: expect.any(String), remedy: expect.stringContaining('EKIMI_TOKEN') },
    });
  });

  it('use the token that the daemon made, at its own address only', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const setup: CliSetup = {
      ...ownFolder(url),
      files: { ...CONFIG, '/j/api-token': 'touch\n' },
    };
    expect((await cli('pause --reason x', setup)).exit).toBe(0);
    expect((await cli(`pause --reason x --url ${url}`, setup)).exit).toBe(77);
  });

  it('of several clusters need a name', async () => {
    const fake = new FakeController(SCENARIOS.healthy(), { ...SCENARIOS.healthy(), scope: 'web' });
    const ran = await against(fake, 'pause --reason x', { env: OPERATOR });
    expect(ran).toMatchObject({ exit: 64, err: expect.stringContaining('--scope: email-cluster, web') });
  });
});

describe('check', () => {
  const check = (setup: CliSetup, argv = 'check') => cli(argv, { files: CONFIG, ...setup });

  it('answers as a plugin does', async () => {
    const healthy = await check({ backend: { check: async () => [SCENARIOS.healthy()] } });
    expect(healthy).toMatchObject({ exit: 0, out: expect.stringMatching(/^EKIMI OK - .*\|.*\n$/) });
    const lagging = await check({ backend: { check: async () => [SCENARIOS.lagHeld()] } });
    expect(lagging).toMatchObject({ exit: 2, out: expect.stringMatching(/^EKIMI CRITICAL - /) });
  });

  it('asks the daemon that EKIMI_URL names, unless a configuration is named', async () => {
    const there = await against(new FakeController(SCENARIOS.leaderless()), 'check');
    expect(there).toMatchObject({ exit: 2, out: expect.stringContaining('leaderless') });
    const backend = { check: async () => [SCENARIOS.healthy()] };
    const files = { 'e.yaml': '' };
    expect(await cli('check --config e.yaml', { backend, files, env: { EKIMI_URL: NOBODY } })).toMatchObject({
      exit: 0,
    });
  });

  it('is UNKNOWN, on one line of standard output, whatever goes wrong', async () => {
    const broken = await check({
      backend: {
        check: async () => {
          throw new Error('policy.yaml:\nline 3');
        },
      },
    });
    expect(broken).toEqual({ exit: 3, out: 'EKIMI UNKNOWN - policy.yaml: line 3\n', err: '' });
    expect((await cli('check')).exit).toBe(3);
    expect(await cli('check --nonsense')).toMatchObject({
      exit: 3,
      out: expect.stringMatching(/^EKIMI UNKNOWN - .+\n$/),
    });
    expect((await cli(`check --url ${NOBODY}`)).exit).toBe(3);
    expect((await cli('check --help')).exit).toBe(0);
  });

  it.each(['check', 'check --json'])('is UNKNOWN when what was seen cannot even be shown: %s', async (argv) => {
    const odd = { ...SCENARIOS.healthy(), policy: null as never };
    const ran = await check({ backend: { check: async () => [odd] } }, argv);
    expect(ran).toMatchObject({ exit: 3, err: '' });
    expect(ran.out).toContain('EKIMI UNKNOWN - ');
  });

  it('is UNKNOWN when the answer itself cannot be written', async () => {
    const ran = await check({ backend: { check: async () => [SCENARIOS.healthy()] }, failOut: 1 });
    expect(ran).toMatchObject({ exit: 3, out: 'EKIMI UNKNOWN - the terminal is gone\n' });
  });

  it.each(['uncaughtException', 'unhandledRejection'])(
    'is UNKNOWN after an %s, where node would end with 1',
    (event) => {
      const listeners = new Map<string, (cause: unknown) => void>();
      const told: unknown[] = [];
      const ends = {
        on: (name: string, listener: (cause: unknown) => void) => listeners.set(name, listener),
        stdout: { write: (text: string) => told.push(text) },
        exit: (code: number) => void told.push(code),
      };
      guardCheck(['status'], ends);
      expect(listeners.size).toBe(0);
      guardCheck(['check'], ends);
      listeners.get(event)?.(new Error('a stream broke'));
      expect(told).toEqual(['EKIMI UNKNOWN - a stream broke\n', 3]);
    },
  );

  it('asks a daemon where one is named', async () => {
    const { exit } = await cli(`check --url ${await serve(new FakeController(SCENARIOS.leaderless()))}`);
    expect(exit).toBe(2);
  });
});

describe('looking without a daemon', () => {
  it('plan prints each request and each gate', async () => {
    const { exit, out } = await cli('plan', { files: CONFIG, backend: { plan: async () => [SCENARIOS.lagHeld()] } });
    expect(exit).toBe(0);
    expect(out).toContain('1. haproxy> set server postgres_replicas/patroni2 state drain');
  });

  it('plan of a cluster that it cannot see ends with 1 and says so in one sentence', async () => {
    const blind = { ...SCENARIOS.healthy(), view: null };
    const { exit, out } = await cli('plan', { files: CONFIG, backend: { plan: async () => [blind] } });
    expect(exit).toBe(1);
    expect(out).toContain('No address answers');
  });

  it('faults of a file are one a line', async () => {
    const plan = async () =>
      Promise.reject(Object.assign(new Error('one.yaml:1:1 a\ntwo.yaml:2:2 b'), { code: 'CONFIG_X' }));
    const { err } = await cli('plan', { files: CONFIG, backend: { plan } });
    expect(err).toContain('one.yaml:1:1 a\n  two.yaml:2:2 b\n');
  });

  it('plan as JSON has the decisions', async () => {
    const { out } = await cli('plan --json', { files: CONFIG, backend: { plan: async () => [SCENARIOS.lagHeld()] } });
    expect(fromJson(out)).toEqual([
      { scope: 'email-cluster', mode: 'dry-run', decisions: SCENARIOS.lagHeld().decisions },
    ]);
  });

  it('doctor fails when a row fails, not when something is off', async () => {
    const row = { check: 'x', detail: 'y', disables: [] };
    const doctor = (verdict: 'off' | 'fail') =>
      cli('doctor', { files: CONFIG, backend: { doctor: async () => [{ ...row, verdict }] } });
    expect((await doctor('off')).exit).toBe(0);
    expect((await doctor('fail')).exit).toBe(1);
  });

  it('config check ends with 78 when a file is invalid', async () => {
    const report = { files: [{ file: 'policy.yaml', faults: ['mode: found 7'], warnings: [] }] };
    const ran = await cli('config check', { files: CONFIG, backend: { configCheck: async () => report } });
    expect(ran).toMatchObject({ exit: 78, out: expect.stringContaining('fault: mode: found 7') });
  });

  it('run gets the file that was named, and its exit code is ours', async () => {
    let got: RunOptions | null = null;
    const run = async (options: RunOptions): Promise<number> => {
      got = options;
      return 7;
    };
    expect((await cli('run --config x.yaml', { files: { 'x.yaml': '' }, backend: { run } })).exit).toBe(7);
    expect(got).toMatchObject({ configFile: 'x.yaml' });
  });

  it('without a configuration says where it looked', async () => {
    const { exit, err } = await cli('run');
    expect(exit).toBe(78);
    expect(err).toContain('looked for ./ekimi.yaml and ./config/ekimi.yaml');
    expect((await cli('run --config gone.yaml')).err).toContain('there is no file gone.yaml');
  });

  it('demo narrates and needs no file', async () => {
    const demo = async (options: DemoOptions): Promise<number> => {
      options.onReady('http://127.0.0.1:9');
      options.onSay('patroni2 stops replaying.', NOW_MS);
      options.onLine({ atMs: NOW_MS + 1500, word: 'OK', tone: 'good', text: 'start-member patroni2: it runs' });
      options.onEnd(['requests sent  1']);
      return 0;
    };
    const { exit, out } = await cli('demo --seed 4', { backend: { demo } });
    expect(exit).toBe(0);
    expect(out).toContain('Page: http://127.0.0.1:9');
    expect(out).toContain('   1.5 s  OK    start-member patroni2: it runs');
    expect(out).toContain('requests sent  1');
  });

  it.each([
    ['--port 99999', 'from 0 to 65535'],
    ['--speed 0', 'from 0.1 to 100'],
    ['--speed ""', 'from 0.1 to 100'],
    ['--scenario nope', 'tour, leader-killed, lag'],
    ['--mode observe', 'dry-run, enforce'],
  ])('demo %s is a usage error that says what is allowed', async (argv, allowed) => {
    const { exit, err } = await cli(`demo ${argv}`);
    expect(exit).toBe(64);
    expect(err).toContain(allowed);
  });

  it('a fault without a code is ours and is not hidden', async () => {
    const ran = await cli('plan', {
      files: CONFIG,
      backend: {
        plan: async () => {
          throw new TypeError('x is undefined');
        },
      },
    });
    expect(ran).toMatchObject({
      exit: 70,
      err: expect.stringMatching(/^ekimi: x is undefined\n {2}Report it with the command line/),
    });
  });
});

describe('journal and why', () => {
  const drained = SCENARIOS.lagHeld();
  const written = (): FakeController => {
    const fake = new FakeController(SCENARIOS.healthy());
    const { problems } = drained.states!;
    const pass = { kind: 'pass', tick: 1, cluster: 'lagging', view: null, states: null } as const;
    fake.write(NOW_MS - 60_000, { ...pass, problems, decisions: drained.decisions });
    fake.write(NOW_MS - 10_000, { kind: 'stop', reason: 'upgrade' });
    return fake;
  };
  const reading = async (): Promise<CliSetup> => {
    const { entries } = await written().journal({ limit: 100 });
    return { backend: { readJournal: () => entriesFrom(entries) } };
  };

  it('list filters by kind and keeps the last', async () => {
    const { out } = await cli('journal list --journal /j --kind stop', await reading());
    expect(out).toBe('      2  2026-11-22 09:29:50Z  stop     ekimi stopped: upgrade\n');
    expect((await cli('journal list --journal /j --limit 1', await reading())).out).not.toContain('drain-replica');
  });

  it('an unknown kind is refused with those that there are', async () => {
    const { exit, err } = await cli('journal list --kind wrong --journal /j');
    expect(exit).toBe(64);
    expect(err).toContain('verdict');
  });

  it('list and show ask a daemon that was named, where no files were', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    const { seq } = fake.write(NOW_MS - 1000, { kind: 'stop', reason: 'for a test' });
    const listed = await against(fake, 'journal list');
    expect(listed).toMatchObject({ exit: 0 });
    expect(listed.out).toContain('ekimi stopped: for a test');
    await server?.close();
    expect((await against(fake, `journal show ${seq}`)).out).toContain('for a test');
    await server?.close();
    expect((await against(fake, 'journal show 999')).exit).toBe(66);
  });

  it('of a daemon, list filters there, and takes more than the API gives at once', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    fake.write(NOW_MS - 90_000_000, { kind: 'policy', change: 'reloaded', hash: 'h', detail: 'long ago', policy: {} });
    for (let index = 0; index < 2500; index += 1) fake.write(NOW_MS - 5000, { kind: 'stop', reason: `no ${index}` });
    expect((await against(fake, 'journal list --kind policy')).out).toContain('long ago');
    await server?.close();
    const { out, exit } = await against(fake, 'journal list --limit 5000');
    expect([exit, out.trim().split('\n').length]).toEqual([0, 2501]);
  });

  it('of a daemon with several clusters, list keeps the last of all of them by time', async () => {
    const fake = new FakeController(SCENARIOS.healthy(), { ...SCENARIOS.healthy(), scope: 'web' });
    for (const scope of ['email-cluster', 'web'])
      for (const agoMs of [3000, 1000])
        fake.write(NOW_MS - agoMs - (scope === 'web' ? 1 : 0), { kind: 'stop', reason: `${scope} ${agoMs}` }, scope);
    const { out } = await against(fake, 'journal list --limit 3');
    expect(out.match(/stopped: .*/g)).toEqual([
      'stopped: email-cluster 3000',
      'stopped: web 1000',
      'stopped: email-cluster 1000',
    ]);
  });

  it('of a daemon, verify has it look, and says of which cluster', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    fake.write(NOW_MS, { kind: 'stop', reason: 'a test' });
    expect(await against(fake, 'journal verify')).toMatchObject({
      exit: 0,
      out: expect.stringMatching(/^email-cluster {2}whole: 1 entry/),
    });
    await server?.close();
    fake.verifyJournal = async () => ({
      files: 1,
      entries: 1,
      firstSeq: 1,
      lastSeq: 1,
      torn: 0,
      faults: [{ where: 'a:1', why: 'changed' }],
    });
    expect(await against(fake, 'journal verify')).toMatchObject({ exit: 1, out: expect.stringContaining('changed') });
  });

  it.each([
    [
      '2026-11-21T00:00:00Z',
      /the journal has nothing at or before .*: it reaches from 2026-11-22 09:29:00Z to 2026-11-22 09:29:50Z/,
    ],
  ])('why --at %s, which the files of the journal do not reach, says from when to when they do', async (at, told) => {
    const { exit, out, err } = await cli(`why --at ${at} --journal /j`, await reading());
    expect([exit, out]).toEqual([66, '']);
    expect(err).toMatch(told);
  });

  it('why --at before all that a daemon has says from when to when it reaches', async () => {
    const { exit, err } = await against(written(), 'why --at 2026-11-21T00:00:00Z');
    expect(exit).toBe(66);
    expect(err).toMatch(/its passes reach from 2026-11-22T09:29:00.000Z to 2026-11-22T09:29:00.000Z/);
  });

  it('why --at after the last entry of the files says that they end before', async () => {
    const { exit, out } = await cli('why --at 2026-11-22T11:00:00Z --journal /j', await reading());
    expect(exit).toBe(0);
    expect(out).toContain('is of 2026-11-22 09:29:50Z');
  });

  it('list as JSON is one entry a line', async () => {
    const { out } = await cli('journal list --journal /j --json', await reading());
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => (fromJson(line) as { seq: number }).seq),
    ).toEqual([1, 2]);
  });

  it('show finds an entry by its number, or says that there is none', async () => {
    expect((await cli('journal show 2 --journal /j', await reading())).out).toContain('"reason": "upgrade"');
    expect((await cli('journal show 99 --journal /j', await reading())).exit).toBe(66);
  });

  it('show prints the entry of that number of each cluster, or of one', async () => {
    const [entry] = (await written().journal({ limit: 1 })).entries;
    if (entry === undefined) throw new Error('no entry');
    const backend = { readJournal: () => entriesFrom([entry, { ...entry, scope: 'other' }]) };
    const { out } = await cli(`journal show ${entry.seq} --journal /j`, { backend });
    expect(out).toMatch(/scope email-cluster,[^]*scope other,/);
    const one = await cli(`journal show ${entry.seq} --journal /j --scope other`, { backend });
    expect(one.out).not.toContain('scope email-cluster,');
  });

  it('a line that cannot be read is told on the side', async () => {
    const readJournal = (_directory: string, { onBad }: { onBad: (where: string, why: string) => void }) => {
      onBad('journal-000001.jsonl:3', 'not an entry');
      return entriesFrom([]);
    };
    const ran = await cli('journal list --journal /j', { backend: { readJournal } });
    expect(ran).toMatchObject({
      exit: 0,
      err: 'ekimi: skipped journal-000001.jsonl:3: not an entry\nekimi: no entry fits\n',
    });
  });

  it('verify ends with 1 when the chain is broken', async () => {
    const report = { files: 1, entries: 3, firstSeq: 1, lastSeq: 3, torn: 0, faults: [] };
    const verify = (faults: { where: string; why: string }[]) =>
      cli('journal verify --journal /j', { backend: { verifyJournal: async () => ({ ...report, faults }) } });
    expect((await verify([])).exit).toBe(0);
    expect((await verify([{ where: 'a:1', why: 'b' }])).exit).toBe(1);
  });

  it('why asks the daemon about now', async () => {
    const { out } = await against(new FakeController(SCENARIOS.lagHeld()), 'why patroni2');
    expect(out).toContain('held by cooldown: cancelled a query here 3 min ago');
  });

  it.each(['patroni9', 'nonsense', 'patroni'])('why %s, which nothing here is called, is refused', async (name) => {
    const asked = await against(new FakeController(SCENARIOS.lagHeld()), `why ${name}`);
    expect(asked).toMatchObject({ exit: 66, out: '', err: expect.stringContaining(`nothing here is called ${name}`) });
    const then = await cli(`why ${name} --at 09:29:30 --journal /j`, await reading());
    expect(then).toMatchObject({ exit: 66, out: '' });
  });

  it.each(['patroni1', 'switchover', 'replica-lag-emergency', 'email-cluster'])(
    'why %s, of which nothing is to be said, says so',
    async (name) => {
      const asked = await against(new FakeController(SCENARIOS.healthy()), `why ${name}`);
      expect(asked).toMatchObject({ exit: 0, err: '' });
      expect(asked.out).toContain(`Nothing was decided about ${name}`);
    },
  );

  it('why of one does not tell for whom else a person was asked', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    for (const subject of ['patroni2', 'patroni3'])
      fake.write(NOW_MS - 600, { kind: 'page', code: 'member-down', subject, text: `look at ${subject}` });
    const { out } = await against(fake, 'why patroni2');
    expect(out).toContain('look at patroni2');
    expect(out).not.toContain('look at patroni3');
  });

  it.each([
    ['resume --subject cluster', 'ekimi status', 66],
    ['check-data patroni9', 'Use a name that the message lists', 66],
  ])('%s: what a person can do about it', async (argv, remedy, exit) => {
    const asked = await against(new FakeController(SCENARIOS.healthy()), argv, { env: OPERATOR });
    expect(asked).toMatchObject({ exit, err: expect.stringContaining(remedy) });
    expect(asked.err).not.toContain('approval');
  });

  it.each(['doctor', 'notify test'])('%s says that --url is of no use to it', async (argv) => {
    const { exit, err } = await cli(`${argv} --url http://127.0.0.1:1`);
    expect([exit, err]).toEqual([78, expect.stringContaining('--url is of no use to it')]);
  });

  it('why --at asks the journal about then', async () => {
    const then = await cli('why --at 09:29:30 --journal /j', await reading());
    expect(then.out).toContain('held by mode');
    expect(then.out).not.toContain('upgrade'); // that came later
    expect((await cli('why --at tomorrow --journal /j', await reading())).exit).toBe(64);
  });

  it('why --at a second as it is printed tells what happened in it', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    fake.write(NOW_MS - 600, { kind: 'stop', reason: 'within the second' });
    const { entries } = await fake.journal({ limit: 100 });
    const asked: (number | undefined)[] = [];
    const backend = {
      readJournal: (_: unknown, only?: { readonly sinceMs?: number }) => {
        asked.push(only?.sinceMs);
        return entriesFrom(entries);
      },
    };
    const second = new Date(NOW_MS - 600).toISOString().slice(0, 19);
    await cli(`why --at ${second}Z --journal /j`, { backend });
    await cli(`why --at ${second}.000Z --journal /j`, { backend });
    expect((asked[0] ?? 0) - (asked[1] ?? 0)).toBe(999);
  });

  it('a time ago is one by the clock of the daemon', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    fake.write(NOW_MS - 1000, { kind: 'stop', reason: 'a second ago' });
    const there = await against(fake, 'journal list --since 1h', { nowMs: NOW_MS + 300 * 86_400_000 });
    expect(there.out).toContain('a second ago');
  });

  it('a journal that cannot be read is no fault of ours', async () => {
    const verifyJournal = async (): Promise<never> => {
      throw Object.assign(new Error('/gone: no such directory'), { code: 'JOURNAL_UNREADABLE' });
    };
    expect((await cli('journal verify --journal /gone', { backend: { verifyJournal } })).exit).toBe(66);
  });
});

describe('help', () => {
  it('names every exit code', async () => {
    const { exit, out } = await cli('--help');
    expect(exit).toBe(0);
    for (const { meaning } of EXIT_CODES) expect(out).toContain(meaning);
  });

  it.each([
    'check',
    'status',
    'plan',
    'why',
    'journal list',
    'journal show',
    'journal verify',
    'approve',
    'reject',
    'pause',
    'resume',
  ])('%s takes --json, --config and --url', async (command) => {
    const { exit, out } = await cli(`${command} --help`);
    expect(exit).toBe(0);
    for (const option of ['--json', '--config', '--url']) expect(out).toContain(option);
  });

  it('demo takes no option of a configuration or a daemon, which it has none of', async () => {
    const { out } = await cli('demo --help');
    for (const option of ['--config', '--url', '--scope', '--token-file']) expect(out).not.toContain(option);
  });

  it('a misspelt command is named with what was probably meant', async () => {
    const { exit, err } = await cli('statsu');
    expect(exit).toBe(64);
    expect(err).toContain('Did you mean status?');
  });

  it.each([
    ['statsu --json', { code: 'usage', message: "unknown command 'statsu'", remedy: 'Did you mean status?' }],
    ['status --json --watsh', { code: 'usage', message: "unknown option '--watsh'", remedy: 'Did you mean --watch?' }],
    ['approve --json x', { code: 'usage', message: "required option '--reason <TEXT>' not specified", remedy: '' }],
  ])('%s: a wrong command line is JSON as any other error', async (argv, error) => {
    const { exit, err } = await cli(argv);
    expect(exit).toBe(64);
    expect(JSON.parse(err)).toEqual({ error });
  });

  it.each(['run', 'doctor', 'config check', 'notify test'])(
    '%s does not offer what means a daemon, and takes it as before',
    async (command) => {
      const { out } = await cli(`${command} --help`);
      for (const option of ['--url', '--scope', '--token-file', '--ca', '--cert']) expect(out).not.toContain(option);
      expect(out).toContain('--config');
      const { err } = await cli(`${command} --url http://127.0.0.1:1 --scope x --config /nowhere.yaml`);
      expect(err).not.toContain('unknown option');
    },
  );

  it('--version says it', async () => {
    expect(await cli('--version')).toEqual({ exit: 0, out: '0.1.0\n', err: '' });
  });
});
