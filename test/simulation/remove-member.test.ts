import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { createCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, stagesOf, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const AUTO = { mode: 'auto' as const };
/** What starts members is automatic: that is what a removal has to stand against. */
const policy = testPolicy(
  {},
  {
    switchover: APPROVE,
    'stop-member': { mode: 'approve', timeoutMs: 30_000 },
    'close-servers': APPROVE,
    'start-member': AUTO,
    'restart-member': AUTO,
    'proxy-nudge': AUTO,
  },
);

/** Patroni 3.0 drops the slot at once, so that the end is near. */
async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, cluster: createCluster({ patroniVersion: '3.0.2' }), ...options });
  await ekimi.run(15);
  return ekimi;
}

const OUT = { name: 'remove-member', member: 'patroni3' } as const;
const STAGES = ['close-servers patroni3', 'stop-member patroni3', 'key of patroni3', 'slot of patroni3'];
const onHost = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => text.startsWith('host'));
const leftOf = (ekimi: Rig, leader: string) => {
  const view = ekimi.session.view;
  const sql = view?.members.find(({ name }) => name === leader)?.sql;
  const keys = view?.dcs.keys;
  return {
    slots: sql?.kind === 'fresh' ? sql.value.slots.map(({ name }) => name) : null,
    keys: keys?.kind === 'fresh' ? keys.value.members.map(({ name }) => name as string).sort() : null,
  };
};

describe('a member that is removed', () => {
  it('leaves no open server, no key and no slot, keeps its data, and is started by nobody', async () => {
    const ekimi = await quiet();
    expect(stagesOf(await startStaged(ekimi, OUT))).toEqual(STAGES);
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail:
        'patroni3 is stopped, its data as it was; take it out of clusters[].patroni.members of ekimi.yaml (and of postgres.members and hosts.members), and reload Ekimi (kill -HUP PID)',
    });
    expect(leftOf(ekimi, 'patroni1')).toEqual({ slots: ['patroni2'], keys: ['patroni1', 'patroni2'] });
    for (const pool of ['postgres_primary', 'postgres_replicas'])
      expect(ekimi.cluster.proxyStatus(pool, 'patroni3')).toBe('MAINT');
    expect(ekimi.cluster.inspect('patroni3').postgres.directory).not.toBe('empty');
    await ekimi.run(120);
    expect(onHost(ekimi)).toEqual(['host stop patroni3 (killed after 60 s)']);
    expect(ekimi.notifier.pages).toEqual([]);
  });

  it('hands leadership over first where it leads, and nobody but it is stopped', async () => {
    const ekimi = await quiet();
    expect(stagesOf(await startStaged(ekimi, { ...OUT, member: 'patroni1' }))[0]).toBe('switchover from patroni1');
    await ekimi.run(240);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(onHost(ekimi)).toEqual(['host stop patroni1 (killed after 60 s)']);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(leftOf(ekimi, ekimi.cluster.leader() ?? '').slots).not.toContain('patroni1');
  });

  it('waits for a slot that Patroni 4 keeps for half an hour', async () => {
    const ekimi = await quiet({ cluster: createCluster() });
    await startStaged(ekimi, OUT);
    await ekimi.run(100);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'running', waiting: { key: 'slot of patroni3' } });
    ekimi.cluster.advance(1_800_000);
    await ekimi.run(20);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it.each([
    ['too few would be left', testPolicy({ limits: { minHealthyReplicas: 2 } as never }), 'limits.minHealthyReplicas'],
    ['it is not configured', policy, 'patroni9 is not configured'],
  ] as const)('is refused where %s', async (_, of, text) => {
    const ekimi = await quiet({ policy: of });
    const member = text.startsWith('patroni9') ? 'patroni9' : 'patroni3';
    expect(stagesOf(await startStaged(ekimi, { ...OUT, member }))[0]).toContain(text);
    await ekimi.run(10);
    expect(ekimi.requests()).toEqual([]);
  });

  it('is shown in full, with every request, and nothing is sent', async () => {
    const ekimi = await quiet();
    const answer = await startStaged(ekimi, { ...OUT, dryRun: true });
    expect(stagesOf(answer)).toEqual(STAGES);
    expect(answer.kind === 'planned' ? answer.stages[1]?.requests : null).toEqual([
      'host stop patroni3 (killed after 60 s)',
    ]);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
  });

  it('of which the rest is aborted stays stopped or running as it is, said so, and is the ladders again', async () => {
    const ekimi = await quiet();
    await startStaged(ekimi, OUT);
    while (onHost(ekimi).length === 0) await ekimi.run(1);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(90);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'aborted', detail: expect.stringContaining('patroni3') as string });
    expect(onHost(ekimi)[0]).toBe('host stop patroni3 (killed after 60 s)');
    expect(onHost(ekimi).slice(1)).toEqual(['host start patroni3']);
  });

  it('ended once it is closed says so, and both ways on are open: removed to the end, or given back', async () => {
    for (const [asked, requests] of [
      [OUT, ['host stop patroni3 (killed after 60 s)']],
      [{ ...OUT, name: 'add-replica' }, []],
    ] as const) {
      const ekimi = await quiet({
        policy: testPolicy({}, { 'stop-member': APPROVE, 'close-servers': APPROVE, 'open-servers': APPROVE }),
      });
      await startStaged(ekimi, OUT);
      while (ekimi.requests().length === 0) await ekimi.run(1);
      await changeStaged(ekimi, 'abort');
      await ekimi.run(60);
      expect(newestRun(ekimi)).toMatchObject({
        phase: 'aborted',
        detail: expect.stringMatching(
          /^patroni3 is running, .*; servers of it are closed in a proxy; its key is in etcd; .*; to go on: ekimi run-procedure remove-member patroni3; back: ekimi run-procedure add-replica patroni3;/,
        ) as string,
      });
      expect((await startStaged(ekimi, asked)).kind).toBe('started');
      await ekimi.run(120);
      expect(newestRun(ekimi)?.phase).toBe('succeeded');
      expect(onHost(ekimi)).toEqual(requests);
      const isOpen = asked.name === 'add-replica';
      expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3') === 'MAINT').toBe(!isOpen);
    }
  });

  it('after our death at every eighth of its effects (each with EVERY_POINT=1) is removed by the next holder of tenure', async () => {
    const story = async (after: number) => {
      const doom = doomed();
      const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
      doom.arm(after);
      void startRun(first.session, stagedRequest(OUT), 'dba');
      await first.run(70);
      return { first, doom };
    };
    const { doom: whole } = await story(Infinity);
    for (let after = 2; after <= whole.effects.length; after += everyNth(8)) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(16_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
      await next.run(110);
      if (newestRun(next)?.phase === 'held') {
        await changeStaged(next, 'continue');
        await next.run(90);
      }
      expect(newestRun(next)?.phase, where).toBe('succeeded');
      expect(onHost(next), where).toEqual(['host stop patroni3 (killed after 60 s)']);
    }
  });
});
