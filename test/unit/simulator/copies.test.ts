import { describe, expect, it } from 'vitest';
import { memberHost } from '../../../src/model/host.js';
import { memberName } from '../../../src/model/names.js';
import { freshValue } from '../../../src/model/reading.js';
import type { ClusterOptions } from '../../../src/simulator/state.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';

const MIB = 1024 ** 2;
const P2 = memberName('patroni2');

function quiet(options: Partial<ClusterOptions> = {}): SimulatedCluster {
  const cluster = createCluster(options);
  cluster.advance(30_000);
  return cluster;
}

const advance = (cluster: SimulatedCluster, seconds: number): void => {
  cluster.advance(seconds * 1000);
};
const reinitialize = async (cluster: SimulatedCluster, member = P2, force = false) =>
  cluster.ports().patroni.send({
    port: 'patroni',
    member,
    method: 'POST',
    path: '/reinitialize',
    body: force ? { force } : {},
    timeoutMs: 3000,
  });
const stateOf = async (cluster: SimulatedCluster, member = P2) =>
  freshValue(await cluster.ports().patroni.status(member))?.stateText;
const logOf = async (cluster: SimulatedCluster, member = P2): Promise<string> => {
  const lines = await cluster.ports().host.logs?.(memberHost(member), 60);
  return (lines === undefined ? [] : (freshValue(lines) ?? [])).join('\n');
};
const backups = (cluster: SimulatedCluster): number =>
  cluster.events.filter((event) => event.text.startsWith('a base backup')).length;

