import { describe, expect, it } from 'vitest';
import type { VetoAnswer, VetoQuestion } from '../../src/model/veto.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type RigOptions } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';
import { changeStaged, newestRun, startStaged } from '../support/staged.js';

const GO: VetoAnswer = { kind: 'go', because: '' };
const NO: VetoAnswer = { kind: 'veto', because: 'the batch runs', forMs: 30_000 };
const DEADLINE_MS = 5_000;

/** A hook that answers by this list and then like its last; null: it hangs. */
function hook(...answers: readonly (VetoAnswer | null)[]) {
  const asked: VetoQuestion[] = [];
  const veto: NonNullable<RigOptions['veto']> = {
    deadlineMs: DEADLINE_MS,
    ask: (question) => {
      asked.push(question);
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? null;
      return answer === null ? new Promise(() => undefined) : Promise.resolve(answer);
    },
    reach: () => Promise.resolve(null),
    close: () => undefined,
  };
  return { asked, veto };
}

async function emergency(options: RigOptions, seconds: number) {
  const ekimi = rig(options);
  await ekimi.run(15);
  lagEmergency(ekimi);
  await ekimi.run(seconds);
  return ekimi;
}

describe('a veto hook', () => {
  it('that says go is asked once, with the exact request, and then it is sent', async () => {
    const { asked, veto } = hook(GO);
    const ekimi = await emergency({ veto }, 30);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(asked.map(({ plan, requests }) => [plan.action, plan.target, requests])).toEqual([
      ['drain-replica', 'patroni3', [DRAIN]],
    ]);
    expect(ekimi.entries('veto').map(({ body }) => body.change)).toEqual(['asked', 'go']);
  });

  it('that says no holds the action for as long as it says, is told by its words, and is asked again then', async () => {
    const { asked, veto } = hook(NO, GO);
    const ekimi = await emergency({ veto }, 20);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toEqual(['veto: the veto hook says no: the batch runs -> let the hook say go']);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(asked).toHaveLength(2);
  });

  it('that hangs stalls no pass, and its silence holds', async () => {
    const { veto } = hook(null);
    const ekimi = await emergency({ veto }, 20);
    const { tick } = ekimi.session;
    await ekimi.run(10);
    expect(ekimi.session.tick).toBeGreaterThan(tick + 8);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join()).toMatch(/^veto: the veto hook /);
  });

  it('whose silence means go is waited for until its deadline, and no longer', async () => {
    const { asked, veto } = hook(null);
    const ekimi = await emergency({ veto, policy: testPolicy({ veto: { onSilence: 'go', emergencies: false } }) }, 30);
    expect(ekimi.requests()).toEqual([DRAIN]);
    const sentAtMs = ekimi.entries('intent')[0]?.atMs ?? 0;
    expect(sentAtMs - (asked[0]?.askedAtMs ?? 0)).toBeGreaterThanOrEqual(DEADLINE_MS);
    expect(sentAtMs - (asked[0]?.askedAtMs ?? 0)).toBeLessThan(DEADLINE_MS + 3_000);
  });

  it('that gives no answer that counts is asked again a minute later', async () => {
    const { asked, veto } = hook({ kind: 'silent', because: 'status 500' }, GO);
    const ekimi = await emergency({ veto }, 40);
    expect(ekimi.requests()).toEqual([]);
    expect(asked).toHaveLength(1);
    expect(ekimi.why().join()).toContain('the veto hook gave no answer: status 500');
    await ekimi.run(45);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it.each([
    ['is silent for ever', { kind: 'silent', because: 'status 500' }],
    ['says no again and again for half a minute', NO],
  ] as const)('that %s is told to a person once that has lasted', async (_, answer) => {
    const { veto } = hook(answer);
    const ekimi = await emergency({ veto }, 90);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.filter((page) => JSON.stringify(page).includes('veto')).length).toBe(1);
  });

  it('whose go comes minutes late counts as silent: it was said of another time', async () => {
    let answer: (value: VetoAnswer) => void = () => undefined;
    const veto: NonNullable<RigOptions['veto']> = {
      deadlineMs: DEADLINE_MS,
      ask: () => new Promise((resolve) => (answer = resolve)),
      reach: () => Promise.resolve(null),
      close: () => undefined,
    };
    const ekimi = await emergency({ veto }, 10);
    ekimi.cluster.advance(20_000);
    answer(GO);
    await ekimi.run(5);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.entries('veto').at(-1)?.body).toMatchObject({ change: 'silent', because: 'its go came too late' });
  });

  it('is not asked about a dead leader, unless the policy says so', async () => {
    const death = async (emergencies: boolean) => {
      const { asked, veto } = hook(GO);
      const policy = testPolicy(
        { veto: { onSilence: 'hold', emergencies } },
        { 'expedite-failover': { mode: 'auto' }, 'start-member': { mode: 'off' } },
      );
      const ekimi = rig({ veto, policy });
      await ekimi.run(15);
      ekimi.cluster.killContainer('patroni1');
      await ekimi.run(20);
      return { sent: ekimi.requests(), asked: asked.map(({ plan }) => plan.action) };
    };
    const alone = await death(false);
    expect(alone.sent.join()).toContain('delete the leader key');
    expect(alone.asked).not.toContain('expedite-failover');
    const asking = await death(true);
    expect(asking.sent.join()).toContain('delete the leader key');
    expect(asking.asked).toContain('expedite-failover');
  });

  it('is not asked in dry-run, which sends nothing', async () => {
    const { asked, veto } = hook(NO);
    const ekimi = await emergency({ veto, policy: testPolicy({ mode: 'dry-run' }) }, 30);
    expect(asked).toEqual([]);
    expect(ekimi.entries('intent')[0]?.body.shadow).toBe(true);
  });

  it('that was asked by a process that died is asked anew by the next one, and nothing is sent in between', async () => {
    const cluster = createCluster();
    const first = hook(null);
    const died = rig({ cluster, veto: first.veto });
    await died.run(15);
    lagEmergency(died);
    await died.run(12);
    expect([first.asked.length > 0, died.requests()]).toEqual([true, []]);
    cluster.advance(20_000);
    const second = hook(GO);
    const next = rig({ cluster, veto: second.veto, owner: 'next' });
    await next.run(60);
    expect(next.requests()).toEqual([DRAIN]);
    expect(second.asked).toHaveLength(1);
  });

  it('is asked by the one of two instances that holds tenure', async () => {
    const cluster = createCluster();
    const [holder, watcher] = [hook(GO), hook(GO)];
    const one = rig({ cluster, veto: holder.veto, owner: 'one' });
    const two = rig({ cluster, veto: watcher.veto, owner: 'two' });
    const both = async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        await one.run(1);
        await two.pass();
      }
    };
    await both(20);
    lagEmergency(one);
    await both(30);
    expect(one.requests()).toEqual([DRAIN]);
    expect([holder.asked.length, watcher.asked.length]).toEqual([1, 0]);
  });
});

