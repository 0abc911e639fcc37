import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../src/actions/index.js';
import { CATALOGUE } from '../../src/assess/catalogue.js';
import { contradicted } from '../../src/assess/contradiction.js';
import { decide } from '../../src/decide/decide.js';
import type { Situation } from '../../src/model/situation.js';
import { budgetUsed } from '../../src/ledger/budgets.js';
import { GATE_NAMES, type Decision } from '../../src/model/decision.js';
import { fromJson, toJson } from '../../src/model/json.js';
import { isInFlight, type Ledger, type Remediation, type RemediationPhase } from '../../src/model/ledger.js';
import { ACTION_NAMES, fingerprint } from '../../src/model/plan.js';
import type { Problem, ProblemCode } from '../../src/model/problem.js';
import { freshValue } from '../../src/model/reading.js';
import { testPolicy } from '../support/policy.js';
import {
  api,
  blocker,
  config,
  damaged,
  host,
  inputOf,
  isPrimary,
  keys,
  lags,
  leaderKey,
  ledgerOf,
  MB,
  noEtcd,
  noProxy,
  notStreaming,
  NOW_MS,
  observer,
  problemOf,
  proxyDrain,
  remediationOf,
  silent,
  sql,
  startFailed,
  stopped,
  viewOf,
  type Change,
} from '../support/view.js';
import { seenOf } from '../support/proxies.js';

const NAMES = ['patroni1', 'patroni2', 'patroni3'];
const name = fc.constantFrom(...NAMES);
const codes = CATALOGUE.map((row) => row.code);
const withLadder = CATALOGUE.filter((row) => row.ladder.length > 0).map((row) => row.code);

const change: fc.Arbitrary<Change> = fc.oneof(
  name.map((who) => stopped(who)),
  name.map((who) => startFailed(who)),
  name.map((who) => notStreaming(who)),
  name.map((who) => isPrimary(who)),
  name.map((who) => proxyDrain(who)),
  name.map((who) => leaderKey(who)),
  name.map((who) => api(who, { state: 'creating-replica', role: 'uninitialized' })),
  name.map((who) => api(who, { paused: true })),
  name.map((who) => host(who, { state: 'stopped' })),
  fc.tuple(name, fc.constantFrom('api', 'sql')).map(([who, by]) => isPrimary(who, [by])),
  name.map((who) => sql(who, { baseBackups: 1 })),
  fc.tuple(name, fc.constantFrom('api', 'sql', 'host')).map(([who, what]) => silent(who, what)),
  fc.tuple(name, fc.integer({ min: 0, max: 300 })).map(([who, megabytes]) => lags(who, megabytes * MB)),
  fc.constantFrom(
    noEtcd,
    noProxy,
    leaderKey(null),
    config({ paused: true }),
    observer({ clockJumpMs: 60_000 }),
    keys({ failover: { leader: 'patroni1', member: null, scheduledAt: null } }),
    keys({ sync: { leader: 'patroni1', standbys: ['patroni3'] } }),
  ),
);

/** Trouble as it shows itself, and the problem that the machines would hold of it. */
const trouble = fc
  .tuple(fc.constantFrom('patroni2', 'patroni3'), fc.integer({ min: 0, max: 6 }))
  .map(([who, kind]): { readonly change: Change; readonly code: ProblemCode; readonly subject: string } => {
    const kinds: readonly (readonly [ProblemCode, Change])[] = [
      ['replica-lag-emergency', lags(who, 200 * MB)],
      ['replica-start-failed', damaged(who)],
      ['member-down', stopped(who)],
      ['replica-not-streaming', notStreaming(who)],
      ['timeline-diverged', damaged(who)],
      ['replay-blocked', sql(who, { blockers: [blocker] })],
      ['replica-recovered', proxyDrain(who)],
    ];
    const [code, effect] = kinds[kind] ?? ['replica-lag-emergency', lags(who, 200 * MB)];
    return { code, change: effect, subject: who };
  });

