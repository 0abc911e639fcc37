import { describe, expect, it } from 'vitest';
import { memberHost } from '../../../src/model/host.js';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import type { SqlStatus } from '../../../src/model/sql.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';

const MIB = 1024 ** 2;
const P2 = memberName('patroni2');

const quiet = (): SimulatedCluster => {
  const cluster = createCluster();
  cluster.advance(30_000);
  return cluster;
};
const advance = (cluster: SimulatedCluster, seconds: number): void => {
  cluster.advance(seconds * 1000);
};
const sql = async (cluster: SimulatedCluster, name = P2): Promise<SqlStatus | null> =>
  freshValue(await cluster.ports().postgres.status(name));
const logOf = async (cluster: SimulatedCluster): Promise<string> => {
  const lines = await cluster.ports().host.logs?.(memberHost(P2), 60);
  return (lines === undefined ? [] : (freshValue(lines) ?? [])).join('\n');
};

describe('time in WAL', () => {
  it('[T7] slow replay: few bytes a second behind, and the age of the last commit grows with them', async () => {
    const cluster = quiet();
    cluster.setLoad(1000);
    cluster.limitReplay('patroni2', 200);
    advance(cluster, 600);
    const status = await sql(cluster);
    expect(status?.replayLagSeconds).toBeGreaterThan(400);
    expect(status?.replayLagSeconds).toBeLessThan(500);
    expect((await sql(cluster, memberName('patroni3')))?.replayLagSeconds).toBeLessThan(1);
  });

  it('[T7] an apply delay: so old and no older, while it receives all', async () => {
    const cluster = quiet();
    cluster.applyDelay('patroni2', 60_000);
    advance(cluster, 300);
    const status = await sql(cluster);
    expect(status?.applyDelayMs).toBe(60_000);
    expect(status?.replayLagSeconds).toBeGreaterThan(58);
    expect(status?.replayLagSeconds).toBeLessThan(63);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });

  it('[T7] replay paused by hand is resumed within a loop; what lacks a setting stays paused', async () => {
    const cluster = quiet();
    cluster.pauseReplay('patroni2');
    expect((await sql(cluster))?.replayPaused).toBe(true);
    advance(cluster, 11);
    expect((await sql(cluster))?.replayPaused).toBe(false);
    cluster.pauseReplay('patroni2', 'setting');
    advance(cluster, 120);
    expect((await sql(cluster))?.replayPaused).toBe(true);
    expect((await sql(cluster))?.replayLagSeconds).toBeGreaterThan(115);
  });
});

describe('what becomes of WAL', () => {
  it('[T7] an archive that fails: pg_wal grows at the rate of the writes, and is free again when it works', async () => {
    const cluster = quiet();
    cluster.setArchiving('works');
    cluster.setLoad(4 * MIB);
    advance(cluster, 120);
    const before = cluster.disk('patroni1').walBytes;
    expect((await sql(cluster, memberName('patroni1')))?.archiver).toMatchObject({ failedAgoMs: null });
    cluster.setArchiving('fails');
    advance(cluster, 120);
    expect(cluster.disk('patroni1').walBytes - before).toBeGreaterThan(440 * MIB);
    const archiver = (await sql(cluster, memberName('patroni1')))?.archiver;
    expect(archiver?.failedAgoMs).toBeLessThan(2000);
    expect(archiver?.archivedAgoMs).toBeGreaterThan(115_000);
    expect(archiver?.failedWal).toMatch(/^00000001[0-9A-F]{16}$/);
    cluster.setArchiving('works');
    advance(cluster, 3);
    expect(cluster.disk('patroni1').walBytes).toBeLessThanOrEqual(before + 16 * MIB);
  });

  it('[T7] a foreign timeline: it cannot follow, its log says why, and Patroni rewinds it', async () => {
    const cluster = quiet();
    cluster.breakRewind('patroni2');
    cluster.foreignTimeline('patroni2');
    advance(cluster, 60);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(false);
    expect(await logOf(cluster)).toMatch(/requested starting point .* is not in this server's history/);
    const able = quiet();
    able.foreignTimeline('patroni2');
    advance(able, 60);
    expect(able.inspect('patroni2').postgres).toMatchObject({ streaming: true, timeline: 1 });
  });

  it('[T7] a wrong upstream: it follows another replica until the hand is taken away', () => {
    const cluster = quiet();
    cluster.wrongUpstream('patroni2', 'patroni3');
    advance(cluster, 60);
    expect(cluster.inspect('patroni2').postgres).toMatchObject({ upstream: 'patroni3', streaming: true });
    cluster.wrongUpstream('patroni2', null);
    advance(cluster, 15);
    expect(cluster.inspect('patroni2').postgres.upstream).toBe('patroni1');
  });

  it('[T1, T7] the log of a replica says why it does not stream', async () => {
    const cluster = quiet();
    cluster.walGap('patroni2');
    advance(cluster, 12);
    expect(await logOf(cluster)).toMatch(/FATAL: {2}could not receive data from WAL stream.*has already been removed/);
    const cut = quiet();
    cut.cutLink('patroni1', 'patroni2');
    advance(cut, 70);
    expect(await logOf(cut)).toMatch(/FATAL: {2}could not connect to the primary server: .*Connection timed out/);
  });

  it('[T7] the host driver tells the size and the room of both volumes', async () => {
    const cluster = createCluster({ volumes: { dataBytes: 4096 * MIB, walBytes: 1024 * MIB } });
    cluster.fillDisk('patroni2', 'data', 10 * MIB);
    const disk = await cluster.ports().host.disk?.(memberHost(P2));
    expect(disk === undefined ? null : freshValue(disk)).toMatchObject({
      data: { totalBytes: 4096 * MIB, freeBytes: 10 * MIB },
      wal: { totalBytes: 1024 * MIB, freeBytes: 944 * MIB },
    });
  });
});
