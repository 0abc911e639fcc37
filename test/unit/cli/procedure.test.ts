import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import type { Remediation, RemediationPhase } from '../../../src/model/ledger.js';
import { memberName } from '../../../src/model/names.js';
import type { Plan } from '../../../src/model/plan.js';
import type { ProcedureAnswer } from '../../../src/model/procedure.js';
import { cli, type Ran } from '../../support/fake-cli.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const PLAN: Plan = {
  action: 'switchover',
  target: memberName('patroni1'),
  because: { code: 'operator', subject: 'patroni1', by: 'dba', reason: 'kernel update' },
  params: { leader: 'patroni1', candidate: 'patroni2', scheduledAt: null },
};
const SAID = { plan: PLAN, why: 'dba asked for it: kernel update', steps: ['POST /switchover on patroni1'] };
const STARTED: ProcedureAnswer = { kind: 'started', id: 'r-1', ...SAID };
const HELD: ProcedureAnswer = {
  kind: 'held',
  ...SAID,
  blocks: [{ gate: 'patroni-pause', because: 'Patroni is paused', unblock: 'un-pause the cluster', retryAtMs: null }],
};

let server: Server | null = null;
let fake: FakeController;

afterEach(async () => {
  await server?.close();
  server = null;
});

const remediation = (phase: RemediationPhase, detail: string): Remediation => ({
  id: 'r-1',
  plan: PLAN,
  phase,
  shadow: false,
  epoch: '1',
  stepIndex: 0,
  steps: 1,
  createdAtMs: NOW_MS,
  sentAtMs: NOW_MS,
  deadlineMs: NOW_MS + 120_000,
  endedAtMs: phase === 'sending' ? null : NOW_MS,
  lastReply: null,
  detail,
});

const showing = (row: Remediation | null) => {
  const snapshot = SCENARIOS.healthy();
  return { ...snapshot, ledger: { ...snapshot.ledger, remediations: row === null ? [] : [row] } };
};

/** Against a daemon that gives this answer; each further look of the command finds the next remediation. */
async function run(
  argv: string,
  answer: ProcedureAnswer,
  looks: readonly (Remediation | null)[] = [],
  token = 'touch',
): Promise<Ran> {
  const clock = { now: () => NOW_MS };
  const tokens = [
    { name: 'wall', role: 'viewer', token: 'look' },
    { name: 'dba', role: 'operator', token: 'touch' },
  ] as const;
  fake = new FakeController(showing(looks[0] ?? null));
  fake.procedureAnswer = answer;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens },
    controller: fake,
    log: SILENT,
    metrics: createMetrics(fake),
    redact: String,
    clock,
  });
  const rest = [...looks.slice(1)];
  return cli(`run-procedure ${argv}`, {
    env: { EKIMI_URL: server.url, EKIMI_TOKEN: token },
    sleep: async () => {
      const next = rest.shift();
      if (next !== undefined) fake.show(showing(next));
      await Promise.resolve();
    },
  });
}

const SWITCHOVER = 'switchover --candidate patroni2 --reason "kernel update"';

