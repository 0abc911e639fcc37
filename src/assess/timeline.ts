import { furthest, parseLsn, type Lsn } from '../model/names.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';

/**
 * The timeline that a member is on; null: unknown. A replica that receives nothing tells it from its control file, which is right only from
 * the next restartpoint on: for minutes after a failover it names the old one, although the WAL of the new one is there. In recovery a
 * timeline never falls without the position falling too, so what was seen while it still received stands.
 */
export function timelineOf(member: MemberView, memory: Memory): number | null {
  const sql = freshValue(member.sql);
  const api = freshValue(member.api);
  const told = sql?.timeline ?? api?.timeline ?? null;
  const receives = sql === null ? api?.replicationState === 'streaming' : sql.walReceiver !== null;
  const last = memory.positions[member.name];
  if (told === null || receives || last === undefined || !last.inRecovery || sql?.inRecovery === false) return told;
  const before = parseLsn(last.lsn);
  const lsn = furthest(
    sql?.receiveLsn,
    sql?.replayLsn,
    api?.xlog?.location,
    api?.xlog?.receivedLocation,
    api?.xlog?.replayedLocation,
  );
  return lsn === null || before === null || lsn < before ? told : Math.max(told, last.timeline);
}

/**
 * The point up to which the leader's history holds `timeline`, by `/history`; null when the leader is still on it,
 * undefined when the leader never was.
 */
export function forkPoint(view: ClusterView, timeline: number, leaderTimeline: number): Lsn | null | undefined {
  if (timeline === leaderTimeline) return null;
  return lastValue(view.history)?.find((row) => row.timeline === timeline)?.lsn;
}
