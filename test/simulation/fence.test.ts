import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { defaultPolicy } from '../../src/docs/pages.js';
import type { ActionName } from '../../src/model/plan.js';
import type { Policy } from '../../src/model/policy.js';
import { fresh } from '../../src/model/reading.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { rig } from '../support/simulated.js';
import { withProxies } from '../support/proxies.js';

const MOVES: readonly ActionName[] = [
  'expedite-failover',
  'fence-member',
  'start-member',
  'proxy-nudge',
  'open-traffic',
  'failover',
];

/** Everything that moves leadership is automatic; graces, cool-downs and limits are the defaults. */
function automatic(): Policy {
  const policy = defaultPolicy();
  const auto = MOVES.map((name) => [name, { ...policy.actions[name], mode: 'auto' as const }]);
  return { ...policy, mode: 'enforce', actions: { ...policy.actions, ...Object.fromEntries(auto) } };
}

/** Counts, in steps of 250 ms, how long nobody could write and how long two could. */
function watched(cluster: SimulatedCluster): { readonly outageMs: number; readonly doubledMs: number } {
  const count = { outageMs: 0, doubledMs: 0 };
  const look = (): void => {
    if (cluster.writesGoTo() === null) count.outageMs += 250;
    if (cluster.primaries().length > 1) count.doubledMs += 250;
    cluster.at(cluster.nowMs() + 250, look);
  };
  cluster.at(cluster.nowMs() + 250, look);
  return count;
}

const leadershipRequests = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => /^etcd:|^host |state maint|shutdown sessions/.test(text));

describe('a frozen leader with no proxy of ours before it', () => {
  const frozenFor = async (seconds: number, phase: number, prepare: (cluster: SimulatedCluster) => void) => {
    const cluster = createCluster({ seed: 5518 + phase });
    const ekimi = rig({ cluster, policy: automatic(), without: ['proxy'] });
    prepare(cluster);
    await ekimi.run(25 + phase);
    const count = watched(cluster);
    cluster.freezePatroni('patroni1');
    cluster.at(cluster.nowMs() + seconds * 1000, () => {
      cluster.thaw('patroni1');
    });
    await ekimi.run(70);
    return { doubledMs: count.doubledMs, sent: leadershipRequests(ekimi.requests()).length, leader: cluster.leader() };
  };
  const phases = [0, 2, 4, 6, 8];

  it('that wakes after 14 s is let live, wherever in its loop it stalled', async () => {
    for (const phase of phases)
      expect(await frozenFor(14, phase, () => undefined)).toEqual({ doubledMs: 0, sent: 0, leader: 'patroni1' });
  });

  it.each<[string, (cluster: SimulatedCluster) => void]>([
    ['', () => undefined],
    [
      ', though etcd is slow',
      (cluster) => {
        for (const name of cluster.options.dcs) cluster.slowEtcd(name, 300);
      },
    ],
  ])('that does not wake is stopped before its key expires: never two primaries%s', async (_, prepare) => {
    for (const phase of phases) {
      const { doubledMs, sent, leader } = await frozenFor(48, phase, prepare);
      expect({ phase, doubledMs }).toEqual({ phase, doubledMs: 0 });
      expect(sent).toBeGreaterThanOrEqual(2);
      expect(leader).not.toBe('patroni1');
    }
  });
});

describe('a leader whose Patroni stalls for 20 s while nobody may succeed it', () => {
  it('because both replicas are beyond the lag limit: it is let live, and leads on as without us', async () => {
    const cluster = createCluster();
    const ekimi = rig({ cluster, policy: automatic() });
    cluster.setLoad(500_000);
    for (const name of ['patroni2', 'patroni3']) cluster.lag(name, 1);
    await ekimi.run(25);
    cluster.freezePatroni('patroni1');
    cluster.at(cluster.nowMs() + 20_000, () => {
      cluster.thaw('patroni1');
    });
    await ekimi.run(14);
    expect(ekimi.why().join('\n')).toMatch(/no replica may succeed patroni1: .*maximum_lag_on_failover/);
    await ekimi.run(100);
    expect(leadershipRequests(ekimi.requests())).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
    expect(cluster.inspect('patroni1').host.state).toBe('running');
  });

  it('because the only synchronous standby is dead: it is let live', async () => {
    const cluster = createCluster();
    cluster.setSynchronousMode(true);
    const ekimi = rig({ cluster, policy: automatic() });
    await ekimi.run(30);
    const keys = ekimi.session.view?.dcs.keys;
    const standby = keys?.kind === 'fresh' ? keys.value.sync?.standbys[0] : undefined;
    expect(standby).toBeDefined();
    cluster.freezePatroni('patroni1');
    cluster.killContainer(standby ?? '');
    cluster.at(cluster.nowMs() + 20_000, () => {
      cluster.thaw('patroni1');
    });
    await ekimi.run(120);
    expect(leadershipRequests(ekimi.requests()).filter((text) => text.includes('patroni1'))).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
  });
});

describe('a leader frozen behind a proxy', () => {
  it.each([0, 2, 4])(
    'whose clients are cut off: another takes their writes in little more than a second (phase %i)',
    async (phase) => {
      const cluster = createCluster({ seed: 77 + phase });
      const ekimi = rig({ cluster, policy: automatic() });
      await ekimi.run(25 + phase);
      cluster.freezePatroni('patroni1');
      await ekimi.run(40);
      const at = (what: RegExp) => cluster.requests.find(({ text }) => what.test(text))?.atMs ?? NaN;
      const closedMs = at(/patroni1 state maint/);
      expect(at(/delete the leader key/) - closedMs).toBeLessThan(1_600);
      expect(cluster.leader()).not.toBe('patroni1');
    },
  );
});

