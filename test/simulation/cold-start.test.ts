import { describe, expect, it } from 'vitest';
import { memoryLedgerStore } from '../../src/kernel/ledger-store.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import type { RunAnswer, RunRequest } from '../../src/model/procedure-run.js';
import { unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, recoveryParts, stagedRequest, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy({}, { 'start-first': APPROVE, 'start-store': APPROVE, 'start-member': APPROVE });

const ASKED = stagedRequest({ name: 'cold-start', reason: 'power is back' });
const start = (ekimi: Rig, asked: Partial<RunRequest> = {}): Promise<RunAnswer> =>
  startStaged(ekimi, { ...ASKED, ...asked });

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'];
const ETCDS = ['etcd1', 'etcd2', 'etcd3'];
const started = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^host start (\S+)/.exec(text)?.[1] ?? []);

/** A cluster that is well, and then nothing of it runs, for longer than any lease. */
async function dark(options: RigOptions = {}, before: (ekimi: Rig) => void | Promise<void> = () => undefined) {
  const ekimi = rig({ policy, recovery: recoveryParts(), ...options });
  await ekimi.run(10);
  await before(ekimi);
  for (const name of MEMBERS) ekimi.cluster.killContainer(name);
  ekimi.cluster.stopEtcd(3);
  await ekimi.run(4);
  return ekimi;
}

/** The driver says something else of a data directory than it is. */
const telling =
  (name: string, how: 'unreadable' | 'of another system') =>
  (ports: Ports): Ports => {
    const { host, clock } = ports;
    if (host === null) return ports;
    const controldata: typeof host.controldata = async (target) => {
      const told = await host.controldata?.(target);
      if (told?.kind !== 'fresh' || target.name !== name)
        return told ?? unknown('bad-reply', 'no driver', clock.now(), '');
      return how === 'unreadable'
        ? unknown('bad-reply', 'its control file has a wrong checksum', clock.now(), name)
        : { ...told, value: { ...told.value, systemIdentifier: '7000000000000000001' } };
    };
    return { ...ports, host: { ...host, controldata } };
  };

describe('a cold start', () => {
  it('starts etcd, then who led last alone until it leads, then the others, within 40 s', async () => {
    const ekimi = await dark();
    expect((await start(ekimi)).kind).toBe('started');
    await ekimi.run(40);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    // A majority is enough: the third etcd member does not keep who is first.
    expect(started(ekimi)).toEqual(['etcd1', 'etcd2', 'patroni1', 'etcd3', 'patroni2', 'patroni3']);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(ekimi.session.parts.tenure.facts().state).toBe('held');
  });

  it('of a cluster that was shut down does the same', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(10);
    for (const name of ['patroni2', 'patroni3', 'patroni1']) ekimi.cluster.stopContainer(name);
    ekimi.cluster.stopEtcd(3);
    await ekimi.run(10);
    await start(ekimi);
    await ekimi.run(40);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it('by an instance that was started in the dark, with what the journal tells or without', async () => {
    for (const remembers of [true, false]) {
      const { cluster, journal } = await dark();
      const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
      const ekimi = rig({
        policy,
        cluster,
        recovery: recoveryParts(),
        owner: 'other',
        ...(remembers ? { memory } : {}),
      });
      await ekimi.run(5);
      const answer = await start(ekimi);
      expect(answer.kind === 'refused' ? answer.text : answer.kind).toBe('started');
      await ekimi.run(90);
      expect(newestRun(ekimi)?.phase).toBe('succeeded');
      expect(cluster.leader()).toBe('patroni1');
    }
  });

  it('shown, or in dry-run, prints every stage and sends nothing', async () => {
    for (const [options, asked] of [
      [{}, { dryRun: true }],
      [{ policy: testPolicy({ mode: 'dry-run' }, { 'start-store': APPROVE }) }, {}],
    ] as const) {
      const ekimi = await dark(options);
      const answer = await start(ekimi, asked);
      expect(answer).toMatchObject({ kind: 'planned' });
      if (answer.kind !== 'planned') continue;
      expect(answer.stages.map(({ key }) => key)).toEqual([
        ...ETCDS.map((name) => `start-store ${name}`),
        'etcd serves',
        'start-first patroni1',
        'a leader',
        'start-member patroni2',
        'start-member patroni3',
        'replicas',
        'proxies',
        'all of etcd serves',
      ]);
      expect(answer.stages[0]?.requests).toEqual([expect.stringContaining('host start etcd1')]);
      expect(answer.stages[4]?.requests).toEqual([expect.stringContaining('host start patroni1')]);
      await ekimi.run(30);
      expect(started(ekimi)).toEqual([]);
    }
  });

  it('ended in the middle says what it leaves, and nothing more is sent', async () => {
    const ekimi = await dark();
    await start(ekimi);
    const answer = await changeStaged(ekimi, 'abort');
    expect(answer.ok).toBe(true);
    // It was never in etcd: no successor could go on with it.
    expect(answer.text).not.toContain('successor');
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'aborted', detail: expect.stringContaining('patroni1') as string });
    expect(started(ekimi).filter((name) => MEMBERS.includes(name))).toEqual([]);
  });

  it('what a person starts by hand meanwhile is not started again', async () => {
    const ekimi = await dark();
    await start(ekimi);
    ekimi.cluster.startEtcd();
    await ekimi.run(90);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(started(ekimi).filter((name) => ETCDS.includes(name)).length).toBeLessThanOrEqual(1);
  });

  it('another member that a person starts first holds it until somebody leads', async () => {
    const ekimi = await dark();
    await start(ekimi);
    ekimi.cluster.startContainer('patroni3');
    await ekimi.run(20);
    expect(started(ekimi).filter((name) => MEMBERS.includes(name))).toEqual([]);
  });
});

