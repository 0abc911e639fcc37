import { runOf } from '../model/power.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { linesOf } from './proxy-lines.js';
import { isFullySilent, isPaused, isStandbyCluster, leaderKeyHolder, leadershipOf, replicasOf } from './leader.js';
import { streamingBy } from './replica.js';

/** Does anybody take writes under the leader key? null: nobody can tell, which neither begins nor ends a time without a writer. */
export interface Writing {
  readonly takes: boolean;
  /** Somebody asked for the interruption: a restart, a switchover, a pause. */
  readonly isWished: boolean;
}

export function writingOf(view: ClusterView): Writing | null {
  const keys = freshValue(view.dcs.keys);
  if (keys === null || isStandbyCluster(view)) return null;
  if (leadershipOf(view).kind === 'proven') return { takes: true, isWished: false };
  const holder = leaderKeyHolder(view);
  const none = { takes: false, isWished: keys.failover !== null || isPaused(view) };
  if (holder === null) return none;
  const leader = memberOf(view, holder);
  if (leader === null) return null;
  const api = freshValue(leader.api);
  if (api !== null) return { ...none, isWished: none.isWished || isRestart(api.state, api.role) };
  return isFullySilent(leader) && isMissed(view, leader) ? none : null;
}

/** Patroni stops its own PostgreSQL for a demotion too, which nobody asked for; its role then says so. */
const isRestart = (state: string, role: string): boolean =>
  state === 'restarting' || (state === 'stopping' && role !== 'demoted');

/** Somebody else misses it: its host driver, the replicas, or the proxy. Our own not-hearing alone is nothing. */
function isMissed(view: ClusterView, leader: MemberView): boolean {
  const host = freshValue(runOf(leader));
  return (host !== null && host.state !== 'running') || isUnfollowed(view) || isUnrouted(view);
}

/** A replica that could follow says that it receives nothing, and none says that it does. */
export function isUnfollowed(view: ClusterView): boolean {
  const streams = replicasOf(view).map((member) => streamingBy(view, member));
  const isStreamed = streams.some((by) => by.api === true || by.sql === true);
  return !isStreamed && streams.some((by) => by.api === false || by.sql === false);
}

function isUnrouted(view: ClusterView): boolean {
  const lines = linesOf(view, 'writes');
  return lines.length > 0 && lines.every(({ row }) => !row.up);
}

/** A replica's receiver has heard its sender within this: the leader's PostgreSQL lives, whatever we hear of it ourselves. */
const HEARD_MS = 3_000;

/** Who has just heard the leader. Only a "yes" counts: an idle leader says nothing for half of wal_sender_timeout. */
export const whoHears = (view: ClusterView, leader: MemberView): string | null =>
  heardSince(view, leader, view.atMs - HEARD_MS);

/** Who has heard the leader at this moment or later, on our clock; what is on its way then is as old as a reading may be. */
export const heardSince = (view: ClusterView, leader: MemberView, sinceMs: number): string | null =>
  view.members.find((member) => {
    const receiver = member === leader ? null : (freshValue(member.sql)?.walReceiver ?? null);
    const ageMs = receiver?.latestEndAgeMs ?? null;
    return (
      receiver?.status === 'streaming' &&
      ageMs !== null &&
      view.atMs - ageMs >= sinceMs &&
      streamingBy(view, member).sql === true
    );
  })?.name ?? null;
