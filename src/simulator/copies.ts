import type { MemberName } from '../model/names.js';
import type { BackupSeen } from '../model/sql.js';
import { freeBytes } from './disks.js';
import { dropLeaderKey } from './etcd.js';
import { opens } from './links.js';
import { logLine } from './log.js';
import { begin, runTask, STOP_MS } from './patroni-tasks.js';
import type { CopySim } from './postgres-state.js';
import { copyFrom } from './postgres.js';
import { answersSql, isPrimary, isUp, stopPostgres } from './postgres-facts.js';
import { CONNECT_MS, loginRefusal } from './replication.js';
import { SEGMENT_BYTES } from './segments.js';
import { note, type MemberSim, type TaskPhase, type World } from './state.js';

/** Patroni calls pg_basebackup twice and sleeps in between. [bootstrap.py basebackup] */
const TRIES = 2;
const AGAIN_MS = 5000;
/** From the start of pg_basebackup to a refusal. */
const REFUSED_MS = 300;
/** For so long a connection stands over which nothing comes any more. */
const HANG_MS = 15 * 60_000;
/** A base backup with its WAL takes two: the files and the stream beside them. */
const SENDERS = 2;

type PollResult = ReturnType<NonNullable<TaskPhase['poll']>>;

/** POST /reinitialize: stops PostgreSQL and removes the directory, whatever becomes of the copy afterwards. [ha.py _do_reinitialize] */
export function reinitialize(world: World, member: MemberSim): void {
  note(world, `${member.name} is reinitialized`);
  cutOffWork(world, member);
  const end = () => {
    stopPostgres(member);
    Object.assign(member.postgres, { directory: 'empty', inRecovery: true, broken: false });
  };
  runTask(world, member, 'reinitialize', [
    { state: 'stopping', role: null, forMs: STOP_MS, end },
    copying(world, member),
  ]);
}

/** Nothing to start from: an empty directory is copied from whoever leads, in each loop, for ever; a torn one is left to a person. [ha.py] */
export function withoutDirectory(world: World, member: MemberSim, holder: MemberName | null): void {
  const { patroni, postgres } = member;
  patroni.state = 'stopped';
  if (postgres.directory === 'torn') return;
  patroni.role = 'uninitialized';
  if (holder === member.name) dropLeaderKey(world, 'the data directory of its holder is empty');
  else if (holder !== null && !patroni.paused) runTask(world, member, 'bootstrap', [copying(world, member)]);
}

const copying = (world: World, member: MemberSim): TaskPhase => ({
  state: 'creating replica',
  role: 'uninitialized',
  forMs: Infinity,
  end: null,
  poll: () => stepCopy(world, member, (member.postgres.copy ??= newCopy(world))),
});

const newCopy = ({ time }: World): CopySim => ({
  stage: 'waiting',
  source: null,
  copiedBytes: 0,
  failures: 0,
  sinceMs: time.nowMs,
  beganMs: time.nowMs,
});

/** What was under way when the process died: the directory keeps what it has by then. */
export function cutOffWork(world: World, member: MemberSim): void {
  const { postgres, patroni } = member;
  if (postgres.copy !== null) {
    if (postgres.copy.copiedBytes > 0) postgres.directory = 'torn';
    endBackup(world, postgres.copy);
    postgres.copy = null;
  }
  if (patroni.task?.kind === 'rewind' && patroni.task.phase === 1) breakByRewind(world, member);
}

/** pg_rewind that did not come to its end leaves files of two histories. [documentation of pg_rewind] */
function breakByRewind(world: World, member: MemberSim): void {
  member.postgres.broken = true;
  logLine(
    world,
    member,
    'pg_rewind: fatal: could not complete: the data folder of the target is not in a state that can be recovered',
  );
  note(world, `${member.name}'s rewind was cut off half-way`);
}

function endBackup(world: World, copy: CopySim): void {
  const source = sourceOf(world, copy);
  if (copy.stage === 'copying' && source !== undefined)
    source.postgres.baseBackups = Math.max(0, source.postgres.baseBackups - 1);
}

const sourceOf = (world: World, copy: CopySim): MemberSim | undefined =>
  world.members.find((other) => other.name === copy.source);

