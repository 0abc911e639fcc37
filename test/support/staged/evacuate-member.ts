import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import { api, drainedByUs, inputOf, isPrimary, leaderKey, ledgerOf, stopped, viewOf, type Change } from '../view.js';
import type { StagedCase } from './case.js';

const changed = (before: ProcedureInput, ...changes: readonly Change[]): ProcedureInput => ({
  ...before,
  view: changes.reduce((view, change) => change(view), before.view),
});

/** What each stage of either makes of the cluster: the member's own way out and back. */
function effect(stage: Stage, before: ProcedureInput): ProcedureInput {
  const [what = '', name = ''] = stage.key.split(' ');
  switch (what) {
    case 'switchover':
      return changed(before, leaderKey('patroni2'), isPrimary('patroni2'), api('patroni1', { role: 'replica' }));
    case 'drain-replica':
      return { ...before, ledger: drainedByUs(name) };
    case 'undrain-replica':
      return { ...before, ledger: ledgerOf() };
    case 'stop-member':
      return changed(before, stopped(name));
    case 'start-member':
    case 'streams':
      return { ...before, view: viewOf() };
    default:
      return before;
  }
}

const of = (title: string, begins: ProcedureInput, part: Partial<StagedCase>): StagedCase => ({
  title,
  begins,
  effect,
  ...part,
});
const calm = runInput(inputOf([], { view: viewOf() }), {});

export const EVACUATE_MEMBER: readonly StagedCase[] = [
  of('the leader', calm, { ask: { member: 'patroni1' }, byHand: ['switchover from patroni1'] }),
  of('a replica', calm, { ask: { member: 'patroni3' }, byHand: ['drain-replica patroni3', 'stop-member patroni3'] }),
  of('a replica, marked only', calm, { ask: { member: 'patroni3', parameters: { then: 'mark' } } }),
];

export const GIVE_BACK: readonly StagedCase[] = [
  of(
    'one that was stopped and drained',
    runInput(inputOf([], { view: viewOf(stopped('patroni3')), ledger: drainedByUs('patroni3') }), {}),
    { ask: { member: 'patroni3' }, byHand: ['start-member patroni3', 'undrain-replica patroni3'] },
  ),
];
