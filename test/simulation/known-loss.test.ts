import { describe, expect, it } from 'vitest';
import type { SimulatedCluster } from '../../src/simulator/world.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
const policy = testPolicy({}, { 'expedite-failover': AUTO, 'fence-member': AUTO, 'start-member': AUTO });

/** A client commits, the replicas have heard nothing of the leader for some seconds, and a controller has seen that. */
async function unreceived(): Promise<Rig & { readonly cluster: SimulatedCluster }> {
  const cluster = createCluster();
  const ekimi = rig({ policy, cluster });
  await ekimi.run(30);
  cluster.startClient('app', 200);
  cluster.setLoad(16 * 1024);
  await ekimi.run(5);
  cluster.partition('patroni1', 'peers');
  await ekimi.run(4);
  return { ...ekimi, cluster };
}

const leadership = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => /^etcd:|^host |state maint/.test(text));

describe('a leader that dies with commits that no replica has', () => {
  it('a person is asked, with how much it is; it is back before its key expires, and nothing is lost', async () => {
    const { cluster, run, requests, session } = await unreceived();
    cluster.killContainer('patroni1');
    await run(6);
    expect(session.decisions).toContainEqual(
      expect.objectContaining({
        kind: 'held',
        plan: expect.objectContaining({ action: 'expedite-failover' }),
        blocks: [
          expect.objectContaining({
            gate: 'data-loss',
            because: expect.stringMatching(
              /lacks at least [\d.]+ KiB .* of what patroni1 had written: kept if patroni1 comes back/,
            ),
          }),
        ],
      }),
    );
    cluster.startContainer('patroni1');
    await run(40);
    expect(leadership(requests())).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
    expect(cluster.commits().lost).toEqual([]);
  });

  it('it does not come back: Patroni elects when its key expires, as without us', async () => {
    const { cluster, run, requests } = await unreceived();
    cluster.killContainer('patroni1');
    await run(45);
    expect(requests().filter((text) => text.startsWith('etcd:'))).toEqual([]);
    expect(cluster.leader()).not.toBe('patroni1');
  });

  it('they were received: nobody is asked, its key is deleted at once', async () => {
    const { cluster, run, requests } = await unreceived();
    cluster.heal('patroni1');
    await run(3);
    cluster.killContainer('patroni1');
    await run(6);
    expect(requests()[0]).toMatch(/^etcd: delete the leader key if it is patroni1's/);
    expect(cluster.commits().lost).toEqual([]);
  });
});

describe('a leader whose Patroni stalls with commits that no replica has', () => {
  it('is not stopped without a person: it leads on when it wakes, and nothing is lost', async () => {
    const { cluster, run, requests, session } = await unreceived();
    cluster.freezePatroni('patroni1');
    await run(17);
    expect(session.decisions).toContainEqual(
      expect.objectContaining({
        kind: 'held',
        plan: expect.objectContaining({ action: 'fence-member' }),
        blocks: expect.arrayContaining([expect.objectContaining({ gate: 'data-loss' })]),
      }),
    );
    cluster.thaw('patroni1');
    cluster.heal('patroni1');
    await run(40);
    expect(leadership(requests())).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
    expect(cluster.commits().lost).toEqual([]);
  });
});