/** Any problem of any member, whether anything in the view speaks for it or not. */
const problem: fc.Arbitrary<Problem> = fc
  .record({
    code: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...withLadder) }, fc.constantFrom(...codes)),
    subject: name,
    phase: fc.constantFrom<Problem['phase'][]>('active', 'active', 'active', 'suspect', 'recovering'),
    channels: fc.subarray(['api', 'sql', 'peers', 'dcs', 'host', 'proxy'] as const, { minLength: 1 }),
  })
  .map(({ code, subject, ...part }) => problemOf(code, subject, part));

const remediation: fc.Arbitrary<Remediation> = fc
  .record({
    action: fc.constantFrom(...ACTION_NAMES),
    target: name,
    phase: fc.constantFrom<RemediationPhase>(
      'planned',
      'sending',
      'verifying',
      'unknown',
      'succeeded',
      'ineffective',
      'failed',
      'abandoned',
    ),
    ageMs: fc.integer({ min: 0, max: 7_200_000 }),
    id: fc.uuid(),
  })
  .map(({ action, target, phase, ageMs, id }) => {
    const row = remediationOf(action, target, { id, phase, createdAtMs: NOW_MS - ageMs });
    return { ...row, endedAtMs: isInFlight(row) ? null : NOW_MS - ageMs };
  });

type Impediment = (input: Situation) => Situation;
const inLedger =
  (part: (ledger: Ledger) => Partial<Ledger>): Impediment =>
  (one) => ({ ...one, ledger: { ...one.ledger, ...part(one.ledger) } });

const impediment: fc.Arbitrary<Impediment> = fc.oneof(
  fc.array(remediation, { minLength: 1, maxLength: 8 }).map((remediations) => inLedger(() => ({ remediations }))),
  fc.subarray(NAMES, { minLength: 1, maxLength: 2 }).map((drained) =>
    inLedger(() => ({
      drains: drained.map((member) => ({
        member,
        actuators: ['proxy'],
        sinceMs: 0,
        remediationId: 'd',
        shadow: false,
      })),
    })),
  ),
  fc
    .constantFrom('global', 'cluster', 'member:patroni3', 'action:drain-replica')
    .map((subject) =>
      inLedger(() => ({ switches: [{ subject, owner: 'dba', reason: '', sinceMs: 0, expiresAtMs: null }] })),
    ),
  fc
    .constantFrom('held', 'not-needed', 'other', 'unknown')
    .map((state): Impediment => (one) => ({ ...one, tenure: { state, owner: null, epoch: null } })),
  fc
    .constantFrom('enforce', 'dry-run', 'observe')
    .map((mode): Impediment => (one) => ({ ...one, policy: { ...one.policy, mode } })),
  fc.subarray([...ACTION_NAMES], { maxLength: 4 }).map((asked): Impediment => (one) => ({
    ...one,
    policy: testPolicy(
      {},
      Object.fromEntries(ACTION_NAMES.map((action) => [action, { mode: asked.includes(action) ? 'approve' : 'auto' }])),
    ),
  })),
  fc.integer({ min: 1, max: 4 }).map((perHour): Impediment => (one) => ({
    ...one,
    policy: { ...one.policy, limits: { ...one.policy.limits, perHour } },
  })),
  fc.constantFrom<Impediment[]>(
    inLedger(() => ({ breaker: { openSinceMs: 0, reason: 'spent' } })),
    inLedger(() => ({ stormUntilMs: NOW_MS + 1_000 })),
    (one) => ({ ...one, impaired: ['the journal cannot be written'] }),
    (one) => ({ ...one, windows: { freeze: { reason: 'sale', untilMs: NOW_MS + 1 }, maintenance: null } }),
    (one) => ({ ...one, states: { ...one.states, memory: { ...one.states.memory, cleanPasses: 0 } } }),
    (one) => ({ ...one, states: { ...one.states, memory: { ...one.states.memory, positions: {} } } }),
    (one) => ({
      ...one,
      policy: {
        ...one.policy,
        limits: { ...one.policy.limits, minReadPool: 0, minHealthyReplicas: 0, stormMembers: 9 },
      },
    }),
  ),
);

const automatic = testPolicy({}, Object.fromEntries(ACTION_NAMES.map((action) => [action, { mode: 'auto' as const }])));

