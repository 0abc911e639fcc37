import { expect, test } from 'vitest';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import { createCluster } from '../../../src/simulator/world.js';

const held = { kind: 'held' } as const;

test('tenure: one owner at a time, renewed under the same epoch, free again when its lease runs out', async () => {
  const cluster = createCluster();
  const { dcs } = cluster.ports();
  const first = await dcs.holdTenure('a', 10_000);
  expect(first).toMatchObject(held);
  expect(await dcs.holdTenure('b', 10_000)).toEqual({ kind: 'other', owner: 'a' });
  cluster.advance(8000);
  expect(await dcs.holdTenure('a', 10_000)).toEqual(first);
  cluster.advance(10_100);
  const second = await dcs.holdTenure('b', 10_000);
  expect(second).toMatchObject(held);
  expect(second).not.toEqual(first);
});

test('ledger: written only under the tenure that still stands', async () => {
  const cluster = createCluster();
  const { dcs } = cluster.ports();
  expect(freshValue(await dcs.loadLedger())).toBeNull();
  const first = await dcs.holdTenure('a', 5000);
  if (first.kind !== 'held') throw new Error('no tenure');
  expect(await dcs.commitLedger(first.grant, '{"a":1}')).toBe('committed');
  cluster.advance(6000);
  expect(await dcs.commitLedger(first.grant, '{"a":2}')).toBe('not-ours');
  await dcs.holdTenure('b', 5000);
  expect(await dcs.commitLedger(first.grant, '{"a":3}')).toBe('not-ours');
  expect(freshValue(await dcs.loadLedger())).toBe('{"a":1}');
});

