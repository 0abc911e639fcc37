import { afterEach, describe, expect, it, vi } from 'vitest';
import { newRun } from '../../../src/decide/new-run.js';
import { isAgreed, leavesOf, nextOfRun, standingOf } from '../../../src/decide/runs.js';
import { EMPTY_LEDGER } from '../../../src/model/ledger.js';
import {
  markOf,
  misfitOf,
  openRun,
  type ProcedureRun,
  type RunRequest,
  type Stage,
} from '../../../src/model/procedure-run.js';
import type { Situation } from '../../../src/model/situation.js';
import { STAGED } from '../../../src/procedures/index.js';
import { inputOf, NOW_MS, remediationOf, silent, viewOf } from '../../support/view.js';

const MINUTE_MS = 60_000;
const restart: Stage = {
  kind: 'action',
  key: 'restart-member patroni2',
  action: 'restart-member',
  target: 'patroni2',
  candidate: null,
  leader: null,
  text: 'restart patroni2',
};
const copied: Stage = {
  kind: 'wait',
  key: 'copied patroni2',
  text: 'patroni2 is copied',
  withinMs: 10 * MINUTE_MS,
  progress: { doneBytes: 5, totalBytes: 10, bytesPerSecond: 1 },
};
const sure: Stage = { kind: 'confirm', key: 'remove old', text: 'remove the old directory of patroni2?' };

const RUN: ProcedureRun = {
  id: 'r-1',
  name: 'rolling-restart',
  goal: { order: ['patroni2', 'patroni3'], leader: 'patroni1', was: {}, back: false },
  by: 'dba',
  reason: 'openssl',
  phase: 'running',
  agreed: [restart.key, copied.key, sure.key],
  startedAtMs: NOW_MS,
  endedAtMs: null,
  detail: 'started',
  continuedAtMs: NOW_MS,
};

const at = (nowMs = NOW_MS, part: Partial<Situation> = {}): Situation => inputOf([], { nowMs, ...part });

