import { describe, expect, it } from 'vitest';
import { NO_PAGES, turnPages, WATCHER_WAITS_MS, type PageInput } from '../../../src/decide/page-book.js';
import type { Wish } from '../../../src/decide/page-wish.js';
import type { PageRow } from '../../../src/model/page.js';

const T = 1_000_000;
const wish = (part: Partial<Wish> = {}): Wish => ({
  thing: 'member-down/p3',
  code: 'member-down',
  subject: 'p3',
  level: 'critical',
  about: 'start-member person',
  afterMs: 0,
  sinceMs: T - 40_000,
  evidence: 'p3 is silent',
  because: null,
  unblock: [],
  ...part,
});
const input = (part: Partial<PageInput> = {}): PageInput => ({
  nowMs: T,
  role: 'holder',
  instance: 'a',
  wishes: [wish()],
  problems: [],
  canTell: true,
  policy: { remindAfterMs: 600_000, remindWarnings: false },
  shared: [],
  memory: NO_PAGES,
  ...part,
});
const row = (part: Partial<PageRow> = {}): PageRow => ({
  code: 'member-down',
  subject: 'p3',
  thing: 'member-down/p3',
  level: 'critical',
  told: ['start-member person'],
  atMs: T - 60_000,
  lastAtMs: T - 60_000,
  by: 'a',
  ...part,
});
const changes = (part: Partial<PageInput>) => turnPages(input(part)).acts.map((act) => act.change);

describe('the book of pages', () => {
  it('[N1] tells a thing once, and leaves the ledger as it is while nothing changes', () => {
    const first = turnPages(input());
    expect(first.acts.map((act) => act.change)).toEqual(['opened']);
    const next = turnPages(input({ nowMs: T + 1_000, shared: first.shared, memory: first.memory }));
    expect(next.acts).toEqual([]);
    expect(next.shared).toBe(first.shared);
  });

  it('[N1] waits for as long as the obstacle must last, counted anew after a break', () => {
    const asked = { wishes: [wish({ afterMs: 30_000 })] };
    const first = turnPages(input(asked));
    expect(first.acts).toEqual([]);
    expect(changes({ ...asked, nowMs: T + 30_000, memory: first.memory })).toEqual(['opened']);
    const gap = turnPages(input({ nowMs: T + 10_000, wishes: [], memory: first.memory }));
    expect(changes({ ...asked, nowMs: T + 30_000, memory: gap.memory })).toEqual([]);
  });

  it('[N1] tells a worse level at once, another obstacle once it lasts, and the old one never again', () => {
    expect(changes({ shared: [row({ level: 'warning' })] })).toEqual(['changed']);
    const other = [wish({ about: 'restart-member limits' })];
    const first = turnPages(input({ shared: [row()], wishes: other }));
    expect(first.acts).toEqual([]);
    const later = turnPages(input({ nowMs: T + 20_000, shared: first.shared, wishes: other, memory: first.memory }));
    expect(later.acts.map((act) => act.change)).toEqual(['changed']);
    expect(changes({ nowMs: T + 60_000, shared: later.shared, memory: later.memory })).toEqual([]);
  });

  it('[N1] reminds of what is critical after the time of the policy, and of warnings only if it says so', () => {
    const old = [row({ lastAtMs: T - 600_000 })];
    expect(changes({ shared: old })).toEqual(['reminder']);
    expect(changes({ shared: [row({ lastAtMs: T - 599_000 })] })).toEqual([]);
    expect(changes({ shared: old, policy: { remindAfterMs: null, remindWarnings: true } })).toEqual([]);
    const mild = { shared: [row({ level: 'warning', lastAtMs: T - 600_000 })], wishes: [wish({ level: 'warning' })] };
    expect(changes(mild)).toEqual([]);
    expect(changes({ ...mild, policy: { remindAfterMs: 600_000, remindWarnings: true } })).toEqual(['reminder']);
  });

  it('[N1] tells the end once it is sure: not while it is blind, not for a flicker', () => {
    const gone = { wishes: [] };
    const first = turnPages(input({ ...gone, shared: [row()] }));
    expect(first.acts).toEqual([]);
    expect(changes({ ...gone, nowMs: T + 9_999, shared: first.shared })).toEqual([]);
    expect(changes({ ...gone, nowMs: T + 60_000, shared: first.shared, canTell: false })).toEqual([]);
    const over = turnPages(input({ ...gone, nowMs: T + 10_000, shared: first.shared }));
    expect(over.acts.map((act) => act.change)).toEqual(['ended']);
    expect(over.shared).toEqual([]);
  });

  it('[N1] keeps what an older version told, and tells nothing of it anew', () => {
    const { code, subject, atMs } = row();
    expect(changes({ shared: [{ code, subject, atMs }] })).toEqual([]);
  });
});

describe('an instance without tenure', () => {
  const watcher = { role: 'watcher', instance: 'b' } as const;

  it('[P3] tells what the holder does not, after its time and once, and leaves the ledger alone', () => {
    const first = turnPages(input(watcher));
    expect(first.acts).toEqual([]);
    const late = turnPages(input({ ...watcher, nowMs: T + WATCHER_WAITS_MS, memory: first.memory }));
    expect(late.acts.map((act) => act.change)).toEqual(['opened']);
    expect(late.shared).toEqual([]);
    expect(changes({ ...watcher, nowMs: T + 2 * WATCHER_WAITS_MS, memory: late.memory })).toEqual([]);
  });

  it('[N1] tells nothing that the holder has told: no change, no reminder, no end', () => {
    const told = {
      ...watcher,
      shared: [row({ lastAtMs: 0 })],
      memory: { ...NO_PAGES, wishedSinceMs: { 'member-down/p3': 0 } },
    };
    expect(changes(told)).toEqual([]);
    expect(changes({ ...told, wishes: [] })).toEqual([]);
  });

  it('[N1] takes its own pages along when it takes tenure', () => {
    const memory = { ...NO_PAGES, own: [row({ by: 'b' })] };
    const taken = turnPages(input({ instance: 'b', memory }));
    expect(taken.acts).toEqual([]);
    expect(taken.shared.map((one) => one.by)).toEqual(['b']);
  });

  it('[N1] does not tell an alarm of etcd, which may keep the holder from writing down that it did', () => {
    const alarm = { ...watcher, wishes: [wish({ thing: 'dcs-alarm/e1', code: 'dcs-alarm', subject: 'e1' })] };
    const first = turnPages(input(alarm));
    expect(changes({ ...alarm, nowMs: T + 3_600_000, memory: first.memory })).toEqual([]);
  });

  it('[N1] that held tenure last tells at once when nobody can confirm it', () => {
    expect(changes({ role: 'stand-in' })).toEqual(['opened']);
  });
});
