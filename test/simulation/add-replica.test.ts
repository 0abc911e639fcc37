import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import type { RunAnswer, RunRequest } from '../../src/model/procedure-run.js';
import { createCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const OFF = { mode: 'off' as const };
const actions = {
  'begin-copy': { mode: 'approve', timeoutMs: 20_000 },
  'open-servers': APPROVE,
  'start-member': OFF,
  'restart-member': OFF,
} as const;
const policy = testPolicy({}, actions);
const ALL = ['patroni1', 'patroni2', 'patroni3', 'patroni4'];
const POOL = 'postgres_replicas';

/** Three that run, and a fourth that is prepared and that the configuration names. */
async function withNew(options: RigOptions = {}): Promise<Rig> {
  const cluster = createCluster();
  cluster.prepareMember('patroni4');
  const ekimi = rig({ policy, cluster, members: ALL, ...options });
  await ekimi.run(15);
  return ekimi;
}

const ASKED = stagedRequest({ name: 'add-replica', member: 'patroni4', reason: 'more readers' });
const start = (ekimi: Rig, asked: Partial<RunRequest> = {}): Promise<RunAnswer> =>
  startStaged(ekimi, { ...ASKED, ...asked });

const OPENED = ['postgres_replicas', 'postgres_primary'].map(
  (pool) => `haproxy> set server ${pool}/patroni4 state ready`,
);
const REQUESTS = ['host start patroni4', ...OPENED];

describe('a replica that is added', () => {
  it('is started, followed by bytes until it streams, and only then opened in every pool', async () => {
    const ekimi = await withNew();
    expect(await start(ekimi)).toMatchObject({ kind: 'started' });
    await ekimi.run(6);
    expect(ekimi.requests()).toEqual(['host start patroni4']);
    const sql = ekimi.session.view?.members[0]?.sql;
    expect(sql?.kind === 'fresh' ? sql.value.backups : null).toMatchObject([{ totalBytes: 2 * 1024 ** 3 }]);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual(REQUESTS);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded', detail: 'patroni4 runs and streams' });
    expect(ekimi.cluster.proxyStatus(POOL, 'patroni4')).toMatch(/^UP/);
    expect(ekimi.cluster.proxyStatus('postgres_primary', 'patroni4')).toBe('DOWN');
    expect(ekimi.notifier.pages).toEqual([]);
  });

  it('shown, or in dry-run, it prints every stage and sends nothing', async () => {
    for (const [options, asked] of [
      [{}, { dryRun: true }],
      [{ policy: testPolicy({ mode: 'dry-run' }, actions) }, {}],
    ] as const) {
      const ekimi = await withNew(options);
      expect(await start(ekimi, asked)).toMatchObject({
        kind: 'planned',
        stages: [
          { key: 'begin-copy patroni4', requests: ['host start patroni4'] },
          { key: 'copy patroni4', requests: [] },
          { key: 'open-servers patroni4', requests: OPENED },
        ],
      });
      await ekimi.run(30);
      expect(ekimi.requests()).toEqual([]);
    }
  });

  it.each([
    ['is not configured', { member: 'patroni9' }, 'patroni9 is not configured: add it to clusters[].patroni.members'],
    ['leads', { member: 'patroni1' }, 'patroni1 leads: it is no new replica'],
    ['is not named', { member: null }, 'add-replica needs a member'],
    ['is given a parameter that there is not', { parameters: { speed: '9' } }, 'takes no parameter speed'],
  ] as const)('is refused where it %s', async (_, asked, text) => {
    const ekimi = await withNew();
    expect(await start(ekimi, asked)).toMatchObject({ kind: 'refused', text: expect.stringContaining(text) as string });
    expect(ekimi.requests()).toEqual([]);
  });

  it('that runs already, and is known to etcd alone, is named', async () => {
    const ekimi = await withNew({ members: ALL.slice(0, 3) });
    ekimi.cluster.startContainer('patroni4');
    await ekimi.run(30);
    expect(await start(ekimi)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining('patroni4 is not configured (etcd names it: it runs already)') as string,
    });
  });

  it('without a host driver is waited for; who starts it by hand is enough', async () => {
    const ekimi = await withNew({ without: ['host'] });
    expect(await start(ekimi)).toMatchObject({ kind: 'started' });
    await ekimi.run(20);
    expect(newestRun(ekimi)?.detail).toContain('wait until Patroni on patroni4 is started by hand');
    ekimi.cluster.startContainer('patroni4');
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual(OPENED);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it('whose copy fails, however late, is held a minute after that with the words of its log, and its servers stay closed', async () => {
    const ekimi = await withNew();
    await start(ekimi);
    ekimi.cluster.cutLink('patroni4', 'patroni1');
    // Longer than that minute until its log says so.
    await ekimi.run(140);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'running',
      waiting: { failingSinceMs: expect.any(Number) as number },
    });
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringMatching(/the copy of patroni4 failed: .*pg_basebackup/) as string,
    });
    expect(ekimi.requests()).toEqual(['host start patroni4']);
    expect(ekimi.notifier.pages.map(({ code }) => code)).toContain('procedure-held');
    ekimi.cluster.healLink('patroni4', 'patroni1');
    await changeStaged(ekimi, 'continue');
    await ekimi.run(120);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it('waits for a proxy that is silent for a moment, and calls neither a question nor the end what it cannot see', async () => {
    const ekimi = await withNew();
    await start(ekimi);
    await ekimi.run(4);
    ekimi.cluster.cutObserver('proxy');
    await ekimi.run(30);
    expect(newestRun(ekimi)?.phase).toBe('running');
    expect(ekimi.requests()).toEqual(['host start patroni4']);
    ekimi.cluster.healObserver();
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual(REQUESTS);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it('aborted in the middle of its copy leaves it copying and closed, and says so', async () => {
    const ekimi = await withNew();
    await start(ekimi);
    await ekimi.run(5);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(40);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('does not stream yet') as string,
    });
    expect(ekimi.requests()).toEqual(['host start patroni4']);
    expect(ekimi.cluster.proxyStatus(POOL, 'patroni4')).toBe('MAINT');
  });

  it('holds no repair of another member back while it copies', async () => {
    const cluster = createCluster({ cloneMs: 300_000 });
    cluster.prepareMember('patroni4');
    const lagging = testPolicy(
      {},
      { 'begin-copy': APPROVE, 'open-servers': APPROVE, 'drain-replica': { mode: 'auto' } },
    );
    const ekimi = rig({ policy: lagging, cluster, members: ALL });
    await ekimi.run(15);
    await start(ekimi);
    await ekimi.run(10);
    cluster.setLoad(20 * 1024 * 1024);
    cluster.lag('patroni3', 'stop-replay');
    await ekimi.run(60);
    expect(newestRun(ekimi)?.phase).toBe('running');
    expect(ekimi.requests()).toContain('haproxy> set server postgres_replicas/patroni3 state drain');
  });

  it('whose Patroni hangs in the hours of its copy is told within two minutes: the run waits, and it is none of its doing', async () => {
    const cluster = createCluster({ cloneMs: 3 * 3_600_000 });
    cluster.prepareMember('patroni4');
    const ekimi = rig({ policy, cluster, members: ALL });
    await ekimi.run(15);
    await start(ekimi);
    await ekimi.run(5 * 60);
    expect(newestRun(ekimi)?.waiting?.key).toBe('copy patroni4');
    expect(ekimi.notifier.pages).toEqual([]);
    cluster.freezePatroni('patroni4');
    await ekimi.run(2 * 60);
    expect(newestRun(ekimi)?.phase).toBe('running');
    expect(ekimi.notifier.pages.map(({ change, code, subject }) => `${change} ${code} ${subject}`)).toEqual([
      'opened member-down patroni4',
    ]);
  });

  it('after our death at every third of its effects (each with EVERY_POINT=1) is finished by the next holder of tenure, and nothing is sent twice', async () => {
    const story = async (after: number) => {
      const doom = doomed();
      const first = await withNew({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
      doom.arm(after);
      void startRun(first.session, ASKED, 'dba');
      await first.run(40);
      return { first, doom };
    };
    const { doom: whole } = await story(Infinity);
    expect(whole.effects.filter((text) => text.startsWith('sent'))).toHaveLength(3);
    // Before the second effect nobody but the journal knows of the run.
    for (let after = 2; after <= whole.effects.length; after += everyNth(3)) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(16_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({
        policy,
        cluster: first.cluster,
        members: ALL,
        journal: first.journal,
        memory,
        owner: 'other',
      });
      await next.run(70);
      if (newestRun(next)?.phase === 'held') {
        await changeStaged(next, 'continue');
        await next.run(60);
      }
      expect(newestRun(next)?.phase, where).toBe('succeeded');
      expect(
        next.requests().filter((text) => text.startsWith('host')),
        where,
      ).toEqual(['host start patroni4']);
      expect(next.cluster.proxyStatus(POOL, 'patroni4'), where).toMatch(/^UP/);
    }
  });
});
