import { clockText } from '../words/moments.js';
import { bytesAgainst, bytesText } from '../words/amounts.js';
import { lossText } from '../words/loss.js';
import { bytesBetween, formatLsn, furthest, parseLsn, type Lsn, type MemberName } from '../model/names.js';
import type { PatroniStatus } from '../model/patroni.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { isRetired } from './intended.js';
import { primaryChannels } from './leader.js';
import { isOutsideFailsafe } from './places.js';
import { votesMissing } from './quorum.js';
import { notReached } from './reach.js';
import { strangersText } from './strangers.js';
import { forkPoint, timelineOf } from './timeline.js';
import { majorDiffers, olderThan } from './succession-version.js';
import { roundSeconds, secondsOfWrites } from './write-time.js';

/** A member as a successor: where it stands, and why it may or may not lead. */
export interface FailoverCandidate {
  readonly name: MemberName;
  /** null, as `lsn`: it does not say. */
  readonly timeline: number | null;
  readonly lsn: Lsn | null;
  /** Of the old leader's WAL, up to the most advanced position that is known of it, what this member does not have; null: unknown. */
  readonly lossBytes: number | null;
  /** About so many seconds of writes; null: unknown. */
  readonly lossSeconds: number | null;
  /** In the sync set; null: synchronous mode is off, or nobody knows whether it is on. */
  readonly isSynchronous: boolean | null;
  /** The operator's order among equals: tag `failover_priority`, 1 where there is none. Higher goes first. [Patroni 3.2+] */
  readonly priority: number;
  /** That no proxy that tells reaches it, in words; null: one does, or none tells. Patroni elects it all the same. */
  readonly unreached: string | null;
  /** What no consent lifts: Patroni refuses it, or would never promote it. */
  readonly barred: readonly string[];
  /** All that stands against it, `barred` first: why Patroni would not elect it, or we should not ask. Empty: it may lead. */
  readonly against: readonly string[];
}

/**
 * Who may lead in place of `old`, best first, of those that say where they stand: within all guards, then what a consent can lift, then what
 * nothing can; among equals the sync set (in synchronous mode it alone has all that was acknowledged), the highest timeline, the furthest
 * WAL, the operator's order (`failover_priority`), the name. The guards are Patroni's own (`maximum_lag_on_failover`, nofailover, the sync set), judged against the furthest position
 * known of `old`, so that an election which we bring forward is one that succeeds.
 */
export const candidatesFor = (view: ClusterView, memory: Memory, old: string | null): readonly FailoverCandidate[] =>
  successorsOf(view, memory, old).filter((row) => row.lsn !== null && row.timeline !== null);

/** As `candidatesFor`, with those that say nothing: for people, who ask about each. */
export const successorsOf = (view: ClusterView, memory: Memory, old: string | null): readonly FailoverCandidate[] =>
  rowsOf(view, memory, old).filter((row) => row.name !== old);

/** May anybody lead in place of `old`? As `successorsOf` judges it. */
export function hasSuccessor(view: ClusterView, memory: Memory, old: string | null): boolean {
  const target = leaderPosition(view, memory, old);
  return view.members.some(
    (member) => member.name !== old && judged(view, memory, member, target)?.against.length === 0,
  );
}

/**
 * Who may lead where nobody does, the last leader among them: if it runs as a replica, nothing is lost with it. `POST /failover` is
 * refused for a member that cannot be reached, is tagged nofailover or has no usable watchdog, and asks nothing else: with nobody leading,
 * lag, timeline and sync set are passed over on 3.0 and 4.1 alike. [ha.py, is_healthiest_node and manual_failover_process_no_leader of
 * 3.0.2 and 4.1.5; api.py, is_failover_possible]
 */
export const leaderlessCandidates = (view: ClusterView, memory: Memory): readonly FailoverCandidate[] =>
  rowsOf(view, memory, memory.lastLeader).map((row) => besideStrangers(view, memory, row));

