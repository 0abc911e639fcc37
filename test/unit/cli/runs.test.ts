import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { renderOpenRun } from '../../../src/cli/render/run.js';
import type { ProcedureRun, RunAnswer } from '../../../src/model/procedure-run.js';
import { cli, type Ran } from '../../support/fake-cli.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const RUN: ProcedureRun = {
  id: 'r-1',
  name: 'rolling-restart',
  goal: { order: ['patroni2', 'patroni3'], leader: 'patroni1', was: {}, back: false },
  by: 'dba',
  reason: 'openssl',
  phase: 'held',
  agreed: ['restart-member patroni2', 'restart-member patroni3', 'switchover from patroni1', 'restart-member patroni1'],
  startedAtMs: NOW_MS - 90_000,
  endedAtMs: null,
  detail: 'restart-member patroni2 ineffective: it does not stream',
  continuedAtMs: NOW_MS - 90_000,
};
const STAGES = [
  {
    key: 'restart-member patroni2',
    text: 'restart patroni2',
    requests: ['POST /restart on patroni2'],
    held: ['tenure: etcd is silent'],
  },
];

let server: Server | null = null;
let fake: FakeController;

afterEach(async () => {
  await server?.close();
  server = null;
});

/** Of what the healthy snapshot leaves of it. */
const MARK = /continue r-1 --seen ([0-9a-f]{8}) --reason TEXT/;

async function run(
  argv: string,
  answer?: RunAnswer,
  runs: readonly ProcedureRun[] = [RUN],
  between: () => void = () => undefined,
): Promise<Ran> {
  const snapshot = SCENARIOS.healthy();
  fake = new FakeController({ ...snapshot, ledger: { ...snapshot.ledger, procedures: runs } });
  if (answer !== undefined) fake.runAnswer = answer;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [{ name: 'dba', role: 'operator', token: 'touch' }] },
    controller: fake,
    log: SILENT,
    metrics: createMetrics(fake),
    redact: String,
    clock: { now: () => NOW_MS },
  });
  const sleep = (): Promise<void> => {
    between();
    return Promise.resolve();
  };
  return cli(argv, { env: { EKIMI_URL: server.url, EKIMI_TOKEN: 'touch' }, sleep });
}

describe('run-procedure rolling-restart', () => {
  it('with --plan prints every stage, its request and what holds it, and needs no reason', async () => {
    const { exit, out } = await run('run-procedure rolling-restart --plan', { kind: 'planned', stages: STAGES });
    expect(exit).toBe(0);
    expect(fake.runs).toEqual([
      {
        name: 'rolling-restart',
        member: null,
        candidate: null,
        parameters: {},
        back: false,
        reason: 'shown',
        dryRun: true,
        by: 'dba',
      },
    ]);
    expect(out).toContain('1. restart patroni2');
    expect(out).toContain('POST /restart on patroni2');
    expect(out).toContain('held by tenure: etcd is silent');
  });

  it('starts, and says under which id it is followed', async () => {
    const { exit, out } = await run('run-procedure rolling-restart --back --reason openssl', {
      kind: 'started',
      id: 'r-2',
      stages: STAGES,
    });
    expect(exit).toBe(0);
    expect(fake.runs[0]).toMatchObject({ back: true, dryRun: false, reason: 'openssl' });
    expect(out).toContain('started (r-2; ekimi procedures follows it)');
  });

  it.each([
    ['succeeded', 0, 'rolling-restart succeeded'],
    ['aborted', 1, 'rolling-restart aborted'],
    ['held', 75, 'ekimi procedures continue r-2 --seen'],
  ] as const)('with --follow tells each stage until it is %s, and ends with %i', async (phase, code, text) => {
    const going = { ...RUN, id: 'r-2', phase: 'running' as const };
    const over = { ...going, phase, endedAtMs: phase === 'held' ? null : NOW_MS };
    const started = { kind: 'started', id: 'r-2', stages: STAGES } as const;
    const { exit, out } = await run('run-procedure rolling-restart --follow --reason x', started, [going], () => {
      fake.show({ ...SCENARIOS.healthy(), ledger: { ...SCENARIOS.healthy().ledger, procedures: [over] } });
    });
    expect(out).toMatch(/stage 1 of 4: /);
    expect(out).toContain(text);
    expect(exit).toBe(code);
  });

  it('with --follow --json each line is a JSON value: the answer, the run as it goes on, the run at its end', async () => {
    const going = { ...RUN, id: 'r-2', phase: 'running' as const };
    const over = { ...going, phase: 'succeeded' as const, endedAtMs: NOW_MS };
    const started = { kind: 'started', id: 'r-2', stages: STAGES } as const;
    const argv = 'run-procedure rolling-restart --follow --json --reason x';
    const { exit, out } = await run(argv, started, [going], () => {
      fake.show({ ...SCENARIOS.healthy(), ledger: { ...SCENARIOS.healthy().ledger, procedures: [over] } });
    });
    const lines = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, { phase?: string }>);
    expect(lines.map((row) => row['run']?.phase ?? Object.keys(row)[0])).toEqual(['answer', 'running', 'succeeded']);
    expect(exit).toBe(0);
  });

  it.each([
    ['run-procedure rolling-restart', 'a reason is missing'],
    ['run-procedure rolling-restart patroni2 --reason x', 'takes no member'],
    ['run-procedure rolling-restart --candidate patroni2 --reason x', 'takes no candidate'],
    ['run-procedure rolling-restart --set nothing=1 --reason x', 'takes no parameter nothing'],
    ['run-procedure rolling-restart --set nothing --reason x', '--set is "nothing"'],
    ['run-procedure rolling-restart --set =1 --reason x', '--set is "=1"'],
    ['run-procedure rolling-restart --set a=1 --set a=2 --reason x', '--set a is there twice'],
    ['run-procedure roling-restart --reason x', 'there is no procedure roling-restart'],
  ])('%s is a mistake of the command line', async (argv, text) => {
    const { exit, err } = await run(argv);
    expect(exit).toBe(64);
    expect(err).toContain(text);
    expect(fake.runs).toEqual([]);
  });

  it('that is refused says why', async () => {
    const { exit, err } = await run('run-procedure rolling-restart --reason x', {
      kind: 'refused',
      status: 409,
      text: 'nobody leads',
    });
    expect(exit).not.toBe(0);
    expect(err).toContain('nobody leads');
  });
});

