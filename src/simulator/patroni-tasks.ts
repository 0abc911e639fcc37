import { copyFrom, isPrimary, rewindTo, startPostgres, stopPostgres } from './postgres.js';
import { note, type MemberSim, type Task, type TaskPhase, type World } from './state.js';

const START_MS = 1800;
const STOP_MS = 800;

export function begin(world: World, member: MemberSim): void {
  member.patroni.state = 'starting';
  member.patroni.startingSinceMs = world.time.nowMs;
  startPostgres(world, member, START_MS);
}

export function followStart(member: MemberSim): void {
  const { patroni, postgres } = member;
  if (patroni.startingSinceMs === null || postgres.process === 'starting') return;
  patroni.startingSinceMs = null;
  patroni.state = postgres.process === 'up' ? 'running' : 'start failed';
  if (postgres.process === 'up' && postgres.inRecovery) patroni.role = 'replica';
}

export function stepTask(world: World, member: MemberSim): void {
  const { patroni } = member;
  while (patroni.task !== null && world.time.nowMs >= patroni.task.untilMs) {
    const { task } = patroni;
    const done = task.phases[task.phase];
    task.phase += 1;
    const next = task.phases[task.phase];
    if (next === undefined) {
      patroni.task = null;
      patroni.nextLoopMs = Math.min(patroni.nextLoopMs, world.time.nowMs + 200);
    } else enter(world, member, next);
    done?.end?.();
  }
}

function enter(world: World, member: MemberSim, phase: TaskPhase): void {
  const { patroni } = member;
  patroni.state = phase.state;
  if (phase.role !== null) patroni.role = phase.role;
  if (patroni.task !== null) patroni.task.untilMs = world.time.nowMs + phase.forMs;
}

export function runTask(world: World, member: MemberSim, kind: Task['kind'], phases: readonly TaskPhase[]): void {
  const first = phases[0];
  if (first === undefined) return;
  member.patroni.task = { kind, phases, phase: 0, untilMs: 0 };
  enter(world, member, first);
}

export function demote(world: World, member: MemberSim, then: () => void): void {
  const { patroni } = member;
  patroni.believesLeader = false;
  patroni.leaderUntilMs = 0;
  const end = () => {
    stopPostgres(member);
    patroni.state = 'stopped';
    then();
  };
  runTask(world, member, 'demote', [{ state: 'stopping', role: 'demoted', forMs: STOP_MS, end }]);
}

export function rewind(world: World, member: MemberSim, leader: MemberSim): void {
  const role = member.postgres.inRecovery ? null : ('demoted' as const);
  note(world, `${member.name} must rewind to follow ${leader.name}`);
  const end = () => {
    member.patroni.rewindTried = member.postgres.rewindFails;
    if (!member.postgres.rewindFails && isPrimary(leader)) rewindTo(member, leader);
    member.postgres.inRecovery = true;
    member.postgres.upstream = leader.name;
    begin(world, member);
  };
  runTask(world, member, 'rewind', [
    {
      state: 'stopping',
      role,
      forMs: STOP_MS,
      end: () => {
        stopPostgres(member);
      },
    },
    { state: 'stopped', role, forMs: world.options.rewindMs, end },
  ]);
}

/** Wipes the copy and clones the leader anew; on failure of the source it stays in `creating replica` until there is one. */
export function reinitialize(world: World, member: MemberSim): void {
  note(world, `${member.name} is reinitialized`);
  const end = () => {
    const source = world.members.find((other) => other.name === world.etcd.leader?.holder && isPrimary(other));
    if (source === undefined) {
      reinitialize(world, member);
      return;
    }
    source.postgres.baseBackups = Math.max(0, source.postgres.baseBackups - 1);
    copyFrom(world, member, source);
    member.patroni.role = 'replica';
    member.patroni.rewindTried = false;
    member.patroni.understateBytes = (16 + Math.floor(world.random() * 48)) * 1024 * 1024;
    begin(world, member);
  };
  const wipe = () => {
    stopPostgres(member);
    member.postgres.inRecovery = true;
    const source = world.members.find((other) => other.name === world.etcd.leader?.holder);
    if (source !== undefined) source.postgres.baseBackups += 1;
  };
  runTask(world, member, 'reinitialize', [
    { state: 'stopping', role: null, forMs: STOP_MS, end: wipe },
    { state: 'creating replica', role: 'uninitialized', forMs: world.options.cloneMs, end },
  ]);
}
