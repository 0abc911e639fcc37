import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { strangeServer, tellableIn } from '../../../src/actions/proxy-places.js';
import { stepInput } from '../../../src/actions/waits.js';
import { decide } from '../../../src/decide/decide.js';
import { haltAt } from '../../../src/decide/second-look.js';
import { undoneDrains } from '../../../src/ledger/after-pass.js';
import { fold } from '../../../src/ledger/fold.js';
import type { DrainRecord, Ledger } from '../../../src/model/ledger.js';
import type { Decision } from '../../../src/model/decision.js';
import type { Plan } from '../../../src/model/plan.js';
import { memberName } from '../../../src/model/names.js';
import type { Policy } from '../../../src/model/policy.js';
import { stepLines } from '../../../src/words/request.js';
import { eachProxy } from '../../support/proxies.js';
import { testPolicy } from '../../support/policy.js';
import { atProxy, begunAnew, drainedAt, noAnswerOf, twoProxies } from '../../support/two-proxies.js';
import {
  assessmentOf,
  inputOf,
  lags,
  ledgerOf,
  MB,
  NOW_MS,
  planOf,
  problemOf,
  remediationOf,
  seenIn,
  viewOf,
  type Change,
} from '../../support/view.js';

const emergency = problemOf('replica-lag-emergency', 'patroni3');
const goesOn = testPolicy({ drain: { ...testPolicy().drain, whileProxySilent: 'go-on' } });

const laggard = (...changes: readonly Change[]) => viewOf(twoProxies, lags('patroni3', 200 * MB), ...changes);

function drainIn(view: ReturnType<typeof laggard>, policy: Policy, ledger: Ledger = ledgerOf()): Decision | undefined {
  return decide({ ...inputOf([emergency], { view, policy }), ledger }).find(
    (decision) => 'plan' in decision && decision.plan.action === 'drain-replica',
  );
}

const requestsIn = (view: ReturnType<typeof laggard>, plan: Plan, policy = testPolicy()): readonly string[] =>
  ACTIONS[plan.action].steps(stepInput({ policy, view }), plan).flatMap(({ step }) => stepLines(step));

const planIn = (view: ReturnType<typeof laggard>, policy = testPolicy(), ledger = ledgerOf()): Plan => {
  const decision = drainIn(view, policy, ledger);
  if (decision?.kind !== 'act') throw new Error(`no drain: ${JSON.stringify(decision)}`);
  return decision.plan;
};

const place = (proxy: string, backend: string) => ({ proxy, backend, server: 'pg-c' });
const NORTH = [place('north', 'ro'), place('north', 'reports')];
const SOUTH = [place('south', 'ro'), place('south', 'reports')];
const TOLD = { pid: 10, startedAtMs: NOW_MS - 3_600_000 };
const record = (at: DrainRecord['at'], part: Partial<DrainRecord> = {}): Ledger =>
  ledgerOf({
    drains: [
      {
        member: 'patroni3',
        actuators: ['proxy'],
        sinceMs: NOW_MS - 60_000,
        remediationId: 'd',
        shadow: false,
        processes: { north: TOLD, south: TOLD },
        ...(at === undefined ? {} : { at }),
        ...part,
      },
    ],
  });

const leadsElsewhere: Change = (view) =>
  eachProxy(view, ({ seen }) => ({
    seen:
      seen.kind === 'unknown'
        ? seen
        : {
            ...seen,
            value: {
              ...seen.value,
              servers: seen.value.servers.map((row) => (row.server === 'patroni3' ? { ...row, member: null } : row)),
            },
          },
  }));

