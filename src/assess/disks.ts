import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { loggedOf, signsOf } from './copy-fault.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { leaderKeyHolder } from './leader.js';
import { fillingOf } from './filling.js';
import { binaryText, diskOf, levelOfVolume, volumesOf, volumeText, type Named, type VolumeLevel } from './room.js';
import { spanText } from '../words/amounts.js';

/** Volumes that are full or fill, by the host driver and by what PostgreSQL itself writes into its log. */
export const assessDisks: Assess = (input) => input.view.members.flatMap((member) => diskOfMember(input, member));

function diskOfMember(input: Assessment, member: MemberView): readonly Finding[] {
  const { view } = input;
  const isLeader = leaderKeyHolder(view) === member.name;
  const disk = diskOf(member);
  const volumes =
    disk === null ? [] : volumesOf(disk).map(({ name, volume }) => ({ name, volume, level: levelOfVolume(volume) }));
  const logged = loggedOf(view, member, 'room');
  const full: Evidence[] = volumes
    .filter((row) => row.level === 'full')
    .map((row) => says('host', `${member.name}: ${volumeText(row)}`, view.atMs));
  if (logged !== null) full.push(says('host', `the log of ${member.name} says: ${logged.text}`, view.atMs));
  const facts = { isLeader, freeBytes: disk?.data.freeBytes ?? null, totalBytes: disk?.data.totalBytes ?? null };
  if (full.length > 0)
    return [seen('disk-full', member.name, isLeader ? [...full, writesFail(input, member)] : full, facts)];
  const filling = soonFull(input, member, volumes);
  if (filling !== null)
    return [seen('disk-filling', member.name, filling.evidence, { ...facts, leftMs: filling.leftMs })];
  return disk === null && isUntold(input, member)
    ? [cannotTell('disk-full', member.name, `neither the volumes nor the log of ${member.name} can be read`, view.atMs)]
    : [];
}

/** Until when a trend is worth a word where the policy in an older journal says nothing. */
const WARN_WITHIN_MS = 4 * 60 * 60_000;

/** Little is left, or what is left does not last: the first volume of which that is so, with the time that is left at its present rate. */
function soonFull(
  { view, memory, policy }: Assessment,
  { name }: MemberView,
  volumes: readonly (Named & { readonly level: VolumeLevel })[],
): { readonly evidence: readonly Evidence[]; readonly leftMs: number | null } | null {
  const within = policy.disks?.warnWithinMs ?? WARN_WITHIN_MS;
  for (const row of volumes) {
    const trend = fillingOf(memory.room?.[name] ?? {}, row.name, row.volume.totalBytes, view.atMs);
    const isSoon = trend !== null && trend.leftMs <= within;
    if (row.level !== 'filling' && !isSoon) continue;
    const evidence = [says('host', `${name}: ${volumeText(row)}`, view.atMs)];
    if (trend !== null) {
      const rate = `${binaryText(Math.round(trend.bytesPerSecond * 60))} a minute`;
      evidence.push(says('host', `at the present rate, ${rate}, it is full in ${spanText(trend.leftMs)}`, view.atMs));
    }
    return { evidence, leftMs: trend === null ? null : Math.round(trend.leftMs) };
  }
  return null;
}

const writesFail = ({ view }: Assessment, { name }: MemberView): Evidence =>
  says('self', `${name} leads: writes fail, or will when its WAL has no room left`, view.atMs);

/** It does not work, and its log cannot be read: a full disk that was seen before is not over. */
const isUntold = ({ view }: Assessment, member: MemberView): boolean =>
  freshValue(member.api)?.state !== 'running' && signsOf(view, member) === null;
