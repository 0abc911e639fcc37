import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { unknown } from '../../src/model/reading.js';
import type { SqlStatus } from '../../src/model/sql.js';
import type { Ports } from '../../src/observe/ports.js';
import { testPolicy } from '../support/policy.js';
import { type Rig } from '../support/simulated.js';
import { pagesOf, problemsOf, watching } from '../support/situations.js';

/** What PostgreSQL of a member says, changed while `on()`. */
const telling =
  (name: string, on: () => boolean, change: (status: SqlStatus) => SqlStatus | 'too-many-clients' | 'starting-up') =>
  (ports: Ports): Ports => {
    const { postgres } = ports;
    if (postgres === null) return ports;
    return {
      ...ports,
      postgres: {
        ...postgres,
        status: async (member) => {
          const reading = await postgres.status(member);
          if (member !== name || !on() || reading.kind !== 'fresh') return reading;
          const told = change(reading.value);
          if (typeof told !== 'string') return { ...reading, value: told };
          return unknown(told, `PostgreSQL of ${name}: ${told}`, reading.atMs, reading.source);
        },
      },
    };
  };

describe('a leader whose clients cannot write', () => {
  it('[S12, P8] since commits wait for a mute standby is paged, and the end is seen', async () => {
    let isMute = false;
    let sinceMs = 0;
    const cluster = createCluster();
    const wrap = telling(
      'patroni1',
      () => isMute,
      (status) => ({
        ...status,
        syncWaits: { count: 4, oldestMs: cluster.nowMs() - sinceMs, standbyNames: 'patroni2' },
      }),
    );
    const ekimi = await watching({ cluster, wrap });
    isMute = true;
    sinceMs = cluster.nowMs();
    await ekimi.run(20);
    expect(pagesOf(ekimi)).toEqual(['commits-wait/patroni1']);
    isMute = false;
    await ekimi.run(20);
    expect(problemsOf(ekimi)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P10] since it is read-only by default is paged, and stays while SQL cannot be asked', async () => {
    let isReadOnly = false;
    const wrap = telling(
      'patroni1',
      () => isReadOnly,
      (status) => ({ ...status, readOnly: { server: true, databases: [] } }),
    );
    const ekimi = await watching({ wrap });
    isReadOnly = true;
    await ekimi.run(20);
    expect(pagesOf(ekimi)).toEqual(['leader-read-only/patroni1']);
    ekimi.cluster.cutObserver('sql');
    await ekimi.run(30);
    expect(problemsOf(ekimi)).toContain('leader-read-only/patroni1');
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P10] a single database that is read-only on purpose wakes nobody', async () => {
    const wrap = telling(
      'patroni1',
      () => true,
      (status) => ({ ...status, readOnly: { server: false, databases: ['archive'] } }),
    );
    const ekimi = await watching({ wrap });
    await ekimi.run(60);
    expect(pagesOf(ekimi)).toEqual([]);
  });

  it('[S7] that has no connection left is told as such', async () => {
    const wrap = telling(
      'patroni1',
      () => true,
      () => 'too-many-clients' as const,
    );
    const ekimi = await watching({ wrap });
    expect(pagesOf(ekimi)).toContain('connections-high/patroni1');
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a replica that starts or recovers', () => {
  it('[S7] is named with its time, pages nobody at once, and is left alone', async () => {
    const wrap = telling(
      'patroni2',
      () => true,
      () => 'starting-up' as const,
    );
    const ekimi = await watching({ wrap });
    await ekimi.run(120);
    expect(problemsOf(ekimi)).toContain('member-starting/patroni2');
    expect(pagesOf(ekimi)).toEqual([]);
    await ekimi.run(900);
    expect(pagesOf(ekimi)).toContain('member-starting/patroni2');
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a primary without its key', () => {
  it('[S2] in a pause, with Patroni stopped for an upgrade, wakes nobody', async () => {
    const ekimi = await watching();
    ekimi.cluster.pause();
    await ekimi.run(15);
    ekimi.cluster.killPatroni('patroni1');
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).toBeNull();
    expect(problemsOf(ekimi)).toContain('primary-without-key/patroni1');
    expect(pagesOf(ekimi).filter((page) => /split-brain|primary-without-key/.test(page))).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a pause that was forgotten', () => {
  it('[P23] is told once after the time of the policy, and never before', async () => {
    const policy = testPolicy({ pause: { remindAfterMs: 600_000 } });
    const ekimi = await watching({ policy });
    ekimi.cluster.pause();
    await ekimi.run(590);
    expect(pagesOf(ekimi)).toEqual([]);
    await ekimi.run(30);
    expect(pagesOf(ekimi)).toEqual([`cluster-paused/${ekimi.cluster.options.scope}`]);
    await ekimi.run(300);
    expect(pagesOf(ekimi)).toHaveLength(1);
    ekimi.cluster.resume();
    await ekimi.run(30);
    expect(problemsOf(ekimi)).toEqual([]);
  });
});

describe('failsafe mode', () => {
  const etcdLost = async (ekimi: Rig): Promise<void> => {
    ekimi.cluster.setFailsafeMode(true);
    await ekimi.run(30);
    ekimi.cluster.stopEtcd(2);
    await ekimi.run(40);
  };

  it('[P7] is told while it holds, and paged when one more member is lost and writes end', async () => {
    const ekimi = await watching();
    await etcdLost(ekimi);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
    const scope = ekimi.cluster.options.scope;
    expect(problemsOf(ekimi)).toContain(`failsafe-active/${scope}`);
    expect(pagesOf(ekimi)).not.toContain(`failsafe-active/${scope}`);
    const lost = ekimi.session.states.problems.find(({ code }) => code === 'dcs-quorum-lost');
    expect(lost?.evidence.map((row) => row.text).join()).toContain('stays primary by failsafe_mode');
    ekimi.cluster.stopContainer('patroni3');
    await ekimi.run(40);
    expect(ekimi.cluster.primaries()).toEqual([]);
    expect(pagesOf(ekimi)).toContain(`failsafe-active/${scope}`);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a cluster of a single member', () => {
  it('[P30] that is stopped is started', async () => {
    const ekimi = await watching({ cluster: createCluster({ members: ['patroni1'] }) });
    ekimi.cluster.stopContainer('patroni1');
    await ekimi.run(150);
    expect(ekimi.requests().filter((text) => text.startsWith('host start patroni1'))).toHaveLength(1);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
  });
});
