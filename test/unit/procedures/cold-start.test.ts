import { describe, expect, it } from 'vitest';
import { startFirst } from '../../../src/actions/start-first.js';
import { runInput } from '../../../src/decide/run-left.js';
import { coldStart } from '../../../src/procedures/cold-start.js';
import { nothingRuns, running } from '../../support/staged/cold-start.js';
import { config, inputOf, ledgerOf, NOW_MS, planOf } from '../../support/view.js';

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

describe('a cold start that was ended', () => {
  const goal = { stores: [], first: 'patroni1', others: ['patroni2', 'patroni3'], question: null };
  const onward = (members: readonly string[], led: boolean, ledger = ledgerOf()) =>
    coldStart.onward(runInput(inputOf([], { view: running({ members, stores: 3, led }), ledger }), {}), goal);

  it('tells nobody to start whom a person took out', () => {
    const taken = { member: 'patroni3', by: 'alice', reason: 'new memory', sinceMs: NOW_MS, run: 'r-1' };
    expect(onward(['patroni1'], true)).toContain('start-member patroni3');
    expect(onward(['patroni1'], true, ledgerOf({ evacuations: [taken] }))).toBe(
      'ekimi run-procedure start-member patroni2',
    );
  });

  it('waits for the first to lead only while that one runs', () => {
    expect(onward(['patroni1'], false)).toMatch(/^wait until patroni1 leads, then /);
    expect(onward(['patroni2'], false)).toBe(
      'stop patroni2 by hand: nobody leads, and who is started first decides what data survives; then ekimi run-procedure cold-start',
    );
  });
});
