import { describe, expect, it } from 'vitest';
import { keepApprovals, requestApproval, wordOn } from '../../../src/ledger/approvals.js';
import { isAgreedTo } from '../../../src/ledger/consent.js';
import { fold } from '../../../src/ledger/fold.js';
import { ledgerFrom, ledgerText } from '../../../src/ledger/codec.js';
import type { Approval, Ledger } from '../../../src/model/ledger.js';
import type { Plan } from '../../../src/model/plan.js';
import { testPolicy } from '../../support/policy.js';
import { ledgerOf, NOW_MS, planOf, statesOf } from '../../support/view.js';

const ONE = testPolicy();
const TWO = { ...ONE, approvals: { ...ONE.approvals, twoPersonsFor: ['reinitialize-replica'] as const } };
const PLAN = planOf('reinitialize-replica', 'patroni3', {}, 'replica-start-failed');
const STARTED: Plan = { ...PLAN, because: { code: 'operator', subject: 'patroni3', by: 'ann', reason: 'r' } };
const ask = (plan: Plan): Ledger =>
  requestApproval(ledgerOf(), { plan, why: 'why', loss: null, nowMs: NOW_MS, id: 'a1', expiresMs: 60_000 });
const rowOf = (ledger: Ledger): Approval => ledger.approvals[0]!;
const yes = (by: string) => ({ state: 'approved', by }) as const;
const first = (ledger: Ledger, by: string): Ledger =>
  fold(ledger, { kind: 'approval-first', id: 'a1', by, reason: 'looked', atMs: NOW_MS });
const approved = (ledger: Ledger, by: string): Ledger =>
  fold(ledger, { kind: 'approval-decided', id: 'a1', state: 'approved', by, reason: 'looked', atMs: NOW_MS });

describe('an approval for which the policy wants two persons', () => {
  it('waits after the first word, takes no second one of the same person, and is decided by another', () => {
    const asked = ask(PLAN);
    expect(wordOn(rowOf(asked), yes('ann'), TWO)).toEqual({ kind: 'first' });
    const one = first(asked, 'ann');
    expect(rowOf(one).state).toBe('waiting');
    expect(wordOn(rowOf(one), yes('ann'), TWO)).toMatchObject({
      kind: 'refused',
      text: expect.stringMatching(/ann approved it already/),
    });
    expect(wordOn(rowOf(one), yes('bob'), TWO)).toEqual({ kind: 'decided' });
  });

  it('is not half agreed to by Ekimi, which began the procedure that it is a stage of', () => {
    const stage: Plan = { ...STARTED, because: { ...STARTED.because, by: 'ekimi' } };
    const row = rowOf(ask(stage));
    expect(wordOn(row, yes('ann'), TWO)).toEqual({ kind: 'first' });
    expect(isAgreedTo(TWO, stage, rowOf(approved(ask(stage), 'ann')))).toBe(false);
  });

  it('that answers what a person started is decided by one other person, and never by the one who started it', () => {
    const row = rowOf(ask(STARTED));
    expect(wordOn(row, yes('ann'), TWO)).toMatchObject({
      kind: 'refused',
      text: expect.stringMatching(/ann started it already/),
    });
    expect(wordOn(row, yes('bob'), TWO)).toEqual({ kind: 'decided' });
  });

  it('is rejected by one person, the proposer too', () => {
    expect(wordOn(rowOf(ask(STARTED)), { state: 'rejected', by: 'ann' }, TWO)).toEqual({ kind: 'decided' });
  });

  it('is decided by one where the policy does not name its action', () => {
    expect(wordOn(rowOf(ask(PLAN)), yes('ann'), ONE)).toEqual({ kind: 'decided' });
  });

  it.each(['approved', 'used', 'rejected', 'expired'] as const)('takes no word any more once it is %s', (state) => {
    expect(wordOn({ ...rowOf(ask(PLAN)), state }, yes('bob'), TWO)).toEqual({
      kind: 'refused',
      text: `approval a1 is ${state}`,
    });
  });

  it('keeps its first word over a takeover', () => {
    const kept = ledgerFrom(ledgerText(first(ask(PLAN), 'ann')));
    expect(wordOn(rowOf(kept!), yes('ann'), TWO).kind).toBe('refused');
    expect(wordOn(rowOf(kept!), yes('bob'), TWO).kind).toBe('decided');
  });

  it('that one person gave before the policy asked for two is not enough any more', () => {
    const row = rowOf(approved(ask(PLAN), 'ann'));
    expect([isAgreedTo(ONE, PLAN, row), isAgreedTo(TWO, PLAN, row)]).toEqual([true, false]);
    expect(isAgreedTo(TWO, PLAN, rowOf(approved(first(ask(PLAN), 'ann'), 'bob')))).toBe(true);
  });

  it('counts who starts the plan now: whoever approved it cannot start it on the strength of that', () => {
    const row = rowOf(approved(ask(STARTED), 'bob'));
    const byBob: Plan = { ...STARTED, because: { ...STARTED.because, by: 'bob' } };
    expect([isAgreedTo(TWO, STARTED, row), isAgreedTo(TWO, byBob, row)]).toEqual([true, false]);
  });

  it('does not end because no problem calls for what a person started', () => {
    const at = { nowMs: NOW_MS + 1, states: statesOf([]), policy: TWO };
    expect(keepApprovals(ask(STARTED).approvals, at)[0]?.state).toBe('waiting');
  });
});
