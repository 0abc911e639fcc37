import { describe, expect, it } from 'vitest';
import { decide, requestsOf } from '../../../src/decide/decide.js';
import { type Decision } from '../../../src/model/decision.js';
import { decisionText } from '../../../src/words/decision.js';
import { testPolicy } from '../../support/policy.js';
import {
  blocker,
  drainedByUs,
  inputOf,
  lags,
  ledgerOf,
  MB,
  NOW_MS,
  planOf,
  problemOf,
  proxyDrain,
  remediationOf,
  SCOPE,
  sql,
  damaged,
  viewOf,
  type Change,
} from '../../support/view.js';

const EMERGENCY = problemOf('replica-lag-emergency', 'patroni3');
const LAGGING = viewOf(lags('patroni3', 200 * MB));
const short = (decision: Decision): string =>
  decision.kind === 'act' || decision.kind === 'held'
    ? `${decision.kind} ${decision.plan.action} ${decision.plan.target}`
    : `${decision.kind} ${decision.code} ${decision.subject}: ${decision.why}`;
const decided = (...args: Parameters<typeof inputOf>): readonly string[] => decide(inputOf(...args)).map(short);

describe('what is decided', () => {
  it('is nothing when there is no problem', () => {
    expect(decided([])).toEqual([]);
  });

  it('is to act, with the exact request and the evidence', () => {
    const [decision] = decide(inputOf([EMERGENCY], { view: LAGGING }));
    expect(decision).toEqual({
      kind: 'act',
      plan: planOf('drain-replica', 'patroni3', { actuators: ['proxy'], shutdownSessions: false }),
      why: 'replica-lag-emergency on patroni3',
      steps: ['haproxy> set server postgres_replicas/patroni3 state drain'],
    });
  });

  it('is to wait while the grace runs, until a time that is told', () => {
    const suspect = { ...EMERGENCY, phase: 'suspect' as const, actionableAtMs: NOW_MS + 4_000 };
    expect(decide(inputOf([suspect], { view: LAGGING }))).toEqual([
      {
        kind: 'waiting',
        code: 'replica-lag-emergency',
        subject: 'patroni3',
        why: 'counts at 02:00:04Z if it persists',
        untilMs: NOW_MS + 4_000,
      },
    ]);
  });

  it.each([
    ['goes away', { phase: 'recovering' }, 'not seen any more: over if it stays away'],
    [
      'is only suspected and its source is silent',
      { phase: 'suspect', lastSeenMs: NOW_MS - 2_000 },
      'nobody can look for it now: it neither counts nor ends until somebody can',
    ],
    ['was seen too rarely', { phase: 'suspect' }, 'seen for long enough, in too few passes so far'],
  ] as const)('is to wait while it %s, and no grace is said to run', (_when, part, why) => {
    expect(decide(inputOf([{ ...EMERGENCY, ...part }], { view: LAGGING }))).toEqual([
      { kind: 'waiting', code: 'replica-lag-emergency', subject: 'patroni3', why, untilMs: null },
    ]);
  });

  it('is to page for a problem without a ladder', () => {
    expect(decided([problemOf('dcs-alarm', SCOPE)])).toEqual([`page dcs-alarm ${SCOPE}: dcs-alarm on ${SCOPE}`]);
  });

  it('is nothing for a problem that is only worth a look', () => {
    expect(decided([problemOf('pending-restart', 'patroni2')])).toEqual([]);
  });

  it('is one act at most: what comes second is held behind the first', () => {
    const policy = testPolicy({ limits: { ...testPolicy().limits, stormMembers: 9, minReadPool: 0 } });
    const problems = [EMERGENCY, problemOf('replica-lag-emergency', 'patroni2')];
    const decisions = decide(inputOf(problems, { view: LAGGING, policy }));
    expect(decisions.map(short)).toEqual(['act drain-replica patroni3', 'held drain-replica patroni2']);
    expect(decisions[1]).toMatchObject({
      blocks: [{ gate: 'blast-radius', because: 'drain-replica patroni3 goes first in this pass' }],
    });
  });

  it('puts the problem of higher rank first', () => {
    const decisions = decided(
      [problemOf('replica-lagging', 'patroni2'), EMERGENCY, problemOf('replay-blocked', 'patroni2')],
      {
        view: viewOf(lags('patroni3', 200 * MB), sql('patroni2', { blockers: [blocker] })),
      },
    );
    expect(decisions).toEqual(['act drain-replica patroni3', 'held cancel-blocking-queries patroni2']);
  });

  it('says a plan that answers two problems once', () => {
    const view = viewOf(damaged('patroni3'));
    expect(
      decided([problemOf('replica-start-failed', 'patroni3'), problemOf('wal-missing', 'patroni3')], { view }),
    ).toEqual([
      'act reinitialize-replica patroni3',
      'waiting wal-missing patroni3: reinitialize-replica patroni3 answers this too',
    ]);
  });

  it('waits for what is in flight on the member', () => {
    const running = remediationOf('drain-replica', 'patroni3', {
      phase: 'verifying',
      endedAtMs: null,
      deadlineMs: NOW_MS + 9_000,
    });
    expect(decide(inputOf([EMERGENCY], { view: LAGGING, ledger: ledgerOf({ remediations: [running] }) }))).toEqual([
      {
        kind: 'waiting',
        code: 'replica-lag-emergency',
        subject: 'patroni3',
        why: 'drain-replica patroni3 is in flight (verifying)',
        untilMs: NOW_MS + 9_000,
      },
    ]);
  });
});

