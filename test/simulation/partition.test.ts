import { describe, expect, it } from 'vitest';
import type { ActionName } from '../../src/model/plan.js';
import type { Policy } from '../../src/model/policy.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const LEADERSHIP: readonly ActionName[] = [
  'expedite-failover',
  'fence-member',
  'open-traffic',
  'failover',
  'start-member',
];
/** All that concerns a leader on auto: what is not sent, nothing else has held back. */
const policy = testPolicy(
  {},
  {
    ...Object.fromEntries(LEADERSHIP.map((name) => [name, { mode: 'auto' as const }])),
    'proxy-nudge': { mode: 'auto', cooldownMs: 0 },
  },
);

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const SEEDS = [1, 2, 3];
type Cut = Parameters<SimulatedCluster['partition']>[1];

const OLD = 'patroni1';
const CUT_S = 60;
const SAMPLE_MS = 250;

/** One cut of the leader for a minute and a minute after it. Times in ms. */
interface Outcome {
  /** Who led, and which members accepted writes, just before the cut was healed. */
  readonly during: { readonly leader: string | null; readonly primaries: readonly string[] };
  readonly after: { readonly leader: string | null; readonly writesGoTo: string | null };
  /** Nobody took the writes of a client behind the proxy. */
  readonly outageMs: number;
  /** Two members accepted writes, and the proxy sent clients to both. */
  readonly doubledMs: number;
}

const reachable = (cluster: SimulatedCluster, member: string): boolean =>
  cluster.proxyStatus('postgres_primary', member).startsWith('UP') && cluster.opens('proxy', member);

async function cutOff(
  cluster: SimulatedCluster,
  from: Cut,
  run: (seconds: number) => Promise<void>,
  cutSeconds = CUT_S,
): Promise<Outcome> {
  const counted = { outageMs: 0, doubledMs: 0 };
  // Sampled by the simulated clock itself: a pass waits for members that do not answer, and time goes by in it.
  const sample = (): void => {
    if (cluster.writesGoTo() === null) counted.outageMs += SAMPLE_MS;
    if (cluster.primaries().filter((member) => reachable(cluster, member)).length > 1) counted.doubledMs += SAMPLE_MS;
    cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  };
  await run(25);
  expect(cluster.leader()).toBe(OLD);
  cluster.partition(OLD, from);
  cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  await run(cutSeconds);
  const during = { leader: cluster.leader(), primaries: cluster.primaries() };
  cluster.heal(OLD);
  await run(60);
  return { during, after: { leader: cluster.leader(), writesGoTo: cluster.writesGoTo() }, ...counted };
}

const stock = (cluster: SimulatedCluster, from: Cut): Promise<Outcome> =>
  cutOff(cluster, from, (seconds) => {
    cluster.advance(seconds * 1000);
    return Promise.resolve();
  });

async function beside(
  of: Policy,
  cluster: SimulatedCluster,
  from: Cut,
  cutSeconds?: number,
): Promise<Rig & { outcome: Outcome }> {
  const one = rig({ policy: of, cluster });
  return { ...one, outcome: await cutOff(cluster, from, one.run, cutSeconds) };
}

const pages = (of: Rig): readonly string[] =>
  of.entries('page').flatMap(({ body }) => (body.change === 'ended' ? [] : [body.code]));

/** Leads, is written to, and both replicas stream from it with nothing left to say. */
function expectWhole({ session, outcome }: Rig & { outcome: Outcome }): void {
  expect(outcome.after.leader).not.toBeNull();
  expect(outcome.after.writesGoTo).toBe(outcome.after.leader);
  expect(session.states.cluster.state).toBe('healthy');
  expect(session.states.problems.map(({ code }) => code)).toEqual([]);
  expect(session.ledger.fences).toEqual([]);
}

describe.each(VERSIONS)('the leader is cut off for a minute, Patroni %s', (patroniVersion) => {
  const seeded = SEEDS.map((seed) => () => createCluster({ patroniVersion, seed }));

  it.each(seeded)(
    'from etcd alone: Patroni demotes it and elects another, and nothing is sent (seed %#)',
    async (make) => {
      const one = await beside(policy, make(), 'dcs');
      expect(one.requests()).toEqual([]);
      expect(one.outcome.during.leader).not.toBe(OLD);
      expect(one.outcome.during.primaries).toEqual([one.outcome.during.leader]);
      expect(one.outcome.doubledMs).toBe(0);
      expectWhole(one);
    },
  );

  it.each(seeded)(
    'from its replicas alone: it goes on, a person is told that they are few, nothing is sent (seed %#)',
    async (make) => {
      // For the first 60 s both ends take the stream for one that has nothing to say: wal_sender_timeout, wal_receiver_timeout.
      const one = await beside(policy, make(), 'peers', 120);
      expect(one.requests()).toEqual([]);
      expect(one.outcome).toMatchObject({ during: { leader: OLD }, outageMs: 0, doubledMs: 0 });
      expect(pages(one)).toContain('too-few-replicas');
      expectWhole(one);
    },
  );

  it.each(seeded)(
    'from the proxy alone: a person is told, nothing is sent, and it is written to again (seed %#)',
    async (make) => {
      const one = await beside(policy, make(), 'proxy');
      expect(one.requests()).toEqual([]);
      expect(one.outcome).toMatchObject({ during: { leader: OLD, primaries: [OLD] }, doubledMs: 0 });
      expect(one.outcome.outageMs).toBeGreaterThan((CUT_S - 20) * 1000);
      expect(pages(one)).toEqual(['leader-unrouted']);
      expectWhole(one);
    },
  );

  it.each(seeded)('from the controller alone: clients notice nothing, and nothing is sent (seed %#)', async (make) => {
    const one = await beside(policy, make(), 'observer');
    expect(one.requests()).toEqual([]);
    expect(one.outcome).toMatchObject({ during: { leader: OLD }, outageMs: 0, doubledMs: 0 });
    expectWhole(one);
  });

  it.each(seeded)(
    'from all of them: Patroni elects another, the proxy at most is told so, it comes back (seed %#)',
    async (make) => {
      const one = await beside(policy, make(), 'all');
      const { leader } = one.outcome.during;
      expect(leader).not.toBe(OLD);
      const nudge = `haproxy> set server postgres_primary/${leader ?? ''} health up`;
      expect(one.requests().filter((text) => text !== nudge)).toEqual([]);
      expect(one.requests().length).toBeLessThanOrEqual(1);
      expectWhole(one);
    },
  );

  it('and the same policy acts where it is dead: what is not sent above, no setting has held back', async () => {
    const { cluster, run, requests } = rig({ policy, cluster: createCluster({ patroniVersion }) });
    await run(25);
    cluster.killContainer(OLD);
    await run(8);
    expect(requests()[0]).toMatch(/^etcd: delete the leader key/);
  });

  it.each(['dcs', 'peers', 'proxy', 'observer', 'all'] as const)(
    'from %s: clients are without a primary, or between two, for no longer than without us',
    async (from) => {
      for (const make of seeded) {
        const alone = await stock(make(), from);
        const { outcome } = await beside(policy, make(), from);
        expect(outcome.doubledMs).toBeLessThanOrEqual(alone.doubledMs);
        expect(outcome.outageMs).toBeLessThanOrEqual(alone.outageMs + SAMPLE_MS);
        expect(outcome.after.leader).toBe(outcome.during.leader);
      }
    },
  );
});