/** A trouble or two, perhaps something else that is odd, and what may stand in the way. */
const input: fc.Arbitrary<Situation> = fc
  .record({
    troubles: fc.array(trouble, { minLength: 1, maxLength: 2 }),
    odd: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(change, { minLength: 1, maxLength: 3 })),
    more: fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, fc.array(problem, { minLength: 1, maxLength: 3 })),
    impediments: fc.oneof(
      { weight: 1, arbitrary: fc.constant<Impediment[]>([]) },
      fc.array(impediment, { minLength: 1, maxLength: 2 }),
    ),
  })
  .map(({ troubles, odd, more, impediments }) => {
    const problems = new Map<string, Problem>();
    for (const one of [
      ...troubles.map(({ code, subject }) =>
        problemOf(code, subject, { channels: ['api', 'sql', 'host', 'dcs', 'peers'] }),
      ),
      ...more,
    ])
      problems.set(`${one.code}/${one.subject}`, one);
    const recovered = troubles.filter((one) => one.code === 'replica-recovered').map((one) => one.subject);
    const base = inputOf([...problems.values()], {
      view: viewOf(...troubles.map((one) => one.change), ...odd),
      policy: automatic,
      ledger: ledgerOf({
        drains: recovered.map((member) => ({
          member,
          actuators: ['proxy'],
          sinceMs: 0,
          remediationId: 'd',
          shadow: false,
        })),
      }),
    });
    return impediments.reduce((one, impede) => impede(one), base);
  });

const RUNS = { numRuns: 3_000 };
type Act = Extract<Decision, { kind: 'act' }>;
const actsOf = (decisions: readonly Decision[]): readonly Act[] => decisions.filter((row) => row.kind === 'act');

/** Checks what must hold of every decision to act. Throws when so few came up that the property would be empty. */
function always(check: (act: Act, of: Situation) => void): void {
  let acts = 0;
  fc.assert(
    fc.property(input, (one) => {
      for (const act of actsOf(decide(one))) {
        acts += 1;
        check(act, one);
      }
    }),
    RUNS,
  );
  expect(acts).toBeGreaterThan(50);
}

describe('whatever the situation', () => {
  it('at most one decision acts', () => {
    fc.assert(
      fc.property(input, (one) => {
        expect(actsOf(decide(one)).length).toBeLessThanOrEqual(1);
      }),
      RUNS,
    );
  });

  it('the same input gives the same decisions, also after a way through JSON', () => {
    fc.assert(
      fc.property(input, (one) => {
        const decisions = decide(one);
        expect(decide(one)).toEqual(decisions);
        expect(decide(fromJson(toJson(one)) as Situation)).toEqual(decisions);
      }),
      RUNS,
    );
  });

  it('each problem gets at most one decision, and each "no" has reasons and a way out', () => {
    fc.assert(
      fc.property(input, (one) => {
        const decisions = decide(one);
        expect(decisions.length).toBeLessThanOrEqual(one.states.problems.length);
        for (const decision of decisions) {
          if (decision.kind !== 'held') continue;
          expect(decision.blocks.length).toBeGreaterThan(0);
          for (const block of decision.blocks) {
            expect(GATE_NAMES).toContain(block.gate);
            expect(block.because).not.toBe('');
            expect(block.unblock).not.toBe('');
          }
        }
      }),
      RUNS,
    );
  });

  it('no two plans of a pass are the same', () => {
    fc.assert(
      fc.property(input, (one) => {
        const plans = decide(one).flatMap((row) => (row.kind === 'act' || row.kind === 'held' ? [row.plan] : []));
        expect(new Set(plans.map((plan) => `${plan.action} ${plan.target}`)).size).toBe(plans.length);
        expect(new Set(plans.map(fingerprint)).size).toBe(plans.length);
      }),
      RUNS,
    );
  });
});

