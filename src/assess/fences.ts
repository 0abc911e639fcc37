import { closedPlaces } from '../actions/proxy-places.js';
import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { leadershipOf } from './leader.js';
import { isStreaming } from './replica.js';

/** Members that we fenced: when may they come back, and when may their traffic? An operator's own fence is none of ours. */
export const assessFences: Assess = (input) =>
  input.ledger.fences.flatMap((fence) => {
    const member = memberOf(input.view, fence.member);
    if (member === null) return [];
    // Where nothing is closed by us it is a fenced one no more as soon as it is back, see afterPass.
    return [
      ...stopped(input, member),
      ...(closedPlaces(input.view, fence).length === 0 ? [] : rejoined(input, member)),
    ];
  });

/**
 * Another one leads; or nobody does, though an election takes less than this problem's grace. Then who was to succeed it fails, and the one
 * that we stopped has all that was acknowledged: it is started again, and Patroni elects as ever.
 */
function stopped(input: Assessment, member: MemberView): readonly Finding[] {
  const { view, memory } = input;
  const { name } = member;
  if (freshValue(member.host)?.state !== 'stopped') return [];
  const leadership = leadershipOf(view);
  const isStopped = says('host', `${name} is stopped by its host driver`, view.atMs);
  const because = (text: string): Finding => seen('member-fenced', name, [isStopped, says('dcs', text, view.atMs)]);
  if (leadership.kind === 'proven')
    return leadership.member.name === name ? [] : [because(`${leadership.member.name} leads`)];
  if (leadership.kind !== 'none') return [cannotTell('member-fenced', name, leadership.why, view.atMs)];
  return memory.lastLeader === name ? [because(`nobody leads since we stopped ${name}, which led last`)] : [];
}

function rejoined({ view }: Assessment, member: MemberView): readonly Finding[] {
  if (!hasRejoined(view, member)) return [];
  const leads = leadsStill(view, member);
  const what = leads ? 'holds the leader key and is primary' : 'runs and streams from the leader';
  return [seen('member-rejoined', member.name, [says('api', `${member.name} ${what}`, view.atMs)], { leads })];
}

/** It streams from a proven leader, or it never stopped leading. */
export function hasRejoined(view: ClusterView, member: MemberView): boolean {
  if (leadershipOf(view).kind !== 'proven') return false;
  const api = freshValue(member.api);
  return leadsStill(view, member) || (api?.role === 'replica' && api.state === 'running' && isStreaming(view, member));
}

function leadsStill(view: ClusterView, { name }: MemberView): boolean {
  const leadership = leadershipOf(view);
  return leadership.kind === 'proven' && leadership.member.name === name;
}
