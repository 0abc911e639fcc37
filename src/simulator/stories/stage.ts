import type { SimulatedCluster } from '../world.js';
import type { Role } from './story.js';

/** What a story acts on. */
export interface Stage {
  readonly cluster: SimulatedCluster;
  /** Controllers of this telling, none where it is told without. */
  readonly controllers: readonly string[];
  readonly kill: (controller: string) => void;
  readonly start: (controller: string) => void;
  /** Who led when somebody last did. */
  lastLeader: string;
}

/** The member that a role means now; `nobody` is the leader too, for rows that need none. */
export function cast(stage: Stage, role: Role): string {
  const { cluster } = stage;
  const leader = cluster.leader() ?? cluster.primaries()[0] ?? stage.lastLeader;
  stage.lastLeader = leader;
  if (role === 'leader' || role === 'nobody') return leader;
  const others = cluster.options.members.filter((name) => name !== leader);
  return (role === 'replica' ? others[0] : others.at(-1)) ?? leader;
}

/** An operator's request to a member, by hand. */
export function byHand(
  cluster: SimulatedCluster,
  member: string,
  path: '/restart' | '/reinitialize' | '/reload',
): void {
  const { patroni } = cluster.ports({ as: 'operator' });
  void patroni.send({ port: 'patroni', member, method: 'POST', path, body: {}, timeoutMs: 60_000 } as never);
}
