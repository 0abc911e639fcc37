import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import { hasSuccessor, leaderlessCandidates, successorsOf, type FailoverCandidate } from './candidates.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import { leadershipOf, primaryChannels } from './leader.js';
import { strangersText } from './strangers.js';

/** The key is known to be absent and nobody is primary; a normal election is shorter than its grace. */
export function leaderless(input: Assessment): readonly Finding[] {
  const { scope, atMs, members } = input.view;
  const leadership = leadershipOf(input.view);
  if (leadership.kind === 'unknown') return [cannotTell('leaderless', scope, leadership.why, atMs)];
  if (leadership.kind !== 'none') return [];
  if (members.some((member) => primaryChannels(member).length > 0)) return [];
  const evidence = [says('dcs', 'nobody holds the leader key', atMs)];
  const answering = members.filter((member) => freshValue(member.api) !== null);
  if (answering.length > 0)
    evidence.push(says('api', `none of ${answering.map((member) => member.name).join(', ')} is primary`, atMs));
  // Nobody is left who could say it by another channel.
  if (members.every((member) => freshValue(member.host)?.state === 'stopped'))
    evidence.push(says('host', 'every member is stopped by its host driver', atMs));
  const stranger = strangersText(input.view);
  if (stranger !== null) evidence.push(says('dcs', `${stranger}, is not seen by us and may be elected`, atMs));
  const findings = [seen('leaderless', scope, evidence)];
  const rows = leaderlessCandidates(input.view, input.memory);
  if (stranger !== null) {
    findings.push(cannotTell('no-failover-candidate', scope, `${stranger}, cannot be judged`, atMs));
  } else if (rows.every((row) => row.barred.length > 0)) {
    const text = `no running replica may be promoted: ${rows.map((row) => textOf(row, row.barred)).join('; ')}`;
    findings.push(seen('no-failover-candidate', scope, [says('api', text, atMs)]));
  }
  return findings;
}

/**
 * A leader leads, and if it died now Patroni would elect nobody. Of the leader, not of the scope: the same becomes an emergency of its own
 * when nobody leads any more. A cluster of one member has no successor by design.
 */
export function unprotected({ view, memory }: Assessment): readonly Finding[] {
  const leadership = leadershipOf(view);
  if (leadership.kind === 'claimed')
    return [cannotTell('no-failover-candidate', leadership.name, leadership.why, view.atMs)];
  if (leadership.kind !== 'proven') return [];
  const { name } = leadership.member;
  const seenByElection = asTheElectionWillSee(memory, name);
  if (hasSuccessor(view, seenByElection, name)) return [];
  const rows = successorsOf(view, seenByElection, name);
  if (rows.length === 0) return [];
  const stranger = strangersText(view);
  if (stranger !== null)
    return [
      cannotTell('no-failover-candidate', name, `${stranger}, may succeed ${name}: it cannot be judged`, view.atMs),
    ];
  const text = `nobody may succeed ${name}: ${rows.map((row) => textOf(row, row.against)).join('; ')}`;
  return [seen('no-failover-candidate', name, [says('api', text, view.atMs)], { isLed: true })];
}

const textOf = ({ name }: FailoverCandidate, reasons: readonly string[]): string => `${name} ${reasons.join(', ')}`;

/**
 * Patroni judges lag by what the leader wrote into `status` in its last loop. By the leader's position of this instant a replica that is
 * level is behind by whatever was written between two readings.
 */
function asTheElectionWillSee(memory: Memory, leader: string): Memory {
  const last = memory.positions[leader];
  return last === undefined
    ? memory
    : { ...memory, positions: { ...memory.positions, [leader]: { ...last, lsn: '0/0' } } };
}
