import { describe, expect, it } from 'vitest';
import { unknown, type Reading } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';
import { withProxies } from '../support/proxies.js';

const DEADLINE_MS = 3_000;

/** What a call makes of its answer: `hangs` false, nothing; else its whole deadline goes by, and then there is none. */
type Late = <T>(answer: Promise<Reading<T>>) => Promise<Reading<T>>;

const held =
  (cluster: SimulatedCluster, hangs: () => boolean): Late =>
  async (answer) => {
    if (!hangs()) return answer;
    await cluster.time.block(() => false, DEADLINE_MS);
    return unknown('timeout', 'no answer in time', cluster.nowMs(), (await answer).source);
  };

interface Hang {
  readonly name: string;
  readonly strike?: (cluster: SimulatedCluster) => void;
  readonly wrap?: (ports: Ports, late: Late) => Ports;
}

const HANGS: readonly Hang[] = [
  {
    name: 'the API of a replica',
    strike: (cluster) => {
      cluster.freezePatroni('patroni3');
    },
  },
  {
    name: 'PostgreSQL of a replica',
    strike: (cluster) => {
      cluster.freezePostgres('patroni3');
    },
  },
  {
    name: 'a whole replica',
    strike: (cluster) => {
      cluster.pauseContainer('patroni3');
    },
  },
  {
    name: "the host driver at a replica's host",
    wrap: ({ host, ...ports }, late) => ({
      ...ports,
      host:
        host === null
          ? null
          : {
              ...host,
              status: (target) => (target.name === 'patroni3' ? late(host.status(target)) : host.status(target)),
            },
    }),
  },
  {
    name: "a replica's file of tags",
    wrap: ({ tags, ...ports }, late) => ({
      ...ports,
      tags: tags === null ? null : { ...tags, read: (name) => late(tags.read(name)) },
    }),
  },
  {
    name: 'HAProxy',
    wrap: (ports, late) => withProxies(ports, (proxy) => ({ ...proxy, view: () => late(proxy.view()) })),
  },
  {
    name: 'one etcd endpoint',
    wrap: ({ dcs, ...ports }, late) => ({
      ...ports,
      dcs: {
        ...dcs,
        // All are asked at once, and the list is there when the last one is.
        endpoints: async () =>
          Promise.all(
            (await dcs.endpoints()).map(async ({ name, status }) => ({
              name,
              status: name === 'etcd3' ? await late(Promise.resolve(status)) : status,
            })),
          ),
      },
    }),
  },
];

/** Virtual seconds from the leader's death to the next leader. */
async function secondsToNextLeader({ strike, wrap }: Hang, afterSeconds: number, seed: number): Promise<number> {
  const cluster = createCluster({ deadlineMs: DEADLINE_MS, seed });
  let hangs = false;
  const late = held(cluster, () => hangs);
  const ekimi = rig({ policy: leading(), cluster, wrap: (ports) => wrap?.(ports, late) ?? ports });
  await ekimi.run(30);
  strike?.(cluster);
  hangs = true;
  await ekimi.run(afterSeconds);
  expect(cluster.leader()).toBe('patroni1');
  const diedMs = cluster.nowMs();
  cluster.killContainer('patroni1');
  const isReplaced = () => !['patroni1', null].includes(cluster.leader());
  while (!isReplaced() && cluster.nowMs() - diedMs < 60_000) await ekimi.run(0.1);
  return (cluster.nowMs() - diedMs) / 1000;
}

const NOTHING: Hang = { name: 'nothing' };

describe.each([1, 2, 3])('the leader is killed (seed %i)', (seed) => {
  it.each(HANGS)('[F1] while $name hangs: it is replaced as soon as without that', async (hang) => {
    const without = await secondsToNextLeader(NOTHING, 20, seed);
    expect(without).toBeLessThan(6);
    expect(await secondsToNextLeader(hang, 20, seed)).toBeLessThanOrEqual(without + 1);
  });

  it('[F1] while a replica is slow and alive: it costs a part of the time, not every pass', async () => {
    const slow: Hang = {
      name: 'slow',
      strike: (cluster) => {
        cluster.slowApi('patroni3', 2_500);
      },
    };
    const without = await secondsToNextLeader(NOTHING, 20, seed);
    expect(await secondsToNextLeader(slow, 20, seed)).toBeLessThanOrEqual(without + 3);
  });

  it.each(HANGS)('[F1] in the moment in which $name begins to hang: a second or two later at most', async (hang) => {
    const without = await secondsToNextLeader(NOTHING, 0, seed);
    expect(await secondsToNextLeader(hang, 0, seed)).toBeLessThanOrEqual(without + 2);
  });
});
