import { etcdPatienceMs } from './etcd.js';
import { latencyMs, route } from './raft.js';
import type { MemberSim, World } from './state.js';

/** Requests that a loop sends to etcd one after the other: keys, lease, own key, status. */
const REQUESTS_A_LOOP = 4;

/**
 * A loop that is held up by etcd: by an etcd member that hangs, is cut off or has no leader, until Patroni turns to the next one, and by
 * one that answers late. True while it waits.
 */
export function waitsForEtcd(world: World, member: MemberSim): boolean {
  const { patroni } = member;
  const nowMs = world.time.nowMs;
  if (patroni.etcdWaitUntilMs !== null) {
    if (nowMs < patroni.etcdWaitUntilMs) {
      patroni.nextLoopMs = patroni.etcdWaitUntilMs;
      return true;
    }
    patroni.etcdWaitUntilMs = null;
    return false;
  }
  const { etcd } = world;
  const patienceMs = etcdPatienceMs(world);
  const { via, waitMs } = route(world, member.name, patroni.etcdVia, patienceMs);
  patroni.etcdVia = via ?? patroni.etcdVia;
  const lateMs = via === null ? 0 : latencyMs(etcd, via) * (REQUESTS_A_LOOP - 1);
  if (waitMs + lateMs < 100) return false;
  patroni.etcdWaitUntilMs = nowMs + waitMs + lateMs;
  patroni.nextLoopMs = patroni.etcdWaitUntilMs;
  return true;
}
