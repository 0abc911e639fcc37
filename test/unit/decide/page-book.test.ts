import { describe, expect, it } from 'vitest';
import { NO_PAGES, turnPages, WATCHER_WAITS_MS, type PageInput } from '../../../src/decide/page-book.js';
import type { Wish } from '../../../src/decide/page-wish.js';
import type { PageRow } from '../../../src/model/page.js';
import { problemOf } from '../../support/view.js';

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

describe('an escalation', () => {
  const escalation = [
    { afterMs: 900_000, levels: ['critical'] as const },
    { afterMs: 1_800_000, levels: ['critical'] as const },
  ];
  const quiet = { policy: { remindAfterMs: null, remindWarnings: false }, escalation };
  const at = (minutes: number, shared: readonly PageRow[]) =>
    turnPages(input({ ...quiet, nowMs: T + minutes * 60_000, shared }));

  it('tells each step once, in its time, whoever holds tenure by then', () => {
    const first = at(0, []);
    expect(at(14, first.shared).acts).toEqual([]);
    const second = at(15, first.shared);
    expect(second.acts).toMatchObject([{ change: 'escalated', row: { escalated: 1 } }]);
    expect(at(16, second.shared).acts).toEqual([]);
    // A successor reads the rows and nothing else.
    const third = turnPages(input({ ...quiet, instance: 'b', nowMs: T + 31 * 60_000, shared: second.shared }));
    expect(third.acts).toMatchObject([{ change: 'escalated', toldBy: 'a', row: { escalated: 2 } }]);
    expect(at(600, third.shared).acts).toEqual([]);
  });

  it('is not told once somebody looks after it, and nor is a reminder', () => {
    const first = at(0, []);
    const taken = first.shared.map((one) => ({ ...one, acknowledged: { by: 'on-call', atMs: T, reason: '' } }));
    expect(at(60, taken).acts).toEqual([]);
    expect(changes({ nowMs: T + 3_600_000, shared: taken })).toEqual([]);
  });

  it('begins anew when it becomes worse, though somebody looked after what it was', () => {
    const taken = [row({ level: 'warning', atMs: T - 3_600_000, acknowledged: { by: 'x', atMs: T, reason: '' } })];
    const worse = at(0, taken);
    expect(worse.acts).toMatchObject([{ change: 'changed', row: { waitsSinceMs: T } }]);
    expect(worse.shared[0]?.acknowledged).toBeUndefined();
    expect(at(14, worse.shared).acts).toEqual([]);
    expect(at(15, worse.shared).acts.map(({ change }) => change)).toEqual(['escalated']);
  });

  it.each([
    ['goes on where we see no more what it was about', {}, 15],
    ['begins anew where somebody looks after that', { acknowledged: { by: 'on-call', atMs: T, reason: '' } }, 25],
    ['begins anew where that was no more than a warning', { level: 'warning' }, 25],
  ] as const)('%s', (_case, told, minutes) => {
    const about = { code: 'dcs-quorum-lost', subject: 'c' } as const;
    const lost = { ...row({ ...about, thing: 'dcs-quorum-lost/c', waitsSinceMs: T }), ...told };
    const blind = problemOf('observer-impaired', 'c', { facts: { unreached: true } });
    const problems = [blind, problemOf('dcs-quorum-lost', 'c')];
    const wishes = [wish({ thing: 'observer-impaired/c', code: 'observer-impaired', subject: 'c' })];
    const pass = (nowMs: number, shared: readonly PageRow[]) =>
      turnPages(input({ ...quiet, nowMs, wishes, problems, shared }));
    const first = pass(T + 10 * 60_000, [lost]);
    expect(first.acts.map(({ change, row: { code } }) => `${change} ${code}`)).toEqual(['opened observer-impaired']);
    expect(pass(T + minutes * 60_000 - 1_000, first.shared).acts).toEqual([]);
    expect(pass(T + minutes * 60_000, first.shared).acts.map(({ change }) => change)).toEqual(['escalated']);
  });

  it('leaves out levels that it does not name', () => {
    const first = turnPages(input({ ...quiet, wishes: [wish({ level: 'warning' })] }));
    const later = turnPages(
      input({ ...quiet, wishes: [wish({ level: 'warning' })], nowMs: T + 3_600_000, shared: first.shared }),
    );
    expect(later.acts).toEqual([]);
  });
});

describe('what goes by one key', () => {
  const two = [wish(), wish({ thing: 'leader', code: 'leader-down', subject: 'p1' })];
  it('has the key of its incident until its end, whatever incident it is joined to', () => {
    const first = turnPages(input({ wishes: two, incidentOf: () => 'i1' }));
    expect(first.shared.map(({ key }) => key)).toEqual(['i1', 'i1']);
    const joined = turnPages(
      input({
        wishes: [wish({ level: 'critical', about: 'x' })],
        shared: [row({ key: 'i1', incident: 'i1', level: 'warning' })],
        incidentOf: () => 'i2',
      }),
    );
    expect(joined.shared).toMatchObject([{ key: 'i1', incident: 'i2' }]);
  });

  it('says how bad the worst of it is, whatever is told', () => {
    const grave = row({ key: 'i1', thing: 'leader', code: 'leader-down', subject: 'p1' });
    const wishes = [
      wish({ thing: 'leader', code: 'leader-down', subject: 'p1' }),
      wish({ level: 'warning', about: 'x' }),
    ];
    const shared = [grave, row({ key: 'i1', level: 'info' })];
    expect(turnPages(input({ wishes, shared })).acts).toMatchObject([
      { change: 'changed', row: { level: 'warning' }, worst: 'critical' },
    ]);
  });

  it('is over for who counts by it, once whoever holds tenure tells it under another key', () => {
    const memory = { ...NO_PAGES, own: [row({ by: 'b', key: 'i1' })] };
    const told = (key: string, role: 'watcher' | 'holder') =>
      turnPages(input({ role, instance: 'b', memory, shared: [row({ key })] }));
    for (const role of ['watcher', 'holder'] as const) {
      const first = told('i2', role);
      expect(first.acts).toMatchObject([{ change: 'ended', row: { key: 'i1' }, isLast: true, isHandedOver: true }]);
      expect(turnPages(input({ role, instance: 'b', memory: first.memory, shared: first.shared })).acts).toEqual([]);
      expect(told('i1', role).acts).toEqual([]);
    }
  });

  it('is over with the last of it', () => {
    const gone = { key: 'i1', goneSinceMs: T - 60_000 };
    const both = [row(gone), row({ ...gone, thing: 'leader', code: 'leader-down', subject: 'p1' })];
    const one = turnPages(
      input({ wishes: [], shared: [row(gone), row({ ...gone, thing: 'leader', goneSinceMs: T })] }),
    );
    expect(one.acts).toMatchObject([{ change: 'ended', isLast: false }]);
    expect(turnPages(input({ wishes: [], shared: both })).acts.map(({ isLast }) => isLast)).toEqual([true, true]);
  });
});
