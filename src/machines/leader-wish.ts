import { waitsOf } from '../assess/leader.js';
import { freshValue, isSilent } from '../model/reading.js';
import type { LeaderWish, Memory } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';

/**
 * The request that waits in Patroni's key `failover`. It stays there until the successor leads; gone while the same leader leads, it failed
 * or was taken back. PostgreSQL's history gives one reason for every promotion, so that what no pass saw here cannot be known later.
 */
export function rememberWish({ leaderWish }: Memory, view: ClusterView): LeaderWish | null {
  const known = leaderWish ?? null;
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return known;
  const { holder } = keys.leader;
  const wish = keys.failover;
  if (wish === null) return known !== null && holder === known.from ? null : known;
  const from = wish.leader ?? (holder === null ? null : leavesWell(view, holder));
  if (from === null) return known;
  const dueMs = wish.scheduledAt === null ? view.atMs : Date.parse(wish.scheduledAt);
  return { from, to: wish.member, dueMs };
}

/** A failover names no leader: one away from a leader that is silent is the answer to its failure, and no wish. */
const leavesWell = (view: ClusterView, holder: string): string | null => {
  const leader = memberOf(view, holder);
  return leader === null || isSilent(leader.api) ? null : holder;
};

/** Was this change asked for? Patroni may take a lease's time to act on a request, and another to elect. */
export function isWished(wish: LeaderWish | null, from: string | null, to: string, view: ClusterView): boolean {
  if (wish === null || wish.from !== from || (wish.to !== null && wish.to !== to)) return false;
  return Math.abs(view.atMs - wish.dueMs) < 2 * waitsOf(view).ttlMs;
}