describe('a drain', () => {
  it('[S5] is sent to every pool of every proxy, by the names that they have', () => {
    const view = laggard();
    expect(requestsIn(view, planIn(view))).toEqual([
      'haproxy north> set server ro/pg-c state drain',
      'haproxy north> set server reports/pg-c state drain',
      'haproxy south> set server ro/pg-c state drain',
      'haproxy south> set server reports/pg-c state drain',
    ]);
  });

  it('[S5] has succeeded when all of them show it, and says so', () => {
    const plan = planIn(laggard());
    const steps = ACTIONS['drain-replica'].steps(stepInput({ policy: testPolicy(), view: laggard() }), plan);
    const last = steps.at(-1);
    const sight = (...changes: readonly Change[]) => last?.expect(assessmentOf(laggard(...changes)));
    expect(sight(drainedAt('south', 'pg-c'))).toMatchObject({ kind: 'pending', text: 'north:ro/pg-c is still UP' });
    const both = [drainedAt('north', 'pg-c'), drainedAt('south', 'pg-c')];
    expect(sight(...both)).toMatchObject({ kind: 'met', text: expect.stringContaining('south:reports/pg-c is DRAIN') });
    expect(sight(...both, noAnswerOf('north'))).toMatchObject({ kind: 'pending' });
  });

  it('[S5] is held while one proxy does not answer, and names it', () => {
    const decision = drainIn(laggard(noAnswerOf('south')), testPolicy());
    expect(decision?.kind).toBe('held');
    expect(JSON.stringify(decision)).toContain('proxy south cannot be told');
  });

  it('[S5] goes on where the policy says so, says where it is not done, and follows when that proxy answers', () => {
    const view = laggard(noAnswerOf('south'));
    const plan = planIn(view, goesOn);
    expect(requestsIn(view, plan)).toHaveLength(2);
    const [step] = ACTIONS['drain-replica'].steps(stepInput({ policy: goesOn, view }), plan).slice(-1);
    const seen = laggard(noAnswerOf('south'), drainedAt('north', 'pg-c'));
    expect(step?.expect(assessmentOf(seen))).toMatchObject({
      kind: 'met',
      text: expect.stringContaining('not drained in south, which did not answer'),
    });
    const later = laggard(drainedAt('north', 'pg-c'));
    const again = planIn(later, goesOn, record(NORTH, { processes: { north: TOLD } }));
    const claims = ACTIONS['drain-replica'].claims?.(
      { view: later, ledger: record(NORTH, { processes: { north: TOLD } }), policy: goesOn },
      { id: 'e', plan: again, createdAtMs: NOW_MS, shadow: false },
    );
    expect(claims?.drain).toMatchObject({ remediationId: 'd', at: [...NORTH, ...SOUTH] });
  });

  it('[S5] is done again where a proxy began anew, and not where somebody opened it by hand', () => {
    const lost = laggard(drainedAt('north', 'pg-c'), begunAnew('south'));
    expect(undoneDrains(record([...NORTH, ...SOUTH]), lost)).toEqual({ byHand: [], forgotten: [] });
    expect(drainIn(lost, testPolicy(), record([...NORTH, ...SOUTH]))?.kind).toBe('act');
    const opened = laggard(drainedAt('north', 'pg-c'));
    expect(drainIn(opened, testPolicy(), record([...NORTH, ...SOUTH]))).toBeUndefined();
  });

  it.each<[string, readonly Change[], ReturnType<typeof undoneDrains>]>([
    ['all of it by hand', [], { byHand: ['patroni3'], forgotten: [] }],
    ['what a proxy forgot', [begunAnew('south')], { byHand: [], forgotten: ['patroni3'] }],
    ['nobody knows: one is silent', [noAnswerOf('south')], { byHand: [], forgotten: [] }],
    ['nothing: it stands in one pool', [drainedAt('south', 'pg-c', 'reports')], { byHand: [], forgotten: [] }],
  ])('[S5] was undone: %s', (_name, changes, expected) => {
    expect(undoneDrains(record([...NORTH, ...SOUTH]), laggard(...changes))).toEqual(expected);
  });

  it('[S5] leaves what a person drained in one proxy to that person', () => {
    const plan = planIn(laggard(drainedAt('north', 'pg-c')));
    expect(plan.params['servers']).toEqual(SOUTH);
  });

  it('[S5] is not sent to a server that is another member by the second look', () => {
    const plan = planIn(laggard());
    const moved = laggard(atProxy('south', null, 'pg-c', { member: memberName('patroni2') }));
    expect(haltAt(inputOf([emergency], { view: moved }), plan, 'problem')?.why).toBe("south:ro/pg-c is patroni2's now");
    expect(ACTIONS['drain-replica'].refuseLater?.(assessmentOf(moved), plan)).toMatchObject({ over: true });
  });

  it('[S5] is not sent to a server of its own name that leads elsewhere by now, with one proxy as with two', () => {
    const [at, moved] = [viewOf(lags('patroni3', 200 * MB)), viewOf(lags('patroni3', 200 * MB), leadsElsewhere)];
    const plan = planIn(at);
    expect(plan.params).not.toHaveProperty('servers');
    const halt = haltAt(inputOf([emergency], { view: moved }), plan, 'problem');
    expect(halt?.why).toBe('nobody knows whose postgres_replicas/patroni3 is now');
  });

  it('[S5] is held while a pool has servers of which nobody knows whose they are, and not the member', () => {
    const view = laggard(atProxy('south', 'ro', 'pg-c', { member: null }));
    const decision = drainIn(view, testPolicy());
    expect(JSON.stringify(decision)).toContain('south:ro/pg-c may be patroni3');
  });

  it('[S5] counts the last reader of each pool', () => {
    expect(drainIn(laggard(atProxy('south', 'reports', 'pg-b', { weight: 0 })), testPolicy())?.kind).not.toBe('act');
    expect(drainIn(laggard(atProxy('south', 'main', 'pg-b', { weight: 0 })), testPolicy())?.kind).toBe('act');
  });
});

