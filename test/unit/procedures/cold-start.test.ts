import { describe, expect, it } from 'vitest';
import { startFirst } from '../../../src/actions/start-first.js';
import { runInput } from '../../../src/decide/run-left.js';
import { coldStart } from '../../../src/procedures/cold-start.js';
import { nothingRuns, running } from '../../support/staged/cold-start.js';
import { config, inputOf, planOf } from '../../support/view.js';

describe('a standby cluster', () => {
  it('that is known for one only when etcd serves again is not started further', () => {
    const goal = { stores: [], first: 'patroni1', others: ['patroni2', 'patroni3'], question: null };
    const params = { id: 'x', timeline: 7, lsn: '5/00000000', agreed: false };
    for (const isOne of [false, true]) {
      const view = config({ standbyCluster: isOne })(running({ ...nothingRuns, stores: 3 }));
      const input = runInput(inputOf([], { view }), {});
      const plan = { ...planOf('start-first', 'patroni1'), params };
      const told = [coldStart.refuse(input, goal), startFirst.refuse(input, plan)];
      expect(told).toEqual(isOne ? told.map(() => expect.stringContaining('standby cluster') as string) : [null, null]);
    }
  });
});
