import { formatLsn, lsnFromNumber, slotNameOf } from '../model/names.js';
import type { Reply, Step } from '../model/plan.js';
import type { Slot } from '../model/sql.js';
import { streamsFrom } from './replication.js';
import { isOldPatroni, memberSim, note, type MemberSim, type World } from './state.js';

/** The slot that `holdWal` makes, which nobody reads. */
const FORGOTTEN = 'forgotten';

const lsnText = (bytes: number): string => formatLsn(lsnFromNumber(Math.round(bytes)));

/** Patroni 4 keeps the slot of a member whose key is gone for `member_slots_ttl`; older ones drop it in their next loop. */
const MEMBER_SLOTS_TTL_MS = 30 * 60_000;

/** Of one whose container was stopped: what only looks dead to others may come back at any moment, and its slot is left as it is here. */
function hasSlot(world: World, other: MemberSim): boolean {
  const { state, finishedAtMs } = other.host;
  if (state !== 'stopped' || world.etcd.members.has(other.name)) return true;
  if (finishedAtMs === null) return false;
  return !isOldPatroni(other) && world.time.nowMs - finishedAtMs < MEMBER_SLOTS_TTL_MS;
}

/** As a primary shows them: one of each member, and what somebody forgot. */
export function slotsOf(world: World, primary: MemberSim): readonly Slot[] {
  const active = new Set(streamsFrom(world, primary.name).map((other) => other.name));
  const { replayLsn, disk } = primary.postgres;
  const members = world.members
    .filter((other) => other !== primary && hasSlot(world, other))
    .map((other) => ({
      name: other.name,
      active: active.has(other.name),
      retainedBytes: Math.max(0, Math.round(replayLsn - other.postgres.receiveLsn)),
      walStatus: other.postgres.walGap ? 'lost' : 'reserved',
      kind: 'physical' as const,
      restartLsn: other.postgres.walGap ? null : lsnText(other.postgres.receiveLsn),
    }));
  if (disk.held === null) return members;
  const retainedBytes = Math.max(0, Math.round(replayLsn - disk.held));
  const kind = disk.heldBy;
  const row = { name: FORGOTTEN, active: disk.heldActive, retainedBytes, walStatus: 'reserved', kind };
  return [...members, { ...row, restartLsn: lsnText(disk.held) }];
}

/** As the statement itself asks: unused, and the very one that was seen. */
export function dropSlot(
  world: World,
  step: Extract<Step, { port: 'sql'; statement: 'drop-slot' }>,
): Omit<Reply, 'tookMs'> {
  const primary = memberSim(world, step.member);
  const found = slotsOf(world, primary).find((row) => row.name === step.slot);
  if (found === undefined || found.active || found.restartLsn !== step.restartLsn || primary.postgres.inRecovery)
    return { effect: 'none', status: null, text: 'it is used, or is another one by now' };
  if (found.name === FORGOTTEN) primary.postgres.disk.held = null;
  for (const other of world.members) if (slotNameOf(other.name) === found.name) other.postgres.walGap = true;
  note(world, `slot ${step.slot} on ${step.member} is dropped`);
  return { effect: 'done', status: null, text: `dropped slot ${step.slot}` };
}
