import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import type { ChannelHealth } from '../../src/model/notify-health.js';
import { createCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';

const PAGER: ChannelHealth = {
  name: 'pager',
  failingSinceMs: 0,
  why: 'status 503',
  waiting: 1,
  sent: 0,
  failed: 3,
  lost: 0,
};

/** One whose channels to persons take nothing, or whose hub is broken itself. */
function telling(health: () => readonly ChannelHealth[]) {
  const cluster = createCluster();
  const sinceMs = cluster.nowMs();
  const failing = () => health().map(({ name }) => ({ name, sinceMs, why: 'status 503' }));
  return rig({ cluster, wrap: (ports) => ({ ...ports, notifications: { health, failing } }) });
}

describe('channels to persons that take nothing', () => {
  it('are a problem, and stand in what the API and the metrics are made of', async () => {
    const ekimi = telling(() => [PAGER]);
    await ekimi.run(120);
    expect(ekimi.session.states.problems.map(({ code, subject }) => `${code} ${subject}`)).toEqual([
      'notify-failed notify:pager',
    ]);
    expect(snapshotOf(ekimi.session).notifications).toEqual([PAGER]);
  });

  it('end no pass where they cannot even be asked', async () => {
    const ekimi = telling(() => {
      throw new Error('broken');
    });
    await ekimi.run(10);
    expect(ekimi.session.tick).toBeGreaterThan(5);
    expect(snapshotOf(ekimi.session).notifications).toEqual([]);
  });
});
