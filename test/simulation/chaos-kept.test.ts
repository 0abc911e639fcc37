import { describe, expect, it } from 'vitest';
import { drawStory } from '../../src/simulator/stories/draw.js';
import { createCluster } from '../../src/simulator/world.js';
import { judgeStory } from '../support/chaos/verdict.js';
import { fleet } from '../support/fleet.js';
import { testPolicy } from '../support/policy.js';

const AUTO = { mode: 'auto' as const };

/** Stories that have shown a fault once, in their shortest form. */
describe('kept from random histories', () => {
  it.each([600, 720, 900])('a replica whose API takes %i ms is late, not missing: nobody is woken', async (lateMs) => {
    const cluster = createCluster({ seed: 370 });
    const one = fleet(cluster, ['a'], { policy: testPolicy() });
    await one.run(30);
    cluster.slowApi('patroni3', lateMs);
    await one.run(120);
    expect(one.entries('page').map(({ body }) => body.code)).toEqual([]);
    expect(cluster.requests).toEqual([]);
  });

  it('a replica that is gone is missing, though another one is late', async () => {
    const cluster = createCluster({ seed: 370 });
    const one = fleet(cluster, ['a'], { policy: testPolicy({}, { 'start-member': { mode: 'off' } }) });
    await one.run(30);
    cluster.slowApi('patroni3', 720);
    cluster.killContainer('patroni2');
    await one.run(120);
    expect(one.at('a').session.states.problems).toContainEqual(
      expect.objectContaining({ code: 'too-few-replicas', phase: 'active' }),
    );
  });

  it('a frozen leader that wakes between two steps of its fence is not stopped, and its traffic is open within a second', async () => {
    const cluster = createCluster({ seed: 2412, patroniVersion: '3.0.2' });
    const one = fleet(cluster, ['a'], { policy: testPolicy({}, { 'fence-member': AUTO, 'open-traffic': AUTO }) });
    await one.run(30);
    cluster.freezePatroni('patroni1');
    for (let tenths = 0; tenths < 300 && cluster.requests.length < 2; tenths += 1) await one.run(0.1);
    await one.run(0.1);
    cluster.thaw('patroni1');
    await one.run(1);
    expect(cluster.requests.map(({ text }) => text)).toEqual([
      'haproxy> set server postgres_primary/patroni1 state maint',
      'haproxy> shutdown sessions server postgres_primary/patroni1',
      'haproxy> set server postgres_primary/patroni1 state ready',
    ]);
    expect(cluster.leader()).toBe('patroni1');
  });

  it('a stalled leader whose only successor does not see etcd is let live: nobody would take the key', async () => {
    const cluster = createCluster({ seed: 2923, members: ['patroni1', 'patroni2'] });
    const auto = { 'fence-member': AUTO, 'expedite-failover': AUTO };
    const one = fleet(cluster, ['a'], { policy: testPolicy({}, auto) });
    await one.run(30);
    cluster.partition('patroni2', 'dcs');
    cluster.freezePatroni('patroni1');
    await one.run(17);
    cluster.thaw('patroni1');
    await one.run(30);
    expect(cluster.requests).toEqual([]);
    expect(cluster.leader()).toBe('patroni1');
  });

  it('a dead replica is told at once while the host driver does not answer: nothing is sent to a driver that is silent', async () => {
    const cluster = createCluster({ seed: 2628 });
    const one = fleet(cluster, ['a'], {
      policy: testPolicy({}, { 'start-member': AUTO, 'restart-member': AUTO }),
    });
    await one.run(30);
    cluster.killContainer('patroni3');
    await one.run(20);
    cluster.cutObserver('host', 'a');
    await one.run(60);
    expect(cluster.requests).toEqual([]);
    expect(one.entries('page').map(({ body }) => `${body.code} ${body.subject}`)).toContain('member-down patroni3');
    cluster.healObserver('a');
    await one.run(10);
    expect(cluster.requests.map(({ text }) => text)).toEqual(['host start patroni3']);
  });

  it('without a proxy there is nothing to open for a fenced member that is back, and it is a fenced one no more', async () => {
    const cluster = createCluster({ seed: 2001 });
    const auto = { 'fence-member': AUTO, 'expedite-failover': AUTO, 'start-member': AUTO, 'open-traffic': AUTO };
    const one = fleet(cluster, ['a'], { policy: testPolicy({}, auto), without: ['proxy'] });
    await one.run(30);
    cluster.killPatroni('patroni1');
    await one.run(60);
    expect(cluster.requests.map(({ text }) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      'host kill',
      'etcd: delete',
      'host start',
    ]);
    expect(one.at('a').session.ledger.fences).toEqual([]);
    expect(one.entries('page').map(({ body }) => body.code)).toEqual([]);
  });
});

describe('whole stories that failed once', () => {
  it.each([
    [3102, 'a frozen leader was fenced, and its only successor failed each promotion'],
    [5518, 'a stall of 17.5 s cost a fence, with no proxy of ours and 9 s of the lease left'],
    [8963, 'a dead leader, who came back 19 s later, was replaced by a member that the proxy did not reach'],
    [5143, 'a copy was begun while the only synchronous standby was cut off, and then the leader died'],
  ])('seed %i: %s', async (seed) => {
    const { faults } = await judgeStory(drawStory(seed));
    expect(faults).toEqual([]);
  });
});

describe('what met something else in the two tellings is charged to nobody', () => {
  it.each([
    [
      4287,
      'a leader is killed that only leads so soon because Ekimi has replaced the one before',
      'its container is killed',
    ],
    [1018, 'a switchover finds somebody who takes over, whom Ekimi has started again', 'a switchover to it'],
  ])('seed %i: %s', async (seed, _, what) => {
    const { faults, leftOut } = await judgeStory(drawStory(seed));
    expect(faults).toEqual([]);
    expect(leftOut.map((event) => event.what)).toContain(what);
  });
});
