import { opens } from './links.js';
import { logLine } from './log.js';
import { begin, runTask, STOP_MS } from './patroni-tasks.js';
import { rewindTo } from './postgres.js';
import { answersSql, hasDiverged, isPrimary, isUp, stopPostgres } from './postgres-facts.js';
import { loginRefusal } from './replication.js';
import { note, type MemberSim, type TaskPhase, type World } from './state.js';

/** For so long pg_rewind waits for a source of which nothing comes any more. */
const HANG_MS = 15 * 60_000;

/** Patroni asks the leader over a replication connection where their histories part; without an answer it does not rewind. [rewind.py] */
export const needsRewind = (world: World, member: MemberSim, leader: MemberSim): boolean =>
  !member.postgres.broken &&
  isPrimary(leader) &&
  hasDiverged(member.postgres, leader.postgres) &&
  answersSql(leader) &&
  opens(world, member.name, leader.name, 'sql') &&
  loginRefusal(world, leader, member.name) === null;

export function rewind(world: World, member: MemberSim, leader: MemberSim): void {
  const role = member.postgres.inRecovery ? null : ('demoted' as const);
  note(world, `${member.name} must rewind to follow ${leader.name}`);
  const end = () => {
    stopPostgres(member);
  };
  runTask(world, member, 'rewind', [
    { state: 'stopping', role, forMs: STOP_MS, end },
    { state: 'stopped', role, forMs: Infinity, end: null, poll: rewinding(world, member, leader) },
  ]);
}

function rewinding(world: World, member: MemberSim, leader: MemberSim): NonNullable<TaskPhase['poll']> {
  const startMs = world.time.nowMs;
  let lastMs: number | null = null;
  let leftMs = world.options.rewindMs;
  const over = (): 'end' => {
    member.postgres.inRecovery = true;
    member.postgres.upstream = leader.name;
    begin(world, member);
    return 'end';
  };
  return () => {
    const { nowMs } = world.time;
    const stepMs = lastMs === null ? 0 : nowMs - lastMs;
    lastMs = nowMs;
    const isGone = !isUp(leader) || leader.host.state === 'stopped';
    const comes = answersSql(leader) && opens(world, member.name, leader.name, 'sql');
    if (comes) leftMs -= stepMs;
    if (isGone || (!comes && nowMs - startMs > HANG_MS)) {
      // Patroni lives and knows that a rewind is due: it rewinds again, from whoever leads then. pg_control is written last. [rewind.py execute]
      logLine(world, member, `WARNING: Failed to rewind because primary ${leader.name} become unreachable`);
      note(world, `${member.name}'s rewind was cut off: ${leader.name} is gone`);
      return over();
    }
    if (leftMs > 0) return 'stay';
    member.patroni.rewindTried = member.postgres.rewindFails;
    if (member.postgres.rewindFails)
      logLine(world, member, 'ERROR: Failed to rewind from healthy primary: pg_rewind exited with code=1');
    else if (isPrimary(leader)) rewindTo(member, leader);
    return over();
  };
}
