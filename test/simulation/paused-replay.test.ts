import { describe, expect, it } from 'vitest';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type RigOptions } from '../support/simulated.js';
import { MB } from '../support/situations.js';

const RESUME = /^SELECT pg_wal_replay_resume\(\) on patroni2 \(if it is still paused at 0\/[0-9A-F]{8}\)$/;
const asking = testPolicy({}, { 'resume-replay': { mode: 'approve' }, 'drain-replica': { mode: 'off' } });
const auto = testPolicy({}, { 'resume-replay': { mode: 'auto' }, 'drain-replica': { mode: 'off' } });

/** Replay of patroni2 is paused, by a hand that Patroni leaves alone (PostgreSQL 13 and older) or by a setting, while the leader writes. */
async function paused(kept: 'hand' | 'setting', options: RigOptions = {}, seconds = 45) {
  const cluster = options.cluster ?? createCluster();
  const ekimi = rig({ policy: asking, ...options, cluster });
  await ekimi.run(15);
  cluster.setLoad(MB / 4);
  cluster.pauseReplay('patroni2', kept);
  await ekimi.run(seconds);
  return ekimi;
}

const isPaused = async (ekimi: Awaited<ReturnType<typeof paused>>): Promise<boolean> =>
  ekimi.cluster.inspect('patroni2').postgres.replayPaused;
const verdicts = (ekimi: Awaited<ReturnType<typeof paused>>) =>
  ekimi.session.ledger.remediations.map(({ plan, phase }) => `${plan.action} ${phase}`);

describe('replay that somebody has paused', () => {
  it('[P16] is resumed once a person agrees, and not before; that it moves is what counts', async () => {
    const ekimi = await paused('hand');
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toEqual([expect.stringMatching(/^approval: approval \S+ is waiting/)]);
    const page = ekimi.notifier.pages.find(({ code }) => code === 'replay-paused');
    expect(page?.text).toMatch(/resume-replay patroni2 is held by approval/);
    await ekimi.answer('approved');
    await ekimi.run(10);
    expect(ekimi.requests()).toEqual([expect.stringMatching(RESUME)]);
    expect(await isPaused(ekimi)).toBe(false);
    expect(verdicts(ekimi)).toEqual(['resume-replay succeeded']);
    await ekimi.run(30);
    expect(ekimi.session.states.problems.filter(({ code }) => code === 'replay-paused')).toEqual([]);
  });

  it.each([
    ['arrived', 'answer-lost', 'succeeded', 1],
    ['never arrived', 'never-arrives', 'ineffective', 0],
  ] as const)(
    'a request that %s and whose answer is lost is judged by replay, and not sent again unasked',
    async (_what, fault, phase, sent) => {
      const ekimi = await paused('hand');
      ekimi.cluster.failSend(fault, 'sql');
      await ekimi.answer('approved');
      await ekimi.run(60);
      expect(ekimi.requests()).toHaveLength(sent);
      expect(verdicts(ekimi)).toEqual([`resume-replay ${phase}`]);
    },
  );

  it('[P16] stays paused when a person says no', async () => {
    const ekimi = await paused('hand');
    await ekimi.answer('rejected');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(await isPaused(ekimi)).toBe(true);
  });

  it('[P16] an approval is for the pause that was seen, not for the next one', async () => {
    const ekimi = await paused('hand');
    ekimi.cluster.resumeReplay('patroni2');
    ekimi.cluster.advance(2_000);
    ekimi.cluster.pauseReplay('patroni2', 'hand');
    await ekimi.answer('approved').catch(() => undefined);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.approvals('waiting')).toHaveLength(1);
  });

  it('[P16] by itself nothing is resumed where a setting has paused it: that would shut it down', async () => {
    const ekimi = await paused('setting', { policy: auto }, 120);
    expect(ekimi.requests()).toEqual([]);
    const page = ekimi.notifier.pages.find(({ code }) => code === 'replay-paused');
    expect(page?.text).toMatch(/lower setting than on the primary|max_connections is 100 on patroni2/);
    expect(ekimi.cluster.inspect('patroni2').postgres.process).toBe('up');
  });

  it('[P16] on auto it is resumed only where its log was read when it was paused', async () => {
    const without = await paused('hand', { policy: auto, without: ['host'] }, 60);
    expect(without.requests()).toEqual([]);
    expect(without.why().join()).toMatch(
      /a person must agree; the log of patroni2 cannot be read|approval \S+ is waiting; the log of patroni2/,
    );
    const read = await paused('hand', { policy: auto }, 60);
    expect(read.requests()).toEqual([expect.stringMatching(RESUME)]);
  });

  it('[P16] Patroni resumes it within a loop: nothing is sent, nobody is told', async () => {
    const ekimi = rig({ policy: auto });
    await ekimi.run(15);
    ekimi.cluster.setLoad(MB / 4);
    ekimi.cluster.pauseReplay('patroni2');
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.notifier.pages).toEqual([]);
  });

  it('[P16] in a pause of Patroni it is left as it is', async () => {
    const cluster = createCluster();
    cluster.pause();
    const ekimi = await paused('hand', { cluster, policy: auto }, 60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why().join()).toMatch(/patroni-pause/);
  });
});
