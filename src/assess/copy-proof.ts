import { matterOf } from '../model/log-sign.js';
import { lsnFromNumber, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { spanText } from '../words/amounts.js';
import { archivedUpTo, isArchivingStuck, SEGMENT_BYTES } from './archive.js';
import { candidatesFor } from './candidates.js';
import { signsOf } from './copy-fault.js';
import { copyNeeds, roomWithout, walRoomOf } from './copy-needs.js';
import type { Assessment } from './finding.js';
import { firstBeyond } from './leader-trail.js';
import { leadershipOf } from './leader.js';
import { binaryText, diskOf, levelOfVolume, volumesOf, volumeText, whyNoRoom } from './room.js';

/** pg_basebackup with its WAL beside the files, as Patroni calls it. */
const SENDERS_OF_A_COPY = 2;

type Proof = (input: Assessment, member: MemberView, leader: MemberView) => string | null;

/** In the order in which a copy needs them: a way, a login, a sender, room here, room there; then what it would cost the others. */
const PROOFS: readonly Proof[] = [noWay, noSender, noRoomHere, noRoomThere, noSuccessorThen];

/**
 * Why a copy of the leader would fail, or end the leader: then the old one is not thrown away for it. Null: nothing is known that stands in
 * its way.
 */
export function whyNoCopy(input: Assessment, member: MemberView): string | null {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven') return 'there is no proven leader to copy from';
  for (const proof of PROOFS) {
    const why = proof(input, member, leadership.member);
    if (why !== null) return why;
  }
  return null;
}

/** The last word of its own log on the way to the leader, pg_hba.conf and password included. */
function noWay({ view }: Assessment, member: MemberView): string | null {
  const last = signsOf(view, member)?.find((row) => ['copy', 'link'].includes(matterOf(row)));
  return last !== undefined && matterOf(last) === 'link'
    ? `${member.name} does not get to the leader, so nothing could be copied: ${last.text}`
    : null;
}

function noSender(_input: Assessment, _member: MemberView, leader: MemberView): string | null {
  const senders = freshValue(leader.sql)?.walSenders ?? null;
  if (senders === null || senders.used + SENDERS_OF_A_COPY <= senders.max) return null;
  return `${leader.name} has ${senders.max - senders.used} free WAL senders of ${senders.max}, and a copy takes ${SENDERS_OF_A_COPY}: raise max_wal_senders`;
}

/** Patroni removes the old copy first; what the leader writes meanwhile comes with it. */
function noRoomHere(input: Assessment, member: MemberView, leader: MemberView): string | null {
  const full = whyNoRoom(input.view, member);
  if (full !== null) return full;
  const { leaderBytes, reserveBytes, walBytes } = copyNeeds(input, leader);
  const roomBytes = leaderBytes === null ? null : roomWithout(member, leaderBytes);
  if (roomBytes === null || leaderBytes === null || reserveBytes === null) return null;
  const neededBytes = leaderBytes + Math.max(reserveBytes, walBytes ?? 0);
  if (roomBytes >= neededBytes) return null;
  return `${member.name} has room for ${binaryText(roomBytes)} with its old copy removed, and a copy of ${leader.name} takes ${binaryText(neededBytes)} with its reserve`;
}

/** While a copy is made the slot of the member holds WAL on the leader: a short volume there ends writes, not only the copy. */
function noRoomThere(input: Assessment, _member: MemberView, leader: MemberView): string | null {
  const full = whyNoRoom(input.view, leader);
  if (full !== null) return `${full}, and WAL would be kept there while the copy is made`;
  const disk = diskOf(leader);
  const short = disk === null ? undefined : volumesOf(disk).find(({ volume }) => levelOfVolume(volume) !== 'roomy');
  if (short !== undefined) return `${leader.name}: ${volumeText(short)}, and WAL is kept there while the copy is made`;
  const { walBytes, lastMs } = copyNeeds(input, leader);
  const room = walRoomOf(leader);
  return walBytes === null || lastMs === null || room === null || walBytes < room
    ? null
    : `${leader.name} writes some ${binaryText(walBytes)} of WAL in the ${spanText(lastMs)} that the last copy took, and has ${binaryText(room)} free where it is kept`;
}

/** Who has not received for longer what the leader has written is not merely a moment behind. */
const RECEIVES_MS = 2_000;

/**
 * A base backup switches WAL on the leader, which moves its position by up to 16 MiB: more than `maximum_lag_on_failover` allows. Who receives
 * gets that too, by a stream or by the archive. Where all who could lead now are stalled, none of them could any more, and if the leader died
 * Patroni would elect nobody.
 */
function noSuccessorThen({ view, memory }: Assessment, member: MemberView, leader: MemberView): string | null {
  const able = candidatesFor(view, memory, leader.name).filter(
    (row) => row.name !== member.name && row.against.length === 0,
  );
  const rows = able.map(({ name, lsn }) => {
    const one = view.members.find((other) => other.name === name);
    const isFed = one !== undefined && livesFromArchive(one);
    const stalledMs = isFed && archiveGives(leader, lsn) ? 0 : missingSinceMs({ view, memory }, lsn);
    return { name, stalledMs, isFed };
  });
  if (rows.length === 0 || rows.some(({ stalledMs }) => stalledMs <= RECEIVES_MS)) return null;
  const who = rows.map(({ name, stalledMs }) => `${name} for ${Math.round(stalledMs / 1000)} s`).join(', ');
  const fed = rows.filter(({ isFed }) => isFed).map(({ name }) => name);
  const archive =
    fed.length === 0
      ? ''
      : `; ${fed.join(', ')} has its WAL from the archive: make ${leader.name} archive and ${fed.join(', ')} restore what it has complete, or let it stream`;
  return `nobody receives what ${leader.name} writes (${who} not): a copy moves the leader on by up to a WAL segment, and after that none of them may lead${archive}`;
}

const livesFromArchive = (member: MemberView): boolean =>
  freshValue(member.api)?.replicationState === 'in archive recovery';

/** Replay of a whole file ends at the last record that is whole in it. */
const LAST_RECORD_BYTES = 256n * 1024n;

/**
 * It has WAL file by file, so that for a while it lacks what the leader has not filled a file with; the copy ends that file, and then it gets
 * it. Only where both ends are seen: the leader has archived all but the file that it writes, and this position is where the last of them ends. The
 * first fails too where a file is larger than we take it for.
 */
function archiveGives(leader: MemberView, lsn: Lsn | null): boolean {
  const sql = freshValue(leader.sql);
  const archived = archivedUpTo(sql?.archiver?.archivedWal ?? null);
  if (sql?.currentLsn == null || archived === null || lsn === null || isArchivingStuck(leader)) return false;
  const isComplete = sql.currentLsn < archived + SEGMENT_BYTES;
  // Further than the archive reaches, or in the midst of a file, it came by a stream, and that it restores is not seen.
  return isComplete && lsn <= archived && lsn > archived - LAST_RECORD_BYTES;
}

/** Since the leader was first seen beyond this position, by our own clock; 0: it never was. */
function missingSinceMs({ view, memory }: Pick<Assessment, 'view' | 'memory'>, lsn: Lsn | null): number {
  const beyond = firstBeyond(memory, lsn ?? lsnFromNumber(0));
  return beyond === undefined ? 0 : view.atMs - beyond.atMs;
}

/** Why a person should look before a copy is thrown away although nothing stands against it: nobody can see the disk. Null: somebody can. */
export function whyUnsureOfRoom({ view }: Assessment, member: MemberView): string | null {
  if (diskOf(member) !== null || signsOf(view, member) !== null) return null;
  return `neither the volumes nor the log of ${member.name} can be read: whether a copy has room there is not known`;
}
