import { takesWrites } from './etcd.js';
import { chooseStandbys } from './sync.js';
import type { MemberSim, World } from './state.js';

/** What the leader writes each loop: status, history and, in synchronous mode, who commits wait for. */
export function recordLeadership(world: World, member: MemberSim): void {
  const { etcd } = world;
  const { postgres } = member;
  if (!takesWrites(etcd)) return;
  etcd.optime = postgres.replayLsn;
  etcd.failsafe = etcd.config.failsafeMode ? [...etcd.members.keys()] : null;
  const fork = postgres.forks.at(-1);
  if (fork !== undefined && etcd.history.every((row) => row.timeline !== fork.timeline || row.lsn !== fork.lsn)) {
    const at = new Date(world.time.nowMs).toISOString();
    const row = {
      timeline: fork.timeline,
      lsn: fork.lsn,
      reason: 'no recovery target specified',
      at,
      newLeader: member.name,
    };
    etcd.history = [...etcd.history.filter((other) => other.timeline < fork.timeline), row];
  }
  chooseStandbys(world, member);
}
