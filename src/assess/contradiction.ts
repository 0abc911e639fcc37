import type { Evidence } from '../model/channel.js';
import type { Plan } from '../model/plan.js';
import { membersTouched } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';

/**
 * Two channels of one member that cannot both be right, each read in this pass: the host driver sees something stopped or paused that
 * answers, or API and SQL disagree on whether it is in recovery. A wrong address or name in the configuration looks like that, and so do
 * two readings from two moments. Which one errs nobody can tell, so nothing is concluded from either.
 */
function contradictionAt({ name, api, sql, host }: MemberView, atMs: number): readonly Evidence[] {
  const [byApi, bySql, byHost] = [freshValue(api), freshValue(sql), freshValue(host)];
  if (byHost !== null && byHost.state !== 'running') {
    const answering = [
      ...(byApi === null ? [] : [says('api', `the API of ${name} answers`, atMs)]),
      ...(bySql === null ? [] : [says('sql', `PostgreSQL on ${name} answers`, atMs)]),
    ];
    if (answering.length > 0)
      return [says('host', `${name} is ${byHost.state} by its host driver`, atMs), ...answering];
  }
  // Only a position proves that its PostgreSQL runs and was asked. [patroni.md section 2.1]
  if (byApi?.state !== 'running' || byApi.xlog === null || bySql === null) return [];
  const isReplica = byApi.xlog.location === null;
  if (isReplica === bySql.inRecovery) return [];
  return [
    says('api', `the API of ${name} says ${isReplica ? 'replica' : 'primary'}`, atMs),
    says('sql', `PostgreSQL on ${name} says that it is ${bySql.inRecovery ? '' : 'not '}in recovery`, atMs),
  ];
}

/** Told once it lasts: a promotion, or a stop, is read half before and half after. */
export const assessContradictions: Assess = ({ view }) =>
  view.members.flatMap((member) => {
    const evidence = contradictionAt(member, view.atMs);
    return evidence.length === 0 ? [] : [seen('channels-contradict', member.name, evidence)];
  });

/** Why nothing is concluded of a member that the plan touches; null: its channels agree. */
export function contradicted(view: ClusterView, plan: Plan): string | null {
  for (const name of membersTouched(plan)) {
    const member = memberOf(view, name);
    const evidence = member === null ? [] : contradictionAt(member, view.atMs);
    if (evidence.length > 0) return evidence.map(({ text }) => text).join(', but ');
  }
  return null;
}
