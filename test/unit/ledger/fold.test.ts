import { describe, expect, it } from 'vitest';
import { entriesOf } from '../../../src/ledger/entries.js';
import type { LedgerEvent } from '../../../src/ledger/events.js';
import { fold } from '../../../src/ledger/fold.js';
import type { Ledger, Remediation } from '../../../src/model/ledger.js';
import type { Reply } from '../../../src/model/plan.js';
import { claimedBy } from '../../support/claimed.js';
import { approval } from '../../support/snapshots.js';
import { ledgerOf, NOW_MS, remediationOf } from '../../support/view.js';

const reply = (effect: Reply['effect']): Reply => ({ effect, status: null, text: 'said so', tookMs: 1 });
const sending = (action: 'drain-replica' | 'fence-member', over: Partial<Remediation> = {}): Remediation =>
  remediationOf(action, 'patroni3', { id: 'r1', phase: 'sending', endedAtMs: null, sentAtMs: NOW_MS, ...over });
const under = (run: Remediation): Ledger => claimedBy(ledgerOf({ remediations: [run] }), run);
const answered = (effect: Reply['effect'], id = 'r1'): LedgerEvent => ({
  kind: 'answered',
  id,
  step: 0,
  reply: reply(effect),
  atMs: NOW_MS,
});
const kindsOf = (event: LedgerEvent, ledger: Ledger): readonly string[] =>
  entriesOf(event, ledger, fold(ledger, event)).map(({ kind }) => kind);

describe('an answer', () => {
  it.each([
    ['done', 'verifying', ['outcome'], 1],
    ['maybe', 'unknown', ['outcome'], 1],
    // Nothing happened in the very first step, so there is nothing to undo.
    ['none', 'failed', ['outcome', 'verdict'], 0],
  ] as const)('%s: the run is %s, the journal has %j, and %i drain is ours', (effect, phase, kinds, drains) => {
    const ledger = under(sending('drain-replica'));
    const after = fold(ledger, answered(effect));
    expect(after.remediations).toMatchObject([{ id: 'r1', phase, lastReply: { effect } }]);
    expect(after.drains).toHaveLength(drains);
    expect(kindsOf(answered(effect), ledger)).toEqual(kinds);
  });

  it('that the other end is at another task is no failure to wait after', () => {
    const after = fold(under(sending('drain-replica')), {
      ...answered('none'),
      reply: { ...reply('none'), busy: true },
    } as LedgerEvent);
    expect(after.remediations).toMatchObject([{ phase: 'failed', ending: 'busy' }]);
  });

  it('that refuses a later step leaves what the first one made ours', () => {
    const after = fold(under(sending('fence-member', { stepIndex: 1 })), {
      ...answered('none'),
      step: 1,
    } as LedgerEvent);
    expect(after.fences).toMatchObject([{ member: 'patroni3' }]);
    expect(after.remediations).toMatchObject([{ phase: 'failed', detail: 'refused: said so' }]);
  });

  it.each([
    ['judged by another instance meanwhile', { phase: 'verifying' as const }],
    ['of a run that the ledger does not have', { id: 'other' }],
    ['for a step before the present one', { stepIndex: 1 }],
  ])('to what is %s is the journal’s alone', (_case, over) => {
    const ledger = under(sending('drain-replica', over));
    expect(fold(ledger, answered('none'))).toBe(ledger);
    expect(kindsOf(answered('none'), ledger)).toEqual(['outcome']);
  });
});

describe('the end of a run', () => {
  it.each([
    ['undrain-replica', 'succeeded', [0, 1]],
    ['undrain-replica', 'ineffective', [1, 1]],
    ['open-traffic', 'succeeded', [1, 0]],
    ['restart-member', 'succeeded', [1, 1]],
  ] as const)('%s %s: drains and fences that stay %j', (action, phase, [drains, fences]) => {
    const both = under(sending('drain-replica'));
    const ledger: Ledger = { ...both, fences: under(sending('fence-member')).fences };
    const event: LedgerEvent = { kind: 'ended', run: remediationOf(action, 'patroni3', { id: 'r2', phase }) };
    const after = fold(ledger, event);
    expect([after.drains.length, after.fences.length]).toEqual([drains, fences]);
    expect(kindsOf(event, ledger)).toEqual(['verdict']);
  });
});

