import { describe, expect, test } from 'vitest';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';
import { proxyOf } from '../../support/proxies.js';

const healthy = async (cluster: SimulatedCluster): Promise<readonly string[]> =>
  (await cluster.ports().dcs.endpoints()).flatMap(({ name, status }) =>
    freshValue(status)?.healthy === true ? [name] : [],
  );

const leaderOf = async (cluster: SimulatedCluster): Promise<readonly string[]> =>
  (await cluster.ports().dcs.endpoints()).flatMap(({ name, status }) =>
    freshValue(status)?.isLeader === true ? [name] : [],
  );

const tookMs = async (cluster: SimulatedCluster, call: () => Promise<unknown>): Promise<number> => {
  const began = cluster.nowMs();
  await call();
  return cluster.nowMs() - began;
};

describe('[T5] etcd as machines', () => {
  test('its leader is killed: for an election nothing linearizable is answered, then another one leads in a new term', async () => {
    const cluster = createCluster();
    const { dcs } = cluster.ports();
    expect(await leaderOf(cluster)).toEqual(['etcd1']);
    cluster.killEtcd('etcd1');
    const waitedMs = await tookMs(cluster, () => dcs.keys());
    expect(waitedMs).toBeGreaterThanOrEqual(1000);
    expect(waitedMs).toBeLessThan(2000);
    expect((await dcs.keys()).kind).toBe('fresh');
    expect(await leaderOf(cluster)).not.toEqual(['etcd1']);
    expect(cluster.leader()).toBe('patroni1');
  });

  test('a follower that is killed costs nobody anything', async () => {
    const cluster = createCluster();
    cluster.killEtcd('etcd3');
    expect(await tookMs(cluster, () => cluster.ports().dcs.keys())).toBe(0);
    cluster.advance(60_000);
    expect(cluster.events.filter(({ text }) => text.includes('demotes'))).toEqual([]);
  });

  test('one that hangs costs a reader its part of the deadline once, and then it asks another', async () => {
    const cluster = createCluster();
    const { dcs } = cluster.ports();
    cluster.hangEtcd('etcd1');
    cluster.advance(2500);
    expect(await tookMs(cluster, () => dcs.keys())).toBe(500);
    expect(await tookMs(cluster, () => dcs.keys())).toBe(0);
    expect(await healthy(cluster)).toEqual(['etcd2', 'etcd3']);
  });

  test('one that is cut off from the others answers its status, leaderless, and serves nothing', async () => {
    const cluster = createCluster();
    cluster.isolateEtcd('etcd2');
    const [, alone] = await cluster.ports().dcs.endpoints();
    expect(freshValue(alone?.status ?? ({} as never))).toMatchObject({ healthy: false, isLeader: false });
    expect(await healthy(cluster)).toEqual(['etcd1', 'etcd3']);
    cluster.cutLink('controller', 'etcd1');
    cluster.cutLink('controller', 'etcd3');
    expect(await cluster.ports().dcs.keys()).toMatchObject({ kind: 'unknown', fault: 'no-quorum' });
    cluster.healEtcd();
    expect((await cluster.ports().dcs.keys()).kind).toBe('fresh');
  });

  test('its leader is cut off from the others: they elect, and members go over to them without a failover', () => {
    const cluster = createCluster({ seed: 3 });
    cluster.isolateEtcd('etcd1');
    cluster.advance(120_000);
    expect(cluster.leader()).toBe('patroni1');
    expect(cluster.primaries()).toEqual(['patroni1']);
  });

  test('a leader that reaches only the isolated etcd member is without etcd: it steps down, another one leads', () => {
    const cluster = createCluster({ seed: 3 });
    cluster.isolateEtcd('etcd3');
    cluster.cutLink('patroni1', 'etcd1');
    cluster.cutLink('patroni1', 'etcd2');
    cluster.advance(60_000);
    expect(cluster.leader()).not.toBe('patroni1');
    expect(cluster.primaries()).toEqual([cluster.leader()]);
  });

  test('elections one after the other are lived through; slow by less than its patience makes loops longer, no more', () => {
    const cluster = createCluster({ seed: 5 });
    for (let n = 0; n < 6; n++)
      cluster.at(cluster.nowMs() + n * 5000, () => {
        cluster.electEtcd();
      });
    cluster.advance(60_000);
    for (const name of cluster.options.dcs) cluster.slowEtcd(name, 400);
    cluster.advance(120_000);
    expect(cluster.leader()).toBe('patroni1');
  });

  test('slow beyond the patience of Patroni is as good as gone: the leader steps down', () => {
    const cluster = createCluster({ seed: 5 });
    for (const name of cluster.options.dcs) cluster.slowEtcd(name, 5000);
    cluster.advance(60_000);
    expect(cluster.primaries()).toEqual([]);
  });

  test('past its quota: leases are renewed and keys deleted, nothing is written, so nobody takes a key that is free', async () => {
    const cluster = createCluster();
    const { dcs } = cluster.ports();
    const held = await dcs.holdTenure('a', 15_000);
    if (held.kind !== 'held') throw new Error('no tenure');
    cluster.sizeEtcd(cluster.options.etcdQuotaBytes);
    expect(freshValue(await dcs.alarms())?.map(({ alarm }) => alarm)).toEqual(['NOSPACE']);
    expect(await dcs.holdTenure('a', 15_000)).toEqual(held);
    expect(await dcs.commitLedger(held.grant, '{}')).toBe('unknown');
    cluster.advance(60_000);
    expect(cluster.leader()).toBe('patroni1');
    cluster.killContainer('patroni1');
    cluster.advance(60_000);
    expect(cluster.leader()).toBeNull();
    cluster.sizeEtcd(40_960);
    cluster.clearAlarms();
    cluster.advance(20_000);
    expect(cluster.primaries()).toEqual([cluster.leader()]);
  });

  test('a site is lost at once: etcd member and leader together; the rest elects, in etcd and in Patroni', () => {
    const cluster = createCluster({ sites: { a: ['etcd1', 'patroni1'] } });
    cluster.loseSite('a');
    cluster.advance(60_000);
    expect(cluster.primaries()).toEqual([cluster.leader()]);
    expect(cluster.leader()).not.toBe('patroni1');
    cluster.returnSite('a');
    cluster.advance(60_000);
    expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
    expect(() => {
      cluster.loseSite('b');
    }).toThrow('no site b');
  });
});

