import { describe, expect, it } from 'vitest';
import { ask, told } from '../support/asking.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const APPROVE = { mode: 'approve' as const };
const policyWith = (resume: 'approve' | 'auto') =>
  testPolicy({}, { 'pause-cluster': APPROVE, 'resume-cluster': { mode: resume } });

async function quiet(resume: 'approve' | 'auto' = 'approve'): Promise<Rig> {
  const ekimi = rig({ policy: policyWith(resume) });
  await ekimi.run(15);
  return ekimi;
}

const isPaused = (ekimi: Rig): boolean => ekimi.cluster.inspect('patroni1').patroni.config.paused;
const problem = (ekimi: Rig) => ekimi.session.states.problems.find(({ code }) => code === 'cluster-paused');

describe('a pause of the cluster', () => {
  it('is written, known to all, and remembered with its owner, reason and end; a person ends it', async () => {
    const ekimi = await quiet();
    await ask(ekimi, { name: 'pause-cluster', reason: 'kernel update', parameters: { for: '2h' } });
    await ekimi.run(15);
    expect(isPaused(ekimi)).toBe(true);
    expect(ekimi.session.ledger.clusterPause).toMatchObject({
      by: 'dba',
      reason: 'kernel update',
      untilMs: expect.any(Number),
    });
    expect(
      problem(ekimi)
        ?.evidence.map(({ text }) => text)
        .join(' '),
    ).toContain('paused by dba since');
    await ask(ekimi, { name: 'resume-cluster' });
    await ekimi.run(15);
    expect(isPaused(ekimi)).toBe(false);
    expect(ekimi.session.ledger.clusterPause).toBeUndefined();
  });

  it('whose end has come is told, and resumed only where a person agrees or the policy says auto', async () => {
    for (const [mode, resumed] of [
      ['approve', false],
      ['auto', true],
    ] as const) {
      const ekimi = await quiet(mode);
      await ask(ekimi, { name: 'pause-cluster', parameters: { for: '1m' } });
      await ekimi.run(15);
      expect(isPaused(ekimi)).toBe(true);
      expect(ekimi.notifier.pages).toEqual([]);
      await ekimi.run(65);
      // Where it was resumed at its end nothing stands of which anybody would have to be told.
      expect(ekimi.notifier.pages.map(({ code }) => code)).toEqual(resumed ? [] : ['cluster-paused']);
      expect(isPaused(ekimi), mode).toBe(!resumed);
    }
  });

  it("that is another's is resumed by a person alone, who is told that it is not known whose it is", async () => {
    const ekimi = await quiet('auto');
    ekimi.cluster.pause();
    await ekimi.run(20);
    expect(isPaused(ekimi)).toBe(true);
    expect(ekimi.requests()).toEqual([]);
    const answer = await ask(ekimi, { name: 'resume-cluster' });
    expect(answer).toMatchObject({ kind: 'started', why: expect.stringContaining('not paused through Ekimi') });
    await ekimi.run(15);
    expect(isPaused(ekimi)).toBe(false);
  });

  it.each([
    ['while Ekimi did not look', 15],
    ['before Ekimi ever saw its own', 1],
  ])(
    "that ended %s, with another's in its place, is not ended by the policy at the hour of the first",
    async (_, seenForS) => {
      const ekimi = await quiet('auto');
      await ask(ekimi, { name: 'pause-cluster', parameters: { for: '2m' } });
      await ekimi.run(seenForS);
      expect(ekimi.requests()).toHaveLength(1);
      ekimi.cluster.resume();
      ekimi.cluster.pause();
      ekimi.cluster.advance(100_000);
      await ekimi.run(120);
      expect(isPaused(ekimi)).toBe(true);
      expect(ekimi.requests()).toHaveLength(1);
      const page = ekimi.notifier.pages.find(({ code }) => code === 'cluster-paused');
      expect(page?.text).toContain("may be another's pause");
      expect((await ask(ekimi, { name: 'resume-cluster' })).kind).toBe('started');
    },
  );

  it('is refused while nobody leads, twice, without sense in its end, or with a parameter that it has not', async () => {
    const ekimi = await quiet();
    for (const [parameters, why] of [
      [{ for: 'a while' }, 'no span'],
      [{ for: '1h', until: '2030-01-01T00:00:00Z' }, 'one end'],
      [{ until: '2001-01-01T00:00:00Z' }, 'is past'],
      [{ end: '1h' }, 'takes no parameter end'],
    ] as const)
      expect(told(await ask(ekimi, { name: 'pause-cluster', parameters })).join(' ')).toContain(why);
    ekimi.cluster.pause();
    await ekimi.run(3);
    expect(told(await ask(ekimi, { name: 'pause-cluster' })).join(' ')).toContain('paused already');
    expect(ekimi.requests()).toEqual([]);
  });

  it('is not ended over a second primary, which Patroni would rewind', async () => {
    const ekimi = await quiet();
    ekimi.cluster.pause();
    await ekimi.run(12);
    ekimi.cluster.roguePromote('patroni3');
    await ekimi.run(12);
    expect(told(await ask(ekimi, { name: 'resume-cluster' })).join(' ')).toContain('patroni3 is primary');
    expect(ekimi.requests()).toEqual([]);
  });
});
