import { describe, expect, it } from 'vitest';
import { candidatesFor } from '../../src/assess/candidates.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';
import { CLEAN_MEMORY, viewOf } from '../support/view.js';

async function watching(cluster = createCluster()): Promise<Rig> {
  const ekimi = rig({ policy: leading(), cluster });
  await ekimi.run(25);
  return ekimi;
}
const problemOf = (ekimi: Rig, code: string) => ekimi.session.states.problems.find((problem) => problem.code === code);
const isActive = (ekimi: Rig, code: string): boolean => problemOf(ekimi, code)?.phase === 'active';
const textOf = (ekimi: Rig, code: string): string =>
  (problemOf(ekimi, code)?.evidence ?? []).map(({ text }) => text).join('; ');

describe('etcd that is about to fail', () => {
  it('[P26] slow is told with both figures while it is, ends with it, and nothing is sent', async () => {
    const ekimi = await watching();
    ekimi.cluster.slowEtcd('etcd1', 800);
    await ekimi.run(60);
    expect(isActive(ekimi, 'dcs-slow')).toBe(true);
    expect(textOf(ekimi, 'dcs-slow')).toMatch(/took 8\d\d ms .* limit 500 ms; .* retry_timeout, 10000 ms/);
    ekimi.cluster.slowEtcd('etcd1', 0);
    await ekimi.run(60);
    expect(problemOf(ekimi, 'dcs-slow')).toBeUndefined();
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P26] that elects again and again is told with the number, and one election is not', async () => {
    const ekimi = await watching();
    ekimi.cluster.electEtcd();
    await ekimi.run(60);
    expect(problemOf(ekimi, 'dcs-electing')).toBeUndefined();
    for (let round = 0; round < 4; round += 1) {
      ekimi.cluster.electEtcd();
      await ekimi.run(60);
    }
    expect(textOf(ekimi, 'dcs-electing')).toContain('elected a leader 5 times within an hour');
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P26] near its quota is told before it refuses writes, and ends with a defragmentation', async () => {
    const ekimi = await watching();
    const quota = ekimi.cluster.options.etcdQuotaBytes;
    ekimi.cluster.sizeEtcd(quota * 0.8);
    await ekimi.run(60);
    expect(problemOf(ekimi, 'dcs-nearly-full')).toMatchObject({ phase: 'active', level: 'warning' });
    expect(textOf(ekimi, 'dcs-nearly-full')).toContain('(80%)');
    ekimi.cluster.sizeEtcd(quota * 0.95);
    await ekimi.run(60);
    expect(problemOf(ekimi, 'dcs-nearly-full')?.level).toBe('critical');
    ekimi.cluster.sizeEtcd(quota * 0.1);
    await ekimi.run(150);
    expect(problemOf(ekimi, 'dcs-nearly-full')).toBeUndefined();
  });
});

describe('members that were replaced and versions that differ', () => {
  const etcd = (name: string) => ({ id: name, name, clientUrls: [`http://${name}:2379`] });

  it('[P27] an etcd member that was replaced is told with its successor, and stays told between two lists', async () => {
    const ekimi = await watching();
    ekimi.cluster.killEtcd('etcd3');
    ekimi.cluster.setEtcdMembers(['etcd1', 'etcd2', 'etcd9'].map(etcd));
    await ekimi.run(240);
    for (let pass = 0; pass < 60; pass += 1) {
      expect(isActive(ekimi, 'dcs-membership-differs')).toBe(true);
      await ekimi.run(2);
    }
    expect(textOf(ekimi, 'dcs-membership-differs')).toMatch(/no member of etcd is at etcd3 .*etcd9/);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P27] an etcd member that is only down is not called replaced', async () => {
    const ekimi = await watching();
    ekimi.cluster.killEtcd('etcd3');
    await ekimi.run(240);
    expect(problemOf(ekimi, 'dcs-member-down')).toBeDefined();
    expect(problemOf(ekimi, 'dcs-membership-differs')).toBeUndefined();
  });

  it('[P27] a Patroni and an etcd of another version are told and page nobody', async () => {
    const ekimi = await watching();
    ekimi.cluster.upgradeEtcd('etcd2', '3.5.21');
    ekimi.cluster.upgradePatroni('patroni3', '3.0.2');
    await ekimi.run(150);
    expect(problemOf(ekimi, 'versions-differ')).toMatchObject({ phase: 'active', level: 'info' });
    expect(textOf(ekimi, 'versions-differ')).toMatch(/Patroni differs: .*patroni3.*etcd differs: .*3\.5\.21 on etcd2/);
    expect(ekimi.notifier.pages.map(({ code }) => code)).not.toContain('versions-differ');
    expect(ekimi.requests()).toEqual([]);
  });

  it('[P27] another major version bars a candidate, an older minor one needs a person, a newer one may lead', () => {
    const versions = { patroni1: 150018, patroni2: 140011, patroni3: 150017 };
    const rows = (serverVersions: Readonly<Record<string, number>>) =>
      candidatesFor(viewOf(), { ...CLEAN_MEMORY, serverVersions }, 'patroni1');
    const rowOf = (name: string, of: Readonly<Record<string, number>> = versions) =>
      rows(of).find((row) => row.name === name);
    expect(rowOf('patroni2')?.barred).toEqual(['runs PostgreSQL 14.11, the leader ran 15.18']);
    expect(rowOf('patroni3')?.barred).toEqual([]);
    expect(rowOf('patroni3')?.against).toContain("runs PostgreSQL 15.17, older than the leader's 15.18");
    expect(rowOf('patroni3', { ...versions, patroni3: 150019 })?.against.join()).not.toMatch(/runs PostgreSQL/);
  });
});
