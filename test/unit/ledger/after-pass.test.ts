import { describe, expect, it } from 'vitest';
import { afterPass, undoneDrains } from '../../../src/ledger/after-pass.js';
import { withoutClaim } from '../../../src/ledger/claims.js';
import { withRemediation } from '../../../src/ledger/fold.js';
import { claimedBy } from '../../support/claimed.js';
import { flapScore } from '../../../src/decide/limit-gates.js';
import type { Ledger } from '../../../src/model/ledger.js';
import type { ActionName } from '../../../src/model/plan.js';
import type { MemberState, States } from '../../../src/model/states.js';
import { testPolicy } from '../../support/policy.js';
import {
  CLEAN_MEMORY,
  drainedByUs,
  ledgerOf,
  noProxy,
  NOW_MS,
  planOf,
  problemOf,
  proxyDrain,
  remediationOf,
  statesOf,
  viewOf,
  type Change,
} from '../../support/view.js';
import { eachProxy } from '../../support/proxies.js';

const DAY_MS = 24 * 3_600_000;

const membersIn = (state: MemberState, states: States = statesOf([])): States => ({
  ...states,
  members: { patroni3: { state, sinceMs: NOW_MS } },
});

const kept = (ledger: Ledger, before: States = statesOf([]), after: States = statesOf([]), policy = testPolicy()) =>
  afterPass(ledger, { view: viewOf(), before, after, policy });

const weSent = (action: ActionName): Ledger =>
  ledgerOf({
    remediations: [
      remediationOf(action, 'patroni2', { phase: 'verifying', sentAtMs: NOW_MS - 3_000, endedAtMs: null }),
    ],
  });

describe('each pass', () => {
  it('forgets remediations of yesterday, but never one that is in flight', () => {
    const old = NOW_MS - DAY_MS - 1;
    const ledger = ledgerOf({
      remediations: [
        remediationOf('drain-replica', 'patroni2', { id: 'old', createdAtMs: old }),
        remediationOf('drain-replica', 'patroni2', { id: 'running', createdAtMs: old, phase: 'unknown' }),
        remediationOf('drain-replica', 'patroni2', { id: 'young' }),
      ],
    });
    expect(kept(ledger).remediations.map((row) => row.id)).toEqual(['running', 'young']);
  });

  it.each<[string, MemberState, MemberState, number]>([
    ['a healthy member that goes down', 'healthy', 'down', 1],
    ['a lagging member that stops streaming', 'lagging', 'not-streaming', 1],
    ['a member that was down already', 'down', 'start-failed', 0],
    ['a member that we lost sight of', 'healthy', 'unknown', 0],
    ['a member that restarts', 'healthy', 'starting', 0],
    ['a member of which nothing was known', 'unknown', 'down', 0],
  ])('%s: falls counted', (_name, before, after, falls) => {
    expect(kept(ledgerOf(), membersIn(before), membersIn(after)).flaps['patroni3'] ?? []).toHaveLength(falls);
  });

  it('notes a change of leader once', () => {
    const before = statesOf([], { ...CLEAN_MEMORY, lastLeader: 'patroni1', lastLeaderChangeMs: null });
    const after = statesOf([], { ...CLEAN_MEMORY, lastLeader: 'patroni2', lastLeaderChangeMs: NOW_MS });
    const once = kept(ledgerOf(), before, after);
    expect(once.leaderChanges).toEqual([{ atMs: NOW_MS, from: 'patroni1', to: 'patroni2' }]);
    expect(kept(once, after, after).leaderChanges).toHaveLength(1);
  });

  it.each<[string, Partial<States['memory']>, Ledger, number]>([
    ['a request in etcd', { lastLeaderChangeAsked: true }, ledgerOf(), 0],
    ['our own switchover', {}, weSent('switchover'), 0],
    ['our own answer to a death', {}, weSent('expedite-failover'), 1],
  ])('notes no change of leader that was asked for: %s', (_name, part, ledger, noted) => {
    const before = statesOf([], { ...CLEAN_MEMORY, lastLeader: 'patroni1', lastLeaderChangeMs: null });
    const after = { ...CLEAN_MEMORY, formerLeader: 'patroni1', lastLeader: 'patroni2', lastLeaderChangeMs: NOW_MS };
    expect(kept(ledger, before, statesOf([], { ...after, ...part })).leaderChanges).toHaveLength(noted);
  });

  it('stays quiet for a while after a storm', () => {
    const storm = statesOf([
      problemOf('replica-start-failed', 'patroni2'),
      problemOf('replica-start-failed', 'patroni3'),
    ]);
    expect(kept(ledgerOf(), statesOf([]), storm).stormUntilMs).toBe(NOW_MS + testPolicy().limits.stormQuietMs);
    expect(kept(ledgerOf({ stormUntilMs: NOW_MS + 5 })).stormUntilMs).toBe(NOW_MS + 5);
    expect(kept(ledgerOf({ stormUntilMs: NOW_MS - 5 })).stormUntilMs).toBeNull();
  });

  it('opens the breaker when the hour is spent and leaves it open', () => {
    const policy = testPolicy({ limits: { ...testPolicy().limits, perHour: 1 } });
    const ledger = ledgerOf({ remediations: [remediationOf('drain-replica', 'patroni2')] });
    const opened = kept(ledger, undefined, undefined, policy);
    expect(opened.breaker).toEqual({ openSinceMs: NOW_MS, reason: '1 actions within an hour (limits.perHour 1)' });
    expect(kept({ ...opened, remediations: [] }, undefined, undefined, policy).breaker).toEqual(opened.breaker);
  });

  it('lets switches expire', () => {
    const ledger = ledgerOf({
      switches: [
        { subject: 'global', owner: 'dba', reason: '', sinceMs: 0, expiresAtMs: NOW_MS },
        { subject: 'cluster', owner: 'dba', reason: '', sinceMs: 0, expiresAtMs: null },
      ],
    });
    expect(kept(ledger).switches.map((row) => row.subject)).toEqual(['cluster']);
  });
});

