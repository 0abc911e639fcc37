import { opens } from './links.js';
import { isPrimary, isUp, positionOf } from './postgres-facts.js';
import { hasVotes } from './sync.js';
import { isOldPatroni, type MemberSim, type World } from './state.js';

/** Can `from` ask `other`'s REST API? Patroni allows two seconds for that. */
export const reaches = (world: World, from: MemberSim, other: MemberSim): boolean =>
  other.host.state === 'running' &&
  other.patroni.process === 'up' &&
  !other.patroni.frozen &&
  other.patroni.apiSlowMs < 2000 &&
  opens(world, from.name, other.name, 'api');

/**
 * Patroni's own judgement of itself before it takes a free leader key: not forbidden, not too far behind what the last leader
 * reported, nobody whom it can ask is ahead, and nobody whom it can ask is primary. [patroni.md section 1.2]
 */
export function isHealthiest(world: World, member: MemberSim): boolean {
  const { etcd } = world;
  const wish = etcd.failover;
  // Of an appointment for later too: should the leader die first, its candidate takes over with no look at its lag. [ha.py]
  if (wish?.member != null) {
    if (wish.member === member.name) return !mayNotLead(member);
    const wanted = world.members.find((other) => other.name === wish.member);
    if (wanted !== undefined && isUp(wanted) && reaches(world, member, wanted)) return false;
  }
  // Who steps down in a switchover does not run again for the key that it has just given up.
  if (wish?.leader === member.name) return false;
  if (mayNotLead(member) || member.postgres.broken) return false;
  const position = positionOf(member.postgres);
  if (etcd.optime !== null && etcd.optime - position > world.options.maximumLagOnFailoverBytes) return false;
  if (etcd.sync !== null && etcd.sync.leader !== member.name && !etcd.sync.standbys.includes(member.name)) return false;
  if (!hasVotes(world, member, (other) => reaches(world, member, other))) return false;
  return world.members.every((other) => other === member || !reaches(world, member, other) || !stands(other, member));
}

export const mayNotLead = ({ patroni }: MemberSim): boolean =>
  patroni.tags.nofailover || patroni.tags.failover_priority === 0 || patroni.watchdogFailed;

/** Whether `member` has to leave the key to `other`. */
const stands = (other: MemberSim, member: MemberSim): boolean =>
  isPrimary(other) || (isUp(other) && !other.postgres.frozen && !mayNotLead(other) && isAhead(other, member));

/** Further, or as far and of a higher `failover_priority`, which 3.0 does not know. */
function isAhead(other: MemberSim, member: MemberSim): boolean {
  const ahead = positionOf(other.postgres) - positionOf(member.postgres);
  if (ahead !== 0 || isOldPatroni(member)) return ahead > 0;
  return (other.patroni.tags.failover_priority ?? 1) > (member.patroni.tags.failover_priority ?? 1);
}
