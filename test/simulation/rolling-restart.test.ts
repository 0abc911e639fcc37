import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { openRun, type RunAnswer, type RunRequest } from '../../src/model/procedure-run.js';
import type { WindowFacts } from '../../src/model/policy.js';
import { ask as askOne, told } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

const APPROVE = { mode: 'approve' as const };
const policy = testPolicy({}, { switchover: APPROVE, 'restart-member': APPROVE, 'proxy-nudge': { mode: 'auto' } });

const withoutStart = testPolicy(
  {},
  { switchover: APPROVE, 'restart-member': APPROVE, 'start-member': { mode: 'off' } },
);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  return ekimi;
}

const ASKED = stagedRequest({ name: 'rolling-restart', reason: 'openssl' });
const start = (ekimi: Rig, asked: Partial<RunRequest> = {}): Promise<RunAnswer> =>
  startStaged(ekimi, { ...ASKED, ...asked });

const sent = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^POST \/(restart|switchover) on (\S+)/.exec(text)?.[0] ?? []);
/** Patroni itself restarts the former leader when it demotes it: that stage is then no longer left. */
const ALL = ['POST /restart on patroni2', 'POST /restart on patroni3', 'POST /switchover on patroni1'];

describe('a rolling restart', () => {
  it('goes from replica to replica, hands leadership over, and restarts the former leader: each once, and nothing beside it', async () => {
    const ekimi = await quiet();
    const answer = await start(ekimi);
    expect(answer.kind).toBe('started');
    await ekimi.run(300);
    expect(sent(ekimi)).toEqual(ALL);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(ekimi.session.states.problems.filter(({ level }) => level === 'critical')).toEqual([]);
    expect(ekimi.notifier.pages.filter(({ level }) => level === 'critical')).toEqual([]);
    expect(ekimi.entries('procedure-run').map(({ body }) => body.change)).toEqual([
      'started',
      'stage',
      'stage',
      'stage',
      'succeeded',
    ]);
  });

  it('with back it ends with the leader of the beginning', async () => {
    const ekimi = await quiet();
    await start(ekimi, { back: true });
    await ekimi.run(400);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(sent(ekimi).filter((text) => text.includes('switchover'))).toHaveLength(2);
  });

  it('shown, or in dry-run, it prints every stage with its request and sends nothing', async () => {
    for (const [options, asked] of [
      [{}, { dryRun: true }],
      [{ policy: testPolicy({ mode: 'dry-run' }) }, {}],
    ] as const) {
      const ekimi = await quiet(options);
      const answer = await start(ekimi, asked);
      expect(answer).toMatchObject({
        kind: 'planned',
        stages: [
          { key: 'restart-member patroni2', requests: [expect.stringContaining('POST /restart on patroni2')] },
          { key: 'restart-member patroni3' },
          {
            key: 'switchover from patroni1',
            requests: expect.arrayContaining([expect.stringContaining('POST /switchover on patroni1')]),
          },
          { key: 'restart-member patroni1' },
        ],
      });
      await ekimi.run(60);
      expect(ekimi.requests()).toEqual([]);
      expect(ekimi.session.ledger.procedures ?? []).toEqual([]);
    }
  });

  it('a second one is refused while one is under way, and so is a restart by a person', async () => {
    const ekimi = await quiet();
    await start(ekimi);
    expect(await start(ekimi)).toMatchObject({ kind: 'refused', status: 409 });
    const other = await askOne(ekimi, { name: 'restart-member', target: 'patroni3' });
    expect(told(other)).toEqual(
      expect.arrayContaining([expect.stringMatching(/blast-radius: rolling-restart \(.*\) by dba is running/)]),
    );
  });

  it('what a person does by hand meanwhile is not done again', async () => {
    const ekimi = await quiet();
    await start(ekimi);
    await changeStaged(ekimi, 'pause');
    await ekimi.run(60);
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(3);
    ekimi.cluster.startContainer('patroni3');
    await ekimi.run(60);
    await changeStaged(ekimi, 'continue');
    await ekimi.run(300);
    expect(sent(ekimi)).toEqual(ALL.filter((text) => !text.endsWith('restart on patroni3')));
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });

  it('a leader that dies meanwhile is answered first; what is then left is other than agreed, and a person is asked', async () => {
    const ekimi = await quiet();
    await start(ekimi);
    await ekimi.run(2);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(90);
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(120);
    expect(newestRun(ekimi)?.phase).toMatch(/held|succeeded/);
    expect(ekimi.cluster.primaries()).toEqual([ekimi.cluster.leader()]);
  });

  it('ended in the middle it says what it leaves, and nothing more is sent', async () => {
    const ekimi = await quiet();
    await start(ekimi);
    await ekimi.run(3);
    const answer = await changeStaged(ekimi, 'abort');
    expect(answer.ok).toBe(true);
    await ekimi.run(200);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('not restarted: ') as string,
    });
    expect(sent(ekimi).length).toBeLessThan(ALL.length);
    expect(openRun(ekimi.session.ledger.procedures)).toBeNull();
  });

  it('while a member does not stream the next stage waits', async () => {
    const ekimi = await quiet({ policy: withoutStart });
    await start(ekimi);
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(120);
    expect(sent(ekimi).filter((text) => !text.endsWith('patroni2'))).toEqual([]);
    expect(newestRun(ekimi)?.phase).toBe('running');
  });
});

