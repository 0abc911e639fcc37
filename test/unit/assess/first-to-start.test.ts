import { describe, expect, it } from 'vitest';
import { firstToStart } from '../../../src/assess/first-to-start.js';
import { FRESH_MEMORY } from '../../../src/machines/memory.js';
import type { ControlData } from '../../../src/model/control.js';
import { unknown } from '../../../src/model/reading.js';
import type { Memory } from '../../../src/model/states.js';
import { nothingRuns, running } from '../../support/staged/cold-start.js';
import { NOW_MS } from '../../support/view.js';

type Told = Readonly<Record<string, Partial<ControlData>>>;

const REPLICA = { state: 'in archive recovery', wasPrimary: false } as const;
const SHUT = { state: 'shut down', wasPrimary: true, isClean: true } as const;

const seenAt = (timeline: number, lsn: string) => ({ timeline, lsn, inRecovery: true, atMs: NOW_MS });

const ask = (
  told: Told,
  memory: Partial<Memory> = {},
  wanted: string | null = null,
  unread: readonly string[] = [],
) => {
  const view = running(nothingRuns, told);
  const lost = unknown('bad-reply', 'its control file has a wrong checksum', NOW_MS, 'pg_control');
  const control = { ...view.control, ...Object.fromEntries(unread.map((name) => [name, lost])) };
  return firstToStart({ ...view, control }, { ...FRESH_MEMORY, ...memory }, wanted);
};

describe('who is started first', () => {
  it.each<readonly [string, Told, Partial<Memory>, string, string]>([
    [
      'the one that took writes, wherever its last checkpoint is',
      { patroni2: { lsn: '6/00000000' } },
      {},
      'proven',
      'patroni1',
    ],
    [
      'one of a higher timeline, whatever its position, where it was seen to take over',
      { patroni3: { ...SHUT, timeline: 8, lsn: '1/00000000' } },
      { lastLeader: 'patroni3', formerLeader: 'patroni1' },
      'proven',
      'patroni3',
    ],
    [
      'one of a higher timeline only by a person, where nobody saw it take over from who took writes below it',
      { patroni3: { ...SHUT, timeline: 8, lsn: '1/00000000' } },
      {},
      'doubtful',
      'patroni3',
    ],
    [
      'one of a higher timeline only by a person, where another one led last, which was made a replica since',
      { patroni1: REPLICA, patroni3: { ...SHUT, timeline: 8, lsn: '1/00000000' } },
      { lastLeader: 'patroni1' },
      'doubtful',
      'patroni3',
    ],
    [
      'one that was shut down as primary',
      { patroni1: { ...SHUT, lsn: '5/00000000' }, patroni2: { lsn: '5/00000078' } },
      {},
      'proven',
      'patroni1',
    ],
    [
      'the last leader, which was made a replica before the end',
      { patroni1: REPLICA },
      { lastLeader: 'patroni1', positions: { patroni1: seenAt(7, '5/00000000') } },
      'proven',
      'patroni1',
    ],
    [
      'nobody for sure among replicas',
      { patroni1: REPLICA, patroni3: { lsn: '5/00000100' } },
      {},
      'doubtful',
      'patroni3',
    ],
    [
      'not the last leader where another has more',
      { patroni1: REPLICA, patroni3: { lsn: '5/00000100' } },
      { lastLeader: 'patroni1', positions: { patroni1: seenAt(7, '5/00000000') } },
      'doubtful',
      'patroni3',
    ],
    [
      'by what was last seen of it too, which its control file does not tell',
      { patroni1: REPLICA, patroni3: { lsn: '5/00000100' } },
      { positions: { patroni2: seenAt(7, '5/00000200') } },
      'doubtful',
      'patroni2',
    ],
  ])('%s', (_, told, memory, kind, name) => {
    expect(ask(told, memory)).toMatchObject({ kind, name });
  });

  it.each<readonly [string, Told, Partial<Memory>, RegExp]>([
    [
      'another system',
      { patroni2: { systemIdentifier: '99' } },
      {},
      /patroni2 is of another system: its identifier is 99/,
    ],
    ['all of another system than was seen', {}, { systemIdentifier: '5' }, /patroni1 is of another system/],
    [
      'two that took writes on one timeline',
      { patroni2: { state: 'in production', wasPrimary: true } },
      {},
      /patroni1 and patroni2 both took writes on timeline 7/,
    ],
    [
      'a timeline that was seen and is on no disk',
      {},
      { positions: { patroni2: seenAt(8, '6/00000000') } },
      /patroni2 was last seen on timeline 8/,
    ],
    [
      'a primary that was shut down behind its replica: an older copy',
      { patroni1: SHUT, patroni2: { lsn: '5/02000000' } },
      {},
      /patroni2 is 32 MiB past .* the directory of patroni1 is an older copy/,
    ],
  ])('nobody: %s', (_, told, memory, why) => {
    expect(ask(told, memory)).toMatchObject({ kind: 'none', why: expect.stringMatching(why) as string });
  });

  it('one that cannot be read leaves a doubt, and the primary itself leaves more', () => {
    expect(ask({}, {}, null, ['patroni3'])).toMatchObject({
      kind: 'doubtful',
      name: 'patroni1',
      why: expect.stringContaining('the data directory of patroni3 cannot be read') as string,
    });
    expect(ask({}, {}, null, ['patroni1']).kind).toBe('doubtful');
    expect(ask({}, {}, null, ['patroni1', 'patroni2', 'patroni3'])).toMatchObject({ kind: 'none' });
  });

  it('a promotion that nobody saw is a question that names both', () => {
    expect(ask({ patroni3: { ...SHUT, timeline: 8, lsn: '1/00000000' } }, { lastLeader: 'patroni1' })).toMatchObject({
      why: expect.stringMatching(/patroni1 took writes on timeline 7, .* nobody saw patroni3 take over/) as string,
    });
  });

  it('a person names one of equals and no other', () => {
    const equals: Told = { patroni1: REPLICA };
    expect(ask(equals, {}, 'patroni3')).toMatchObject({ kind: 'doubtful', name: 'patroni3' });
    expect(ask({}, {}, 'patroni3')).toMatchObject({
      kind: 'none',
      why: 'patroni3 has less than patroni1: patroni1 is first',
    });
    expect(ask({ patroni3: { timeline: 6 } }, {}, 'patroni3')).toMatchObject({ kind: 'none' });
  });

  it('nobody while something may run', () => {
    const view = running({ members: ['patroni1'], stores: 3, led: false });
    expect(firstToStart(view, FRESH_MEMORY, null).kind).toBe('none');
  });
});
