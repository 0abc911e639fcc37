import { describe, expect, it } from 'vitest';
import { keepApprovals, requestApproval, useApproval, wantsApproval } from '../../../src/ledger/approvals.js';
import type { GateName } from '../../../src/model/decision.js';
import type { Approval, Ledger } from '../../../src/model/ledger.js';
import type { Problem } from '../../../src/model/problem.js';
import { testPolicy } from '../../support/policy.js';
import { CLEAN_MEMORY, ledgerOf, NOW_MS, planOf, problemOf, statesOf } from '../../support/view.js';

const PLAN = planOf('reinitialize-replica', 'patroni3', {}, 'replica-start-failed');
const AT = { plan: PLAN, why: 'why', loss: null, nowMs: NOW_MS, id: 'a1', expiresMs: 60_000 };
const BROKEN = problemOf('replica-start-failed', 'patroni3');
const loss = (bytes: number | null) => ({ bytes, seconds: null, text: '' });

const as = (state: Approval['state'], ledger: Ledger): Ledger => ({
  ...ledger,
  approvals: ledger.approvals.map((row) => ({ ...row, state })),
});
const asked = requestApproval(ledgerOf(), AT);
const shown = (ledger: Ledger) => ledger.approvals.map(({ id, state, ended }) => [id, state, ended]);

describe('an approval', () => {
  it('is asked for once, however many passes want it', () => {
    expect(requestApproval(asked, { ...AT, id: 'a2' })).toBe(asked);
    expect(asked.approvals).toHaveLength(1);
  });

  it('is asked for again after it has expired, and for another plan', () => {
    const later = { ...AT, id: 'a2', nowMs: NOW_MS + 60_000 };
    expect(requestApproval(asked, later).approvals).toHaveLength(2);
    expect(requestApproval(asked, { ...later, plan: planOf('restart-member', 'patroni3') }).approvals).toHaveLength(2);
  });

  it.each([[null], [5]])('is not asked for again after a refusal that still stands (a loss of %s)', (bytes) => {
    const again = { ...AT, id: 'a2', loss: bytes === null ? null : loss(bytes) };
    expect(requestApproval(as('rejected', asked), again).approvals).toHaveLength(1);
  });

  it('is used up by one run, and only that of its own plan', () => {
    const approved = as('approved', asked);
    expect(useApproval(approved, planOf('reinitialize-replica', 'patroni2')).approvals[0]?.state).toBe('approved');
    expect(useApproval(approved, PLAN).approvals[0]?.state).toBe('used');
  });

  it.each<[readonly GateName[], boolean]>([
    [['approval'], true],
    [['data-loss'], true],
    [['data-loss', 'approval'], true],
    [['approval', 'cooldown'], false],
    [['patroni-pause'], false],
    [['tenure', 'approval'], false],
  ])('of a plan held by %j is wanted: %s', (gates, wanted) => {
    const blocks = gates.map((gate) => ({ gate, because: '', unblock: '', retryAtMs: null }));
    expect(wantsApproval({ kind: 'held', plan: PLAN, why: '', steps: [], blocks })).toBe(wanted);
  });

  it('is wanted in a pause of a fence alone: another permit of that gate is not a person’s word', () => {
    const blocks = [{ gate: 'patroni-pause' as const, because: '', unblock: '', retryAtMs: null }];
    const wanted = (['fence-member', 'start-store', 'stop-without-etcd'] as const).filter((name) =>
      wantsApproval({ kind: 'held', plan: planOf(name, 'patroni1'), why: '', steps: [], blocks }),
    );
    expect(wanted).toEqual(['fence-member']);
  });

  it('is never wanted of what acts, waits or pages', () => {
    expect(wantsApproval({ kind: 'act', plan: PLAN, why: '', steps: [] })).toBe(false);
  });
});

