import { afterEach, describe, expect, it, vi } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import { startRun } from '../../src/kernel/runs.js';
import { markOf, type Stage } from '../../src/model/procedure-run.js';
import { STAGED } from '../../src/procedures/index.js';
import { onMember, waitFor } from '../../src/procedures/stages.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun, stagedRequest, startStaged } from '../support/staged.js';
import { everyNth } from '../support/points.js';

/** The frame alone, with stages of this test's own: what each procedure does has a test of its own. */
const policy = testPolicy({}, { 'restart-member': { mode: 'approve' }, 'proxy-nudge': { mode: 'auto' } });
const ASKED = stagedRequest({ name: 'rolling-restart', reason: 'frame' });
const restart = (name: string): Stage => onMember('restart-member', name, `restart ${name}`);
const COPIED = waitFor('copied', 'it is copied', 120_000);
const SURE: Stage = { kind: 'confirm', key: 'sure', text: 'remove the old one?' };
const KEYS = ['restart-member patroni2', 'copied', 'sure', 'restart-member patroni3'];

interface Outside {
  /** What the wait is for. */
  isCopied: boolean;
  /** Stages that nobody agreed to. */
  readonly more: Stage[];
}

const STRIDE = everyNth(3);

/** Restarted: as the procedure of that name sees it. */
function frame(): Outside {
  const outside: Outside = { isCopied: false, more: [] };
  const procedure = STAGED['rolling-restart'];
  const real = procedure.remaining.bind(procedure);
  vi.spyOn(procedure, 'remaining').mockImplementation(function* (input, goal) {
    const old = [...real(input, goal)].map(({ key }) => key);
    if (old.includes('restart-member patroni2')) yield restart('patroni2');
    if (!outside.isCopied) yield COPIED;
    if (!input.confirmed.includes(SURE.key)) yield SURE;
    yield* outside.more.filter(({ key }) => !input.confirmed.includes(key));
    if (old.includes('restart-member patroni3')) yield restart('patroni3');
  });
  return outside;
}

afterEach(() => {
  vi.restoreAllMocks();
});

async function begun(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  expect(await startStaged(ekimi, ASKED)).toMatchObject({ kind: 'started', stages: KEYS.map((key) => ({ key })) });
  return ekimi;
}

const sent = (ekimi: Rig): readonly string[] =>
  ekimi.requests().flatMap((text) => /^POST \/restart on (\S+)/.exec(text)?.[1] ?? []);

describe('a procedure with a wait and a question', () => {
  it('waits until it is seen, asks, and goes on when a person has answered: each stage once', async () => {
    const outside = frame();
    const ekimi = await begun();
    await ekimi.run(40);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'running', waiting: { key: 'copied' }, detail: COPIED.text });
    outside.isCopied = true;
    await ekimi.run(30);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held', asking: 'sure', detail: SURE.text });
    expect(ekimi.notifier.pages.map(({ code }) => code)).toContain('procedure-held');
    expect(sent(ekimi)).toEqual(['patroni2']);
    expect(await changeStaged(ekimi, 'continue', markOf(KEYS.slice(2)))).toMatchObject({ ok: true });
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded', confirmed: ['sure'] });
    expect(sent(ekimi)).toEqual(['patroni2', 'patroni3']);
  });

  it('is held where what it waits for does not come, and has its time anew when it is continued', async () => {
    frame();
    const ekimi = await begun();
    await ekimi.run(150);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held', detail: 'it is copied: not seen within 2 min' });
    await changeStaged(ekimi, 'continue');
    await ekimi.run(20);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'running', waiting: { key: 'copied' } });
  });

  it('ended while it asks sends nothing more', async () => {
    const outside = frame();
    outside.isCopied = true;
    const ekimi = rig({ policy });
    await ekimi.run(15);
    void startRun(ekimi.session, ASKED, 'dba');
    await ekimi.run(30);
    expect(newestRun(ekimi)?.asking).toBe('sure');
    expect(await changeStaged(ekimi, 'abort')).toMatchObject({ ok: true });
    await ekimi.run(60);
    expect(newestRun(ekimi)?.phase).toBe('aborted');
    expect(sent(ekimi)).toEqual(['patroni2']);
  });
});

