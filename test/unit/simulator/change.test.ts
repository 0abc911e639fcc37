import { describe, expect, test } from 'vitest';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';

const statusAt = async (cluster: SimulatedCluster, name: string) =>
  freshValue(await cluster.ports().patroni.status(memberName(name)));

const registered = async (cluster: SimulatedCluster): Promise<readonly string[]> =>
  freshValue(await cluster.ports().dcs.keys())?.members.map(({ name }): string => name) ?? [];

describe('[T8] members come and go', () => {
  test('one that is added copies the leader, streams, and gets readers', async () => {
    const cluster = createCluster();
    cluster.addMember('patroni4');
    cluster.advance(3000);
    expect((await statusAt(cluster, 'patroni4'))?.state).toBe('creating-replica');
    cluster.advance(60_000);
    expect(cluster.inspect('patroni4').postgres.streaming).toBe(true);
    expect(await registered(cluster)).toContain('patroni4');
    expect(cluster.proxyStatus('postgres_replicas', 'patroni4')).toBe('UP');
  });

  test('one that is removed leaves etcd with its lease, and its address refuses', async () => {
    const cluster = createCluster();
    cluster.removeMember('patroni3');
    cluster.advance(40_000);
    expect(await registered(cluster)).toEqual(['patroni1', 'patroni2']);
    expect(await cluster.ports().patroni.status(memberName('patroni3'))).toMatchObject({ fault: 'refused' });
  });

  test('one that is renamed answers at its old address under its new name; the old key ends with its lease', async () => {
    const cluster = createCluster();
    cluster.renameMember('patroni3', 'db3');
    cluster.advance(60_000);
    expect((await statusAt(cluster, 'patroni3'))?.name).toBe('db3');
    expect(await registered(cluster)).toEqual(['db3', 'patroni1', 'patroni2']);
    expect(cluster.inspect('db3').postgres.streaming).toBe(true);
  });

  test('swapped addresses: each answers where the other is looked for, until they are put right', async () => {
    const cluster = createCluster();
    cluster.swapAddresses('patroni1', 'patroni2');
    expect((await statusAt(cluster, 'patroni1'))?.name).toBe('patroni2');
    expect((await statusAt(cluster, 'patroni2'))?.role).toBe('primary');
    cluster.healAddresses();
    expect((await statusAt(cluster, 'patroni1'))?.role).toBe('primary');
  });
});

describe('[T8] the cluster changes', () => {
  test('a standby cluster is promoted, and demoted again: its leader keeps the key', async () => {
    const cluster = createCluster({ standbyCluster: true });
    expect((await statusAt(cluster, 'patroni1'))?.role).toBe('standby-leader');
    cluster.setStandbyCluster(false);
    cluster.advance(30_000);
    expect(cluster.primaries()).toEqual(['patroni1']);
    cluster.setStandbyCluster(true);
    cluster.advance(60_000);
    expect(cluster.primaries()).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
    expect((await statusAt(cluster, 'patroni1'))?.role).toBe('standby-leader');
  });

  test('a rolling upgrade: for a while members differ in version, in what they say and in nothing else', async () => {
    const cluster = createCluster({ patroniVersion: '3.0.2' });
    expect((await statusAt(cluster, 'patroni2'))?.name).toBeNull();
    cluster.upgradePatroni('patroni2', '4.1.4');
    cluster.advance(30_000);
    const [old, upgraded] = [await statusAt(cluster, 'patroni3'), await statusAt(cluster, 'patroni2')];
    expect([old?.version, upgraded?.version]).toEqual(['3.0.2', '4.1.4']);
    expect([old?.replicationState, upgraded?.replicationState]).toEqual([null, 'streaming']);
    expect(cluster.leader()).toBe('patroni1');
  });

  test('a promotion that fails gives the key back; one that hangs keeps it, and nobody takes writes', () => {
    const failing = createCluster({ seed: 2 });
    for (const name of ['patroni2', 'patroni3']) failing.setPromotion(name, 'fails');
    failing.killContainer('patroni1');
    failing.advance(60_000);
    expect(failing.primaries()).toEqual([]);
    expect(failing.events.filter(({ text }) => text.includes('the promotion of')).length).toBeGreaterThan(1);
    const hanging = createCluster({ seed: 2 });
    for (const name of ['patroni2', 'patroni3']) hanging.setPromotion(name, 'hangs');
    hanging.killContainer('patroni1');
    hanging.advance(90_000);
    expect(hanging.primaries()).toEqual([]);
    expect(hanging.leader()).not.toBeNull();
    hanging.setPromotion(hanging.leader() ?? '', 'works');
    hanging.advance(15_000);
    expect(hanging.primaries()).toEqual([hanging.leader()]);
  });
});

describe('what decides who may lead', () => {
  const after = (patroniVersion: string, change: (cluster: SimulatedCluster) => void): string | null => {
    const cluster = createCluster({ seed: 2, patroniVersion, walBytesPerSecond: 0 });
    change(cluster);
    cluster.advance(25_000);
    cluster.killContainer('patroni1');
    cluster.advance(60_000);
    return cluster.leader();
  };
  test.each(['patroni2', 'patroni3'])('among equals the higher failover_priority leads: %s', (wanted) => {
    const prefer = (cluster: SimulatedCluster): void => {
      cluster.operatorTag(wanted, { failover_priority: 5 });
    };
    expect(after('4.1.4', prefer)).toBe(wanted);
  });

  test('a failed watchdog and a priority of 0 bar', () => {
    const bar = (cluster: SimulatedCluster): void => {
      cluster.setWatchdog('patroni2', false);
      cluster.operatorTag('patroni3', { failover_priority: 0 });
    };
    expect(after('4.1.4', bar)).toBeNull();
  });

  test('failsafe mode: the leader goes on without etcd while all of the topology answer, and not if it is not in it', () => {
    for (const topology of [null, ['patroni2', 'patroni3']]) {
      const cluster = createCluster({ seed: 2 });
      cluster.setFailsafeMode(true);
      cluster.advance(25_000);
      cluster.stopEtcd(2);
      if (topology !== null) cluster.setFailsafeTopology(topology);
      cluster.advance(60_000);
      expect(cluster.primaries()).toEqual(topology === null ? ['patroni1'] : []);
    }
  });

  test('a scheduled restart is shown and happens at its time', async () => {
    const cluster = createCluster();
    const atMs = cluster.nowMs() + 30_000;
    cluster.scheduleRestart('patroni2', atMs);
    expect((await statusAt(cluster, 'patroni2'))?.scheduledRestart).toEqual({ at: new Date(atMs).toISOString() });
    cluster.advance(20_000);
    const before = cluster.inspect('patroni2').postgres.startedAtMs;
    cluster.advance(20_000);
    expect(cluster.inspect('patroni2').postgres.startedAtMs).toBeGreaterThan(before);
    expect((await statusAt(cluster, 'patroni2'))?.scheduledRestart).toBeNull();
  });
});
