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
    return row.marks.length === 0 && row.settledMs === null ? [] : [[member.name, row]];
  });
  return rows.length === 0 && memory.damage === undefined ? {} : { damage: Object.fromEntries(rows) };
}

function ofMember(before: DamageMemory, view: ClusterView, member: MemberView): DamageMemory {
  const at = settledAt(view, member);
  const settled = at !== null && at > (before.settledMs ?? 0) ? settle(before, at) : before;
  const log = member.damage === undefined || member.damage.kind === 'unknown' ? null : member.damage;
  const marks = settled.marks.filter(({ lastMs }) => view.atMs - lastMs < KEPT_MS);
  const isOld = log === null || log.atMs <= (settled.settledMs ?? 0);
  const logged = isOld ? marks : withLog(settled, marks, log.value, log.atMs);
  const check = checkOf(member);
  return { ...settled, marks: check === null ? logged : withCheck(settled, logged, check) };
}

const checkOf = ({ check }: MemberView): DataCheck | null =>
  check === undefined || check.kind === 'unknown' || check.value.endedMs === null ? null : check.value;

/**
 * Since when its data directory is surely another one (it is being copied, or the old one was moved aside), or a check of all of it that began then found
 * nothing. Null: nothing says so.
 */
function settledAt(view: ClusterView, member: MemberView): number | null {
  const { name, api } = member;
  const check = checkOf(member);
  const clean = check !== null && isCleanCheck(check) ? check.startedMs : 0;
  const copied = freshValue(api)?.state === 'creating-replica' ? view.atMs : 0;
  const aside = Math.max(0, ...(asidesOf(view, name) ?? []).map(({ name: folder }) => asideSinceMs(folder) ?? 0));
  const latest = Math.max(copied, aside, clean);
  return latest === 0 ? null : latest;
}

const settle = ({ marks, settled }: DamageMemory, atMs: number): DamageMemory => ({
  marks: marks.filter(({ lastMs }) => lastMs > atMs),
  settledMs: atMs,
  settled: [...settled, ...marks.filter(({ lastMs }) => lastMs <= atMs).map(({ text }) => text)].slice(-MOST_SETTLED),
});

const isSame = (one: DamageSign, other: DamageSign): boolean =>
  one.kind === other.kind && one.relation === other.relation && one.block === other.block;

/** The log is read once a minute, and two minutes of it: a line without a time may be of before for so long. */
const MAYBE_OLD_MS = 240_000;

/** Written by the PostgreSQL that ran on the data before these, or so long ago that nobody counts it any more. */
function isOfBefore({ settledMs, settled }: DamageMemory, { atMs, text }: DamageSign, readMs: number): boolean {
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