describe('a stage that was under way when a person continued the run', () => {
  it('and fails afterwards holds it: nobody could forgive what they had not seen, and nothing is sent again', async () => {
    frame();
    const ekimi = await begun({
      policy: testPolicy(
        {},
        { 'restart-member': { mode: 'approve', timeoutMs: 30_000 }, 'start-member': { mode: 'off' } },
      ),
    });
    while (sent(ekimi).length === 0) await ekimi.run(1);
    ekimi.cluster.killContainer('patroni2');
    expect(await changeStaged(ekimi, 'pause')).toMatchObject({ ok: true });
    ekimi.cluster.advance(1_000);
    expect(await changeStaged(ekimi, 'continue')).toMatchObject({ ok: true });
    expect(ekimi.session.ledger.remediations.at(-1)?.endedAtMs).toBeNull();
    await ekimi.run(60);
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringContaining('restart-member patroni2') as string,
    });
    ekimi.cluster.startContainer('patroni2');
    await ekimi.run(60);
    expect(sent(ekimi)).toEqual(['patroni2']);
  });
});

describe('a word on a list that is another one by now', () => {
  it('is not obeyed: what is left is shown anew, and holds only with its mark', async () => {
    const outside = frame();
    const ekimi = await begun();
    await ekimi.run(5);
    await changeStaged(ekimi, 'pause');
    await ekimi.run(30);
    outside.more.push(restart('patroni1'));
    for (const seen of [null, markOf(KEYS.slice(1))]) {
      const answer = await changeStaged(ekimi, 'continue', seen);
      expect(answer).toMatchObject({ ok: false, status: 409 });
      expect(answer.text).toContain('copied, sure, restart-member patroni1, restart-member patroni3');
      expect(newestRun(ekimi)?.phase).toBe('paused');
    }
    const anew = markOf(['copied', 'sure', 'restart-member patroni1', 'restart-member patroni3']);
    expect(await changeStaged(ekimi, 'continue', anew)).toMatchObject({ ok: true });
    expect(newestRun(ekimi)?.agreed).toContain('restart-member patroni1');
  });

  it('an answer to one question is none to the next', async () => {
    const outside = frame();
    outside.isCopied = true;
    outside.more.push({ kind: 'confirm', key: 'really', text: 'really?' });
    const ekimi = rig({ policy });
    await ekimi.run(15);
    void startRun(ekimi.session, ASKED, 'dba');
    await ekimi.run(30);
    await changeStaged(ekimi, 'continue', markOf(['sure', 'really', 'restart-member patroni3']));
    await ekimi.run(5);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held', asking: 'really' });
    expect(await changeStaged(ekimi, 'continue', markOf(['sure', 'really', 'restart-member patroni3']))).toMatchObject({
      ok: false,
    });
    expect(newestRun(ekimi)?.confirmed).toEqual(['sure']);
  });
});

const successor = async (first: Rig): Promise<Rig> => {
  const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
  return rig({ policy, cluster: first.cluster, journal: first.journal, memory, owner: 'other' });
};

describe('our death at the boundary of any stage', () => {
  it.each([
    ['while it waits', 'copied', false],
    ['while it asks', 'sure', true],
  ] as const)('%s: the next holder stands at the same stage, with its time and its answers', async (_, at, copied) => {
    const outside = frame();
    const first = await begun();
    outside.isCopied = copied;
    await first.run(30);
    const waiting = newestRun(first)?.waiting;
    first.cluster.advance(20_000);
    const next = await successor(first);
    await next.run(15);
    expect(newestRun(next)).toMatchObject(copied ? { phase: 'held', asking: at } : { phase: 'running', waiting });
    outside.isCopied = true;
    await next.run(10);
    expect(await changeStaged(next, 'continue', markOf(KEYS.slice(2)))).toMatchObject({ ok: true });
    await next.run(60);
    expect(newestRun(next)?.phase).toBe('succeeded');
    expect(sent(next)).toEqual(['patroni2', 'patroni3']);
  });

  it('after every third of its effects (each with EVERY_POINT=1): nothing is sent twice, and a question is never taken for answered', async () => {
    const story = async (after: number) => {
      const outside = frame();
      const doom = doomed();
      const first = rig({ policy, wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
      await first.run(15);
      doom.arm(after);
      void startRun(first.session, ASKED, 'dba');
      await first.run(20);
      outside.isCopied = true;
      await first.run(40);
      return { first, doom };
    };
    const { doom: whole } = await story(Infinity);
    for (let after = 1; after <= whole.effects.length; after += STRIDE) {
      vi.restoreAllMocks();
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(20_000);
      const next = await successor(first);
      await next.run(60);
      expect(sent(next).filter((name) => name === 'patroni2').length, where).toBeLessThanOrEqual(1);
      expect(sent(next), where).not.toContain('patroni3');
      if (newestRun(next) !== undefined) expect(newestRun(next)?.phase, where).toBe('held');
    }
  });
});
