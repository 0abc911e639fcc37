import { describe, expect, it } from 'vitest';
import type { HostStatus } from '../../src/model/host.js';
import { fresh, unknown, type Reading } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const policy = leading();
const SECONDS = 60;

interface Lie {
  /** In force from the moment of the fault on. */
  isTold: boolean;
  readonly wrap: (ports: Ports) => Ports;
}

const stopped: HostStatus = {
  state: 'stopped',
  id: 'some-other-container',
  startedAtMs: 0,
  finishedAtMs: 1,
  exitCode: 0,
  oomKilled: false,
  restartCount: 0,
};

type Host = NonNullable<Ports['host']>;

/** The ports with another host driver in front of the real one. */
const withHost =
  (change: (host: Host, ports: Ports) => Partial<Host>): Lie['wrap'] =>
  (ports) =>
    ports.host === null ? ports : { ...ports, host: { ...ports.host, ...change(ports.host, ports) } };

/** The host driver says this of the leader, whatever is true: a wrong name in the configuration, a wrong script. */
function hostSays(status: Reading<HostStatus>, kill: 'obeyed' | 'ignored' = 'obeyed'): Lie {
  const lie: Lie = {
    isTold: false,
    wrap: withHost((host) => ({
      status: (target) => (lie.isTold && target.name === 'patroni1' ? Promise.resolve(status) : host.status(target)),
      send: (step) =>
        lie.isTold && kill === 'ignored'
          ? Promise.resolve({ effect: 'done', status: 204, text: '', tookMs: 1 })
          : host.send(step),
    })),
  };
  return lie;
}

async function afterFault(lie: Lie, fault: (cluster: SimulatedCluster) => void): Promise<Rig> {
  const ekimi = rig({ policy, wrap: lie.wrap });
  await ekimi.run(15);
  lie.isTold = true;
  fault(ekimi.cluster);
  await ekimi.run(SECONDS);
  return ekimi;
}

const LIES: readonly (readonly [string, Reading<HostStatus>, RegExp])[] = [
  ['stopped, of a container that is not its own', fresh(stopped, 0, 'host'), /patroni1/],
  ['absent: there is no container of that name', fresh({ ...stopped, state: 'absent', id: '' }, 0, 'host'), /absent/],
  ['nothing: the engine does not answer', unknown('unreachable', 'no engine', 0, 'host'), /host/],
  ['nothing: the engine is denied', unknown('denied', 'no rights', 0, 'host'), /host/],
];

