import { describe, expect, it } from 'vitest';
import { changeRun } from '../../src/kernel/runs.js';
import type { RunChange } from '../../src/model/procedure-run.js';
import type { StagedName } from '../../src/model/staged.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { recoveryParts, startStaged } from '../support/staged.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy(
  {},
  {
    'start-first': APPROVE,
    'start-store': APPROVE,
    'start-member': APPROVE,
    'restart-member': APPROVE,
    switchover: APPROVE,
  },
);
const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
const ETCDS = ['etcd1', 'etcd2', 'etcd3'];

const start = (ekimi: Rig, name: StagedName = 'cold-start') => startStaged(ekimi, { name, reason: 'power is back' });

const runOf = (ekimi: Rig, name: StagedName = 'cold-start') =>
  ekimi.session.ledger.procedures?.find((run) => run.name === name);

async function change(ekimi: Rig, what: RunChange, name: StagedName = 'cold-start') {
  const answer = changeRun(ekimi.session, runOf(ekimi, name)?.id ?? '', what, 'dba', 'looked');
  await ekimi.pass();
  return answer;
}

const started = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^host start (\S+)/.exec(text)?.[1] ?? []);

function darken({ cluster }: Rig): void {
  for (const name of MEMBERS) cluster.killContainer(name);
  cluster.stopEtcd(3);
}

describe('what was begun while etcd was lost', () => {
  it('goes on over etcd members that run and do not serve, is held in time, and can be ended', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(10);
    darken(ekimi);
    for (const name of ETCDS) ekimi.cluster.isolateEtcd(name);
    await ekimi.run(4);
    expect((await start(ekimi)).kind).toBe('started');
    await ekimi.run(40);
    expect(started(ekimi)).toEqual(ETCDS);
    await ekimi.run(140);
    const why =
      'wait until a majority of etcd serves (etcd1 running, etcd2 running, etcd3 running): not seen within 2 min';
    expect(runOf(ekimi)).toMatchObject({ phase: 'held', detail: expect.stringContaining(why) as string });
    expect(await change(ekimi, 'abort')).toMatchObject({ ok: true });
    expect(runOf(ekimi)?.phase).toBe('aborted');
  });

  it('goes before what stood open in the ledger, which ends when etcd is back', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(20);
    expect((await start(ekimi, 'rolling-restart')).kind).toBe('started');
    await change(ekimi, 'pause', 'rolling-restart');
    darken(ekimi);
    // Until our tenure is over.
    await ekimi.run(20);
    expect((await start(ekimi)).kind).toBe('started');
    await ekimi.run(60);
    expect(runOf(ekimi)?.phase).toBe('succeeded');
    expect(runOf(ekimi, 'rolling-restart')?.phase).toBe('aborted');
  });

  it('and was forgotten ends beside what somebody began since, which goes on', async () => {
    const kept = recoveryParts();
    const first = rig({ policy, recovery: kept });
    await first.run(10);
    darken(first);
    await first.run(4);
    await start(first);
    const { cluster, journal } = first;
    cluster.startEtcd();
    for (const name of MEMBERS) cluster.startContainer(name);
    cluster.advance(120_000);
    const other = rig({ policy, cluster, owner: 'other', recovery: recoveryParts() });
    await other.run(60);
    expect((await start(other, 'rolling-restart')).kind).toBe('started');
    await change(other, 'pause', 'rolling-restart');
    cluster.advance(120_000);
    const again = rig({ policy, cluster, journal, recovery: kept });
    await again.run(60);
    expect(runOf(again)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('was begun since') as string,
    });
    expect(runOf(again, 'rolling-restart')?.phase).toBe('paused');
  });

  it('is not ended by a holder of tenure that was seen for a moment, long ago, before etcd was lost again', async () => {
    const cluster = createCluster();
    const one = rig({ policy, cluster, as: 'ekimi-1', recovery: recoveryParts() });
    const other = rig({ policy, cluster, as: 'ekimi-2' });
    for (let turn = 0; turn < 40; turn += 1) {
      await other.pass();
      await one.pass();
      cluster.advance(500);
    }
    darken(one);
    await one.run(5);
    expect((await start(one)).kind).toBe('started');
    const { tenure } = one.session.parts;
    const isSeen = (): boolean =>
      tenure.facts().state === 'other' && one.session.view !== null && one.session.view.dcs.keys.kind === 'fresh';
    for (let turn = 0; turn < 20 && !isSeen(); turn += 1) await one.run(1);
    expect(isSeen()).toBe(true);
    cluster.stopEtcd(3);
    await one.run(100);
    cluster.startEtcd();
    await one.run(3);
    expect(isSeen()).toBe(true);
    expect(runOf(one)?.phase).not.toBe('aborted');
  });
});
