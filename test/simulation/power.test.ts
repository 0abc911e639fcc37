import { describe, expect, it } from 'vitest';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { unknown } from '../../src/model/reading.js';
import { withProxies } from '../support/proxies.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const actions = {
  'fence-leader': { mode: 'auto', timeoutMs: 30_000 },
  'fence-member': { mode: 'auto', timeoutMs: 30_000 },
  'start-member': { mode: 'auto', cooldownMs: 5_000 },
  'restart-member': { mode: 'auto' },
} as const;

/** A host driver that stands on the member's own machine hangs with it. */
async function hung(patroniVersion: string, power: Readonly<Record<string, readonly string[]>> | null): Promise<Rig> {
  const ekimi = rig({
    policy: leading({}, actions),
    cluster: createCluster({ patroniVersion }),
    ...(power === null ? {} : { power }),
  });
  ekimi.cluster.setLoad(200_000);
  await ekimi.run(25);
  ekimi.cluster.pauseContainer('patroni1');
  ekimi.cluster.cutObserver('host');
  return ekimi;
}

describe.each(VERSIONS)('a leader whose machine hangs together with its host driver, Patroni %s', (patroniVersion) => {
  it('loses its power, which alone proves that it does not run, and is replaced', async () => {
    const ekimi = await hung(patroniVersion, {});
    let outageMs = 0;
    let doubledMs = 0;
    const sample = (): void => {
      if (ekimi.cluster.writesGoTo() === null) outageMs += 100;
      if (ekimi.cluster.primaries().length > 1) doubledMs += 100;
      ekimi.cluster.at(ekimi.cluster.nowMs() + 100, sample);
    };
    sample();
    await ekimi.run(40);
    expect(ekimi.requests().slice(0, 2)).toEqual([
      'power off patroni1 (outlet patroni1)',
      expect.stringMatching(/^etcd: delete the leader key if it is patroni1's/),
    ]);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(doubledMs).toBe(0);
    expect(outageMs).toBeLessThan(18_000);
  });

  it('is counted for as long as it is silent, though its host driver takes its time to be', async () => {
    const DRIVER_MS = 15_000;
    let isHung = false;
    let gaveUpAtMs = Infinity;
    const cluster = createCluster({ patroniVersion });
    const ekimi = rig({
      policy: leading({}, actions),
      cluster,
      power: {},
      wrap: (ports) => ({
        ...ports,
        host: ports.host && {
          ...ports.host,
          status: async (target) => {
            if (isHung && target.name === 'patroni1') {
              await cluster.time.block(() => false, DRIVER_MS);
              gaveUpAtMs = Math.min(gaveUpAtMs, cluster.nowMs());
              return unknown('timeout', 'it had not ended after 15 s and was killed', ports.clock.now(), 'host');
            }
            return ports.host?.status(target) ?? unknown('not-configured', '', 0, 'host');
          },
        },
      }),
    });
    ekimi.cluster.setLoad(200_000);
    await ekimi.run(25);
    isHung = true;
    ekimi.cluster.pauseContainer('patroni1');
    await ekimi.run(40);
    const [cut] = ekimi.entries('intent').filter(({ body }) => body.request.startsWith('power'));
    // Its grace of 5 s began with the silence, and is over by then.
    const waitedMs = (cut?.atMs ?? Infinity) - gaveUpAtMs;
    expect(waitedMs).toBeGreaterThanOrEqual(0);
    expect(waitedMs).toBeLessThan(2_000);
  });

  it('is left to Patroni where nothing cuts its power: a silent driver proves nothing', async () => {
    const ekimi = await hung(patroniVersion, null);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
  });

  it('is never started, restarted or given its power back by us', async () => {
    const ekimi = await hung(patroniVersion, {});
    await ekimi.run(120);
    expect(ekimi.requests().filter((text) => /^(?:host|power)/.test(text))).toEqual([
      'power off patroni1 (outlet patroni1)',
    ]);
  });

  it('keeps its power where etcd would lose its majority with it', async () => {
    const ekimi = rig({
      policy: leading({}, actions),
      cluster: createCluster({ patroniVersion }),
      power: { patroni1: ['etcd1'] },
    });
    ekimi.cluster.setLoad(200_000);
    ekimi.cluster.killEtcd('etcd3');
    await ekimi.run(25);
    ekimi.cluster.pauseContainer('patroni1');
    ekimi.cluster.cutObserver('host');
    await ekimi.run(15);
    expect(ekimi.requests().filter((text) => text.startsWith('power'))).toEqual([]);
    expect(JSON.stringify(ekimi.session.decisions)).toMatch(/etcd1 would lose power with patroni1, and 1 of 3/);
  });
});

describe('a frozen leader whose host driver is silent', () => {
  const actionsSlow = { ...actions, 'expedite-failover': { mode: 'off' } } as const;

  async function closed(then: (cluster: SimulatedCluster) => void): Promise<Rig> {
    const cluster = createCluster();
    let isFirst = true;
    const ekimi = rig({
      policy: leading({}, actionsSlow),
      cluster,
      power: { patroni1: ['etcd1'] },
      wrap: (ports) =>
        withProxies(ports, (proxy) => ({
          ...proxy,
          send: async (step) => {
            const reply = await proxy.send(step);
            if (isFirst) then(cluster);
            isFirst = false;
            return reply;
          },
        })),
    });
    await ekimi.run(25);
    cluster.freezePatroni('patroni1');
    cluster.cutObserver('host');
    await ekimi.run(40);
    expect(ekimi.requests()[0]).toMatch(/patroni1 state maint/);
    return ekimi;
  }
  const cuts = (ekimi: Rig) => ekimi.requests().filter((text) => text.startsWith('power'));

  it('is closed in the proxy, and then loses its power', async () => {
    expect(cuts(await closed(() => undefined))).toEqual(['power off patroni1 (outlet patroni1)']);
  });

  it('keeps its power where another etcd member dies after the first step, and etcd would lose its majority with it', async () => {
    const ekimi = await closed((cluster) => {
      cluster.killEtcd('etcd3');
    });
    expect(cuts(ekimi)).toEqual([]);
  });
});

describe('a host driver that answers', () => {
  it.each(['denied', 'certificate', 'http-status', 'bad-reply', 'wrong-scope'] as const)(
    'with %s costs nobody the power: it is to be put right',
    async (fault) => {
      let isWrong = false;
      const ekimi = rig({
        policy: leading({}, actions),
        cluster: createCluster(),
        power: {},
        wrap: (ports) => ({
          ...ports,
          host: ports.host && {
            ...ports.host,
            status: async (target) => {
              const seen = await ports.host?.status(target);
              if (seen === undefined || isWrong)
                return unknown(fault, 'as it is configured', ports.clock.now(), 'host');
              return seen;
            },
          },
        }),
      });
      ekimi.cluster.setLoad(200_000);
      await ekimi.run(25);
      isWrong = true;
      ekimi.cluster.pauseContainer('patroni1');
      await ekimi.run(20);
      expect(ekimi.requests().filter((text) => text.startsWith('power'))).toEqual([]);
    },
  );

  it('is the one that is told to stop a leader that hangs: power is for when it cannot', async () => {
    const ekimi = rig({ policy: leading({}, actions), cluster: createCluster(), power: {} });
    ekimi.cluster.setLoad(200_000);
    await ekimi.run(25);
    ekimi.cluster.pauseContainer('patroni1');
    await ekimi.run(30);
    expect(ekimi.requests()[0]).toBe('host kill patroni1');
    expect(ekimi.requests().filter((text) => text.startsWith('power'))).toEqual([]);
  });

  it('that is silent alone costs nobody the power', async () => {
    const ekimi = rig({ policy: leading({}, actions), cluster: createCluster(), power: {} });
    ekimi.cluster.setLoad(200_000);
    await ekimi.run(25);
    ekimi.cluster.cutObserver('host');
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
  });
});