describe('procedures', () => {
  it('tells where it stands, why it is held, and what a person can do', async () => {
    const { exit, out } = await run('procedures');
    expect(exit).toBe(0);
    expect(out).toContain('rolling-restart held');
    expect(out).toContain('restart-member patroni2 ineffective: it does not stream');
    expect(out).toMatch(MARK);
  });

  it('says so where there is none', async () => {
    expect((await run('procedures', undefined, [])).out).toContain('no procedure of several stages');
  });

  it("passes a person's word on, with the reason", async () => {
    const { exit } = await run('procedures continue r-1 --reason looked');
    expect(exit).toBe(0);
    expect(fake.changes).toEqual(['continue r-1 dba looked']);
  });

  it('passes on which list the person saw', async () => {
    expect((await run('procedures continue r-1 --seen 12345678 --reason looked')).exit).toBe(0);
    expect(fake.changes).toEqual(['continue r-1 dba looked 12345678']);
  });

  it('a question is answered by whoever says which one, and by nobody else', async () => {
    const asking = [{ ...RUN, asking: 'remove old', detail: 'remove the old directory?' }];
    const { exit, err } = await run('procedures continue r-1 --reason yes', undefined, asking);
    expect(exit).toBe(65);
    expect(err).toContain('it asks: remove the old directory?');
    expect(fake.changes).toEqual([]);
    const mark = MARK.exec(err)?.[1] ?? '';
    expect((await run(`procedures continue r-1 --seen ${mark} --reason yes`, undefined, asking)).exit).toBe(0);
    expect(fake.changes).toEqual([`continue r-1 dba yes ${mark}`]);
  });

  it.each([
    ['procedures continue r-9 --reason x', 'there is no procedure r-9'],
    ['procedures stop r-1 --reason x', 'stop is none of pause, continue, abort'],
    ['procedures pause', 'pause: which one?'],
    ['procedures abort r-1', 'a reason is missing'],
  ])('%s is a mistake of the command line', async (argv, text) => {
    const { exit, err } = await run(argv);
    expect(exit).toBe(64);
    expect(err).toContain(text);
    expect(fake.changes).toEqual([]);
  });

  it('stands in status, too: by its stage, what that waits for, since when and until when', async () => {
    const { out } = await run('status');
    expect(out).toContain('PROCEDURES');
    expect(out).toMatch(/rolling-restart held for 1 min 30 s: stage \d of 4: restart-member patroni2 ineffective/);
    const running: ProcedureRun = { ...RUN, phase: 'running', goal: { ...RUN.goal, order: ['gone'] } };
    expect((await run('status', undefined, [running])).out.replaceAll(/\s+/g, ' ')).toMatch(
      /rolling-restart running for 1 min 30 s: stage \d of 4: gone is not a member any more \(for 1 min 30 s, at most 13 min 30 s more\)/,
    );
  });

  it('is told by what the ledger says where the daemon does not tell how far it is', () => {
    expect(renderOpenRun(RUN, { color: false, columns: 100, nowMs: NOW_MS })).toBe(
      `rolling-restart held for 1 min 30 s: ${RUN.detail} (ekimi procedures)`,
    );
  });
});
