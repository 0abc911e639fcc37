import type { DiskStatus } from '../model/disk.js';
import { logLine } from './log.js';
import { crashPostgres, isPrimary, isUp } from './postgres-facts.js';
import { SEGMENT_BYTES } from './segments.js';
import { isOldPatroni, note, type MemberSim, type World } from './state.js';
import type { DiskSim } from './postgres-state.js';

/** min_wal_size: what pg_wal holds though nobody needs it. */
const WAL_FLOOR_BYTES = 5 * SEGMENT_BYTES;

export const newDisk = (volumes: { readonly dataBytes: number; readonly walBytes: number | null }): DiskSim => ({
  dataTotal: volumes.dataBytes,
  walTotal: volumes.walBytes,
  ballast: { data: 0, wal: 0 },
  asides: [],
  held: null,
  heldBy: 'physical',
  heldActive: false,
});

/** Bytes of PGDATA without pg_wal. */
export function directoryBytes(world: World, { postgres }: MemberSim): number {
  if (postgres.directory === 'whole') return world.databaseBytes;
  return postgres.copy?.copiedBytes ?? 0;
}

/** From here on this server must keep its WAL: slots of the others, and what else holds it. Replicas of 4.x keep the slots as well. */
function heldFrom(world: World, member: MemberSim): number {
  const { postgres } = member;
  const slots = !postgres.inRecovery || !isOldPatroni(member);
  const others = slots ? world.members.filter((other) => other !== member && !other.postgres.walGap) : [];
  return others.reduce(
    (least, other) => Math.min(least, other.postgres.receiveLsn),
    Math.min(postgres.replayLsn, postgres.disk.held ?? Infinity, archivedTo(world, postgres.inRecovery)),
  );
}

/** WAL that the archive lacks stays on the primary. */
const archivedTo = ({ archive }: World, inRecovery: boolean): number =>
  archive.how === 'off' || inRecovery ? Infinity : archive.lsn;

/** What lies in pg_wal, in whole segments. */
export function walBytes(world: World, member: MemberSim): number {
  if (member.postgres.directory !== 'whole') return 0;
  const end = Math.max(member.postgres.receiveLsn, member.postgres.replayLsn);
  const held = Math.max(0, end - heldFrom(world, member));
  return WAL_FLOOR_BYTES + Math.floor(held / SEGMENT_BYTES) * SEGMENT_BYTES;
}

/** Free bytes of the data volume and of the one that pg_wal lies on; the same where there is one. Never below 0. */
export function freeBytes(world: World, member: MemberSim): { readonly data: number; readonly wal: number } {
  const { disk } = member.postgres;
  const wal = walBytes(world, member);
  const shared = disk.walTotal === null;
  const aside = disk.asides.reduce((sum, { bytes }) => sum + bytes, 0);
  const taken = directoryBytes(world, member) + disk.ballast.data + aside + (shared ? wal : 0);
  const data = Math.max(0, disk.dataTotal - taken);
  return { data, wal: shared ? data : Math.max(0, (disk.walTotal ?? 0) - wal - disk.ballast.wal) };
}

const NO_SPACE = 'No space left on device';

/** Whether PostgreSQL can start on what is left: recovery needs a segment and the postmaster its files. */
export function roomToStart(world: World, member: MemberSim): boolean {
  const free = freeBytes(world, member);
  if (free.data > 0 && free.wal >= SEGMENT_BYTES) return true;
  const what =
    free.data > 0 ? 'could not write to file "pg_wal/xlogtemp.41"' : 'could not create lock file "postmaster.pid"';
  logLine(world, member, `FATAL:  ${what}: ${NO_SPACE}`);
  return false;
}

/** Once a second: a server whose WAL has no room left dies of it; one whose data have none refuses what would make them grow. */
export function stepDisk(world: World, member: MemberSim): void {
  const { postgres } = member;
  if (!isUp(member) || member.host.state !== 'running' || postgres.frozen) return;
  const free = freeBytes(world, member);
  postgres.dataFull = free.data <= 0;
  if (free.wal < SEGMENT_BYTES) die(world, member);
  else if (postgres.dataFull && isPrimary(member)) {
    logLine(world, member, `ERROR:  could not extend file "base/16384/16397": ${NO_SPACE}`, 10_000);
    logLine(world, member, 'HINT:  Check free disk space.', 10_000);
  } else if (postgres.dataFull) die(world, member);
}

/** A primary dies of WAL that it cannot write; a replica of the startup process, which cannot write what it replays. [lab] */
function die(world: World, member: MemberSim): void {
  if (isPrimary(member)) {
    logLine(world, member, `PANIC:  could not write to file "pg_wal/xlogtemp.41": ${NO_SPACE}`);
    logLine(world, member, 'LOG:  all server processes terminated; reinitializing');
  } else {
    logLine(world, member, `FATAL:  could not extend file "base/16384/16397": ${NO_SPACE}`);
    logLine(world, member, 'HINT:  Check free disk space.');
    logLine(world, member, 'LOG:  shutting down due to startup process failure');
  }
  note(world, `${member.name}'s PostgreSQL stopped: its disk is full`);
  crashPostgres(member);
}

/** As a host driver shows it; inodes are not counted. */
export function diskStatus(world: World, member: MemberSim): DiskStatus {
  const { dataTotal, walTotal } = member.postgres.disk;
  const free = freeBytes(world, member);
  return {
    data: { totalBytes: dataTotal, freeBytes: free.data, freeInodes: null },
    wal: walTotal === null ? null : { totalBytes: walTotal, freeBytes: free.wal, freeInodes: null },
  };
}
