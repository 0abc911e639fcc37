import { describe, expect, it } from 'vitest';
import { startRun } from '../../src/kernel/runs.js';
import { unknown } from '../../src/model/reading.js';
import type { Ports } from '../../src/observe/ports.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { doomed } from '../support/crash.js';
import { did, ETCDS, lostEtcd, MEMBERS, RESEED, RESEED_POLICY } from '../support/lost-etcd.js';
import { everyNth } from '../support/points.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { changeStaged, newestRun, recoveryParts, stagedRequest, stagesOf, startStaged } from '../support/staged.js';

describe('the data of every etcd member is gone', () => {
  it('asks first; then Patroni is stopped, the leader last, and it leads again in the new etcd: the member behind does not', async () => {
    const ekimi = await lostEtcd();
    const answer = await startStaged(ekimi, RESEED);
    expect(stagesOf(answer)).toEqual([
      'agree to a new etcd',
      ...['patroni2', 'patroni3', 'patroni1'].map((name) => `stop-without-etcd ${name}`),
      ...ETCDS.map((name) => `start-store ${name}`),
      'etcd serves',
      'each member of the new etcd serves',
      'start-first patroni1',
      'a leader',
      'start-member patroni2',
      'start-member patroni3',
      'replicas',
      'proxies',
      'all of etcd serves',
    ]);
    await ekimi.run(20);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held' });
    expect(ekimi.requests()).toEqual([]);
    await changeStaged(ekimi, 'continue');
    ekimi.cluster.healLink('patroni1', 'patroni3');
    await ekimi.run(200);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(did(ekimi, 'stop')).toEqual(['patroni2', 'patroni3', 'patroni1']);
    const started = did(ekimi, 'start');
    expect(started.slice(0, 2)).toEqual(['etcd1', 'etcd2']);
    expect([started.filter((name) => MEMBERS.includes(name)), started.filter((name) => ETCDS.includes(name))]).toEqual([
      MEMBERS,
      ETCDS,
    ]);
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
    expect(ekimi.session.parts.tenure.facts().state).toBe('held');
  });

  it('in dry-run prints all of it, and sends nothing', async () => {
    const ekimi = await lostEtcd();
    const answer = await startStaged(ekimi, { ...RESEED, dryRun: true });
    expect(answer).toMatchObject({ kind: 'planned' });
    if (answer.kind === 'planned')
      expect(answer.stages.flatMap(({ requests }) => requests)).toEqual(
        expect.arrayContaining([
          expect.stringContaining('host stop patroni1'),
          expect.stringContaining('host start etcd1'),
        ]),
      );
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
  });

  it('recover-dcs and cold-start begin no etcd without data, nor does Ekimi by itself', async () => {
    const auto = testPolicy({}, { 'start-store': { mode: 'auto' } });
    const ekimi = await lostEtcd(ETCDS, { policy: auto });
    for (const name of ['recover-dcs', 'cold-start'] as const)
      expect(await startStaged(ekimi, { ...RESEED, name })).toMatchObject({
        kind: 'refused',
        text: expect.stringContaining('ekimi run-procedure reseed-dcs') as string,
      });
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
  });

  it('ended after the question nothing is sent', async () => {
    const ekimi = await lostEtcd();
    await startStaged(ekimi, RESEED);
    await ekimi.run(5);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(30);
    expect(newestRun(ekimi)?.phase).toBe('aborted');
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a policy that would leave it half-way', () => {
  const without = (extra: Parameters<typeof testPolicy>[0], mode: 'approve' | 'off') => {
    const { actions } = RESEED_POLICY;
    return { ...RESEED_POLICY, ...extra, actions: { ...actions, 'start-store': { ...actions['start-store'], mode } } };
  };
  const two = { approvals: { ...RESEED_POLICY.approvals, twoPersonsFor: ['start-first'] as const } };

  it.each([
    ['start-store is off', without({}, 'off'), 'actions.start-store: off, which holds start-store etcd1'],
    [
      'two persons are asked for start-first',
      without(two, 'approve'),
      'take start-first out of approvals.twoPersonsFor',
    ],
  ])('%s: nothing is stopped, and the plan says why', async (_, policy, why) => {
    const ekimi = await lostEtcd(ETCDS, { policy });
    expect(await startStaged(ekimi, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining(why) as string,
    });
    const shown = await startStaged(ekimi, { ...RESEED, dryRun: true });
    expect(stagesOf(shown)).toContain('stop-without-etcd patroni1');
    expect(JSON.stringify(shown)).toContain(why);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
  });

  it('and becomes so while the question waits: nothing is stopped until it is mended', async () => {
    const ekimi = await lostEtcd();
    await startStaged(ekimi, RESEED);
    await ekimi.run(5);
    ekimi.session.inForce = { ...ekimi.session.inForce, policy: without({}, 'off') };
    await changeStaged(ekimi, 'continue');
    await ekimi.run(20);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'running' });
    expect(ekimi.requests()).toEqual([]);
    ekimi.session.inForce = { ...ekimi.session.inForce, policy: RESEED_POLICY };
    await ekimi.run(10);
    expect(did(ekimi, 'stop')).toContain('patroni2');
  });
});

