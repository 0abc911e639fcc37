import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, stagesOf, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
/** No ladder brings it back by itself: what is sent is the run's. */
const policy = testPolicy(
  {},
  {
    'start-member': { ...APPROVE, timeoutMs: 30_000 },
    'restart-member': { mode: 'off' },
    'reinitialize-replica': { ...APPROVE, timeoutMs: 600_000 },
    'fence-member': APPROVE,
    'stop-member': { ...APPROVE, timeoutMs: 60_000 },
    'move-aside': { ...APPROVE, timeoutMs: 60_000 },
    'begin-copy': { ...APPROVE, timeoutMs: 60_000 },
    'proxy-nudge': { mode: 'auto' },
  },
);
const AFTER = { name: 'after-failover' } as const;

/** The leader is gone, and another one leads. */
async function failedOver(
  prepare: (cluster: SimulatedCluster) => void = () => undefined,
  options: RigOptions = {},
): Promise<Rig> {
  const cluster = createCluster({ seed: 3 });
  const ekimi = rig({ policy, cluster, ...options });
  await ekimi.run(15);
  prepare(cluster);
  cluster.killContainer('patroni1');
  await ekimi.run(45);
  expect(cluster.leader()).not.toBe('patroni1');
  return ekimi;
}

const sent = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => !text.includes(' health '));
const streams = ({ cluster }: Rig, name = 'patroni1'): boolean => cluster.inspect(name).postgres.streaming;

describe('the old leader after a failover', () => {
  it('is started, rewound by Patroni, and has readers again: one request, and it is found by itself', async () => {
    const ekimi = await failedOver();
    expect(stagesOf(await startStaged(ekimi, AFTER))).toEqual([
      'start-member patroni1',
      'rejoin patroni1',
      'give up patroni1',
      'stop-member patroni1',
      'move-aside patroni1',
      'begin-copy patroni1',
      'copy patroni1',
      'traffic patroni1',
    ]);
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: expect.stringContaining('patroni1 follows') as string,
    });
    expect(sent(ekimi)).toEqual(['host start patroni1']);
    expect(streams(ekimi)).toBe(true);
  });

  it('that cannot be rewound: a person is asked with what only it holds, and nothing of it is destroyed before', async () => {
    const ekimi = await failedOver((cluster) => {
      cluster.breakRewind('patroni1');
    });
    await startStaged(ekimi, { ...AFTER, parameters: { old: 'delete' } });
    await ekimi.run(110);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      asking: 'give up patroni1',
      detail: expect.stringMatching(/^copy patroni1 anew, .* patroni1 holds at least [\d.]+ \S*B past /) as string,
    });
    expect(sent(ekimi)).toEqual(['host start patroni1']);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(30);
    expect(sent(ekimi)).toEqual(['host start patroni1']);
    expect(newestRun(ekimi)?.phase).toBe('running');
    await changeStaged(ekimi, 'abort');
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('does not follow yet') as string,
    });
  });

  it('that cannot be rewound, with the loss agreed to: copied anew once the question is answered, once', async () => {
    const ekimi = await failedOver((cluster) => {
      cluster.breakRewind('patroni1');
    });
    await startStaged(ekimi, { ...AFTER, parameters: { old: 'delete', 'accept-loss': 'any' } });
    await ekimi.run(110);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(120);
    expect(sent(ekimi)).toEqual(['host start patroni1', 'POST /reinitialize on patroni1 {}']);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(streams(ekimi)).toBe(true);
  });

  it('that cannot be rewound: once that is agreed to its old directory is moved aside and kept, and it is copied anew; nothing is destroyed', async () => {
    const ekimi = await failedOver((cluster) => {
      cluster.breakRewind('patroni1');
    });
    await startStaged(ekimi, AFTER);
    await ekimi.run(110);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      asking: 'give up patroni1',
      detail: expect.stringMatching(
        / past .*; its old directory is moved aside, to NAME\.ekimi-\S+, and kept/,
      ) as string,
    });
    expect(sent(ekimi)).toEqual(['host start patroni1']);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(150);
    expect(sent(ekimi)).toEqual([
      'host start patroni1',
      expect.stringMatching(/^host stop patroni1/),
      expect.stringMatching(/^host rename the data directory of patroni1 to NAME\.ekimi-/),
      'host start patroni1',
    ]);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: expect.stringContaining('the old directory of patroni1 is kept aside') as string,
    });
    expect(streams(ekimi)).toBe(true);
    expect(ekimi.cluster.inspect('patroni1').postgres.disk.asides).toHaveLength(1);
  });

  it('that is given up is not stopped while nobody can say that it still cannot return by itself', async () => {
    const ekimi = await failedOver((cluster) => {
      cluster.breakRewind('patroni1');
    });
    await startStaged(ekimi, AFTER);
    await ekimi.run(110);
    ekimi.cluster.freezePatroni('patroni1');
    await changeStaged(ekimi, 'continue');
    await ekimi.run(40);
    expect(sent(ekimi)).toEqual(['host start patroni1']);
    ekimi.cluster.thaw('patroni1');
    await ekimi.run(150);
    expect(sent(ekimi)[1]).toMatch(/^host stop patroni1/);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it('that is stopped by the run is copied in a freeze that begins then: it would be down until its end', async () => {
    let isFrozen = false;
    const ekimi = await failedOver(
      (cluster) => {
        cluster.breakRewind('patroni1');
      },
      { windowsAt: () => ({ freeze: isFrozen ? { reason: 'release', untilMs: 2 ** 45 } : null, maintenance: null }) },
    );
    await startStaged(ekimi, AFTER);
    await ekimi.run(110);
    await changeStaged(ekimi, 'continue');
    for (let seconds = 0; seconds < 60 && !sent(ekimi).some((text) => text.startsWith('host stop')); seconds += 1)
      await ekimi.run(1);
    isFrozen = true;
    await ekimi.run(150);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(streams(ekimi)).toBe(true);
  });

  it('that could not be moved aside by the policy is not stopped: the question says what to change', async () => {
    const off = { ...policy.actions['move-aside'], mode: 'off' as const };
    const ekimi = await failedOver(
      (cluster) => {
        cluster.breakRewind('patroni1');
      },
      {
        policy: { ...policy, actions: { ...policy.actions, 'move-aside': off } },
      },
    );
    await startStaged(ekimi, AFTER);
    await ekimi.run(110);
    const why = 'actions.move-aside: off, which holds move-aside patroni1';
    expect(newestRun(ekimi)).toMatchObject({
      asking: 'give up patroni1',
      detail: expect.stringContaining(why) as string,
    });
    await changeStaged(ekimi, 'continue');
    await ekimi.run(30);
    expect(sent(ekimi)).toEqual(['host start patroni1']);
  });

  it('in dry-run every stage is shown and nothing is sent', async () => {
    const ekimi = await failedOver();
    const answer = await startStaged(ekimi, { ...AFTER, dryRun: true });
    expect(answer).toMatchObject({ kind: 'planned' });
    expect(JSON.stringify(answer)).toContain('host start patroni1');
    await ekimi.run(20);
    expect(sent(ekimi)).toEqual([]);
  });

  it.each([
    ['a member that is none', { member: 'patroni9' }, 'patroni9 is not a member of'],
    ['one that follows', { member: 'patroni3' }, 'there is nothing to do'],
    ['what is neither of both', { parameters: { old: 'burn' } }, 'old is "burn": it is aside or delete'],
    ['a loss that is no number', { parameters: { 'accept-loss': 'some' } }, 'accept-loss is "some"'],
  ])('%s is refused', async (_, asked, why) => {
    const ekimi = await failedOver();
    expect(stagesOf(await startStaged(ekimi, { ...AFTER, ...asked }))).toEqual([expect.stringContaining(why)]);
  });

  it('nobody is there to be brought back in a cluster that is well', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    expect(stagesOf(await startStaged(ekimi, AFTER))).toEqual([
      expect.stringContaining('every member that is known to have led follows'),
    ]);
  });
});

