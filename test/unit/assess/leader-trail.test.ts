import { describe, expect, test } from 'vitest';
import { firstBeyond } from '../../../src/assess/leader-trail.js';
import { lsnFromNumber } from '../../../src/model/names.js';

const leaderTrail = [
  { lsn: '0/00000010', atMs: 1 },
  { lsn: '0/00000020', atMs: 2 },
  { lsn: '0/00000030', atMs: 3 },
];

describe('when the leader was first seen beyond a position', () => {
  test.each([
    [0x00, 1],
    [0x10, 2],
    [0x1f, 2],
    [0x20, 3],
    [0x30, undefined],
  ])('%i: at %s', (lsn, atMs) => {
    expect(firstBeyond({ leaderTrail }, lsnFromNumber(lsn))?.atMs).toBe(atMs);
  });

  test('nobody watched it', () => {
    expect(firstBeyond({}, lsnFromNumber(0))).toBeUndefined();
  });
});
