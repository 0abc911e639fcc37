import { asideSinceMs, asidesOf } from '../model/aside.js';
import { isCleanCheck, type DataCheck } from '../model/data-check.js';
import type { DamageLog, DamageMark, DamageMemory, DamageSign } from '../model/damage.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';

/** What nobody mended and nobody read again for so long is left to the next line that says it. */
const KEPT_MS = 7 * 24 * 60 * 60_000;
/** Kept with every pass. */
const MOST_MARKS = 8;
const MOST_SETTLED = 20;

const NOTHING: DamageMemory = { marks: [], settledMs: null, settled: [] };

/** Pages that the log of a member said could not be read: a line stands there for minutes, what it says is true until the copy is another one. */
export function rememberDamage(memory: Memory, view: ClusterView): Pick<Memory, 'damage'> {
  const before = memory.damage ?? {};
  const rows = view.members.flatMap((member): readonly (readonly [string, DamageMemory])[] => {
    const row = ofMember(before[member.name] ?? NOTHING, view, member);
    return row.marks.length === 0 && row.settledMs === null && row.checkedMs === undefined ? [] : [[member.name, row]];
  });
  return rows.length === 0 && memory.damage === undefined ? {} : { damage: Object.fromEntries(rows) };
}

function ofMember(kept: DamageMemory, view: ClusterView, member: MemberView): DamageMemory {
  const before = notAhead(kept, view.atMs);
  const at = settledAt(view, member);
  const copied = at !== null && at > (before.settledMs ?? 0) ? settle(before, at) : before;
  const check = checkOf(view, member);
  const settled = check !== null && isCleanCheck(check) ? settleRead(copied, check) : copied;
  const log = member.damage === undefined || member.damage.kind === 'unknown' ? null : member.damage;
  const marks = settled.marks.filter(({ lastMs }) => view.atMs - lastMs < KEPT_MS);
  const readMs = Math.min(log?.atMs ?? 0, view.atMs);
  const isOld = log === null || readMs <= (settled.settledMs ?? 0);
  const logged = isOld ? marks : withLog(settled, marks, log.value, readMs);
  return { ...settled, marks: check === null ? logged : withCheck(settled, logged, check) };
}

/** One that has ended; of before our clock was set back nobody can say what it was before. */
function checkOf({ atMs }: ClusterView, { check }: MemberView): DataCheck | null {
  if (check === undefined || check.kind === 'unknown') return null;
  const { startedMs, endedMs } = check.value;
  return endedMs === null || startedMs > atMs ? null : check.value;
}

/**
 * What a run before this one noted by a clock that was ahead: a mark stays for as long as one of now, and when the data was last another one is not known any
 * more, or each line from now on would be of before.
 */
function notAhead(memory: DamageMemory, nowMs: number): DamageMemory {
  const { marks, settledMs, checkedMs, ...rest } = memory;
  const isAhead = (ms: number | null | undefined): boolean => ms != null && ms > nowMs;
  if (![settledMs, checkedMs, ...marks.map(({ lastMs }) => lastMs)].some(isAhead)) return memory;
  return {
    ...rest,
    marks: marks.map((row) => ({
      ...row,
      firstMs: Math.min(row.firstMs, nowMs),
      lastMs: Math.min(row.lastMs, nowMs),
    })),
    settledMs: isAhead(settledMs) ? null : settledMs,
    ...(checkedMs === undefined || isAhead(checkedMs) ? {} : { checkedMs }),
  };
}

/**
 * After our wall clock was set: marks are as old as they were. What was settled moves back with it and never on, since the machine may have slept, and a
 * line that was written meanwhile is not of before.
 */
export function livedDamage(memory: DamageMemory, byMs: number): DamageMemory {
  const { marks, settledMs, checkedMs } = memory;
  const back = Math.min(0, byMs);
  return {
    ...memory,
    marks: marks.map((row) => ({ ...row, firstMs: row.firstMs + byMs, lastMs: row.lastMs + byMs })),
    settledMs: settledMs === null ? null : settledMs + back,
    ...(checkedMs === undefined ? {} : { checkedMs: checkedMs + back }),
  };
}

/** Since when its data directory is surely another one: it is being copied, or the old one was moved aside. Null: nothing says so. */
function settledAt(view: ClusterView, member: MemberView): number | null {
  const { name, api } = member;
  const copied = freshValue(api)?.state === 'creating-replica' ? view.atMs : 0;
  const moved = (asidesOf(view, name) ?? []).map(({ name: folder }) => asideSinceMs(folder) ?? 0);
  const latest = Math.max(copied, ...moved.filter((ms) => ms <= view.atMs), 0);
  return latest === 0 ? null : latest;
}

