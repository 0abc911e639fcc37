import { describe, expect, it } from 'vitest';
import type { Addresses } from '../../src/observe/addresses.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { SecondProxy } from '../support/second-proxy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { caughtUp, lagEmergency, leading, problemsOf } from '../support/situations.js';

async function quiet(second: SecondProxy, options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ ...options, wrap: second.wrap });
  await ekimi.run(15);
  return ekimi;
}

const inNorth = ({ cluster }: Rig): string => cluster.proxyStatus('postgres_replicas', 'patroni3');
const goesOn = testPolicy({ drain: { ...testPolicy().drain, whileProxySilent: 'go-on' } });

describe('two proxies, and a replica that lags', () => {
  it('[S5] is drained in both, and put back in both', async () => {
    const second = new SecondProxy();
    const ekimi = await quiet(second);
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['DRAIN', true]);
    caughtUp(ekimi);
    await ekimi.run(90);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['UP', false]);
    expect(ekimi.session.ledger.drains).toEqual([]);
    const phases = ekimi.entries('verdict').map((entry) => entry.body.remediation.phase);
    expect(phases).toEqual(['succeeded', 'succeeded']);
  });

  it('[S5] is left in both while one of them is silent, and drained as soon as it answers', async () => {
    const second = new SecondProxy();
    second.isSilent = true;
    const ekimi = await quiet(second);
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect([inNorth(ekimi), second.told]).toEqual(['UP', []]);
    expect(problemsOf(ekimi)).toContain('channel-silent/south');
    second.isSilent = false;
    await ekimi.run(20);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['DRAIN', true]);
  });

  it('[S5] is drained where it can be if the policy says so, and in the other when it answers', async () => {
    const second = new SecondProxy();
    second.isSilent = true;
    const ekimi = await quiet(second, { policy: goesOn });
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect([inNorth(ekimi), second.told]).toEqual(['DRAIN', []]);
    const [verdict] = ekimi.entries('verdict');
    expect(verdict?.body.remediation.detail).toContain('not drained in south');
    second.isSilent = false;
    await ekimi.run(60);
    expect(second.adminOf('patroni3').drain).toBe(true);
    expect(ekimi.session.ledger.drains).toHaveLength(1);
  });

  it('[S5] is drained again where another process answers behind the address', async () => {
    const second = new SecondProxy();
    const ekimi = await quiet(second);
    lagEmergency(ekimi);
    await ekimi.run(30);
    second.begunAnew();
    await ekimi.run(60);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['DRAIN', true]);
  });

  it('[S5] is left where one answers for another cluster, and its servers are told nothing', async () => {
    const second = new SecondProxy();
    second.isOfOthers = true;
    const ekimi = await quiet(second);
    lagEmergency(ekimi);
    await ekimi.run(40);
    expect([inNorth(ekimi), second.told]).toEqual(['UP', []]);
    expect(problemsOf(ekimi)).toContain('proxy-names/south:postgres_replicas');
  });
});

/** Each member where etcd has it. */
const asInEtcd: Addresses = Object.fromEntries(
  ['patroni1', 'patroni2', 'patroni3'].map((host) => [
    host,
    { api: null, sql: { host, port: 5432, isDeclared: false } },
  ]),
);

describe('two proxies, one of them of another cluster that has the same names', () => {
  it('[S5] a replica that lags is not drained in it, and it is told by its addresses', async () => {
    const second = new SecondProxy();
    second.isElsewhere = true;
    const ekimi = await quiet(second, { addresses: asInEtcd, policy: goesOn });
    lagEmergency(ekimi);
    await ekimi.run(40);
    expect([inNorth(ekimi), second.told]).toEqual(['DRAIN', []]);
    expect(problemsOf(ekimi)).toContain('proxy-names/south');
  });

  it('[S5] one that becomes so while a drain of ours stands is told nothing any more', async () => {
    const second = new SecondProxy();
    const ekimi = await quiet(second, { addresses: asInEtcd, policy: goesOn });
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect(second.adminOf('patroni3').drain).toBe(true);
    second.isElsewhere = true;
    second.told.length = 0;
    caughtUp(ekimi);
    await ekimi.run(90);
    expect([inNorth(ekimi), second.told]).toEqual(['UP', []]);
  });

  it('[S5] the only proxy of the configuration, too', async () => {
    const second = new SecondProxy();
    const cluster = createCluster();
    const only = (ports: Ports): Ports => {
      const { proxies, ...others } = second.wrap(ports);
      return { ...others, proxies: proxies['south'] === undefined ? {} : { proxy: proxies['south'] } };
    };
    const ekimi = rig({ cluster, wrap: only, addresses: asInEtcd });
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect(second.adminOf('patroni3').drain).toBe(true);
    second.isElsewhere = true;
    second.told.length = 0;
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(second.told).toEqual([]);
    expect(problemsOf(ekimi)).toContain('proxy-names/proxy');
  });
});

