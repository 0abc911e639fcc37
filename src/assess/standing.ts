import { clockText } from '../words/moments.js';
import { bytesText, spanText } from '../words/amounts.js';
import type { Evidence } from '../model/channel.js';
import { slotNameOf } from '../model/names.js';
import type { Finding } from '../model/problem.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { Slot } from '../model/sql.js';
import type { MemberView } from '../model/view.js';
import { archivedUpTo, isArchivingStuck } from './archive.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { intendedDelayMs, isRetired, whyNotStreaming } from './intended.js';
import { followedIn, leadershipOf, replicasOf } from './leader.js';
import { pauseCauseOf } from './paused-replay.js';
import { forkPoint, timelineOf } from './timeline.js';
import { UNTOLD, upstreamOf, wishedUpstream } from './upstream.js';

/** How replicas, slots and the archive stand, apart from how far behind they are. */
export const assessStanding: Assess = (input) => [
  ...staleSite(input),
  ...input.view.members.flatMap((member) => [...archiving(input, member), ...slotsOf(input, member)]),
  ...replicasOf(input.view).flatMap((member) => [
    ...replayPaused(input, member),
    ...wrongUpstream(input, member),
    ...foreignTimeline(input, member),
  ]),
  ...input.view.members.flatMap((member) => intended(input, member)),
];

/** A leader in recovery on purpose has one task: to receive. WAL from an archive counts by what is replayed. */
function staleSite({ view, memory }: Assessment): readonly Finding[] {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'standby' || leadership.member === null) return [];
  const { name, sql: reading } = leadership.member;
  const sql = freshValue(reading);
  if (sql === null) return [cannotTell('standby-cluster-stale', name, `SQL of ${name} gives no answer`, view.atMs)];
  const { walReceiver } = sql;
  if (walReceiver?.status === UNTOLD) return [];
  const silentMs = walReceiver?.status === 'streaming' ? (walReceiver.latestEndAgeMs ?? 0) : Infinity;
  if (silentMs < SILENT_SENDER_MS) return [];
  const changedAtMs = memory.replay[name]?.changedAtMs ?? view.atMs;
  const standingMs = view.atMs - changedAtMs;
  // Without a stream it may live on its archive: what moves is not stale.
  if (standingMs < SILENT_SENDER_MS) return [];
  const what =
    silentMs === Infinity
      ? 'has no streaming WAL receiver'
      : `has heard nothing from its sender for ${spanText(silentMs)}`;
  const text = `${name} ${what} and has replayed nothing for ${spanText(standingMs)}`;
  const evidence = [says('sql', text, view.atMs)];
  const told = freshValue(leadership.member.api)?.replicationState ?? null;
  if (told !== null && told !== 'streaming') evidence.push(says('api', `${name} says ${told}`, view.atMs));
  return [seen('standby-cluster-stale', name, evidence, { sinceMs: changedAtMs })];
}

/** wal_receiver_status_interval is 10 s, and a sender that has nothing to send says so at least as often. */
const SILENT_SENDER_MS = 30_000;

function archiving({ view }: Assessment, member: MemberView): readonly Finding[] {
  const sql = freshValue(member.sql);
  const archiver = sql?.archiver ?? null;
  if (sql === null || archiver === null || !isArchivingStuck(member)) return [];
  const { archivedAgoMs } = archiver;
  const safe = archivedUpTo(archiver.archivedWal);
  const waiting = safe === null || sql.currentLsn === null ? null : Number(sql.currentLsn - safe);
  const since =
    archivedAgoMs === null ? 'nothing was ever archived' : `the last file was archived ${spanText(archivedAgoMs)} ago`;
  const kept = waiting === null || waiting < 0 ? '' : `, ${bytesText(waiting)} of WAL wait`;
  const text = `${member.name} fails to archive ${archiver.failedWal ?? 'its WAL'}: ${since}${kept}`;
  return [
    seen('archiving-failed', member.name, [says('sql', text, view.atMs)], { waitingBytes: waiting, archivedAgoMs }),
  ];
}

const AT_RISK: Readonly<Record<string, 'slot-lost' | 'slot-at-risk'>> = {
  lost: 'slot-lost',
  unreserved: 'slot-at-risk',
};

