import { describe, expect, it } from 'vitest';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import type { ClusterOptions } from '../../../src/simulator/state.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';
import { proxyOf } from '../../support/proxies.js';

const P1 = memberName('patroni1');

function written(options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = createCluster(options);
  cluster.startClient('app', 200);
  cluster.advance(30_000);
  return cluster;
}

const advance = (cluster: SimulatedCluster, seconds: number): void => {
  cluster.advance(seconds * 1000);
};
const counted = (cluster: SimulatedCluster): number => cluster.commits().acknowledged.length;
const waitsOf = async (cluster: SimulatedCluster): Promise<unknown> =>
  (freshValue(await cluster.ports().postgres.status(P1)) as { syncWaits?: unknown } | null)?.syncWaits;

describe('acknowledged commits', () => {
  it('[T2] a quiet cluster keeps all of them, on the member and the timeline that took them', () => {
    const cluster = written();
    const { acknowledged, lost, afterSuccessor, twoWritersMs } = cluster.commits();
    expect(acknowledged.length).toBeGreaterThan(140);
    expect(acknowledged[0]).toMatchObject({ client: 'app', number: 1, member: 'patroni1', timeline: 1 });
    expect([lost, afterSuccessor, twoWritersMs]).toEqual([[], [], 0]);
  });

  it('[T2] a leader killed with replicas that receive: nothing is lost, and the outage is that of the lab', () => {
    const cluster = written();
    cluster.killContainer('patroni1');
    advance(cluster, 60);
    const { lost, afterSuccessor, noWriterMs } = cluster.commits();
    expect([lost, afterSuccessor]).toEqual([[], []]);
    expect(noWriterMs).toBeGreaterThan(20_000);
    expect(noWriterMs).toBeLessThan(36_000);
    expect(cluster.commits().acknowledged.at(-1)?.timeline).toBe(2);
  });

  it('[T2] a leader killed while nobody receives: what only it had is lost, and no other', () => {
    const cluster = written();
    const before = counted(cluster);
    cluster.lag('patroni2', 0);
    cluster.lag('patroni3', 0);
    advance(cluster, 5);
    const during = counted(cluster) - before;
    cluster.killContainer('patroni1');
    advance(cluster, 60);
    const { lost } = cluster.commits();
    expect(lost?.length).toBeGreaterThanOrEqual(during - 2);
    expect(lost?.length).toBeLessThanOrEqual(during + 1);
  });

  it('[T2] a frozen Patroni whose PostgreSQL goes on: no client is told anything by it after HAProxy has closed its sessions', () => {
    const cluster = written();
    cluster.freezePatroni('patroni1');
    advance(cluster, 60);
    expect(cluster.primaries()).toHaveLength(2);
    const { afterSuccessor, twoWritersMs, lost } = cluster.commits();
    expect([afterSuccessor, twoWritersMs, lost]).toEqual([[], 0, []]);
  });

  it('[T2] promoted behind the back of Patroni, with HAProxy told that it is up: two take writes, one history is lost', async () => {
    const cluster = written();
    cluster.pause();
    advance(cluster, 15);
    cluster.roguePromote('patroni3');
    advance(cluster, 3);
    cluster.inspect('patroni1').patroni.frozen = true;
    await proxyOf(cluster.ports()).send({ port: 'proxy', command: 'set server postgres_primary/patroni3 health up' });
    cluster.startClient('second', 200);
    advance(cluster, 2);
    const { twoWritersMs, afterSuccessor } = cluster.commits();
    expect(twoWritersMs).toBeGreaterThan(500);
    expect(afterSuccessor.length).toBeGreaterThan(0);
  });

  it('[T7] a leader that is read-only by a setting runs, and takes no commit', () => {
    const cluster = written();
    cluster.setReadOnly('patroni1', 'setting');
    const before = counted(cluster);
    advance(cluster, 30);
    expect(counted(cluster)).toBe(before);
    expect(cluster.primaries()).toEqual(['patroni1']);
    cluster.setReadOnly('patroni1', null);
    advance(cluster, 5);
    expect(counted(cluster)).toBeGreaterThan(before);
  });
});

