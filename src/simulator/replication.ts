import type { MemberName } from '../model/names.js';
import { lsnFromNumber, formatLsn } from '../model/names.js';
import { SEGMENT_BYTES, segmentBefore } from './segments.js';
import { ELSEWHERE, opens } from './links.js';
import { answersSql, hasDiverged, isUp } from './postgres-facts.js';
import { logLine } from './log.js';
import { lsnAt, writtenAtMs } from './wal-times.js';
import { REMOTE, type MemberSim, type PostgresSim, type World } from './state.js';

/** PostgreSQL's wal_receiver_timeout and wal_sender_timeout: for so long a silent peer is taken for one that has nothing to say. */
const WAL_TIMEOUT_MS = 60_000;

/** For so long a connection is asked for to which nobody answers: the SYN packets of Linux. [lab] */
export const CONNECT_MS = 134_000;

type Feed = Pick<PostgresSim, 'timeline' | 'forks' | 'branch'> & { readonly lsn: number };

/** Why nobody feeds a replica, in PostgreSQL's own words; `silent` where the peer says nothing and a stream that stands goes on standing. */
type Source = { readonly feed: Feed } | { readonly silent: boolean; readonly why: string };

const none = (why: string): Source => ({ silent: false, why });
const SILENT: Source = { silent: true, why: 'Connection timed out' };

export function replicate(world: World, member: MemberSim, stepMs: number): void {
  const { postgres } = member;
  const source = sourceOf(world, member);
  const fed = 'feed' in source;
  const stands = postgres.streaming && postgres.connectedTo === postgres.upstream;
  postgres.streaming = fed || (stands && source.silent && world.time.nowMs - postgres.lastMessageMs < WAL_TIMEOUT_MS);
  postgres.connectedTo = postgres.streaming ? postgres.upstream : null;
  if (fed) receive(world, postgres, source.feed, stepMs);
  else {
    postgres.caughtUp = postgres.caughtUp && postgres.streaming;
    if (!postgres.streaming && world.time.nowMs % 5000 === 0) complain(world, member, source);
  }
  replay(world, postgres, stepMs);
}

/** A process that stands still: its peer sees the connection until wal_sender_timeout is over. */
export function standStill(world: World, { host, postgres }: MemberSim): void {
  const isSeen = host.state !== 'stopped' && world.time.nowMs - postgres.lastMessageMs < WAL_TIMEOUT_MS;
  if (postgres.streaming && !isSeen) Object.assign(postgres, { streaming: false, connectedTo: null });
}

/** Every five seconds the receiver tries again, and its log says why not; who gets no answer at all says it when TCP gives up. */
function complain(world: World, member: MemberSim, { silent, why }: Extract<Source, { readonly why: string }>): void {
  const { upstream } = member.postgres;
  if (upstream === null) return;
  const server = `could not connect to the primary server: connection to server at "${upstream}", port 5432 failed`;
  const text = why.startsWith('could not') ? why : `${server}: ${why}`;
  logLine(world, member, `FATAL:  ${text}`, silent ? CONNECT_MS : 0);
}

function receive(world: World, postgres: PostgresSim, feed: Feed, stepMs: number): void {
  postgres.lastMessageMs = world.time.nowMs;
  if (postgres.mute) return;
  postgres.timeline = feed.timeline;
  postgres.branch = feed.branch;
  postgres.forks = feed.forks;
  const most = ((postgres.receiveLimit ?? world.options.catchUpBytesPerSecond) * stepMs) / 1000;
  const behind = feed.lsn - postgres.receiveLsn;
  // An unthrottled replica that is only a step behind is level with the primary: real streaming takes milliseconds.
  postgres.receiveLsn += Math.max(
    0,
    postgres.receiveLimit === null && behind < SEGMENT_BYTES ? behind : Math.min(behind, Math.round(most)),
  );
  postgres.ackedLsn = Math.max(postgres.ackedLsn, postgres.receiveLsn);
  if (feed.lsn - postgres.receiveLsn < SEGMENT_BYTES) postgres.caughtUp = true;
}

