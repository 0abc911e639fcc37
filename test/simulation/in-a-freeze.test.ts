import { describe, expect, it } from 'vitest';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
const policy = testPolicy(
  {},
  { 'fence-member': AUTO, 'proxy-nudge': AUTO, 'open-traffic': AUTO, 'expedite-failover': AUTO, failover: AUTO },
);

/** A cluster that is frozen as soon as `freeze` is called. */
function freezable(): { readonly ekimi: Rig; readonly freeze: () => void } {
  let isFrozen = false;
  const ekimi = rig({
    policy,
    windowsAt: () => ({
      freeze: isFrozen ? { reason: 'year end', untilMs: 2_000_000_000_000 } : null,
      maintenance: null,
    }),
  });
  return {
    ekimi,
    freeze: () => {
      isFrozen = true;
    },
  };
}

describe('in a freeze', () => {
  it('a member that stopped is not started, and the reason is told', async () => {
    const { ekimi, freeze } = freezable();
    await ekimi.run(15);
    freeze();
    ekimi.cluster.stopContainer('patroni2');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain('window: a freeze is in force: year end -> wait for the end of the freeze');
  });

  it('the proxy is not told of a leader that Patroni elected, and finds it by itself', async () => {
    const { ekimi, freeze } = freezable();
    await ekimi.run(15);
    freeze();
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.writesGoTo()).toBe(ekimi.cluster.leader());
    expect(ekimi.cluster.leader()).not.toBeNull();
  });

  it('a member that we fenced before it began is started and gets its traffic back', async () => {
    const { ekimi, freeze } = freezable();
    await ekimi.run(15);
    ekimi.cluster.freezePatroni('patroni1');
    for (let second = 0; second < 60 && !ekimi.requests().includes('host kill patroni1'); second += 1)
      await ekimi.run(1);
    freeze();
    await ekimi.run(150);
    expect(ekimi.requests()).toContain('host start patroni1');
    expect(ekimi.requests()).toContain('haproxy> set server postgres_primary/patroni1 state ready');
    expect(ekimi.session.ledger.fences).toEqual([]);
    expect(ekimi.session.states.cluster.state).toBe('healthy');
  });
});

describe('the cool-down of a start', () => {
  it('holds the next start of the same member, and of no other', async () => {
    const ekimi = rig({
      policy: testPolicy(
        { limits: { ...testPolicy().limits, stormMembers: 9, minHealthyReplicas: 0 } },
        { 'start-member': { cooldownMs: 300_000, attempts: 9 } },
      ),
    });
    await ekimi.run(15);
    ekimi.cluster.stopContainer('patroni2');
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual(['host start patroni2']);
    ekimi.cluster.stopContainer('patroni2');
    ekimi.cluster.stopContainer('patroni3');
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual(['host start patroni2', 'host start patroni3']);
    expect(ekimi.why().join('\n')).toContain('cooldown: start-member patroni2 was the last such action');
    await ekimi.run(240);
    expect(ekimi.requests()).toEqual(['host start patroni2', 'host start patroni3', 'host start patroni2']);
  });
});
