import { describe, expect, it } from 'vitest';
import { joined, keptIn } from '../../../lab/measure/kept.mjs';

const KEPT = `<!-- a note -->

### kill-leader

as it was

### by-hand

written by a person

### kill-leader, synchronous mode

| a | table |
`;
const ORDER = ['kill-leader', 'by-hand'];

describe('what earlier runs showed', () => {
  it('is read by its headings, and what stands before the first is nobody’s', () => {
    expect(keptIn(KEPT)).toEqual({
      'kill-leader': ['as it was'],
      'by-hand': ['written by a person'],
      'kill-leader, synchronous mode': ['| a | table |'],
    });
  });

  it('stays where nothing was measured since, in the order of the scenarios', () => {
    expect(joined([], keptIn(KEPT), ORDER)).toEqual([
      '### kill-leader',
      '',
      'as it was',
      '',
      '### kill-leader, synchronous mode',
      '',
      '| a | table |',
      '',
      '### by-hand',
      '',
      'written by a person',
      '',
    ]);
  });

  it('stands below what was measured since, which loses nothing by it', () => {
    const lines = joined([['### kill-leader', '', 'as it is', '']], keptIn(KEPT), ORDER);
    expect(lines.slice(0, 7)).toEqual(['### kill-leader', '', 'as it is', '', 'Earlier:', '', 'as it was']);
  });

  it('is not waited for by a scenario that is new', () => {
    expect(joined([['### new', '', 'first', ''], []], {}, ORDER)).toEqual(['### new', '', 'first', '']);
  });
});
