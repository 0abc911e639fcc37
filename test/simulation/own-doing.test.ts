import { describe, expect, it } from 'vitest';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { newestRun, startStaged } from '../support/staged.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy({}, { switchover: APPROVE, 'stop-member': APPROVE, 'start-member': APPROVE });

/** Patroni is restarted on patroni2, and its leader lets no replica in any more. Nobody of us asks PostgreSQL, and no log says why. */
async function notLetInAgain(): Promise<Rig> {
  const ekimi = rig({
    policy,
    without: ['postgres'],
    wrap: (ports) => {
      const host = Object.entries(ports.host ?? {}).filter(([name]) => name !== 'logs');
      return { ...ports, host: Object.fromEntries(host) as unknown as typeof ports.host };
    },
  });
  await ekimi.run(15);
  await startStaged(ekimi, { name: 'rolling-restart', parameters: { what: 'patroni' } });
  for (let second = 0; second < 60 && !ekimi.requests().some((text) => text.startsWith('host stop')); second += 1)
    await ekimi.run(1);
  ekimi.cluster.refuseReplication('patroni1');
  return ekimi;
}

const told = ({ notifier }: Rig): readonly string[] =>
  notifier.pages.map(({ change, code, subject }) => `${change} ${code} ${subject}`);

describe('a member that a run restarted and that does not stream', () => {
  it('is nobody called for as long as the run waits for it, and says in status for what and until when', async () => {
    const ekimi = await notLetInAgain();
    await ekimi.run(14 * 60);
    expect(newestRun(ekimi)?.phase).toBe('running');
    expect(ekimi.session.states.problems.map(({ code, phase }) => `${phase} ${code}`)).toEqual(
      expect.arrayContaining(['active replica-not-streaming', 'active too-few-replicas']),
    );
    expect(told(ekimi)).toEqual([]);
    const decisions = await ekimi.pass();
    const about = decisions.find((one) => one.kind === 'waiting' && one.code === 'replica-not-streaming');
    expect(about).toMatchObject({
      why: expect.stringMatching(/^rolling-restart \(.*\): patroni2 runs and streams$/) as string,
      untilMs: (newestRun(ekimi)?.waiting?.sinceMs ?? 0) + 15 * 60_000,
    });
  });

  it('is told at once when that wait is over', async () => {
    const ekimi = await notLetInAgain();
    await ekimi.run(15 * 60 + 20);
    expect(newestRun(ekimi)?.phase).toBe('held');
    expect(told(ekimi)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^opened procedure-held/),
        'opened replica-not-streaming patroni2',
        expect.stringMatching(/^opened too-few-replicas/),
      ]),
    );
  });

  it('is told as ever where another one goes down as well: that is no doing of the run', async () => {
    const ekimi = await notLetInAgain();
    await ekimi.run(60);
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(120);
    expect(newestRun(ekimi)?.phase).toBe('running');
    expect(told(ekimi)).toContainEqual(expect.stringMatching(/^opened all-replicas-affected/));
  });
});
