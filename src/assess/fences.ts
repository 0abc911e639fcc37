import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
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

function rejoined(input: Assessment, member: MemberView): readonly Finding[] {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven') return [];
  const api = freshValue(member.api);
  const leadsStill = leadership.member.name === member.name;
  const follows = api?.role === 'replica' && api.state === 'running' && isStreaming(input.view, member);
  if (!leadsStill && !follows) return [];
  const what = leadsStill ? 'holds the leader key and is primary' : 'runs and streams from the leader';
  return [seen('member-rejoined', member.name, [says('api', `${member.name} ${what}`, input.view.atMs)])];
}
