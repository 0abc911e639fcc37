import { describe, expect, it } from 'vitest';
import { decideApproval, throwSwitch } from '../../src/kernel/commands.js';
import type { EntryBody } from '../../src/model/entry.js';
import { unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { isAsItWas } from '../../src/replay/redecided.js';
import { replayer } from '../../src/replay/replay.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';

const policy = testPolicy(
  { startGrace: { passes: 3, forMs: 5_000 } },
  { 'start-store': { mode: 'auto', cooldownMs: 10_000 } },
);

const started = ({ requests }: Pick<Rig, 'requests'>): readonly string[] =>
  requests().filter((text) => text.startsWith('host start etcd'));

/** A quiet start, then the trouble, then some time. */
async function after(
  trouble: (rig: Rig) => void | Promise<void>,
  options: RigOptions = {},
  seconds = 60,
): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(20);
  await trouble(ekimi);
  await ekimi.run(seconds);
  return ekimi;
}

/** A firewall that refuses every connection of this controller to etcd from now on; whoever else asks is answered. */
function refusing() {
  let isOn = false;
  return {
    wrap: ({ dcs, ...ports }: Ports): Ports => {
      const refused = (source: string) => unknown('refused', 'connection refused', ports.clock.now(), source);
      return {
        ...ports,
        dcs: {
          ...dcs,
          keys: async () => (isOn ? refused('etcd keys') : dcs.keys()),
          endpoints: async () =>
            isOn ? ['etcd1', 'etcd2', 'etcd3'].map((name) => ({ name, status: refused(name) })) : dcs.endpoints(),
        },
      };
    },
    begin: ({ cluster }: Rig, controller?: string): void => {
      isOn = true;
      cluster.cutObserver('dcs', controller);
    },
  };
}

/** Two instances on one cluster, pass by pass; a pass that waits takes its time beside that between the turns. */
async function inTurns([one, other]: readonly [Rig, Rig], turns: number, everyMs = 1_000): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) {
    await one.pass();
    await other.pass();
    one.cluster.advance(everyMs);
  }
}

const stopTwo = ({ cluster }: Rig): void => {
  cluster.killEtcd('etcd2');
  cluster.killEtcd('etcd3');
};

/** How often the cluster has promoted somebody, and whether anybody may be written to. */
const writes = ({ cluster }: Rig) => ({
  leader: cluster.leader(),
  timeline: cluster.inspect('patroni1').postgres.timeline,
  inRecovery: cluster.inspect('patroni1').postgres.inRecovery,
});