describe('a rolling restart of Patroni itself', () => {
  const ofHosts = testPolicy(
    {},
    { switchover: APPROVE, 'stop-member': APPROVE, 'start-member': APPROVE, 'proxy-nudge': { mode: 'auto' } },
  );
  const asked = { parameters: { what: 'patroni' } };
  const did = (ekimi: Rig): readonly string[] =>
    ekimi.requests().filter((text) => /^(host st|POST \/switchover)/.test(text));

  it('stops and starts each by its host driver, the former leader last, and calls nobody', async () => {
    const ekimi = await quiet({ policy: ofHosts });
    const before = ekimi.cluster.primaries();
    expect((await start(ekimi, asked)).kind).toBe('started');
    await ekimi.run(400);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(did(ekimi)).toEqual([
      expect.stringMatching(/^host stop patroni2/),
      expect.stringMatching(/^host start patroni2/),
      expect.stringMatching(/^host stop patroni3/),
      expect.stringMatching(/^host start patroni3/),
      expect.stringMatching(/^POST \/switchover on patroni1/),
      expect.stringMatching(/^host stop patroni1/),
      expect.stringMatching(/^host start patroni1/),
    ]);
    expect(ekimi.cluster.primaries()).not.toEqual(before);
    expect(ekimi.notifier.pages.map(({ code }) => code)).toEqual([]);
  });

  it('a freeze that begins after a stop does not keep the start, and then holds the next stop', async () => {
    let freeze: WindowFacts['freeze'] = null;
    const ekimi = await quiet({ policy: ofHosts, windowsAt: () => ({ freeze, maintenance: null }) });
    await start(ekimi, asked);
    for (let second = 0; second < 60 && did(ekimi).length === 0; second += 1) await ekimi.run(1);
    freeze = { reason: 'year end', untilMs: Number.MAX_SAFE_INTEGER };
    await ekimi.run(120);
    expect(did(ekimi).map((text) => text.split(' ').slice(0, 3).join(' '))).toEqual([
      'host stop patroni2',
      'host start patroni2',
    ]);
  });

  it('a replica that loses its stream while another one is down does not keep that one down', async () => {
    const ekimi = await quiet({ policy: ofHosts });
    await start(ekimi, asked);
    for (let second = 0; second < 60 && did(ekimi).length === 0; second += 1) await ekimi.run(1);
    ekimi.cluster.cutLink('patroni1', 'patroni3');
    await ekimi.run(90);
    expect(did(ekimi).slice(0, 2)).toEqual([
      expect.stringMatching(/^host stop patroni2/),
      expect.stringMatching(/^host start patroni2/),
    ]);
    expect(did(ekimi).filter((text) => text.startsWith('POST'))).toEqual([]);
  });

  it('ended with a member stopped it says how that one is started', async () => {
    const ekimi = await quiet({ policy: ofHosts });
    await start(ekimi, asked);
    for (let second = 0; second < 60 && did(ekimi).length === 0; second += 1) await ekimi.run(1);
    await changeStaged(ekimi, 'abort');
    await ekimi.run(20);
    expect(did(ekimi)).toEqual([expect.stringMatching(/^host stop patroni2/)]);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'aborted',
      detail: expect.stringContaining('ekimi run-procedure start-member patroni2') as string,
    });
  });
});

