import { describe, expect, it } from 'vitest';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';

const streams = (cluster: SimulatedCluster, name: string): boolean => cluster.inspect(name).postgres.streaming;
const advance = (cluster: SimulatedCluster, seconds: number): void => {
  cluster.advance(seconds * 1000);
};

describe('links between two', () => {
  it('[T1] a cut link ends one stream after its timeout and nobody else notices', async () => {
    const cluster = createCluster();
    cluster.cutLink('patroni2', 'patroni1');
    advance(cluster, 50);
    // Both ends still believe in the connection: only its silence shows.
    const listed = freshValue(await cluster.ports().postgres.status(memberName('patroni1')))?.replicas ?? [];
    expect(listed.map((row) => row.applicationName)).toEqual(['patroni2', 'patroni3']);
    expect(listed[0]?.lagBytes).toBeGreaterThan(40 * cluster.options.walBytesPerSecond);
    const receiver = freshValue(await cluster.ports().postgres.status(memberName('patroni2')))?.walReceiver;
    expect(receiver?.latestEndAgeMs).toBeGreaterThan(45_000);
    advance(cluster, 12);
    expect([streams(cluster, 'patroni2'), streams(cluster, 'patroni3')]).toEqual([false, true]);
    expect(cluster.leader()).toBe('patroni1');
    cluster.healLink('patroni1', 'patroni2');
    advance(cluster, 1);
    expect(streams(cluster, 'patroni2')).toBe(true);
  });

  it('[T1] a partition is links: healed, a link that was cut by itself stays cut', () => {
    const cluster = createCluster();
    cluster.cutLink('patroni1', 'patroni2');
    cluster.partition('patroni2', 'all');
    expect(['etcd1', 'etcd3', 'patroni1', 'patroni3', 'proxy'].map((to) => cluster.opens('patroni2', to))).toEqual(
      Array(5).fill(false),
    );
    expect(cluster.opens('controller', 'patroni2')).toBe(false);
    cluster.heal('patroni2');
    expect(['etcd1', 'patroni1', 'patroni3'].map((to) => cluster.opens('patroni2', to))).toEqual([true, false, true]);
  });

  it('[T1] cut one way: who opens the connection fails, the other direction works', () => {
    const cluster = createCluster();
    cluster.cutOneWay('patroni1', 'patroni2');
    advance(cluster, 120);
    expect(streams(cluster, 'patroni2')).toBe(true);
    cluster.cutOneWay('patroni2', 'patroni1', 'sql');
    advance(cluster, 70);
    expect(streams(cluster, 'patroni2')).toBe(false);
  });

  it('[T1] a replica cut from the others alone does not hear that they are ahead; one cut from a third loses nothing', () => {
    const cluster = createCluster({ members: ['patroni1', 'patroni2', 'patroni3'] });
    cluster.cutLink('patroni2', 'patroni3');
    cluster.killContainer('patroni1');
    advance(cluster, 45);
    expect(cluster.primaries()).toHaveLength(1);
  });

  it('[T1] a member cut from two of three etcd endpoints still has the third', () => {
    const cluster = createCluster();
    cluster.cutLink('patroni1', 'etcd1');
    cluster.cutLink('patroni1', 'etcd2');
    advance(cluster, 120);
    expect(cluster.primaries()).toEqual(['patroni1']);
    cluster.cutLink('patroni1', 'etcd3');
    advance(cluster, 60);
    expect(cluster.leader()).not.toBe('patroni1');
  });

  it('[T1] a name that no part has: the error lists those that exist', () => {
    expect(() => {
      createCluster().cutLink('patroni1', 'patroni9');
    }).toThrow('no part patroni9 in the simulated cluster; there are patroni1');
  });
});

describe('a sender that lets nobody in', () => {
  it.each([
    [
      'a refused login',
      (c: SimulatedCluster) => {
        c.refuseReplication('patroni1');
      },
      (c: SimulatedCluster) => {
        c.refuseReplication('patroni1', false);
      },
    ],
    [
      'no free WAL sender',
      (c: SimulatedCluster) => {
        c.setWalSenders('patroni1', 1);
      },
      (c: SimulatedCluster) => {
        c.setWalSenders('patroni1', 10);
      },
    ],
  ])('[T1] %s: what streams goes on, who reconnects stays outside until it is mended', (_what, refuse, mend) => {
    const cluster = createCluster();
    refuse(cluster);
    advance(cluster, 60);
    expect(streams(cluster, 'patroni2')).toBe(true);
    cluster.killContainer('patroni2');
    cluster.startContainer('patroni2');
    advance(cluster, 60);
    expect(streams(cluster, 'patroni2')).toBe(false);
    mend(cluster);
    advance(cluster, 2);
    expect(streams(cluster, 'patroni2')).toBe(true);
  });
});
