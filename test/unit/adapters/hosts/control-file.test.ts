import { describe, expect, it } from 'vitest';
import { controlFrom } from '../../../../src/adapters/hosts/control-file.js';

/** CRC-32C bit by bit, apart from the code under test: `123456789` gives E3069283. */
function crc32c(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes)
    for (let bit = 0; bit < 8; bit += 1) {
      const low = (crc ^ (byte >> bit)) & 1;
      crc = (crc >>> 1) ^ (low === 1 ? 0x82f63b78 : 0);
    }
  return ~crc >>> 0;
}

interface Told {
  readonly version?: number;
  readonly state?: number;
  readonly timeline?: number;
  readonly minTimeline?: number;
  readonly minLsn?: bigint;
  readonly crcAt?: number;
}

function file({
  version = 1300,
  state = 6,
  timeline = 4,
  minTimeline = 0,
  minLsn = 0n,
  crcAt = 288,
}: Told = {}): Buffer {
  const bytes = Buffer.alloc(8192);
  bytes.writeBigUInt64LE(7302_112_233_445_566_778n, 0);
  bytes.writeUInt32LE(version, 8);
  bytes.writeUInt32LE(state, 16);
  bytes.writeBigUInt64LE(0x5_0000_0028n, 32);
  bytes.writeUInt32LE(timeline, 48);
  bytes.writeBigUInt64LE(minLsn, 136);
  bytes.writeUInt32LE(minTimeline, 144);
  bytes.writeUInt32LE(crc32c(bytes.subarray(0, crcAt)), crcAt);
  return bytes;
}

describe('a control file', () => {
  it('has the checksum that PostgreSQL has', () => {
    expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  it('of a primary that was killed', () => {
    expect(controlFrom(file())).toEqual({
      systemIdentifier: '7302112233445566778',
      state: 'in production',
      wasPrimary: true,
      isClean: false,
      timeline: 4,
      lsn: '5/00000028',
    });
  });

  it.each([
    [{ state: 1 }, { state: 'shut down', wasPrimary: true, isClean: true }],
    [{ state: 2 }, { state: 'shut down in recovery', wasPrimary: false, isClean: true }],
    [
      { state: 5, minLsn: 0x5_0000_1000n },
      { state: 'in archive recovery', wasPrimary: false, lsn: '5/00001000' },
    ],
    // Just promoted: its last checkpoint is of the timeline before.
    [
      { minTimeline: 5, minLsn: 0x5_0000_2000n },
      { timeline: 5, lsn: '5/00002000' },
    ],
    [{ version: 1800, crcAt: 296 }, { timeline: 4 }],
  ] as const)('%o', (told, expected) => {
    expect(controlFrom(file(told))).toMatchObject(expected);
  });

  it('that is torn, of another version or no such file tells nothing', () => {
    const torn = file();
    torn.writeUInt32LE(9, 48);
    expect(controlFrom(torn)).toBe('its control file has a wrong checksum');
    expect(controlFrom(file({ version: 1900 }))).toBe('its control file is of version 1900, which is not known here');
    expect(controlFrom(Buffer.alloc(10))).toBe('its control file has 10 bytes');
    expect(controlFrom(file({ state: 0 }))).toBe('its control file says that it was never started');
  });
});