describe('a drain that was broken off', () => {
  const brokenOff = (phase: 'failed' | 'ineffective' | 'succeeded'): Ledger => ({
    ...record([...NORTH, ...SOUTH]),
    remediations: [remediationOf('drain-replica', 'patroni3', { phase, createdAtMs: NOW_MS - 60_000 })],
  });
  const half = laggard(drainedAt('north', 'pg-c'));

  it.each<['failed' | 'ineffective' | 'succeeded', boolean]>([
    ['failed', false],
    ['ineffective', false],
    ['succeeded', true],
  ])('[S5] between two proxies is done only if its run %s: %s', (phase, done) => {
    const input = assessmentOf(half, { ledger: brokenOff(phase) });
    expect(ACTIONS['drain-replica'].alreadyTrue(input, memberName('patroni3'))).toBe(done);
  });

  it('[S5] by a proxy that died is done in the one that all clients go to now', () => {
    const view = laggard(noAnswerOf('north'));
    expect(drainIn(view, goesOn, record(NORTH, { processes: { north: TOLD } }))?.kind).toBe('act');
  });

  it('[S5] further, and never sent, leaves the record as it was', () => {
    const view = laggard(drainedAt('north', 'pg-c'), begunAnew('south'));
    const before = record([...NORTH, ...SOUTH]);
    const plan = planIn(view, testPolicy(), before);
    const run = remediationOf('drain-replica', 'patroni3', { id: 'e', plan, phase: 'sending', stepIndex: 0 });
    const claims = ACTIONS['drain-replica'].claims?.({ view, ledger: before, policy: testPolicy() }, run);
    const sending = fold(before, { kind: 'sending', run, claims: claims ?? {} } as never);
    expect(sending.drains).not.toEqual(before.drains);
    expect(fold(sending, { kind: 'unsent', run, before } as never).drains).toEqual(before.drains);
  });

  it('[S5] at a proxy or a server that is no more is not waited for', () => {
    const gone = [...NORTH, { proxy: 'west', backend: 'ro', server: 'pg-c' }, place('south', 'old')];
    const input = assessmentOf(viewOf(twoProxies), { ledger: record(gone) });
    expect(ACTIONS['undrain-replica'].bind(input, memberName('patroni3'), null)).toEqual({
      kind: 'bound',
      params: { actuators: ['proxy'], back: NORTH },
    });
  });
});

describe('a drain is not held', () => {
  it('[S5] by a silent proxy that routes writes alone', () => {
    const view = eachProxy(laggard(noAnswerOf('south')), ({ name, pools }) => ({
      pools: name === 'south' ? { ...pools, reads: [] } : pools,
    }));
    expect(drainIn(view, testPolicy())?.kind).toBe('act');
  });

  it('[S5] by a server that the operator calls nobody', () => {
    const unknown = atProxy('south', 'ro', 'pg-c', { member: null });
    expect(drainIn(laggard(unknown), testPolicy())?.kind).toBe('held');
    expect(
      drainIn(laggard(atProxy('south', 'ro', 'pg-c', { member: null, isNobodys: true })), testPolicy())?.kind,
    ).toBe('act');
  });
});

