import { describe, expect, it } from 'vitest';
import { liftSwitch } from '../../src/kernel/commands.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { caughtUp, DRAIN, lagEmergency, UNDRAIN } from '../support/situations.js';

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig(options);
  await ekimi.run(15);
  return ekimi;
}

const SLOW = { poll: { intervalMs: 1000, suspectIntervalMs: 1000 } };
const verdicts = (ekimi: Rig): readonly string[] =>
  ekimi.entries('verdict').map((entry) => `${entry.body.remediation.plan.action} ${entry.body.remediation.phase}`);

describe('the hourly budget', () => {
  const policy = testPolicy({ limits: { ...testPolicy().limits, perHour: 2 } }, { 'drain-replica': { cooldownMs: 0 } });
  const inAndOut = async (ekimi: Rig): Promise<void> => {
    lagEmergency(ekimi);
    await ekimi.run(20);
    caughtUp(ekimi);
    await ekimi.run(50);
  };

  it('opens the breaker when it is spent; from then on nothing but undrains is sent', async () => {
    const ekimi = await quiet({ policy });
    await inAndOut(ekimi);
    await inAndOut(ekimi);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN, DRAIN, UNDRAIN]);
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toHaveLength(4);
    expect(ekimi.why()).toContain(
      'budget: the breaker is open: 2 actions within an hour (limits.perHour 2) -> ekimi resume --subject breaker',
    );
  });

  it('does not close by itself after the hour', async () => {
    const ekimi = await quiet({
      policy: testPolicy(
        {
          ...SLOW,
          limits: { ...testPolicy().limits, perHour: 1 },
          poll: { intervalMs: 10_000, suspectIntervalMs: 2_000 },
        },
        { 'drain-replica': { cooldownMs: 0 } },
      ),
    });
    await inAndOut(ekimi);
    expect(ekimi.session.ledger.breaker).not.toBeNull();
    await ekimi.run(61 * 60);
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
  });

  it('is opened again by a person only, and then counts from there', async () => {
    const ekimi = await quiet({ policy });
    await inAndOut(ekimi);
    await inAndOut(ekimi);
    lagEmergency(ekimi);
    await ekimi.run(20);
    const closed = liftSwitch(ekimi.session, 'breaker', 'dba');
    await ekimi.pass();
    expect(await closed).toEqual({ ok: true, text: 'the breaker is closed' });
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN, DRAIN, UNDRAIN, DRAIN]);
    expect(ekimi.session.ledger.breaker).toBeNull();
  });
});

describe('the ladder of a broken copy', () => {
  it('begins with the rebuild: Patroni itself tries to start it once per loop', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.breakData('patroni2');
    await ekimi.run(160);
    expect(ekimi.requests()).toEqual(['POST /reinitialize on patroni2 {}']);
    expect(verdicts(ekimi)).toEqual(['reinitialize-replica succeeded']);
  });

  it('[P1] of a replica that runs and cannot get to the leader: its copy is kept, a person is told', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.partition('patroni2', 'peers');
    await ekimi.run(200);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code).join(' ')).toMatch(/replica-(not-streaming|cut-off)/);
  });

  it('gives Patroni ttl and loop_wait to heal a crash by itself: nothing is sent', async () => {
    const ekimi = await quiet();
    ekimi.cluster.stopPostgres('patroni2');
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.members['patroni2']?.state).toBe('healthy');
  });

  it('ends at a person when the rebuild is off', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW, { 'reinitialize-replica': { mode: 'off' } }) });
    ekimi.cluster.breakData('patroni2');
    await ekimi.run(160);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('replica-start-failed');
  });

  it('counts a rebuild that ran fine and did not help: after the cap a person is paged', async () => {
    const ekimi = await quiet({
      policy: testPolicy(SLOW, { 'reinitialize-replica': { attempts: 2, cooldownMs: 0 } }),
    });
    // The new copy breaks again each time, soon after it has streamed.
    for (let round = 0; round < 4; round += 1) {
      ekimi.cluster.breakData('patroni2');
      await ekimi.run(120);
    }
    expect(ekimi.requests().filter((text) => text.includes('/reinitialize'))).toHaveLength(2);
    const told = ekimi.notifier.pages.filter((page) => page.code === 'replica-start-failed').map((page) => page.text);
    expect(told.join('\n')).toContain('reinitialize-replica was tried 2 times in this chain without lasting effect');
  });

  it('starts a stopped container once and then leaves the rest to Patroni', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.stopContainer('patroni2');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual(['host start patroni2']);
    expect(ekimi.session.states.members['patroni2']?.state).toBe('healthy');
  });

  it('does not start anything while nobody leads', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    for (const name of ['patroni1', 'patroni2', 'patroni3']) ekimi.cluster.killContainer(name);
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('cluster-down');
  });
});

describe('false friends: nothing is sent', () => {
  it('when a rebuilt copy is shown 16 to 64 MB behind for one loop', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.breakData('patroni2');
    await ekimi.run(300);
    expect(ekimi.requests().filter((text) => text.includes('drain'))).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code)).not.toContain('replica-lag-critical');
  });

  it('when an operator restarts a replica', async () => {
    const ekimi = await quiet();
    void ekimi.cluster.ports().patroni.send({
      port: 'patroni',
      member: 'patroni2' as never,
      method: 'POST',
      path: '/restart',
      body: { role: 'replica' },
      timeoutMs: 60_000,
    });
    const before = ekimi.requests().length;
    await ekimi.run(90);
    expect(ekimi.requests().length).toBe(Math.max(before, 1));
    expect(ekimi.session.states.cluster.state).toBe('healthy');
  });

  it('when an operator switches over', async () => {
    const ekimi = await quiet();
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).toBe('patroni2');
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.code)).not.toContain('split-brain-suspected');
  });

  it('when the leader dies and Patroni elects another', async () => {
    const ekimi = await quiet({
      policy: testPolicy(SLOW, { 'start-member': { mode: 'off' }, 'restart-member': { mode: 'off' } }),
    });
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(ekimi.requests()).toEqual([]);
  });

  it('when one API answers slowly or with nonsense for a while', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.slowApi('patroni2', 5_000);
    ekimi.cluster.garbageApi('patroni3');
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([]);
  });

  it('when it is we who are cut off from everything', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.cutObserver('all');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.cluster.state).toBe('unknown');
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('observer-impaired');
    ekimi.cluster.healObserver();
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.cluster.state).toBe('healthy');
  });

  it('when we are cut off from all APIs but etcd and SQL answer', async () => {
    const ekimi = await quiet({ policy: testPolicy(SLOW) });
    ekimi.cluster.cutObserver('patroni');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
  });

  it('when replication lags below the emergency', async () => {
    const ekimi = await quiet();
    ekimi.cluster.setLoad(1024 * 1024);
    ekimi.cluster.lag('patroni3', 100_000);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.cluster.state).toBe('lagging');
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('replica-lag-critical');
  });
});
