import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { DRAIN, UNDRAIN } from '../support/situations.js';
import { testPolicy } from '../support/policy.js';
import { rig } from '../support/simulated.js';

const codes = (ekimi: ReturnType<typeof rig>): readonly string[] =>
  ekimi.session.states.problems.map(({ code, subject }) => `${code}/${subject}`);

describe('[P5] replay stands still at 200 bytes a second', () => {
  it('the replica is drained by time, and comes back when it is level', async () => {
    const ekimi = rig({ cluster: createCluster({ walBytesPerSecond: 200 }) });
    await ekimi.run(30);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(10 * 60);
    expect(codes(ekimi)).toContain('replica-lag-critical/patroni3');
    expect(ekimi.requests()).toEqual([]);
    await ekimi.run(8 * 60);
    expect(ekimi.requests()).toEqual([DRAIN]);
    ekimi.cluster.healLag('patroni3');
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
  });

  it('an idle leader makes nobody old, for an hour', async () => {
    const ekimi = rig({ cluster: createCluster({ walBytesPerSecond: 0 }) });
    await ekimi.run(30);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(60 * 60);
    expect(codes(ekimi)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });
});

it('[P6] a replica without a source is taken from its readers by time, and keeps its copy', async () => {
  const off = { mode: 'off' as const };
  const policy = testPolicy({}, { 'restart-member': off, 'reinitialize-replica': off });
  const ekimi = rig({ policy, cluster: createCluster({ walBytesPerSecond: 200 }) });
  await ekimi.run(30);
  ekimi.cluster.cutLink('patroni3', 'patroni1');
  await ekimi.run(20 * 60);
  expect(ekimi.requests()).toEqual([DRAIN]);
});

it('[P6] the last one in the pool goes on serving, however old', async () => {
  const ekimi = rig({ cluster: createCluster({ walBytesPerSecond: 200, members: ['patroni1', 'patroni2'] }) });
  await ekimi.run(30);
  ekimi.cluster.lag('patroni2', 0);
  await ekimi.run(25 * 60);
  expect(codes(ekimi)).toContain('replica-lag-emergency/patroni2');
  expect(ekimi.requests()).toEqual([]);
});

it('[P4] a standby cluster that receives nothing any more is told once, and when it receives again', async () => {
  const ekimi = rig({ cluster: createCluster({ standbyCluster: true }) });
  await ekimi.run(60);
  expect(codes(ekimi)).toEqual(['standby-cluster/email-cluster']);
  ekimi.cluster.cutLink('patroni1', 'elsewhere');
  await ekimi.run(30 * 60);
  expect(codes(ekimi)).toContain('standby-cluster-stale/patroni1');
  const pages = ekimi.notifier.pages.filter(({ code }) => code === 'standby-cluster-stale');
  expect(pages.length).toBeGreaterThan(0);
  expect(ekimi.requests()).toEqual([]);
  ekimi.cluster.healLink('patroni1', 'elsewhere');
  await ekimi.run(60);
  expect(codes(ekimi)).not.toContain('standby-cluster-stale/patroni1');
});
