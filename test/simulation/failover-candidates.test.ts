import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const policy = testPolicy({}, { failover: { mode: 'auto' }, 'start-member': { mode: 'off' } });

/** patroni3 has all the WAL and is tagged nofailover, patroni2 is beyond the lag guard, and patroni1 dies. */
async function onlyTheWrongOneIsAhead(patroniVersion: (typeof VERSIONS)[number]): Promise<Rig> {
  const ekimi = rig({ policy, cluster: createCluster({ patroniVersion }) });
  ekimi.cluster.operatorTag('patroni3', { nofailover: true });
  await ekimi.run(15);
  ekimi.cluster.setLoad(500_000);
  ekimi.cluster.lag('patroni2', 1);
  await ekimi.run(15);
  ekimi.cluster.killContainer('patroni1');
  await ekimi.run(100);
  return ekimi;
}

describe.each(VERSIONS)('a leaderless cluster whose furthest replica is tagged nofailover, Patroni %s', (version) => {
  it('asks for the other replica and says why not the furthest one', async () => {
    const ekimi = await onlyTheWrongOneIsAhead(version);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.approvals('waiting').map((row) => `${row.plan.action} ${row.plan.target}`)).toEqual([
      'failover patroni2',
    ]);
    expect(ekimi.approvals('waiting')[0]?.why).toMatch(
      /1\. patroni2 \(.*\) may lead only if a person agrees: is [\d.]+ \S*B behind.*patroni3 \(.*, 0 B behind\) may not lead: is tagged nofailover/,
    );
  });

  it('has a leader after a person agreed', async () => {
    const ekimi = await onlyTheWrongOneIsAhead(version);
    await ekimi.answer('approved');
    await ekimi.run(60);
    expect(ekimi.requests()[0]).toBe('POST /failover on patroni2 {"candidate":"patroni2"}');
    expect(ekimi.cluster.leader()).toBe('patroni2');
  });
});

describe('a leaderless cluster whose last leader comes back while a person is asked', () => {
  it('is left to Patroni: nothing is sent', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    ekimi.cluster.setLoad(500_000);
    ekimi.cluster.lag('patroni2', 1);
    ekimi.cluster.lag('patroni3', 1);
    await ekimi.run(15);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(90);
    expect(ekimi.approvals('waiting')).toHaveLength(1);
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.entries('approval').map((entry) => entry.body.state)).toEqual(['waiting', 'expired']);
  });
});

describe('a leaderless cluster in which Patroni would promote nobody', () => {
  it('pages with what stands against each member, and asks for nothing', async () => {
    const ekimi = rig({ policy });
    ekimi.cluster.operatorTag('patroni2', { nofailover: true });
    ekimi.cluster.operatorTag('patroni3', { nofailover: true });
    await ekimi.run(15);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(100);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.ledger.approvals).toEqual([]);
    expect(ekimi.notifier.pages.find((page) => page.code === 'leaderless')?.text).toMatch(
      /failover: no member is to be proposed; .*patroni2 \(.*\) may not lead: is tagged nofailover/,
    );
  });
});

describe.each(VERSIONS)('a dead leader whose successors the proxy does not reach, Patroni %s', (patroniVersion) => {
  const auto = { mode: 'auto' as const };
  const expediting = testPolicy({}, { 'expedite-failover': auto, failover: auto, 'start-member': { mode: 'off' } });

  /** Long enough for both pools to have given them up. */
  async function cutOff(...names: readonly string[]): Promise<Rig> {
    const ekimi = rig({ policy: expediting, cluster: createCluster({ patroniVersion }) });
    await ekimi.run(15);
    for (const name of names) ekimi.cluster.partition(name, 'proxy');
    await ekimi.run(40);
    ekimi.cluster.killContainer('patroni1');
    return ekimi;
  }

  it('is waited for within its lease, a person is asked and told why, and it leads again where it comes back', async () => {
    const ekimi = await cutOff('patroni2', 'patroni3');
    await ekimi.run(8);
    expect(ekimi.requests()).toEqual([]);
    const asked = ekimi.approvals('waiting');
    expect(asked.map(({ plan }) => `${plan.action} ${plan.target}`)).toEqual(['expedite-failover patroni1']);
    const held = ekimi.session.decisions.find(({ kind }) => kind === 'held');
    expect(JSON.stringify(held)).toMatch(
      /no proxy reaches patroni2 \(postgres_primary\/patroni2 is DOWN, L4TOUT.*: their clients could not write/,
    );
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(ekimi.requests()).toEqual([]);
  });

  it('is replaced at once where a person agrees', async () => {
    const ekimi = await cutOff('patroni2', 'patroni3');
    await ekimi.run(6);
    await ekimi.answer('approved');
    await ekimi.run(6);
    expect(ekimi.requests()[0]).toMatch(/^etcd: delete the leader key/);
  });

  it('is replaced at once where one of those that are level is reached', async () => {
    const ekimi = await cutOff('patroni2');
    await ekimi.run(8);
    expect(ekimi.requests()[0]).toMatch(/^etcd: delete the leader key/);
  });
});
