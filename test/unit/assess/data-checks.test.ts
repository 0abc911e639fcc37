import { describe, expect, it } from 'vitest';
import { assessDataChecks } from '../../../src/assess/data-checks.js';
import type { CheckRow } from '../../../src/model/data-check.js';
import { assessmentOf, keys, leaderKey, ledgerOf, noEtcd, NOW_MS, viewOf, type Change } from '../../support/view.js';

const checking: Change = (view) => ({
  ...view,
  checking: { schedule: '0 3 * * * UTC', dueMs: null, isOurs: true, sinceMs: 0 },
});
const trouble = { sinceMs: NOW_MS, times: 3, why: ['it lags'] };
const verdicts = (row: Partial<CheckRow>, ...changes: readonly Change[]) => {
  const rows = [{ member: 'patroni2', startedMs: 1, check: null, ...row }];
  const checks = { schedule: '0 3 * * * UTC', sinceMs: 0, roundMs: NOW_MS, rows };
  const input = assessmentOf(viewOf(checking, ...changes), { ledger: ledgerOf({ checks }) });
  return assessDataChecks(input).map(({ subject, verdict }) => `${subject} ${verdict}`);
};

describe('what was missed of a member by the schedule of checks', () => {
  it('is told while it follows', () => {
    expect(verdicts({ refused: trouble }, keys({}))).toEqual(['patroni2 seen']);
  });

  it.each([
    ['it leads', leaderKey('patroni2')],
    ['nobody knows who leads', noEtcd],
  ] as const)('is neither over nor told while %s', (_when, change) => {
    expect(verdicts({ refused: trouble }, change)).toEqual(['patroni2 unknown']);
  });

  it('is over also while it leads, once a check has ended it', () => {
    expect(verdicts({}, leaderKey('patroni2'))).toEqual([]);
  });
});
