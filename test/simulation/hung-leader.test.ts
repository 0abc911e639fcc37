import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading, problemsOf } from '../support/situations.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const fencing = leading({}, { 'fence-leader': { mode: 'auto', timeoutMs: 30_000 } });

interface Course {
  readonly outageMs: number;
  readonly doubledMs: number;
}

/** Seconds without a writer behind the proxy from now on, and with two of them, by the simulated clock. */
async function watched(ekimi: Rig, seconds: number): Promise<Course> {
  const { cluster } = ekimi;
  const counted = { outageMs: 0, doubledMs: 0 };
  const sample = (): void => {
    if (cluster.writesGoTo() === null) counted.outageMs += 100;
    if (cluster.primaries().length > 1) counted.doubledMs += 100;
    cluster.at(cluster.nowMs() + 100, sample);
  };
  cluster.at(cluster.nowMs() + 100, sample);
  await ekimi.run(seconds);
  return counted;
}

async function led(patroniVersion: string, policy = fencing, load = 200_000): Promise<Rig> {
  const ekimi = rig({ policy, cluster: createCluster({ patroniVersion }) });
  ekimi.cluster.setLoad(load);
  await ekimi.run(25);
  return ekimi;
}

/** Stopped and replaced, and never two of them: how long nobody could write. */
async function replaced(ekimi: Rig): Promise<number> {
  const { outageMs, doubledMs } = await watched(ekimi, 40);
  expect(ekimi.requests().slice(0, 2)).toEqual([
    'host kill patroni1',
    expect.stringMatching(/^etcd: delete the leader key if it is patroni1's/),
  ]);
  expect(ekimi.cluster.leader()).not.toBe('patroni1');
  expect(doubledMs).toBe(0);
  return outageMs;
}

describe.each(VERSIONS)('a leader whose machine hangs, Patroni %s', (patroniVersion) => {
  it.each([0, 3, 6, 9])('is stopped and replaced within 12 s (%i s into a loop)', async (phaseS) => {
    const ekimi = await led(patroniVersion);
    await ekimi.run(phaseS);
    ekimi.cluster.pauseContainer('patroni1');
    expect(await replaced(ekimi)).toBeLessThan(12_000);
  });

  it('is left to Patroni where the policy says nothing, and a person is told why', async () => {
    const ekimi = await led(patroniVersion, leading());
    ekimi.cluster.pauseContainer('patroni1');
    await ekimi.run(12);
    expect(problemsOf(ekimi)).toContain('leader-unreachable/patroni1');
    expect(ekimi.requests()).toEqual([]);
    const page = ekimi.session.decisions.find((row) => row.kind === 'page' && row.code === 'leader-unreachable');
    expect(page).toMatchObject({ kind: 'page', why: expect.stringContaining('fence-leader is off in the policy') });
  });

  it('is not touched when it goes on after 5 s', async () => {
    const ekimi = await led(patroniVersion);
    for (let time = 0; time < 4; time += 1) {
      ekimi.cluster.pauseContainer('patroni1');
      await ekimi.run(5);
      ekimi.cluster.startContainer('patroni1');
      await ekimi.run(27);
    }
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });
});

describe.each(VERSIONS)(
  'a leader that is cut off from everything but its host driver, Patroni %s',
  (patroniVersion) => {
    it.each([0, 5, 9])('is stopped and replaced before its lease ends (%i s into a loop)', async (phaseS) => {
      const ekimi = await led(patroniVersion);
      await ekimi.run(phaseS);
      ekimi.cluster.partition('patroni1', 'all');
      const { outageMs } = await watched(ekimi, 40);
      expect(ekimi.requests()[0]).toBe('host kill patroni1');
      expect(ekimi.cluster.leader()).not.toBe('patroni1');
      expect(outageMs).toBeLessThan(15_000);
    });
  },
);

describe.each(VERSIONS)('a leader whose PostgreSQL hangs below a Patroni that lives, Patroni %s', (patroniVersion) => {
  it.each([0, 4, 8])('is stopped and replaced within 15 s (%i s into a loop)', async (phaseS) => {
    const ekimi = await led(patroniVersion);
    await ekimi.run(phaseS);
    ekimi.cluster.freezePostgres('patroni1');
    expect(await replaced(ekimi)).toBeLessThan(15_000);
  });

  it('is told and not touched where nobody may follow', async () => {
    const ekimi = await led(patroniVersion, fencing, 500_000);
    ekimi.cluster.lag('patroni2', 1);
    ekimi.cluster.lag('patroni3', 1);
    await ekimi.run(25);
    ekimi.cluster.freezePostgres('patroni1');
    await ekimi.run(30);
    expect(ekimi.requests().filter((text) => text.startsWith('host') || text.startsWith('etcd'))).toEqual([]);
    expect(ekimi.session.decisions).toContainEqual(
      expect.objectContaining({
        kind: 'page',
        code: 'leader-hung',
        why: expect.stringContaining('no replica may succeed'),
      }),
    );
  });
});

/** What looks like a leader that hangs. Whatever the policy allows, nobody is stopped and no key is deleted. */
const FRIENDS: readonly (readonly [name: string, befalls: (ekimi: Rig) => void | Promise<void>])[] = [
  [
    'a network on which each answer takes longer than we wait',
    ({ cluster }) => {
      cluster.slowApi('patroni1', 5_000);
    },
  ],
  [
    'our way to the leader alone is cut',
    ({ cluster }) => {
      cluster.cutLink('controller', 'patroni1');
    },
  ],
  [
    'we are cut off from all members',
    ({ cluster }) => {
      ['patroni1', 'patroni2', 'patroni3'].forEach((name) => {
        cluster.cutLink('controller', name);
      });
    },
  ],
  [
    'we are cut off from etcd',
    ({ cluster }) => {
      cluster.cutObserver('dcs');
    },
  ],
  [
    'its SQL alone is silent to us',
    ({ cluster }) => {
      cluster.cutOneWay('controller', 'patroni1', 'sql');
    },
  ],
  [
    'a backup',
    ({ cluster }) => {
      cluster.baseBackup(true);
    },
  ],
  [
    'a laptop that was closed for two minutes',
    async ({ cluster, run }) => {
      await run(3);
      cluster.advance(120_000);
    },
  ],
  [
    'a laptop that was closed the moment the leader stood still, and both go on',
    async ({ cluster, run }) => {
      cluster.pauseContainer('patroni1');
      await run(3);
      cluster.at(cluster.nowMs() + 5_000, () => {
        cluster.startContainer('patroni1');
      });
      cluster.advance(60_000);
    },
  ],
  [
    'a PostgreSQL that stands still for 5 s, four times',
    async ({ cluster, run }) => {
      for (let time = 0; time < 4; time += 1) {
        cluster.freezePostgres('patroni1');
        await run(5);
        cluster.thaw('patroni1');
        await run(27);
      }
    },
  ],
];

describe('no leader that hangs', () => {
  it.each(FRIENDS)('%s', async (_, befalls) => {
    const ekimi = await led('4.1.4');
    await befalls(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => /^(host|etcd)/.test(text))).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });
});

describe('a leader that we do not hear, and that is idle', () => {
  it('is told and never stopped, though no replica has heard it for long: its lease is renewed', async () => {
    const ekimi = await led('4.1.4', fencing, 0);
    const { cluster } = ekimi;
    cluster.cutLink('controller', 'patroni1');
    for (let second = 0; second < 40; second += 1) {
      for (const name of ['patroni2', 'patroni3'])
        cluster.inspect(name).postgres.lastMessageMs = cluster.nowMs() - 20_000;
      await ekimi.run(1);
    }
    expect(ekimi.requests().filter((text) => /^(host|etcd)/.test(text))).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
  });
});