describe('it is refused', () => {
  it.each([
    ['while etcd serves', [], 'etcd answers with a majority'],
    ['where a majority has data', ['etcd3'], 'etcd1, etcd2 have data, which is a majority'],
  ] as const)('%s', async (_, names, text) => {
    const ekimi = await lostEtcd(names);
    if (names.length === 0) {
      ekimi.cluster.startEtcd();
      await ekimi.run(20);
    }
    expect(await startStaged(ekimi, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining(text) as string,
    });
  });

  it('in a pause, in which the primary goes on without etcd, and where there is nothing of a member', async () => {
    const ekimi = rig({ policy: RESEED_POLICY, recovery: recoveryParts() });
    await ekimi.run(10);
    ekimi.cluster.pause();
    await ekimi.run(15);
    for (const name of ETCDS) ekimi.cluster.loseEtcdData(name);
    await ekimi.run(30);
    expect(await startStaged(ekimi, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('Patroni is paused') as string,
    });
    const gone = await lostEtcd(ETCDS, {
      wrap: (ports) => {
        const { host } = ports;
        if (host === null) return ports;
        const status: typeof host.status = async (target) => {
          const told = await host.status(target);
          return told.kind === 'fresh' && target.name === 'patroni3'
            ? { ...told, value: { ...told.value, state: 'absent' } }
            : told;
        };
        return { ...ports, host: { ...host, status } };
      },
    });
    expect(await startStaged(gone, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('there is nothing of patroni3') as string,
    });
  });

  it('where hosts are lent by other instances, which act under tenure alone', async () => {
    const wrap = (ports: Ports): Ports =>
      ports.host === null ? ports : { ...ports, host: { ...ports.host, needsTenure: true } };
    const ekimi = await lostEtcd(ETCDS, { wrap });
    expect(await startStaged(ekimi, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('stop a member under tenure alone') as string,
    });
    await ekimi.run(5);
    expect(ekimi.requests()).toEqual([]);
  });

  it('where a data directory cannot be read, and waits where that comes later', async () => {
    let isBlind = true;
    const wrap = (ports: Ports): Ports => {
      const { host, clock } = ports;
      if (host === null) return ports;
      const storeData: typeof host.storeData = (target) =>
        isBlind && target.name === 'etcd2'
          ? Promise.resolve(unknown('bad-reply', 'there is no such directory', clock.now(), 'etcd2'))
          : (host.storeData?.(target) ?? Promise.reject(new Error('no driver')));
      return { ...ports, host: { ...host, storeData } };
    };
    const ekimi = await lostEtcd(ETCDS, { wrap });
    expect(await startStaged(ekimi, RESEED)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining(
        'what the data directory of etcd2 holds cannot be read: there is no such',
      ) as string,
    });
    isBlind = false;
    await ekimi.run(5);
    expect((await startStaged(ekimi, RESEED)).kind).toBe('started');
    await ekimi.run(3);
    isBlind = true;
    await changeStaged(ekimi, 'continue');
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('an etcd member that ends again as soon as it was begun', () => {
  /** One of them does not stay up. */
  const failing =
    (name: string) =>
    (ports: Ports): Ports => {
      const { host } = ports;
      if (host === null) return ports;
      const send: typeof host.send = async (step, grant) => {
        const reply = await host.send(step, grant);
        if (step.target.name === name && step.verb === 'start') broken?.cluster.killEtcd(name);
        return reply;
      };
      return { ...ports, host: { ...host, send } };
    };
  let broken: Rig | undefined;

  it.each(['etcd1', 'etcd3'])(
    '(%s) keeps everybody from leading, as the real one does: nobody is started, and a person is told who is missing',
    async (name) => {
      const ekimi = await lostEtcd(ETCDS, { wrap: failing(name) });
      broken = ekimi;
      await startStaged(ekimi, RESEED);
      await ekimi.run(3);
      ekimi.cluster.healLink('patroni1', 'patroni3');
      await changeStaged(ekimi, 'continue');
      await ekimi.run(270);
      expect(did(ekimi, 'start').filter((one) => MEMBERS.includes(one))).toEqual([]);
      expect(newestRun(ekimi)).toMatchObject({
        phase: 'held',
        detail: expect.stringMatching(new RegExp(`each member of the new etcd.*${name}|start-store ${name}`)) as string,
      });
      expect(did(ekimi, 'start').filter((one) => one === name)).toHaveLength(1);
      // Somebody brings it up by hand.
      ekimi.cluster.startEtcd();
      await changeStaged(ekimi, 'continue');
      await ekimi.run(120);
      expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
      expect(did(ekimi, 'start').filter((one) => MEMBERS.includes(one))).toEqual(MEMBERS);
    },
  );
});

describe('one etcd member lost its data, and a majority has it', () => {
  it('recover-dcs starts those with data, and the empty one only when they serve; reseed-dcs is refused', async () => {
    const ekimi = await lostEtcd(['etcd3']);
    const answer = await startStaged(ekimi, { ...RESEED, name: 'recover-dcs' });
    expect(stagesOf(answer)).toEqual([
      'start-store etcd1',
      'start-store etcd2',
      'etcd serves',
      'start-store etcd3',
      'all of etcd serves',
    ]);
    await ekimi.run(60);
    expect(did(ekimi, 'start').slice(0, 3)).toEqual(['etcd1', 'etcd2', 'etcd3']);
    expect(ekimi.session.parts.tenure.facts().state).toBe('held');
    expect(ekimi.cluster.primaries()).toEqual(['patroni1']);
  });

  it('what cannot be read is not started by itself either', async () => {
    const wrap = (ports: Ports): Ports =>
      ports.host === null
        ? ports
        : {
            ...ports,
            host: {
              ...ports.host,
              storeData: ({ name }) => Promise.resolve(unknown('timeout', 'no answer', ports.clock.now(), name)),
            },
          };
    const ekimi = await lostEtcd(ETCDS, { policy: testPolicy({}, { 'start-store': { mode: 'auto' } }), wrap });
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
  });
});

const STRIDE = everyNth(11);

describe('our death in the middle of it', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const kept = recoveryParts();
    const first = await lostEtcd(ETCDS, {
      wrap: doom.wrap,
      wrapJournal: doom.wrapJournal,
      dead: doom.dead,
      recovery: kept,
    });
    doom.arm(after);
    void startRun(first.session, stagedRequest(RESEED), 'dba');
    await first.run(5);
    if (newestRun(first)?.phase === 'held') void changeStaged(first, 'continue');
    first.cluster.healLink('patroni1', 'patroni3');
    await first.run(120);
    return { first, doom, kept };
  };

  it('after every eleventh of its effects (each with EVERY_POINT=1): the process that follows finishes it, and the member behind never leads', async () => {
    const { doom: whole, first: done } = await story(Infinity);
    expect(newestRun(done)?.phase).toBe('succeeded');
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      const { first, kept } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({
        policy: RESEED_POLICY,
        cluster: first.cluster,
        journal: first.journal,
        memory,
        recovery: kept,
      });
      await next.run(75);
      for (let asked = 0; asked < 3 && newestRun(next)?.phase === 'held'; asked += 1) {
        await changeStaged(next, 'continue');
        await next.run(150);
      }
      expect(newestRun(next)?.phase, `${where}: ${newestRun(next)?.detail ?? 'no run'}`).toBe('succeeded');
      expect(next.cluster.primaries(), where).toEqual(['patroni1']);
      const members = did(next, 'start').filter((name) => MEMBERS.includes(name));
      expect(['patroni1', 'patroni2', 'patroni3', undefined], where).toContain(members[0]);
    }
  }, 120_000);
});