describe('the end of a drain', () => {
  const undrain = (view: ReturnType<typeof laggard>, ledger: Ledger, policy = testPolicy()) => {
    const bound = ACTIONS['undrain-replica'].bind(assessmentOf(view, { ledger }), memberName('patroni3'), null);
    if (bound.kind !== 'bound') throw new Error(bound.why);
    const plan = { ...planOf('undrain-replica', 'patroni3'), params: bound.params };
    return { plan, refused: ACTIONS['undrain-replica'].refuse(assessmentOf(view, { ledger, policy }), plan) };
  };

  it('[S5] waits for a proxy that does not answer', () => {
    const { refused } = undrain(viewOf(twoProxies, noAnswerOf('south')), record([...NORTH, ...SOUTH]));
    expect(refused).toContain('proxy south does not answer');
  });

  it('[S5] or puts back what it can, and keeps the rest for later', () => {
    const ledger = record([...NORTH, ...SOUTH]);
    const { plan, refused } = undrain(viewOf(twoProxies, noAnswerOf('south')), ledger, goesOn);
    expect(refused).toBe(null);
    expect(plan.params).toMatchObject({ back: NORTH, left: SOUTH });
    const run = remediationOf('undrain-replica', 'patroni3', { plan, phase: 'succeeded' });
    expect(fold(ledger, { kind: 'ended', run } as never).drains).toMatchObject([{ member: 'patroni3', at: SOUTH }]);
  });
});

describe('opening traffic', () => {
  const WRITES = ['north', 'south'].map((proxy) => ({ proxy, backend: 'main', server: 'pg-a' }));
  const open = (at: DrainRecord['at'], ...changes: readonly Change[]) => {
    const fence = { member: 'patroni1', sinceMs: NOW_MS, remediationId: 'f', shadow: false };
    const ledger = ledgerOf({ fences: [at === undefined ? fence : { ...fence, at }] });
    const input = assessmentOf(viewOf(twoProxies, ...changes), { ledger });
    const bound = ACTIONS['open-traffic'].bind(input, memberName('patroni1'), null);
    if (bound.kind !== 'bound') return { bound, refused: null, fences: ledger.fences };
    const plan = { ...planOf('open-traffic', 'patroni1'), params: bound.params };
    const run = remediationOf('open-traffic', 'patroni1', { plan, phase: 'succeeded' });
    const { fences } = fold(ledger, { kind: 'ended', run } as never);
    return { bound, refused: ACTIONS['open-traffic'].refuse(input, plan), fences };
  };

  it('[S5] is done where it can be, and the rest stays ours until that proxy answers', () => {
    const { bound, refused, fences } = open(WRITES, noAnswerOf('south'));
    expect(refused).toBe(null);
    expect(bound).toMatchObject({ params: { back: WRITES.slice(0, 1), left: WRITES.slice(1) } });
    expect(fences).toMatchObject([{ at: WRITES.slice(1) }]);
    expect(open(WRITES).fences).toEqual([]);
    expect(open(WRITES.slice(1), noAnswerOf('south')).refused).toContain('south cannot be told');
  });

  it('[S5] opens what we closed, and never what a person did', () => {
    const byHand = atProxy('south', 'main', 'pg-a', { admin: { drain: false, maint: true, resolution: false } });
    expect(open(WRITES.slice(0, 1), byHand).bound).toEqual({ kind: 'bound', params: { back: WRITES.slice(0, 1) } });
    expect(open([], byHand).bound.kind).toBe('nothing');
  });
});

describe('a replica that one pool leaves out by a check of its own', () => {
  const down = (pool: string | null) => atProxy('south', pool, 'pg-c', { up: false, status: 'DOWN' });

  it('[S5] is no mismatch while another pool of that proxy has it, and one when none has', () => {
    expect(seenIn(assessmentOf(viewOf(twoProxies, down('reports'))))).not.toContain('proxy-mismatch/patroni3');
    expect(seenIn(assessmentOf(viewOf(twoProxies, down(null))))).toContain('proxy-mismatch/patroni3');
  });
});

