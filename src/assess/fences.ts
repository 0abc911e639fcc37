import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { says, seen, type Assess, type Assessment } from './finding.js';
import { leadershipOf } from './leader.js';
import { isStreaming } from './replica.js';

/** Members that we fenced: when may they come back, and when may their traffic? An operator's own fence is none of ours. */
export const assessFences: Assess = (input) =>
  input.ledger.fences.flatMap((fence) => {
    const member = memberOf(input.view, fence.member);
    return member === null ? [] : [...stopped(input, member), ...rejoined(input, member)];
  });

function stopped(input: Assessment, member: MemberView): readonly Finding[] {
  const host = freshValue(member.host);
  const leadership = leadershipOf(input.view);
  if (host?.state !== 'stopped' || leadership.kind !== 'proven' || leadership.member.name === member.name) return [];
  return [
    seen('member-fenced', member.name, [
      says('host', `${member.name} is stopped by its host driver`, input.view.atMs),
      says('dcs', `${leadership.member.name} leads`, input.view.atMs),
    ]),
  ];
}

function rejoined({ view }: Assessment, member: MemberView): readonly Finding[] {
  // Without a proxy its traffic was never closed: it is a fenced one no more as soon as it is back, see keepBooks.
  if (view.pools === null || !hasRejoined(view, member)) return [];
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
