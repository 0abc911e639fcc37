import { runInput } from '../../../src/decide/run-left.js';
import { freshValue } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import type { Slot } from '../../../src/model/sql.js';
import { all, api, inputOf, isPrimary, keys, leaderKey, sql, stopped, viewOf, type Change } from '../view.js';
import { inMaintenance, withChange } from './add-replica.js';
import type { StagedCase } from './case.js';

const slot = (name: string): Slot => ({ name, active: true, retainedBytes: 0, walStatus: 'reserved' });
const withoutMember = (name: string): Change => {
  const without = (view: ClusterView) => freshValue(view.dcs.keys)?.members.filter((row) => row.name !== name) ?? [];
  return (view) => keys({ members: without(view) })(view);
};

const removing = (name: string, leads: boolean): StagedCase => ({
  title: leads ? 'the leader' : 'a replica',
  begins: runInput(
    inputOf([], {
      view: viewOf(
        sql('patroni1', { slots: ['patroni2', 'patroni3'].map(slot) }),
        sql('patroni2', { slots: [slot('patroni1')] }),
      ),
    }),
    {},
  ),
  ask: { member: name },
  effect: ({ key }, before) => {
    const leader = leads ? 'patroni2' : 'patroni1';
    const effects: Readonly<Record<string, Change>> = {
      'switchover from patroni1': all(
        leaderKey('patroni2'),
        isPrimary('patroni2'),
        api('patroni1', { role: 'replica' }),
        sql('patroni1', { inRecovery: true, slots: [] }),
      ),
      [`close-servers ${name}`]: inMaintenance(name, true),
      [`stop-member ${name}`]: stopped(name),
      [`key of ${name}`]: withoutMember(name),
      [`slot of ${name}`]: sql(leader, { slots: [] }),
    };
    return withChange(before, effects[key] ?? ((view) => view));
  },
  byHand: [`close-servers ${name}`],
});

export const REMOVE_MEMBER: readonly StagedCase[] = [removing('patroni3', false), removing('patroni1', true)];
