import { startPostgres } from './postgres.js';
import { startWithSettings } from './settings.js';
import { stopPostgres } from './postgres-facts.js';
import { type MemberSim, type Task, type TaskPhase, type World } from './state.js';

const START_MS = 1800;
export const STOP_MS = 800;

export function begin(world: World, member: MemberSim): void {
  member.patroni.state = 'starting';
  member.patroni.startingSinceMs = world.time.nowMs;
  startWithSettings(member);
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
  pollPhase(world, member);
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
    pollPhase(world, member);
  }
}

/** A phase that waits for something else than time: it looks itself whether it is over. */
function pollPhase(world: World, { patroni }: MemberSim): void {
  const { task } = patroni;
  const how = task?.phases[task.phase]?.poll?.();
  if (task === null || how === undefined || how === 'stay') return;
  if (how === 'failed') patroni.task = null;
  else task.untilMs = world.time.nowMs;
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