describe('run-procedure', () => {
  it('without a name lists what there is, and asks nobody', async () => {
    const { exit, out } = await cli('run-procedure');
    expect(exit).toBe(0);
    expect(out).toContain('switchover [--candidate MEMBER] [--at TIME]');
    expect(out).toContain('reinitialize-replica MEMBER [--accept-loss BYTES|any]');
  });

  it('says who leads in the eyes of the person, waits for the verdict and ends with 0', async () => {
    const ran = await run(SWITCHOVER, STARTED, [
      remediation('sending', 'POST /switchover'),
      remediation('succeeded', 'patroni2 leads on timeline 8 and patroni1 streams from it'),
    ]);
    expect(fake.procedures).toEqual([
      {
        name: 'switchover',
        target: null,
        candidate: 'patroni2',
        leader: 'patroni1',
        scheduledAt: null,
        acceptLoss: null,
        reason: 'kernel update',
        dryRun: false,
        by: 'dba',
      },
    ]);
    expect(ran).toEqual({
      exit: 0,
      err: '',
      out: [
        'started',
        'switchover patroni1 to patroni2: dba asked for it: kernel update (r-1)',
        '  1. POST /switchover on patroni1',
        '   0 s  sent, no answer yet: POST /switchover',
        'succeeded after 0 s: patroni2 leads on timeline 8 and patroni1 streams from it',
        '',
      ].join('\n'),
    });
  });

  it.each([
    ['ineffective', 76],
    ['abandoned', 76],
    ['failed', 1],
  ] as const)('that ends %s exits %i', async (phase, exit) => {
    const ran = await run(SWITCHOVER, STARTED, [remediation(phase, 'patroni1 still leads')]);
    expect(ran.exit).toBe(exit);
    expect(ran.out).toContain(`${phase} after 0 s: patroni1 still leads`);
  });

  it('goes on watching while a daemon that has just started does not know of it yet', async () => {
    const ran = await run(SWITCHOVER, STARTED, [null, null, remediation('succeeded', 'patroni2 leads')]);
    expect(ran.exit).toBe(0);
    expect(ran.out).toContain('the daemon is away; waiting for it\nsucceeded after 0 s: patroni2 leads');
  });

  it('with --no-wait ends when it is sent', async () => {
    const ran = await run(`${SWITCHOVER} --no-wait`, STARTED);
    expect(ran.exit).toBe(0);
    expect(ran.out).toMatch(/^started\n/);
  });

  it('that is held exits 75 and tells every gate with what would lift it', async () => {
    const ran = await run(SWITCHOVER, HELD);
    expect(ran.exit).toBe(75);
    expect(ran.out).toBe(
      [
        'held: nothing was sent, and nothing is kept for later',
        'switchover patroni1 to patroni2: dba asked for it: kernel update',
        '  1. POST /switchover on patroni1',
        '  held by patroni-pause: Patroni is paused',
        '    to unblock: un-pause the cluster',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['would be sent', [], 0],
    ['held', HELD.blocks, 75],
  ] as const)('with --dry-run says that it %s', async (word, blocks, exit) => {
    const ran = await run(`${SWITCHOVER} --dry-run`, { kind: 'planned', ...SAID, blocks });
    expect(ran.exit).toBe(exit);
    expect(ran.out.startsWith(word)).toBe(true);
    expect(fake.procedures[0]?.dryRun).toBe(true);
  });

  it('with --json is one document, with the verdict in it', async () => {
    const done = await run(`${SWITCHOVER} --json`, STARTED, [remediation('succeeded', 'done')]);
    expect(JSON.parse(done.out)).toMatchObject({ answer: { id: 'r-1' }, remediation: { phase: 'succeeded' } });
    const held = await run(`${SWITCHOVER} --json`, HELD);
    expect(held.exit).toBe(75);
    expect(JSON.parse(held.out)).toMatchObject({ answer: { kind: 'held', blocks: [{ gate: 'patroni-pause' }] } });
  });

  it('refused as things stand exits 65, as it is written 64', async () => {
    const stands = await run(SWITCHOVER, { kind: 'refused', status: 409, text: 'patroni2 leads already' });
    expect(stands).toMatchObject({ exit: 65, out: '', err: expect.stringContaining('patroni2 leads already') });
    const written = await run(SWITCHOVER, { kind: 'refused', status: 400, text: 'p9 is not a member' });
    expect(written).toMatchObject({ exit: 64, err: expect.stringContaining('p9 is not a member') });
  });

  it('needs an operator token', async () => {
    expect(await run(SWITCHOVER, STARTED, [], 'look')).toMatchObject({ exit: 77 });
    expect(fake.procedures).toEqual([]);
  });
});

describe('before anything is asked of a daemon', () => {
  it.each([
    ['an unknown procedure', 'swichover --reason x', 'There are: switchover,'],
    ['no reason', 'switchover', 'Give one with --reason'],
    ['a blank reason', 'switchover --reason " "', 'Give one with --reason'],
    ['a time without an offset', 'switchover --reason x --at 2099-01-15T02:00:00', 'has no offset'],
    ['a time that is past', 'switchover --reason x --at 2020-01-15T02:00:00Z', 'is past'],
    ['a time that is none', 'switchover --reason x --at tonight', 'is not a time'],
    ['a loss that is no number', 'failover --reason x --candidate p2 --accept-loss some', 'or any'],
  ])('%s exits 64 and says what to write', async (_what, argv, words) => {
    const ran = await cli(`run-procedure ${argv}`);
    expect(ran.exit).toBe(64);
    expect(ran.err).toContain(words);
  });
});
