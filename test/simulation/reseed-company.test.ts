import { describe, expect, it } from 'vitest';
import { startRun } from '../../src/kernel/runs.js';
import type { Ports } from '../../src/observe/ports.js';
import type { HostPort } from '../../src/ports/host.js';
import { createCluster } from '../../src/simulator/world.js';
import { did, ETCDS, lostEtcd, MEMBERS, RESEED, RESEED_POLICY } from '../support/lost-etcd.js';
import { everyNth } from '../support/points.js';
import { rig, type Rig } from '../support/simulated.js';
import { changeStaged, newestRun, recoveryParts, stagedRequest, startStaged } from '../support/staged.js';
import { standStill } from '../support/stand-still.js';

/** Of all etcd members the data is lost, or of all but etcd1, which runs. */
const LOST = [
  { who: 'all of them', lost: ETCDS },
  { who: 'all but etcd1', lost: ['etcd2', 'etcd3'] },
];

async function begun(names: readonly string[], wrap: (ports: Ports) => Ports): Promise<Rig> {
  const ekimi = await lostEtcd(names, { wrap });
  if (!names.includes('etcd1')) ekimi.cluster.returnEtcd('etcd1');
  await ekimi.run(10);
  await startStaged(ekimi, RESEED);
  await ekimi.run(5);
  await changeStaged(ekimi, 'continue');
  ekimi.cluster.healLink('patroni1', 'patroni3');
  return ekimi;
}

/** Of the requests to hosts the `nth` gets no answer; `arrives`: and has done what it should all the same. */
function unanswered(nth: number, arrives: boolean): (ports: Ports) => Ports {
  let count = 0;
  const lost = { effect: 'maybe', status: null, text: 'no answer', tookMs: 1 } as const;
  return (ports) => {
    const { host } = ports;
    if (host === null) return ports;
    const isLost = (): boolean => (count += 1) === nth || nth === 0;
    const send: HostPort['send'] = async (step, grant) => {
      if (!isLost()) return host.send(step, grant);
      if (arrives) await host.send(step, grant);
      return lost;
    };
    const moveAside: HostPort['moveAside'] = async (target, how) => {
      const moved = { ...lost, to: null, bytes: null };
      if (!isLost()) return (await host.moveAside?.(target, how)) ?? moved;
      if (arrives) await host.moveAside?.(target, how);
      return moved;
    };
    return { ...ports, host: { ...host, send, moveAside } };
  };
}

describe.each(LOST)('a reseed of etcd without the data of $who', ({ lost }) => {
  it('no answer to any request: each is sent once, and who led last leads', async () => {
    const ekimi = await begun(lost, unanswered(0, true));
    await ekimi.run(200);
    expect(newestRun(ekimi)?.phase, newestRun(ekimi)?.detail).toBe('succeeded');
    expect([...did(ekimi, 'start')].sort()).toEqual([...ETCDS, ...MEMBERS]);
    expect(new Set(ekimi.requests()).size).toBe(ekimi.requests().length);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
  });

  it('one of its requests never arrives, each sixth (each with EVERY_POINT=1): a person is asked, it goes on, and the member behind never leads', async () => {
    const requests = lost.length === ETCDS.length ? 9 : 11;
    for (let nth = 1; nth <= requests; nth += everyNth(6)) {
      const ekimi = await begun(lost, unanswered(nth, false));
      for (let round = 0; round < 8 && newestRun(ekimi)?.phase !== 'succeeded'; round += 1) {
        await ekimi.run(150);
        if (newestRun(ekimi)?.phase === 'held') await changeStaged(ekimi, 'continue');
      }
      const where = `request ${nth} of ${requests}: ${newestRun(ekimi)?.detail ?? 'no run'}`;
      expect(newestRun(ekimi)?.phase, where).toBe('succeeded');
      expect(ekimi.cluster.primaries(), where).toEqual(['patroni1']);
      expect(
        did(ekimi, 'start').find((name) => MEMBERS.includes(name)),
        where,
      ).toBe('patroni1');
    }
  }, 120_000);
});

/** An instance stands still at the `at`-th of its awaits, while at another one a person does what is left. */
async function story(names: readonly string[], at: number) {
  const cluster = createCluster();
  const sleep = standStill();
  const other = rig({ policy: RESEED_POLICY, cluster, as: 'ekimi-2', recovery: recoveryParts() });
  await other.run(15);
  const one = await lostEtcd(names, { cluster, as: 'ekimi-1', wrap: sleep.wrap, wrapJournal: sleep.wrapJournal });
  if (!names.includes('etcd1')) cluster.returnEtcd('etcd1');
  await one.run(10);
  const told = { atWake: Infinity, isLed: false };
  sleep.arm(at, async () => {
    cluster.healLink('patroni1', 'patroni3');
    await other.run(30);
    for (const name of ['reseed-dcs', 'cold-start'] as const) {
      if ((await startStaged(other, { ...RESEED, name })).kind !== 'started') continue;
      await other.run(5);
      if (newestRun(other)?.phase === 'held') await changeStaged(other, 'continue');
      break;
    }
    await other.run(200);
    told.isLed = cluster.primaries().join() === 'patroni1';
    told.atWake = one.requests().length;
  });
  void startRun(one.session, stagedRequest(RESEED), 'dba');
  await one.run(5);
  if (newestRun(one)?.phase === 'held') await changeStaged(one, 'continue');
  cluster.healLink('patroni1', 'patroni3');
  await one.run(200);
  await one.run(100);
  return { one, cluster, points: sleep.points, ...told };
}

/** Where it acts, or writes down what it will do or has done. */
const ACTS = /journal (intent|outcome|verdict|procedure)|commitLedger|after host\.(send|moveAside)/;

describe('two instances', () => {
  it.each(LOST)(
    'without the data of $who: one stands still where it acts, and wakes when the other one has done it: nothing is stopped or renamed then',
    async ({ lost }) => {
      const { points } = await story(lost, Infinity);
      const acts = points.flatMap((name, index) => (ACTS.test(name) ? [index + 1] : []));
      let led = 0;
      for (let k = 0; k < acts.length; k += everyNth(55)) {
        const at = acts[k] ?? 0;
        const told = await story(lost, at);
        const where = `${at} ${points[at - 1] ?? ''}`;
        expect(told.cluster.primaries(), where).toEqual(['patroni1']);
        if (!told.isLed) continue;
        led += 1;
        const after = told.one.requests().slice(told.atWake);
        expect(
          after.filter((text) => /^host (stop|kill|rename)/.test(text)),
          where,
        ).toEqual([]);
      }
      expect(led).toBeGreaterThan(1);
    },
    240_000,
  );
});
