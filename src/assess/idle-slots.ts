import { slotNameOf, type MemberName } from '../model/names.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { Slot } from '../model/sql.js';
import { memberOf, type MemberView } from '../model/view.js';
import { bytesText, spanText } from '../words/amounts.js';
import { isArchivingStuck, SEGMENT_BYTES } from './archive.js';
import type { Assessment } from './finding.js';
import { fillingOf } from './filling.js';
import { leaderKeyHolder } from './leader.js';
import { diskOf, levelOfVolume, volumeText } from './room.js';
import { strangersIn } from './strangers.js';

/** What every slot that is used may hold at times. */
export const HELD_BY_ANY_BYTES = 64 * 1024 ** 2;

/** A slot that nobody uses, of which PostgreSQL tells all that is needed to drop it and no other. */
export interface IdleSlot {
  readonly name: string;
  readonly kind: 'physical' | 'logical';
  readonly restartLsn: string;
  readonly retainedBytes: number;
  /** Of whom; null: of no member of ours. */
  readonly member: MemberName | null;
}

/** Most WAL first. */
export function idleSlotsOf({ view }: Pick<Assessment, 'view'>, leader: MemberView): readonly IdleSlot[] {
  const slots = freshValue(leader.sql)?.slots ?? [];
  const idle = slots.flatMap((slot) => {
    const { kind, restartLsn, retainedBytes } = slot;
    if (slot.active || kind == null || restartLsn == null || retainedBytes === null) return [];
    const member = ownerOf(view.members, slot);
    return [{ name: slot.name, kind, restartLsn, retainedBytes, member }];
  });
  return idle.sort((a, b) => b.retainedBytes - a.retainedBytes);
}

const ownerOf = (members: readonly MemberView[], { name, kind }: Slot): MemberName | null =>
  kind === 'physical' ? (members.find((member) => slotNameOf(member.name) === name)?.name ?? null) : null;

/** How near the end the volume is that the leader's WAL lies on; `leftMs` null: it does not fill. Null: it is not near, or nobody can tell. */
function walVolumeDanger(
  { view, memory, policy }: Assessment,
  leader: MemberView,
): { readonly leftMs: number | null; readonly text: string } | null {
  const disk = diskOf(leader);
  if (disk === null) return null;
  const [name, volume] = disk.wal === null ? (['data', disk.data] as const) : (['WAL', disk.wal] as const);
  const trend = fillingOf(memory.room?.[leader.name] ?? {}, name, volume.totalBytes, view.atMs);
  const isSoon = trend !== null && trend.leftMs <= (policy.slots.dropWithinMs ?? 0);
  if (!isSoon && levelOfVolume(volume) === 'roomy') return null;
  const left = trend === null ? '' : `, full in ${spanText(trend.leftMs)} at the present rate`;
  return { leftMs: trend === null ? null : trend.leftMs, text: `${volumeText({ name, volume })}${left}` };
}

/** Why this slot stays, whatever it holds; null: nothing speaks for it, and its WAL goes with it. */
export const whyKept = (input: Assessment, leader: MemberView, slot: IdleSlot): string | null =>
  whyOwnersStays(input, leader, slot) ?? whyInVain(input, leader, slot);

/** A slot is lost for nothing where the WAL behind it is kept for another reason. */
function whyInVain(input: Assessment, leader: MemberView, slot: IdleSlot): string | null {
  if (isArchivingStuck(leader))
    return `archiving on ${leader.name} fails, and its WAL stays for that, without a slot too`;
  // Those that go next keep nothing for long.
  const going = new Set(
    idleSlotsOf(input, leader)
      .filter((row) => whyOwnersStays(input, leader, row) === null)
      .map(({ name }) => name),
  );
  const other = nextHolder(leader, slot, going);
  if (other === null || other.bytes < slot.retainedBytes - Number(SEGMENT_BYTES)) return null;
  return `slot ${other.name} stays and holds as much (${bytesText(other.bytes)}): dropping ${slot.name} would give nothing back`;
}

/** Who holds most beside it. */
function nextHolder(
  leader: MemberView,
  { name }: Pick<IdleSlot, 'name'>,
  except: ReadonlySet<string> = new Set(),
): { readonly name: string; readonly bytes: number } | null {
  const others = (freshValue(leader.sql)?.slots ?? []).flatMap(({ name: other, retainedBytes }) =>
    other === name || retainedBytes === null || except.has(other) ? [] : [{ name: other, bytes: retainedBytes }],
  );
  return others.sort((a, b) => b.bytes - a.bytes)[0] ?? null;
}

