import { matterOf, type LogMatter, type LogSign } from '../model/log-sign.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { divergenceOf } from './divergence.js';
import type { Assessment } from './finding.js';
import { leadershipOf } from './leader.js';
import { lostSlotOf } from './lost-slot.js';

/** A log is a record: what it said some seconds ago, it said. */
const LOG_MAX_AGE_MS = 15_000;

/** Signs of its log, newest first; null: its log was not read, or cannot be. */
export function signsOf(view: ClusterView, member: MemberView): readonly LogSign[] | null {
  const { log } = member;
  if (log === undefined || log.kind === 'unknown') return null;
  return view.atMs - log.atMs > LOG_MAX_AGE_MS ? null : log.value.signs;
}

/** The newest line of that matter; null: there is none, or nobody can read the log. */
export const loggedOf = (view: ClusterView, member: MemberView, matter: LogMatter): LogSign | null =>
  signsOf(view, member)?.find((row) => matterOf(row) === matter) ?? null;

/**
 * Is it the copy that is at fault? `sign`: proven, and by what. `other`: its log says that something else is. `none`: nothing says so: that
 * it does not start, stream or answer is no sign, a cut link and a wrong setting look the same.
 */
export interface CopyFault {
  readonly kind: 'sign' | 'other' | 'none';
  readonly text: string;
}

const quoted = (member: MemberView, { text }: LogSign): string => `the log of ${member.name} says: ${text}`;

export function copyFaultOf(input: Assessment, member: MemberView): CopyFault {
  const { view } = input;
  const signs = signsOf(view, member);
  const other = signs?.find((row) => ['room', 'person'].includes(matterOf(row))) ?? null;
  if (other !== null) return { kind: 'other', text: quoted(member, other) };
  const proven = provenBySql(input, member);
  if (proven !== null) return { kind: 'sign', text: proven };
  // A link that broke after the copy was found wanting leaves the copy wanting; one that broke before is what the log speaks of last.
  const last = signs?.find((row) => ['copy', 'link'].includes(matterOf(row))) ?? null;
  if (last !== null && matterOf(last) === 'copy') return { kind: 'sign', text: quoted(member, last) };
  if (last !== null) return { kind: 'other', text: quoted(member, last) };
  return { kind: 'none', text: `no sign that the copy of ${member.name} is at fault: ${logSays(view, member)}` };
}

/** Nothing of it, or why it was not read: a log that nobody can show is mended by a setting, one that came late is not. */
function logSays(view: ClusterView, { name, log }: MemberView): string {
  if (log === undefined || (log.kind === 'unknown' && log.fault === 'not-configured'))
    return `the log of ${name} cannot be read (hosts.commands.logs, or driver docker)`;
  if (log.kind === 'unknown') return `the log of ${name} was not read (${log.reason})`;
  const ageMs = view.atMs - log.atMs;
  return ageMs > LOG_MAX_AGE_MS
    ? `the log of ${name} was read ${Math.round(ageMs / 1000)} s ago`
    : `the log of ${name} says nothing of it`;
}

function provenBySql(input: Assessment, member: MemberView): string | null {
  const lost = lostSlotOf(input.view, member);
  if (lost !== null) return lost;
  const failures = freshValue(member.sql)?.checksumFailures ?? 0;
  if (failures > 0) return `PostgreSQL on ${member.name} counted ${failures} checksum failures`;
  return partedHistory(input, member);
}

/** Past the point where the leader's history left its timeline. On one timeline "further than the leader" is two readings a moment apart. */
function partedHistory(input: Assessment, member: MemberView): string | null {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven' || leadership.timeline === null) return null;
  const { positions, lastPrimary } = input.memory;
  const timeline = lastPrimary?.[member.name]?.timeline ?? positions[member.name]?.timeline ?? leadership.timeline;
  if (timeline === leadership.timeline) return null;
  const divergence = divergenceOf(input, member);
  return divergence.kind === 'diverged' || divergence.kind === 'parted' ? divergence.text : null;
}
