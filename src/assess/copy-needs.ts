import { REBUILDS } from '../actions/rebuilds.js';
import { lastValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { spanText } from '../words/amounts.js';
import type { Assessment } from './finding.js';
import { leadershipOf } from './leader.js';
import { healthyReplicas } from './replica.js';
import { binaryText, diskOf } from './room.js';

/** Of the leader's size, for what is written while the copy is made. */
const RESERVE_SHARE = 0.1;

/** What a copy of the leader takes, as far as it is known; null: not known. */
export interface CopyNeeds {
  readonly leaderBytes: number | null;
  readonly reserveBytes: number | null;
  /** How long the last one took of which the ledger knows. */
  readonly lastMs: number | null;
  /** What the leader writes a second. */
  readonly walBytesPerSecond: number | null;
  /** What it writes in that time: kept on the leader by the slot, and sent beside the files. */
  readonly walBytes: number | null;
}

export function copyNeeds({ memory, ledger }: Assessment, leader: MemberView): CopyNeeds {
  const leaderBytes = leader.sizes === undefined ? null : (lastValue(leader.sizes)?.databaseBytes ?? null);
  const last = ledger.remediations
    .filter(({ plan, phase, shadow }) => REBUILDS.includes(plan.action) && phase === 'succeeded' && !shadow)
    .flatMap(({ sentAtMs, endedAtMs }) => (sentAtMs === null || endedAtMs === null ? [] : [endedAtMs - sentAtMs]));
  const lastMs = last.at(-1) ?? null;
  const walBytesPerSecond = memory.walRate?.bytesPerSecond ?? null;
  return {
    leaderBytes,
    reserveBytes: leaderBytes === null ? null : leaderBytes * RESERVE_SHARE,
    lastMs,
    walBytesPerSecond,
    walBytes: walBytesPerSecond === null || lastMs === null ? null : (walBytesPerSecond * lastMs) / 1000,
  };
}

/** Room on the data volume of a member with its old copy removed, which Patroni does first: taken for as large as the leader's. */
export function roomWithout(member: MemberView, leaderBytes: number): number | null {
  const disk = diskOf(member);
  if (disk === null) return null;
  const { freeBytes, totalBytes } = disk.data;
  return freeBytes + Math.min(leaderBytes, totalBytes - freeBytes);
}

/** Free where the leader's pg_wal lies. */
export function walRoomOf(leader: MemberView): number | null {
  const disk = diskOf(leader);
  return disk === null ? null : (disk.wal ?? disk.data).freeBytes;
}

/** What whoever agrees to a rebuild has to know of it, in one sentence. Null: nobody leads, so there is nothing to copy. */
export function copyNeedsText(input: Assessment, member: MemberView): string | null {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven') return null;
  const leader = leadership.member;
  const needs = copyNeeds(input, leader);
  return [sizeText(needs, member, leader), walText(needs, leader), timeText(needs), readersText(input, member)].join(
    '; ',
  );
}

function sizeText({ leaderBytes, reserveBytes }: CopyNeeds, member: MemberView, leader: MemberView): string {
  if (leaderBytes === null || reserveBytes === null) return `how large a copy of ${leader.name} is, is not known`;
  const room = roomWithout(member, leaderBytes);
  const takes = `a copy of ${leader.name} takes ${binaryText(leaderBytes)} and a reserve of ${binaryText(reserveBytes)}`;
  return room === null
    ? `${takes}; what room ${member.name} has is not known`
    : `${takes}, and ${member.name} has room for ${binaryText(room)} with its old copy removed`;
}

function walText({ walBytesPerSecond, walBytes }: CopyNeeds, leader: MemberView): string {
  const room = walRoomOf(leader);
  const rate = walBytesPerSecond === null ? 'WAL' : `WAL (${binaryText(Math.round(walBytesPerSecond * 60))} a minute)`;
  const all = walBytes === null ? '' : `, some ${binaryText(walBytes)} of it`;
  const where = room === null ? '' : `, where ${binaryText(room)} are free`;
  return `${rate} is kept on ${leader.name} meanwhile${all}${where}`;
}

const timeText = ({ lastMs }: CopyNeeds): string =>
  lastMs === null ? 'how long it takes is not known' : `the last one took ${spanText(lastMs)}`;

function readersText({ view, policy }: Assessment, { name }: MemberView): string {
  const others = healthyReplicas(view, policy.lag.criticalBytes).filter((one) => one.name !== name);
  return others.length === 0
    ? 'no other replica serves reads meanwhile'
    : `${others.map((one) => one.name).join(', ')} serves reads meanwhile`;
}
