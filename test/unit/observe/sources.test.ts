import { describe, expect, it } from 'vitest';
import { fresh, unknown } from '../../../src/model/reading.js';
import { CLUSTER_SOURCES, isDue, MEMBER_SOURCES } from '../../../src/observe/sources.js';

const NOW = 1_000_000;
const ago = (ms: number) => NOW - ms;
const failed = (ms: number) => unknown('bad-reply', 'it is not shown', ago(ms), 'engine');

describe('when a source is asked again', () => {
  it.each([
    { what: 'never read', row: MEMBER_SOURCES.disk, reading: null, suspect: false, due: true },
    { what: 'every pass', row: MEMBER_SOURCES.api, reading: fresh(1, ago(1), 'x'), suspect: false, due: true },
    { what: 'read lately', row: MEMBER_SOURCES.disk, reading: fresh(1, ago(14_000), 'x'), suspect: false, due: false },
    { what: 'read long ago', row: MEMBER_SOURCES.disk, reading: fresh(1, ago(15_000), 'x'), suspect: false, due: true },
    {
      what: 'our clock went back',
      row: MEMBER_SOURCES.disk,
      reading: fresh(1, ago(-5), 'x'),
      suspect: false,
      due: true,
    },
    {
      what: 'refused, and it only explains',
      row: MEMBER_SOURCES.disk,
      reading: failed(4_000),
      suspect: false,
      due: false,
    },
    { what: 'refused a while ago', row: MEMBER_SOURCES.disk, reading: failed(5_000), suspect: false, due: true },
    { what: 'refused, under suspicion', row: MEMBER_SOURCES.disk, reading: failed(1_000), suspect: true, due: true },
    {
      what: 'unknown, and actions need it',
      row: MEMBER_SOURCES.host,
      reading: failed(1_000),
      suspect: false,
      due: true,
    },
    { what: 'unknown for a moment', row: MEMBER_SOURCES.host, reading: failed(900), suspect: false, due: false },
    {
      what: 'unknown, of a short period',
      row: CLUSTER_SOURCES.endpoints,
      reading: failed(3_000),
      suspect: false,
      due: true,
    },
  ])('$what: $due', ({ row, reading, suspect, due }) => {
    expect(isDue(reading, row, { suspect, nowMs: NOW })).toBe(due);
  });
});