/** What a draw of chance found once. */
describe('[O12] a fenced member that leads by its API, its SQL and etcd, and is stopped by its host driver', () => {
  it.each(['api and sql', 'api', 'sql'])('is not started: %s answer', (answering) => {
    const one = inputOf([problemOf('member-fenced', 'patroni2', { channels: ['host'] })], {
      policy: automatic,
      view: viewOf(
        leaderKey('patroni2'),
        isPrimary('patroni2'),
        host('patroni2', { state: 'stopped' }),
        ...(['api', 'sql'] as const).filter((by) => !answering.includes(by)).map((by) => silent('patroni2', by)),
      ),
    });
    expect(actsOf(decide(one))).toEqual([]);
  });

  it('and the same policy starts one that is stopped and silent', () => {
    const one = inputOf([problemOf('member-fenced', 'patroni2', { channels: ['host'] })], {
      policy: automatic,
      view: viewOf(stopped('patroni2')),
    });
    expect(actsOf(decide(one)).map(({ plan }) => plan.action)).toEqual(['start-member']);
  });
});

describe('whatever acts', () => {
  it('does so on a linearizable read of this pass, with tenure, an intact journal and nobody having switched us off', () => {
    always((act, one) => {
      expect(one.view.dcs.keys.kind).toBe('fresh');
      expect(['held', 'not-needed']).toContain(one.tenure.state);
      expect(one.impaired).toEqual([]);
      expect(one.policy.mode).not.toBe('observe');
      const subjects = ['global', 'cluster', `member:${act.plan.target}`, `action:${act.plan.action}`];
      expect(one.ledger.switches.filter((row) => subjects.includes(row.subject))).toEqual([]);
      expect(one.states.memory.cleanPasses).toBeGreaterThan(0);
    });
  });

  it('is never a repair of the member that leads or that accepts writes', () => {
    const repairs = ['drain-replica', 'restart-member', 'start-member', 'reinitialize-replica'];
    always((act, one) => {
      if (!repairs.includes(act.plan.action)) return;
      expect(freshValue(one.view.dcs.keys)?.leader.holder).not.toBe(act.plan.target);
      const member = one.view.members.find((row) => row.name === act.plan.target);
      const status = member === undefined ? null : freshValue(member.sql);
      if (act.plan.action !== 'drain-replica') expect(status?.inRecovery ?? true).toBe(true);
    });
  });

  it('[O12] never touches a member whose channels contradict each other', () => {
    always((act, one) => {
      expect(contradicted(one.view, act.plan)).toBeNull();
    });
  });

  it('never goes beyond the budget, the breaker or a freeze, unless it only gives back or brings an election forward', () => {
    always((act, one) => {
      if (ACTIONS[act.plan.action].risk === 'none') return;
      expect(one.windows.freeze).toBeNull();
      const isApart = act.plan.action === 'expedite-failover';
      expect(budgetUsed(one, isApart ? 'expedite-failover' : undefined)).toBeLessThan(one.policy.limits.perHour);
      if (!isApart) expect(one.ledger.breaker).toBeNull();
    });
  });

  it('never begins a repair beside another one', () => {
    always((act, one) => {
      if (['leadership', 'fencing'].includes(ACTIONS[act.plan.action].class)) return;
      expect(one.ledger.remediations.filter(isInFlight)).toEqual([]);
    });
  });

  it('never empties the read pool', () => {
    always((act, one) => {
      if (act.plan.action !== 'drain-replica' || one.policy.limits.minReadPool === 0) return;
      const drained = one.ledger.drains.map((row) => row.member);
      const serving = (freshValue(seenOf(one.view))?.servers ?? []).filter(
        (row) => row.backend === 'postgres_replicas' && row.up && !row.admin.drain && row.server !== act.plan.target,
      );
      expect(serving.filter((row) => !drained.includes(row.server)).length).toBeGreaterThan(0);
    });
  });

  it('never destroys a copy that is not proven to hold nothing of its own', () => {
    always((act, one) => {
      if (!ACTIONS[act.plan.action].destroysCopy) return;
      expect(one.states.memory.positions[act.plan.target]?.inRecovery).toBe(true);
    });
  });

  it('was not asked of a person by the policy: no approval was ever given here', () => {
    always((act, one) => {
      expect(one.policy.actions[act.plan.action].mode).toBe('auto');
    });
  });
});