describe('an approval of a loss', () => {
  it.each<[number | null]>([[100], [null]])('keeps the loss that it is asked for: %s', (bytes) => {
    expect(requestApproval(ledgerOf(), { ...AT, loss: loss(bytes) }).approvals[0]?.loss).toEqual({
      bytes,
      seconds: null,
    });
  });

  it.each<[string, number | null, number | null]>([
    ['the same', 100, 100],
    ['less', 100, 99],
    ['nobody can count it, as before', null, null],
    ['it can be counted by now', null, 100],
  ])('stands while the loss is no larger: %s', (_name, before, now) => {
    const ledger = requestApproval(ledgerOf(), { ...AT, loss: loss(before) });
    for (const state of ['waiting', 'approved'] as const)
      expect(shown(requestApproval(as(state, ledger), { ...AT, id: 'a2', loss: loss(now) }))).toEqual([
        ['a1', state, undefined],
      ]);
  });

  it.each<[string, number | null, number | null, string]>([
    [
      'more',
      100,
      101,
      'it was asked for at least 100 B (for how many seconds of writes is unknown); by now it is at least 101 B (for how many seconds of writes is unknown)',
    ],
    [
      'nobody can count it any more',
      100,
      null,
      'it was asked for at least 100 B (for how many seconds of writes is unknown); by now it is an unknown number of bytes',
    ],
  ])('ends, and is asked for anew, when the loss has grown: %s', (_name, before, now, ended) => {
    const ledger = requestApproval(ledgerOf(), { ...AT, loss: loss(before) });
    for (const state of ['waiting', 'approved'] as const)
      expect(shown(requestApproval(as(state, ledger), { ...AT, id: 'a2', loss: loss(now) }))).toEqual([
        ['a1', 'expired', ended],
        ['a2', 'waiting', undefined],
      ]);
  });

  it('ends where an older version asked for it: it says nothing of a loss', () => {
    const { loss: _absent, ...older } = asked.approvals[0] as Approval;
    const ledger = { ...asked, approvals: [{ ...older, state: 'approved' as const }] };
    expect(shown(requestApproval(ledger, { ...AT, id: 'a2', loss: loss(1) }))).toEqual([
      [
        'a1',
        'expired',
        'it was asked for no loss; by now it is at least 1 B (for how many seconds of writes is unknown)',
      ],
      ['a2', 'waiting', undefined],
    ]);
  });
});

describe('a flood of approvals', () => {
  it('fills no ledger: the newest 200 that have ended are kept, and all that still count', () => {
    const [row] = asked.approvals;
    const rows = Array.from({ length: 1_000 }, (_, index) => ({ ...(row as Approval), id: `a${index}` })).map(
      (one, index) => ({
        ...one,
        state: index === 3 ? ('rejected' as const) : index === 5 ? ('waiting' as const) : ('used' as const),
      }),
    );
    const states = statesOf([BROKEN], { ...CLEAN_MEMORY, cleanPasses: 50 });
    const ids = keepApprovals(rows, { nowMs: NOW_MS, states, policy: testPolicy() }).map(({ id }) => id);
    expect(ids.slice(0, 4)).toEqual(['a3', 'a5', 'a800', 'a801']);
    expect(ids).toHaveLength(202);
  });
});

describe('an approval that nobody ends', () => {
  const kept = (state: Approval['state'], problems: readonly Problem[], nowMs = NOW_MS, cleanPasses = 50) => {
    const states = statesOf(problems, { ...CLEAN_MEMORY, cleanPasses });
    return keepApprovals(as(state, asked).approvals, { nowMs, states, policy: testPolicy() }).map((row) => [
      row.state,
      row.ended,
    ]);
  };

  it.each([['waiting'], ['approved'], ['rejected'], ['used']] as const)('stays while its problem does: %s', (state) => {
    expect(kept(state, [BROKEN])).toEqual([[state, undefined]]);
  });

  it.each([['suspect'], ['recovering']] as const)('stays while its problem is only %s', (phase) => {
    expect(kept('approved', [{ ...BROKEN, phase }])).toEqual([['approved', undefined]]);
  });

  it.each([['waiting'], ['approved']] as const)('ends with its problem: %s', (state) => {
    const other = problemOf('replica-start-failed', 'patroni2');
    expect(kept(state, [other])).toEqual([['expired', 'replica-start-failed patroni3 has cleared']]);
  });

  it.each([['rejected'], ['used']] as const)('is history already: %s', (state) => {
    expect(kept(state, [])).toEqual([[state, undefined]]);
  });

  it('does not end while we have only begun to look: nothing is seen yet, and nothing has cleared', () => {
    expect(kept('approved', [], NOW_MS, 2)).toEqual([['approved', undefined]]);
  });

  it.each([
    ['waiting', 'nobody decided in time'],
    ['approved', 'it was not used in time'],
  ] as const)('ends with its time: %s', (state, why) => {
    expect(kept(state, [BROKEN], NOW_MS + 60_000)).toEqual([['expired', why]]);
  });

  it('is forgotten after a day', () => {
    expect(kept('used', [BROKEN], NOW_MS + 24 * 3_600_000)).toEqual([]);
  });
});