describe('a step that never left', () => {
  const run = sending('fence-member', { phase: 'planned' });
  const unsent = (before: Ledger): LedgerEvent => ({ kind: 'unsent', run, before, reply: reply('none') });
  const approved = { ...approval(run.plan, 'far behind', NOW_MS), id: 'a1', state: 'approved' as const };
  const before: Ledger = { ...ledgerOf(), approvals: [approved] };
  const claimed = under(sending('fence-member'));
  const between: Ledger = { ...claimed, approvals: [{ ...approved, state: 'used' }] };

  it('leaves the ledger as it was before, with the word that was given for it, and an outcome in the journal', () => {
    expect(between.fences).toHaveLength(1);
    expect(fold(between, unsent(before))).toEqual(before);
    expect(kindsOf(unsent(before), before)).toEqual(['outcome']);
  });

  it('takes nothing back that happened since', () => {
    const asked = { ...approved, id: 'a2', state: 'rejected' as const };
    const after = fold({ ...between, approvals: [...between.approvals, asked], systemIdentifier: '7' }, unsent(before));
    expect(after.approvals).toEqual([approved, asked]);
    expect(after.systemIdentifier).toBe('7');
  });

  it('gives back no word that another run has used meanwhile: it would serve twice', () => {
    const other = { ...approval(sending('drain-replica').plan, 'lags', NOW_MS), id: 'a3', state: 'approved' as const };
    const used: Ledger = { ...between, approvals: [...between.approvals, { ...other, state: 'used' }] };
    const after = fold(used, unsent({ ...before, approvals: [approved, other] }));
    expect(after.approvals.map(({ id, state }) => `${id} ${state}`)).toEqual(['a1 approved', 'a3 used']);
  });

  it('that another instance has judged is its own', () => {
    const judged: Ledger = { ...between, remediations: [{ ...sending('fence-member'), phase: 'unknown' }] };
    expect(fold(judged, unsent(before))).toBe(judged);
  });

  it('and was not the first waits as before', () => {
    const later = sending('fence-member', { stepIndex: 1 });
    const planned = { ...later, phase: 'planned' as const };
    const event: LedgerEvent = { kind: 'unsent', run: planned, before: under(planned), reply: reply('none') };
    expect(fold(under(later), event)).toEqual(under(planned));
  });
});

describe('a drain that somebody undid', () => {
  const undone: LedgerEvent = { kind: 'drain-undone', member: 'patroni3', ending: 'overridden', atMs: NOW_MS };

  it('ends its run with a code, and says so once', () => {
    const ledger = under(sending('drain-replica', { phase: 'succeeded', endedAtMs: NOW_MS - 1 }));
    const after = fold(ledger, undone);
    expect(after).toMatchObject({ drains: [], remediations: [{ phase: 'abandoned', ending: 'overridden' }] });
    expect(kindsOf(undone, ledger)).toEqual(['verdict']);
    expect(kindsOf(undone, after)).toEqual([]);
  });

  it('of which no run is known any more is ours no longer, without a verdict', () => {
    const ledger: Ledger = { ...under(sending('drain-replica')), remediations: [] };
    expect(fold(ledger, undone).drains).toEqual([]);
    expect(kindsOf(undone, ledger)).toEqual([]);
  });
});

describe('a rehearsal', () => {
  it('counts as if its requests had gone out, and journals each before its verdict', () => {
    const run = sending('drain-replica', { phase: 'succeeded', shadow: true, endedAtMs: NOW_MS });
    const { drains } = claimedBy(ledgerOf(), run);
    const [drain] = drains;
    if (drain === undefined) throw new Error('a drain claims a drain');
    const event: LedgerEvent = { kind: 'rehearsed', run, claims: { drain }, requests: ['one', 'two'] };
    expect(fold(ledgerOf(), event)).toMatchObject({ drains: [{ shadow: true }], remediations: [{ id: 'r1' }] });
    expect(kindsOf(event, ledgerOf())).toEqual(['intent', 'intent', 'verdict']);
  });
});