describe('synchronous replication', () => {
  const synchronous = (rules: { nodeCount?: number; strict?: boolean; quorum?: boolean } = {}): SimulatedCluster => {
    const cluster = createCluster({ seed: 3 });
    cluster.setSynchronousRules(rules);
    cluster.setSynchronousMode(rules.quorum === true ? 'quorum' : true);
    cluster.startClient('app', 200);
    advance(cluster, 30);
    return cluster;
  };

  it('[T4] commits wait for as many as are asked for, no more', () => {
    const one = synchronous();
    expect(one.inspect('patroni1').postgres.syncNames).toEqual({ kind: 'first', count: 1, names: ['patroni2'] });
    const both = synchronous({ nodeCount: 2 });
    expect(both.inspect('patroni1').postgres.syncNames?.names).toEqual(['patroni2', 'patroni3']);
    const before = counted(both);
    advance(both, 10);
    expect(counted(both) - before).toBeGreaterThan(40);
  });

  it('[T4] a mute standby: commits wait for as long as it is connected, and SQL says how many and since when', async () => {
    const cluster = synchronous();
    cluster.muteStandby('patroni2');
    advance(cluster, 1);
    const before = counted(cluster);
    advance(cluster, 120);
    expect(counted(cluster)).toBe(before);
    expect(await waitsOf(cluster)).toMatchObject({ standbyNames: 'FIRST 1 (patroni2)' });
    const waits = (await waitsOf(cluster)) as { count: number; oldestMs: number };
    expect(waits.count).toBeGreaterThan(0);
    expect(waits.oldestMs).toBeGreaterThan(115_000);
    cluster.muteStandby('patroni2', false);
    advance(cluster, 5);
    expect(counted(cluster)).toBeGreaterThan(before);
    expect(await waitsOf(cluster)).toMatchObject({ count: 0, oldestMs: null });
  });

  it('[T4] a standby that is gone is replaced within a loop; the commits that waited are not lost', () => {
    const cluster = synchronous();
    cluster.killContainer('patroni2');
    advance(cluster, 15);
    expect(cluster.inspect('patroni1').postgres.syncNames?.names).toEqual(['patroni3']);
    cluster.killContainer('patroni1');
    advance(cluster, 60);
    expect(cluster.leader()).toBe('patroni3');
    expect(cluster.commits().lost).toEqual([]);
  });

  it('[T4] only who is synchronous may lead: the other is alive and the cluster waits', () => {
    const cluster = synchronous();
    cluster.killContainer('patroni2');
    cluster.killContainer('patroni1');
    advance(cluster, 120);
    expect(cluster.leader()).toBe(null);
    cluster.startContainer('patroni2');
    advance(cluster, 30);
    expect(cluster.leader()).toBe('patroni2');
    expect(cluster.commits().lost).toEqual([]);
  });

  it.each([
    [false, true],
    [true, false],
  ])('[T4] strict %s and no standby left: commits go on %s', (strict, goOn) => {
    const cluster = synchronous({ strict });
    cluster.killContainer('patroni2');
    cluster.killContainer('patroni3');
    advance(cluster, 30);
    const before = counted(cluster);
    advance(cluster, 30);
    expect(counted(cluster) > before).toBe(goOn);
  });

  it('[T4] quorum: one of two is enough, a mute one holds nothing up, and a voter that sees the other may lead', () => {
    const cluster = synchronous({ quorum: true });
    expect(cluster.inspect('patroni1').postgres.syncNames).toMatchObject({ kind: 'any', count: 1 });
    cluster.muteStandby('patroni2');
    const before = counted(cluster);
    advance(cluster, 10);
    expect(counted(cluster) - before).toBeGreaterThan(40);
    cluster.killContainer('patroni1');
    advance(cluster, 60);
    expect(cluster.leader()).toBe('patroni3');
    expect(cluster.commits().lost).toEqual([]);
  });

  it('[T4] quorum: a voter that can ask nobody does not take the key, since it cannot know what the other has', () => {
    const cluster = synchronous({ quorum: true });
    cluster.killContainer('patroni3');
    cluster.killContainer('patroni1');
    advance(cluster, 90);
    expect(cluster.leader()).toBe(null);
  });
});
