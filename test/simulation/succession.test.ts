import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const VERSIONS = ['3.0.2', '4.1.4'] as const;
const CODE = 'no-failover-candidate';

const started = async (patroniVersion: string): Promise<Rig> => {
  const ekimi = rig({ policy: leading(), cluster: createCluster({ patroniVersion }) });
  await ekimi.run(20);
  return ekimi;
};

const pagesOf = ({ notifier }: Rig, code: string) => notifier.pages.filter((page) => page.code === code);

describe.each(VERSIONS)('a leader that nobody could succeed, Patroni %s', (patroniVersion) => {
  it('is a warning, told once and after ten minutes, with what stands against each replica', async () => {
    const ekimi = await started(patroniVersion);
    ekimi.cluster.operatorTag('patroni2', { nofailover: true });
    ekimi.cluster.operatorTag('patroni3', { nofailover: true });
    await ekimi.run(590);
    expect(pagesOf(ekimi, CODE)).toEqual([]);
    await ekimi.run(60);
    expect(pagesOf(ekimi, CODE)).toMatchObject([
      {
        level: 'warning',
        subject: 'patroni1',
        text: expect.stringContaining('patroni2 is tagged nofailover; patroni3 is tagged nofailover') as string,
      },
    ]);
    expect(ekimi.session.states.cluster.state).toBe('degraded');
    expect(ekimi.requests()).toEqual([]);
  });

  it('is an emergency of its own when that leader dies, told anew', async () => {
    const ekimi = await started(patroniVersion);
    ekimi.cluster.operatorTag('patroni2', { nofailover: true });
    ekimi.cluster.operatorTag('patroni3', { nofailover: true });
    await ekimi.run(660);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(60);
    expect(pagesOf(ekimi, CODE).map(({ subject, level }) => `${subject} ${level}`)).toEqual([
      'patroni1 warning',
      'email-cluster critical',
    ]);
  });

  it('is not told of two replicas that lag for some minutes', async () => {
    const ekimi = await started(patroniVersion);
    ekimi.cluster.setLoad(500_000);
    ekimi.cluster.lag('patroni2', 1);
    ekimi.cluster.lag('patroni3', 1);
    await ekimi.run(240);
    expect(ekimi.session.states.problems.map((problem) => `${problem.code} ${problem.phase}`)).toContain(
      `${CODE} suspect`,
    );
    ekimi.cluster.healLag('patroni2');
    ekimi.cluster.healLag('patroni3');
    await ekimi.run(600);
    expect(pagesOf(ekimi, CODE)).toEqual([]);
    expect(ekimi.session.states.problems.map((problem) => problem.code)).not.toContain(CODE);
  });

  it('is not even suspected under heavy writes that replicas keep up with', async () => {
    const ekimi = await started(patroniVersion);
    ekimi.cluster.setLoad(40 * 1024 * 1024);
    const seen = new Set<string>();
    for (let second = 0; second < 120; second += 1) {
      await ekimi.run(1);
      for (const problem of ekimi.session.states.problems) seen.add(problem.code);
    }
    expect([...seen]).toEqual([]);
  });
});

describe.each(VERSIONS)('two primaries, Patroni %s', (patroniVersion) => {
  it('are told with where each stands and what only the rogue holds', async () => {
    const policy = leading({}, { 'fence-member': { mode: 'off' }, 'expedite-failover': { mode: 'off' } });
    const ekimi = rig({ policy, cluster: createCluster({ patroniVersion }) });
    await ekimi.run(20);
    ekimi.cluster.killPatroni('patroni1');
    await ekimi.run(60);
    const problems = ekimi.session.states.problems.filter((problem) => problem.code.startsWith('split-brain'));
    expect(problems.map((problem) => problem.code)).toEqual(['split-brain-confirmed', 'split-brain-suspected']);
    for (const { evidence, facts } of problems) {
      const text = evidence.map((item) => item.text).join('\n');
      expect(text).toMatch(/patroni1 is primary by its SQL, on timeline 1 at /);
      expect(text).toMatch(/patroni[23] is primary by its own API, on timeline 2 at /);
      expect(text).toMatch(/patroni[23] left timeline 1 at [0-9A-F/]+, and patroni1 holds [\d.]+ \S*B past it/);
      expect(facts['ownBytes']).toBeGreaterThan(0);
    }
  });
});