describe('a rolling restart that does not go on', () => {
  it('a member that does not come back well holds it and is told; its repair is not held any more', async () => {
    const ekimi = await quiet({
      policy: testPolicy({}, { switchover: APPROVE, 'restart-member': { mode: 'approve', timeoutMs: 20_000 } }),
    });
    await start(ekimi);
    ekimi.cluster.cutLink('patroni1', 'patroni2');
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringMatching(/^restart-member patroni2 (ineffective|failed): /) as string,
    });
    expect(ekimi.notifier.pages.map(({ code }) => code)).toContain('procedure-held');
    expect(ekimi.why().filter((text) => text.includes('rolling-restart'))).toEqual([]);
  });

  it('after a quarter of an hour of waiting it is held', async () => {
    const ekimi = await quiet({ policy: withoutStart });
    await start(ekimi);
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(16 * 60 + 30);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringContaining('nothing went on for 15 min: ') as string,
    });
  });

  it('a journal that cannot be written: nothing is begun, then or later', async () => {
    let isBroken = false;
    const ekimi = await quiet({
      wrapJournal: (journal) => ({
        ...journal,
        append: async (entry) => {
          if (isBroken) throw new Error('ENOSPC: no space left on device');
          return journal.append(entry);
        },
      }),
    });
    isBroken = true;
    expect(await start(ekimi)).toMatchObject({
      kind: 'refused',
      text: 'the journal cannot be written: nothing was begun',
    });
    isBroken = false;
    await ekimi.run(60);
    expect(ekimi.session.ledger.procedures ?? []).toEqual([]);
    expect(sent(ekimi)).toEqual([]);
  });

  it('goes on after the end of the window in which it began', async () => {
    let maintenance: WindowFacts['maintenance'] = { untilMs: Number.MAX_SAFE_INTEGER };
    const ekimi = await quiet({
      policy: testPolicy({}, { switchover: APPROVE, 'restart-member': { mode: 'approve', window: 'maintenance' } }),
      windowsAt: () => ({ freeze: null, maintenance }),
    });
    await start(ekimi);
    await ekimi.run(3);
    maintenance = null;
    await ekimi.run(200);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
  });
});

const STRIDE = everyNth(10);

describe('our death in the middle of a rolling restart', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(after);
    void startRun(first.session, ASKED, 'dba');
    await first.run(240);
    return { first, doom };
  };

  it.each([0, 2])(
    'after every tenth of its effects from %i (each with EVERY_POINT=1): the next holder of tenure finishes it, and nothing is sent twice',
    async (from) => {
      const { doom: whole } = await story(Infinity);
      for (let after = 1 + from; after <= whole.effects.length; after += STRIDE) {
        const { first } = await story(after);
        const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
        first.cluster.advance(3_000);
        const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
        const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
        await next.run(400);
        expect(new Set(sent(next)).size, where).toBe(sent(next).length);
        // A request whose answer is lost is not sent again by itself: where it had no effect a person continues the run.
        if (newestRun(next)?.phase === 'held') {
          expect(newestRun(next)?.detail, where).toMatch(/ ineffective: |does not show it/);
          await changeStaged(next, 'continue');
          await next.run(300);
        }
        const run = newestRun(next);
        // Before it stood in etcd nobody else knows of it, and nothing of it was sent.
        if (run === undefined) expect(sent(next), where).toEqual([]);
        else expect(run.phase, where).toBe('succeeded');
        expect(next.cluster.primaries(), where).toEqual([next.cluster.leader()]);
      }
    },
    120_000,
  );
});
