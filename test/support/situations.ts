import type { Rig } from './simulated.js';

export const MB = 1024 * 1024;

/** A replica that receives nothing while clients write 30 MB a second: an emergency after four seconds. */
export function lagEmergency({ cluster }: Rig, member = 'patroni3'): void {
  cluster.setLoad(30 * MB);
  cluster.lag(member, 0);
}

/** Clients go quiet and the replica catches up. */
export function caughtUp({ cluster }: Rig, member = 'patroni3'): void {
  cluster.setLoad(64 * 1024);
  cluster.healLag(member);
}

export const DRAIN = 'haproxy> set server postgres_replicas/patroni3 state drain';
export const UNDRAIN = 'haproxy> set server postgres_replicas/patroni3 state ready';

/** Requests that cost a copy or a member's work if they are sent twice or at the wrong one. */
export const destructive = (requests: readonly string[]): readonly string[] =>
  requests.filter((text) => / \/(reinitialize|restart|failover|switchover) |^host (stop|kill|restart)/.test(text));
