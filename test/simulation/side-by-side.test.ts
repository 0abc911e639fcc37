import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { fleet } from '../support/fleet.js';

const policy = testPolicy({}, { 'expedite-failover': { mode: 'auto' } });

describe('[T6] two controllers side by side', () => {
  it('one holds tenure, the other watches, and a leader that dies is succeeded once', async () => {
    const cluster = createCluster({ seed: 4 });
    const both = fleet(cluster, ['a', 'b'], { policy });
    await both.run(30);
    expect(both.at('a').session.parts.tenure.facts().state).toBe('held');
    expect(both.at('b').session.parts.tenure.facts()).toMatchObject({ state: 'other', owner: 'a' });
    cluster.killContainer('patroni1');
    await both.run(30);
    expect(cluster.requests.filter(({ port }) => port === 'dcs')).toMatchObject([{ by: 'a' }]);
    expect(cluster.writesGoTo()).toBe(cluster.leader());
    expect(both.thrown).toEqual([]);
  });

  it('the holder stands still while the leader dies: the other takes tenure and acts, the thawed one sends nothing', async () => {
    const cluster = createCluster({ seed: 4 });
    const both = fleet(cluster, ['a', 'b'], { policy });
    await both.run(30);
    cluster.suspendController('a');
    await both.run(20);
    cluster.killContainer('patroni1');
    await both.run(30);
    cluster.thawController('a');
    await both.run(30);
    expect(cluster.requests.map(({ by }) => by)).not.toContain('a');
    expect(cluster.requests.filter(({ port }) => port === 'dcs')).toMatchObject([{ by: 'b' }]);
    expect(both.at('a').session.parts.tenure.facts()).toMatchObject({ state: 'other', owner: 'b' });
    expect(cluster.writesGoTo()).toBe(cluster.leader());
  });

  it('the holder is killed and comes back under its name: it waits until its own lease has run out', async () => {
    const cluster = createCluster({ seed: 4 });
    const one = fleet(cluster, ['a'], { policy });
    await one.run(30);
    one.kill('a');
    await one.run(5);
    await one.start('a');
    await one.run(4);
    expect(one.at('a').session.parts.tenure.facts().state).toBe('other');
    await one.run(15);
    expect(one.at('a').session.parts.tenure.facts().state).toBe('held');
    expect(cluster.requests).toEqual([]);
    expect(one.thrown).toEqual([]);
  });
});
