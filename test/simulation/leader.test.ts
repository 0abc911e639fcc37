import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
const policy = testPolicy(
  {},
  {
    'expedite-failover': AUTO,
    'fence-member': AUTO,
    'proxy-nudge': { ...AUTO, cooldownMs: 0 },
    'open-traffic': AUTO,
    failover: AUTO,
  },
);

const VERSIONS = ['3.0.2', '4.1.4'] as const;

describe.each(VERSIONS)('a leader whose container is killed, Patroni %s', (patroniVersion) => {
  it('is replaced without waiting for its lease, and the proxy is told of its death and of its successor', async () => {
    const { cluster, run, requests } = rig({ policy, cluster: createCluster({ patroniVersion }) });
    await run(15);
    cluster.killContainer('patroni1');
    await run(8);
    expect(requests()[0]).toMatch(/^etcd: delete the leader key if it is patroni1's at mod revision \d+$/);
    expect(requests()[1]).toBe('haproxy> set server postgres_primary/patroni1 health down');
    expect(requests()[2]).toMatch(/^haproxy> set server postgres_primary\/patroni[23] health up$/);
    expect(requests()).toHaveLength(3);
    expect(cluster.leader()).not.toBe('patroni1');
    expect(cluster.writesGoTo()).toBe(cluster.leader());
  });
});

describe('from the deletion of its key until its successor is served', () => {
  it('nothing is waited for that a calm pass does not read, but whether the dead one is still dead', async () => {
    const asked: string[] = [];
    const clock = { isOpen: (): boolean => false };
    const note = (what: string): void => {
      if (clock.isOpen()) asked.push(what);
    };
    const ekimi = rig({
      policy,
      wrap: (ports) => {
        const { host, tags } = ports;
        if (host === null || tags === null) throw new Error('there is no host driver');
        const noted: typeof host = {
          ...host,
          status: (target) => {
            note(`status of ${target.name}`);
            return host.status(target);
          },
          disk: (target) => {
            note('disk');
            return host.disk?.(target) ?? Promise.reject(new Error('no disk'));
          },
        };
        const read: typeof tags.read = (name) => {
          note('file');
          return tags.read(name);
        };
        return { ...ports, host: noted, tags: { ...tags, read } };
      },
    });
    const { cluster, run, requests } = ekimi;
    await run(40);
    clock.isOpen = () => requests().length > 0 && requests().length < 3;
    cluster.killContainer('patroni1');
    await run(8);
    expect(requests()).toHaveLength(3);
    // Of the others nothing but what every calm pass reads, of whoever takes the lead too: its request goes on what its pass saw.
    expect([...new Set(asked)]).toEqual(['status of patroni1']);
    expect(cluster.writesGoTo()).toBe(cluster.leader());
    // Over, and everything is read as ever.
    clock.isOpen = () => true;
    await run(20);
    expect(asked).toContain('status of patroni3');
  });
});

describe.each(VERSIONS)('a dead leader whom no replica may succeed, Patroni %s', (patroniVersion) => {
  it('is told to a person at once, with how far behind each replica is', async () => {
    const { cluster, run, session } = rig({ policy, cluster: createCluster({ patroniVersion }) });
    cluster.setLoad(500_000);
    cluster.lag('patroni2', 1);
    cluster.lag('patroni3', 1);
    await run(25);
    cluster.killContainer('patroni1');
    await run(5);
    const page = session.decisions.find((decision) => decision.kind === 'page' && decision.code === 'leader-down');
    expect(page).toMatchObject({
      why: expect.stringMatching(/patroni2 is [\d.]+ \S*B behind, maximum_lag_on_failover/),
    });
    expect(cluster.requests).toEqual([]);
  });
});

describe.each(VERSIONS)('a leader whose Patroni is frozen, Patroni %s', (patroniVersion) => {
  it('is fenced before its key expires, replaced, started again and opened again', async () => {
    const { cluster, run, session } = rig({ policy, cluster: createCluster({ patroniVersion }) });
    await run(15);
    cluster.freezePatroni('patroni1');
    let doubled = 0;
    for (let second = 0; second < 150; second += 1) {
      await run(1);
      doubled += cluster.primaries().length > 1 ? 1 : 0;
    }
    expect(doubled).toBe(0);
    expect(cluster.requests.map((row) => row.text).slice(0, 3)).toEqual([
      'haproxy> set server postgres_primary/patroni1 state maint',
      'haproxy> shutdown sessions server postgres_primary/patroni1',
      'host kill patroni1',
    ]);
    expect(session.states.cluster.state).toBe('healthy');
    expect(session.ledger.fences).toEqual([]);
  });
});

describe.each(VERSIONS)("a person's switchover, Patroni %s", (patroniVersion) => {
  it.each([1, 2, 3, 4, 5])('causes no request and no plan of one (seed %i)', async (seed) => {
    const { cluster, run, requests, session } = rig({ policy, cluster: createCluster({ patroniVersion, seed }) });
    await run(15);
    cluster.switchover('patroni2');
    const planned = new Set<string>();
    for (let second = 0; second < 60; second += 1) {
      await run(1);
      for (const decision of session.decisions)
        if (decision.kind === 'act' || decision.kind === 'held') planned.add(decision.plan.action);
    }
    expect([...planned]).toEqual([]);
    expect(cluster.leader()).toBe('patroni2');
    expect(cluster.writesGoTo()).toBe('patroni2');
    expect(requests()).toEqual([]);
  });

  it('and a kill of the new leader a minute later is answered as ever', async () => {
    const { cluster, run, requests } = rig({ policy, cluster: createCluster({ patroniVersion }) });
    await run(15);
    cluster.switchover('patroni2');
    await run(60);
    cluster.killContainer('patroni2');
    await run(8);
    expect(requests()[0]).toMatch(/^etcd: delete the leader key if it is patroni2's/);
    expect(requests()[1]).toBe('haproxy> set server postgres_primary/patroni2 health down');
    expect(requests()[2]).toMatch(/^haproxy> set server postgres_primary\/patroni[13] health up$/);
  });
});

describe.each(VERSIONS)('a dead leader that Patroni alone replaces, Patroni %s', (patroniVersion) => {
  it('is a failure too: the proxy is told of the new one', async () => {
    const left = testPolicy({}, { 'proxy-nudge': { ...AUTO, cooldownMs: 0 } });
    const { cluster, run, requests } = rig({ policy: left, cluster: createCluster({ patroniVersion }) });
    await run(15);
    cluster.killContainer('patroni1');
    await run(45);
    expect(requests()).toEqual([
      expect.stringMatching(/^haproxy> set server postgres_primary\/patroni[23] health up$/),
    ]);
  });
});

describe('what is not a dead leader', () => {
  it.each([
    [
      'a slow API',
      (cluster: ReturnType<typeof createCluster>) => {
        cluster.slowApi('patroni1', 5_000);
      },
    ],
    [
      'a leader cut off from us alone',
      (cluster: ReturnType<typeof createCluster>) => {
        cluster.partition('patroni1', 'observer');
      },
    ],
    [
      'a garbage API',
      (cluster: ReturnType<typeof createCluster>) => {
        cluster.garbageApi('patroni1');
      },
    ],
  ])('%s causes no request', async (_name, fault) => {
    const { cluster, run, requests } = rig({ policy });
    await run(15);
    fault(cluster);
    await run(60);
    expect(requests()).toEqual([]);
  });
});
