import { describe, expect, it } from 'vitest';
import type { LedgerEvent } from '../../../src/ledger/events.js';
import { fold } from '../../../src/ledger/fold.js';
import { livedLedger } from '../../../src/ledger/lived.js';
import type { CheckFinding, CheckRow, DataCheck } from '../../../src/model/data-check.js';
import type { Ledger } from '../../../src/model/ledger.js';
import { ledgerOf, NOW_MS, observer, viewOf } from '../../support/view.js';

const wrong = (relation: string): CheckFinding => ({ relation, what: 'table', block: '0', text: 'ERROR:  x' });
const A = wrong('x.public.a');
const B = wrong('y.public.b');
const CUT = { interrupted: true, gaps: ['it did not come to its end: Ekimi ends'] } as const;

const ended = (startedMs: number, part: Partial<DataCheck> = {}): LedgerEvent => {
  const findings = part.findings ?? [];
  const check = { by: 'ekimi', database: null, startedMs, endedMs: startedMs + 1, gaps: [], ...part };
  return { kind: 'check-ended', member: 'patroni2', check: { ...check, findings, found: findings.length } };
};
const begun = (startedMs: number): LedgerEvent => ({ kind: 'check-begun', member: 'patroni2', startedMs });
const after = (...events: readonly LedgerEvent[]): Ledger => events.reduce(fold, ledgerOf({}));
const rowOf = ({ checks }: Ledger, name = 'patroni2'): CheckRow | undefined =>
  checks?.rows.find(({ member }) => member === name);
const foundIn = (ledger: Ledger): readonly string[] =>
  (rowOf(ledger)?.check?.findings ?? []).map(({ relation }) => relation).sort();

describe('what a check has found', () => {
  it.each([
    { what: 'one database', part: { database: 'y', findings: [B] } },
    { what: 'less than all', part: { gaps: ['database x was not checked'], findings: [B] } },
    { what: 'a part, before it was cut short', part: { ...CUT, findings: [B] } },
  ])('is not forgotten for a later one of $what that found something else', ({ part }) => {
    const ledger = after(ended(1, { findings: [A] }), ended(2, part));
    expect(foundIn(ledger)).toEqual([A.relation, B.relation]);
    expect(rowOf(ledger)).toMatchObject({ startedMs: 2, check: { found: 2, startedMs: 2 } });
    const clean = after(ended(1, { findings: [A] }), ended(2, part), ended(3, { database: 'y' }));
    expect(foundIn(clean)).toContain(A.relation);
  });

  it('is over with one of all databases that left nothing out', () => {
    expect(foundIn(after(ended(1, { findings: [A] }), ended(2, { findings: [B] })))).toEqual([B.relation]);
    expect(foundIn(after(ended(1, { findings: [A] }), ended(2)))).toEqual([]);
  });

  it('of an older one does not stand above a later one', () => {
    expect(rowOf(after(ended(2), ended(1, { findings: [A] })))?.startedMs).toBe(2);
  });
});

describe('a check by the schedule that is never lived to the end of', () => {
  it('is counted where it is cut short each time, until one ends', () => {
    const cut = [1, 2, 3].map((at) => ended(at, CUT));
    expect(rowOf(after(...cut))?.lost).toMatchObject({ times: 3 });
    expect(rowOf(after(...cut, ended(4)))?.lost).toBeUndefined();
    expect(rowOf(after(...cut, ended(4, { database: 'y' })))?.lost).toMatchObject({ times: 3 });
  });

  it('is counted where it never ended, once each', () => {
    const ledger = after(begun(1), begun(1), begun(2), begun(3), begun(4));
    expect(rowOf(ledger)?.lost).toMatchObject({ times: 3, sinceMs: 1 });
    expect(rowOf(after(begun(1), ended(1), begun(2)))?.lost).toBeUndefined();
    expect(rowOf(after(begun(1), ended(1), begun(1)))?.begunMs).toBeUndefined();
  });

  it('is none that a person asked for', () => {
    expect(rowOf(after(...[1, 2, 3].map((at) => ended(at, { ...CUT, by: 'dba' }))))?.lost).toBeUndefined();
  });
});

describe('a check that left something out', () => {
  it('counts against the schedule where it is its own, and not where a person asked for it', () => {
    const ledger = after(ended(1, { gaps: ['no program'] }), ended(2, { gaps: ['no program'], by: 'dba' }));
    expect(rowOf(ledger)?.failing).toMatchObject({ times: 1 });
  });
});

describe('a time of the schedule', () => {
  const round = (atMs: number, refused: Readonly<Record<string, string>> | null, alone?: string): LedgerEvent => ({
    kind: 'check-round',
    atMs,
    refused,
    ...(alone !== undefined && { alone }),
  });

  it('at which another check goes on says nothing of who was refused before', () => {
    const ledger = after(round(1, { patroni2: 'it lags' }), round(2, null), round(3, { patroni2: 'it lags' }));
    expect(rowOf(ledger)?.refused).toMatchObject({ times: 2, sinceMs: 1 });
    expect(ledger.checks?.roundMs).toBe(3);
  });

  it('at which there is nobody but the leader is counted until there is', () => {
    const none = [1, 2].map((at) => round(at, {}, 'there is no replica'));
    expect(after(...none, round(3, null)).checks?.alone).toMatchObject({ times: 2, sinceMs: 1 });
    expect(after(...none, round(3, {})).checks?.alone).toBeUndefined();
  });
});

describe('a wall clock that is set', () => {
  const set = (byMs: number): Ledger =>
    livedLedger(after(ended(NOW_MS - 10), begun(NOW_MS - 5)), {
      ...viewOf(observer({ clockJumpMs: byMs })),
      atMs: NOW_MS + byMs,
    });

  it('back takes a check with it, so that no later one seems older', () => {
    const startedMs = NOW_MS - 10 - 3_600_000;
    expect(rowOf(set(-3_600_000))).toMatchObject({
      startedMs,
      begunMs: startedMs + 5,
      check: { startedMs, endedMs: startedMs + 1 },
    });
  });

  it('on leaves it: what a log said meanwhile is not of before it', () => {
    expect(rowOf(set(3_600_000))).toMatchObject({ startedMs: NOW_MS - 10, check: { startedMs: NOW_MS - 10 } });
  });
});
