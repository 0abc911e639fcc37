import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
/** Repairs are automatic, rebuilds too: only the guard before a copy is destroyed is left to say no. */
const policy = testPolicy(
  { limits: { ...testPolicy().limits, perHour: 50 } },
  {
    'expedite-failover': AUTO,
    'start-member': { mode: 'off' },
    'restart-member': { mode: 'off' },
    'reinitialize-replica': { timeoutMs: 600_000 },
  },
);

const rebuilds = (cluster: SimulatedCluster): readonly string[] =>
  cluster.requests.map(({ text }) => text).filter((text) => text.startsWith('POST /reinitialize'));

/** patroni2 is made leader, writes what nobody receives, and dies; another takes over on a third timeline. */
async function ledMeanwhile(cluster: SimulatedCluster, on: (seconds: number) => Promise<void>): Promise<void> {
  cluster.switchover('patroni2');
  await on(40);
  expect(cluster.leader()).toBe('patroni2');
  cluster.killContainer('patroni2');
  await on(60);
  expect(cluster.leader()).not.toBe('patroni2');
  expect(cluster.inspect(cluster.leader() ?? '').postgres.timeline).toBe(3);
}

/** Rows of the history keep the name of the next leader only if that leader wrote them; what dies young leaves none. */
const nameless = (ports: Ports): Ports => ({
  ...ports,
  patroni: {
    ...ports.patroni,
    history: async (member) => {
      const reading = await ports.patroni.history(member);
      if (reading.kind === 'unknown') return reading;
      return { ...reading, value: reading.value.map((row) => ({ ...row, newLeader: null })) };
    },
  },
});

/** How it comes back: with a directory from which nothing starts, or running "on the leader's timeline" without ever streaming. */
const RETURNS = [
  [
    'does not start',
    (cluster: SimulatedCluster): void => {
      cluster.breakData('patroni2');
    },
  ],
  [
    'runs after a rewind that failed',
    (cluster: SimulatedCluster): void => {
      cluster.breakRewind('patroni2');
    },
  ],
] as const;

const unseen = (cluster: SimulatedCluster) => (seconds: number) => {
  cluster.advance(seconds * 1000);
  return Promise.resolve();
};

/** The next process, with what the journal of the one before tells it. */
async function restarted(before: Rig, owner = 'next'): Promise<Rig> {
  const { cluster, journal } = before;
  const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
  expect(memory.positions['patroni2']).toMatchObject({ timeline: 1, inRecovery: true });
  return rig({ policy, cluster, owner, journal, memory, wrap: nameless });
}

/** Where nobody looked, and who looks afterwards. */
const GAPS: readonly (readonly [string, (ekimi: Rig) => Promise<Rig>])[] = [
  [
    'ekimi did not run',
    async (ekimi) => {
      await ledMeanwhile(ekimi.cluster, unseen(ekimi.cluster));
      return restarted(ekimi);
    },
  ],
  [
    'ekimi stood still',
    async (ekimi) => {
      await ledMeanwhile(ekimi.cluster, unseen(ekimi.cluster));
      return ekimi;
    },
  ],
  [
    'etcd did not answer',
    async (ekimi) => {
      ekimi.cluster.cutObserver('all');
      await ledMeanwhile(ekimi.cluster, ekimi.run);
      ekimi.cluster.healObserver();
      return ekimi;
    },
  ],
  [
    'it held the leader key',
    async (ekimi) => {
      ekimi.cluster.partition('patroni2', 'observer');
      await ledMeanwhile(ekimi.cluster, ekimi.run);
      ekimi.cluster.heal('patroni2');
      return ekimi;
    },
  ],
];

describe.each(GAPS)('a replica that led and wrote while nobody saw it (%s)', (why, gap) => {
  it.each(RETURNS)(
    'and %s afterwards is not destroyed; a person is asked, and told what is not known',
    async (_how, damage) => {
      const cluster = createCluster({ seed: 3 });
      const ekimi = rig({ policy, cluster, wrap: nameless });
      await ekimi.run(75);
      const after = await gap(ekimi);
      damage(cluster);
      cluster.startContainer('patroni2');
      await after.run(300);
      expect(rebuilds(cluster)).toEqual([]);
      const [asked] = after.approvals('waiting');
      expect(asked?.plan).toMatchObject({ action: 'reinitialize-replica', target: 'patroni2' });
      expect(asked?.why).toMatch(/nobody watched it \(.*\), and the leader is on timeline 3: .* is not known/);
      expect(after.session.states.memory.unwatched?.['patroni2']?.why).toBe(why);

      await after.answer('approved');
      await after.run(90);
      expect(rebuilds(cluster)).toEqual(['POST /reinitialize on patroni2 {}']);
      expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
      expect(after.session.states.memory.unwatched).not.toHaveProperty('patroni2');
    },
  );
});

describe('a replica whose data directory was destroyed and that never led', () => {
  it.each<[string, (ekimi: Rig) => Promise<Rig>]>([
    ['while ekimi ran all the time', (ekimi) => Promise.resolve(ekimi)],
    [
      'while ekimi was restarted at once and another became leader',
      async (ekimi) => {
        ekimi.cluster.switchover('patroni3');
        ekimi.cluster.advance(20_000);
        expect(ekimi.cluster.leader()).toBe('patroni3');
        return restarted(ekimi);
      },
    ],
    [
      'while ekimi was down for an hour and the leader stayed on its timeline',
      async (ekimi) => {
        ekimi.cluster.advance(3_600_000);
        return restarted(ekimi);
      },
    ],
    [
      'while another became leader under the eyes of ekimi',
      async (ekimi) => {
        ekimi.cluster.switchover('patroni3');
        await ekimi.run(15);
        return ekimi;
      },
    ],
  ])('%s is rebuilt without asking', async (_when, meanwhile) => {
    const cluster = createCluster({ seed: 3 });
    const ekimi = rig({ policy, cluster, wrap: nameless });
    await ekimi.run(75);
    cluster.breakData('patroni2');
    await ekimi.run(5);
    const after = await meanwhile(ekimi);
    await after.run(300);
    expect(rebuilds(cluster)).toEqual(['POST /reinitialize on patroni2 {}']);
    expect(after.approvals('waiting')).toEqual([]);
    expect(cluster.inspect('patroni2').postgres.streaming).toBe(true);
  });

  it('is not destroyed by a controller that never saw it stream', async () => {
    const cluster = createCluster({ seed: 3 });
    cluster.walGap('patroni2');
    cluster.advance(30_000);
    const ekimi = rig({ policy, cluster });
    await ekimi.run(300);
    expect(rebuilds(cluster)).toEqual([]);
    expect(ekimi.approvals('waiting')[0]?.why).toContain('it was not seen streaming');
  });
});
