import { bytesText } from '../words/amounts.js';
import type { Channel } from '../model/channel.js';
import { bytesBetween, furthest, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { followedIn } from './leader.js';

/** One channel's own figure. `ageMs` is how old Patroni may have let it become: `/cluster` is up to two loops behind. */
export interface LagFigure {
  readonly channel: Extract<Channel, 'api' | 'sql' | 'peers'>;
  readonly lagBytes: number;
  readonly text: string;
}

/**
 * Every channel's view of how far `member` replays behind the leader, in bytes, most direct first. Empty: nobody could tell, which is
 * unknown and not zero. Positions are compared within one timeline only. [patroni.md section 5.1]
 */
export function lagFiguresOf(view: ClusterView, member: MemberView): readonly LagFigure[] {
  const figures: LagFigure[] = [];
  const sql = sqlFigure(view, member);
  if (sql !== null) figures.push(sql);
  const api = apiFigure(view, member);
  if (api !== null) figures.push(api);
  const peers = peersFigure(view, member);
  if (peers !== null) figures.push(peers);
  return figures;
}

/** Leader's current position minus the replica's own replay position, both by SQL in this pass. */
function sqlFigure(view: ClusterView, member: MemberView): LagFigure | null {
  const followed = followedIn(view);
  const leader = followed === null ? null : freshValue(followed.sql);
  const replica = freshValue(member.sql);
  if (followed === null || leader === null || replica === null || !replica.inRecovery) return null;
  // The leader of a standby cluster is itself in recovery: what it has received is what it can hand on.
  const ahead = leader.currentLsn ?? furthest(leader.receiveLsn, leader.replayLsn);
  if (ahead === null || replica.replayLsn === null || replica.timeline !== leader.timeline) return null;
  const lagBytes = bytesBetween(ahead, replica.replayLsn);
  return {
    channel: 'sql',
    lagBytes,
    text: `SQL: ${member.name} replays ${bytesText(lagBytes)} behind ${followed.name}`,
  };
}

/** The same from the two members' own `/patroni`. */
function apiFigure(view: ClusterView, member: MemberView): LagFigure | null {
  const followed = followedIn(view);
  const leader = followed === null ? null : freshValue(followed.api);
  const replica = freshValue(member.api);
  const xlog = leader?.xlog ?? null;
  const ahead = xlog?.location ?? furthest(xlog?.receivedLocation, xlog?.replayedLocation);
  const behind = replayedBy(replica?.xlog?.replayedLocation ?? null);
  if (followed === null || ahead === null || behind === null || leader?.timeline !== replica?.timeline) return null;
  const lagBytes = bytesBetween(ahead, behind);
  return {
    channel: 'api',
    lagBytes,
    text: `API: ${member.name} replays ${bytesText(lagBytes)} behind ${followed.name}`,
  };
}

const replayedBy = (lsn: Lsn | null): Lsn | null => (lsn === 0n ? null : lsn);

/** What the other members' `/cluster` says; the smallest of them, so that one stale peer cannot raise an alarm. */
function peersFigure(view: ClusterView, member: MemberView): LagFigure | null {
  // Without a linearizable read `/cluster` may be repeating what it saw before etcd was lost. [patroni.md fact 4]
  if (freshValue(view.dcs.keys) === null) return null;
  let least: { lagBytes: number; by: string } | null = null;
  for (const peer of view.members) {
    if (peer.name === member.name) continue;
    const row = freshValue(peer.cluster)?.rows.find((candidate) => candidate.name === member.name);
    if (row?.lagBytes == null) continue;
    if (least === null || row.lagBytes < least.lagBytes) least = { lagBytes: row.lagBytes, by: peer.name };
  }
  if (least === null) return null;
  return {
    channel: 'peers',
    lagBytes: least.lagBytes,
    text: `/cluster on ${least.by}: ${member.name} is ${bytesText(least.lagBytes)} behind`,
  };
}
