import { afterEach, describe, expect, it, vi } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import { startRun } from '../../src/kernel/runs.js';
import type { Policy, ProcedurePolicy, WindowFacts } from '../../src/model/policy.js';
import { markOf } from '../../src/model/procedure-run.js';
import { STAGED } from '../../src/procedures/index.js';
import { onMember } from '../../src/procedures/stages.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { changeStaged, newestRun } from '../support/staged.js';

const APPROVE = { mode: 'approve' as const };

const SOON = { grace: { 'pending-restart': { forMs: 3_000, samples: 2 } } };

const policyOf = (mode: ProcedurePolicy['mode'], window: ProcedurePolicy['window'] = 'maintenance'): Policy =>
  testPolicy(
    { procedures: { 'rolling-restart': { mode, window } }, ...SOON },
    { switchover: APPROVE, 'restart-member': APPROVE, 'proxy-nudge': { mode: 'auto' } },
  );

/** A parameter of patroni2 waits for a restart. */
async function pending(policy: Policy, options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  ekimi.cluster.setPendingRestart('patroni2');
  await ekimi.run(12);
  return ekimi;
}

const runs = (ekimi: Rig) => ekimi.session.ledger.procedures ?? [];
const seenBy = (ekimi: Rig): string => markOf(newestRun(ekimi)?.agreed ?? []);

describe('a problem that calls for a procedure', () => {
  it('with mode off, or without a row, begins nothing and asks nothing', async () => {
    for (const policy of [policyOf('off'), testPolicy()]) {
      const ekimi = await pending(policy);
      expect(runs(ekimi)).toEqual([]);
    }
  });

  it('with approve is put to a person, who hears what would be done and how to say yes; nothing is sent before', async () => {
    const ekimi = await pending(policyOf('approve'));
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      by: 'ekimi',
      reason: 'pending-restart patroni2',
      proposed: { code: 'pending-restart', subject: 'patroni2', word: 'asked' },
    });
    const page = ekimi.notifier.pages.find(({ code }) => code === 'procedure-held');
    expect(page?.text).toContain(`ekimi procedures continue ${newestRun(ekimi)?.id ?? ''} --seen ${seenBy(ekimi)}`);
    await ekimi.run(20);
    expect(runs(ekimi)).toHaveLength(1);
    expect(ekimi.requests()).toEqual([]);
  });

  it('begins, in the name of whoever agrees, when they say which list they saw; another list is shown anew', async () => {
    const ekimi = await pending(policyOf('approve'));
    for (const seen of [null, '00000000'])
      expect(await changeStaged(ekimi, 'continue', seen)).toMatchObject({ ok: false, status: 409 });
    expect(ekimi.requests()).toEqual([]);
    expect(await changeStaged(ekimi, 'continue', seenBy(ekimi))).toMatchObject({ ok: true });
    expect(newestRun(ekimi)).toMatchObject({ by: 'dba', proposed: { word: 'accepted' } });
    await ekimi.run(120);
    expect(newestRun(ekimi)?.phase).toBe('succeeded');
    expect(runs(ekimi)).toHaveLength(1);
  });

  it('that a person declined is not proposed again while it stands', async () => {
    const ekimi = await pending(policyOf('approve'));
    await changeStaged(ekimi, 'abort');
    await ekimi.run(20);
    expect(runs(ekimi)).toHaveLength(1);
    expect(newestRun(ekimi)?.phase).toBe('aborted');
  });

  it('that clears takes its question back, and may ask anew when it returns', async () => {
    const ekimi = await pending(policyOf('approve'));
    ekimi.cluster.killContainer('patroni2');
    await ekimi.run(3);
    ekimi.cluster.startContainer('patroni2');
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'aborted', proposed: { word: 'gone' } });
    ekimi.cluster.setPendingRestart('patroni2');
    await ekimi.run(12);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held', proposed: { word: 'asked' } });
  });

  it('that would stand half-way says so when it asks, and is not begun by a yes or by itself until that is mended', async () => {
    const half = (mode: ProcedurePolicy['mode']): Policy => {
      const policy = policyOf(mode, 'any');
      return { ...policy, actions: { ...policy.actions, switchover: { ...policy.actions.switchover, mode: 'off' } } };
    };
    const ekimi = await pending(half('approve'));
    const why = 'the policy says actions.switchover: off, which holds switchover from patroni1';
    expect(newestRun(ekimi)).toMatchObject({ phase: 'held', detail: expect.stringContaining(why) as string });
    expect(await changeStaged(ekimi, 'continue', seenBy(ekimi))).toMatchObject({
      ok: false,
      text: expect.stringContaining(why) as string,
    });
    expect(ekimi.requests()).toEqual([]);

    const alone = await pending(half('auto'));
    expect(newestRun(alone)).toMatchObject({ phase: 'held', detail: expect.stringContaining(why) as string });
    await alone.run(60);
    expect(runs(alone)).toHaveLength(1);
    expect(alone.requests()).toEqual([]);
    const told = alone.notifier.pages.filter(({ code, change }) => code === 'procedure-held' && change === 'opened');
    expect(told.map(({ text }) => text)).toEqual([expect.stringContaining(why)]);
    alone.session.inForce = { ...alone.session.inForce, policy: policyOf('auto', 'any') };
    await alone.run(6);
    expect(runs(alone).map(({ phase, detail }) => [phase, detail])).toEqual([
      ['aborted', 'it could come to its end now: it begins by itself'],
      ['running', expect.any(String)],
    ]);
    await alone.run(120);
    expect(newestRun(alone)?.phase).toBe('succeeded');
  });

  it('that the policy lets begin, and a person has switched off, is told to nobody', async () => {
    const policy = policyOf('auto', 'any');
    const off = {
      ...policy,
      actions: { ...policy.actions, switchover: { ...policy.actions.switchover, mode: 'off' as const } },
    };
    const ekimi = rig({ policy: off });
    await ekimi.run(15);
    const killSwitch = { subject: 'cluster', owner: 'ann', reason: 'work', sinceMs: 1, expiresAtMs: null };
    void throwSwitch(ekimi.session, killSwitch, 'ann');
    await ekimi.run(4);
    ekimi.cluster.setPendingRestart('patroni2');
    await ekimi.run(12);
    expect(runs(ekimi)).toEqual([]);
  });

  it('holds up nobody: what a person begins takes its place', async () => {
    const ekimi = await pending(policyOf('approve'));
    const request = { name: 'rolling-restart', member: null, candidate: null, parameters: {}, back: true } as const;
    const answer = startRun(ekimi.session, { ...request, reason: 'mine', dryRun: false }, 'dba');
    await ekimi.pass();
    expect((await answer).kind).toBe('started');
    expect(runs(ekimi).map(({ phase }) => phase)).toEqual(['aborted', 'running']);
  });
});