function replay(world: World, postgres: PostgresSim, stepMs: number): void {
  if (postgres.replayStopped || postgres.replayPaused || postgres.blockers.length > 0) return;
  const { nowMs } = world.time;
  const { applyDelayMs, receiveLsn, replayLimit } = postgres;
  const upTo = applyDelayMs > 0 ? Math.min(receiveLsn, lsnAt(world, postgres, nowMs - applyDelayMs)) : receiveLsn;
  const due = upTo - postgres.replayLsn;
  if (due <= 0) return;
  const most = Math.round(((replayLimit ?? world.options.catchUpBytesPerSecond) * stepMs) / 1000);
  postgres.replayLsn += replayLimit === null && due < SEGMENT_BYTES ? due : Math.min(due, most);
  // The time of the commit that was replayed last, not the time of its replay.
  postgres.lastReplayMs = postgres.replayLsn >= receiveLsn ? nowMs : writtenAtMs(world, postgres, postgres.replayLsn);
}

function sourceOf(world: World, member: MemberSim): Source {
  const { postgres } = member;
  if (postgres.upstream === REMOTE)
    return opens(world, member.name, ELSEWHERE, 'sql')
      ? { feed: { lsn: world.remoteLsn, timeline: 1, forks: [], branch: 0 } }
      : SILENT;
  const sender = world.members.find((other) => other.name === postgres.upstream);
  if (sender === undefined || !isUp(sender) || sender.host.state === 'stopped') return none('Connection refused');
  if (!answersSql(sender) || !opens(world, member.name, sender.name, 'sql')) return SILENT;
  const why = refusal(world, member, sender);
  if (why !== null) return none(why);
  // Its parameters are in the WAL. [XLOG_PARAMETER_CHANGE]
  member.postgres.primarySettings = sender.postgres.running;
  const { timeline, forks, branch, replayLsn: lsn } = sender.postgres;
  return { feed: { timeline, forks, branch, lsn } };
}

/** What the sender answers to START_REPLICATION, or to the login before it. */
function refusal(world: World, { name, postgres }: MemberSim, sender: MemberSim): string | null {
  const { timeline, receiveLsn } = postgres;
  if (postgres.walGap)
    return `could not receive data from WAL stream: ERROR:  requested WAL segment ${segmentBefore(timeline, receiveLsn + 1)} has already been removed`;
  if (hasDiverged(postgres, sender.postgres))
    return `could not start WAL streaming: ERROR:  requested starting point ${formatLsn(lsnFromNumber(Math.round(receiveLsn)))} on timeline ${timeline} is not in this server's history`;
  return postgres.connectedTo === sender.name ? null : loginRefusal(world, sender, name);
}

/** WAL senders that a server has open: one a stream, two a base backup. */
export const sendersInUse = (world: World, sender: MemberSim): number =>
  streamsFrom(world, sender.name).length + 2 * sender.postgres.baseBackups;

/** Why a new replication connection (a stream, a base backup) is not let in; null when it is. */
export function loginRefusal(world: World, sender: MemberSim, name: MemberName, wanted = 1): string | null {
  if (sender.postgres.refusesReplication)
    return `no pg_hba.conf entry for replication connection from host "${name}", user "replicator"`;
  const { maxWalSenders } = sender.postgres;
  if (sendersInUse(world, sender) + wanted <= maxWalSenders) return null;
  return `number of requested standby connections exceeds max_wal_senders (currently ${maxWalSenders})`;
}

/** As in pg_stat_replication. */
export const walSenderState = (replica: MemberSim): string => (replica.postgres.caughtUp ? 'streaming' : 'catchup');

export const streamsFrom = (world: World, primary: MemberName): readonly MemberSim[] =>
  world.members.filter((other) => other.postgres.streaming && isUp(other) && other.postgres.upstream === primary);
