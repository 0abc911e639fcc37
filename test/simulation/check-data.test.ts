import { describe, expect, it } from 'vitest';
import { beginCheck } from '../../src/kernel/checks.js';
import { endSession } from '../../src/kernel/stop.js';
import { succeed } from '../../src/kernel/succeed.js';
import { checkMoved, type CheckReport, type DataCheck } from '../../src/model/data-check.js';
import type { CronWindow } from '../../src/model/policy.js';
import type { CheckPort } from '../../src/ports/check.js';
import type { Clock } from '../../src/ports/clock.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { newestRun } from '../support/staged.js';

const WRONG: CheckReport = {
  findings: [{ relation: 'postgres.public.quiet', what: 'table', block: '0', text: 'ERROR:  invalid page in block 0' }],
  found: 1,
  gaps: [],
};
const SOUND: CheckReport = { findings: [], found: 0, gaps: [] };
const ASKED = { member: 'patroni3', database: null, leader: false } as const;

interface Bench {
  readonly ekimi: Rig;
  readonly begun: string[];
  /** What each was asked about of what the log of its member named. */
  readonly places: readonly string[];
  /** The check that goes on ends so. */
  readonly end: (report: CheckReport) => void;
  readonly checks: () => Readonly<Record<string, DataCheck>>;
}

interface Options extends Pick<RigOptions, 'cluster' | 'owner' | 'memory' | 'members'> {
  /** What a check has found that is ended with the session. */
  readonly half?: CheckReport;
}

/** A port whose checks end when the test says so. */
function bench(
  schedule: CronWindow | null = null,
  policy = testPolicy(),
  { half = SOUND, ...options }: Options = {},
): Bench {
  const known: Record<string, DataCheck> = {};
  const begun: string[] = [];
  const places: string[] = [];
  let on: string | null = null;
  let clock: Clock | null = null;
  const now = (): number => clock?.now() ?? 0;
  const end = (report: CheckReport): void => {
    if (on !== null) known[on] = { ...known[on]!, ...report, endedMs: now() };
    on = null;
  };
  const checks: CheckPort = {
    schedule,
    checks: () => ({ ...known }),
    begin: ({ member, database }, by, asked = []) => {
      if (on !== null) return false;
      on = member;
      begun.push(`${member} ${by}`);
      places.push(...asked);
      known[member] = { ...SOUND, by, database, startedMs: now(), endedMs: null };
      return true;
    },
    adopt: (member, check) => {
      known[member] = check;
    },
    setBack: (ms) => {
      for (const [member, check] of Object.entries(known)) known[member] = checkMoved(check, -ms);
    },
    probe: () => Promise.resolve({ ok: true, version: 'pg_amcheck 18' }),
    stop: (why) => {
      end({ ...SOUND, gaps: [`it did not come to its end: ${why}`] });
    },
    close: () => {
      if (on !== null) known[on] = { ...known[on]!, interrupted: true };
      end({ ...half, gaps: ['it did not come to its end: Ekimi ends'] });
      return Promise.resolve();
    },
  };
  const ekimi = rig({
    ...options,
    policy,
    wrap: (ports) => {
      clock = ports.clock;
      return { ...ports, checks };
    },
  });
  return { ekimi, begun, places, end, checks: () => known };
}

async function asked({ ekimi }: Bench, request: Parameters<typeof beginCheck>[1] = ASKED) {
  const answer = beginCheck(ekimi.session, request, 'dba');
  await ekimi.run(2);
  return answer;
}
const corrupt = ({ ekimi }: Bench): readonly string[] =>
  ekimi.session.states.problems.filter(({ code }) => code === 'data-corruption').map(({ subject }) => subject);

const unchecked = ({ ekimi }: Bench): readonly string[] =>
  ekimi.session.states.problems
    .filter(({ code, phase }) => code === 'data-unchecked' && phase === 'active')
    .map(({ subject }) => subject)
    .sort();
const pagesOf = ({ ekimi }: Bench) => ekimi.notifier.pages.filter(({ code }) => code === 'data-unchecked');
const EVERY_5_MIN: CronWindow = { cron: '*/5 * * * *', timezone: 'UTC', forMs: 0, reason: '' };

