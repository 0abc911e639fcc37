import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { ask } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, stagesOf, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const GIB = 1024 ** 3;
const APPROVE = { mode: 'approve' as const };
const AUTO = { mode: 'auto' as const };
const actions = {
  switchover: APPROVE,
  'stop-member': { mode: 'approve', timeoutMs: 30_000 },
  'close-servers': APPROVE,
  'open-servers': APPROVE,
  'move-aside': { mode: 'approve', timeoutMs: 30_000 },
  'remove-aside': APPROVE,
  'begin-copy': { mode: 'approve', timeoutMs: 20_000 },
  'start-member': AUTO,
  'restart-member': AUTO,
  'proxy-nudge': AUTO,
} as const;
/** What starts members is automatic: that is what the run has to stand against. */
const policy = testPolicy({}, actions);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  return ekimi;
}

const ASKED = { name: 'rebuild-member', member: 'patroni3' } as const;
const stages = (name: string): readonly string[] => [
  ...['close-servers', 'stop-member', 'move-aside', 'begin-copy', 'copy', 'verify', 'open-servers'].map(
    (what) => `${what} ${name}`,
  ),
];
const onHost = (ekimi: Rig): readonly string[] =>
  ekimi
    .requests()
    .filter((text) => text.startsWith('host'))
    .map((text) => text.replace(/ekimi-\d{8}T\d{6}Z/, 'ekimi-TIME'));
const rebuilt = (name: string): readonly string[] => [
  `host stop ${name} (killed after 60 s)`,
  `host rename the data directory of ${name} to NAME.ekimi-TIME`,
  `host start ${name}`,
];
const asideOf = (ekimi: Rig, name: string) => ekimi.cluster.inspect(name).postgres.disk.asides;

