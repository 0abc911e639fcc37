import { describe, expect, it } from 'vitest';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency, leading } from '../support/situations.js';

/** Three sites, each with a member and an etcd member; the proxy at the second one. */
const PARTS = {
  fra: ['patroni1', 'etcd1'],
  ams: ['patroni2', 'etcd2', 'proxy'],
  par: ['patroni3', 'etcd3'],
} as const;

const sitesOf = (ours: string): Readonly<Record<string, string>> => ({
  ...Object.fromEntries(Object.entries(PARTS).flatMap(([site, names]) => names.map((name) => [name, site]))),
  ekimi: ours,
});

const onSites = (controllers: Partial<Record<keyof typeof PARTS, readonly string[]>> = {}): SimulatedCluster =>
  createCluster({
    sites: Object.fromEntries(
      Object.entries(PARTS).map(([site, names]) => [
        site,
        [...names, ...(controllers[site as keyof typeof PARTS] ?? [])],
      ]),
    ),
  });

async function together(rigs: readonly Rig[], seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 1) {
    for (const one of rigs) await one.pass();
    rigs[0]?.cluster.advance(1_000);
  }
}

const pagesOf = (of: Rig): readonly string[] => [...new Set(of.notifier.pages.map(({ code }) => code))];

describe('[P15] sites', () => {
  it('a site that is lost is one cause: its member, its etcd member and the proxy there', async () => {
    const ekimi = rig({ cluster: onSites(), sites: sitesOf('fra'), policy: leading(), without: ['host'] });
    await ekimi.run(15);
    ekimi.cluster.loseSite('ams');
    await ekimi.run(300);
    expect(pagesOf(ekimi)).toEqual(['site-lost']);
    const [page] = ekimi.notifier.pages;
    expect(page?.text).toContain('nothing of site ams answers (patroni2, etcd2, proxy)');
    expect(ekimi.cluster.leader()).toBe('patroni1');
    ekimi.cluster.returnSite('ams');
    await ekimi.run(120);
    expect(ekimi.session.states.problems.filter(({ level }) => level === 'critical')).toEqual([]);
  });

  it('an instance on the site that is cut off says so and nothing else; one that stands elsewhere tells the loss', async () => {
    const cluster = onSites({ fra: ['inside'] });
    const how = { cluster, policy: leading(), without: ['host', 'tags'] } as const;
    const inside = rig({ ...how, as: 'inside', sites: sitesOf('fra') });
    const outside = rig({ ...how, as: 'outside', sites: sitesOf('par') });
    await together([inside, outside], 20);
    cluster.cutSite('fra');
    await together([inside, outside], 120);
    expect(cluster.leader()).not.toBe('patroni1');
    // What is wrong with the member beside it, it sees.
    const beyond = inside.notifier.pages.filter(({ subject }) => subject !== 'patroni1');
    expect(beyond.map(({ code, change }) => `${change} ${code}`)).toEqual(['opened observer-impaired']);
    expect(inside.notifier.pages[0]?.text).toContain('it is site fra that is cut off');
    expect(inside.requests().filter((text) => !text.startsWith('haproxy>'))).toEqual([]);
    expect(pagesOf(outside)).toContain('site-lost');
    expect(outside.notifier.pages.find(({ code }) => code === 'site-lost')?.text).toContain('nothing of site fra');
    expect(pagesOf(outside)).not.toContain('member-down');
    cluster.healSite('fra');
    await together([inside, outside], 120);
    expect(inside.session.states.problems.map(({ code }) => code)).not.toContain('observer-impaired');
  });

  it.each([
    [1, []],
    [0, [DRAIN]],
  ])(
    'with limits.minReadPoolPerSite %i the last reader of a site that lags is drained: %j',
    async (floor, requests) => {
      const { limits } = testPolicy();
      const policy = testPolicy({ limits: { ...limits, minReadPoolPerSite: floor } });
      const ekimi = rig({ cluster: onSites(), sites: sitesOf('fra'), policy });
      await ekimi.run(15);
      lagEmergency(ekimi);
      await ekimi.run(40);
      expect(ekimi.requests()).toEqual(requests);
      const because = '0 other replicas of site par serve reads, and 1 must remain there';
      expect(ekimi.why().some((text) => text.includes(because))).toBe(floor === 1);
    },
  );
});
