import { openRun } from '../model/procedure-run.js';
import { memberName } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import { memberOf } from '../model/view.js';
import { leaderKeyHolder } from './leader.js';
import { healthyReplicas } from './replica.js';

/** What is under way at this member that a check would be in the way of; null: nothing. */
function atWork({ ledger }: Situation, member: string, backups: number): string | null {
  const run = openRun(ledger.procedures);
  if (run !== null && run.phase !== 'held') return `the procedure ${run.name} is under way`;
  const sent = ledger.remediations.find(({ plan, endedAtMs }) => plan.target === member && endedAtMs === null);
  if (sent !== undefined) return `${sent.plan.action} of ${member} is under way`;
  return backups > 0 ? `a base backup of ${member} runs` : null;
}

/**
 * Why the data of this member is not to be checked now: it reads everything once, which costs its readers and its replay. Null: it may be. A replica,
 * unless `leader` says that the leader will do.
 */
export function whyNoCheck(situation: Situation, member: string, leader: boolean): string | null {
  const { view, policy } = situation;
  const seen = memberOf(view, memberName(member));
  if (seen === null)
    return `${member} is not configured; configured are ${view.members.map(({ name }) => name).join(', ')}`;
  const sql = freshValue(seen.sql);
  if (sql === null) return `SQL of ${member} gives no answer`;
  const told = freshValue(view.dcs.keys)?.systemIdentifier ?? null;
  if (told === null) return 'etcd does not say which cluster this is';
  if (told !== sql.systemIdentifier)
    return `${member} has the system identifier ${sql.systemIdentifier}, the cluster has ${told}: it is another cluster's`;
  const busy = atWork(situation, member, sql.baseBackups);
  if (busy !== null) return busy;
  if (leaderKeyHolder(view) === member)
    return leader ? null : `${member} leads: name a replica, or add --leader to read the leader all the same`;
  return healthyReplicas(view, policy.lag.warningBytes).some(({ name }) => name === member)
    ? null
    : `${member} does not stream within lag.warning of the leader: a check would hold its replay up further`;
}