function stepCopy(world: World, member: MemberSim, copy: CopySim): PollResult {
  if (copy.stage === 'waiting' && world.time.nowMs < copy.sinceMs) return 'stay';
  if (copy.stage === 'waiting') {
    const source = world.members.find((other) => other.name === world.etcd.leader?.holder && other !== member);
    if (source === undefined) return failed(world, member, copy, 'there is no leader to copy from');
    Object.assign(copy, { stage: 'connecting', source: source.name, sinceMs: world.time.nowMs });
  }
  const source = sourceOf(world, copy);
  if (source === undefined) return failed(world, member, copy, 'its source is no member any more');
  const trouble = troubleWith(world, member, source, copy);
  if (trouble !== null) {
    const isOver = world.time.nowMs - copy.sinceMs >= trouble.afterMs;
    return isOver ? failed(world, member, copy, trouble.why) : 'stay';
  }
  if (copy.stage === 'connecting') startBackup(world, member, source, copy);
  return receiveCopy(world, member, source, copy);
}

/** What `pg_stat_progress_basebackup` says on the source. */
export const backupsFrom = (world: World, source: MemberSim): readonly BackupSeen[] =>
  world.members.flatMap(({ name, postgres: { copy } }) =>
    copy?.stage === 'copying' && copy.source === source.name
      ? [
          {
            client: name,
            forMs: world.time.nowMs - copy.beganMs,
            streamedBytes: Math.round(copy.copiedBytes),
            totalBytes: world.databaseBytes,
          },
        ]
      : [],
  );

/** Why nothing comes from the source, and after how long pg_basebackup gives up; null: it comes. */
function troubleWith(
  world: World,
  member: MemberSim,
  source: MemberSim,
  copy: CopySim,
): { readonly why: string; readonly afterMs: number } | null {
  const server = `connection to server at "${source.name}", port 5432 failed`;
  const isOpen = copy.stage === 'copying';
  if (!isUp(source) || source.host.state === 'stopped')
    return isOpen
      ? { why: 'could not read COPY data: server closed the connection unexpectedly', afterMs: 0 }
      : { why: `${server}: Connection refused`, afterMs: REFUSED_MS };
  if (!answersSql(source) || !opens(world, member.name, source.name, 'sql'))
    return isOpen
      ? { why: 'could not read COPY data: Connection timed out', afterMs: HANG_MS }
      : { why: `${server}: Connection timed out`, afterMs: CONNECT_MS };
  const refusal = isOpen ? null : loginRefusal(world, source, member.name, SENDERS);
  if (refusal !== null) return { why: `${server}: FATAL:  ${refusal}`, afterMs: REFUSED_MS };
  return null;
}

/** A base backup begins with a checkpoint and a switch of WAL at the source: each try costs it, the ones that fail too. */
function startBackup(world: World, member: MemberSim, source: MemberSim, copy: CopySim): void {
  note(world, `a base backup of ${source.name} for ${member.name} begins`);
  copy.stage = 'copying';
  copy.beganMs = world.time.nowMs;
  source.postgres.baseBackups += 1;
  if (!isPrimary(source)) return;
  const { postgres } = source;
  postgres.replayLsn = postgres.receiveLsn = (Math.floor(postgres.replayLsn / SEGMENT_BYTES) + 1) * SEGMENT_BYTES;
}

function receiveCopy(world: World, member: MemberSim, source: MemberSim, copy: CopySim): PollResult {
  copy.sinceMs = world.time.nowMs;
  copy.copiedBytes += (world.databaseBytes * 100) / world.options.cloneMs;
  if (freeBytes(world, member).data <= 0)
    return failed(world, member, copy, 'could not write to file "base/16384/16397": No space left on device');
  if (copy.copiedBytes < world.databaseBytes) return 'stay';
  endBackup(world, copy);
  copyFrom(world, member, source);
  member.patroni.role = 'replica';
  member.patroni.rewindTried = false;
  member.patroni.understateBytes = (16 + Math.floor(world.random() * 48)) * 1024 * 1024;
  begin(world, member);
  return 'end';
}

function failed(world: World, member: MemberSim, copy: CopySim, why: string): PollResult {
  endBackup(world, copy);
  logLine(world, member, `pg_basebackup: error: ${why}`);
  logLine(world, member, 'ERROR: Error when fetching backup: pg_basebackup exited with code=1');
  const from = copy.source ?? '';
  Object.assign(copy, {
    stage: 'waiting',
    source: null,
    copiedBytes: 0,
    failures: copy.failures + 1,
    sinceMs: world.time.nowMs + AGAIN_MS,
  });
  if (copy.failures < TRIES) {
    logLine(world, member, 'WARNING: Trying again in 5 seconds');
    return 'stay';
  }
  logLine(world, member, `ERROR: failed to bootstrap from leader '${from}'`);
  member.postgres.copy = null;
  member.patroni.state = 'stopped';
  return 'failed';
}
