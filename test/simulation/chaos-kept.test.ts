import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { fleet } from '../support/fleet.js';
import { testPolicy } from '../support/policy.js';

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
});
