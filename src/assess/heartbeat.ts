import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { isStandbyCluster, leaderKeyHolder, replicasOf } from './leader.js';
import { timesOutBy } from './reach.js';
import { streamingBy } from './replica.js';
import { whoHears } from './writer.js';

/** A beat is due every second; what is older says nothing of now. */
const RECENT_MS = 10_000;

/** A leader that runs and reads, and that does not take the one row a second which is written to find that out. */
export const assessHeartbeat: Assess = ({ view, memory }): readonly Finding[] => {
  const beat = view.heartbeat;
  const isOff = beat === undefined || (beat.kind === 'unknown' && beat.fault === 'not-configured');
  if (isOff || isStandbyCluster(view)) return [];
  const name =
    leaderKeyHolder(view) ?? (freshValue(view.dcs.keys) === null ? (memory.leadership?.holder ?? null) : null);
  if (name === null) return [];
  const unknown = (why: string): readonly Finding[] => [cannotTell('leader-cannot-write', name, why, view.atMs)];
  if (beat.kind === 'unknown') return unknown(beat.reason);
  if (beat.value.member !== name || view.atMs - beat.atMs > RECENT_MS)
    return unknown(`the last beat says nothing of ${name} now`);
  const { refused } = beat.value;
  if (refused === null) return [];
  const leader = memberOf(view, name);
  const sql = leader === null ? null : freshValue(leader.sql);
  if (sql === null) return unknown(`PostgreSQL on ${name} does not answer`);
  if (sql.inRecovery) return [];
  const what =
    refused.code === null
      ? `${name} answers by SQL and did not write one row within a second`
      : `${name} answers by SQL and refuses to write one row (${refused.code}): ${refused.text}`;
  const refusal = seen('leader-cannot-write', name, [says('sql', what, beat.atMs)], { sqlstate: refused.code });
  const stalled = leader === null ? null : stalledBeat(view, leader);
  if (stalled === null) return [refusal];
  const evidence = [
    says('sql', what, beat.atMs),
    says('peers', `${stalled} streams from ${name} and receives nothing`, view.atMs),
    ...timesOutBy(view, name),
    says('dcs', `${name} holds the leader key, which its Patroni renews`, view.atMs),
  ];
  return [refusal, seen('leader-hung', name, evidence, { how: 'writes' })];
};

/**
 * The one row a second is neither written nor refused, and the stream of a replica stands and brings nothing: what commits there waits for a
 * volume. Who that replica is; null: it is not so. A beat waits for no standby, and for no lock longer than half a second.
 */
export function stalledBeat(view: ClusterView, leader: MemberView): string | null {
  const beat = view.heartbeat;
  if (beat === undefined || beat.kind === 'unknown' || view.atMs - beat.atMs > RECENT_MS) return null;
  const { member, refused } = beat.value;
  if (member !== leader.name || refused === null || refused.code !== null) return null;
  if (freshValue(leader.sql)?.inRecovery !== false || whoHears(view, leader) !== null) return null;
  return replicasOf(view).find((replica) => streamingBy(view, replica).sql === true)?.name ?? null;
}
