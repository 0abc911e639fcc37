import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { isStandbyCluster, leaderKeyHolder } from './leader.js';

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
  return [seen('leader-cannot-write', name, [says('sql', what, beat.atMs)], { sqlstate: refused.code })];
};