describe('a host driver that says', () => {
  it.each(LIES)('%s: a leader whose API is slow is left alone', async (_, status) => {
    const ekimi = await afterFault(hostSays(status), (cluster) => {
      cluster.slowApi('patroni1', 30_000);
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it.each(LIES)('%s: a leader that only we cannot reach is left alone', async (_, status) => {
    const ekimi = await afterFault(hostSays(status), (cluster) => {
      cluster.partition('patroni1', 'observer');
    });
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it.each(LIES)(
    '%s: a leader whose every process hangs, to which replicas are still connected, is left alone',
    async (_, status) => {
      const lie = hostSays(status);
      const ekimi = rig({ policy, wrap: lie.wrap });
      await ekimi.run(15);
      lie.isTold = true;
      ekimi.cluster.freezePatroni('patroni1');
      ekimi.cluster.freezePostgres('patroni1');
      // Until its lease is over; from then on Patroni acts.
      await ekimi.run(18);
      expect(ekimi.requests()).toEqual([]);
      expect(ekimi.session.states.problems.map((problem) => problem.code)).toContain('leader-down');
    },
  );

  it.each(LIES.slice(1))(
    '%s: a leader that is really dead is Patroni’s to replace, and it is told why',
    async (_, status, why) => {
      const lie = hostSays(status);
      const ekimi = rig({ policy, wrap: lie.wrap });
      await ekimi.run(15);
      lie.isTold = true;
      ekimi.cluster.killContainer('patroni1');
      await ekimi.run(10);
      expect(ekimi.requests()).toEqual([]);
      expect(ekimi.why().join('\n')).toMatch(why);
      await ekimi.run(SECONDS);
      expect(ekimi.requests().filter((text) => /etcd:|host kill/.test(text))).toEqual([]);
      expect(ekimi.cluster.leader()).not.toBe('patroni1');
    },
  );

  it('running, of a leader that is dead: it stays Patroni’s to replace', async () => {
    const running: HostStatus = { ...stopped, state: 'running', exitCode: null, finishedAtMs: null };
    const ekimi = await afterFault(hostSays(fresh(running, 0, 'host')), (cluster) => {
      cluster.killContainer('patroni1');
    });
    expect(ekimi.requests().filter((text) => /etcd:|host/.test(text))).toEqual([]);
  });

  it('killed and stopped of a frozen leader that goes on: its key is not deleted while its SQL answers', async () => {
    const other = { ...stopped, state: 'running' as const };
    let killed = false;
    const ekimi = rig({
      policy,
      wrap: withHost((host, ports) => ({
        status: (target) =>
          target.name === 'patroni1'
            ? Promise.resolve(fresh(killed ? stopped : other, ports.clock.now(), 'host'))
            : host.status(target),
        send: () => {
          killed = true;
          return Promise.resolve({ effect: 'done', status: 204, text: '', tookMs: 1 });
        },
      })),
    });
    await ekimi.run(15);
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(SECONDS);
    expect(killed).toBe(true);
    expect(ekimi.requests().filter((text) => text.startsWith('etcd:'))).toEqual([]);
    // Its traffic stays closed: it may write, and nobody is led to it.
    expect(ekimi.cluster.proxyStatus('postgres_primary', 'patroni1')).toContain('MAINT');
    expect(ekimi.notifier.pages.map((page) => page.code)).toContain('split-brain-suspected');
  });
});

describe('a fence whose container is another one by the time of the request', () => {
  it('is not sent', async () => {
    let asked = 0;
    const ekimi = rig({
      policy,
      wrap: withHost((host) => ({
        // A new id in every pass: recreated, or two containers fight for the name.
        status: async (target) => {
          const reading = await host.status(target);
          asked += 1;
          return reading.kind === 'fresh' ? { ...reading, value: { ...reading.value, id: `c${asked}` } } : reading;
        },
      })),
    });
    await ekimi.run(15);
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
  });
});

type Calls = Readonly<Record<string, (...args: readonly never[]) => unknown>>;

/** etcd between us and what it is: from the moment of the fault on. */
function etcdThat(
  change: (ports: Ports, cluster: SimulatedCluster) => Partial<Ports['dcs']>,
  cluster: SimulatedCluster,
) {
  const lie: Lie = {
    isTold: false,
    wrap: (ports) => {
      const lying = change(ports, cluster) as unknown as Calls;
      const honest = ports.dcs as unknown as Calls;
      const dcs = Object.fromEntries(
        Object.keys(lying).map((name) => [
          name,
          (...args: readonly never[]) => (lie.isTold ? lying : honest)[name]?.(...args),
        ]),
      );
      return { ...ports, dcs: { ...ports.dcs, ...dcs } };
    },
  };
  return lie;
}

describe('a dead leader while etcd', () => {
  const killed = async (
    change: (ports: Ports, cluster: SimulatedCluster) => Partial<Ports['dcs']>,
    fault: (cluster: SimulatedCluster) => void = (same) => {
      same.killContainer('patroni1');
    },
  ): Promise<Rig> => {
    const cluster = createCluster();
    const lie = etcdThat(change, cluster);
    const ekimi = rig({ policy, cluster, wrap: lie.wrap });
    await ekimi.run(15);
    lie.isTold = true;
    fault(cluster);
    await ekimi.run(SECONDS);
    return ekimi;
  };

  it('is slow to take what we intend: nothing is sent', async () => {
    const ekimi = await killed((ports, cluster) => ({
      commitLedger: async (grant, json) => {
        await cluster.time.block(() => false, 2_500);
        return ports.dcs.commitLedger(grant, json);
      },
    }));
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.entries('outcome').map((entry) => entry.body.reply.text)).toContain(
      'the intent could not be committed in time: nothing was sent',
    );
  });

  it('does not say whether it took what we intend: nothing is sent', async () => {
    const ekimi = await killed(() => ({ commitLedger: () => Promise.resolve('unknown') }));
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.books.fault).toBe('the ledger could not be written');
  });

  it('has lost its quorum: nothing is sent', async () => {
    const ekimi = await killed(
      () => ({}),
      (cluster) => {
        cluster.stopEtcd(2);
        cluster.killContainer('patroni1');
      },
    );
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.states.dcs.state).toBe('quorum-lost');
  });

  it('answers from the past, with a key that was another’s: nothing is sent, and a person is told', async () => {
    const cluster = createCluster();
    const before = await cluster.ports().dcs.keys();
    const lie = etcdThat(() => ({ keys: () => Promise.resolve(before) }), cluster);
    const ekimi = rig({ policy, cluster, wrap: lie.wrap });
    cluster.advance(1_000);
    await ekimi.run(15);
    lie.isTold = true;
    cluster.killContainer('patroni1');
    await ekimi.run(SECONDS);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages.map((page) => page.text).join()).toMatch(
      /etcd answered from the past: revision \d+ after \d+/,
    );
    expect(ekimi.why().join('\n')).toMatch(/^observer-health: etcd answered from the past.* -> look at etcd/m);
  });
});

describe('the leader changes between plan and request', () => {
  it('nothing is sent', async () => {
    const cluster = createCluster();
    let looks = 0;
    const ekimi = rig({
      policy,
      cluster,
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          keys: async () => {
            const dead = cluster.inspect('patroni1').host.state === 'stopped';
            if (dead) looks += 1;
            // Two looks make it active; the third is the one before the request, and by then somebody else leads.
            if (dead && looks === 3) {
              const { modRevision } = await keysOf(ports);
              cluster.deleteLeaderKey(modRevision);
              cluster.advance(3_000);
            }
            return ports.dcs.keys();
          },
        },
      }),
    });
    await ekimi.run(15);
    cluster.killContainer('patroni1');
    await ekimi.run(4);
    expect(looks).toBeGreaterThanOrEqual(3);
    expect(cluster.leader()).not.toBe('patroni1');
    expect(ekimi.requests().filter((text) => text.startsWith('etcd:'))).toEqual([]);
  });
});

async function keysOf(ports: Ports): Promise<{ readonly modRevision: string }> {
  const keys = await ports.dcs.keys();
  return { modRevision: keys.kind === 'fresh' ? (keys.value.leader.modRevision ?? '') : '' };
}
