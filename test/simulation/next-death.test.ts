import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { caughtUp, lagEmergency, leading } from '../support/situations.js';

/** As the policy has it by default: five minutes. */
const policy = leading(
  {},
  {
    'expedite-failover': { mode: 'auto', timeoutMs: 30_000, cooldownMs: 5 * 60_000 },
    'fence-member': { mode: 'auto', timeoutMs: 30_000, cooldownMs: 5 * 60_000 },
  },
);

/** Kills who leads; virtual seconds until another one does. */
async function killLeader(ekimi: Rig): Promise<number> {
  const { cluster } = ekimi;
  const dead = cluster.leader();
  if (dead === null) throw new Error('nobody leads');
  const diedMs = cluster.nowMs();
  cluster.killContainer(dead);
  while ([dead, null].includes(cluster.leader()) && cluster.nowMs() - diedMs < 60_000) await ekimi.run(0.1);
  return (cluster.nowMs() - diedMs) / 1000;
}

const deletions = (ekimi: Rig) => ekimi.requests().filter((text) => text.includes('delete the leader key'));

describe.each([1, 2, 3])('a second leader dies (seed %i)', (seed) => {
  it.each([60, 45, 10])('[F4] %i s after the first: it is replaced as fast', async (pauseSeconds) => {
    const ekimi = rig({
      policy,
      cluster: createCluster({ seed, members: ['patroni1', 'patroni2', 'patroni3', 'patroni4'] }),
    });
    await ekimi.run(30);
    const first = await killLeader(ekimi);
    await ekimi.run(pauseSeconds);
    const second = await killLeader(ekimi);
    expect(first).toBeLessThan(4);
    expect(second).toBeLessThanOrEqual(first + 2);
    expect(deletions(ekimi)).toHaveLength(2);
  });
});

describe('a successor dies', () => {
  // While clients wait for it, and after it was served: looks that are hurried for it must not hold up its own death.
  it.each([0, 0.3, 1, 2.5, 4, 7])('%f s after it led: it is replaced as fast', async (afterSeconds) => {
    const ekimi = rig({
      policy,
      cluster: createCluster({ members: ['patroni1', 'patroni2', 'patroni3', 'patroni4'] }),
    });
    await ekimi.run(30);
    await killLeader(ekimi);
    await ekimi.run(afterSeconds);
    expect(await killLeader(ekimi)).toBeLessThan(4);
    expect(deletions(ekimi)).toHaveLength(2);
  });
});

describe('a leader dies whose replicas were repaired too often', () => {
  it('[F4] it is replaced as fast, though the breaker holds every repair', async () => {
    const limits = { ...policy.limits, perHour: 1 };
    const ekimi = rig({ policy: { ...policy, limits } });
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(30);
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(ekimi.session.ledger.breaker).not.toBeNull();
    expect(await killLeader(ekimi)).toBeLessThan(4);
    expect(deletions(ekimi)).toHaveLength(1);
    // The second one within the hour finds the figure spent by the first: the bound is limits.perHour for these alone.
    await ekimi.run(60);
    expect(await killLeader(ekimi)).toBeGreaterThan(10);
    expect(deletions(ekimi)).toHaveLength(1);
  });
});

describe('echoes', () => {
  it('[F4] of one member that leads and dies again within the cool-down are held', async () => {
    const cluster = createCluster({ members: ['patroni1', 'patroni2'] });
    const ekimi = rig({ policy, cluster });
    await ekimi.run(30);
    await killLeader(ekimi);
    await ekimi.run(90);
    expect(cluster.leader()).toBe('patroni2');
    cluster.switchover('patroni1');
    await ekimi.run(60);
    expect(cluster.leader()).toBe('patroni1');
    await killLeader(ekimi);
    expect(deletions(ekimi)).toHaveLength(1);
  });

  it('[F4] of leaders that die one after the other end with the fourth within the hour, which is held and told', async () => {
    const ekimi = rig({ policy: { ...policy, flap: { threshold: 3, halfLifeMs: 60 * 60_000 } } });
    await ekimi.run(30);
    const took: number[] = [];
    for (let death = 0; death < 4; death += 1) {
      // Beyond the cool-down for the same member: what holds the last one is the row of them.
      await ekimi.run(6 * 60);
      took.push(await killLeader(ekimi));
    }
    expect(took.slice(0, 3).every((seconds) => seconds < 6)).toBe(true);
    expect(took[3]).toBeGreaterThan(10);
    expect(deletions(ekimi)).toHaveLength(3);
    expect(ekimi.notifier.pages.map(({ code }) => code)).toContain('failover-flapping');
  });
});
