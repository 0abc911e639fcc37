import { isHealthiest } from './election.js';
import { dropLeaderKey, takeLeaderKey, writeWish } from './etcd.js';
import { recordLeadership } from './patroni-record.js';
import { handOver, isAsleep, switchOver } from './patroni-switchover.js';
import { begin, demote } from './patroni-tasks.js';
import { promote } from './postgres.js';
import { isUp } from './postgres-facts.js';
import { note, REMOTE, type MemberSim, type World } from './state.js';

/** What its holder does with the leader key in a loop. [ha.py] */
export function lead(world: World, member: MemberSim): void {
  const { patroni, postgres } = member;
  patroni.believesLeader = true;
  if (postgres.process === 'down') {
    patroni.downSinceMs ??= world.time.nowMs;
    const gaveUp = world.time.nowMs - patroni.downSinceMs >= world.options.primaryStartTimeoutMs;
    if (patroni.paused || gaveUp) dropLeaderKey(world, 'PostgreSQL does not run on its holder');
    else begin(world, member);
    return;
  }
  if (!isUp(member) || postgres.frozen) return;
  patroni.downSinceMs = null;
  if (postgres.inRecovery) {
    if (patroni.config.standbyCluster) leadStandby(world, member);
    else promoteOrFail(world, member);
    return;
  }
  patroni.role = 'primary';
  if (patroni.config.standbyCluster) {
    note(world, `${member.name} follows a primary elsewhere from now on`);
    becomeStandbyLeader(world, member);
    return;
  }
  recordLeadership(world, member);
  const { sleepsFor } = patroni;
  if (sleepsFor === null) switchOver(world, member);
  else if (!isAsleep(world, member, sleepsFor)) {
    patroni.sleepsFor = null;
    handOver(world, member, sleepsFor);
  }
}

/** A promotion that fails gives the key back at once; one that hangs keeps it, and nobody can write. [ha.py enforce_primary_role] */
function promoteOrFail(world: World, member: MemberSim): void {
  if (member.patroni.promotion === 'works') promote(world, member);
  else if (member.patroni.promotion === 'fails') dropLeaderKey(world, `the promotion of ${member.name} failed`);
}

/** `standby_cluster` was configured under a primary: it stops and starts again as a replica of the other cluster, with its key. */
function becomeStandbyLeader(world: World, member: MemberSim): void {
  demote(world, member, () => {
    member.postgres.inRecovery = true;
    member.postgres.upstream = REMOTE;
    begin(world, member);
  });
}

function leadStandby(world: World, member: MemberSim): void {
  member.patroni.role = 'standby-leader';
  member.postgres.upstream = REMOTE;
  recordLeadership(world, member);
}

/** Nobody holds the key. */
export function seekLeadership(world: World, member: MemberSim): void {
  const { patroni, postgres } = member;
  if (postgres.process === 'down') {
    // A former primary starts as a replica first; whether it leads again is the election's business.
    if (!patroni.paused) {
      postgres.inRecovery = true;
      begin(world, member);
    }
    return;
  }
  if (!isUp(member) || postgres.frozen) return;
  if (!postgres.inRecovery) {
    if (takeLeaderKey(world, member.name)) {
      writeWish(world.etcd, null);
      lead(world, member);
    }
    return;
  }
  if ((patroni.paused && !isAskedFor(world, member)) || !isHealthiest(world, member)) return;
  if (takeLeaderKey(world, member.name)) {
    // Whatever was requested or scheduled: who wins the key wipes it.
    writeWish(world.etcd, null);
    patroni.leaderUntilMs = world.time.nowMs + world.options.ttlMs;
    lead(world, member);
  }
}

/** In a pause only who is named in a switchover takes the key. [ha.py is_healthiest_node] */
const isAskedFor = ({ etcd }: World, member: MemberSim): boolean =>
  etcd.failover?.member === member.name && etcd.failover.scheduledAt === null;
