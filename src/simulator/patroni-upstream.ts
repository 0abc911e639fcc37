import type { MemberName } from '../model/names.js';
import type { MemberSim, World } from './state.js';

/** Whom Patroni lets this replica follow: the member of its tag `replicatefrom` if that is registered, else the leader. [ha.py] */
export function nodeToFollow(world: World, { name, patroni, postgres }: MemberSim, leader: MemberSim): MemberName {
  if (postgres.upstreamSet !== null) return postgres.upstreamSet;
  const wish = world.members.find((other) => other.name === patroni.tags.replicatefrom && other.name !== name);
  return wish !== undefined && world.etcd.members.has(wish.name) ? wish.name : leader.name;
}