describe('several problems', () => {
  const both = (restart: ProcedurePolicy['mode'], after: ProcedurePolicy['mode']): Policy =>
    testPolicy(
      {
        procedures: {
          'rolling-restart': { mode: restart, window: 'any' },
          'rebuild-member': { mode: after, window: 'any' },
        },
        ...SOON,
      },
      {
        switchover: APPROVE,
        'restart-member': APPROVE,
        'close-servers': APPROVE,
        'stop-member': APPROVE,
        'move-aside': APPROVE,
        'begin-copy': APPROVE,
        'open-servers': APPROVE,
        'start-member': { mode: 'off' },
        'proxy-nudge': { mode: 'auto' },
      },
    );

  it('one whose procedure cannot begin keeps no other: it is passed over', async () => {
    vi.spyOn(STAGED['rolling-restart'], 'refuse').mockReturnValue('not as things stand');
    const ekimi = rig({ policy: both('approve', 'approve') });
    await ekimi.run(15);
    ekimi.cluster.setPendingRestart('patroni2');
    ekimi.cluster.corrupt('patroni3');
    await ekimi.run(40);
    expect(runs(ekimi)).toMatchObject([{ name: 'rebuild-member', proposed: { word: 'asked' } }]);
    vi.restoreAllMocks();
  });

  it('an offer that nobody could answer any more makes room for another; one that can be answered stands', async () => {
    const ekimi = await pending(both('approve', 'approve'));
    expect(newestRun(ekimi)).toMatchObject({ name: 'rolling-restart', phase: 'held' });
    ekimi.cluster.corrupt('patroni3');
    await ekimi.run(40);
    expect(runs(ekimi)).toMatchObject([{ name: 'rolling-restart', phase: 'held' }]);
    vi.spyOn(STAGED['rolling-restart'], 'refuse').mockReturnValue('not as things stand');
    await ekimi.run(10);
    expect(runs(ekimi)).toMatchObject([
      { name: 'rolling-restart', phase: 'aborted', proposed: { word: 'gone' } },
      { name: 'rebuild-member', phase: 'held' },
    ]);
    vi.restoreAllMocks();
  });

  it('an offer that waits for an answer makes room for what the policy has agreed to', async () => {
    const ekimi = await pending(both('approve', 'auto'));
    ekimi.cluster.corrupt('patroni3');
    await ekimi.run(40);
    expect(runs(ekimi).slice(0, 2)).toMatchObject([
      { name: 'rolling-restart', phase: 'aborted', proposed: { word: 'gone' } },
      { name: 'rebuild-member', proposed: { word: 'accepted' } },
    ]);
  });

  it('what would begin by itself, and whose first action is refused, does not begin', async () => {
    const procedure = STAGED['rolling-restart'];
    const real = procedure.remaining.bind(procedure);
    vi.spyOn(procedure, 'remaining').mockImplementation(function* (input, goal) {
      yield { ...onMember('start-member', 'patroni2', 'start patroni2') };
      yield* real(input, goal);
    });
    const ekimi = await pending(policyOf('auto', 'any'));
    await ekimi.run(20);
    expect(runs(ekimi)).toEqual([]);
    vi.restoreAllMocks();
  });
});

