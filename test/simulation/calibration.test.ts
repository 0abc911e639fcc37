import { describe, expect, test } from 'vitest';
import { memberName } from '../../src/model/names.js';
import { freshValue } from '../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import type { ClusterOptions } from '../../src/simulator/state.js';
import { proxyOf } from '../support/proxies.js';

/** The figures are those of the field notes, measured on a real cluster with ttl 30, loop_wait 10, HAProxy 3 s / fall 3 / rise 2. */
const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);
const VERSIONS = ['3.0.2', '4.1.4'] as const;

function quiet(options: Partial<ClusterOptions>): SimulatedCluster {
  const cluster = createCluster(options);
  cluster.advance(60_000 + (options.seed ?? 1) * 700);
  return cluster;
}

/** Seconds from now until `met`, in steps of 100 ms; throws when it takes longer than `limitSeconds`. */
function secondsUntil(cluster: SimulatedCluster, met: () => boolean, limitSeconds = 120): number {
  const startMs = cluster.nowMs();
  while (!met()) {
    if (cluster.nowMs() - startMs > limitSeconds * 1000) throw new Error(`not met within ${limitSeconds} s`);
    cluster.advance(100);
  }
  return (cluster.nowMs() - startMs) / 1000;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const stateOf = async (cluster: SimulatedCluster, name: string) =>
  freshValue(await cluster.ports().patroni.status(memberName(name)))?.stateText ?? null;

describe.each(VERSIONS)('Patroni %s', (patroniVersion) => {
  test('leader killed: key gone after 20 to 30 s, a new primary 1 to 2 s later, HAProxy routes within 6 s', () => {
    const expiries: number[] = [];
    const outages: number[] = [];
    for (const seed of SEEDS) {
      const cluster = quiet({ patroniVersion, seed });
      cluster.killContainer('patroni1');
      const expired = secondsUntil(cluster, () => cluster.leader() !== 'patroni1');
      const promoted = secondsUntil(cluster, () => cluster.primaries().length === 1);
      const routed = secondsUntil(cluster, () => cluster.writesGoTo() !== null);
      expect(expired).toBeGreaterThanOrEqual(20);
      expect(expired).toBeLessThanOrEqual(30.1);
      expect(promoted).toBeGreaterThanOrEqual(0.6);
      expect(promoted).toBeLessThanOrEqual(2.2);
      expect(routed).toBeLessThanOrEqual(6.1);
      expect(cluster.inspect(cluster.primaries()[0] ?? '').postgres.timeline).toBe(2);
      expiries.push(expired);
      outages.push(expired + promoted + routed);
    }
    expect(mean(expiries)).toBeGreaterThan(23);
    // Six real runs lay between 28.7 and 33.1 s.
    expect(mean(outages)).toBeGreaterThan(27);
    expect(mean(outages)).toBeLessThan(33.5);
  });

  test('leader killed: HAProxy marks it down after 15 to 18.5 s, because its checks time out', () => {
    for (const seed of SEEDS.slice(0, 8)) {
      const cluster = quiet({ patroniVersion, seed });
      cluster.killContainer('patroni1');
      const down = secondsUntil(cluster, () => cluster.inspect('patroni1').host.state === 'stopped' && pool(cluster));
      expect(down).toBeGreaterThanOrEqual(14.9);
      expect(down).toBeLessThanOrEqual(18.6);
    }
  });

  test('leader key deleted 1 s after the kill: promoted 1 to 2 s after that, writes flow again after about 10 s', async () => {
    for (const seed of SEEDS.slice(0, 8)) {
      const cluster = quiet({ patroniVersion, seed });
      cluster.killContainer('patroni1');
      cluster.advance(1000);
      const keys = freshValue(await cluster.ports().dcs.keys());
      expect(cluster.deleteLeaderKey(keys?.leader.modRevision ?? '')).toBe(true);
      const promoted = secondsUntil(cluster, () => cluster.primaries().length === 1);
      expect(promoted).toBeGreaterThanOrEqual(0.8);
      expect(promoted).toBeLessThanOrEqual(2.2);
      const routed = secondsUntil(cluster, () => cluster.writesGoTo() !== null);
      expect(1 + promoted + routed).toBeLessThanOrEqual(10.7);
    }
  });

  test('leader key deleted and HAProxy told that the new primary is healthy: writes flow after about 4 s', async () => {
    const cluster = quiet({ patroniVersion, seed: 4 });
    const { dcs, ...ports } = cluster.ports();
    const proxy = proxyOf(ports);
    cluster.killContainer('patroni1');
    cluster.advance(1000);
    cluster.deleteLeaderKey(freshValue(await dcs.keys())?.leader.modRevision ?? '');
    const promoted = secondsUntil(cluster, () => cluster.primaries().length === 1);
    await proxy.send({
      port: 'proxy',
      command: `set server postgres_primary/${cluster.primaries()[0] ?? ''} health up`,
    });
    expect(cluster.writesGoTo()).toBe(cluster.primaries()[0]);
    expect(1 + promoted).toBeLessThan(4.3);
  });

  test('frozen leader: SQL still accepts writes, and after the key expires there are two primaries', () => {
    for (const seed of SEEDS.slice(0, 8)) {
      const cluster = quiet({ patroniVersion, seed });
      cluster.freezePatroni('patroni1');
      cluster.advance(15_000);
      expect(cluster.primaries()).toEqual(['patroni1']);
      const both = 15 + secondsUntil(cluster, () => cluster.primaries().length === 2);
      expect(both).toBeGreaterThanOrEqual(21);
      expect(both).toBeLessThanOrEqual(32.5);
    }
  });

  test('etcd quorum lost: the leader demotes itself after 16 s on average, /cluster keeps the old leader', async () => {
    const demotions: number[] = [];
    for (const seed of SEEDS) {
      const cluster = quiet({ patroniVersion, seed });
      cluster.stopEtcd(2);
      demotions.push(secondsUntil(cluster, () => cluster.primaries().length === 0));
      const report = freshValue(await cluster.ports().patroni.cluster(memberName('patroni2')));
      expect(report?.rows.find((row) => row.role === 'leader')?.name).toBe('patroni1');
    }
    expect(Math.min(...demotions)).toBeGreaterThanOrEqual(10.5);
    expect(Math.max(...demotions)).toBeLessThanOrEqual(21.5);
    expect(mean(demotions)).toBeGreaterThan(14);
    expect(mean(demotions)).toBeLessThan(18);
  });

  test('etcd quorum back: the same leader is primary again within 3 s, on the next timeline', () => {
    const cluster = quiet({ patroniVersion, seed: 5 });
    cluster.stopEtcd(2);
    cluster.advance(40_000);
    cluster.startEtcd();
    expect(secondsUntil(cluster, () => cluster.primaries().length === 1)).toBeLessThanOrEqual(3);
    expect(cluster.primaries()).toEqual(['patroni1']);
    expect(cluster.inspect('patroni1').postgres.timeline).toBe(2);
    expect(secondsUntil(cluster, () => cluster.writesGoTo() === 'patroni1')).toBeLessThanOrEqual(10);
  });

  test('destroyed data directory: unknown, crashed, then starting and start failed for ever', async () => {
    const cluster = quiet({ patroniVersion, seed: 6 });
    cluster.breakData('patroni2');
    const seen: string[] = [];
    for (let tenths = 0; tenths < 600; tenths += 1) {
      const state = await stateOf(cluster, 'patroni2');
      if (state !== null && seen.at(-1) !== state) seen.push(state);
      cluster.advance(100);
    }
    expect(seen.slice(0, 4)).toEqual(['unknown', 'crashed', 'starting', 'start failed']);
    expect(seen.filter((state) => state === 'start failed').length).toBeGreaterThanOrEqual(5);
    cluster.advance(3_600_000);
    expect(['starting', 'start failed']).toContain(await stateOf(cluster, 'patroni2'));
    expect(cluster.requests).toEqual([]);
  });

  test('tag edited in the file and reloaded: /replica is 503 within one loop_wait, not before the reload', async () => {
    const cluster = quiet({ patroniVersion, seed: 7 });
    const { tags, patroni } = cluster.ports();
    const member = memberName('patroni3');
    await tags.write({ port: 'tags', member, tag: 'noloadbalance', value: true });
    cluster.advance(25_000);
    expect(freshValue(await patroni.replicaCheck(member))).toBe(200);
    await patroni.send({ port: 'patroni', member, method: 'POST', path: '/reload', body: {}, timeoutMs: 3000 });
    cluster.advance(10_000);
    expect(freshValue(await patroni.replicaCheck(member))).toBe(503);
    expect(freshValue(await patroni.cluster(memberName('patroni1')))?.rows[2]?.tags.noloadbalance).toBe(true);
  });

  test('paused and promoted by hand: /cluster calls the rogue a level replica, its own API and SQL say primary', async () => {
    const cluster = quiet({ patroniVersion, seed: 8 });
    const { patroni, postgres, ...ports } = cluster.ports();
    const proxy = proxyOf(ports);
    const rogue = memberName('patroni3');
    cluster.pause();
    cluster.advance(12_000);
    cluster.roguePromote(rogue);
    cluster.advance(12_000);
    expect(freshValue(await postgres.status(rogue))?.inRecovery).toBe(false);
    expect(freshValue(await patroni.status(rogue))).toMatchObject({ role: 'primary', timeline: 2, paused: true });
    const row = freshValue(await patroni.cluster(memberName('patroni1')))?.rows.find((other) => other.name === rogue);
    expect(row).toMatchObject({ role: 'replica' });
    // Both write a little; what counts is that nothing there looks like trouble.
    expect(row?.lagBytes).toBeLessThan(1_048_576);
    const up = freshValue(await proxy.view())?.servers.filter((server) => server.up) ?? [];
    expect(up.map((server) => `${server.backend}/${server.server}`)).toEqual([
      'postgres_primary/patroni1',
      'postgres_replicas/patroni2',
    ]);
    cluster.resume();
    expect(secondsUntil(cluster, () => cluster.primaries().length === 1)).toBeLessThanOrEqual(12);
    expect(secondsUntil(cluster, () => cluster.inspect(rogue).postgres.streaming)).toBeLessThanOrEqual(8);
  });

  test('old leader started again: it rewinds by itself and streams from its successor', () => {
    const cluster = quiet({ patroniVersion, seed: 9 });
    cluster.killContainer('patroni1');
    secondsUntil(cluster, () => cluster.primaries().length === 1);
    cluster.startContainer('patroni1');
    expect(secondsUntil(cluster, () => cluster.inspect('patroni1').postgres.streaming)).toBeLessThanOrEqual(20);
    expect(cluster.events.some((event) => event.text.includes('patroni1 must rewind'))).toBe(true);
  });

  test('replica right after its creation: /cluster shows it 16 to 64 MB behind for one loop although it is level', async () => {
    const cluster = quiet({ patroniVersion, seed: 10 });
    const { patroni, postgres } = cluster.ports();
    const member = memberName('patroni2');
    await patroni.send({ port: 'patroni', member, method: 'POST', path: '/reinitialize', body: {}, timeoutMs: 3000 });
    const lag = async () => freshValue(await patroni.cluster(memberName('patroni3')))?.rows[1]?.lagBytes ?? null;
    let largest = 0;
    for (let second = 0; second < 40; second += 1) {
      cluster.advance(1000);
      largest = Math.max(largest, (await lag()) ?? 0);
    }
    expect(largest).toBeGreaterThan(15 * 1024 * 1024);
    expect(await lag()).toBeLessThan(2 * 1024 * 1024);
    const primary = freshValue(await postgres.status(memberName('patroni1')));
    expect(primary?.replicas.find((row) => row.applicationName === member)?.lagBytes).toBe(0);
  });
});

test('frozen leader thawed on 3.0: it takes the key back and the new primary is rewound', () => {
  const cluster = quiet({ patroniVersion: '3.0.2', seed: 2 });
  cluster.freezePatroni('patroni1');
  cluster.advance(48_000);
  const successor = cluster.leader();
  expect(successor).not.toBe('patroni1');
  cluster.thaw('patroni1');
  cluster.advance(200);
  expect(cluster.leader()).toBe('patroni1');
  expect(secondsUntil(cluster, () => cluster.primaries().length === 1)).toBeLessThanOrEqual(5);
  expect(secondsUntil(cluster, () => cluster.inspect(successor ?? '').postgres.streaming)).toBeLessThanOrEqual(20);
});

test('frozen leader thawed on 4.1: it sees that the key is not its own, demotes, rewinds and rejoins', () => {
  const cluster = quiet({ patroniVersion: '4.1.4', seed: 2 });
  cluster.freezePatroni('patroni1');
  cluster.advance(48_000);
  const successor = cluster.leader();
  cluster.thaw('patroni1');
  expect(secondsUntil(cluster, () => cluster.primaries().length === 1)).toBeLessThanOrEqual(3);
  expect(cluster.leader()).toBe(successor);
  expect(secondsUntil(cluster, () => cluster.inspect('patroni1').postgres.streaming)).toBeLessThanOrEqual(15);
});

function pool(cluster: SimulatedCluster): boolean {
  return cluster.proxyStatus('postgres_primary', 'patroni1').startsWith('DOWN');
}
