import { describe, expect, it } from 'vitest';
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