describe('an offer whose replicas change places by their lag', () => {
  it('stays the same offer, and is begun by the list that was seen', async () => {
    const ekimi = await pending(policyOf('approve'));
    const offered = newestRun(ekimi);
    const goal = STAGED['rolling-restart'].goal.bind(STAGED['rolling-restart']);
    vi.spyOn(STAGED['rolling-restart'], 'goal').mockImplementation((input, asked) => {
      const found = goal(input, asked);
      if (found.kind === 'refused') return found;
      return { kind: 'goal', goal: { ...found.goal, order: [...(found.goal['order'] as string[])].reverse() } };
    });
    await ekimi.run(10);
    expect(runs(ekimi)).toEqual([offered]);
    expect(await changeStaged(ekimi, 'continue', markOf(offered?.agreed ?? []))).toMatchObject({ ok: true });
    expect(newestRun(ekimi)).toMatchObject({ id: offered?.id, phase: 'running' });
    vi.restoreAllMocks();
  });
});

describe('with auto', () => {
  const open: WindowFacts = { freeze: null, maintenance: { untilMs: Number.MAX_SAFE_INTEGER } };

  it('waits for a maintenance window, begins in it, and only once a day', async () => {
    let facts: WindowFacts = { freeze: null, maintenance: null };
    const ekimi = await pending(policyOf('auto'), { windowsAt: () => facts });
    expect(runs(ekimi)).toEqual([]);
    facts = open;
    await ekimi.run(120);
    expect(newestRun(ekimi)).toMatchObject({ phase: 'succeeded', by: 'ekimi', reason: 'pending-restart patroni2' });
    ekimi.cluster.setPendingRestart('patroni2');
    await ekimi.run(120);
    expect(runs(ekimi)).toHaveLength(1);
  });

  it('a freeze and dry-run hold it back', async () => {
    const frozen: WindowFacts = { ...open, freeze: { reason: 'year end', untilMs: Number.MAX_SAFE_INTEGER } };
    for (const [policy, facts] of [
      [policyOf('auto', 'any'), frozen],
      [{ ...policyOf('auto', 'any'), mode: 'dry-run' as const }, open],
    ] as const) {
      const ekimi = await pending(policy, { windowsAt: () => facts });
      expect(runs(ekimi)).toEqual([]);
      expect(ekimi.requests()).toEqual([]);
    }
  });

  it('an action of its own that the policy has off keeps it from beginning, and a person is told', async () => {
    const off = testPolicy(
      { procedures: policyOf('auto', 'any').procedures ?? {}, ...SOON },
      { 'restart-member': { mode: 'off' } },
    );
    const ekimi = await pending(off, { windowsAt: () => open });
    expect(newestRun(ekimi)).toMatchObject({
      phase: 'held',
      detail: expect.stringContaining('actions.restart-member: off') as string,
    });
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('with auto, where the first stage is a wait and sends nothing', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A stage that no gate is asked about, before those of the procedure; it refuses nothing by itself. */
  function waitsFirst(): void {
    const procedure = STAGED['rolling-restart'];
    const real = procedure.remaining.bind(procedure);
    vi.spyOn(procedure, 'refuse').mockReturnValue(null);
    vi.spyOn(procedure, 'remaining').mockImplementation(function* (input, goal) {
      yield { kind: 'wait', key: 'quiet', text: 'all is quiet', withinMs: 3_600_000, progress: null };
      yield* real(input, goal);
    });
  }

  const switchOff =
    (subject: string) =>
    async (ekimi: Rig): Promise<void> => {
      const word = { subject, owner: 'dba', reason: 'disk swap', sinceMs: ekimi.cluster.nowMs(), expiresAtMs: null };
      const answer = throwSwitch(ekimi.session, word, 'dba');
      await ekimi.pass();
      expect(await answer).toMatchObject({ ok: true });
    };
  const auto = policyOf('auto', 'any');

  async function begunAfter(hold: (ekimi: Rig) => void | Promise<void>, policy = auto): Promise<readonly string[]> {
    waitsFirst();
    const ekimi = rig({ policy });
    await ekimi.run(15);
    await hold(ekimi);
    ekimi.cluster.setPendingRestart('patroni2');
    await ekimi.run(20);
    expect(ekimi.session.states.problems).toContainEqual(
      expect.objectContaining({ code: 'pending-restart', phase: 'active' }),
    );
    return runs(ekimi).map(({ phase }) => phase);
  }

  it('begins where nothing holds it', async () => {
    expect(await begunAfter(() => undefined)).toEqual(['running']);
  });

  it.each([
    ['all is switched off', switchOff('cluster')],
    ['the member of the problem is switched off', switchOff('member:patroni2')],
    ['its first action is switched off', switchOff('action:restart-member')],
    [
      'Patroni is paused',
      ({ cluster }: Rig) => {
        cluster.pause();
      },
    ],
  ] as const)('does not where %s', async (_, hold) => {
    expect(await begunAfter(hold)).toEqual([]);
  });

  it('does not before the grace after a start is over', async () => {
    const policy = { ...auto, startGrace: { ...auto.startGrace, forMs: 600_000 } };
    expect(await begunAfter(() => undefined, policy)).toEqual([]);
  });
});
