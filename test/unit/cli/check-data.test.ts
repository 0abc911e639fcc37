import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { renderDataCheck } from '../../../src/cli/render/data-check.js';
import type { DataCheck } from '../../../src/model/data-check.js';
import { fresh } from '../../../src/model/reading.js';
import { cli, type Ran } from '../../support/fake-cli.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };
const GOING: DataCheck = {
  by: 'dba',
  database: null,
  startedMs: NOW_MS,
  endedMs: null,
  findings: [],
  found: 0,
  gaps: [],
};
const WRONG: DataCheck = {
  ...GOING,
  endedMs: NOW_MS + 90_000,
  findings: [
    {
      relation: 'app.public.t',
      what: 'table',
      block: '3',
      text: 'ERROR:  invalid page in block 3 of relation base/5/1',
    },
  ],
  found: 2,
  gaps: ['database app2 was not checked: CREATE EXTENSION amcheck on the leader, in that database'],
};

let server: Server | null = null;
let fake: FakeController;
afterEach(async () => {
  await server?.close();
  server = null;
});

/** With each second that the command sleeps the daemon shows the next of these checks of patroni2. */
async function run(argv: string, checks: readonly DataCheck[] = []): Promise<Ran> {
  const healthy = SCENARIOS.healthy();
  const withCheck = (check: DataCheck | undefined): typeof healthy => ({
    ...healthy,
    view: healthy.view && {
      ...healthy.view,
      members: healthy.view.members.map((member) =>
        member.name === 'patroni2' && check !== undefined
          ? { ...member, check: fresh(check, NOW_MS, 'check') }
          : member,
      ),
    },
  });
  const left = [...checks];
  fake = new FakeController(withCheck(argv.trim() === 'check-data' ? left[0] : undefined));
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [{ name: 'dba', role: 'operator', token: 'touch' }] },
    controller: fake,
    log: SILENT,
    metrics: createMetrics(fake),
    redact: String,
    clock: { now: () => NOW_MS },
  });
  const sleep = (): Promise<void> => {
    fake.show(withCheck(left.shift()));
    return Promise.resolve();
  };
  return cli(argv, { env: { EKIMI_URL: server.url, EKIMI_TOKEN: 'touch' }, sleep });
}

describe('check-data', () => {
  it('waits until the check has ended, names what is wrong and what was left out, and ends with 1', async () => {
    const { exit, out } = await run('check-data patroni2 --database app', [GOING, GOING, WRONG]);
    expect(fake.changes).toEqual(['check patroni2 app dba']);
    expect(exit).toBe(1);
    expect(out.split('\n').map((line) => line.trimEnd())).toEqual(
      expect.arrayContaining([
        '  table app.public.t, block 3',
        '    ERROR:  invalid page in block 3 of relation base/5/1',
        '  and 1 more',
        '        else: ekimi run-procedure rebuild-member patroni2 --plan',
      ]),
    );
    expect(out).toContain('! database app2 was not checked');
  });

  it('of sound data ends with 0; of what was not all checked with 1', async () => {
    const sound = { ...GOING, endedMs: NOW_MS + 1_000 };
    expect(await run('check-data patroni2', [sound])).toMatchObject({ exit: 0 });
    const { exit, out } = await run('check-data patroni2', [{ ...sound, gaps: ['a gap'] }]);
    expect({ exit, out }).toMatchObject({ exit: 1, out: expect.stringContaining('not all was checked') as string });
  });

  it('is told by what it finds itself, not by the check of a moment ago', async () => {
    const before = { ...GOING, startedMs: NOW_MS - 11_000, endedMs: NOW_MS - 10_000 };
    expect(await run('check-data patroni2', [before, GOING, WRONG])).toMatchObject({ exit: 1 });
  });

  it('that is refused says why, and waits for nothing', async () => {
    const { exit, err } = await run('check-data patroni1');
    expect({ exit, err }).toMatchObject({ exit: 65, err: expect.stringContaining('patroni1 leads') as string });
  });

  it('with --no-wait begins it alone, and without a member shows the last', async () => {
    expect(await run('check-data patroni1 --leader --no-wait')).toMatchObject({ exit: 0 });
    expect(fake.changes).toEqual(['check patroni1 all leader dba']);
    expect((await run('check-data', [WRONG])).out).toContain('patroni2, all databases, by dba: 2 wrong');
    expect((await run('check-data')).out).toContain('no check of any member is known');
  });
});

it('a check that goes on says for how long', () => {
  expect(renderDataCheck('patroni2', GOING, NOW_MS + 90_000)).toBe(
    'patroni2, all databases, by dba: is being checked for 1 min 30 s',
  );
});

describe('names and lines that a cluster gave', () => {
  it('are printed without what a terminal takes as a command', () => {
    const hostile = 'app.public.\u001b[2Jt\r\u202e';
    const text = renderDataCheck(
      'patroni2',
      {
        ...WRONG,
        database: 'a\u001b]0;x\u0007',
        findings: [{ relation: hostile, what: 'table', block: '3', text: `ERROR: ${hostile}\nFAKE` }],
        gaps: [`database ${hostile} was not checked`],
      },
      NOW_MS,
    );
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect(text).not.toMatch(/^FAKE/m);
    expect(text).toContain('app.public.');
  });
});
