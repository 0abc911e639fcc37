import { mayNotLead, reaches } from './election.js';
import { dropLeaderKey, writeWish } from './etcd.js';
import { opens } from './links.js';
import { isUp, positionOf } from './postgres-facts.js';
import { begin, demote } from './patroni-tasks.js';
import { note, type FailoverKey, type MemberSim, type World } from './state.js';

/** The request in the failover key, at once or at its time. Within loop_wait of it the leader sleeps until then and asks no more. */
export function switchOver(world: World, member: MemberSim): void {
  const wish = world.etcd.failover;
  if (wish === null) return;
  if (wish.scheduledAt !== null) {
    if (member.patroni.paused) return;
    const leftMs = Date.parse(wish.scheduledAt) - world.time.nowMs;
    if (leftMs > world.options.loopWaitMs) return;
    if (leftMs < -1.5 * world.options.loopWaitMs) {
      writeWish(world.etcd, null);
      return;
    }
    if (isAsleep(world, member, wish)) {
      member.patroni.sleepsFor = wish;
      return;
    }
  }
  handOver(world, member, wish);
}

/** Until the moment of the appointment, whoever knocks. */
export function isAsleep(world: World, member: MemberSim, { scheduledAt }: FailoverKey): boolean {
  const atMs = Date.parse(scheduledAt ?? '');
  if (!(atMs > world.time.nowMs)) return false;
  member.patroni.nextLoopMs = atMs;
  return true;
}

export function handOver(world: World, member: MemberSim, wish: FailoverKey): void {
  const candidates = world.members.filter((other) => other !== member && (wish.member ?? other.name) === other.name);
  const able = candidates.some((other) => mayTakeOver(world, member, other));
  if ((wish.leader !== null && wish.leader !== member.name) || !able) {
    writeWish(world.etcd, null);
    note(world, 'switchover failed: the leader is another one, or no candidate is able');
    return;
  }
  note(world, `${member.name} steps down for a switchover`);
  demote(world, member, () => {
    // A clean shutdown sends everything first, so the candidates lose nothing.
    for (const other of candidates)
      if (other.postgres.streaming && opens(world, other.name, member.name, 'sql'))
        other.postgres.receiveLsn = Math.max(other.postgres.receiveLsn, positionOf(member.postgres));
    dropLeaderKey(world, 'switchover');
    // In pause too: who has stepped down starts again as a replica of whoever follows. [ha.py demote]
    if (!member.patroni.paused) return;
    member.postgres.inRecovery = true;
    member.postgres.upstream = null;
    begin(world, member);
  });
}

const mayTakeOver = (world: World, leader: MemberSim, other: MemberSim): boolean =>
  isUp(other) &&
  reaches(world, leader, other) &&
  !mayNotLead(other) &&
  positionOf(leader.postgres) - positionOf(other.postgres) <= world.options.maximumLagOnFailoverBytes;
