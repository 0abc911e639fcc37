import { runInput } from '../../../src/decide/run-left.js';
import type { ClusterView } from '../../../src/model/view.js';
import { memberOf } from '../../../src/model/view.js';
import { all, api, inputOf, member, notStreaming, proxyServer, stopped, viewOf, type Change } from '../view.js';
import type { StagedCase } from './case.js';

export const inMaintenance = (name: string, maint: boolean): Change =>
  all(
    ...(['postgres_replicas', 'postgres_primary'] as const).map((pool) =>
      proxyServer(pool, name, {
        status: maint ? 'MAINT' : 'UP',
        up: !maint,
        sessions: 0,
        admin: { drain: false, maint, resolution: false },
      }),
    ),
  );

/** As it is in a cluster that is well. */
export const wellAgain = (name: string): Change => {
  const well = viewOf();
  // The leader lists it again.
  return all(...[name, 'patroni1'].map((one) => member(one, (row) => memberOf(well, one) ?? row)));
};

/** Started, and at its copy. */
export const copying = (name: string): Change =>
  all(
    wellAgain(name),
    notStreaming(name),
    api(name, { state: 'creating-replica', stateText: 'creating replica', role: 'uninitialized' }),
  );

export const withChange = <T extends { readonly view: ClusterView }>(input: T, change: Change): T => ({
  ...input,
  view: change(input.view),
});

export const ADD_REPLICA: readonly StagedCase[] = [
  {
    title: 'prepared, stopped, and closed in the proxy',
    begins: runInput(inputOf([], { view: viewOf(stopped('patroni3'), inMaintenance('patroni3', true)) }), {}),
    ask: { member: 'patroni3' },
    effect: ({ key }, before) => {
      if (key === 'begin-copy patroni3') return withChange(before, copying('patroni3'));
      if (key === 'copy patroni3') return withChange(before, wellAgain('patroni3'));
      return withChange(before, inMaintenance('patroni3', false));
    },
    byHand: ['begin-copy patroni3', 'copy patroni3', 'open-servers patroni3'],
  },
];