describe('a fence, an expedited failover and a nudge', () => {
  const bound = (action: 'fence-member' | 'expedite-failover' | 'proxy-nudge', ...changes: readonly Change[]) => {
    const view = viewOf(twoProxies, ...changes);
    const answer = ACTIONS[action].bind(assessmentOf(view), memberName('patroni1'), null);
    if (answer.kind !== 'bound') throw new Error(answer.why);
    const plan = { ...planOf(action, 'patroni1'), params: answer.params };
    return requestsIn(view, plan).filter((text) => text.startsWith('haproxy'));
  };

  it('[S5] close it in every proxy before any session is cut', () => {
    expect(bound('fence-member')).toEqual([
      'haproxy north> set server main/pg-a state maint',
      'haproxy south> set server main/pg-a state maint',
      'haproxy north> shutdown sessions server main/pg-a',
      'haproxy south> shutdown sessions server main/pg-a',
    ]);
  });

  it('[S5] wait for no proxy that does not answer', () => {
    expect(bound('fence-member', noAnswerOf('north'))).toHaveLength(2);
    expect(bound('expedite-failover', noAnswerOf('north'))).toEqual([
      'haproxy south> set server main/pg-a health down',
    ]);
  });

  it.each<['fence-member' | 'expedite-failover' | 'proxy-nudge', readonly Change[]]>([
    ['fence-member', []],
    ['expedite-failover', []],
    ['proxy-nudge', [atProxy('north', 'main', 'pg-a', { up: false }), atProxy('south', 'main', 'pg-a', { up: false })]],
  ])('[S5] ask of each server whose it is, and of a proxy whether it tells: %s', (action, changes) => {
    const view = viewOf(twoProxies, ...changes);
    const answer = ACTIONS[action].bind(assessmentOf(view), memberName('patroni1'), null);
    if (answer.kind !== 'bound') throw new Error(answer.why);
    const plan = { ...planOf(action, 'patroni1'), params: answer.params };
    const strange = (...then: readonly Change[]): readonly (string | null)[] => {
      const now = viewOf(twoProxies, ...changes, ...then);
      const steps = ACTIONS[action].steps(stepInput({ policy: testPolicy(), view: now }), plan);
      return steps.flatMap((step): readonly (string | null)[] => {
        if (step.step.port === 'proxy') return [strangeServer(now, step)];
        const { tells, left } = tellableIn(now, step);
        return [...tells.map(() => null), ...left];
      });
    };
    expect(strange().every((why) => why === null)).toBe(true);
    const moved = strange(atProxy('south', null, 'pg-a', { member: memberName('patroni2') }));
    expect(moved.filter((why) => why === "south:main/pg-a is patroni2's now")).toHaveLength(moved.length / 2);
    expect(strange(noAnswerOf('south'))).toContain(
      'proxy south does not answer: nobody knows whose south:main/pg-a is now',
    );
  });

  it('[S5] call the former leader down before the new one up, proxy by proxy, and wait for none that does not obey', () => {
    const view = viewOf(twoProxies);
    const at = (proxy: string, server: string) => ({ proxy, backend: 'main', server });
    const params = {
      down: ['patroni2'],
      downFirst: true,
      servers: [at('north', 'pg-a'), at('south', 'pg-a')],
      downServers: [at('north', 'pg-b'), at('south', 'pg-b')],
    };
    const plan = planOf('proxy-nudge', 'patroni1', params);
    expect(requestsIn(view, plan)).toEqual([
      'haproxy north> set server main/pg-b health down',
      'haproxy north> set server main/pg-a health up',
      'haproxy south> set server main/pg-b health down',
      'haproxy south> set server main/pg-a health up',
    ]);
    const steps = ACTIONS['proxy-nudge'].steps(stepInput({ policy: testPolicy(), view }), plan);
    expect(steps.map(({ step }) => step.port)).toEqual(['proxies']);
  });

  it('[S5] tell only the proxies that have not found the new leader yet', () => {
    expect(bound('proxy-nudge', atProxy('south', 'main', 'pg-a', { up: false, status: 'DOWN' }))).toEqual([
      'haproxy south> set server main/pg-a health up',
    ]);
  });
});
