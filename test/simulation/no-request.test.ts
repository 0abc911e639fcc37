import { describe, expect, it } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import type { WindowFacts } from '../../src/model/policy.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { DRAIN, lagEmergency, MB } from '../support/situations.js';

/** A quiet start, then the trouble; what was held and why is looked at after `seconds`. */
async function afterTrouble(
  options: RigOptions,
  trouble: (rig: Rig) => void | Promise<void>,
  seconds = 60,
): Promise<Rig> {
  const ekimi = rig(options);
  await ekimi.run(15);
  await trouble(ekimi);
  await ekimi.run(seconds);
  return ekimi;
}

/** One more than the two replicas that are in trouble: else their common cause is what is told. */
const four = () => createCluster({ members: ['patroni1', 'patroni2', 'patroni3', 'patroni4'] });

describe('no request is sent', () => {
  it('to a paused cluster, although a replica is in an emergency', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      rig.cluster.pause();
      lagEmergency(rig);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain('patroni-pause: Patroni is paused -> un-pause the cluster');
    expect(ekimi.session.states.cluster.state).toBe('paused');
  });

  it('right after an un-pause, until several clean passes are over', async () => {
    const ekimi = await afterTrouble({ policy: testPolicy({ startGrace: { passes: 5, forMs: 30_000 } }) }, (rig) => {
      rig.cluster.pause();
      lagEmergency(rig);
    });
    ekimi.cluster.resume();
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(
      /start-grace: the cluster was un-paused: clean for \d+ s of 30 s -> wait for 5 clean passes over 30 s/,
    );
  });

  it('to the last healthy replica when the other one is down', async () => {
    const ekimi = await afterTrouble({ policy: testPolicy({}, { 'start-member': { mode: 'off' } }) }, async (rig) => {
      rig.cluster.stopContainer('patroni2');
      await rig.run(30);
      lagEmergency(rig);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'blast-radius: 0 other replicas serve reads, and 1 must remain -> bring another replica back into rotation',
    );
  });

  it('to a second broken replica while the first is broken too', async () => {
    const ekimi = await afterTrouble(
      {
        cluster: four(),
        policy: testPolicy({ limits: { ...testPolicy().limits, stormMembers: 3, minHealthyReplicas: 2 } }),
      },
      (rig) => {
        rig.cluster.breakData('patroni2');
        rig.cluster.breakData('patroni3');
      },
      90,
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'blast-radius: 1 other replicas are healthy, and 2 must remain -> bring another replica to run and stream, or lower limits.minHealthyReplicas',
    );
  });

  it('in a storm: two members in critical trouble at once', async () => {
    const ekimi = await afterTrouble(
      { cluster: four() },
      (rig) => {
        rig.cluster.breakData('patroni2');
        rig.cluster.breakData('patroni3');
      },
      90,
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(
      /storm: 2 members are in critical trouble at once: patroni[23], patroni[23] -> repair or explain one of them by hand/,
    );
  });

  it('[P17] to any of the replicas while all of them have the same trouble: one problem, one page', async () => {
    const ekimi = await afterTrouble(
      {},
      (rig) => {
        rig.cluster.breakData('patroni2');
        rig.cluster.breakData('patroni3');
      },
      120,
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.decisions.filter((one) => one.kind === 'held' || one.kind === 'act')).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => `${page.change} ${page.code}`)).toEqual(['opened all-replicas-affected']);
    expect(ekimi.notifier.pages[0]?.text).toContain('PostgreSQL starts on none of the 2 replicas');
  });

  it('while nobody leads, although a replica is broken', async () => {
    // The leader is gone for good as far as the policy goes: else it would be started again.
    const ekimi = await afterTrouble(
      { policy: testPolicy({}, { 'start-member': { mode: 'off' } }) },
      (rig) => {
        rig.cluster.operatorTag('patroni3', { nofailover: true });
        rig.cluster.breakData('patroni2');
        rig.cluster.advance(12_000);
        rig.cluster.killContainer('patroni1');
      },
      120,
    );
    expect(ekimi.cluster.leader()).toBeNull();
    expect(ekimi.requests().filter((text) => text.includes('reinitialize'))).toEqual([]);
    expect(ekimi.session.states.problems.map((problem) => problem.code)).toContain('leaderless');
  });

  it('while another scope answers at a configured address', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      rig.cluster.wrongScope('patroni2');
      lagEmergency(rig);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'channels: GET on patroni2: scope is another-cluster, expected email-cluster -> correct the addresses in ekimi.yaml',
    );
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('scope-mismatch');
  });

  it.each([
    ['global', 'global'],
    ['cluster', 'cluster'],
    ['the member', 'member:patroni3'],
    ['the action', 'action:drain-replica'],
  ])('while a person has switched us off for %s', async (_what, subject) => {
    const ekimi = await afterTrouble({}, async (rig) => {
      const done = throwSwitch(
        rig.session,
        { subject, owner: 'dba', reason: 'looking at it', sinceMs: rig.cluster.nowMs(), expiresAtMs: null },
        'dba',
      );
      await rig.pass();
      expect((await done).ok).toBe(true);
      lagEmergency(rig);
    });
    expect(ekimi.requests().filter((text) => text.includes('drain'))).toEqual([]);
    expect(ekimi.why()).toContain(
      `kill-switch: dba switched off ${subject}: looking at it -> ekimi resume --subject ${subject}`,
    );
  });

  it('in a freeze window, whose end is told', async () => {
    const windows: WindowFacts = { freeze: { reason: 'year end', untilMs: 1_800_000_000_000 }, maintenance: null };
    const ekimi = await afterTrouble({ windowsAt: () => windows }, lagEmergency);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain('window: a freeze is in force: year end -> wait for the end of the freeze');
  });

  it('outside of the maintenance windows, whose next opening is told; inside one it begins', async () => {
    let windows: WindowFacts = { freeze: null, maintenance: null, maintenanceOpensAtMs: 1_800_000_000_000 };
    const policy = testPolicy({}, { 'drain-replica': { window: 'maintenance' } });
    const ekimi = await afterTrouble({ policy, windowsAt: () => windows }, lagEmergency);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'window: no maintenance window is open, and actions.drain-replica.window is maintenance -> wait: the next one opens at 2027-01-15 08:00Z',
    );
    windows = { freeze: null, maintenance: { untilMs: 1_900_000_000_000 } };
    await ekimi.run(5);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it('in the grace after a start', async () => {
    const ekimi = rig({ policy: testPolicy({ startGrace: { passes: 100, forMs: 600_000 } }) });
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(/start-grace: just (started|took tenure): clean for \d+ s of 600 s/);
  });

  it('without etcd: no tenure, no linearizable read', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      lagEmergency(rig);
      rig.cluster.stopEtcd(2);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.dcs.state).toBe('quorum-lost');
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('dcs-quorum-lost');
  });

  it('when etcd is lost after the emergency became active', async () => {
    const ekimi = rig({ policy: testPolicy({ startGrace: { passes: 3, forMs: 60_000 } }) });
    await ekimi.run(10);
    lagEmergency(ekimi);
    await ekimi.run(20);
    ekimi.cluster.stopEtcd(2);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'observer-health: etcd gave no linearizable answer in this pass -> bring etcd back: a majority of its members must answer',
    );
  });

  it('to a proxy that does not answer', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      lagEmergency(rig);
      rig.cluster.cutObserver('proxy');
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'refusal: the proxy does not answer, so it cannot be drained there -> wait until that has changed, or change it',
    );
  });

  it('to a proxy that is not configured', async () => {
    const ekimi = await afterTrouble({ without: ['proxy'] }, lagEmergency);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'actuator: not configured: proxy -> configure proxy in ekimi.yaml (ekimi doctor tells what it takes)',
    );
  });

  it('while another instance holds tenure, and the same is explained', async () => {
    const cluster = createCluster();
    const holder = rig({ cluster, owner: 'other-host', policy: testPolicy({}, { 'drain-replica': { mode: 'off' } }) });
    const watcher = rig({ cluster, owner: 'this-host' });
    await holder.pass();
    for (let second = 0; second < 15; second += 1) {
      await watcher.pass();
      await holder.run(1);
    }
    lagEmergency(watcher);
    for (let second = 0; second < 40; second += 1) {
      await watcher.pass();
      await holder.run(1);
    }
    expect(cluster.requests).toEqual([]);
    expect(watcher.why()).toContain('tenure: other-host holds tenure -> stop that instance, or let it act');
  });

  it.each([['observe'], ['dry-run']] as const)('in mode %s', async (mode) => {
    const ekimi = await afterTrouble({ policy: testPolicy({ mode }) }, lagEmergency);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('UP');
  });

  it('in mode observe, and it says which line of the policy to change', async () => {
    const ekimi = await afterTrouble({ policy: testPolicy({ mode: 'observe' }) }, lagEmergency);
    expect(ekimi.why()).toContain('mode: the policy says mode: observe -> set mode: dry-run or enforce');
  });

  it('for an action that the policy only observes', async () => {
    const policy = testPolicy({}, { 'drain-replica': { mode: 'observe' } });
    const ekimi = await afterTrouble({ policy }, lagEmergency);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'mode: the policy says actions.drain-replica: observe -> set actions.drain-replica to approve or auto',
    );
  });

  it('when one channel alone speaks of the lag: a second must agree', async () => {
    // Patroni's own lag counts received WAL, so without SQL only the two members' /patroni show a replay that stands still.
    const ekimi = await afterTrouble({ without: ['postgres'] }, ({ cluster }) => {
      cluster.setLoad(30 * MB);
      cluster.lag('patroni3', 'stop-replay');
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'channels: only api of the 2 channels needed speak for it in this pass -> wait until a second independent channel agrees (api, sql, peers); configure postgres or hosts if they are missing',
    );
  });

  it('for a lag that only Patroni could prove while its API is out of our reach', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      rig.cluster.cutObserver('patroni');
      lagEmergency(rig);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.problems.filter((problem) => problem.code.startsWith('replica-lag'))).toEqual([]);
  });

  it('to a broken replica while a base backup runs from the leader', async () => {
    const ekimi = await afterTrouble(
      {},
      (rig) => {
        rig.cluster.baseBackup(true);
        rig.cluster.breakData('patroni2');
      },
      90,
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain('someone-else: a base backup is running from patroni1 -> let it finish');
  });

  it('while a switchover is scheduled', async () => {
    const ekimi = await afterTrouble({}, (rig) => {
      rig.cluster.scheduleSwitchover(rig.cluster.nowMs() + 3_600_000, 'patroni2');
      lagEmergency(rig);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(
      /someone-else: a failover or switchover is requested \(patroni1 to patroni2 at .*\) -> let it finish, or DELETE \/switchover/,
    );
  });

  it('for a query that the policy protects', async () => {
    const policy = testPolicy({ blockers: { ...testPolicy().blockers, neverUsers: ['backup'] } });
    const ekimi = await afterTrouble({ policy }, ({ cluster }) => {
      cluster.setLoad(MB / 2);
      cluster.blockReplay('patroni2', 'COPY mail TO STDOUT', { user: 'backup', forMs: 60_000 });
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.decisions).toContainEqual(
      expect.objectContaining({
        kind: 'waiting',
        code: 'replay-blocked',
        why: expect.stringContaining('policy protects those that do'),
      }),
    );
  });

  it('when our clock jumps: first several clean passes', async () => {
    const ekimi = await afterTrouble(
      { policy: testPolicy({ startGrace: { passes: 3, forMs: 60_000 } }) },
      async (rig) => {
        await rig.run(60);
        rig.cluster.jumpClock(3_600_000);
        await rig.pass();
        lagEmergency(rig);
      },
      30,
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(/start-grace: our clock jumped: clean for \d+ s of 60 s/);
  });
});
