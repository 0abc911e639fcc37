import type { ControlData } from '../../model/control.js';
import { formatLsn, lsnFromNumber, type Lsn } from '../../model/names.js';

/** `DBState` of PostgreSQL in the words of pg_controldata. [src/include/catalog/pg_control.h] */
const STATES = [
  'starting up',
  'shut down',
  'shut down in recovery',
  'shutting down',
  'in crash recovery',
  'in archive recovery',
  'in production',
] as const;
const OF_A_PRIMARY: readonly string[] = ['shut down', 'shutting down', 'in crash recovery', 'in production'];
const CLEAN: readonly string[] = ['shut down', 'shut down in recovery'];

/** `PG_CONTROL_VERSION` of PostgreSQL 13 to 16, 17 and 18: up to the last field that is read here they are the same. */
const VERSIONS: readonly number[] = [1300, 1700, 1800];

/** Places of `ControlFileData`, as a machine of the other byte order would not have them: its version is then none of those. */
const AT = {
  systemIdentifier: 0,
  version: 8,
  state: 16,
  checkpoint: 32,
  timeline: 48,
  minRecoveryPoint: 136,
  minRecoveryTimeline: 144,
} as const;
const MOST_BYTES = 512;

/** CRC-32C, as PostgreSQL ends the file with it. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum stands behind all that it covers; where that is differs from version to version. A torn file has it nowhere. */
function isWhole(file: Buffer): boolean {
  for (let at = AT.minRecoveryTimeline + 4; at + 4 <= Math.min(file.length, MOST_BYTES); at += 4)
    if (file.readUInt32LE(at) === crc32c(file.subarray(0, at))) return true;
  return false;
}

interface Head {
  readonly version: number;
  readonly systemIdentifier: string;
  /** In the words of pg_controldata. */
  readonly state: string | undefined;
}
interface Point {
  readonly timeline: number;
  readonly lsn: Lsn;
}

/** What a control file says; a text: why it tells nothing. The last checkpoint, and up to where recovery must go. */
export function controlOf(
  { version, systemIdentifier, state }: Head,
  [checkpoint, minimum]: readonly [Point, Point],
): ControlData | string {
  if (!VERSIONS.includes(version)) return `its control file is of version ${version}, which is not known here`;
  if (state === undefined || !STATES.some((one) => one === state)) return 'its control file has no state that is known';
  if (state === 'starting up' || checkpoint.timeline === 0) return 'its control file says that it was never started';
  return {
    systemIdentifier,
    state,
    wasPrimary: OF_A_PRIMARY.includes(state),
    isClean: CLEAN.includes(state),
    // Just after a promotion the last checkpoint is still of the timeline before.
    timeline: Math.max(checkpoint.timeline, minimum.timeline),
    lsn: formatLsn(checkpoint.lsn > minimum.lsn ? checkpoint.lsn : minimum.lsn),
  };
}

/** `global/pg_control` as it lies on the disk; a text: why it tells nothing. */
export function controlFrom(file: Buffer): ControlData | string {
  if (file.length < MOST_BYTES) return `its control file has ${file.length} bytes`;
  const version = file.readUInt32LE(AT.version);
  if (VERSIONS.includes(version) && !isWhole(file)) return 'its control file has a wrong checksum';
  const pointAt = (lsn: number, timeline: number): Point => ({
    timeline: file.readUInt32LE(timeline),
    lsn: lsnFromNumber(file.readBigUInt64LE(lsn)),
  });
  const systemIdentifier = String(file.readBigUInt64LE(AT.systemIdentifier));
  return controlOf({ version, systemIdentifier, state: STATES[file.readUInt32LE(AT.state)] }, [
    pointAt(AT.checkpoint, AT.timeline),
    pointAt(AT.minRecoveryPoint, AT.minRecoveryTimeline),
  ]);
}