function whyOwnersStays(input: Assessment, leader: MemberView, slot: IdleSlot): string | null {
  const { slots } = input.policy;
  if (slot.retainedBytes < HELD_BY_ANY_BYTES) return `slot ${slot.name} holds only ${bytesText(slot.retainedBytes)}`;
  const danger = walVolumeDanger(input, leader);
  if (danger === null) return `the volume of ${leader.name} is in no danger that is seen`;
  if (slot.kind === 'logical')
    return slots.dropLogical?.includes(slot.name) === true
      ? null
      : `slot ${slot.name} is logical, and slots.dropLogical does not name it`;
  return slot.member === null
    ? whyStrangersStays(input, slot.name)
    : whyMembersStays(input, slot.member, danger.leftMs);
}

/** A member that our configuration lacks needs its slot like any other, and we see nothing of it. */
function whyStrangersStays({ view }: Assessment, slot: string): string | null {
  const strangers = strangersIn(view);
  if (strangers === null) return `whose slot ${slot} is cannot be told: etcd does not answer`;
  const name = strangers.find((stranger) => slotNameOf(stranger) === slot);
  return name === undefined ? null : `slot ${slot} is of ${name}, a member that the configuration lacks`;
}

/** A member that may come back in time needs what is kept for it; unless the volume is full before. */
function whyMembersStays({ view, memory, policy }: Assessment, name: MemberName, leftMs: number | null): string | null {
  const member = memberOf(view, name);
  // A Patroni that is silent for a moment ends no copy.
  const isCopied =
    member === null || lastValue(member.api)?.state === 'creating-replica' || name in memory.creatingSinceMs;
  if (isCopied) return `${name} is being copied and needs its slot`;
  if (freshValue(member.api) !== null || freshValue(member.sql) !== null) return `${name} answers and needs its slot`;
  const seenMs = memory.positions[name]?.atMs ?? null;
  if (seenMs === null) return `since when ${name} is away is not known`;
  const backInMs = (policy.slots.awaitMemberMs ?? Infinity) - (view.atMs - seenMs);
  if (backInMs <= 0 || (leftMs !== null && leftMs < backInMs)) return null;
  return `${name} was seen ${spanText(view.atMs - seenMs)} ago and may come back for ${spanText(backInMs)}`;
}

/** The slot that goes first, or why none does. */
export function slotToDrop(input: Assessment, name: string): IdleSlot | string {
  const leader = memberOf(input.view, name);
  if (leader === null || leaderKeyHolder(input.view) !== name) return `${name} does not hold the leader key`;
  if (freshValue(leader.sql)?.inRecovery !== false) return `${name} is not proven to lead by SQL`;
  const idle = idleSlotsOf(input, leader);
  const reasons: string[] = [];
  for (const slot of idle) {
    const why = whyKept(input, leader, slot);
    if (why === null) return slot;
    reasons.push(why);
  }
  return reasons.join('; ') || `no slot on ${name} is unused`;
}

/** What is lost with it, for whoever agrees. */
export function dropText(input: Assessment, name: string, slot: IdleSlot): string {
  const leader = memberOf(input.view, name);
  const danger = leader === null ? null : walVolumeDanger(input, leader);
  const whose =
    slot.kind === 'logical'
      ? 'its consumer loses its place and what it has not read'
      : slot.member === null
        ? 'whoever streams by it (a backup, another cluster) must be copied anew'
        : `${slot.member} must be copied anew unless an archive has its WAL`;
  return `dropping slot ${slot.name} ${gainText(leader, slot)}; ${whose}; Patroni makes a slot of its own again, from then on${danger === null ? '' : `; ${danger.text}`}`;
}

/** The difference to who holds most beside it: that much and no more. */
function gainText(leader: MemberView | null, slot: IdleSlot): string {
  const next = leader === null ? null : nextHolder(leader, slot);
  const bytes = slot.retainedBytes - (next?.bytes ?? 0);
  if (next !== null && bytes <= Number(SEGMENT_BYTES))
    return `gives back its ${bytesText(slot.retainedBytes)} of WAL only when slot ${next.name} is gone too`;
  const rest =
    next === null || next.bytes < HELD_BY_ANY_BYTES ? '' : ` (slot ${next.name} keeps ${bytesText(next.bytes)})`;
  return `gives back ${bytesText(bytes)} of WAL at the next checkpoint${rest}`;
}