describe('a fence under way', () => {
  it('whose member is started again by an operator meanwhile is not finished', async () => {
    const cluster = createCluster();
    const ekimi = rig({
      cluster,
      policy: automatic(),
      wrap: (ports) =>
        withProxies(ports, (proxy) => ({
          ...proxy,
          send: async (step) => {
            const reply = await proxy.send(step);
            if (/shutdown/.test(step.command)) {
              cluster.killContainer('patroni1');
              cluster.startContainer('patroni1');
            }
            return reply;
          },
        })),
    });
    await ekimi.run(20);
    cluster.freezePatroni('patroni1');
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => text.startsWith('host kill'))).toEqual([]);
    expect(ekimi.requests().filter((text) => text.startsWith('etcd:'))).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
  });

  it('of which the host driver says that it worked, while its PostgreSQL answers, is not believed, and a person is told', async () => {
    const cluster = createCluster();
    let lies = false;
    const ekimi = rig({
      cluster,
      policy: automatic(),
      wrap: (ports) => ({
        ...ports,
        host: ports.host && {
          ...ports.host,
          status: async (target) => {
            const reading = await ports.host?.status(target);
            if (reading?.kind === 'fresh' && lies && target.name === 'patroni1')
              return fresh({ ...reading.value, state: 'stopped' as const }, reading.atMs, reading.source);
            return reading as NonNullable<typeof reading>;
          },
        },
      }),
    });
    await ekimi.run(20);
    lies = true;
    cluster.freezePatroni('patroni1');
    await ekimi.run(16);
    expect(leadershipRequests(ekimi.requests())).toEqual([]);
    expect(ekimi.notifier.pages.filter((page) => page.code === 'leader-frozen').map((page) => page.text)).toEqual([
      expect.stringContaining('the driver looks at something else'),
    ]);
  });
});

describe('a fence whose process dies over it, with the graces and cool-downs of the defaults', () => {
  const FROZEN_SECONDS = 48;

  /** A 3.0.2 whose Patroni stands still for 48 s, as in the field notes; the process dies after its n-th effect from then on. */
  async function diedAfter(effects: number) {
    const doom = doomed();
    const cluster = createCluster({ patroniVersion: '3.0.2' });
    const first = rig({
      cluster,
      policy: automatic(),
      wrap: doom.wrap,
      wrapJournal: doom.wrapJournal,
      dead: doom.dead,
    });
    await first.run(20);
    const count = watched(cluster);
    doom.arm(effects);
    cluster.freezePatroni('patroni1');
    cluster.at(cluster.nowMs() + FROZEN_SECONDS * 1000, () => {
      cluster.thaw('patroni1');
    });
    await first.run(FROZEN_SECONDS);
    return { cluster, first, doom, count };
  }

  async function replaced({ cluster, first }: Awaited<ReturnType<typeof diedAfter>>) {
    const memory = await recallMemory(first.journal, cluster.options.scope, cluster.nowMs());
    const next = rig({ cluster, policy: automatic(), owner: 'other', journal: first.journal, memory });
    await next.run(120);
    return next;
  }

  it('is finished by the next one, whichever step was the last: the old leader never takes its key back', async () => {
    const whole = (await diedAfter(Infinity)).doom.effects;
    const begun = whole.findIndex((name) => name.includes('state maint'));
    const stopped = whole.findIndex((name) => name.includes('host kill'));
    expect(begun).toBeGreaterThan(0);
    expect(stopped).toBeGreaterThan(begun);
    // From the commit of the first request on: before it nobody but the dead knew of a fence.
    for (let after = begun; after <= stopped + 1; after += 1) {
      const where = `after effect ${after}, ${whole[after - 1] ?? ''}`;
      const run = await diedAfter(after);
      const next = await replaced(run);
      const kills = next.requests().filter((text) => text.startsWith('host kill'));
      expect(kills, where).toEqual(['host kill patroni1']);
      // Closed in the proxy all the while; without a successor it was 23 s, and rows were lost at the thaw.
      expect(run.count.doubledMs, where).toBeLessThan(8_000);
      expect(run.cluster.leader(), where).not.toBe('patroni1');
      expect(run.cluster.primaries(), where).toEqual([run.cluster.leader()]);
      expect(
        run.cluster.events.filter((event) => /^patroni[23] must rewind/.test(event.text)),
        where,
      ).toEqual([]);
    }
  }, 120_000);
});

describe('a cluster that nobody may lead within the guards', () => {
  /** A leader that dies far ahead of both replicas. */
  function headless(cluster: SimulatedCluster): void {
    cluster.setLoad(500_000);
    for (const name of ['patroni2', 'patroni3']) cluster.lag(name, 1);
  }

  it('gets the member back that led last: nothing is lost, and no failover is asked for', async () => {
    const cluster = createCluster();
    headless(cluster);
    const ekimi = rig({ cluster, policy: automatic() });
    await ekimi.run(25);
    cluster.killContainer('patroni1');
    await ekimi.run(120);
    expect(ekimi.requests().filter((text) => /host start|\/failover/.test(text))).toEqual(['host start patroni1']);
    expect(cluster.leader()).toBe('patroni1');
    expect(ekimi.session.states.cluster.state).not.toBe('leaderless');
  });

  it('is not given a member back of which it is not known that it led last', async () => {
    const cluster = createCluster();
    headless(cluster);
    cluster.advance(25_000);
    cluster.killContainer('patroni1');
    cluster.advance(60_000);
    const ekimi = rig({ cluster, policy: automatic() });
    await ekimi.run(120);
    expect(ekimi.requests().filter((text) => text.startsWith('host start'))).toEqual([]);
  });
});