describe('a member whose pages are wrong', () => {
  it('is copied anew beside its old directory, which is kept, and has its servers back', async () => {
    const ekimi = await quiet();
    ekimi.cluster.corrupt('patroni3');
    await ekimi.run(5);
    expect(ekimi.session.states.problems.map(({ code }) => code)).toContain('data-corruption');
    expect(stagesOf(await startStaged(ekimi, ASKED))).toEqual(stages('patroni3'));
    await ekimi.run(150);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'succeeded',
      detail: expect.stringContaining('its old directory is kept in /var/lib/patroni/data.ekimi-') as string,
    });
    expect(onHost(ekimi)).toEqual(rebuilt('patroni3'));
    expect(asideOf(ekimi, 'patroni3')).toHaveLength(1);
    expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3')).toMatch(/^UP/);
    expect(ekimi.session.states.problems.map(({ code }) => code)).not.toContain('data-corruption');
  });

  it('hands leadership over first where it leads, and never to another one with wrong pages', async () => {
    const ekimi = await quiet();
    ekimi.cluster.corrupt('patroni2');
    await ekimi.run(5);
    expect(stagesOf(await startStaged(ekimi, { ...ASKED, member: 'patroni1' }))).toEqual([
      'switchover from patroni1',
      ...stages('patroni1'),
    ]);
    await ekimi.run(260);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded' });
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(onHost(ekimi)).toEqual(rebuilt('patroni1'));
  });

  it.each<readonly [string, string, (ekimi: Rig) => void, string]>([
    [
      'there is no room for both',
      'patroni3',
      ({ cluster }) => {
        cluster.setVolumes('patroni3', { dataBytes: 3 * GIB, walBytes: null });
      },
      'beside the old directory takes 2.2 GiB',
    ],
    [
      'the leader has wrong pages itself',
      'patroni3',
      ({ cluster }) => {
        cluster.corrupt('patroni1');
      },
      'patroni1 counted 1 checksum failures and leads',
    ],
    [
      'it leads and all others have wrong pages',
      'patroni1',
      ({ cluster }) => {
        for (const name of ['patroni2', 'patroni3']) cluster.corrupt(name);
      },
      'patroni1 leads, and nobody else may',
    ],
    [
      'Patroni is paused',
      'patroni3',
      ({ cluster }) => {
        cluster.pause();
      },
      'Patroni is paused',
    ],
  ])('is not rebuilt, and nothing is stopped, where %s', async (_, member, before, why) => {
    const ekimi = await quiet();
    before(ekimi);
    await ekimi.run(20);
    expect(stagesOf(await startStaged(ekimi, { ...ASKED, member }))[0]).toContain(why);
    await ekimi.run(10);
    expect(onHost(ekimi)).toEqual([]);
  });

  it.each([
    [
      'too few would be left',
      { policy: testPolicy({ limits: { minHealthyReplicas: 2 } as never }, actions) },
      'limits.minHealthyReplicas',
    ],
    ['no host driver can move it', { without: ['host'] as const }, 'the host driver does not say what runs patroni3'],
  ])('is not rebuilt where %s', async (_, options, why) => {
    const ekimi = await quiet(options);
    expect(stagesOf(await startStaged(ekimi, ASKED))[0]).toContain(why);
    expect(onHost(ekimi)).toEqual([]);
  });

  it('is shown in full, and nothing is sent', async () => {
    const ekimi = await quiet();
    expect(stagesOf(await startStaged(ekimi, { ...ASKED, dryRun: true }))).toEqual(stages('patroni3'));
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([]);
  });

  it('ended once its directory lies aside: what is left is said, and the ladder starts it', async () => {
    const ekimi = await quiet();
    await startStaged(ekimi, ASKED);
    while (onHost(ekimi).length < 2) await ekimi.run(1);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(150);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringMatching(
        /patroni3 is \w+ and does not stream; its old directory is kept in .*; servers of it are closed/,
      ) as string,
    });
    expect(onHost(ekimi)).toEqual(rebuilt('patroni3'));
    expect(asideOf(ekimi, 'patroni3')).toHaveLength(1);
  });

  it.each([
    ['closed in the proxies', 0],
    ['stopped', 1],
  ])('ended once it is %s and begun anew, it has its servers back in the end', async (_, requests) => {
    const ekimi = await quiet({ policy: testPolicy({}, { ...actions, 'start-member': APPROVE }) });
    await startStaged(ekimi, ASKED);
    while (ekimi.requests().length === 0 || onHost(ekimi).length < requests) await ekimi.run(1);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringMatching(
        /; servers of it are closed in a proxy; to go on: ekimi run-procedure rebuild-member patroni3;/,
      ) as string,
    });
    expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('MAINT');
    expect((await startStaged(ekimi, ASKED)).kind).toBe('started');
    await ekimi.run(200);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(onHost(ekimi)).toEqual(rebuilt('patroni3'));
    for (const pool of ['postgres_primary', 'postgres_replicas'])
      expect(ekimi.cluster.proxyStatus(pool, 'patroni3')).not.toBe('MAINT');
  });

  it('is moved and deleted under the tenure that we hold: a host driver of another instance asks for it', async () => {
    const grants: unknown[] = [];
    const ekimi = await quiet({
      wrap: (ports) => ({
        ...ports,
        host: ports.host && {
          ...ports.host,
          moveAside: (target, how, grant) => {
            grants.push(['move', grant]);
            return ports.host?.moveAside?.(target, how) ?? Promise.reject(new Error('it moves nothing'));
          },
          removeAside: (target, name, grant) => {
            grants.push(['remove', grant]);
            return ports.host?.removeAside?.(target, name) ?? Promise.reject(new Error('it removes nothing'));
          },
        },
      }),
    });
    await startStaged(ekimi, ASKED);
    await ekimi.run(150);
    const name = asideOf(ekimi, 'patroni3')[0]?.name ?? '';
    await ask(ekimi, { name: 'remove-aside', target: 'patroni3', parameters: { directory: name } });
    await ekimi.run(30);
    const ours = ekimi.session.parts.tenure.grant();
    expect(ours).not.toBeNull();
    expect(grants).toEqual([
      ['move', ours],
      ['remove', ours],
    ]);
  });

  it('goes on where the answer to the move was lost', async () => {
    const ekimi = await quiet({
      wrap: (ports) => ({
        ...ports,
        host: ports.host && {
          ...ports.host,
          moveAside: async (target, how) => {
            await ports.host?.moveAside?.(target, how);
            return { effect: 'maybe', status: null, text: 'no answer', to: null, bytes: null, tookMs: 1 };
          },
        },
      }),
    });
    await startStaged(ekimi, ASKED);
    await ekimi.run(150);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(onHost(ekimi)).toEqual(rebuilt('patroni3'));
  });

  it('after our death at every fourth of its effects (each with EVERY_POINT=1) is rebuilt once by the next holder of tenure', async () => {
    const story = async (after: number) => {
      const doom = doomed();
      const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
      doom.arm(after);
      void startRun(first.session, stagedRequest(ASKED), 'dba');
      await first.run(120);
      return { first, doom };
    };
    const { doom: whole } = await story(Infinity);
    for (let after = 2; after <= whole.effects.length; after += everyNth(4)) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(16_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
      await next.run(150);
      for (let tries = 0; tries < 2 && newestRun(next)?.phase === 'held'; tries += 1) {
        await changeStaged(next, 'continue');
        await next.run(120);
      }
      expect(newestRun(next)?.phase, `${where}: ${newestRun(next)?.detail ?? ''}`).toBe('succeeded');
      expect(onHost(next), where).toEqual(rebuilt('patroni3'));
      expect(asideOf(next, 'patroni3'), where).toHaveLength(1);
    }
  });
});

