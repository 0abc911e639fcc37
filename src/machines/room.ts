import { CLOCK_JUMP_MS } from '../assess/observer.js';
import { SLOT_MS, SLOTS } from '../assess/filling.js';
import type { Memory, RoomSample } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';

/**
 * The most that was free on each member's volumes in each of the last slots: it changes once in a slot where a volume fills, so that it costs
 * the journal next to nothing. Anew after a jump of our clock, by which the slots are told.
 */
export function rememberRoom(memory: Memory, view: ClusterView): NonNullable<Memory['room']> {
  let next = Math.abs(view.observer.clockJumpMs) > CLOCK_JUMP_MS ? {} : (memory.room ?? {});
  for (const member of view.members) {
    // One that is handed on with its age counts too: a slow `df` comes that way for as long as the leader's API is silent.
    if (member.disk === undefined || member.disk.kind === 'unknown') continue;
    const before = next[member.name] ?? {};
    const slot = Math.floor(member.disk.atMs / SLOT_MS);
    const known = before[slot];
    const most = mostOf(known, sampleOf(member.disk.value));
    if (known !== undefined && most.every((mib, index) => mib === known[index])) continue;
    const kept = Object.entries(before).filter(([key]) => Number(key) > slot - SLOTS && Number(key) <= slot);
    next = { ...next, [member.name]: { ...Object.fromEntries(kept), [slot]: most } };
  }
  return next;
}

const mib = (bytes: number): number => Math.floor(bytes / 1024 ** 2);

const sampleOf = ({ data, wal }: Extract<MemberView['disk'], { kind: 'fresh' }>['value']): RoomSample =>
  wal === null ? [mib(data.freeBytes)] : [mib(data.freeBytes), mib(wal.freeBytes)];

function mostOf(known: RoomSample | undefined, now: RoomSample): RoomSample {
  if (known?.length !== now.length) return now;
  const [dataMib, walMib] = now;
  const data = Math.max(known[0], dataMib);
  return walMib === undefined ? [data] : [data, Math.max(known[1] ?? 0, walMib)];
}