/** Somebody whom we do not see may have more: only who led last is sure to have all. */
function besideStrangers(view: ClusterView, memory: Memory, row: FailoverCandidate): FailoverCandidate {
  const stranger = strangersText(view);
  if (stranger === null || row.name === memory.lastLeader) return row;
  return { ...row, against: [...row.against, `cannot be compared with ${stranger}`] };
}

/** One line for whoever has to agree: where it stands, and what speaks for and against it. */
export function candidateText(row: FailoverCandidate): string {
  if (row.lsn === null) return `${row.name} (position unknown) ${verdictOn(row)}`;
  const sync = row.isSynchronous === true ? ', in the sync set' : '';
  const order = row.priority === 1 ? '' : `, failover_priority ${row.priority}`;
  return `${row.name} (timeline ${row.timeline ?? 'unknown'}, ${formatLsn(row.lsn)}, ${behindText(row)}${sync}${order}) ${verdictOn(row)}`;
}

/** All of them, for a person: who may lead and why not the others. */
export const whoMayLead = (rows: readonly FailoverCandidate[]): string =>
  `who may lead, best first: ${rows.map((row, index) => `${index + 1}. ${candidateText(row)}`).join('. ')}`;

function behindText({ lossBytes: bytes, lossSeconds: seconds }: FailoverCandidate): string {
  if (bytes === null) return 'how far behind is unknown';
  return bytes === 0 ? `${bytesText(0)} behind` : `${lossText({ bytes, seconds })} behind`;
}

function verdictOn({ barred, against, unreached }: FailoverCandidate): string {
  if (against.length === 0) return unreached === null ? 'may lead' : `may lead, but ${unreached}`;
  return barred.length > 0
    ? `may not lead: ${against.join('; ')}`
    : `may lead only if a person agrees: ${against.join('; ')}`;
}

interface Position {
  readonly timeline: number | null;
  readonly lsn: Lsn | null;
}

/** `atMs`: when it was read from the leader itself; null: it is what Patroni wrote into etcd, up to a loop_wait old by then. */
interface LeaderPosition extends Position {
  readonly of: string | null;
  readonly atMs: number | null;
}

function rowsOf(view: ClusterView, memory: Memory, old: string | null): readonly FailoverCandidate[] {
  const target = leaderPosition(view, memory, old);
  const home = old === null ? undefined : view.sites?.[old];
  // Among equals the site of the old leader, so that clients and sessions stay near.
  const isAway = ({ name }: FailoverCandidate): number => Number(home !== undefined && view.sites?.[name] !== home);
  return view.members
    .map((member) => candidateOf(view, memory, member, target))
    .sort((a, b) => byFitness(a, b) || isAway(a) - isAway(b) || (a.name < b.name ? -1 : 1));
}

const standingOf = ({ barred, against }: FailoverCandidate): number =>
  barred.length > 0 ? 2 : against.length > 0 ? 1 : 0;

function byFitness(a: FailoverCandidate, b: FailoverCandidate): number {
  const [aLsn, bLsn] = [a.lsn ?? -1n, b.lsn ?? -1n];
  return (
    standingOf(a) - standingOf(b) ||
    Number(b.isSynchronous === true) - Number(a.isSynchronous === true) ||
    (b.timeline ?? 0) - (a.timeline ?? 0) ||
    (aLsn < bLsn ? 1 : aLsn > bLsn ? -1 : 0) ||
    b.priority - a.priority
  );
}

/** The furthest we know of the old leader: what it told us last, or what Patroni wrote into `status`. */
function leaderPosition(view: ClusterView, memory: Memory, old: string | null): LeaderPosition {
  const last = old === null ? undefined : memory.positions[old];
  const seen = last === undefined ? null : parseLsn(last.lsn);
  const optime = freshValue(view.dcs.keys)?.optimeLsn ?? null;
  const isSeen = seen !== null && (optime === null || seen >= optime);
  const atMs = isSeen ? (last?.atMs ?? null) : null;
  return { of: old, timeline: last?.timeline ?? null, lsn: isSeen ? seen : optime, atMs };
}

