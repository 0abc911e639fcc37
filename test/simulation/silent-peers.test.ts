import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading, problemsOf } from '../support/situations.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const OLD = 'patroni1';
const policy = leading({}, { 'fence-leader': { mode: 'auto', timeoutMs: 30_000 } });

/** An instance beside each member lends its host driver; those of `gone` have died, and say nothing of what stands beside them. */
interface Peers {
  readonly gone: Set<string>;
  readonly wrap: (ports: Ports) => Ports;
}

function peersOf(): Peers {
  const gone = new Set<string>();
  const wrap = (ports: Ports): Ports => {
    const { host, clock } = ports;
    if (host === null) return ports;
    const silent = (name: string) => unknown('refused', `status of ${name}: connection refused`, clock.now(), 'peer');
    return {
      ...ports,
      host: {
        ...host,
        status: (target) => (gone.has(target.name) ? Promise.resolve(silent(target.name)) : host.status(target)),
        logs: (target, count) =>
          gone.has(target.name)
            ? Promise.resolve(silent(target.name))
            : (host.logs?.(target, count) ?? Promise.resolve(silent(target.name))),
        disk: (target) =>
          gone.has(target.name)
            ? Promise.resolve(silent(target.name))
            : (host.disk?.(target) ?? Promise.resolve(silent(target.name))),
        send: (step) =>
          gone.has(step.target.name)
            ? Promise.resolve({ effect: 'none', status: null, text: 'nothing was sent: connection refused', tookMs: 1 })
            : host.send(step),
      },
    };
  };
  return { gone, wrap };
}

const SAMPLE_MS = 250;

/** How long nobody took a client's write from now on. */
async function outageMs(cluster: SimulatedCluster, go: () => Promise<void>): Promise<number> {
  let ms = 0;
  const sample = (): void => {
    if (cluster.writesGoTo() === null) ms += SAMPLE_MS;
    cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  };
  cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  await go();
  return ms;
}

async function stock(patroniVersion: string, fault: (cluster: SimulatedCluster) => void): Promise<number> {
  const cluster = createCluster({ patroniVersion });
  cluster.advance(25_000);
  fault(cluster);
  return outageMs(cluster, () => {
    cluster.advance(60_000);
    return Promise.resolve();
  });
}

async function led(patroniVersion: string, peers: Peers): Promise<Rig> {
  const ekimi = rig({ policy, cluster: createCluster({ patroniVersion }), wrap: peers.wrap });
  await ekimi.run(25);
  return ekimi;
}

/** The proxy is told sooner than it would find out; nothing else. */
const nudges = /^haproxy> set server \S+ health/;
const decisive = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => !nudges.test(text));

describe.each(VERSIONS)('the instance beside the leader died with it, Patroni %s', (patroniVersion) => {
  it('nothing proves that it is dead: Patroni replaces it, no later than without us, and it is started when its instance is back', async () => {
    const peers = peersOf();
    const ekimi = await led(patroniVersion, peers);
    const fault = (cluster: SimulatedCluster): void => {
      cluster.killContainer(OLD);
    };
    peers.gone.add(OLD);
    fault(ekimi.cluster);
    const took = await outageMs(ekimi.cluster, () => ekimi.run(60));
    expect(took).toBeGreaterThan(10_000);
    expect(took).toBeLessThanOrEqual((await stock(patroniVersion, fault)) + SAMPLE_MS);
    expect(ekimi.cluster.leader()).not.toBe(OLD);
    expect(decisive(ekimi)).toEqual([]);
    expect(problemsOf(ekimi)).toContain(`member-down/${OLD}`);
    peers.gone.clear();
    await ekimi.run(60);
    expect(decisive(ekimi)).toEqual([`host start ${OLD}`]);
  });

  it('and one whose Patroni is frozen is not fenced through it, and not thought to be', async () => {
    const peers = peersOf();
    const ekimi = await led(patroniVersion, peers);
    peers.gone.add(OLD);
    ekimi.cluster.freezePatroni(OLD);
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => text.startsWith('host'))).toEqual([]);
    expect(ekimi.session.ledger.fences).toEqual([]);
    expect(ekimi.cluster.leader()).not.toBe(OLD);
  });

  it('while it stands beside a leader that lives, its death changes nothing', async () => {
    const peers = peersOf();
    const ekimi = await led(patroniVersion, peers);
    peers.gone.add(OLD);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.leader()).toBe(OLD);
  });
});

describe.each(VERSIONS)('the instance beside a replica died, Patroni %s', (patroniVersion) => {
  it('the leader is killed, and replaced in seconds all the same', async () => {
    const peers = peersOf();
    const ekimi = await led(patroniVersion, peers);
    peers.gone.add('patroni3');
    await ekimi.run(10);
    ekimi.cluster.killContainer(OLD);
    expect(await outageMs(ekimi.cluster, () => ekimi.run(30))).toBeLessThan(5_000);
    expect(ekimi.requests()[0]).toMatch(/^etcd: delete the leader key if it is patroni1's/);
  });
});
