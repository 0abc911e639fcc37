import { describe, expect, it } from 'vitest';
import { runsClientsWaitFor } from '../../../src/kernel/period.js';
import type { Remediation } from '../../../src/model/ledger.js';
import { leaderKey, ledgerOf, NOW_MS, remediationOf, viewOf } from '../../support/view.js';

const closed = (change: Partial<Remediation> = {}): Remediation => {
  const run = remediationOf('fence-member', 'patroni1', { phase: 'verifying', endedAtMs: null });
  const params = { id: 'patroni1-1', proxied: true };
  return { ...run, plan: { ...run.plan, params }, stepIndex: 1, steps: 3, sentAtMs: NOW_MS - 500, ...change };
};
const plan = (params: Remediation['plan']['params']) => ({ ...closed().plan, params });

describe('clients of a leader that is being stopped', () => {
  it.each<[string, Remediation, boolean]>([
    ['wait once it is closed to them', closed(), true],
    ['do not wait before that', closed({ stepIndex: 0, lastReply: null }), false],
    ['are not hurried for in dry-run', closed({ shadow: true }), false],
    ['wait for nothing that was sent long ago', closed({ sentAtMs: NOW_MS - 10_500 }), false],
    ['were not cut off where no proxy was told', closed({ plan: plan({ id: 'patroni1-1', proxied: false }) }), false],
    [
      'wait while etcd is counted anew before a cut of the power',
      closed({ plan: plan({ proxied: true, outlet: 'a1' }) }),
      false,
    ],
  ])('%s', (_, run, isWaitedFor) => {
    const ids = runsClientsWaitFor({ view: viewOf(), ledger: ledgerOf({ remediations: [run] }) });
    expect([...ids]).toEqual(isWaitedFor ? [run.id] : []);
  });

  it('are others than those of a rogue', () => {
    const ledger = ledgerOf({ remediations: [closed()] });
    expect(runsClientsWaitFor({ view: viewOf(leaderKey('patroni2')), ledger }).size).toBe(0);
  });
});
