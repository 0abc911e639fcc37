import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/model/policy.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const GB = 1024 ** 3;
const slots = { retainWarningBytes: GB, dropWithinMs: 3_600_000, awaitMemberMs: 86_400_000, dropLogical: [] };
const policyWith = (part: Partial<Policy['slots']> = {}, mode: 'auto' | 'approve' | 'off' = 'auto'): Policy =>
  testPolicy(
    { slots: { ...slots, ...part } },
    {
      'drop-inactive-slot': { mode, attempts: 3 },
      'start-member': { mode: 'off' },
      'restart-member': { mode: 'off' },
    },
  );

/** A volume on which a tenth is left at most, by what a slot holds back. */
async function endangered(
  policy: Policy,
  hold: (cluster: SimulatedCluster) => void,
  roomBytes = 600 * 1024 ** 2,
): Promise<Rig> {
  const cluster = createCluster({ volumes: { dataBytes: 100 * GB, walBytes: 10 * GB }, seed: 5 });
  const ekimi = rig({ cluster, policy });
  await ekimi.run(20);
  hold(cluster);
  cluster.setLoad(20 * 1024 ** 2);
  await ekimi.run(60);
  cluster.setLoad(1024);
  cluster.fillDisk('patroni1', 'wal', roomBytes);
  await ekimi.run(120);
  return ekimi;
}

const drops = ({ requests }: Rig): readonly string[] => requests().filter((text) => text.includes('drop_replication'));

describe('a slot that nobody uses and that fills the WAL volume of the leader', () => {
  it('is dropped, once, and only it', async () => {
    const ekimi = await endangered(policyWith(), (cluster) => {
      cluster.holdWal('patroni1');
    });
    expect(drops(ekimi)).toEqual([
      expect.stringMatching(
        /^SELECT pg_drop_replication_slot\('forgotten'\) on patroni1 \(if it is unused and still at/,
      ),
    ]);
    expect(ekimi.entries('verdict').map(({ body }) => body.remediation.phase)).toEqual(['succeeded']);
    await ekimi.run(300);
    expect(drops(ekimi)).toHaveLength(1);
  });

  it('is asked for with what is lost by it', async () => {
    const ekimi = await endangered(policyWith({}, 'approve'), (cluster) => {
      cluster.holdWal('patroni1');
    });
    expect(drops(ekimi)).toEqual([]);
    expect(ekimi.approvals('waiting')[0]?.why).toMatch(
      /dropping slot forgotten gives back 1\.\d GiB of WAL at the next checkpoint; whoever streams by it .* must be copied anew; Patroni makes/,
    );
  });

  it.each<[string, Policy, (cluster: SimulatedCluster) => void, number?]>([
    [
      'while it is used',
      policyWith(),
      (cluster) => {
        cluster.holdWal('patroni1', { active: true });
      },
    ],
    [
      'by default',
      policyWith({}, 'off'),
      (cluster) => {
        cluster.holdWal('patroni1');
      },
    ],
    [
      'while there is room',
      policyWith(),
      (cluster) => {
        cluster.holdWal('patroni1');
      },
      5 * GB,
    ],
    [
      'that is logical and not named',
      policyWith(),
      (cluster) => {
        cluster.holdWal('patroni1', { kind: 'logical' });
      },
    ],
    [
      'of a member that may come back in time',
      policyWith(),
      (cluster) => {
        cluster.stopContainer('patroni3');
      },
    ],
  ])('stays %s', async (_name, policy, hold, room) => {
    const ekimi = await endangered(policy, hold, room);
    expect(drops(ekimi)).toEqual([]);
  });

  it('goes where the policy names it though logical, and of a member that was away for too long', async () => {
    const logical = await endangered(policyWith({ dropLogical: ['forgotten'] }), (cluster) => {
      cluster.holdWal('patroni1', { kind: 'logical' });
    });
    expect(drops(logical)).toHaveLength(1);
    const away = await endangered(policyWith({ awaitMemberMs: 60_000 }), (cluster) => {
      cluster.stopContainer('patroni3');
    });
    expect([...away.why(), ...drops(away)]).toEqual([expect.stringContaining("'patroni3'")]);
  });

  it('is not dropped twice where the answer was lost: that it is gone is the answer', async () => {
    const ekimi = await endangered(policyWith(), (cluster) => {
      cluster.holdWal('patroni1');
      cluster.failSend('answer-lost', 'sql');
    });
    await ekimi.run(60);
    expect(drops(ekimi)).toHaveLength(1);
    expect(ekimi.entries('outcome').map(({ body }) => body.reply.effect)).toEqual(['maybe']);
    expect(ekimi.entries('verdict').map(({ body }) => body.remediation.phase)).toEqual(['succeeded']);
  });

  it('stays when it is taken up between the look and the request', async () => {
    const policy = policyWith();
    const cluster = createCluster({ volumes: { dataBytes: 100 * GB, walBytes: 10 * GB }, seed: 5 });
    const ekimi = rig({
      cluster,
      policy,
      wrap: (ports) => ({
        ...ports,
        postgres: ports.postgres && {
          ...ports.postgres,
          send: (step) => {
            cluster.holdWal('patroni1', { active: true });
            return ports.postgres?.send(step) as never;
          },
        },
      }),
    });
    await ekimi.run(20);
    cluster.holdWal('patroni1');
    cluster.setLoad(20 * 1024 ** 2);
    await ekimi.run(60);
    cluster.setLoad(1024);
    cluster.fillDisk('patroni1', 'wal', 600 * 1024 ** 2);
    await ekimi.run(120);
    expect(drops(ekimi)).toHaveLength(1);
    expect(ekimi.entries('outcome').map(({ body }) => body.reply.effect)).toEqual(['none']);
    expect(cluster.disk('patroni1').walBytes).toBeGreaterThan(GB);
  });
});
