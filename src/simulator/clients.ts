import type { ClientSim, ClientsSim, Commit } from './parts.js';
import { serverUp, takesConnections } from './haproxy.js';
import { areClientsHeld } from './pooler.js';
import { opens, PROXY } from './links.js';
import { answersSql, holds, isPrimary } from './postgres-facts.js';
import { isConfirmed } from './sync.js';
import { memberSim, type MemberSim, type World } from './state.js';

/** What one commit of a client takes in WAL. */
const COMMIT_BYTES = 128;

export const newClients = (): ClientsSim => ({
  clients: [],
  waiting: [],
  acknowledged: [],
  twoWritersMs: 0,
  noWriterMs: 0,
  failed: 0,
  longestWaitMs: 0,
});

export function startClient(world: World, name: string, everyMs: number): void {
  const client = { name, everyMs, nextMs: world.time.nowMs, commits: 0, session: null, turn: 0 };
  world.clients.clients = [...world.clients.clients.filter((other) => other.name !== name), client];
}

/** Whether a commit sent to this member now is written. Says nothing of when it is acknowledged. */
const takesCommits = (member: MemberSim): boolean =>
  isPrimary(member) && answersSql(member) && !member.postgres.dataFull && member.postgres.readOnly === null;

/** `isOpen`: by what its server in the proxy is asked; a session goes on where nothing new is led to. */
const passes = (world: World, member: MemberSim, isOpen: typeof serverUp = serverUp): boolean =>
  opens(world, PROXY, member.name, 'sql') &&
  world.servers.some(
    (server) =>
      server.backend === world.options.primaryBackend && server.member === member.name && isOpen(world, server),
  );

export function stepClients(world: World, stepMs: number): void {
  const { clients } = world;
  if (clients.clients.length === 0) return;
  const writers = world.members.filter((member) => takesCommits(member) && passes(world, member)).length;
  if (writers > 1) clients.twoWritersMs += stepMs;
  if (writers === 0) clients.noWriterMs += stepMs;
  clients.waiting = clients.waiting.filter((commit) => stillWaits(world, commit));
  for (const client of clients.clients) {
    if (world.time.nowMs < client.nextMs || clients.waiting.some((commit) => commit.client === client.name)) continue;
    if (areClientsHeld(world)) continue;
    clients.longestWaitMs = Math.max(clients.longestWaitMs, world.time.nowMs - client.nextMs);
    client.nextMs = world.time.nowMs + client.everyMs;
    commit(world, client);
  }
}

/** Acknowledges what is confirmed; drops what its client will never hear of: the server died, or HAProxy closed the session. */
function stillWaits(world: World, commit: Commit): boolean {
  const member = world.members.find((other) => other.name === commit.member);
  if (member === undefined || !isPrimary(member) || member.postgres.branch !== commit.branch) return false;
  if (!passes(world, member)) return false;
  if (!answersSql(member) || !isConfirmed(world, member, commit.lsn)) return true;
  acknowledge(world, commit);
  return false;
}

function acknowledge({ clients, time }: World, commit: Commit): void {
  commit.ackedAtMs = time.nowMs;
  clients.acknowledged.push(commit);
}

function commit(world: World, client: ClientSim): void {
  const member = connect(world, client);
  if (member === null) {
    world.clients.failed += 1;
    return;
  }
  const { postgres } = member;
  postgres.receiveLsn = postgres.replayLsn += COMMIT_BYTES;
  client.commits += 1;
  const made: Commit = {
    client: client.name,
    number: client.commits,
    member: member.name,
    timeline: postgres.timeline,
    branch: postgres.branch,
    lsn: postgres.replayLsn,
    writtenAtMs: world.time.nowMs,
    ackedAtMs: null,
  };
  if (postgres.syncNames === null) acknowledge(world, made);
  else world.clients.waiting = [...world.clients.waiting, made];
}

/** The open session while it works (HAProxy ends it when it marks the server down); else the next server that is up. */
function connect(world: World, client: ClientSim): MemberSim | null {
  const open = client.session === null ? null : memberSim(world, client.session);
  if (open !== null && passes(world, open) && takesCommits(open)) return open;
  client.session = null;
  const up = world.members.filter((member) => passes(world, member, takesConnections));
  const next = up[client.turn % Math.max(1, up.length)];
  client.turn += 1;
  if (next === undefined || !takesCommits(next)) return null;
  client.session = next.name;
  return next;
}

/** What became of the commits that clients were told of. */
export interface CommitTruth {
  readonly acknowledged: readonly Commit[];
  /** Acknowledged, and not in the history of who takes writes under the leader key now; null: nobody does, so nobody can tell. */
  readonly lost: readonly Commit[] | null;
  /** Acknowledged by a member after its successor had been promoted. */
  readonly afterSuccessor: readonly Commit[];
  readonly twoWritersMs: number;
  readonly noWriterMs: number;
  /** Commits that found nobody to take them. */
  readonly failed: number;
  /** The longest that one waited in a pooler. */
  readonly longestWaitMs: number;
}

export function commitTruth(world: World): CommitTruth {
  const { acknowledged, twoWritersMs, noWriterMs, failed, longestWaitMs } = world.clients;
  const leader = world.members.find((member) => member.name === world.etcd.leader?.holder && isPrimary(member));
  const lost =
    leader === undefined ? null : acknowledged.filter(({ branch, lsn }) => !holds(leader.postgres, branch, lsn));
  const afterSuccessor = acknowledged.filter((row) =>
    world.promotions.slice(row.branch).some((promotion) => promotion.atMs <= (row.ackedAtMs ?? 0)),
  );
  return { acknowledged, lost, afterSuccessor, twoWritersMs, noWriterMs, failed, longestWaitMs };
}