describe('etcd loses its quorum', () => {
  it('because two of three stopped: one is started before Patroni gives its leader up, whatever the phase of its loop', async () => {
    for (const phase of [0, 1.3, 2.6, 3.9, 5.2, 6.5, 7.8, 9.1]) {
      const ekimi = rig({ policy });
      await ekimi.run(20 + phase);
      const before = writes(ekimi);
      const beganMs = ekimi.cluster.nowMs();
      stopTwo(ekimi);
      await ekimi.run(60);
      expect(started(ekimi).toSorted()).toEqual(
        ['host start etcd2', 'host start etcd3'].slice(0, started(ekimi).length),
      );
      expect(started(ekimi).length).toBeGreaterThan(0);
      const first = ekimi.cluster.requests.find(({ text }) => text.startsWith('host start etcd'));
      expect((first?.atMs ?? Infinity) - beganMs).toBeLessThan(7_000);
      expect(writes(ekimi)).toEqual(before);
    }
  });

  it('and Patroni alone gives its leader up: what is won is that', async () => {
    const ekimi = await after(stopTwo, { policy: testPolicy() }, 30);
    expect(started(ekimi)).toEqual([]);
    expect(writes(ekimi).inRecovery).toBe(true);
  });

  it('because all stopped: one after the other is started without waiting for one that cannot serve alone', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(20);
    const before = writes(ekimi);
    ekimi.cluster.stopEtcd(3);
    await ekimi.run(60);
    expect(started(ekimi).length).toBeGreaterThanOrEqual(2);
    expect(writes(ekimi)).toEqual(before);
    expect(ekimi.cluster.leader()).not.toBeNull();
  });

  it('and two of us start what stopped: the second finds it running, or not at all', async () => {
    const cluster = createCluster();
    const one = rig({ policy, cluster, as: 'ekimi-1' });
    const other = rig({ policy, cluster, as: 'ekimi-2' });
    await inTurns([one, other], 20);
    stopTwo(one);
    await inTurns([one, other], 60, 500);
    expect(writes(one)).toMatchObject({ inRecovery: false });
    expect(started(one).length).toBeLessThanOrEqual(4);
  });

  it('and a person switches off the holder: another instance, which cannot know, leaves them 30 s to tell it too', async () => {
    const cluster = createCluster();
    const holder = rig({ policy, cluster, as: 'ekimi-1' });
    const other = rig({ policy, cluster, as: 'ekimi-2' });
    await inTurns([holder, other], 20);
    const beganMs = cluster.nowMs();
    const row = { owner: 'dba', subject: 'global', reason: 'etcd is moved', sinceMs: beganMs, expiresAtMs: null };
    stopTwo(holder);
    const thrown = throwSwitch(holder.session, row, 'dba');
    while (cluster.nowMs() - beganMs < 28_000) await inTurns([holder, other], 1, 500);
    await thrown;
    expect(started(other)).toEqual([]);
  });

  it('and no instance but the holder asks a person: who rejects it there has rejected it', async () => {
    const asking = testPolicy({}, { 'start-store': { mode: 'approve' } });
    const cluster = createCluster();
    const holder = rig({ policy: asking, cluster, as: 'ekimi-1' });
    const other = rig({ policy: asking, cluster, as: 'ekimi-2' });
    await inTurns([holder, other], 20);
    stopTwo(holder);
    await other.run(60);
    expect(other.approvals('waiting')).toEqual([]);
  });

  it('and a pass of who does not hold tenure waits for no ledger', async () => {
    const cluster = createCluster();
    const holder = rig({ policy, cluster, as: 'ekimi-1' });
    let loads = 0;
    const wrap = (ports: Ports): Ports => ({
      ...ports,
      dcs: {
        ...ports.dcs,
        loadLedger: async () => {
          loads += 1;
          return ports.dcs.loadLedger();
        },
      },
    });
    const other = rig({ policy: testPolicy(), cluster, as: 'ekimi-2', wrap });
    await inTurns([holder, other], 20);
    stopTwo(holder);
    await other.run(3);
    const before = loads;
    expect(before).toBeGreaterThan(0);
    await other.run(20);
    expect(loads).toBe(before);
  });

  it('and whoever held tenure is gone: another instance starts it, half a minute later', async () => {
    const cluster = createCluster();
    const holder = rig({ policy, cluster, as: 'ekimi-1' });
    const other = rig({ policy, cluster, as: 'ekimi-2' });
    await inTurns([holder, other], 20);
    stopTwo(holder);
    await other.run(90);
    expect(started(other).length).toBeGreaterThan(0);
    expect(cluster.leader()).not.toBeNull();
  });

  it('the run is judged and told, also where nobody could write it into etcd', async () => {
    const ekimi = await after(stopTwo);
    const verdicts = ekimi.entries('verdict').filter(({ body }) => body.remediation.plan.action === 'start-store');
    expect(verdicts.length).toBeGreaterThan(0);
    expect(verdicts.every(({ body }) => body.remediation.phase === 'succeeded')).toBe(true);
    expect(verdicts.every(({ body }) => / serves(;|$)/.test(body.remediation.detail))).toBe(true);
  });

  it('and what is started runs and does not serve: that is not called a success', async () => {
    const ekimi = await after(
      (rig) => {
        stopTwo(rig);
        for (const name of ['etcd1', 'etcd2', 'etcd3']) rig.cluster.isolateEtcd(name);
      },
      {},
      150,
    );
    expect(started(ekimi)).toContain('host start etcd2');
    const verdicts = ekimi.entries('verdict').filter(({ body }) => body.remediation.plan.action === 'start-store');
    expect(verdicts.map(({ body }) => body.remediation.phase)).toEqual(verdicts.map(() => 'ineffective'));
    expect(verdicts.length).toBeGreaterThan(0);
  });
});

