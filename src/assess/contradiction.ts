import type { Evidence } from '../model/channel.js';
import type { Plan } from '../model/plan.js';
import { membersTouched } from '../model/plan.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { says, seen, type Assess } from './finding.js';
import { primaryChannels, replicasOf } from './leader.js';
import { isFailingState, streamingBy } from './replica.js';
import { isBeingRewound } from './rewinding.js';

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

/**
 * What others say of a member against its own word. The key in etcd is as old as its last loop, a list of senders as a timeout, so this is
 * told only once it has lasted for longer than a lease (`isSlow`), and holds nothing: a member that failed a moment ago looks the same.
 */
function othersAgainst(view: ClusterView, member: MemberView): readonly Evidence[] {
  const byKey = keyAgainst(view, member);
  return byKey.length > 0 ? byKey : sendersAgainst(view, member);
}

const LEADS: readonly string[] = ['master', 'primary', 'promoted'];

/** Its own key, which its Patroni writes in each loop, against what its API says at this moment. */
function keyAgainst(view: ClusterView, member: MemberView): readonly Evidence[] {
  const { name, api: reading } = member;
  const row = freshValue(view.dcs.keys)?.members.find((one) => one.name === name);
  const api = freshValue(reading);
  if (row === undefined || api === null) return [];
  const failsByKey = isFailingState(row.state.replaceAll(' ', '-'));
  const isOdd =
    (row.state === 'running' && isFailingState(api.state)) ||
    (failsByKey && api.state === 'running') ||
    (row.state === 'running' && api.state === 'running' && isOtherRole(row.role, api.role));
  // A second primary by two voices of its own is no question of who errs: split-brain tells it.
  if (!isOdd || primaryChannels(member).length > 1) return [];
  return [
    says('dcs', `its key in etcd says that ${name} is ${row.role}, ${row.state}`, view.atMs),
    says('api', `the API of ${name} says ${api.role}, ${api.stateText}`, view.atMs),
  ];
}

const isOtherRole = (byKey: string, byApi: string): boolean =>
  (LEADS.includes(byKey) && byApi === 'replica') || (byKey === 'replica' && byApi === 'primary');

/** Who sends it WAL by their own lists, against what it says of its receiver. */
function sendersAgainst(view: ClusterView, member: MemberView): readonly Evidence[] {
  if (!replicasOf(view).includes(member)) return [];
  const { api, sql, peers } = streamingBy(view, member);
  const own = sql ?? api;
  if (own === null || peers === null || own === peers) return [];
  const { name } = member;
  return [
    says('peers', `${name} is ${peers ? '' : 'not '}among those that the members send WAL to`, view.atMs),
    sql === null
      ? says('api', `${name} says that it ${own ? 'streams' : 'does not stream'}`, view.atMs)
      : says('sql', `PostgreSQL on ${name} ${own ? 'receives WAL' : 'has no WAL receiver that streams'}`, view.atMs),
  ];
}

/** Told once it lasts: a promotion, or a stop, is read half before and half after. */
export const assessContradictions: Assess = ({ view, memory }) =>
  view.members.flatMap((member) => {
    const evidence = contradictionAt(member, view.atMs);
    if (evidence.length > 0) return [seen('channels-contradict', member.name, evidence)];
    // Its Patroni does nothing else meanwhile, and its key says what was so before.
    const others = isBeingRewound({ view, memory }, member) ? [] : othersAgainst(view, member);
    return others.length === 0 ? [] : [seen('channels-contradict', member.name, others, { isSlow: true })];
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
