import type { MemberName } from '../model/names.js';
import { streamsFrom } from './replication.js';
import type { MemberSim, World } from './state.js';

/** Has the rule of this primary's synchronous_standby_names been met for what was written up to `lsn`? */
export function isConfirmed(world: World, primary: MemberSim, lsn: number): boolean {
  const rule = primary.postgres.syncNames;
  if (rule === null) return true;
  const { names } = rule;
  const listed = streamsFrom(world, primary.name).filter((other) => names === '*' || names.includes(other.name));
  return listed.filter((other) => other.postgres.ackedLsn >= lsn).length >= rule.count;
}

/** Whether this primary's sessions stand in SyncRep: then nothing more is written either. */
export function commitsWait(world: World, primary: MemberSim): boolean {
  const { postgres } = primary;
  const waits = !isConfirmed(world, primary, postgres.replayLsn);
  postgres.syncWaitSinceMs = waits ? (postgres.syncWaitSinceMs ?? world.time.nowMs) : null;
  return waits;
}

/** Patroni's choice, each loop of the leader: who stands in the key `sync`, and then in synchronous_standby_names. [ha.py, sync.py] */
export function chooseStandbys(world: World, leader: MemberSim): void {
  const { etcd } = world;
  const { synchronousMode: mode, synchronousNodeCount: wanted, synchronousModeStrict: strict } = etcd.config;
  if (mode === 'off') {
    etcd.sync = null;
    leader.postgres.syncNames = null;
    return;
  }
  const present = new Set<string>(etcd.sync?.standbys ?? []);
  const able = streamsFrom(world, leader.name)
    .filter((other) => other.postgres.caughtUp)
    .map((other) => other.name);
  // Who is one stays one; the others in the order of the members.
  const ranked = [...able.filter((name) => present.has(name)), ...able.filter((name) => !present.has(name))];
  const count = Math.min(wanted, ranked.length);
  const chosen: readonly MemberName[] = mode === 'quorum' ? [...ranked].sort() : ranked.slice(0, count);
  const quorum = mode === 'quorum' ? { quorum: chosen.length - count } : {};
  etcd.sync = { leader: leader.name, standbys: chosen, ...quorum };
  const kind = mode === 'quorum' ? ('any' as const) : ('first' as const);
  leader.postgres.syncNames =
    count > 0 ? { kind, count, names: chosen } : strict ? { kind: 'first', count: 1, names: '*' } : null;
}

/** As in pg_stat_replication of this sender. */
export function syncStateOf(sender: MemberSim, name: MemberName): 'sync' | 'quorum' | 'async' {
  const rule = sender.postgres.syncNames;
  if (rule === null || (rule.names !== '*' && !rule.names.includes(name))) return 'async';
  return rule.kind === 'any' ? 'quorum' : 'sync';
}

/** In quorum mode: can this candidate ask so many voters that one of them must have whatever was acknowledged? [ha.py _is_healthiest_node] */
export function hasVotes(world: World, member: MemberSim, asks: (other: MemberSim) => boolean): boolean {
  const { sync } = world.etcd;
  if (sync?.quorum === undefined || sync.leader === member.name) return true;
  const voters = world.members.filter((other) => other !== member && sync.standbys.includes(other.name));
  return voters.filter(asks).length >= sync.quorum;
}
