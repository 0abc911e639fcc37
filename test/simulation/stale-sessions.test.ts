import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const HAPROXY = { interMs: 3000, fall: 3, rise: 2 };
const cuts = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => text.includes('shutdown sessions'));

/** A switchover by hand, under clients that write. */
async function handedOver(mode: 'off' | 'auto', keepsSessions: boolean) {
  const cluster = createCluster({ haproxy: { ...HAPROXY, keepsSessions } });
  const policy = leading({}, { 'shut-sessions': { mode, timeoutMs: 10_000, cooldownMs: 30_000 } });
  const ekimi = rig({ policy, cluster });
  await ekimi.run(20);
  const before = cluster.leader();
  cluster.switchover('patroni2');
  await ekimi.run(60);
  const seen = ekimi.session.view?.proxies[0]?.seen;
  const rows = seen?.kind === 'fresh' ? seen.value.servers : [];
  const left = rows.find((row) => row.backend === 'postgres_primary' && row.server === before);
  const problem = ekimi.session.states.problems.find(({ code }) => code === 'sessions-stay');
  return { ekimi, left: left?.sessions ?? 0, problem, before };
}

describe('clients on the former leader after a switchover', () => {
  it('[S13] are told, and nothing is sent, where the policy has it off', async () => {
    const { ekimi, left, problem, before } = await handedOver('off', true);
    expect(problem).toMatchObject({ subject: before, level: 'warning', phase: 'active' });
    expect(left).toBeGreaterThan(0);
    expect(cuts(ekimi.requests())).toEqual([]);
  });

  it('[S13] are cut once where it allows it, and the problem is over', async () => {
    const { ekimi, left, problem } = await handedOver('auto', true);
    expect(cuts(ekimi.requests())).toHaveLength(1);
    expect(left).toBe(0);
    expect(problem).toBeUndefined();
  });

  it('[S13] are nobody where the proxy cuts them itself', async () => {
    const { ekimi, problem } = await handedOver('auto', false);
    expect(problem).toBeUndefined();
    expect(cuts(ekimi.requests())).toEqual([]);
  });
});