describe('a flap score', () => {
  it('halves each fall with every half-life', () => {
    expect(flapScore([NOW_MS, NOW_MS - 3_600_000, NOW_MS - 7_200_000], NOW_MS, 3_600_000)).toBe(1.75);
    expect(flapScore([], NOW_MS, 3_600_000)).toBe(0);
  });
});

describe('a drain of ours', () => {
  const undone = (ledger: Ledger, ...changes: readonly Change[]) => undoneDrains(ledger, viewOf(...changes));

  it('is recorded before the request, once for each member, and only for drains', () => {
    const drain = remediationOf('drain-replica', 'patroni3');
    const ledger = claimedBy(claimedBy(ledgerOf(), drain), drain);
    expect(ledger.drains).toHaveLength(1);
    expect(claimedBy(ledgerOf(), remediationOf('restart-member', 'patroni3')).drains).toEqual([]);
    expect(withoutClaim(ledger, 'drain', 'patroni3').drains).toEqual([]);
    expect(withoutClaim(ledger, 'drain', 'patroni2').drains).toHaveLength(1);
  });

  it('is recorded with the actuators that it is bound to: those must be undone, whatever the policy says by then', () => {
    const plan = planOf('drain-replica', 'patroni3', { actuators: ['tag'], shutdownSessions: false });
    const ledger = claimedBy(ledgerOf(), remediationOf('drain-replica', 'patroni3', { plan }));
    expect(ledger.drains[0]?.actuators).toEqual(['tag']);
  });

  it.each<[string, Ledger, readonly Change[], readonly string[]]>([
    ['still in force', drainedByUs('patroni3'), [proxyDrain('patroni3')], []],
    ['undone in the proxy', drainedByUs('patroni3'), [], ['patroni3']],
    ['not to be seen because the proxy is silent', drainedByUs('patroni3'), [noProxy], []],
    [
      'under way just now',
      {
        ...drainedByUs('patroni3'),
        remediations: [remediationOf('drain-replica', 'patroni3', { phase: 'verifying', endedAtMs: null })],
      },
      [],
      [],
    ],
    [
      'on paper only, in dry-run',
      { ...drainedByUs('patroni3'), drains: drainedByUs('patroni3').drains.map((row) => ({ ...row, shadow: true })) },
      [],
      [],
    ],
    [
      'in force in one of its two actuators',
      {
        ...drainedByUs('patroni3'),
        drains: drainedByUs('patroni3').drains.map((row) => ({ ...row, actuators: ['proxy', 'tag'] as const })),
      },
      [proxyDrain('patroni3')],
      [],
    ],
  ])('that is %s', (_name, ledger, changes, byHand) => {
    expect(undone(ledger, ...changes)).toEqual({ byHand, forgotten: [] });
  });

  it('that a restarted proxy forgot was not undone by anybody', () => {
    const restarted: Change = (view) =>
      eachProxy(view, ({ seen }) => ({
        seen: seen.kind === 'unknown' ? seen : { ...seen, value: { ...seen.value, startedAtMs: NOW_MS - 1_000 } },
      }));
    expect(undone(drainedByUs('patroni3'), restarted)).toEqual({ byHand: [], forgotten: ['patroni3'] });
  });
});

describe('the ledger', () => {
  it('replaces a remediation by its id and keeps the order', () => {
    const one = remediationOf('drain-replica', 'patroni2', { id: '1' });
    const two = remediationOf('drain-replica', 'patroni3', { id: '2' });
    const ledger = withRemediation(withRemediation(ledgerOf(), one), two);
    expect(withRemediation(ledger, { ...one, phase: 'failed' }).remediations.map((row) => [row.id, row.phase])).toEqual(
      [
        ['1', 'failed'],
        ['2', 'succeeded'],
      ],
    );
  });
});
