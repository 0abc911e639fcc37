import { describe, expect, it } from 'vitest';
import { rig } from '../support/simulated.js';
import { testPolicy } from '../support/policy.js';

const MB = 1024 * 1024;

describe('a replica that lags', () => {
  it('is drained at the proxy in an emergency and put back after it caught up', async () => {
    const { cluster, run, requests, session } = rig();
    await run(15);
    expect(requests()).toEqual([]);
    expect(session.states.cluster.state).toBe('healthy');

    cluster.setLoad(30 * MB);
    cluster.lag('patroni3', 0);
    await run(15);
    expect(cluster.proxyStatus('postgres_replicas', 'patroni3')).toContain('DRAIN');
    expect(requests()).toEqual(['haproxy> set server postgres_replicas/patroni3 state drain']);

    cluster.setLoad(64 * 1024);
    cluster.healLag('patroni3');
    await run(60);
    expect(cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('UP');
    expect(requests()).toEqual([
      'haproxy> set server postgres_replicas/patroni3 state drain',
      'haproxy> set server postgres_replicas/patroni3 state ready',
    ]);
    expect(session.ledger.drains).toEqual([]);
  });

  it('is only written about in dry-run, with the exact request', async () => {
    const { cluster, run, requests, entries } = rig({ policy: testPolicy({ mode: 'dry-run' }) });
    await run(15);
    cluster.setLoad(30 * MB);
    cluster.lag('patroni3', 0);
    await run(20);
    expect(requests()).toEqual([]);
    expect(cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('UP');
    expect(entries('intent').map((entry) => entry.body.request)).toEqual([
      'haproxy> set server postgres_replicas/patroni3 state drain',
    ]);
    expect(entries('intent')[0]?.body.shadow).toBe(true);
  });
});

describe('a replica with a destroyed data directory', () => {
  it('is rebuilt with exactly one reinitialize', async () => {
    const { cluster, run, requests, session } = rig();
    await run(15);
    cluster.breakData('patroni2');
    await run(150);
    expect(requests().filter((text) => text.includes('/reinitialize'))).toHaveLength(1);
    expect(session.states.members['patroni2']?.state).toBe('healthy');
  });
});
