import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { loggedOf, signsOf } from './copy-fault.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { leaderKeyHolder } from './leader.js';
import { diskOf, levelOfVolume, volumesOf, volumeText } from './room.js';

/** Volumes that are full or fill, by the host driver and by what PostgreSQL itself writes into its log. */
export const assessDisks: Assess = (input) => input.view.members.flatMap((member) => diskOfMember(input, member));

function diskOfMember(input: Assessment, member: MemberView): readonly Finding[] {
  const { view } = input;
  const isLeader = leaderKeyHolder(view) === member.name;
  const disk = diskOf(member);
  const volumes = disk === null ? [] : volumesOf(disk).map((row) => ({ ...row, level: levelOfVolume(row.volume) }));
  const logged = loggedOf(view, member, 'room');
  const full: Evidence[] = volumes
    .filter((row) => row.level === 'full')
    .map((row) => says('host', `${member.name}: ${volumeText(row)}`, view.atMs));
  if (logged !== null) full.push(says('host', `the log of ${member.name} says: ${logged.text}`, view.atMs));
  const facts = { isLeader, freeBytes: disk?.data.freeBytes ?? null, totalBytes: disk?.data.totalBytes ?? null };
  if (full.length > 0)
    return [seen('disk-full', member.name, isLeader ? [...full, writesFail(input, member)] : full, facts)];
  const filling = volumes.find((row) => row.level === 'filling');
  if (filling !== undefined)
    return [
      seen('disk-filling', member.name, [says('host', `${member.name}: ${volumeText(filling)}`, view.atMs)], facts),
    ];
  return disk === null && isUntold(input, member)
    ? [cannotTell('disk-full', member.name, `neither the volumes nor the log of ${member.name} can be read`, view.atMs)]
    : [];
}

const writesFail = ({ view }: Assessment, { name }: MemberView): Evidence =>
  says('self', `${name} leads: writes fail, or will when its WAL has no room left`, view.atMs);

/** It does not work, and its log cannot be read: a full disk that was seen before is not over. */
const isUntold = ({ view }: Assessment, member: MemberView): boolean =>
  freshValue(member.api)?.state !== 'running' && signsOf(view, member) === null;