const settle = ({ marks, settled, ...rest }: DamageMemory, atMs: number): DamageMemory => ({
  ...rest,
  marks: marks.filter(({ lastMs }) => lastMs > atMs),
  settledMs: atMs,
  settled: [...settled, ...marks.filter(({ lastMs }) => lastMs <= atMs).map(({ text }) => text)].slice(-MOST_SETTLED),
});

/** What a page that cannot be verified is told with just before its place is. */
const TOGETHER_MS = 1_000;

/**
 * A check that found nothing settles what it has read: the place itself, by a kind of damage that it would have seen. A file that is gone, or was cut short
 * between two pages, or whose page was emptied, looks whole to it: that ends where the place is of no relation any more.
 */
function isReadBy({ kind, relation, text }: DamageMark, { places }: DataCheck): boolean {
  if (kind === 'checked') return true;
  // It holds each row of each table against the oldest that its table may have.
  if (relation === null) return kind === 'bad-heap';
  if (places === undefined) return false;
  if (places.gone.includes(relation)) return true;
  const isSeen =
    kind === 'bad-index' ||
    kind === 'bad-heap' ||
    (kind === 'invalid-page' && !text.includes('zeroing out')) ||
    (kind === 'unreadable-block' && !text.includes('read only'));
  return isSeen && places.read.includes(relation);
}

function settleRead(memory: DamageMemory, check: DataCheck): DamageMemory {
  const { marks, settled } = memory;
  const { startedMs } = check;
  if (startedMs <= (memory.checkedMs ?? 0) || startedMs <= (memory.settledMs ?? 0)) return memory;
  const read = marks.filter((mark) => mark.lastMs <= startedMs && isReadBy(mark, check));
  const goesWith = (mark: DamageMark): boolean =>
    mark.kind === 'wrong-checksum' &&
    mark.relation === null &&
    mark.atMs !== null &&
    read.some(({ kind, atMs }) => kind === 'invalid-page' && atMs !== null && isNear(atMs, mark.atMs));
  const done = marks.filter((mark) => read.includes(mark) || goesWith(mark));
  return {
    ...memory,
    marks: marks.filter((mark) => !done.includes(mark)),
    settled: [...settled, ...done.map(({ text }) => text)].slice(-MOST_SETTLED),
    checkedMs: startedMs,
  };
}

const isNear = (one: number, other: number | null): boolean => other !== null && Math.abs(one - other) <= TOGETHER_MS;

const isSame = (one: DamageSign, other: DamageSign): boolean =>
  one.kind === other.kind && one.relation === other.relation && one.block === other.block;

/** The log is read once a minute, and two minutes of it: a line without a time may be of before for so long. */
const MAYBE_OLD_MS = 240_000;

/** Written by the PostgreSQL that ran on the data before these, or so long ago that nobody counts it any more. */
function isOfBefore(memory: DamageMemory, { atMs, text }: DamageSign, readMs: number): boolean {
  const { settledMs, settled, checkedMs = 0 } = memory;
  if (atMs !== null && atMs <= checkedMs && settled.includes(text)) return true;
  if (atMs !== null) return readMs - atMs > KEPT_MS || (settledMs !== null && atMs <= settledMs);
  return settled.includes(text) || (settledMs !== null && readMs - settledMs < MAYBE_OLD_MS);
}

function withLog(
  memory: DamageMemory,
  before: readonly DamageMark[],
  { signs }: DamageLog,
  readMs: number,
): readonly DamageMark[] {
  let marks = before;
  for (const sign of signs) {
    if (isOfBefore(memory, sign, readMs)) continue;
    const known = marks.find((mark) => isSame(mark, sign));
    // A clock ahead of ours dates nothing later than we read it.
    const lastMs = Math.min(sign.atMs ?? (known?.text === sign.text ? known.lastMs : readMs), readMs);
    const mark = { ...sign, firstMs: known?.firstMs ?? lastMs, lastMs: Math.max(lastMs, known?.lastMs ?? 0) };
    marks = [...marks.filter((row) => row !== known), mark];
  }
  return marks.slice(-MOST_MARKS);
}

/** What a check found stands until another one finds it no more; what was ended half-way has found what it has found. */
function withCheck(
  { settledMs }: DamageMemory,
  before: readonly DamageMark[],
  { findings, startedMs, endedMs, database, gaps }: DataCheck,
): readonly DamageMark[] {
  if (endedMs === null || startedMs < (settledMs ?? 0)) return before;
  const isWhole = database === null && gaps.length === 0;
  const others = isWhole ? before.filter(({ kind, lastMs }) => kind !== 'checked' || lastMs >= startedMs) : before;
  return findings.reduce((marks, { relation, block, text }) => {
    const sign = { kind: 'checked' as const, relation, block, text, atMs: endedMs };
    const known = marks.find((mark) => isSame(mark, sign));
    const mark = { ...sign, firstMs: known?.firstMs ?? endedMs, lastMs: endedMs };
    return [...marks.filter((row) => row !== known), mark].slice(-MOST_MARKS);
  }, others);
}
