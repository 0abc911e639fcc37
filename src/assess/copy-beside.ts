import type { MemberView } from '../model/view.js';
import { copyNeeds } from './copy-needs.js';
import type { Assessment } from './finding.js';
import { binaryText, diskOf, whyNoRoom } from './room.js';

/** Why a copy of `leader` does not fit beside the directory that this member has, which stays; null: it does. What is not known counts as no room. */
export function whyNoRoomBeside(input: Assessment, member: MemberView, leader: MemberView): string | null {
  const full = whyNoRoom(input.view, member);
  if (full !== null) return full;
  const disk = diskOf(member);
  if (disk === null) return `what room ${member.name} has is not known: its old directory and a new copy must both fit`;
  const { leaderBytes, reserveBytes, walBytes } = copyNeeds(input, leader);
  if (leaderBytes === null || reserveBytes === null)
    return `how large a copy of ${leader.name} is, is not known: it must fit beside the old directory of ${member.name}`;
  const neededBytes = leaderBytes + Math.max(reserveBytes, walBytes ?? 0);
  const { freeBytes } = disk.data;
  return freeBytes >= neededBytes
    ? null
    : `${member.name} has ${binaryText(freeBytes)} free, and a copy of ${leader.name} beside the old directory takes ${binaryText(neededBytes)} with its reserve: make room, or give the old copy up by reinitialize-replica`;
}