describe('two proxies, one of them on a network that nobody else names', () => {
  it("[S5] a drain is done there, and put back there: addresses that are nobody's hold nothing", async () => {
    const second = new SecondProxy();
    second.isOnOtherNetwork = true;
    const ekimi = await quiet(second, { addresses: asInEtcd });
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['DRAIN', true]);
    caughtUp(ekimi);
    await ekimi.run(90);
    expect([inNorth(ekimi), second.adminOf('patroni3').drain]).toEqual(['UP', false]);
  });
});

describe('two proxies, and a leader that freezes', () => {
  it.each<[string, (second: SecondProxy) => void]>([
    [
      'of which one refuses everything',
      (second) => {
        second.refusal = 'Permission denied';
      },
    ],
    [
      'of which one is silent',
      (second) => {
        second.isSilent = true;
      },
    ],
  ])('[S5] %s: it is fenced all the same', async (_how, prepare) => {
    const second = new SecondProxy();
    const cluster = createCluster();
    const ekimi = rig({ cluster, policy: leading(), wrap: second.wrap });
    prepare(second);
    await ekimi.run(25);
    cluster.freezePatroni('patroni1');
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => text.startsWith('host kill'))).toHaveLength(1);
    expect(cluster.leader()).not.toBe('patroni1');
  });
});

describe('two proxies, and a server that becomes another member between two requests', () => {
  async function movedAfter(command: RegExp, fault: (cluster: ReturnType<typeof createCluster>) => void) {
    const second = new SecondProxy();
    const cluster = createCluster();
    const ekimi = rig({ cluster, policy: leading(), wrap: second.wrap });
    await ekimi.run(25);
    second.whenNorthIsTold = (told) => {
      if (command.test(told))
        second.moved.set('patroni1', 'patroni2').set('patroni2', 'patroni1').set('patroni3', 'patroni2');
    };
    fault(cluster);
    await ekimi.run(60);
    const outcomes = ekimi.entries('outcome').map((entry) => entry.body.reply.text);
    return { second, cluster, ekimi, told: outcomes.filter((text) => text.includes('nobody knows whose')) };
  }

  it('[S5] a fence leaves that server alone, says so, and stops its target all the same', async () => {
    const { second, cluster, ekimi, told } = await movedAfter(/patroni1 state maint$/, (sim) => {
      sim.freezePatroni('patroni1');
    });
    expect(second.told.filter((command) => / state maint$|shutdown/.test(command))).toEqual([]);
    expect(told[0]).toContain('nobody knows whose south:postgres_primary/patroni1 is now: nothing was sent');
    expect(ekimi.requests().filter((text) => text.startsWith('host kill'))).toHaveLength(1);
    expect(cluster.leader()).not.toBe('patroni1');
  });

  it("[S5] so does what follows the deletion of a dead leader's key, and the election is none the worse for it", async () => {
    const { second, cluster, ekimi, told } = await movedAfter(/patroni1 health down$/, (sim) => {
      sim.killContainer('patroni1');
    });
    expect(second.told.filter((command) => command.endsWith('patroni1 health down'))).toEqual([]);
    expect(told[0]).toContain('nobody knows whose south:postgres_primary/patroni1 is now: nothing was sent');
    const [verdict] = ekimi
      .entries('verdict')
      .filter(({ body }) => body.remediation.plan.action === 'expedite-failover');
    expect(verdict?.body.remediation.phase).toBe('succeeded');
    expect(cluster.leader()).not.toBe('patroni1');
  });
});
