import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading, problemsOf } from '../support/situations.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;

/** patroni3 follows patroni2, which follows patroni1. */
async function cascade(patroniVersion: string, seed = 1): Promise<Rig> {
  const ekimi = rig({ policy: leading(), cluster: createCluster({ patroniVersion, seed }) });
  ekimi.cluster.operatorTag('patroni3', { replicatefrom: 'patroni2' });
  await ekimi.run(40);
  expect(ekimi.cluster.inspect('patroni3').postgres.upstream).toBe('patroni2');
  return ekimi;
}

describe.each(VERSIONS)('a replica that follows another replica, Patroni %s', (patroniVersion) => {
  it('is no problem in calm, and nothing is sent for it', async () => {
    const ekimi = await cascade(patroniVersion);
    const seen = new Set<string>();
    for (let second = 0; second < 90; second += 1) {
      await ekimi.run(1);
      for (const problem of problemsOf(ekimi)) seen.add(problem);
    }
    expect([...seen]).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.cluster.state).toBe('healthy');
  });

  it.each([1, 2, 3])('holds nothing up when the leader is killed (seed %i)', async (seed) => {
    const ekimi = await cascade(patroniVersion, seed);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(10);
    expect(ekimi.requests()[0]).toMatch(/^etcd: delete the leader key if it is patroni1's/);
    expect(ekimi.cluster.writesGoTo()).toBe(ekimi.cluster.leader());
  });

  it('is drained for its lag as any other', async () => {
    const ekimi = await cascade(patroniVersion);
    ekimi.cluster.setLoad(30 * 1024 * 1024);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual(['haproxy> set server postgres_replicas/patroni3 state drain']);
  });

  it('is missed when its upstream is cut off from it', async () => {
    const ekimi = await cascade(patroniVersion);
    ekimi.cluster.walGap('patroni3');
    await ekimi.run(10);
    expect(problemsOf(ekimi)).toContain('replica-not-streaming/patroni3');
  });
});