test('quorum lost: every linearizable call is unknown, the survivor says that it has no leader', async () => {
  const cluster = createCluster();
  const { dcs, patroni } = cluster.ports();
  const grant = await dcs.holdTenure('a', 60_000);
  cluster.stopEtcd(2);
  expect(await dcs.keys()).toMatchObject({ kind: 'unknown', fault: 'no-quorum' });
  expect(await dcs.holdTenure('a', 5000)).toMatchObject({ kind: 'unknown' });
  if (grant.kind === 'held') expect(await dcs.commitLedger(grant.grant, '{}')).toBe('unknown');
  const endpoints = await dcs.endpoints();
  expect(endpoints.map((row) => (row.status.kind === 'fresh' ? row.status.value.healthy : row.status.kind))).toEqual([
    false,
    'unknown',
    'unknown',
  ]);
  expect((await patroni.cluster(memberName('patroni2'))).kind).toBe('fresh');
  cluster.stopEtcd(3);
  expect(await patroni.cluster(memberName('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'closed' });
});

test("leases do not run out without quorum: the key is still the old leader's when etcd is back", () => {
  const cluster = createCluster();
  cluster.stopEtcd(2);
  cluster.advance(300_000);
  cluster.startEtcd();
  expect(cluster.leader()).toBe('patroni1');
});

test('leader key: its lease is renewed, its mod revision stays, a change wakes the listener', async () => {
  const cluster = createCluster();
  const { dcs } = cluster.ports();
  let woken = 0;
  const stop = dcs.onLeaderChange(() => {
    woken += 1;
  });
  const before = freshValue(await dcs.keys())?.leader;
  cluster.advance(60_000);
  const after = freshValue(await dcs.keys())?.leader;
  expect(after).toMatchObject({ holder: 'patroni1', modRevision: before?.modRevision });
  expect(after?.leaseTtlMs).toBeGreaterThan(19_000);
  expect(woken).toBe(0);
  expect(cluster.deleteLeaderKey('1')).toBe(false);
  cluster.killContainer('patroni1');
  expect(cluster.deleteLeaderKey(before?.modRevision ?? '')).toBe(true);
  expect(woken).toBe(1);
  stop();
  cluster.advance(10_000);
  expect(woken).toBe(1);
  expect(cluster.requests.map((request) => request.port)).toEqual(['dcs']);
});

test('leader key deleted under a living leader: it takes it back, nobody else is promoted', async () => {
  const cluster = createCluster();
  cluster.advance(20_000);
  const keys = freshValue(await cluster.ports().dcs.keys());
  cluster.deleteLeaderKey(keys?.leader.modRevision ?? '');
  cluster.advance(15_000);
  expect(cluster.leader()).toBe('patroni1');
  expect(cluster.primaries()).toEqual(['patroni1']);
});

test('one member loses etcd: its key goes, and as a leader it demotes itself before or after another is elected', () => {
  const cluster = createCluster();
  cluster.advance(20_000);
  cluster.partition('patroni1', 'dcs');
  cluster.advance(60_000);
  expect(cluster.leader()).not.toBe('patroni1');
  expect(cluster.primaries()).toEqual([cluster.leader()]);
  cluster.heal('patroni1');
  cluster.advance(30_000);
  expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
});

test('every candidate too far behind: the cluster stays leaderless until a person names one', async () => {
  const cluster = createCluster();
  cluster.setLoad(5 * 1024 * 1024);
  cluster.lag('patroni2', 1000);
  cluster.lag('patroni3', 1000);
  cluster.advance(30_000);
  cluster.killContainer('patroni1');
  cluster.advance(300_000);
  expect(cluster.leader()).toBeNull();
  expect(cluster.primaries()).toEqual([]);
  const step = {
    port: 'patroni',
    member: memberName('patroni3'),
    method: 'POST',
    path: '/failover',
    body: { candidate: 'patroni2' },
    timeoutMs: 30_000,
  } as const;
  expect(await cluster.ports().patroni.send(step)).toMatchObject({
    status: 200,
    text: 'Successfully failed over to "patroni2"',
  });
  cluster.advance(3000);
  expect(cluster.primaries()).toEqual(['patroni2']);
});

test('a member tagged nofailover is never elected', () => {
  for (let seed = 1; seed <= 6; seed += 1) {
    const cluster = createCluster({ seed });
    cluster.operatorTag('patroni2', { nofailover: true });
    cluster.advance(20_000);
    cluster.killContainer('patroni1');
    cluster.advance(60_000);
    expect(cluster.leader()).toBe('patroni3');
  }
});

test('synchronous mode: only the standby that commits wait for may lead', async () => {
  const cluster = createCluster();
  cluster.setSynchronousMode(true);
  cluster.advance(20_000);
  const { dcs, patroni } = cluster.ports();
  const sync = freshValue(await dcs.keys())?.sync;
  expect(sync).toEqual({ leader: 'patroni1', standbys: ['patroni2'] });
  expect(freshValue(await patroni.cluster(memberName('patroni1')))?.rows[1]?.role).toBe('sync-standby');
  cluster.killContainer('patroni1');
  cluster.advance(60_000);
  expect(cluster.leader()).toBe('patroni2');
});

test('paused: the leader dies and nobody is promoted; on resume an election follows', () => {
  const cluster = createCluster();
  cluster.pause();
  cluster.advance(20_000);
  cluster.killContainer('patroni1');
  cluster.advance(120_000);
  expect(cluster.primaries()).toEqual([]);
  cluster.resume();
  cluster.advance(15_000);
  expect(cluster.primaries()).toHaveLength(1);
});

test('a rewind that fails: the old leader runs on its old timeline and never streams', () => {
  const cluster = createCluster({ walBytesPerSecond: 200_000 });
  cluster.breakRewind('patroni1');
  cluster.advance(20_000);
  cluster.freezePatroni('patroni1');
  cluster.advance(45_000);
  cluster.killContainer('patroni1');
  cluster.startContainer('patroni1');
  cluster.advance(120_000);
  expect(cluster.inspect('patroni1').postgres).toMatchObject({
    process: 'up',
    inRecovery: true,
    streaming: false,
    timeline: 1,
  });
});

test('history: one row for each timeline that ended, with its successor', async () => {
  const cluster = createCluster();
  cluster.advance(20_000);
  cluster.killContainer('patroni1');
  cluster.advance(60_000);
  const rows = freshValue(await cluster.ports().patroni.history(memberName('patroni2')));
  expect(rows).toHaveLength(1);
  expect(rows?.[0]).toMatchObject({ timeline: 1, newLeader: cluster.leader() });
});