describe('a check of the data of a replica', () => {
  // The leader may have the same fault, or the copy be another one by now: also where the policy would begin by itself a person is asked.
  it.each(['approve', 'auto'] as const)(
    'that finds a page which nobody reads is a problem with its place, and a rebuild is asked for (%s)',
    async (mode) => {
      const approve = { mode: 'approve' } as const;
      const policy = testPolicy(
        { procedures: { 'rebuild-member': { mode, window: 'any' } } },
        {
          'stop-member': approve,
          'close-servers': approve,
          'open-servers': approve,
          'move-aside': approve,
          'begin-copy': approve,
        },
      );
      const at = bench(null, policy);
      await at.ekimi.run(15);
      expect(await asked(at)).toMatchObject({ ok: true });
      await at.ekimi.run(10);
      expect(corrupt(at)).toEqual([]);
      at.end(WRONG);
      await at.ekimi.run(20);
      expect(corrupt(at)).toEqual(['patroni3']);
      expect(JSON.stringify(at.ekimi.notifier.pages)).toContain('block 0 of postgres.public.quiet');
      expect(newestRun(at.ekimi)).toMatchObject({
        name: 'rebuild-member',
        proposed: { subject: 'patroni3', word: 'asked' },
      });
      expect(at.ekimi.requests()).toEqual([]);
    },
  );

  it('that finds nothing any more ends the problem; one that could not look at all does not', async () => {
    const at = bench();
    await at.ekimi.run(15);
    await asked(at);
    at.end(WRONG);
    await at.ekimi.run(10);
    await asked(at);
    at.end({ ...SOUND, gaps: ['database app was not checked'] });
    await at.ekimi.run(10);
    expect(corrupt(at)).toEqual(['patroni3']);
    await asked(at);
    at.end(SOUND);
    await at.ekimi.run(10);
    expect(corrupt(at)).toEqual([]);
  });

  it('is refused of the leader unless it is named as such, of who lags, and beside another one', async () => {
    const at = bench();
    await at.ekimi.run(15);
    expect(await asked(at, { ...ASKED, member: 'patroni1' })).toMatchObject({
      ok: false,
      text: expect.stringContaining('--leader') as string,
    });
    expect(await asked(at, { ...ASKED, member: 'nobody' })).toMatchObject({ ok: false });
    at.ekimi.cluster.partition('patroni2', 'peers');
    await at.ekimi.run(60);
    expect(await asked(at, { ...ASKED, member: 'patroni2' })).toMatchObject({ ok: false });
    expect(await asked(at, { ...ASKED, member: 'patroni1', leader: true })).toMatchObject({ ok: true });
    expect(await asked(at)).toMatchObject({ ok: false, text: 'patroni1 is being checked: one at a time' });
    expect(at.begun).toEqual(['patroni1 dba']);
  });

  it('is ended where the member comes to lag meanwhile', async () => {
    const at = bench();
    await at.ekimi.run(15);
    await asked(at);
    at.ekimi.cluster.partition('patroni3', 'peers');
    await at.ekimi.run(60);
    expect(at.checks()['patroni3']).toMatchObject({
      gaps: [expect.stringMatching(/did not come to its end: patroni3/)],
    });
    expect(corrupt(at)).toEqual([]);
  });

  it.each(['enforce', 'dry-run'] as const)(
    'begins by a schedule of one replica after the other, never of the leader (%s)',
    async (mode) => {
      const at = bench(EVERY_5_MIN, testPolicy({ mode }));
      await at.ekimi.run(15);
      for (let round = 0; round < 3; round += 1) {
        await at.ekimi.run(300);
        at.end(SOUND);
      }
      expect(at.begun).toHaveLength(3);
      expect(new Set(at.begun)).toEqual(new Set(['patroni2 ekimi', 'patroni3 ekimi']));
      expect(at.ekimi.requests()).toEqual([]);
    },
  );

  it('never begins by itself without one', async () => {
    const at = bench();
    await at.ekimi.run(900);
    expect(at.begun).toEqual([]);
  });
});

