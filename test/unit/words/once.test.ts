import { describe, expect, it } from 'vitest';
import type { Line } from '../../../src/words/narrate.js';
import { repeatsTogether, saying } from '../../../src/words/once.js';

const MINUTE_MS = 60_000;
const pass = (minute: number, text: string, tone: Line['tone'] = 'warn'): Line => ({
  seq: minute,
  atMs: minute * MINUTE_MS,
  scope: 'c',
  kind: 'pass',
  tone,
  text,
});
const held = (minute: number, member = 'patroni1', bytes = minute): Line =>
  pass(minute, `restart-member ${member} held by approval: ${member} is ${bytes} MiB behind`);
const told = (lines: readonly Line[]) =>
  repeatsTogether(lines).map(({ line, times, untilMs }) => [line.atMs / MINUTE_MS, untilMs / MINUTE_MS, times]);

describe('what a journal says again and again', () => {
  it('is one line with how often, and from when to when', () => {
    expect(told([held(1), held(2), held(3)])).toEqual([[1, 3, 3]]);
    expect(repeatsTogether([held(1), held(2)])[0]?.line.text).toContain('2 MiB');
  });

  it('is found by whatever it said, as it said that, and else as it was said last', () => {
    const rows = repeatsTogether([held(1), held(2), held(3), pass(4, 'no problem in sight', 'good')]);
    const texts = (wanted: string) => saying(rows, wanted).map(({ line, times }) => [line.text, times]);
    expect(texts('2 mib')).toEqual([[held(2).text, 3]]);
    expect(texts('held by approval')).toEqual([[held(3).text, 3]]);
    expect(texts('PASS')).toHaveLength(2);
    expect(texts('4 MiB')).toEqual([]);
  });

  it('is another line where it is about another member, or another thing, or is worse', () => {
    expect(told([held(1), held(2, 'patroni2')])).toHaveLength(2);
    expect(
      told([pass(1, 'sees member-down patroni1 (suspect)'), pass(2, 'sees member-down patroni2 (suspect)')]),
    ).toHaveLength(2);
    expect(told([held(1), { ...held(2), tone: 'bad' }])).toHaveLength(2);
    expect(told([held(1), pass(2, `${held(2).text}; a person must act on leaderless c`)])).toHaveLength(2);
  });

  it('begins anew once something else was so, and keeps what lies between', () => {
    expect(told([held(1), pass(2, 'no problem in sight', 'good'), held(3)])).toHaveLength(3);
    const between: Line = { ...pass(2, 'paused cluster by dba'), kind: 'switch' };
    expect(told([held(1), between, held(3)])).toEqual([
      [2, 2, 1],
      [1, 3, 2],
    ]);
  });

  it('no other entry is left out, however alike', () => {
    const asked: Line = { ...pass(1, 'dba (operator) asked for POST /v1/x'), kind: 'api-change' };
    expect(told([asked, { ...asked, seq: 2, atMs: 2 * MINUTE_MS }])).toHaveLength(2);
  });
});