/** For whoever is asked to lose something: why the bytes are the least that it can be. */
export function leaderPositionText(view: ClusterView, memory: Memory): string {
  const { lsn, atMs } = leaderPosition(view, memory, memory.lastLeader);
  if (lsn === null) return 'no position of the old leader is known';
  return atMs === null
    ? `its last position, ${formatLsn(lsn)}, is what Patroni wrote into etcd, and what it wrote after that is not counted`
    : `its position, ${formatLsn(lsn)}, was last read at ${clockText(atMs)}, and what it wrote after that is not counted`;
}

type Judged = Pick<FailoverCandidate, 'timeline' | 'lsn' | 'lossBytes' | 'isSynchronous' | 'barred' | 'against'>;

/** Null: it does not answer. */
function judged(view: ClusterView, memory: Memory, member: MemberView, target: LeaderPosition): Judged | null {
  const api = freshValue(member.api);
  if (api === null) return null;
  const sql = freshValue(member.sql);
  const lsn = furthest(sql?.receiveLsn, sql?.replayLsn, api.xlog?.receivedLocation, api.xlog?.replayedLocation);
  const timeline = timelineOf(member, memory);
  const lossBytes = lossOf(view, { timeline, lsn }, target);
  const isSynchronous = inSyncSet(view, member);
  const barred = [...barredBy(view, member, api), ...majorDiffers(memory, member.name, target.of)];
  const against = [
    ...barred,
    ...(isReplayPaused(member) ? ['has its replay paused'] : []),
    ...(isOutsideFailsafe(view, member) ? ['is not in the failsafe set'] : []),
    ...beyondGuards(view, { timeline, lsn, lossBytes, isSynchronous }, target),
    ...quorumOf(view, member),
    ...olderThan(memory, member.name, target.of),
  ];
  return { timeline, lsn, lossBytes, isSynchronous, barred, against };
}

function candidateOf(view: ClusterView, memory: Memory, member: MemberView, target: LeaderPosition): FailoverCandidate {
  const row = judged(view, memory, member, target);
  if (row === null) return silentRow(member);
  const { name } = member;
  const estimates = [sinceLastCommit(member, row.timeline, target), secondsOfWrites(memory, row.lossBytes)];
  const lossSeconds = secondsLost(row.lossBytes, estimates);
  const priority = priorityOf(freshValue(member.api)?.tags.raw['failover_priority']);
  return { name, ...row, lossSeconds, priority, unreached: notReached(view, name) };
}

/** 0 and less is nofailover, which the tags' own parsing tells; what is no number Patroni takes for 1. */
function priorityOf(tag: unknown): number {
  const number = typeof tag === 'string' && tag.trim() !== '' ? Number(tag) : tag;
  return typeof number === 'number' && Number.isFinite(number) ? number : 1;
}

function quorumOf(view: ClusterView, { name }: MemberView): readonly string[] {
  const missing = votesMissing(view, name);
  return missing === null ? [] : [missing];
}

/** Promoted, it would first have to replay all that it has received. */
const isReplayPaused = (member: MemberView): boolean =>
  freshValue(member.sql)?.replayPaused === true || freshValue(member.api)?.xlog?.replayPaused === true;

/** Patroni cannot ask it either: nothing else about it matters. */
function silentRow({ name }: MemberView): FailoverCandidate {
  const barred = ['does not answer at its API'];
  const position = { timeline: null, lsn: null, lossBytes: null, lossSeconds: null };
  return { name, ...position, isSynchronous: null, priority: 1, unreached: null, barred, against: barred };
}

/** On an older timeline it has the leader's WAL up to the point where the leader left that timeline, and no further. */
function lossOf(view: ClusterView, { timeline, lsn }: Position, target: Position): number | null {
  if (target.lsn === null || lsn === null || timeline === null) return null;
  if (target.timeline === null || timeline >= target.timeline) return bytesBetween(target.lsn, lsn);
  const fork = forkPoint(view, timeline, target.timeline);
  return fork == null ? null : bytesBetween(target.lsn, fork < lsn ? fork : lsn);
}