describe('an etcd member that does not stay up', () => {
  it('is tried as often as the policy says, also by who does not hold tenure and reads the ledger anew in between', async () => {
    const cluster = createCluster();
    const holder = rig({ policy: testPolicy(), cluster, as: 'ekimi-1' });
    const other = rig({ policy, cluster, as: 'ekimi-2' });
    const both = async (seconds: number): Promise<void> => {
      const untilMs = cluster.nowMs() + seconds * 1_000;
      while (cluster.nowMs() < untilMs) await inTurns([holder, other], 1);
    };
    await both(20);
    for (let crash = 0; crash < 9; crash += 1) {
      stopTwo(other);
      await both(45);
      // Somebody else brings them back where we do not.
      cluster.startEtcd();
      await both(12);
    }
    expect(started(other).length).toBeGreaterThan(0);
    for (const name of ['etcd2', 'etcd3'])
      expect(started(other).filter((text) => text.endsWith(name)).length).toBeLessThanOrEqual(2);
  });
});

describe('where the policy asks for an approval', () => {
  it('a person is asked, and agrees while nobody can confirm tenure', async () => {
    const asking = testPolicy({}, { 'start-store': { mode: 'approve' } });
    const ekimi = await after(stopTwo, { policy: asking }, 30);
    expect(started(ekimi)).toEqual([]);
    expect(ekimi.session.parts.tenure.facts().state).toBe('unknown');
    const asked = ekimi.approvals('waiting');
    expect(asked.map(({ plan }) => plan.target).toSorted()).toEqual(['etcd2', 'etcd3']);
    const change = decideApproval(ekimi.session, asked[0]?.id ?? '', 'approved', 'dba', 'nobody works on it');
    await ekimi.run(5);
    expect(await change).toMatchObject({ ok: true });
    expect(started(ekimi)).toEqual([`host start ${asked[0]?.plan.target ?? ''}`]);
  });
});

describe('an etcd member that is stopped', () => {
  it('while a majority serves is started after two minutes: somebody may be at work on it', async () => {
    const ekimi = await after(
      ({ cluster }) => {
        cluster.killEtcd('etcd3');
      },
      {},
      110,
    );
    expect(started(ekimi)).toEqual([]);
    expect(ekimi.notifier.pages.map(({ code }) => code)).toContain('dcs-member-down');
    await ekimi.run(40);
    expect(started(ekimi)).toEqual(['host start etcd3']);
  });
});