describe('an old directory', () => {
  const rebuiltOnce = async (kept: Parameters<typeof testPolicy>[0] = {}) => {
    const ekimi = await quiet({ policy: testPolicy(kept, actions) });
    await startStaged(ekimi, ASKED);
    await ekimi.run(150);
    return { ekimi, name: asideOf(ekimi, 'patroni3')[0]?.name ?? '' };
  };
  const remove = (ekimi: Rig, directory: string | null) =>
    ask(ekimi, {
      name: 'remove-aside',
      target: 'patroni3',
      ...(directory === null ? {} : { parameters: { directory } }),
    });

  it('is told once it is kept for too long, and deleted by a person alone', async () => {
    const { ekimi, name } = await rebuiltOnce({ aside: { keepForMs: 300_000, maxSharePercent: 50 } });
    expect(ekimi.session.states.problems.map(({ code }) => code)).not.toContain('aside-overdue');
    ekimi.cluster.advance(700_000);
    await ekimi.run(40);
    expect(ekimi.session.states.problems.map(({ code }) => code)).toContain('aside-overdue');
    expect(asideOf(ekimi, 'patroni3')).toHaveLength(1);
    expect(await remove(ekimi, name)).toMatchObject({ kind: 'started' });
    await ekimi.run(30);
    expect(asideOf(ekimi, 'patroni3')).toEqual([]);
    expect(ekimi.session.states.problems.map(({ code }) => code)).not.toContain('aside-overdue');
  });

  it.each([
    ['of another name', 'data', 'data does not lie aside of patroni3'],
    ['of no name', null, 'remove-aside needs --set directory=NAME'],
  ])('%s is not deleted', async (_, directory, why) => {
    const { ekimi } = await rebuiltOnce();
    expect(await remove(ekimi, directory)).toMatchObject({
      kind: 'refused',
      text: expect.stringContaining(why) as string,
    });
    expect(asideOf(ekimi, 'patroni3')).toHaveLength(1);
  });

  it('stays while its member does not stream: it may be the last copy', async () => {
    const { ekimi, name } = await rebuiltOnce();
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(3);
    expect(await remove(ekimi, name)).toMatchObject({ kind: 'held' });
    expect(asideOf(ekimi, 'patroni3')).toHaveLength(1);
  });
});
