import { describe, expect, it } from 'vitest';
import { beginCheck } from '../../src/kernel/checks.js';
import type { CheckReport, DataCheck } from '../../src/model/data-check.js';
import type { CronWindow } from '../../src/model/policy.js';
import type { CheckPort } from '../../src/ports/check.js';
import type { Clock } from '../../src/ports/clock.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
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
  /** The check that goes on ends so. */
  readonly end: (report: CheckReport) => void;
  readonly checks: () => Readonly<Record<string, DataCheck>>;
}

/** A port whose checks end when the test says so. */
function bench(schedule: CronWindow | null = null, policy = testPolicy()): Bench {
  const known: Record<string, DataCheck> = {};
  const begun: string[] = [];
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
    begin: ({ member, database }, by) => {
      if (on !== null) return false;
      on = member;
      begun.push(`${member} ${by}`);
      known[member] = { ...SOUND, by, database, startedMs: now(), endedMs: null };
      return true;
    },
    stop: (why) => {
      end({ ...SOUND, gaps: [`it did not come to its end: ${why}`] });
    },
    close: () => Promise.resolve(),
  };
  const ekimi = rig({
    policy,
    wrap: (ports) => {
      clock = ports.clock;
      return { ...ports, checks };
    },
  });
  return { ekimi, begun, end, checks: () => known };
}

async function asked({ ekimi }: Bench, request: Parameters<typeof beginCheck>[1] = ASKED) {
  const answer = beginCheck(ekimi.session, request, 'dba');
  await ekimi.run(2);
  return answer;
}
const corrupt = ({ ekimi }: Bench): readonly string[] =>
  ekimi.session.states.problems.filter(({ code }) => code === 'data-corruption').map(({ subject }) => subject);

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

  it('begins by a schedule of one replica after the other, never of the leader', async () => {
    const at = bench({ cron: '*/5 * * * *', timezone: 'UTC', forMs: 0, reason: '' });
    await at.ekimi.run(15);
    for (let round = 0; round < 3; round += 1) {
      await at.ekimi.run(300);
      at.end(SOUND);
    }
    expect(at.begun).toHaveLength(3);
    expect(new Set(at.begun)).toEqual(new Set(['patroni2 ekimi', 'patroni3 ekimi']));
    expect(at.ekimi.requests()).toEqual([]);
  });

  it('never begins by itself without one', async () => {
    const at = bench();
    await at.ekimi.run(900);
    expect(at.begun).toEqual([]);
  });
});