describe('nothing is started', () => {
  it("by whoever is cut off from etcd itself: what it cannot reach serves others, and one that is stopped is somebody's work", async () => {
    const cluster = createCluster();
    const holder = rig({ policy, cluster, as: 'ekimi-1' });
    const firewall = refusing();
    const blind = rig({ policy, cluster, as: 'ekimi-2', wrap: firewall.wrap });
    const both = (seconds: number): Promise<void> => inTurns([holder, blind], seconds);
    await both(20);
    cluster.killEtcd('etcd3');
    await both(5);
    firewall.begin(blind, 'ekimi-2');
    await both(60);
    expect(blind.session.states.problems.map(({ code }) => code)).toContain('dcs-quorum-lost');
    expect(started(blind)).toEqual([]);
    // Nor after the two minutes: that one is for whoever holds tenure.
    await blind.run(120);
    expect(started(blind)).toEqual([]);
  });

  it('by the only one, cut off from etcd as it still holds tenure', async () => {
    const firewall = refusing();
    const ekimi = rig({ policy, wrap: firewall.wrap });
    await ekimi.run(20);
    ekimi.cluster.killEtcd('etcd3');
    await ekimi.run(5);
    firewall.begin(ekimi);
    await ekimi.run(150);
    expect(started(ekimi)).toEqual([]);
  });

  it('without tenure where too few of those that etcd listed are stopped, however few are configured', async () => {
    const url = (name: string) => ({ id: name, name, clientUrls: [`http://${name}:2379`], isLearner: false });
    const ekimi = rig({ policy, cluster: createCluster() });
    const five = ['etcd1', 'etcd2', 'etcd3', 'etcd4', 'etcd5'];
    ekimi.cluster.setEtcdMembers(five.map(url));
    await ekimi.run(90);
    ekimi.cluster.killEtcd('etcd2');
    ekimi.cluster.killEtcd('etcd3');
    await ekimi.run(60);
    expect(started(ekimi)).toEqual([]);
  });

  it.each<[string, (ekimi: Rig) => void | Promise<void>, RigOptions?]>([
    [
      'when Patroni is paused: somebody is at work',
      async (ekimi) => {
        ekimi.cluster.pause();
        await ekimi.run(15);
        stopTwo(ekimi);
      },
    ],
    [
      'when a person has switched us off for those etcd members',
      async (ekimi) => {
        for (const name of ['etcd2', 'etcd3']) {
          const row = { owner: 'dba', subject: `member:${name}`, reason: 'new disks', sinceMs: 0, expiresAtMs: null };
          const thrown = throwSwitch(ekimi.session, { ...row, sinceMs: ekimi.cluster.nowMs() }, 'dba');
          await ekimi.pass();
          await thrown;
        }
        stopTwo(ekimi);
      },
    ],
    [
      'when they hang and are not stopped',
      ({ cluster }) => {
        cluster.hangEtcd('etcd2');
        cluster.hangEtcd('etcd3');
      },
    ],
    [
      'when it is an election: etcd is without a leader for a second',
      ({ cluster }) => {
        cluster.electEtcd();
      },
    ],
    [
      'when somebody restarts them: gone for a second',
      ({ cluster }) => {
        cluster.stopEtcd(2);
        cluster.advance(1_000);
        cluster.startEtcd();
      },
    ],
    [
      'of what etcd has not listed as a member',
      async (ekimi) => {
        const url = (name: string) => ({
          id: `x-${name}`,
          name,
          clientUrls: [`http://${name}:2379`],
          isLearner: false,
        });
        ekimi.cluster.setEtcdMembers([url('etcd1'), url('other2'), url('other3')]);
        await ekimi.run(70);
        stopTwo(ekimi);
      },
    ],
    ['where the policy says off', stopTwo, { policy: testPolicy() }],
    ['where there is no host driver', stopTwo, { without: ['host'] }],
  ])('%s', async (_, trouble, options = {}) => {
    const ekimi = await after(trouble, options);
    expect(started(ekimi)).toEqual([]);
  });

  it('in dry-run, which says what it would have done', async () => {
    const ekimi = await after(stopTwo, { policy: { ...policy, mode: 'dry-run' } }, 20);
    expect(started(ekimi)).toEqual([]);
    const intents = ekimi.entries('intent').filter(({ body }) => body.plan.action === 'start-store');
    expect(intents.length).toBeGreaterThan(0);
    expect(intents.every(({ body }) => body.shadow)).toBe(true);
  });
});

describe('a journal of a version that could not start an etcd member', () => {
  it('is decided as it was: what its policy does not name was off', async () => {
    const ekimi = await after(stopTwo, { policy: testPolicy() }, 20);
    const { 'start-store': _, ...actions } = testPolicy().actions;
    const { hash } = ekimi.session.inForce;
    const body = { kind: 'start', version: '', instance: '', configHash: '', policyHash: hash };
    const redecide = replayer();
    const { scope } = ekimi.cluster.options;
    const policyThen = { ...testPolicy(), actions };
    redecide({ seq: 0, prev: '', hash: '', atMs: 0, scope, body: { ...body, policy: policyThen } as EntryBody });
    const rows = ekimi.journal.entries.map(redecide).filter((row) => row !== null);
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.filter((row) => !isAsItWas(row))).toEqual([]);
  });
});