/** One finding a kind and member: several slots are lost for one cause. */
function slotsOf({ view }: Assessment, member: MemberView): readonly Finding[] {
  const slots = freshValue(member.sql)?.slots ?? [];
  // What a member's own slot has lost is told of that member (wal-missing).
  const own = new Set(view.members.map(({ name }) => slotNameOf(name)));
  return (['slot-lost', 'slot-at-risk'] as const).flatMap((code) => {
    const rows = slots.filter(
      (slot) => AT_RISK[slot.walStatus ?? ''] === code && !(code === 'slot-lost' && own.has(slot.name)),
    );
    if (rows.length === 0) return [];
    const text = `on ${member.name}: ${rows.map(slotText).join('; ')}`;
    return [seen(code, member.name, [says('sql', text, view.atMs)], { slots: rows.map(({ name }) => name).join(',') })];
  });
}

function slotText({ name, kind, active, walStatus, safeBytes }: Slot): string {
  const left = safeBytes == null || safeBytes <= 0 ? '' : `, ${bytesText(safeBytes)} of WAL left`;
  return `${kind ?? ''} slot ${name} (${active ? 'active' : 'inactive'}) is ${walStatus ?? 'unknown'}${left}`.trim();
}

function replayPaused({ view, memory }: Assessment, member: MemberView): readonly Finding[] {
  const evidence: Evidence[] = [];
  const cause = pauseCauseOf(view, member);
  const isSaid = freshValue(member.api)?.xlog?.replayPaused === true;
  if (cause === null && !isSaid) return [];
  const sinceMs = memory.replayPausedSinceMs?.[member.name] ?? view.atMs;
  const since = `since ${clockText(sinceMs)}`;
  if (cause !== null) {
    const why = cause.kind === 'target' || cause.kind === 'setting' ? `: ${cause.text}` : '';
    evidence.push(says('sql', `replay on ${member.name} is paused, ${since}${why}`, view.atMs));
  }
  if (isSaid) evidence.push(says('api', `${member.name} says that its replay is paused, ${since}`, view.atMs));
  return [seen('replay-paused', member.name, evidence, { sinceMs })];
}

function wrongUpstream({ view }: Assessment, member: MemberView): readonly Finding[] {
  const leader = followedIn(view);
  const sql = freshValue(member.sql);
  if (leader === null || sql?.walReceiver?.status !== 'streaming') return [];
  const upstream = upstreamOf(view, member);
  const wished = wishedUpstream(view, member) ?? leader;
  // One that waits for its wished upstream to come back follows the leader meanwhile.
  if (upstream === null || upstream === wished.name || upstream === leader.name) return [];
  const text = `${member.name} streams from ${upstream}, and is to follow ${wished.name}`;
  return [seen('wrong-upstream', member.name, [says('sql', text, view.atMs)], { upstream })];
}

function foreignTimeline({ view, memory }: Assessment, member: MemberView): readonly Finding[] {
  const leadership = leadershipOf(view);
  const timeline = timelineOf(member, memory);
  if (leadership.kind !== 'proven' || leadership.timeline === null || timeline === null) return [];
  const isLater = timeline > leadership.timeline;
  if (!isLater && forkPoint(view, timeline, leadership.timeline) !== undefined) return [];
  // Patroni keeps so many rows only (max_timelines_history): what is older than all of them cannot be told.
  const oldest = lastValue(view.history)?.[0]?.timeline ?? null;
  if (!isLater && (oldest === null || timeline < oldest)) return [];
  // /history is slower than a pass: a promotion of this moment is not in it yet.
  const isSettling = memory.lastLeaderChangeMs !== null && view.atMs - memory.lastLeaderChangeMs < SETTLING_MS;
  if (isSettling) return [];
  const { name } = leadership.member;
  const text = isLater
    ? `${member.name} is on timeline ${timeline}, ${name} leads on ${leadership.timeline}`
    : `${member.name} is on timeline ${timeline}, which the history of ${name} (timeline ${leadership.timeline}) does not hold`;
  const channel = freshValue(member.sql) === null ? 'api' : 'sql';
  return [seen('timeline-foreign', member.name, [says(channel, text, view.atMs)], { timeline })];
}

const SETTLING_MS = 60_000;

function intended({ view }: Assessment, member: MemberView): readonly Finding[] {
  const delayMs = intendedDelayMs(view, member);
  const reasons = [
    whyNotStreaming(view, member),
    delayMs === 0
      ? null
      : delayMs === null
        ? 'it is declared delayed'
        : `it replays ${spanText(delayMs)} late (recovery_min_apply_delay)`,
    isRetired(view, member) ? 'it is declared retired' : null,
  ].filter((reason) => reason !== null);
  if (reasons.length === 0) return [];
  return [seen('as-intended', member.name, [says('self', `${member.name}: ${reasons.join('; ')}`, view.atMs)])];
}