describe('a member that a person is about to take out when all goes dark', () => {
  it('stays theirs though the run makes room for the recovery: it is not started, and not waited for', async () => {
    const repairs = testPolicy(
      {},
      {
        'start-first': APPROVE,
        'start-store': APPROVE,
        'start-member': { mode: 'auto' },
        'stop-member': APPROVE,
      },
    );
    const ekimi = await dark({ policy: repairs }, async (before) => {
      await startStaged(before, { name: 'evacuate-member', member: 'patroni3' });
      expect(await changeStaged(before, 'pause')).toMatchObject({ ok: true });
    });
    expect((await start(ekimi)).kind).toBe('started');
    await ekimi.run(120);
    const [out, cold] = ekimi.session.ledger.procedures ?? [];
    expect(out).toMatchObject({ name: 'evacuate-member', phase: 'aborted', displaced: true });
    expect(cold).toMatchObject({ name: 'cold-start', phase: 'succeeded' });
    expect(started(ekimi)).not.toContain('patroni3');
    expect(ekimi.session.ledger.evacuations).toMatchObject([{ member: 'patroni3', by: 'dba', run: out?.id }]);
  });
});

describe('a member that was about to be added when all goes dark', () => {
  it('is started as the others are: nobody keeps it any more', async () => {
    const adding = { ...policy.actions['open-servers'], mode: 'approve' as const };
    const able = { ...policy, actions: { ...policy.actions, 'open-servers': adding } };
    const ekimi = await dark({ policy: able }, async (before) => {
      before.cluster.operatorDrain('patroni3');
      await before.run(3);
      expect((await startStaged(before, { name: 'add-replica', member: 'patroni3' })).kind).toBe('started');
      expect(await changeStaged(before, 'pause')).toMatchObject({ ok: true });
    });
    expect((await start(ekimi)).kind).toBe('started');
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({ name: 'cold-start', phase: 'succeeded' });
    expect(started(ekimi)).toContain('patroni3');
    expect(ekimi.session.ledger.evacuations ?? []).toEqual([]);
  });
});

describe('whose data survives', () => {
  it('a replica that is behind is not first, nor by a person’s word', async () => {
    const ekimi = await dark({}, async ({ cluster, run }) => {
      cluster.cutLink('patroni1', 'patroni3');
      await run(15);
    });
    expect(await start(ekimi, { candidate: 'patroni3' })).toMatchObject({
      kind: 'refused',
      text: 'patroni3 has less than patroni1: patroni1 is first',
    });
    await start(ekimi);
    await ekimi.run(60);
    expect(started(ekimi).filter((name) => MEMBERS.includes(name))[0]).toBe('patroni1');
  });

  it('after a failover it is the new leader, not the old one', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(20);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(60);
    const leader = ekimi.cluster.leader();
    for (const name of MEMBERS.slice(1)) ekimi.cluster.killContainer(name);
    ekimi.cluster.stopEtcd(3);
    await ekimi.run(60);
    await start(ekimi);
    await ekimi.run(90);
    expect(leader).not.toBe('patroni1');
    expect(started(ekimi).filter((name) => MEMBERS.includes(name))[0]).toBe(leader);
    expect(ekimi.cluster.leader()).toBe(leader);
  });

  it('a directory that cannot be read holds it with a question; nothing is started before the answer', async () => {
    const ekimi = await dark({ wrap: telling('patroni2', 'unreadable') });
    await start(ekimi);
    await ekimi.run(20);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringContaining('the data directory of patroni2 cannot be read and may hold more') as string,
    });
    expect(started(ekimi)).toEqual([]);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(60);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(ekimi.cluster.leader()).toBe('patroni1');
  });

  it('with the leader’s own directory unreadable a replica is only offered, with what speaks against it', async () => {
    const ekimi = await dark({ wrap: telling('patroni1', 'unreadable') });
    await start(ekimi);
    await ekimi.run(5);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringMatching(/patroni1 cannot be read .*no directory is that of a primary/) as string,
    });
    await changeStaged(ekimi, 'abort');
    await ekimi.run(30);
    expect(started(ekimi)).toEqual([]);
  });

  it('a directory of another system is refused', async () => {
    const ekimi = await dark({ wrap: telling('patroni3', 'of another system') });
    expect(await start(ekimi)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('the data directory of patroni3 is of another system') as string,
    });
  });
});

