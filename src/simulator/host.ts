import { cutOffWork } from './copies.js';
import { crashPostgres, stopPostgres } from './postgres-facts.js';
import { dropLeaderKey, dcsReachable } from './etcd.js';
import { startsWithData } from './etcd-data.js';
import { unseat } from './raft.js';
import { note, type HostSim, type MemberSim, type World } from './state.js';

/** From `docker start` to Patroni's REST API. */
const BOOT_MS = 1500;

export function newHost(name: string, startedAtMs: number): HostSim {
  return { state: 'running', id: `${name}-1`, startedAtMs, finishedAtMs: null, exitCode: null, restartCount: 0 };
}

/** SIGKILL of the container: Patroni and PostgreSQL end together, nobody tells the DCS. */
export function killHost(world: World, member: MemberSim): void {
  if (member.host.state === 'stopped') return;
  endHost(world, member, 137, 'die');
}

/** A clean stop: PostgreSQL is shut down first and the leader gives its key back. */
export function stopHost(world: World, member: MemberSim): void {
  if (member.host.state === 'stopped') return;
  const clean = !member.patroni.frozen && member.patroni.process === 'up' && dcsReachable(world, member);
  endHost(world, member, clean ? 0 : 137, 'die');
  if (!clean) return;
  const row = world.etcd.members.get(member.name);
  if (row !== undefined)
    world.etcd.members.set(member.name, { ...row, state: 'stopped', xlogLocation: null, replicationState: null });
  if (world.etcd.leader?.holder === member.name) dropLeaderKey(world, 'its holder shut down cleanly');
}

function endHost(world: World, member: MemberSim, exitCode: number, event: string): void {
  member.host.state = 'stopped';
  member.host.finishedAtMs = world.time.nowMs;
  member.host.exitCode = exitCode;
  if (exitCode === 0) stopPostgres(member);
  else crashPostgres(member);
  const { patroni } = member;
  cutOffWork(world, member);
  patroni.process = 'down';
  patroni.frozen = false;
  patroni.task = null;
  patroni.believesLeader = false;
  patroni.leaderUntilMs = 0;
  note(world, `${member.name}'s container stopped (exit code ${exitCode})`);
  tell(world, `${event} ${member.name}`);
}

export function startHost(world: World, member: MemberSim): void {
  if (member.host.state === 'running' || world.unpowered.has(member.name)) return;
  const wasPaused = member.host.state === 'paused';
  member.host.state = 'running';
  tell(world, `${wasPaused ? 'unpause' : 'start'} ${member.name}`);
  if (wasPaused) {
    member.patroni.thawed = true;
    return;
  }
  member.host.startedAtMs = world.time.nowMs;
  member.host.finishedAtMs = null;
  member.host.exitCode = null;
  startPatroni(world, member);
  note(world, `${member.name}'s container started`);
}

/** A new Patroni process: it knows nothing but its own file and its data directory. */
export function startPatroni(world: World, member: MemberSim): void {
  const { patroni } = member;
  const upAtMs = world.time.nowMs + BOOT_MS;
  Object.assign(patroni, {
    process: 'starting',
    readyAtMs: upAtMs,
    frozen: false,
    nextLoopMs: upAtMs,
    state: member.postgres.process === 'up' ? 'running' : 'stopped',
    role: 'replica',
    believesLeader: false,
    leaderUntilMs: 0,
    task: null,
    startingSinceMs: null,
    downSinceMs: null,
    rewindTried: false,
    dcsFailingSinceMs: null,
    etcdWaitUntilMs: null,
    scheduledRestart: null,
    tags: patroni.fileTags,
    reloadAsked: false,
    pendingRestart: false,
  });
}

export function pauseHost(world: World, member: MemberSim): void {
  if (member.host.state !== 'running') return;
  member.host.state = 'paused';
  note(world, `${member.name}'s container is paused`);
  tell(world, `pause ${member.name}`);
}

const ETCD_EVENTS = { running: 'started', stopped: 'stopped', paused: 'hangs' } as const;

export function setEtcdHost(world: World, name: string, state: HostSim['state']): void {
  const host = world.etcd.endpoints.get(name);
  if (host === undefined)
    throw new Error(`no etcd endpoint ${name}; there are ${[...world.etcd.endpoints.keys()].join(', ')}`);
  if (host.state === state) return;
  if (state === 'running' && host.state === 'stopped' && !startsWithData(world, name)) {
    Object.assign(host, { startedAtMs: world.time.nowMs, finishedAtMs: world.time.nowMs, exitCode: 1 });
    return;
  }
  const hung = host.state === 'paused';
  host.state = state;
  if (state === 'running' && !hung) host.startedAtMs = world.time.nowMs;
  host.finishedAtMs = state === 'stopped' ? world.time.nowMs : null;
  host.exitCode = state === 'stopped' ? 137 : null;
  note(world, `${name} ${ETCD_EVENTS[state]}`);
  unseat(world);
  tell(world, `${{ running: 'start', stopped: 'die', paused: 'pause' }[state]} ${name}`);
}

function tell(world: World, what: string): void {
  for (const wake of [...world.hostWakes]) wake(what);
}