describe('a check by the schedule that comes to nothing', () => {
  const NO_PROGRAM: CheckReport = { ...SOUND, gaps: ['pg_amcheck cannot be run here: install it'] };

  it('is told to a person once, with what to do, and is over once a check leaves nothing out', async () => {
    const at = bench(EVERY_5_MIN);
    await at.ekimi.run(15);
    for (let round = 0; round < 4; round += 1) {
      await at.ekimi.run(300);
      at.end(NO_PROGRAM);
    }
    await at.ekimi.run(30);
    const pages = pagesOf(at);
    expect(pages.map(({ subject, change }) => `${subject} ${change}`).sort()).toEqual([
      'patroni2 opened',
      'patroni3 opened',
    ]);
    expect(pages[0]?.text).toContain('install it');
    expect(at.ekimi.requests()).toEqual([]);

    await asked(at);
    at.end(SOUND);
    await at.ekimi.run(60);
    expect(unchecked(at)).toEqual(['patroni2']);
    expect(pagesOf(at).map(({ subject, change }) => `${subject} ${change}`)).toContain('patroni3 ended');
  });

  it('is none where a person asked for it and was told', async () => {
    const at = bench(EVERY_5_MIN);
    await at.ekimi.run(15);
    await asked(at);
    at.end(NO_PROGRAM);
    await at.ekimi.run(60);
    expect(unchecked(at)).toEqual([]);
  });

  it('is told where no replica could be begun with at three of its times, with the reason', async () => {
    const at = bench(EVERY_5_MIN);
    await at.ekimi.run(15);
    at.ekimi.cluster.partition('patroni2', 'peers');
    at.ekimi.cluster.partition('patroni3', 'peers');
    await at.ekimi.run(700);
    expect(unchecked(at)).toEqual([]);
    await at.ekimi.run(300);
    expect(unchecked(at)).toEqual(['patroni2', 'patroni3']);
    expect(JSON.stringify(pagesOf(at))).toContain('does not stream within lag.warning');
    expect(at.begun).toEqual([]);
  });

  it('is told where nobody was there at three of its times, and is over with the next one', async () => {
    const before = bench(EVERY_5_MIN);
    await before.ekimi.run(400);
    before.end(SOUND);
    await before.ekimi.run(5);
    before.ekimi.cluster.advance(1_300_000);
    const at = bench(EVERY_5_MIN, testPolicy(), { cluster: before.ekimi.cluster, owner: 'next' });
    await at.ekimi.run(60);
    expect(unchecked(at)).toEqual([at.ekimi.cluster.options.scope]);
    await at.ekimi.run(400);
    expect(unchecked(at)).toEqual([]);
  });

  it('is told where there is no replica, with what to do', async () => {
    const at = bench(EVERY_5_MIN, testPolicy(), { members: ['patroni1'] });
    await at.ekimi.run(1_000);
    expect(unchecked(at)).toEqual([at.ekimi.cluster.options.scope]);
    expect(JSON.stringify(pagesOf(at))).toContain('ekimi check-data LEADER --leader');
    expect(at.begun).toEqual([]);
  });

  it('is begun anew after a reload by whoever holds tenure, and by nobody else', async () => {
    const before = bench(EVERY_5_MIN);
    await before.ekimi.run(400);
    expect(before.begun).toHaveLength(1);
    await endSession(before.ekimi.session, Promise.resolve());
    const { cluster } = before.ekimi;
    const next = bench(EVERY_5_MIN, testPolicy(), { cluster, owner: 'next' });
    await next.ekimi.run(2);
    const at = bench(EVERY_5_MIN, testPolicy(), { cluster });
    succeed(at.ekimi.session, before.ekimi.session);
    await at.ekimi.run(10);
    expect(at.ekimi.session.parts.tenure.facts().state).toBe('other');
    expect(at.begun).toEqual([]);
    expect(at.ekimi.session.checkAgain).toBe(null);
  });

  it('is not made of a schedule that is new', async () => {
    const before = bench(EVERY_5_MIN);
    await before.ekimi.run(400);
    before.ekimi.cluster.advance(1_300_000);
    const at = bench({ ...EVERY_5_MIN, cron: '*/4 * * * *' }, testPolicy(), {
      cluster: before.ekimi.cluster,
      owner: 'next',
    });
    await at.ekimi.run(60);
    expect(unchecked(at)).toEqual([]);
  });
});

