import type { DiskStatus, Volume } from '../model/disk.js';
import { lastValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { loggedOf } from './copy-fault.js';

const MIB = 1024 * 1024;
/** Four WAL segments: with less PostgreSQL stops before anybody has read about it. */
const FULL_BYTES = 64 * MIB;
const FULL_SHARE = 0.01;
const FILLING_SHARE = 0.1;

export const binaryText = (bytes: number): string => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit] ?? ''}`;
};

/** How much is left of a volume. */
export type VolumeLevel = 'full' | 'filling' | 'roomy';

export function levelOfVolume({ totalBytes, freeBytes, freeInodes }: Volume): VolumeLevel {
  if (freeBytes < Math.min(FULL_BYTES, totalBytes / 4) || freeBytes < totalBytes * FULL_SHARE || freeInodes === 0)
    return 'full';
  return freeBytes < totalBytes * FILLING_SHARE ? 'filling' : 'roomy';
}

/** A volume by what lies on it. */
export interface Named {
  readonly name: 'data' | 'WAL';
  readonly volume: Volume;
}

export const volumesOf = ({ data, wal }: DiskStatus): readonly Named[] => [
  { name: 'data', volume: data },
  ...(wal === null ? [] : [{ name: 'WAL', volume: wal } as const]),
];

/** Its volumes as they were last read, which may be some seconds ago; null: nobody can tell. */
export const diskOf = (member: MemberView): DiskStatus | null =>
  member.disk === undefined ? null : lastValue(member.disk);

export const volumeText = ({ name, volume }: Named): string =>
  `${binaryText(volume.freeBytes)} of ${binaryText(volume.totalBytes)} are free on the ${name} volume${volume.freeInodes === 0 ? ', and no inode' : ''}`;

/** Why nothing may be copied onto this member: its log or its volumes say that there is no room. Null: neither does. */
export function whyNoRoom(view: ClusterView, member: MemberView): string | null {
  const logged = loggedOf(view, member, 'room');
  if (logged !== null) return `the disk of ${member.name} is full: ${logged.text}`;
  const disk = diskOf(member);
  const full = disk === null ? undefined : volumesOf(disk).find(({ volume }) => levelOfVolume(volume) === 'full');
  return full === undefined ? null : `the disk of ${member.name} is full: ${volumeText(full)}`;
}