describe('the ladder', () => {
  it('moves on when the first rung is done already, whoever did it', () => {
    const view = viewOf(lags('patroni3', 200 * MB), proxyDrain('patroni3'), sql('patroni3', { blockers: [blocker] }));
    expect(decided([EMERGENCY], { view })).toEqual(['act cancel-blocking-queries patroni3']);
  });

  it('[S11] says of a rehearsed drain that nothing was sent, and of a real one that it is so', () => {
    const ledger = ledgerOf({ drains: drainedByUs('patroni3').drains.map((row) => ({ ...row, shadow: true })) });
    const of = (...changes: readonly Change[]): string =>
      decided([EMERGENCY], { view: viewOf(lags('patroni3', 200 * MB), ...changes), ledger }).join();
    expect(of()).toContain('drain-replica: rehearsed, nothing was sent;');
    expect(of(proxyDrain('patroni3'))).toContain('drain-replica: done already;');
  });

  it('waits when no rung has anything to do, and says why of each', () => {
    const view = viewOf(lags('patroni3', 200 * MB), proxyDrain('patroni3'));
    expect(decided([EMERGENCY], { view })).toEqual([
      'waiting replica-lag-emergency patroni3: drain-replica: done already; cancel-blocking-queries: no backend on patroni3 blocks replay for long enough, or policy protects those that do',
    ]);
  });

  it('skips a rung that is off', () => {
    const policy = testPolicy({}, { 'restart-member': { mode: 'off' } });
    const view = viewOf(damaged('patroni3'));
    expect(decided([problemOf('replica-not-streaming', 'patroni3')], { view, policy })).toEqual([
      'act reinitialize-replica patroni3',
    ]);
  });

  it('climbs when a rung was tried as often as allowed', () => {
    const ledger = ledgerOf({
      remediations: [remediationOf('restart-member', 'patroni3', { phase: 'ineffective' }, 'timeline-diverged')],
    });
    const view = viewOf(damaged('patroni3'));
    expect(decided([problemOf('timeline-diverged', 'patroni3')], { view, ledger })).toEqual([
      'act reinitialize-replica patroni3',
    ]);
  });

  it('ends at a person, with the history of each rung', () => {
    const ledger = ledgerOf({
      remediations: [
        remediationOf('restart-member', 'patroni3', { phase: 'failed' }),
        remediationOf('reinitialize-replica', 'patroni3', { id: '1', phase: 'ineffective' }),
        remediationOf('reinitialize-replica', 'patroni3', { id: '2', phase: 'failed' }),
      ],
    });
    expect(decided([problemOf('replica-not-streaming', 'patroni3')], { ledger })).toEqual([
      'page replica-not-streaming patroni3: replica-not-streaming on patroni3; restart-member was tried 1 times in this chain without lasting effect; reinitialize-replica was tried 2 times in this chain without lasting effect',
    ]);
  });

  it('after rehearsals says that nothing was sent, not that it did not help', () => {
    const shadow = { phase: 'succeeded', shadow: true } as const;
    const ledger = ledgerOf({
      remediations: [
        remediationOf('restart-member', 'patroni3', { ...shadow, id: '0' }),
        remediationOf('reinitialize-replica', 'patroni3', { ...shadow, id: '1' }),
        remediationOf('reinitialize-replica', 'patroni3', { ...shadow, id: '2' }),
      ],
    });
    const told = decided([problemOf('replica-not-streaming', 'patroni3')], { ledger }).join();
    expect(told).toContain('reinitialize-replica was rehearsed 2 times in this chain, nothing was sent');
    expect(told).not.toContain('was tried');
  });

  it('never works on what is not in our inventory', () => {
    expect(decided([problemOf('member-down', 'patroni9')])[0]).toContain(
      'patroni9 is not a member that it could work on',
    );
  });
});

describe('in words', () => {
  it.each<[string, Decision, string]>([
    [
      'an act',
      { kind: 'act', plan: planOf('drain-replica', 'patroni3'), why: 'it lags', steps: [] },
      'drain-replica patroni3: it lags',
    ],
    [
      'a held plan names its gates',
      {
        kind: 'held',
        plan: planOf('drain-replica', 'patroni3'),
        why: 'it lags',
        steps: [],
        blocks: [
          { gate: 'mode', because: '', unblock: '', retryAtMs: null },
          { gate: 'window', because: '', unblock: '', retryAtMs: null },
        ],
      },
      'drain-replica patroni3 held by mode, window: it lags',
    ],
    [
      '[O5] an approval that waits is not called a page',
      {
        kind: 'held',
        plan: planOf('drain-replica', 'patroni3'),
        why: 'it lags',
        steps: [],
        blocks: [{ gate: 'approval', because: '', unblock: '', retryAtMs: null }],
      },
      'drain-replica patroni3 waits for an approval: it lags',
    ],
    [
      'a wait',
      {
        kind: 'waiting',
        code: 'member-down',
        subject: 'patroni3',
        why: 'counts at 02:00:04Z if it persists',
        untilMs: null,
      },
      'waiting on member-down patroni3: counts at 02:00:04Z if it persists',
    ],
    [
      '[O5] a page names whose turn it is',
      { kind: 'page', code: 'cluster-down', subject: SCOPE, why: 'nobody answers' },
      `a person must act on cluster-down ${SCOPE}: nobody answers`,
    ],
  ])('%s', (_name, decision, text) => {
    expect(decisionText(decision)).toBe(text);
  });

  it('the requests of a plan are those that would be sent, in order', () => {
    const policy = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: true } });
    expect(requestsOf({ policy, view: viewOf() }, planOf('drain-replica', 'patroni3'))).toEqual([
      'haproxy> set server postgres_replicas/patroni3 state drain',
      'haproxy> shutdown sessions server postgres_replicas/patroni3',
      "set tags.noloadbalance = true in patroni3's own patroni.yml",
      'POST /reload on patroni3 {}',
    ]);
  });
});
