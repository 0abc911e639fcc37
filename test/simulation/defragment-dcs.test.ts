import { describe, expect, it, vi } from 'vitest';
import { markOf } from '../../src/model/procedure-run.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, recoveryParts, stagesOf, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy({}, { 'defragment-store': APPROVE, 'disarm-store': APPROVE });
const ASKED = { name: 'defragment-dcs', reason: 'etcd is full' } as const;
const STRIDE = everyNth(8);
const ALL = ['etcd2', 'etcd3', 'etcd1'];

const defragmented = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^etcd: defragment (\S+)/.exec(text)?.[1] ?? []);
const disarmed = (ekimi: Rig): number => ekimi.requests().filter((text) => text.startsWith('etcd: disarm')).length;

async function full(options: RigOptions = {}, live?: number): Promise<Rig> {
  const ekimi = rig({ policy, recovery: recoveryParts(), ...options });
  await ekimi.run(20);
  ekimi.cluster.sizeEtcd(ekimi.cluster.options.etcdQuotaBytes, live);
  await ekimi.run(30);
  return ekimi;
}

describe('an etcd that takes no writes', () => {
  it('is compacted, defragmented one by one, and disarmed; the ledger is written again', async () => {
    const ekimi = await full();
    const answer = await startStaged(ekimi, ASKED);
    expect(stagesOf(answer)).toEqual([...ALL.map((name) => `defragment-store ${name}`), 'disarm-store etcd1']);
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(defragmented(ekimi)).toEqual(ALL);
    expect(ekimi.requests().filter((text) => text.startsWith('etcd: compact'))).toHaveLength(ALL.length);
    expect(disarmed(ekimi)).toBe(1);
    expect(ekimi.session.states.problems.map(({ code }) => code)).not.toContain('dcs-alarm');
    expect(ekimi.session.books.fault).toBeNull();
  });

  it('in which nobody has tenure: a person begins it all the same', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    ekimi.cluster.sizeEtcd(ekimi.cluster.options.etcdQuotaBytes);
    await ekimi.run(40);
    expect(ekimi.session.parts.tenure.facts().state).toBe('unknown');
    expect((await startStaged(ekimi, ASKED)).kind).toBe('started');
    await ekimi.run(120);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(defragmented(ekimi)).toEqual(ALL);
    expect(ekimi.session.parts.tenure.facts().state).toBe('held');
  });

  it.each(['auto', 'approve'] as const)('begun by the policy (%s), it lies on this machine as well', async (mode) => {
    const recovery = recoveryParts();
    const kept = vi.spyOn(recovery.store, 'commit');
    const proposing = testPolicy(
      { procedures: { 'defragment-dcs': { mode, window: 'any' } } },
      { 'defragment-store': APPROVE, 'disarm-store': APPROVE },
    );
    const ekimi = await full({ policy: proposing, recovery });
    if (mode === 'approve') {
      expect(ekimi.session.recovery.run).toBeNull();
      expect(await changeStaged(ekimi, 'continue', markOf(newestRun(ekimi)?.agreed ?? []))).toMatchObject({ ok: true });
    }
    const run = newestRun(ekimi);
    expect(run).toMatchObject({ name: 'defragment-dcs', proposed: { word: 'accepted' } });
    const entries = ekimi.entries('procedure-run').filter(({ body }) => body.change === 'started');
    expect(entries).toHaveLength(1);
    expect(kept.mock.calls.some(([row]) => row.procedures?.some(({ id }) => id === run?.id))).toBe(true);
  });

  it('another instance holds tenure: it is begun there', async () => {
    const one = await full({ as: 'ekimi-1' });
    const other = rig({ policy, cluster: one.cluster, as: 'ekimi-2', recovery: recoveryParts() });
    await other.run(40);
    expect(await startStaged(other, ASKED)).toMatchObject({ kind: 'refused' });
    expect(defragmented(other)).toEqual([]);
  });

  it('whose keys fill it: nothing is disarmed, and a person is told what to do', async () => {
    const ekimi = await full({}, 1e12);
    await startStaged(ekimi, ASKED);
    await ekimi.run(400);
    expect(disarmed(ekimi)).toBe(0);
    expect(newestRun(ekimi)?.phase).not.toBe('succeeded');
  });

  it('with a member down: refused', async () => {
    const ekimi = await full();
    ekimi.cluster.killEtcd('etcd3');
    await ekimi.run(20);
    expect(await startStaged(ekimi, ASKED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('etcd3 does not serve') as string,
    });
  });

  it('shown: every request, and nothing is sent', async () => {
    const ekimi = await full();
    const answer = await startStaged(ekimi, { ...ASKED, dryRun: true });
    expect(answer).toMatchObject({ kind: 'planned' });
    if (answer.kind !== 'planned') return;
    expect(answer.stages.every(({ requests }) => requests.length > 0)).toBe(true);
    expect(answer.stages.flatMap(({ held }) => held)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });

  it('ended in the middle: it says what it leaves and sends nothing more', async () => {
    const ekimi = await full();
    await startStaged(ekimi, ASKED);
    await ekimi.run(4);
    expect((await changeStaged(ekimi, 'abort')).ok).toBe(true);
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('refuses every write') as string,
    });
    expect(disarmed(ekimi)).toBe(0);
  });

  it.each(['answer-lost', 'never-arrives'] as const)('%s: no member is defragmented beside another', async (fault) => {
    const ekimi = await full();
    ekimi.cluster.failSend(fault, 'store');
    await startStaged(ekimi, ASKED);
    await ekimi.run(200);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    // Whose history was not dropped at its turn has another one.
    expect([...new Set(defragmented(ekimi))].sort()).toEqual([...ALL].sort());
    expect(disarmed(ekimi)).toBe(1);
  });
});

describe('our death while etcd is full', () => {
  it('after any effect: a successor on this machine goes on with it', async () => {
    let points = 0;
    for (let after = 1; ; after += STRIDE) {
      const doom = doomed();
      const recovery = recoveryParts();
      const ekimi = await full({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, recovery });
      doom.arm(after);
      void startStaged(ekimi, ASKED);
      await Promise.race([doom.dead, ekimi.run(120)]);
      if (doom.effects.length < after) break;
      points += 1;
      const { cluster, journal } = ekimi;
      cluster.advance(60_000);
      const next = rig({ policy, cluster, journal, recovery, owner: 'next' });
      await next.run(150);
      const run = newestRun(next);
      // The very first effects are before it is begun: then nothing was sent, and nothing stands.
      if (run !== undefined) expect({ after, phase: run.phase, why: run.detail }).toMatchObject({ phase: 'succeeded' });
      else expect(next.requests()).toEqual([]);
      expect(Math.max(...ALL.map((name) => defragmented(next).filter((row) => row === name).length))).toBeLessThan(3);
    }
    expect(points).toBeGreaterThan(3);
  });
});
