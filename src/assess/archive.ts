import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import type { Lsn } from '../model/names.js';

/** PostgreSQL's default; another size only makes the figure of what waits coarser. */
export const SEGMENT_BYTES = 16n * 1024n * 1024n;
const SEGMENTS_PER_LOG = 0x1_0000_0000n / SEGMENT_BYTES;

/** The end of the WAL file of this name (`000000070000000500000042`); null for a history or backup file, or none. */
export function archivedUpTo(walFile: string | null): Lsn | null {
  const match = /^[0-9A-F]{8}([0-9A-F]{8})([0-9A-F]{8})$/.exec(walFile ?? '');
  if (match === null) return null;
  const segment = BigInt(`0x${match[1] ?? '0'}`) * SEGMENTS_PER_LOG + BigInt(`0x${match[2] ?? '0'}`);
  return ((segment + 1n) * SEGMENT_BYTES) as Lsn;
}

/** The archiver's last word was a failure: one that was followed by a success is over. A clean shutdown waits for it. [PostgreSQL: pgarch.c] */
export function isArchivingStuck(member: MemberView): boolean {
  const archiver = freshValue(member.sql)?.archiver ?? null;
  if (archiver === null || archiver.failedAgoMs === null) return false;
  return archiver.archivedAgoMs === null || archiver.archivedAgoMs > archiver.failedAgoMs;
}
