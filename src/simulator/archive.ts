import type { ArchiveSim } from './parts.js';
import { SEGMENT_BYTES, segmentBefore } from './segments.js';
import type { Archiver } from '../model/sql.js';
import type { PostgresSim, World } from './state.js';

export const newArchive = (): ArchiveSim => ({ how: 'off', lsn: 0, archivedAtMs: null, failedAtMs: null });

/** Once a second on the primary: whatever is whole is archived, or the archiver fails at it and tries again. */
export function archiveWal({ archive, time }: World, { replayLsn }: PostgresSim): void {
  if (archive.how === 'off') return;
  const whole = Math.floor(replayLsn / SEGMENT_BYTES) * SEGMENT_BYTES;
  if (whole <= archive.lsn) return;
  if (archive.how === 'fails') archive.failedAtMs = time.nowMs;
  else Object.assign(archive, { lsn: whole, archivedAtMs: time.nowMs });
}

export function archiverOf({ archive, time }: World, { timeline }: PostgresSim): Archiver | null {
  if (archive.how === 'off') return null;
  const { failedAtMs, archivedAtMs, lsn } = archive;
  return {
    failedAgoMs: failedAtMs === null ? null : time.nowMs - failedAtMs,
    failedWal: failedAtMs === null ? null : segmentBefore(timeline, lsn + SEGMENT_BYTES),
    archivedAgoMs: archivedAtMs === null ? null : time.nowMs - archivedAtMs,
    archivedWal: archivedAtMs === null ? null : segmentBefore(timeline, lsn),
  };
}
