import { describe, expect, it } from 'vitest';
import { livedLedger } from '../../../src/ledger/lived.js';
import type { Approval, Ledger } from '../../../src/model/ledger.js';
import { drainedByUs, ledgerOf, NOW_MS, observer, planOf, remediationOf, viewOf } from '../../support/view.js';

const MINUTE_MS = 60_000;

/** By the clock as it is after it was set. */
const set = (ledger: Ledger, byMs: number): Ledger =>
  livedLedger(ledger, { ...viewOf(observer({ clockJumpMs: byMs })), atMs: NOW_MS + byMs });

const JUMPS = [-7_200_000, -61_000, -900, 900, 4_000, 30_000, 7_200_000];
const AGES = [-3_600_000, -5_000, 0, 5_000, 3_600_000];
const pairs = JUMPS.flatMap((byMs) => AGES.map((ageMs) => [byMs, ageMs] as const));

describe('a wall clock that is set', () => {
  it.each(pairs)(
    'by %i ms ages nothing that was done %i ms ago, and puts none of it into the future',
    (byMs, ageMs) => {
      const doneMs = NOW_MS - ageMs;
      const done = { createdAtMs: doneMs, sentAtMs: doneMs, endedAtMs: doneMs };
      const after = set(
        ledgerOf({
          remediations: [remediationOf('restart-member', 'patroni2', done)],
          flaps: { patroni2: [doneMs] },
          leaderChanges: [{ atMs: doneMs, from: 'patroni1', to: 'patroni2' }],
          stormUntilMs: NOW_MS + MINUTE_MS,
        }),
        byMs,
      );
      const nowMs = NOW_MS + byMs;
      const [row] = after.remediations;
      const times = [row?.createdAtMs, row?.sentAtMs, row?.endedAtMs, after.flaps['patroni2']?.[0]];
      for (const atMs of [...times, after.leaderChanges[0]?.atMs]) {
        // A second is not noticed.
        expect(nowMs - (atMs ?? -Infinity)).toBeLessThanOrEqual(Math.max(ageMs, 0) + 1_000);
        expect(atMs).toBeLessThanOrEqual(Math.max(doneMs, nowMs));
      }
      expect((after.stormUntilMs ?? 0) - nowMs).toBeGreaterThanOrEqual(MINUTE_MS - 1_000);
    },
  );

  it.each([600_000, 30_000, -30_000, -3_600_000])('by %i ms leaves as much of a deadline as there was', (byMs) => {
    const running = remediationOf('restart-member', 'patroni2', {
      phase: 'verifying',
      createdAtMs: NOW_MS - 10_000,
      sentAtMs: NOW_MS - 10_000,
      endedAtMs: null,
      deadlineMs: NOW_MS + 20_000,
    });
    const [row] = set(ledgerOf({ remediations: [running] }), byMs).remediations;
    expect((row?.deadlineMs ?? 0) - (NOW_MS + byMs)).toBe(20_000);
  });

  it('that begins in the seventies gives nothing more time than it had', () => {
    const byMs = 50 * 365 * 86_400_000;
    const ofAnother = remediationOf('restart-member', 'patroni2', {
      phase: 'unknown',
      createdAtMs: NOW_MS + byMs - 10_000,
      sentAtMs: NOW_MS + byMs - 10_000,
      endedAtMs: null,
      deadlineMs: NOW_MS + byMs + 20_000,
    });
    const [row] = set(ledgerOf({ remediations: [ofAnother] }), byMs).remediations;
    expect(row).toMatchObject({ createdAtMs: NOW_MS + byMs, deadlineMs: NOW_MS + byMs + 30_000 });
  });

  it.each([
    [3_600_000, NOW_MS + MINUTE_MS],
    [-3_600_000, NOW_MS + MINUTE_MS - 3_600_000],
  ])('by %i ms: what a person agreed to ends no later than it would have', (byMs, expiresAtMs) => {
    const approval: Approval = {
      id: 'one',
      fingerprint: '',
      plan: planOf('restart-member', 'patroni2'),
      why: '',
      requestedAtMs: NOW_MS,
      expiresAtMs: NOW_MS + MINUTE_MS,
      state: 'approved',
      by: 'dba',
      reason: null,
      decidedAtMs: NOW_MS,
    };
    expect(set(ledgerOf({ approvals: [approval] }), byMs).approvals[0]).toMatchObject({ expiresAtMs });
  });

  it('leaves a kill switch to the hour that its person named, and a drain to the process that was told', () => {
    const pause = { subject: 'cluster', owner: 'dba', reason: '', sinceMs: NOW_MS, expiresAtMs: NOW_MS + MINUTE_MS };
    const drained = drainedByUs('patroni3');
    const process = { pid: 7, startedAtMs: NOW_MS - MINUTE_MS };
    const before = { ...drained, switches: [pause], drains: drained.drains.map((row) => ({ ...row, process })) };
    const after = set(before, 3_600_000);
    expect(after.switches).toEqual([pause]);
    expect(after.drains[0]?.process?.startedAtMs).toBe(process.startedAtMs + 3_600_000);
  });
});