describe('a wall clock that is set while the hook', () => {
  const HOUR_MS = 3_600_000;
  const ON_SILENCE = testPolicy({ veto: { onSilence: 'go', emergencies: false } });

  /** It is asked; its first answer is given by hand, and it gives no second one. */
  async function thinking(policy: typeof ON_SILENCE) {
    let answer: (value: VetoAnswer) => void = () => undefined;
    const asked: VetoQuestion[] = [];
    const veto: NonNullable<RigOptions['veto']> = {
      deadlineMs: 60_000,
      ask: (question) => {
        asked.push(question);
        return new Promise((resolve) => {
          if (asked.length === 1) answer = resolve;
        });
      },
      reach: () => Promise.resolve(null),
      close: () => undefined,
    };
    const ekimi = rig({ veto, policy });
    await ekimi.run(15);
    lagEmergency(ekimi);
    for (let second = 0; second < 30 && asked.length === 0; second += 1) await ekimi.run(1);
    return {
      ekimi,
      asked,
      answer: (value: VetoAnswer) => {
        answer(value);
      },
    };
  }

  it.each([
    ['back: its go counts', -HOUR_MS, 'go'],
    ['forward: its go does not, for the machine may have been suspended', HOUR_MS, 'silent'],
  ])('thinks, %s, and its silence is due when it was', async (_, byMs, change) => {
    const { ekimi, asked, answer } = await thinking(ON_SILENCE);
    ekimi.cluster.jumpClock(byMs);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
    answer(GO);
    await ekimi.run(15);
    expect(asked).toHaveLength(1);
    expect(ekimi.entries('veto').map(({ body }) => body.change)).toEqual(['asked', change]);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it('has said go, or a machine that is suspended then: the go was said of another time, and it is asked again', async () => {
    const { ekimi, asked, answer } = await thinking(testPolicy());
    answer(GO);
    await Promise.resolve();
    ekimi.cluster.jumpClock(HOUR_MS);
    await ekimi.run(40);
    expect(asked).toHaveLength(2);
    expect(ekimi.entries('veto').map(({ body }) => body.change)).toEqual(['asked', 'go', 'asked']);
    expect(ekimi.requests()).toEqual([]);
  });

  it.each([HOUR_MS, -HOUR_MS])('says no for half a minute, by %i ms: it is asked again after that', async (byMs) => {
    const { asked, veto } = hook(NO, NO, GO);
    const ekimi = rig({ veto });
    await ekimi.run(15);
    lagEmergency(ekimi);
    for (let second = 0; second < 30 && asked.length === 0; second += 1) await ekimi.run(1);
    ekimi.cluster.jumpClock(byMs);
    await ekimi.run(20);
    expect(asked).toHaveLength(1);
    await ekimi.run(15);
    expect(asked).toHaveLength(2);
  });
});

describe('a procedure', () => {
  const APPROVE = { mode: 'approve' as const };
  const policyOf = (mode: 'auto' | 'approve') =>
    testPolicy(
      {
        procedures: { 'rolling-restart': { mode, window: 'any' } },
        grace: { 'pending-restart': { forMs: 3_000, samples: 2 } },
      },
      { switchover: APPROVE, 'restart-member': APPROVE, 'proxy-nudge': { mode: 'auto' } },
    );
  const pending = async (policy: ReturnType<typeof policyOf>, veto: NonNullable<RigOptions['veto']>) => {
    const ekimi = rig({ policy, veto });
    await ekimi.run(15);
    ekimi.cluster.setPendingRestart('patroni2');
    await ekimi.run(15);
    return ekimi;
  };

  it('that the policy began is asked about once, with its first request, and goes on to its end', async () => {
    const { asked, veto } = hook(GO);
    const ekimi = await pending(policyOf('auto'), veto);
    await ekimi.run(200);
    expect(newestRun(ekimi)).toMatchObject({ by: 'ekimi', phase: 'succeeded' });
    const ofRun = asked.filter(({ plan }) => plan.because.code === 'operator');
    expect(ofRun.map(({ plan, requests }) => [plan.action, requests.length])).toEqual([['restart-member', 1]]);
  });

  it('to which the hook says no is held with its words, and whoever continues it gives their own', async () => {
    const { asked, veto } = hook(NO);
    const ekimi = await pending(policyOf('auto'), veto);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringMatching(/^the veto hook says no to restart-member patroni\d: the batch runs$/) as string,
    });
    expect(ekimi.requests()).toEqual([]);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(20);
    expect(ekimi.requests().length).toBeGreaterThan(0);
    expect(asked).toHaveLength(1);
  });

  it('that a person began is theirs', async () => {
    const { asked, veto } = hook(NO);
    const ekimi = rig({ policy: policyOf('approve'), veto });
    await ekimi.run(15);
    await startStaged(ekimi, { name: 'rolling-restart' });
    await ekimi.run(20);
    expect(ekimi.requests().length).toBeGreaterThan(0);
    expect(asked).toEqual([]);
  });
});
