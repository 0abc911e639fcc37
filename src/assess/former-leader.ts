import { HANDS_OVER, MOVES_LEADERSHIP } from '../actions/leadership.js';
import { runOf } from '../model/power.js';
import { freshValue, isSilent } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { memberOf } from '../model/view.js';
import type { Assessment } from './finding.js';
import { isFullySilent, leaderKeyHolder, primaryChannels, waitsOf } from './leader.js';
import { receivingBy } from './replica.js';

/** Why the last change of leader was no switchover by a person; null: it may have been one. */
export function leaderChangedByFailure({ view, memory, ledger }: Assessment): string | null {
  const { formerLeader } = memory;
  const ours = ownAct(MOVES_LEADERSHIP, { view, memory, ledger });
  if (ours !== null) return ours;
  if (formerLeader == null || memory.lastLeaderChangeMs === null) return null;
  const former = memberOf(view, formerLeader);
  return former !== null && isGone(view, former) ? `the former leader ${formerLeader} does not run` : null;
}

/** The last change of leader was asked for: by a request that was seen in etcd, or by our own switchover. */
export const leaderChangeWasWished = (input: Changed): boolean =>
  input.memory.lastLeaderChangeAsked === true || ownAct(HANDS_OVER, input) !== null;

type Changed = Pick<Assessment, 'view' | 'memory' | 'ledger'>;

function ownAct(actions: readonly string[], { view, memory, ledger }: Changed): string | null {
  const { formerLeader, lastLeader, lastLeaderChangeMs: atMs } = memory;
  if (formerLeader == null || atMs === null) return null;
  // Patroni may take a lease's time to act on a request, and another to elect.
  const withinMs = 2 * waitsOf(view).ttlMs;
  const ours = ledger.remediations.find(
    ({ plan, phase, shadow, sentAtMs, ending }) =>
      actions.includes(plan.action) &&
      !shadow &&
      ending !== 'not-ours' &&
      [formerLeader, lastLeader].includes(plan.target) &&
      sentAtMs !== null &&
      phase !== 'failed' &&
      phase !== 'abandoned' &&
      sentAtMs <= atMs &&
      atMs - sentAtMs < withinMs,
  );
  return ours === undefined ? null : `we sent ${ours.plan.action} ${ours.plan.target}`;
}

/**
 * Does not run, by proof: asked and silent on every channel of its own, and the host driver says that it does not run or the leader misses
 * it among those who stream. A member that steps down in a switchover keeps its API all the time. [patroni.md section 4]
 */
function isGone(view: ClusterView, member: MemberView): boolean {
  if (!isFullySilent(member) || leaderKeyHolder(view) === member.name) return false;
  const host = freshValue(runOf(member));
  if (host !== null && host.state !== 'running') return true;
  return isSilent(member.sql) && receivingBy(view, member).peers === false;
}

/**
 * While clients of ours wait for the one who follows, they are not sent to who led before: by the word of its Patroni it is no primary, whatever it
 * does at present, and nothing else says that it is one. The proxy's own check asks just that, some seconds later.
 */
export function hasSteppedDown(view: ClusterView, member: MemberView): boolean {
  const role = freshValue(member.api)?.role ?? 'primary';
  return role !== 'primary' && primaryChannels(member).length === 0 && leaderKeyHolder(view) !== member.name;
}

/** May the proxy be told that it is no primary: gone, or a replica by its own word while SQL does not say otherwise. */
export function isProvenNotPrimary(view: ClusterView, member: MemberView): boolean {
  if (isGone(view, member)) return true;
  const api = freshValue(member.api);
  const saysReplica = api !== null && api.role === 'replica' && api.state === 'running';
  return saysReplica && primaryChannels(member).length === 0 && leaderKeyHolder(view) !== member.name;
}
