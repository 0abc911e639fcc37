import { describe, expect, it } from 'vitest';
import type { Decision } from '../../../src/model/decision.js';
import { changesBetween } from '../../../src/replay/changes.js';
import { isAsItWas, isReworded } from '../../../src/replay/redecided.js';
import { planOf } from '../../support/view.js';

const held: Decision = {
  kind: 'held',
  plan: planOf('drain-replica', 'patroni2'),
  why: 'far behind',
  steps: ['haproxy> x'],
  blocks: [{ gate: 'cooldown', because: 'its cool-down runs', unblock: 'wait', retryAtMs: 7 }],
};
const again = (is: Decision) => {
  const changes = changesBetween([held], [is]);
  const row = { kind: 'pass', seq: 1, atMs: 0, scope: 'c', changes, isBeyond: false, parts: false } as const;
  return { isAsItWas: isAsItWas(row), isReworded: isReworded(row) };
};
const blocks = [{ ...held.blocks[0]!, because: 'its cool-down ends at 02:00:07Z', unblock: 'wait until 02:00:07Z' }];

describe('a decision that is made again', () => {
  it('in other words is the same, and not byte for byte', () => {
    expect(again({ ...held, blocks, why: 'behind' })).toEqual({ isAsItWas: false, isReworded: true });
  });

  it.each<[string, Decision]>([
    ['that another gate holds', { ...held, blocks: [{ ...blocks[0]!, gate: 'budget' }] }],
    ['that is held for longer', { ...held, blocks: [{ ...blocks[0]!, retryAtMs: 8 }] }],
    ['that would send something else', { ...held, steps: ['haproxy> y'] }],
    ['that acts', { kind: 'act', plan: held.plan, why: held.why, steps: held.steps }],
  ])('%s is another one', (_what, is) => {
    expect(again(is)).toEqual({ isAsItWas: false, isReworded: false });
  });
});
