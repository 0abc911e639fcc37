import { describe, expect, it } from 'vitest';
import { wayOut } from '../../../src/words/way-out.js';

describe('what lifts a block', () => {
  const bare = { unblock: 'ekimi approve, or un-pause the cluster' };

  it('is a command that can be typed, by the approval that another gate names', () => {
    const asks = { unblock: 'ekimi approve a1b2c3d4 --reason "...", by another person' };
    expect(wayOut(bare, [bare, asks])).toBe('ekimi approve a1b2c3d4 --reason "...", or un-pause the cluster');
    expect(wayOut(asks, [bare, asks])).toBe(asks.unblock);
  });

  it('says where its ID will stand while none waits', () => {
    expect(wayOut({ unblock: 'ekimi approve, with that loss in mind' }, [bare])).toBe(
      'approve it once it waits (ekimi status shows its ID), with that loss in mind',
    );
  });

  it('leaves all else as it is', () => {
    const other = { unblock: 'wait until it has a verdict' };
    expect(wayOut(other, [other])).toBe(other.unblock);
  });
});