describe('[T6] controllers', () => {
  test('each sees by its own links', async () => {
    const cluster = createCluster();
    const a = cluster.ports({ as: 'a' });
    const b = cluster.ports({ as: 'b' });
    cluster.cutLink('a', 'patroni2');
    cluster.cutObserver('proxy', 'b');
    expect((await a.patroni.status(memberName('patroni2'))).kind).toBe('unknown');
    expect((await b.patroni.status(memberName('patroni2'))).kind).toBe('fresh');
    expect([(await proxyOf(a).view()).kind, (await proxyOf(b).view()).kind]).toEqual(['fresh', 'unknown']);
    cluster.healObserver('b');
    expect((await proxyOf(b).view()).kind).toBe('fresh');
  });

  test('each has its own wall clock', () => {
    const cluster = createCluster();
    const a = cluster.ports({ as: 'a' });
    const b = cluster.ports({ as: 'b' });
    cluster.jumpClock(90_000, 'a');
    expect(a.clock.now() - b.clock.now()).toBe(90_000);
    expect(a.clock.monotonic()).toBe(b.clock.monotonic());
  });

  test('one that stands still learns of its answer when it goes on; what it had sent has happened', async () => {
    const cluster = createCluster();
    cluster.time.pumpAlone(false);
    const { patroni } = cluster.ports({ as: 'a' });
    const sent = patroni.send({
      port: 'patroni',
      member: memberName('patroni2'),
      method: 'POST',
      path: '/restart',
      body: {},
      timeoutMs: 60_000,
    } as never);
    let answeredAtMs: number | null = null;
    void sent.then(() => {
      answeredAtMs = cluster.nowMs();
    });
    await cluster.play(200);
    cluster.suspendController('a');
    const beganMs = cluster.nowMs();
    await cluster.play(20_000);
    expect(answeredAtMs).toBeNull();
    expect(cluster.requests).toMatchObject([{ text: expect.stringContaining('/restart') as string, by: 'a' }]);
    expect(cluster.inspect('patroni2').patroni.task).toBeNull();
    cluster.thawController('a');
    await cluster.play(200);
    expect(answeredAtMs).toBeGreaterThanOrEqual(beganMs + 20_000);
  });

  test('one that is killed never hears again, and its successor is another process', async () => {
    const cluster = createCluster();
    cluster.time.pumpAlone(false);
    const before = cluster.ports({ as: 'a' });
    expect(await before.dcs.holdTenure('a', 15_000)).toMatchObject({ kind: 'held' });
    cluster.killController('a');
    let heard = false;
    void before.dcs.keys().then(() => {
      heard = true;
    });
    const after = cluster.ports({ as: 'a' });
    expect(await after.dcs.holdTenure('a', 15_000)).toEqual({ kind: 'other', owner: 'a' });
    await cluster.play(20_000);
    expect(heard).toBe(false);
    expect(await after.dcs.holdTenure('a', 15_000)).toMatchObject({ kind: 'held' });
  });
});
