import { describe, expect, it } from 'vitest';
import type { MemberName } from '../../../src/model/names.js';
import { overview } from '../../../src/api/overview.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { approvalWhy, consequenceOf, type Serving } from '../../../src/words/consequence.js';

const MEMBERS: readonly Serving[] = [
  { name: 'patroni1', leads: true, takesReads: true },
  { name: 'patroni2', leads: false, takesReads: true },
  { name: 'patroni3', leads: false, takesReads: true },
];

describe('why a person is asked', () => {
  const asked = SCENARIOS.waitingApproval();
  const stale = {
    ...asked,
    ledger: { ...asked.ledger, approvals: asked.ledger.approvals.map((one) => ({ ...one, why: 'patroni9 leads' })) },
  };

  it('is what is seen now, not what was true when the question was put', () => {
    const [one] = overview(stale).approvals;
    expect(approvalWhy(one!)).toContain('patroni3 cannot start');
    expect(approvalWhy(one!)).not.toContain('patroni9');
    expect(one!.steps).toEqual(['POST /reinitialize on patroni3 {"force":true}']);
  });

  it('where nothing calls for it any more, that is said first, and of when the reason is', () => {
    const [one] = overview({ ...stale, decisions: [] }).approvals;
    expect(approvalWhy(one!)).toMatch(/^Nothing calls for it now\. It was asked at \d\d:\d\d:\d\d.*: patroni9 leads$/);
  });
});

describe('what a person agrees to', () => {
  it('says that the copy goes, who serves meanwhile, and for how long it is waited', () => {
    expect(
      consequenceOf({ action: 'reinitialize-replica', target: 'patroni2' as MemberName }, MEMBERS, 600_000),
    ).toEqual({
      destroys: 'The whole copy on patroni2. It is copied anew from the leader.',
      remains: 'Meanwhile patroni1 takes writes; patroni3 takes reads (1 server).',
      takes: 'At most 10 min a request to take effect; after that it counts as without effect, and you are told.',
    });
  });

  it('says so when nobody else is left, and never counts a leader that nobody can be sure of', () => {
    const alone = [MEMBERS[1]!, { name: 'patroni1', leads: null, takesReads: false }];
    expect(consequenceOf({ action: 'restart-member', target: 'patroni2' as MemberName }, alone, 30_000).remains).toBe(
      'Meanwhile nobody is sure to take writes; no other server takes reads.',
    );
  });

  it('follows the risk of an action that has no sentence of its own', () => {
    const of = (action: 'drain-replica' | 'undrain-replica'): string =>
      consequenceOf({ action, target: 'patroni2' as MemberName }, MEMBERS, 1).destroys;
    expect(of('drain-replica')).toContain('Sessions of clients on patroni2 may be broken off.');
    expect(of('undrain-replica')).toContain('Nothing');
  });
});
