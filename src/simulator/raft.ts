import type { RaftSim } from './parts.js';
import { beginAnew, dataOf, decideVersion } from './etcd-data.js';
import { opens } from './links.js';
import { note, type EtcdSim, type HostSim, type World } from './state.js';

/** etcd's own default: a follower that hears no leader for 1 to 2 s asks to be elected. */
const ELECTION_MS = 1000;

export const newRaft = (leader: string | null): RaftSim => ({
  leader,
  electedAtMs: 0,
  term: 2,
  slowMs: new Map(),
});

const runs = (host: HostSim | undefined): boolean => host?.state === 'running';

/** Two etcd members that hear each other. */
const hears = (world: World, one: string, other: string): boolean =>
  one === other ||
  (runs(world.etcd.endpoints.get(other)) &&
    dataOf(world.etcd, one) === dataOf(world.etcd, other) &&
    opens(world, one, other) &&
    opens(world, other, one));

const names = (etcd: EtcdSim): readonly string[] => [...etcd.endpoints.keys()];

const mayLead = (world: World, name: string): boolean =>
  runs(world.etcd.endpoints.get(name)) &&
  names(world.etcd).filter((other) => hears(world, name, other)).length * 2 > world.etcd.endpoints.size;

/** Answers linearizable requests: it hears the leader of a majority. Another one that runs answers serializable ones only. */
export const serves = (world: World, name: string): boolean => {
  const { raft, endpoints } = world.etcd;
  return raft.leader !== null && runs(endpoints.get(name)) && hears(world, name, raft.leader);
};

/** How late an etcd member answers: its own delay, and its leader's, since every request goes through that. */
export const latencyMs = ({ raft }: EtcdSim, name: string): number => {
  const own = raft.slowMs.get(name) ?? 0;
  return raft.leader === null || raft.leader === name ? own : own + (raft.slowMs.get(raft.leader) ?? 0);
};

/** A leader without its majority is none, at once after every change of an etcd member. */
export function unseat(world: World): void {
  const { raft } = world.etcd;
  if (raft.leader !== null && mayLead(world, raft.leader)) return;
  // Who has been without a leader asks for votes all the time: it is elected soon after a majority hears it.
  const waitMs = raft.leader === null ? electionMs(world) / 4 : electionMs(world);
  if (raft.leader !== null) note(world, `${raft.leader} leads etcd no longer`);
  raft.leader = null;
  raft.electedAtMs = world.time.nowMs + waitMs;
}

/** From the seed and the term, so that the rest of the run draws the same numbers with and without an election. */
const electionMs = (world: World): number =>
  ELECTION_MS + ((world.options.seed * 7919 + world.etcd.raft.term * 104_729) % 10) * 100;

/** An election under a leader that is well: it hands over, and for its length nothing linearizable is answered. */
export function electAgain(world: World): void {
  const { raft } = world.etcd;
  if (raft.leader === null) return;
  raft.leader = null;
  raft.electedAtMs = world.time.nowMs + electionMs(world);
  note(world, 'etcd elects');
}

export function stepRaft(world: World): void {
  const { etcd } = world;
  const { raft } = etcd;
  if (raft.leader !== null && world.links.closed.size > 0) unseat(world);
  if (raft.leader !== null) decideVersion(world);
  if (raft.leader !== null || world.time.nowMs < raft.electedAtMs) return;
  const able = names(etcd).filter((name) => mayLead(world, name));
  const next = able[raft.term % Math.max(1, able.length)];
  if (next === undefined) return;
  raft.leader = next;
  raft.term += 1;
  note(world, `${next} leads etcd in term ${raft.term}`);
  beginAnew(world, next);
}

/** What a client's request to one etcd member comes to. */
export type Contact = 'serves' | 'refuses' | 'silent' | 'leaderless';

export function contactOf(world: World, client: string, name: string): Contact {
  const host = world.etcd.endpoints.get(name);
  if (!opens(world, client, name)) return 'silent';
  if (host === undefined || host.state === 'stopped') return 'refuses';
  if (host.state === 'paused') return 'silent';
  return serves(world, name) ? 'serves' : 'leaderless';
}

/** The first etcd member, from `preferred` on, that answers `client` within `patienceMs`, and what was waited for the others before it. */
export function route(
  world: World,
  client: string,
  preferred: string | null,
  patienceMs: number,
): { readonly via: string | null; readonly waitMs: number } {
  const { etcd } = world;
  const all = names(etcd);
  const first = Math.max(0, all.indexOf(preferred ?? ''));
  let waitMs = 0;
  for (const name of [...all.slice(first), ...all.slice(0, first)]) {
    const contact = contactOf(world, client, name);
    const lateMs = contact === 'serves' ? latencyMs(etcd, name) : patienceMs;
    if (contact === 'serves' && lateMs <= patienceMs) return { via: name, waitMs: waitMs + lateMs };
    if (contact !== 'refuses') waitMs += patienceMs;
  }
  return { via: null, waitMs };
}
