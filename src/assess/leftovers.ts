import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { leadershipOf } from './leader.js';

/**
 * Drains of ours whose member leads by now. It is no replica any more that could be seen to have caught up, so nothing else would end them;
 * one that a person asked for is theirs to end, and one of a rehearsal took nobody out.
 */
export const assessLeftovers: Assess = ({ view, ledger }) => {
  const ours = ledger.drains.filter((drain) => !drain.shadow && drain.by === undefined);
  if (ours.length === 0) return [];
  const leadership = leadershipOf(view);
  return ours.flatMap(({ member: name }): readonly Finding[] => {
    if (leadership.kind === 'none') return [];
    const isClaimed = leadership.kind === 'claimed' && leadership.name === name;
    if (leadership.kind === 'unknown' || isClaimed)
      return [cannotTell('drain-left-over', name, leadership.why, view.atMs)];
    if (leadership.kind === 'claimed' || leadership.member?.name !== name) return [];
    const evidence = [
      says('dcs', `${name} holds the leader key, and we drained it as a replica`, view.atMs),
      says('api', `${name} leads and runs`, view.atMs),
    ];
    if (freshValue(leadership.member.sql)?.inRecovery === false)
      evidence.push(says('sql', `${name} accepts writes`, view.atMs));
    return [seen('drain-left-over', name, evidence)];
  });
};