describe('a copy needs something', () => {
  const cases: readonly {
    what: string;
    refuse: (cluster: SimulatedCluster) => void;
    mend: (cluster: SimulatedCluster) => void;
    says: RegExp;
    /** When the first try has failed, seconds after the request. */
    afterSeconds: number;
  }[] = [
    {
      what: 'a link',
      refuse: (c) => {
        c.cutLink('patroni1', 'patroni2');
      },
      mend: (c) => {
        c.healLink('patroni1', 'patroni2');
      },
      says: /pg_basebackup: error: connection to server at "patroni1".* Connection timed out/,
      afterSeconds: 140,
    },
    {
      what: 'a login',
      refuse: (c) => {
        c.refuseReplication('patroni1');
      },
      mend: (c) => {
        c.refuseReplication('patroni1', false);
      },
      says: /FATAL: {2}no pg_hba.conf entry for replication/,
      afterSeconds: 3,
    },
    {
      what: 'two free WAL senders',
      refuse: (c) => {
        c.setWalSenders('patroni1', 2);
      },
      mend: (c) => {
        c.setWalSenders('patroni1', 10);
      },
      says: /exceeds max_wal_senders \(currently 2\)/,
      afterSeconds: 3,
    },
    {
      what: 'room',
      refuse: (c) => {
        c.setVolumes('patroni2', { dataBytes: 2100 * MIB, walBytes: null });
        c.setDatabaseBytes(2200 * MIB);
      },
      mend: (c) => {
        c.setVolumes('patroni2', { dataBytes: 9000 * MIB, walBytes: null });
      },
      says: /could not write to file .*: No space left on device/,
      afterSeconds: 12,
    },
  ];

  it.each(cases)('[T3] $what: without it the good copy is gone and the next is tried for ever', async (row) => {
    const cluster = quiet();
    row.refuse(cluster);
    await reinitialize(cluster);
    advance(cluster, row.afterSeconds);
    expect(await logOf(cluster)).toMatch(row.says);
    advance(cluster, 3600);
    expect(cluster.inspect('patroni2').postgres.directory).toBe('empty');
    expect(['creating replica', 'stopped']).toContain(await stateOf(cluster));
    expect(cluster.primaries()).toEqual(['patroni1']);
    row.mend(cluster);
    advance(cluster, 40);
    expect(cluster.inspect('patroni2').postgres).toMatchObject({ directory: 'whole', streaming: true });
    expect(cluster.inspect('patroni1').postgres.baseBackups).toBe(0);
  });

  it('[T3] a try costs the leader a switch of WAL, whether it succeeds or not', async () => {
    const cluster = quiet({ walBytesPerSecond: 0 });
    cluster.setVolumes('patroni2', { dataBytes: 1000 * MIB, walBytes: null });
    const before = cluster.inspect('patroni1').postgres.replayLsn;
    await reinitialize(cluster);
    advance(cluster, 600);
    const tries = backups(cluster);
    expect(tries).toBeGreaterThan(30);
    const written = cluster.inspect('patroni1').postgres.replayLsn - before;
    expect(written).toBeGreaterThan((tries - 2) * 16 * MIB);
    expect(cluster.disk('patroni1').walBytes).toBeGreaterThan(written);
  });

  it('[T3] a link that breaks in the middle: it hangs, and goes on when the link is back', async () => {
    const cluster = quiet({ cloneMs: 60_000 });
    await reinitialize(cluster);
    advance(cluster, 20);
    cluster.cutLink('patroni1', 'patroni2');
    advance(cluster, 300);
    expect(await stateOf(cluster)).toBe('creating replica');
    expect(backups(cluster)).toBe(1);
    cluster.healLink('patroni1', 'patroni2');
    advance(cluster, 60);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });

  it('[T3] the leader dies in the middle: nothing is left of the old copy, and the new leader is copied', async () => {
    const cluster = quiet({ cloneMs: 60_000 });
    await reinitialize(cluster);
    advance(cluster, 20);
    cluster.killContainer('patroni1');
    advance(cluster, 10);
    expect(await logOf(cluster)).toMatch(/server closed the connection unexpectedly/);
    advance(cluster, 120);
    expect(cluster.leader()).toBe('patroni3');
    expect(cluster.inspect('patroni2').postgres).toMatchObject({ streaming: true, upstream: 'patroni3' });
  });

  it('[T3] Patroni dies in the middle: a torn directory, from which nothing starts and which nothing mends', async () => {
    const cluster = quiet({ cloneMs: 60_000 });
    await reinitialize(cluster);
    advance(cluster, 20);
    cluster.killContainer('patroni2');
    cluster.startContainer('patroni2');
    advance(cluster, 600);
    expect(cluster.inspect('patroni2').postgres.directory).toBe('torn');
    expect(await stateOf(cluster)).toBe('stopped');
    await reinitialize(cluster);
    advance(cluster, 80);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });

  it('[T3] asked again by force: it begins anew and the leader has one base backup, not two', async () => {
    const cluster = quiet({ cloneMs: 60_000 });
    await reinitialize(cluster);
    advance(cluster, 20);
    expect((await reinitialize(cluster)).status).toBe(503);
    expect((await reinitialize(cluster, P2, true)).status).toBe(200);
    advance(cluster, 5);
    expect(cluster.inspect('patroni1').postgres.baseBackups).toBe(1);
    advance(cluster, 60);
    expect(cluster.inspect('patroni1').postgres.baseBackups).toBe(0);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });
});

describe('a rewind needs something', () => {
  /** The old leader comes back with WAL of its own. */
  function returned(options: Partial<ClusterOptions>): SimulatedCluster {
    const cluster = quiet(options);
    cluster.killContainer('patroni1');
    advance(cluster, 40);
    cluster.startContainer('patroni1');
    return cluster;
  }

  it('[T3] without a link to the leader none is begun: it runs, and rewinds when the link is back', () => {
    const cluster = quiet();
    cluster.killContainer('patroni1');
    advance(cluster, 40);
    const leader = cluster.leader() ?? '';
    cluster.cutLink('patroni1', leader);
    cluster.startContainer('patroni1');
    advance(cluster, 120);
    expect(cluster.events.some((event) => event.text.includes('must rewind'))).toBe(false);
    expect(cluster.inspect('patroni1').postgres).toMatchObject({ process: 'up', streaming: false });
    cluster.healLink('patroni1', leader);
    advance(cluster, 40);
    expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
  });

  it('[T3] a long one is not over before its time', () => {
    const cluster = returned({ rewindMs: 400_000 });
    advance(cluster, 390);
    expect(cluster.inspect('patroni1').postgres.process).toBe('down');
    advance(cluster, 60);
    expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
  });

  it('[T3] its source goes: Patroni, which lives on, rewinds again from whoever leads then', () => {
    const cluster = returned({ rewindMs: 60_000 });
    advance(cluster, 40);
    const source = cluster.leader() ?? '';
    cluster.killContainer(source);
    advance(cluster, 200);
    expect(cluster.leader()).not.toBe(source);
    expect(cluster.events.filter(({ text }) => text.startsWith('patroni1 must rewind'))).toHaveLength(2);
    expect(cluster.inspect('patroni1').postgres).toMatchObject({ broken: false, streaming: true });
  });

  it('[T3] one that dies with its Patroni half-way leaves a directory from which nothing starts', async () => {
    const cluster = returned({ rewindMs: 100_000 });
    advance(cluster, 60);
    cluster.killContainer('patroni1');
    cluster.startContainer('patroni1');
    advance(cluster, 120);
    expect(['starting', 'start failed']).toContain(await stateOf(cluster, memberName('patroni1')));
  });
});

