import { describe, expect, it } from 'vitest';
import { HOLDS_MS, plotter, type PlotRange, type Plots } from '../../../src/history/plots.js';
import type { EntryBody, JournalEntry } from '../../../src/model/entry.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { incident, SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const S = 1_000;
const entry = (atMs: number, body: EntryBody): JournalEntry => ({
  seq: 1,
  prev: '',
  hash: '',
  scope: 'email-cluster',
  atMs,
  body,
});
const pass = (atMs: number, { view, states }: ClusterSnapshot): JournalEntry =>
  entry(atMs, { kind: 'pass', tick: 1, cluster: '', problems: states?.problems ?? [], decisions: [], view, states });
const plots = (range: PlotRange, entries: readonly JournalEntry[], nowMs = range.toMs): Plots => {
  const { take, value } = plotter(range);
  for (const one of entries) take(one);
  return value(nowMs);
};
const tenSteps: PlotRange = { fromMs: NOW_MS, toMs: NOW_MS + 600 * S, points: 10 };

describe('a day as plots', () => {
  it('says nothing where nobody looked: null, never zero', () => {
    const found = plots(tenSteps, [pass(NOW_MS + 120 * S, SCENARIOS.healthy())]);
    expect(found.stepMs).toBe(60 * S);
    expect(found.writable).toEqual([null, null, 1, 1, null, null, null, null, null, null]);
    expect(found.members['patroni2']?.map((bytes) => bytes === null)).toEqual(
      found.writable.map((part) => part === null),
    );
  });

  it('holds what was seen no longer than a quiet pass may stand for, and not beyond now', () => {
    const seen = [pass(NOW_MS, SCENARIOS.healthy())];
    const step = { fromMs: NOW_MS, toMs: NOW_MS + 100 * S, points: 100 };
    expect(plots(step, seen).writable.findIndex((part) => part === null)).toBe(HOLDS_MS / S);
    expect(plots(step, seen, NOW_MS + 10 * S).writable.findIndex((part) => part === null)).toBe(10);
  });

  it('weighs writes by the time in which they were possible', () => {
    const found = plots({ fromMs: NOW_MS, toMs: NOW_MS + 60 * S, points: 1 }, [
      pass(NOW_MS - 10 * S, SCENARIOS.healthy()),
      pass(NOW_MS + 15 * S, SCENARIOS.leaderless()),
    ]);
    expect(found.writable).toEqual([0.25]);
  });

  it('shows the most that a member was behind, and nothing for the leader', () => {
    const found = plots({ fromMs: NOW_MS, toMs: NOW_MS + 60 * S, points: 1 }, [
      pass(NOW_MS, SCENARIOS.lagHeld()),
      pass(NOW_MS + 1 * S, SCENARIOS.healthy()),
    ]);
    expect(found.members).toMatchObject({ patroni1: [null], patroni2: [268_435_456] });
  });

  it.each<[string, EntryBody]>([
    ['the end of a run', { kind: 'stop', reason: 'SIGTERM' }],
    [
      'a start that nobody expected',
      { kind: 'start', version: '', instance: '', configHash: '', policyHash: '', policy: {} },
    ],
    [
      'a pass that cannot be rebuilt',
      { kind: 'pass', tick: 2, cluster: '', problems: [], decisions: [], view: null, states: null, lost: 'cut' },
    ],
  ])('knows nothing from %s on', (_what, body) => {
    const found = plots({ fromMs: NOW_MS, toMs: NOW_MS + 60 * S, points: 60 }, [
      pass(NOW_MS, SCENARIOS.healthy()),
      entry(NOW_MS + 5 * S, body),
    ]);
    expect(found.writable.findIndex((part) => part === null)).toBe(5);
  });

  it('marks an incident at its first sight and at its end, wherever its entries stand', () => {
    const ended = { ...incident(), openedAtMs: NOW_MS + 10 * S, endedAtMs: NOW_MS + 90 * S };
    const found = plots(tenSteps, [
      entry(NOW_MS + 20 * S, { kind: 'incident', change: 'opened', of: { ...ended, endedAtMs: null } }),
      entry(NOW_MS + 120 * S, { kind: 'incident', change: 'ended', of: ended }),
      entry(NOW_MS + 130 * S, { kind: 'page', code: 'leaderless', subject: 'x', text: 'over', change: 'ended' }),
      entry(NOW_MS + 900 * S, { kind: 'page', code: 'leaderless', subject: 'x', text: 'later than asked' }),
    ]);
    expect(found.marks.map(({ kind, atMs, incident: id }) => [kind, (atMs - NOW_MS) / S, id])).toEqual([
      ['incident-begin', 10, ended.id],
      ['incident-end', 90, ended.id],
    ]);
  });

  it('keeps the newest marks of too many, and says how many are left out', () => {
    const many = Array.from({ length: 1_003 }, (_, index) =>
      entry(NOW_MS + index, { kind: 'page', code: 'leaderless', subject: 'x', text: `no. ${index}` }),
    );
    const { marks, marksLeftOut } = plots(tenSteps, many);
    expect([marks.length, marksLeftOut, marks[0]?.text]).toEqual([1_000, 3, 'paged for leaderless x: no. 3']);
  });

  it('takes a clock that was set back', () => {
    const found = plots(tenSteps, [
      pass(NOW_MS + 300 * S, SCENARIOS.healthy()),
      pass(NOW_MS + 60 * S, SCENARIOS.healthy()),
    ]);
    expect(found.writable[1]).toBe(1);
  });
});
