import { leaderKeyHolder, leadershipOf, primaryChannels, waitsOf } from '../assess/leader.js';
import { CLOCK_JUMP_MS } from '../assess/observer.js';
import { isStreaming } from '../assess/replica.js';
import { timelineOf } from '../assess/timeline.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { withoutRow, withRow } from './rows.js';

type Gap = NonNullable<Memory['unwatched']>[string];

/**
 * Where the watch over a member broke off. The last position of a replica bounds what it holds only as long as it did not lead afterwards,
 * and that is known of the time in which both it and the leader key were seen. A gap ends when the leader is found on the timeline on which
 * the member was seen (nobody was elected in between), or when the member streams again (whatever it holds is the leader's). To be called
 * before the positions of this pass are noted. [docs/safety.md: Reinitialize]
 */
export function rememberWatch(memory: Memory, view: ClusterView): Pick<Memory, 'watchedMs' | 'unwatched'> {
  let { watchedMs = {}, unwatched = {} } = memory;
  for (const member of view.members) {
    const { name } = member;
    const gap = openGap(memory, view, member);
    const isOver = gap !== null && isBridged(gap, memory, view, member);
    unwatched = gap === null || isOver ? withoutRow(unwatched, name) : withRow(unwatched, name, gap);
    if (isOver || isWatched(view, member)) watchedMs = withRow(watchedMs, name, view.atMs);
  }
  return { watchedMs, unwatched };
}

/** It told something of itself, and etcd who leads: it cannot have led unseen. */
const isWatched = (view: ClusterView, member: MemberView): boolean =>
  freshValue(view.dcs.keys) !== null && (freshValue(member.api) !== null || freshValue(member.sql) !== null);

/** The gap as it now stands, that of earlier passes included; null: watched all the time since its last position. */
function openGap(memory: Memory, view: ClusterView, member: MemberView): Gap | null {
  const last = memory.positions[member.name];
  if (last === undefined) return null;
  const known = memory.unwatched?.[member.name];
  const sinceMs = memory.watchedMs?.[member.name] ?? last.atMs;
  // It may write on a timeline of its own from now on, seen or not: only a stream says that this is over.
  if (last.inRecovery && leaderKeyHolder(view) === member.name && primaryChannels(member).length === 0)
    return { fromMs: sinceMs, ...known, toMs: view.atMs, timeline: null, why: 'it held the leader key' };
  if (!isLong(view, sinceMs)) return known ?? null;
  if (known === undefined)
    return { fromMs: sinceMs, toMs: view.atMs, timeline: last.timeline, why: whyUnseen(view, member) };
  return { ...known, toMs: view.atMs };
}

/** Long enough for a leader's lease to run out and for another to be elected. A clock that went back may hide any time. */
function isLong(view: ClusterView, sinceMs: number): boolean {
  const { ttlMs } = waitsOf(view);
  const agoMs = view.atMs - sinceMs;
  return agoMs > ttlMs || agoMs < -CLOCK_JUMP_MS || (view.observer.sinceLastPassMs ?? 0) > ttlMs;
}

function whyUnseen(view: ClusterView, member: MemberView): string {
  if (view.observer.sinceLastPassMs === null) return 'ekimi did not run';
  if (view.observer.sinceLastPassMs > waitsOf(view).ttlMs) return 'ekimi stood still';
  return freshValue(view.dcs.keys) === null ? 'etcd did not answer' : `${member.name} did not answer, or etcd`;
}

function isBridged(gap: Gap, memory: Memory, view: ClusterView, member: MemberView): boolean {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven' || leadership.timeline === null || leadership.member.name === member.name)
    return false;
  // A stream of another timeline comes from somebody who is as much in doubt.
  const follows = isStreaming(view, member) && timelineOf(member, memory) === leadership.timeline;
  return follows || gap.timeline === leadership.timeline;
}