/** The frame asks a procedure that has these stages left, whatever its name. */
function left(
  stages: readonly Stage[] | ((confirmed: readonly string[]) => readonly Stage[]),
  waits: string | null = null,
) {
  const procedure = STAGED['rolling-restart'];
  vi.spyOn(procedure, 'remaining').mockImplementation(function* ({ confirmed }) {
    yield* typeof stages === 'function' ? stages(confirmed) : stages;
  });
  vi.spyOn(procedure, 'refuse').mockReturnValue(waits);
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('the end of a run in its middle', () => {
  it('tells what was sent and may have its effect yet', () => {
    const run: ProcedureRun = { ...RUN, name: 'recover-dcs', goal: { order: ['etcd1', 'etcd2', 'etcd3'] } };
    const row = remediationOf('start-store', 'etcd2', { phase: 'verifying' });
    const sent = { ...row, plan: { ...row.plan, because: { ...row.plan.because, run: run.id } } };
    const texts = [[], [sent]].map((remediations) =>
      leavesOf(at(NOW_MS, { ledger: { ...EMPTY_LEDGER, remediations } }), run),
    );
    expect(texts.map((text) => text.includes('start-store etcd2 was sent and is in flight'))).toEqual([false, true]);
  });
});

describe('a stage that comes about by itself', () => {
  it('is watched from the pass in which it is first left until its time is over, with how far it is', () => {
    left([copied]);
    expect(nextOfRun(at(), RUN)).toMatchObject({
      kind: 'watches',
      waiting: { key: copied.key, sinceMs: NOW_MS },
      untilMs: NOW_MS + 10 * MINUTE_MS,
    });
    const since = { ...RUN, waiting: { key: copied.key, sinceMs: NOW_MS - 4 * MINUTE_MS } };
    expect(nextOfRun(at(), since)).toMatchObject({ kind: 'watches', untilMs: NOW_MS + 6 * MINUTE_MS });
    expect(standingOf(at(), since)).toMatchObject({
      done: 2,
      now: 'patroni2 is copied',
      watch: { sinceMs: NOW_MS - 4 * MINUTE_MS, progress: { doneBytes: 5 } },
    });
  });

  it('holds the run when it is not seen in its time', () => {
    left([copied]);
    const late = { ...RUN, waiting: { key: copied.key, sinceMs: NOW_MS - 10 * MINUTE_MS } };
    expect(nextOfRun(at(), late)).toEqual({ kind: 'held', why: 'patroni2 is copied: not seen within 10 min' });
  });

  it('counts its own time: that of the wait before it is not its own', () => {
    left([copied]);
    const other = { ...RUN, waiting: { key: 'another', sinceMs: NOW_MS - 60 * MINUTE_MS } };
    expect(nextOfRun(at(), other)).toMatchObject({ kind: 'watches', waiting: { sinceMs: NOW_MS } });
  });

  it('may take longer than the quarter of an hour after which a run that does not go on is held', () => {
    left([{ ...copied, withinMs: 60 * MINUTE_MS }]);
    const begun = { ...RUN, waiting: { key: copied.key, sinceMs: NOW_MS } };
    expect(nextOfRun(at(NOW_MS + 30 * MINUTE_MS), begun).kind).toBe('watches');
  });

  it('waits while the procedure refuses to go on, and not for ever', () => {
    left([copied], 'nobody leads');
    expect(nextOfRun(at(), RUN)).toEqual({
      kind: 'waits',
      why: 'nobody leads',
      sinceMs: NOW_MS,
      untilMs: NOW_MS + 15 * MINUTE_MS,
    });
    expect(nextOfRun(at(NOW_MS + 15 * MINUTE_MS), RUN)).toEqual({
      kind: 'held',
      why: 'nothing went on for 15 min: nobody leads',
    });
  });
});

describe('where a run stands', () => {
  it('says since when and until when nothing goes on, and of what is in flight since when it was sent and its deadline', () => {
    left([copied], 'nobody leads');
    const later = NOW_MS + 4 * MINUTE_MS;
    expect(standingOf(at(later), { ...RUN, continuedAtMs: NOW_MS })).toMatchObject({
      now: 'nobody leads',
      watch: { sinceMs: NOW_MS, untilMs: NOW_MS + 15 * MINUTE_MS, progress: null },
    });
    const row = remediationOf('restart-member', 'patroni2', {
      phase: 'verifying',
      endedAtMs: null,
      sentAtMs: later - 30_000,
      deadlineMs: later + 90_000,
    });
    const ofRun = { ...row, plan: { ...row.plan, because: { ...row.plan.because, run: RUN.id } } };
    const flying = at(later, { ledger: { ...EMPTY_LEDGER, remediations: [ofRun], procedures: [RUN] } });
    expect(standingOf(flying, RUN).watch).toEqual({
      sinceMs: later - 30_000,
      untilMs: later + 90_000,
      progress: null,
    });
  });
});

describe('a wait that goes on for an hour', () => {
  const hour = { ...copied, withinMs: 120 * MINUTE_MS };
  const since = { ...RUN, waiting: { key: hour.key, sinceMs: NOW_MS } };
  const later = NOW_MS + 60 * MINUTE_MS;

  it('and is refused for a moment is not held at once: that moment has its own time', () => {
    left([hour], 'nobody leads');
    expect(nextOfRun(at(later), since)).toMatchObject({ kind: 'waits', why: 'nobody leads', sinceMs: later });
    const stalled = { ...since, stalledSinceMs: later };
    expect(nextOfRun(at(later + 14 * MINUTE_MS), stalled).kind).toBe('waits');
    expect(nextOfRun(at(later + 15 * MINUTE_MS), stalled).kind).toBe('held');
  });

  it('and fails late is held when the failure has stood for its time, whenever it began', () => {
    const failing = { ...hour, text: 'it fails', failing: { forMs: MINUTE_MS } };
    left([failing]);
    const first = nextOfRun(at(later), since);
    expect(first).toMatchObject({
      kind: 'watches',
      waiting: { sinceMs: NOW_MS, failingSinceMs: later },
      untilMs: later + MINUTE_MS,
    });
    const failed = { ...since, waiting: { ...since.waiting, failingSinceMs: later } };
    expect(nextOfRun(at(later + MINUTE_MS - 1), failed).kind).toBe('watches');
    const why = 'it fails: it has failed for 1 min';
    expect(nextOfRun(at(later + MINUTE_MS), failed)).toEqual({ kind: 'held', why });
  });

  it('and fails no more has all the time that is left of its own, and the next failure its own again', () => {
    left([hour]);
    const failed = { ...since, waiting: { ...since.waiting, failingSinceMs: later - 50_000 } };
    const next = nextOfRun(at(later), failed);
    expect(next).toMatchObject({ kind: 'watches', untilMs: NOW_MS + 120 * MINUTE_MS });
    expect(next.kind === 'watches' && next.waiting).toEqual({ key: hour.key, sinceMs: NOW_MS });
  });
});

describe('what was not read', () => {
  const blind = (nowMs: number, part: Partial<Situation> = {}): Situation =>
    at(nowMs, { view: viewOf(silent('patroni1', 'sql')), ...part });
  const why = 'what is left cannot be told: no answer from SQL of patroni1';

  it('holds no run by a stage that seems to be new: it is waited for, for 3 min', () => {
    left([{ ...copied, key: 'slot of patroni2' }, restart]);
    expect(nextOfRun(blind(NOW_MS), RUN)).toMatchObject({ kind: 'waits', why, sinceMs: NOW_MS });
    const text = `nothing went on for 3 min: ${why}`;
    expect(nextOfRun(blind(NOW_MS + 3 * MINUTE_MS), RUN)).toEqual({ kind: 'held', why: text });
    expect(nextOfRun(at(), RUN)).toMatchObject({ kind: 'held' });
  });

  it('sends nothing a second time that was done', () => {
    left([restart, copied]);
    const plan = remediationOf('restart-member', 'patroni2').plan;
    const rows = [restart.key, copied.key].map((stage) =>
      remediationOf('restart-member', 'patroni2', {
        plan: { ...plan, because: { ...plan.because, run: RUN.id, stage } },
        createdAtMs: NOW_MS + 1000,
        endedAtMs: NOW_MS + 1000,
      }),
    );
    const ledger = { ...EMPTY_LEDGER, remediations: rows };
    expect(nextOfRun(blind(NOW_MS + 2000, { ledger }), RUN)).toMatchObject({ kind: 'waits', why });
  });

  it('changes nothing where what is left is what was agreed', () => {
    left([copied]);
    expect(nextOfRun(blind(NOW_MS), RUN).kind).toBe('watches');
  });
});

describe('a stage that succeeded and is left all the same', () => {
  const plan = { ...remediationOf('restart-member', 'patroni2').plan };
  const row = remediationOf('restart-member', 'patroni2', {
    plan: { ...plan, because: { ...plan.because, run: RUN.id, stage: restart.key } },
    createdAtMs: NOW_MS + 1000,
    endedAtMs: NOW_MS + 1000,
  });
  const after = (part: Partial<typeof row> = {}): Situation =>
    at(NOW_MS, { ledger: { ...EMPTY_LEDGER, remediations: [{ ...row, ...part }] } });

  it('holds the run', () => {
    left([restart]);
    expect(nextOfRun(after(), RUN)).toMatchObject({
      kind: 'held',
      why: expect.stringContaining('does not show it') as string,
    });
  });

  it('does not while the cluster cannot be looked at: it waits; one that failed holds it all the same', () => {
    left([restart], 'etcd gave no linearizable answer in this pass');
    expect(nextOfRun(after(), RUN)).toMatchObject({ kind: 'waits' });
    expect(nextOfRun(after({ phase: 'ineffective' }), RUN)).toMatchObject({ kind: 'held' });
  });
});

describe('a question', () => {
  it('is asked, and never answered by time', () => {
    left([sure]);
    expect(nextOfRun(at(NOW_MS + 60 * MINUTE_MS), RUN)).toEqual({ kind: 'asks', why: sure.text, key: sure.key });
  });

  it('that a person has answered is known to the procedure', () => {
    left((confirmed) => (confirmed.includes(sure.key) ? [] : [sure]));
    expect(nextOfRun(at(), { ...RUN, confirmed: [sure.key] }).kind).toBe('over');
  });
});

describe('what is left', () => {
  it('that holds something nobody agreed to holds the run', () => {
    left([restart, { ...copied, key: 'copied patroni3' }]);
    expect(nextOfRun(at(), RUN)).toEqual({
      kind: 'held',
      why: 'what is left is not what was agreed: restart-member patroni2, copied patroni3',
    });
  });

  it('has a mark of its own for each list, also where two would read alike', () => {
    const lists = [[], ['a'], ['a', 'b'], ['b', 'a'], ['a b'], ['ab']];
    expect(new Set(lists.map(markOf)).size).toBe(lists.length);
    expect(markOf(['a', 'b'])).toBe(markOf(['a', 'b']));
  });

  it('agreed to twice under one key is agreed to once', () => {
    expect(isAgreed(['a', 'a'], ['a'])).toBe(false);
  });

  it('of a run whose goal this version cannot read is not acted on', () => {
    expect(nextOfRun(at(), { ...RUN, goal: { order: 'all' } })).toMatchObject({ kind: 'held' });
  });
});

describe('what an action of a stage is bound to', () => {
  it('reaches it with the run and the stage', () => {
    left([{ ...restart, parameters: { of: 'container' } }]);
    expect(nextOfRun(at(), RUN)).toMatchObject({
      kind: 'stage',
      asked: { name: 'restart-member', run: 'r-1', stage: restart.key, parameters: { of: 'container' }, by: 'dba' },
    });
  });
});

const ASK: RunRequest = {
  name: 'rolling-restart',
  member: null,
  candidate: null,
  parameters: {},
  back: false,
  reason: 'x',
  dryRun: false,
};

describe('of two runs that are open', () => {
  it('the one that began last is under way: what was begun while etcd was lost goes before what the ledger had', () => {
    const recovering = { ...RUN, id: 'r-2', startedAtMs: NOW_MS + MINUTE_MS };
    expect(openRun([RUN, recovering])).toBe(recovering);
    expect(openRun([recovering, RUN])).toBe(recovering);
    expect(openRun([RUN, { ...recovering, phase: 'succeeded' }])).toBe(RUN);
    expect(openRun(undefined)).toBeNull();
  });
});

describe('what is asked for', () => {
  const takes = (part: object) => ({
    takes: { member: 'no' as const, candidate: 'no' as const, back: 'no' as const, parameters: {}, ...part },
  });

  it.each([
    ['a member that is needed', takes({ member: 'needed' }), {}, 'rolling-restart needs a member'],
    ['a member that is not taken', takes({}), { member: 'patroni2' }, 'rolling-restart takes no member'],
    ['a candidate that is not taken', takes({}), { candidate: 'patroni2' }, 'rolling-restart takes no candidate'],
    ['--back where there is none', takes({}), { back: true }, 'rolling-restart takes no --back'],
    ['a parameter where none is taken', takes({}), { parameters: { of: 'x' } }, 'takes no parameter of; it takes none'],
    [
      'another parameter',
      takes({ parameters: { for: 'how long' } }),
      { parameters: { of: 'x' } },
      'takes no parameter of; it takes for',
    ],
    ['a name that every object has', takes({ parameters: {} }), { parameters: { constructor: 'x' } }, 'constructor'],
  ])('%s is told', (_, row, part, text) => {
    expect(misfitOf({ ...ASK, ...part }, row)).toContain(text);
  });

  it.each([
    ['an optional member', takes({ member: 'optional' }), { member: 'patroni2' }],
    ['an optional member left out', takes({ member: 'optional' }), {}],
    ['a parameter that is taken', takes({ parameters: { of: 'what' } }), { parameters: { of: 'x' } }],
    ['any parameter', takes({ parameters: 'any' }), { parameters: { 'postgresql.parameters.work_mem': '4MB' } }],
  ])('%s fits', (_, row, part) => {
    expect(misfitOf({ ...ASK, ...part }, row)).toBeNull();
  });

  it('with a candidate of another cluster is refused', () => {
    const goal = vi.spyOn(STAGED['rolling-restart'], 'goal');
    const answer = newRun(at(), { ...ASK, candidate: 'web1' }, 'dba', 'r-2');
    expect(answer).toMatchObject({ kind: 'refused', status: 400 });
    expect(goal).not.toHaveBeenCalled();
  });

  it('while another one is under way names it and how to end it', () => {
    const ledger = { ...EMPTY_LEDGER, procedures: [{ ...RUN, phase: 'held' as const }] };
    expect(newRun(at(NOW_MS, { ledger }), ASK, 'dba', 'r-2')).toMatchObject({
      kind: 'refused',
      status: 409,
      text: expect.stringContaining('ekimi procedures abort r-1') as string,
    });
  });
});

describe('a stage whose effect came about by somebody else', () => {
  const plan = { ...remediationOf('restart-member', 'patroni2').plan };
  const row = remediationOf('restart-member', 'patroni2', {
    plan: { ...plan, because: { ...plan.because, run: RUN.id, stage: restart.key } },
    phase: 'ineffective',
    ending: 'not-ours',
    detail: 'patroni2 runs, not by our request',
    createdAtMs: NOW_MS + 1000,
    endedAtMs: NOW_MS + 1000,
  });
  const after = (part: Partial<typeof row> = {}): Situation =>
    at(NOW_MS, { ledger: { ...EMPTY_LEDGER, remediations: [{ ...row, ...part }] } });

  it('is done, so that the run goes on with the next one', () => {
    left([copied]);
    expect(nextOfRun(after(), RUN)).toMatchObject({ kind: 'watches', stage: { key: copied.key } });
    left([]);
    expect(nextOfRun(after(), RUN).kind).toBe('over');
  });

  it('and is not there any more, holds the run: it is not sent a second time', () => {
    left([restart, copied]);
    expect(nextOfRun(after(), RUN)).toEqual({
      kind: 'held',
      why: 'restart-member patroni2 ineffective (restart-member-patroni2): patroni2 runs, not by our request',
    });
  });

  it('is no other ending: one that had no effect at all holds the run though what is left goes on without it', () => {
    left([copied]);
    const { ending: _ending, ...without } = row;
    const ledger = { ...EMPTY_LEDGER, remediations: [without] };
    expect(nextOfRun(at(NOW_MS, { ledger }), RUN)).toMatchObject({
      kind: 'held',
      why: expect.stringContaining('ineffective') as string,
    });
  });
});
