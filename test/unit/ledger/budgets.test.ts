import { describe, expect, it } from 'vitest';
import { budgetUsed, wasOnlyBusy } from '../../../src/ledger/budgets.js';
import type { Remediation } from '../../../src/model/ledger.js';
import { testPolicy } from '../../support/policy.js';
import { ledgerOf, NOW_MS, remediationOf } from '../../support/view.js';

const busy = (agoMs: number, target = 'patroni3'): Remediation =>
  remediationOf('reinitialize-replica', target, {
    id: `${target}-${agoMs}`,
    phase: 'failed',
    ending: 'busy',
    createdAtMs: NOW_MS - agoMs,
    endedAtMs: NOW_MS - agoMs,
  });

describe('a member that was at another task', () => {
  const rows = [20_000, 15_000, 10_000, 5_000].map((agoMs) => busy(agoMs));

  it('counts once against the hour, however often it said so; another member counts for itself', () => {
    const remediations = [...rows, busy(1_000, 'patroni2')];
    expect(budgetUsed({ ledger: ledgerOf({ remediations }), nowMs: NOW_MS })).toBe(2);
  });

  it('was only busy three times in a chain; the fourth is a failure, and stays one when the first are forgotten', () => {
    const policy = { ...testPolicy(), chainMs: 30_000 };
    const verdicts = (remediations: readonly Remediation[]) =>
      rows.map((row) => wasOnlyBusy({ ledger: ledgerOf({ remediations }), policy }, row));
    expect(verdicts(rows)).toEqual([true, true, true, false]);
    const later = busy(-60_000);
    expect(verdicts([...rows, later])).toEqual([true, true, true, false]);
    expect(wasOnlyBusy({ ledger: ledgerOf({ remediations: [...rows, later] }), policy }, later)).toBe(true);
  });
});