describe('what a check has found', () => {
  it('is asked of the places that the log of that member named, and of no other', async () => {
    const at = bench();
    await at.ekimi.run(15);
    const { session } = at.ekimi;
    const mark = (relation: string | null) => ({
      kind: 'invalid-page' as const,
      relation,
      block: '1',
      text: 'x',
      atMs: null,
      firstMs: at.ekimi.cluster.nowMs(),
      lastMs: at.ekimi.cluster.nowMs(),
    });
    const damage = {
      patroni2: { marks: [mark('base/5/2')], settledMs: null, settled: [] },
      patroni3: {
        marks: [mark('base/5/1'), { ...mark('base/5/1'), block: '2' }, mark(null)],
        settledMs: null,
        settled: [],
      },
    };
    const { states } = session;
    session.seen = { ...session.seen, states: { ...states, memory: { ...states.memory, damage } } };
    await asked(at);
    expect(at.places).toEqual(['base/5/1']);
  });

  it('is known to the instance that takes over, and to whoever asks it', async () => {
    const before = bench();
    await before.ekimi.run(15);
    await asked(before);
    before.end(WRONG);
    await before.ekimi.run(5);
    const at = bench(null, testPolicy(), { cluster: before.ekimi.cluster, owner: 'next' });
    before.ekimi.cluster.advance(30_000);
    await at.ekimi.run(30);
    expect(corrupt(at)).toEqual(['patroni3']);
    expect(at.checks()['patroni3']).toMatchObject({ found: 1, by: 'dba' });
  });

  it('is not said of a copy that was made since', async () => {
    const before = bench();
    await before.ekimi.run(15);
    await asked(before);
    before.end(WRONG);
    await before.ekimi.run(5);
    before.ekimi.cluster.advance(1_000);
    const { session } = before.ekimi;
    const settledMs = before.ekimi.cluster.nowMs();
    const { memory } = session.states;
    session.seen = {
      ...session.seen,
      states: { ...session.states, memory: { ...memory, damage: { patroni3: { marks: [], settledMs, settled: [] } } } },
    };
    await before.ekimi.run(5);
    const at = bench(null, testPolicy(), { cluster: before.ekimi.cluster, owner: 'next' });
    before.ekimi.cluster.advance(30_000);
    await at.ekimi.run(30);
    expect(corrupt(at)).toEqual([]);
  });

  it.each([
    { how: 'is known after a reload that ended it half-way, and it begins anew', half: WRONG, found: ['patroni3'] },
    { how: 'half-way is nothing, and it begins anew', half: SOUND, found: [] },
  ])('$how', async ({ half, found }) => {
    const before = bench(EVERY_5_MIN, testPolicy(), { half });
    await before.ekimi.run(15);
    await asked(before);
    await endSession(before.ekimi.session, Promise.resolve());
    const at = bench(EVERY_5_MIN, testPolicy(), { cluster: before.ekimi.cluster });
    succeed(at.ekimi.session, before.ekimi.session);
    await at.ekimi.run(30);
    expect(corrupt(at)).toEqual(found);
    expect(at.begun).toEqual(['patroni3 dba']);
    expect(unchecked(at)).toEqual([]);
    at.end(SOUND);
    await at.ekimi.run(30);
    expect(corrupt(at)).toEqual([]);
  });

  it('is told as missing where it may not begin anew within ten minutes', async () => {
    const before = bench(EVERY_5_MIN);
    await before.ekimi.run(400);
    expect(before.begun).toHaveLength(1);
    const name = before.begun[0]?.split(' ')[0] ?? '';
    await endSession(before.ekimi.session, Promise.resolve());
    before.ekimi.cluster.partition('patroni2', 'peers');
    before.ekimi.cluster.partition('patroni3', 'peers');
    before.ekimi.cluster.advance(60_000);
    const at = bench(EVERY_5_MIN, testPolicy(), { cluster: before.ekimi.cluster });
    succeed(at.ekimi.session, before.ekimi.session);
    await at.ekimi.run(660);
    expect(at.begun).toEqual([]);
    expect(unchecked(at)).toContain(name);
    expect(JSON.stringify(pagesOf(at))).toContain('a reload of ekimi.yaml ended it');
  });
});
