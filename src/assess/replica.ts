import { freshValue } from '../model/reading.js';
import { onceOfMember } from '../model/of-view.js';
import { isSince } from '../model/versions.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { lagFiguresOf } from './lag-figures.js';
import { followedIn, primaryChannels, replicasOf } from './leader.js';
import { isCascading, isServedBy, UNTOLD, wishedUpstream } from './upstream.js';

const FAILING: readonly string[] = ['start-failed', 'restart-failed', 'crashed', 'stopped', 'stop-failed'];

export const isFailingState = (state: string): boolean => FAILING.includes(state);

/** Patroni from 3.0.4 on says whether a replica receives WAL; 3.0.0 to 3.0.3 say nothing, and nothing is then not "no". */
export const tellsReplicationState = (version: string): boolean => isSince(version, [3, 0, 4]);

/** Each channel answers true, false or null (cannot tell). */
type Streaming = Record<'api' | 'sql' | 'peers', boolean | null>;

/**
 * Does it receive WAL, from the leader or from another replica (tag `replicatefrom`)? By its own word (3.0.4+), its WAL receiver, and the
 * lists of those who send.
 */
export const receivingBy = onceOfMember((view, member): Streaming => {
  const api = freshValue(member.api);
  const sql = freshValue(member.sql);
  return {
    api:
      api === null || api.role !== 'replica' || api.state !== 'running' || !tellsReplicationState(api.version)
        ? null
        : api.replicationState === 'streaming',
    sql:
      sql === null || !sql.inRecovery || sql.walReceiver?.status === UNTOLD
        ? null
        : sql.walReceiver?.status === 'streaming',
    peers: isListed(view, member),
  };
});

/**
 * The leader knows who is connected to it, and of a cascading replica its upstream does: one that was not read may list it. What streams from
 * a second primary follows another history.
 */
function isListed(view: ClusterView, member: MemberView): boolean | null {
  const leader = followedIn(view);
  if (leader === null) return null;
  const senders = view.members.filter((other) => other === leader || primaryChannels(other).length === 0);
  if (senders.some((other) => other !== member && isServedBy(other, member) === true)) return true;
  const upstream = wishedUpstream(view, member) ?? leader;
  return isServedBy(leader, member) === null || isServedBy(upstream, member) === null ? null : false;
}

/**
 * Does it stream from the leader? A stream that is known to be another member's says nothing of the leader, and neither does the lack of
 * one in a replica that is to follow another member: null. Where nobody can tell whose stream it is, it may be the leader's.
 */
export function streamingBy(view: ClusterView, member: MemberView): Streaming {
  const by = receivingBy(view, member);
  return isCascading(view, member, by.api === true || by.sql === true) ? { api: null, sql: null, peers: null } : by;
}

/** At least one channel says streaming and none says otherwise. */
export function isStreaming(view: ClusterView, member: MemberView): boolean {
  const { api, sql, peers } = receivingBy(view, member);
  const isDenied = api === false || sql === false || peers === false;
  return !isDenied && (api === true || sql === true || peers === true);
}

/**
 * Replicas that could serve now: running by their own word, streaming, replaying less than `maxLagBytes` behind. Those with work of ours
 * in flight must be left out by the caller: a member under repair counts as unhealthy.
 */
export function healthyReplicas(view: ClusterView, maxLagBytes: number): readonly MemberView[] {
  return replicasOf(view).filter((member) => {
    const api = freshValue(member.api);
    if (api?.role !== 'replica' || api.state !== 'running' || !isStreaming(view, member)) return false;
    const figures = lagFiguresOf(view, member);
    return figures.length > 0 && figures.every((figure) => figure.channel === 'peers' || figure.lagBytes < maxLagBytes);
  });
}