/**
 * The shorter of what is known: an hour in which the leader stood idle makes the time since the last commit too long, and a rate that was
 * measured while it did makes the other too long.
 */
function secondsLost(bytes: number | null, estimates: readonly (number | null)[]): number | null {
  const known = estimates.filter((seconds) => seconds !== null);
  if (bytes === null || bytes === 0) return bytes;
  return known.length === 0 ? null : Math.min(...known);
}

/**
 * From the last commit that it has to the moment at which the leader was last seen; only where it has replayed all that it received, since
 * what waits to be replayed is not lost. Clocks of the leader and of ours: within NTP's accuracy.
 */
function sinceLastCommit(member: MemberView, timeline: number | null, target: LeaderPosition): number | null {
  const xlog = freshValue(member.api)?.xlog ?? null;
  if (xlog?.replayedAtMs == null || xlog.receivedLocation !== xlog.replayedLocation) return null;
  if (target.atMs === null || timeline !== target.timeline) return null;
  const seconds = (target.atMs - xlog.replayedAtMs) / 1000;
  return seconds > 0 ? roundSeconds(seconds) : null;
}

function barredBy(view: ClusterView, member: MemberView, api: PatroniStatus): readonly string[] {
  const reasons: string[] = [];
  if (api.role !== 'replica' || api.state !== 'running') reasons.push(`says ${api.role}, ${api.stateText}`);
  if (api.tags.nofailover) reasons.push('is tagged nofailover');
  if (isRetired(view, member)) reasons.push('is declared retired');
  if (api.watchdogFailed === true) reasons.push('says that its watchdog failed');
  if (primaryChannels(member).length > 0) reasons.push('is already primary');
  return [...reasons, ...blindTo(view, member, api)];
}

/** Who does not see etcd cannot take the key, and one that is ahead of the others keeps them from it. */
function blindTo(view: ClusterView, { name }: MemberView, api: PatroniStatus): readonly string[] {
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return [];
  if (!keys.members.some((row) => row.name === name)) return ['has no key in etcd, so its Patroni does not see it'];
  const { holder } = keys.leader;
  if (holder === null || !api.clusterUnlocked) return [];
  return [`says that nobody leads while ${holder} holds the key, so it does not see etcd`];
}

function inSyncSet(view: ClusterView, member: MemberView): boolean | null {
  if (view.config.kind === 'unknown' || view.config.value.synchronousMode === 'off') return null;
  const sync = freshValue(view.dcs.keys)?.sync ?? null;
  return sync !== null && (sync.leader === member.name || sync.standbys.includes(member.name));
}

type Standing = Pick<FailoverCandidate, 'timeline' | 'lsn' | 'lossBytes' | 'isSynchronous'>;

function beyondGuards(view: ClusterView, row: Standing, target: Position): readonly string[] {
  const config = view.config.kind === 'unknown' ? null : view.config.value;
  const reasons: string[] = [];
  if (row.lsn === null || row.timeline === null) reasons.push('does not say where it stands');
  else if (target.timeline !== null && row.timeline < target.timeline)
    reasons.push(`is on timeline ${row.timeline}, the leader was on ${target.timeline}`);
  if (config === null) return [...reasons, "the cluster's own lag limit is unknown"];
  if (row.lossBytes === null) reasons.push('how far it is behind the old leader is unknown');
  else if (row.lossBytes > config.maximumLagOnFailoverBytes) {
    const limit = config.maximumLagOnFailoverBytes;
    const [behind, most] = [bytesAgainst(row.lossBytes, limit), bytesAgainst(limit, row.lossBytes)];
    reasons.push(`is ${behind} behind, maximum_lag_on_failover is ${most}`);
  }
  if (row.isSynchronous === false) reasons.push('is not in the sync set');
  return reasons;
}
