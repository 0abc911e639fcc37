import { describe, expect, it } from 'vitest';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { MB } from '../support/situations.js';

const QUERY = 'SELECT count(*) FROM mail';

async function blocked(policy = testPolicy(), options: Parameters<Rig['cluster']['blockReplay']>[2] = {}) {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  ekimi.cluster.setLoad(MB / 4);
  const pid = ekimi.cluster.blockReplay('patroni2', QUERY, options);
  return { ekimi, pid };
}

const cancelled = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => text.includes('pg_cancel'));

describe('a query that holds up replay', () => {
  it('is named with its pid, user, age and text before anything is done', async () => {
    const { ekimi, pid } = await blocked(testPolicy({}, { 'cancel-blocking-queries': { mode: 'observe' } }));
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    const problem = ekimi.session.states.problems.find((row) => row.code === 'replay-blocked');
    expect(problem?.evidence[0]?.text).toMatch(
      new RegExp(`replay on patroni2 waits for pid ${pid} \\(report@\\S+, psql, open for \\d+ s\\): SELECT count`),
    );
    expect(ekimi.why()).toEqual([
      'mode: the policy says actions.cancel-blocking-queries: observe -> set actions.cancel-blocking-queries to approve or auto',
    ]);
  });

  it('is cancelled once, by pid and start of its backend, when the policy allows it', async () => {
    const { ekimi, pid } = await blocked();
    await ekimi.run(60);
    expect(ekimi.requests()).toHaveLength(1);
    expect(ekimi.requests()[0]).toMatch(
      new RegExp(`^SELECT pg_cancel_backend\\(${pid}\\) on patroni2 \\(backend started 20`),
    );
    expect(ekimi.session.states.members['patroni2']?.state).toBe('healthy');
  });

  it('is left alone while it is younger than the policy allows', async () => {
    const { ekimi } = await blocked(testPolicy({ blockers: { ...testPolicy().blockers, olderThanMs: 3_600_000 } }));
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
  });

  it.each([
    ['user', { neverUsers: ['report'] }],
    ['application', { neverApplications: ['psql'] }],
  ])('is left alone when the policy protects its %s', async (_what, never) => {
    const { ekimi } = await blocked(testPolicy({ blockers: { ...testPolicy().blockers, ...never } }));
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
  });

  it('is terminated after two cancels did not help, and never before', async () => {
    const { ekimi, pid } = await blocked(testPolicy(), { stubborn: true });
    await ekimi.run(240);
    expect(cancelled(ekimi)).toHaveLength(2);
    expect(ekimi.requests().at(-1)).toMatch(new RegExp(`^SELECT pg_terminate_backend\\(${pid}\\) on patroni2`));
    expect(ekimi.requests()).toHaveLength(3);
    expect(ekimi.session.states.members['patroni2']?.state).toBe('healthy');
  });

  it('that outlives what the policy allows pages a person instead', async () => {
    const { ekimi } = await blocked(testPolicy({}, { 'terminate-blocking-queries': { mode: 'off' } }), {
      stubborn: true,
    });
    await ekimi.run(240);
    expect(ekimi.requests()).toHaveLength(2);
    expect(ekimi.notifier.pages.find((page) => page.code === 'replay-blocked')?.text).toContain(
      'cancel-blocking-queries was tried 2 times in this chain without lasting effect; terminate-blocking-queries is off in the policy',
    );
  });

  it('during an emergency does not keep the replica in rotation while it is being cancelled', async () => {
    const { ekimi } = await blocked(testPolicy({}, { 'cancel-blocking-queries': { cooldownMs: 0 } }), {
      stubborn: true,
    });
    ekimi.cluster.setLoad(40 * MB);
    await ekimi.run(60);
    const drain = ekimi.requests().indexOf('haproxy> set server postgres_replicas/patroni2 state drain');
    expect(drain).toBeGreaterThanOrEqual(0);
    expect(drain).toBeLessThanOrEqual(1);
    expect(ekimi.requests().findIndex((text) => text.includes('pg_terminate'))).toBeGreaterThan(drain);
  });
});