describe('a cold start is refused', () => {
  it('while a member runs', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(10);
    expect(await start(ekimi)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('cold-start is for a cluster of which nothing runs') as string,
    });
  });

  it('where another process of the machine recovers it, or where nothing can be kept', async () => {
    const locked = await dark({ recovery: { ...recoveryParts(), lock: () => Promise.resolve(false) } });
    expect(await start(locked)).toMatchObject({ text: 'another process of this machine recovers this cluster' });
    const { recovery: _, ...nowhere } = { policy, recovery: null };
    const placeless = rig(nowhere);
    await placeless.run(20);
    placeless.cluster.stopEtcd(3);
    for (const name of MEMBERS) placeless.cluster.killContainer(name);
    await placeless.run(20);
    expect(await start(placeless)).toMatchObject({ text: 'this instance has no place for it' });
    const unwritable = { ...memoryLedgerStore(), commit: () => Promise.resolve('unknown' as const) };
    const full = await dark({ recovery: { ...recoveryParts(), store: unwritable } });
    expect(await start(full)).toMatchObject({ text: expect.stringContaining('cannot be written') as string });
    expect([locked, placeless, full].flatMap(started)).toEqual([]);
  });
});

describe('etcd members that are stopped', () => {
  it.each([
    ['one', 1],
    ['two', 2],
    ['all', 3],
  ] as const)('%s: recover-dcs starts them one by one', async (_, count) => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(20);
    ekimi.cluster.stopEtcd(count);
    await ekimi.run(8);
    expect((await start(ekimi, { name: 'recover-dcs' })).kind).toBe('started');
    await ekimi.run(60);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(new Set(started(ekimi)).size).toBe(count);
    expect(started(ekimi)).toHaveLength(count);
    await ekimi.run(60);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
  });

  it('none: it is refused, for there is nothing to do', async () => {
    const ekimi = rig({ policy, recovery: recoveryParts() });
    await ekimi.run(10);
    expect(await start(ekimi, { name: 'recover-dcs' })).toMatchObject({ kind: 'refused' });
  });
});

describe('two instances', () => {
  it('one begins it, and the other takes tenure when etcd is back: it ends there, and is begun at the other', async () => {
    const cluster = createCluster();
    const one = rig({ policy, cluster, as: 'ekimi-1', recovery: recoveryParts() });
    const other = rig({ policy, cluster, as: 'ekimi-2', recovery: recoveryParts() });
    const both = async (turns: number): Promise<void> => {
      for (let turn = 0; turn < turns; turn += 1) {
        await other.pass();
        await one.pass();
        cluster.advance(500);
      }
    };
    await both(40);
    for (const name of MEMBERS) cluster.killContainer(name);
    cluster.stopEtcd(3);
    await both(80);
    const [here, there] = [startRun(one.session, ASKED, 'dba'), startRun(other.session, ASKED, 'dbb')];
    await both(1);
    expect([(await here).kind, (await there).kind]).toEqual(['started', 'started']);
    await both(300);
    const phases = [one, other].map((ekimi) => newestRun(ekimi)?.phase);
    expect(phases).toContain('succeeded');
    expect(started(one).filter((name) => MEMBERS.includes(name))).toEqual(MEMBERS);
    expect(cluster.leader()).toBe('patroni1');
  });
});

const STRIDE = everyNth(11);

describe('our death in the middle of a cold start', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const kept = recoveryParts();
    const first = await dark({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead, recovery: kept });
    doom.arm(after);
    void startRun(first.session, ASKED, 'dba');
    await first.run(40);
    return { first, doom, kept };
  };

  it('after every eleventh of its effects (each with EVERY_POINT=1): the process that follows finishes it, and who is first is the same', async () => {
    const { doom: whole } = await story(Infinity);
    expect(whole.effects.length).toBeGreaterThan(10);
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      const { first, kept } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(2_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, recovery: kept });
      await next.run(75);
      if (newestRun(next)?.phase === 'held') {
        await changeStaged(next, 'continue');
        await next.run(120);
      }
      expect(newestRun(next)?.phase, where).toBe('succeeded');
      expect(
        started(next).find((name) => MEMBERS.includes(name)),
        where,
      ).toBe('patroni1');
      expect(next.cluster.primaries(), where).toEqual(['patroni1']);
    }
  }, 60_000);
});