describe('disks that fill', () => {
  /** Volumes as small as those of the lab. */
  const small = (patroniVersion = '4.1.4'): SimulatedCluster => {
    const cluster = quiet({
      patroniVersion,
      databaseBytes: 60 * MIB,
      volumes: { dataBytes: 400 * MIB, walBytes: null },
      cloneMs: 1000,
      walBytesPerSecond: 1024,
    });
    return cluster;
  };

  it('[T7, W1] a replica whose volume is full stops, says why, and the rest goes on for as long as it is left alone', async () => {
    const cluster = small();
    cluster.fillDisk('patroni2', 'data');
    advance(cluster, 60);
    expect(['starting', 'start failed']).toContain(await stateOf(cluster));
    expect(await logOf(cluster)).toMatch(/FATAL: .*No space left on device/);
    advance(cluster, 3600);
    expect(cluster.primaries()).toEqual(['patroni1']);
    expect(cluster.inspect('patroni3').postgres.streaming).toBe(true);
    cluster.freeDisk('patroni2');
    advance(cluster, 30);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });

  it('[T3, T7] the same, rebuilt: tries without end fill the pg_wal of the leader until it PANICs', async () => {
    const cluster = small();
    cluster.fillDisk('patroni2', 'data');
    advance(cluster, 40);
    await reinitialize(cluster);
    advance(cluster, 1);
    // What has filled the volume goes on filling it.
    cluster.fillDisk('patroni2', 'data');
    advance(cluster, 600);
    expect(cluster.primaries()).toEqual([]);
    expect(await logOf(cluster, memberName('patroni1'))).toMatch(/PANIC: {2}could not write to file "pg_wal/);
  });

  it('[T7] a forgotten slot fills the volume of pg_wal at the rate of the writes; the leader PANICs and does not start', () => {
    const cluster = quiet({ volumes: { dataBytes: 10_000 * MIB, walBytes: 1024 * MIB }, walBytesPerSecond: MIB });
    cluster.holdWal('patroni1');
    advance(cluster, 600);
    const { wal } = cluster.disk('patroni1');
    expect(wal).toBeLessThan(400 * MIB);
    expect(cluster.primaries()).toEqual(['patroni1']);
    advance(cluster, 500);
    expect(cluster.primaries()).not.toContain('patroni1');
    cluster.releaseWal('patroni1');
    advance(cluster, 60);
    expect(cluster.primaries()).toHaveLength(1);
  });

  it('[T7] data without room, WAL with: the leader lives and refuses what would make its data grow', async () => {
    const cluster = quiet({ volumes: { dataBytes: 4096 * MIB, walBytes: 4096 * MIB } });
    cluster.fillDisk('patroni1', 'data');
    advance(cluster, 30);
    expect(cluster.inspect('patroni1').postgres).toMatchObject({ process: 'up', dataFull: true });
    expect(await logOf(cluster, memberName('patroni1'))).toMatch(/could not extend file .*No space left on device/);
    cluster.freeDisk('patroni1');
    advance(cluster, 2);
    expect(cluster.inspect('patroni1').postgres.dataFull).toBe(false);
  });
});
