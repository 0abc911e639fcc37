import { describe, expect, it } from 'vitest';
import { fillingOf } from '../../../src/assess/filling.js';
import { rememberRoom } from '../../../src/machines/room.js';
import { fresh } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import { CLEAN_MEMORY, MB, member, NOW_MS, viewOf } from '../../support/view.js';

const GB = 1024 * MB;
/** What is remembered of a sample a minute, the last at NOW_MS. */
function samples(
  minutes: number,
  freeAt: (minute: number) => number,
  walAt: (minute: number) => number | null = () => null,
): NonNullable<NonNullable<Memory['room']>['patroni2']> {
  let memory = CLEAN_MEMORY;
  for (let minute = 0; minute <= minutes; minute += 1) {
    const atMs = NOW_MS - (minutes - minute) * 60_000;
    const volume = (freeBytes: number) => ({ totalBytes: 100 * GB, freeBytes, freeInodes: null });
    const walBytes = walAt(minute);
    const disk = { data: volume(freeAt(minute)), wal: walBytes === null ? null : volume(walBytes) };
    const view = viewOf(member('patroni2', () => ({ disk: fresh(disk, atMs, 'disk') })));
    memory = { ...memory, room: rememberRoom(memory, { ...view, atMs }) };
  }
  return memory.room?.['patroni2'] ?? {};
}
const trendOf = (rows: ReturnType<typeof samples>, volume: 'data' | 'WAL' = 'data') =>
  fillingOf(rows, volume, 100 * GB, NOW_MS);
/** pg_wal between two checkpoints: 4 GB are written in five minutes, then recycled. */
const tooth = (minute: number): number => 800 * MB * (minute % 5);

describe('how fast a volume fills', () => {
  it('is the slope of what goes away for good, and the time that is left of it', () => {
    const trend = trendOf(samples(30, (minute) => 50 * GB - minute * GB));
    expect(trend?.bytesPerSecond).toBeCloseTo(GB / 60, 0);
    expect(trend?.leftMs).toBeGreaterThan(19 * 60_000);
    expect(trend?.leftMs).toBeLessThan(21 * 60_000);
  });

  it('is the same below the sawtooth of checkpoints', () => {
    const trend = trendOf(samples(30, (minute) => 50 * GB - minute * GB - tooth(minute)));
    expect(trend?.leftMs).toBeGreaterThan(17 * 60_000);
    expect(trend?.leftMs).toBeLessThan(23 * 60_000);
  });

  it.each([15, 16, 17, 22, 29, 30])('is none where only the teeth move (%i min of samples)', (minutes) => {
    expect(trendOf(samples(minutes, (minute) => 20 * GB - tooth(minute)))).toBeNull();
  });

  it.each([
    ['nothing changes', samples(30, () => 10 * GB)],
    ['room is made', samples(30, (minute) => 10 * GB + minute * GB)],
    ['a file of 100 MB came and stayed', samples(30, (minute) => 10 * GB - (minute > 20 ? 100 * MB : 0))],
    ['a file of 20 GB came ten minutes ago', samples(30, (minute) => 50 * GB - (minute > 20 ? 20 * GB : 0))],
    ['a file of 20 GB came twenty minutes ago', samples(30, (minute) => 50 * GB - (minute > 10 ? 20 * GB : 0))],
    ['it was watched for ten minutes', samples(10, (minute) => 50 * GB - minute * GB)],
  ])('is none where %s', (_, rows) => {
    expect(trendOf(rows)).toBeNull();
  });

  it('is told of the WAL volume by its own samples', () => {
    const rows = samples(
      20,
      () => 50 * GB,
      (minute) => 10 * GB - minute * 400 * MB,
    );
    expect(trendOf(rows)).toBeNull();
    expect(trendOf(rows, 'WAL')?.bytesPerSecond).toBeCloseTo((400 * MB) / 60, 0);
    expect(
      trendOf(
        samples(20, () => 50 * GB),
        'WAL',
      ),
    ).toBeNull();
  });
});