describe('our death while the old leader is brought back', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const first = await failedOver(undefined, { wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(after);
    void startRun(first.session, stagedRequest(AFTER), 'dba');
    await first.run(60);
    return { first, doom };
  };

  it('after every fifth of its effects (each with EVERY_POINT=1): the next holder of tenure finishes it, and nothing is sent twice', async () => {
    const { doom: whole } = await story(Infinity);
    for (let after = 2; after <= whole.effects.length; after += everyNth(7)) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(3_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
      await next.run(80);
      if (newestRun(next)?.phase === 'held') {
        await changeStaged(next, 'continue');
        await next.run(60);
      }
      if (newestRun(next) !== undefined) expect(newestRun(next)?.phase, where).toBe('succeeded');
      expect(sent(next).length, where).toBeLessThanOrEqual(1);
    }
  }, 120_000);
});

describe('after a partition', () => {
  const PARTED = { name: 'recover-partition' } as const;
  const cutOff = async (): Promise<Rig> => {
    const cluster = createCluster({ seed: 3 });
    const ekimi = rig({ policy, cluster });
    await ekimi.run(15);
    cluster.partition('patroni1', 'all');
    await ekimi.run(60);
    expect(cluster.leader()).not.toBe('patroni1');
    return ekimi;
  };

  it('who is cut off is waited for, and brought back by its history: what it sees is told meanwhile', async () => {
    const ekimi = await cutOff();
    expect(stagesOf(await startStaged(ekimi, PARTED)).slice(0, 4)).toEqual([
      'reach patroni1',
      'fence-member patroni1',
      'start-member patroni1',
      'rejoin patroni1',
    ]);
    await ekimi.run(30);
    expect(newestRun(ekimi)?.detail).toContain('patroni1: its API does not answer us');
    ekimi.cluster.heal('patroni1');
    await ekimi.run(150);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: expect.stringContaining('every member follows') as string,
    });
    expect(ekimi.cluster.primaries()).toEqual([ekimi.cluster.leader()]);
    expect(sent(ekimi)).toEqual([]);
  });

  it('ended in the middle it says who is still away, and sends nothing more', async () => {
    const ekimi = await cutOff();
    await startStaged(ekimi, PARTED);
    await ekimi.run(10);
    await changeStaged(ekimi, 'abort');
    ekimi.cluster.heal('patroni1');
    await ekimi.run(30);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('patroni1: its API') as string,
    });
    expect(sent(ekimi)).toEqual([]);
  });

  it('of nobody there is nothing to recover', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    expect(stagesOf(await startStaged(ekimi, PARTED))).toEqual([expect.stringContaining('nobody is cut off')]);
  });
});
