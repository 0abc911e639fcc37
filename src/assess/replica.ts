import { freshValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { lagFiguresOf } from './lag-figures.js';
import { leadershipOf, replicasOf } from './leader.js';

const FAILING: readonly string[] = ['start-failed', 'restart-failed', 'crashed', 'stopped', 'stop-failed'];

/** `catchup` is a replica that came back and is being served: it heals as we look. */
const RECEIVING: readonly string[] = ['streaming', 'catchup'];

export const isFailingState = (state: string): boolean => FAILING.includes(state);

/** Patroni from 3.0.4 on says whether a replica receives WAL; 3.0.0 to 3.0.3 say nothing, and nothing is then not "no". */
export function tellsReplicationState(version: string): boolean {
  const [major = 0, minor = 0, patch = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return major > 3 || (major === 3 && (minor > 0 || patch >= 4));
}

/**
 * Does it receive WAL? By its own word (3.0.4+), its WAL receiver, and the leader's list of who streams from it.
 * Each answers true, false or null (cannot tell).
 */
export function streamingBy(view: ClusterView, member: MemberView): Record<'api' | 'sql' | 'peers', boolean | null> {
  const api = freshValue(member.api);
  const sql = freshValue(member.sql);
  const leadership = leadershipOf(view);
  const leader = leadership.kind === 'proven' ? leadership.member : null;
  const leaderSql = leader === null ? null : freshValue(leader.sql);
  const leaderApi = leader === null ? null : freshValue(leader.api);
  const named = (list: readonly { applicationName: string; state: string }[]): boolean =>
    list.some((row) => row.applicationName === member.name && RECEIVING.includes(row.state));
  return {
    api:
      api === null || api.role !== 'replica' || api.state !== 'running' || !tellsReplicationState(api.version)
        ? null
        : api.replicationState === 'streaming',
    sql: sql === null || !sql.inRecovery ? null : sql.walReceiver?.status === 'streaming',
    // One source, two ways to read it: the leader knows who is connected.
    peers: leaderSql !== null ? named(leaderSql.replicas) : leaderApi !== null ? named(leaderApi.replication) : null,
  };
}

/** At least one channel says streaming and none says otherwise. */
export function isStreaming(view: ClusterView, member: MemberView): boolean {
  const by = Object.values(streamingBy(view, member)).filter((answer) => answer !== null);
  return by.length > 0 && by.every((answer) => answer);
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
