import { runInput } from '../../../src/decide/run-left.js';
import type { Stage } from '../../../src/model/procedure-run.js';
import { fresh } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import type { ProcedureInput } from '../../../src/procedures/procedure.js';
import { inputOf, NOW_MS, viewOf } from '../view.js';
import type { StagedCase } from './case.js';

const MB = 1_000_000;

/** etcd with a file of so many bytes for each member, the last one in the list as its leader; an alarm or none. */
export function etcdOf(sizes: readonly number[], alarms: readonly string[], usedBytes = 0.2 * MB): ClusterView {
  const view = viewOf();
  const endpoints = view.dcs.endpoints.map((endpoint, at) => ({
    ...endpoint,
    status:
      endpoint.status.kind === 'unknown'
        ? endpoint.status
        : fresh(
            {
              ...endpoint.status.value,
              isLeader: at === 0,
              healthy: true,
              memberId: endpoint.name,
              dbSizeBytes: sizes[at] ?? 0,
              usedBytes: Math.min(usedBytes, sizes[at] ?? 0),
              quotaBytes: 64 * MB,
            },
            NOW_MS,
            'etcd',
          ),
  }));
  const members = endpoints.map(({ name }) => ({ id: name, name, clientUrls: [], isLearner: false }));
  return {
    ...view,
    dcs: {
      ...view.dcs,
      endpoints,
      membership: fresh({ members }, NOW_MS, 'etcd'),
      alarms: fresh(
        alarms.map((alarm) => ({ memberId: 'etcd1', alarm })),
        NOW_MS,
        'etcd',
      ),
    },
  };
}

const at = (view: ClusterView): ProcedureInput => runInput(inputOf([], { view }), {});

function effect(stage: Stage, before: ProcedureInput): ProcedureInput {
  const { endpoints, alarms } = before.view.dcs;
  const isLeft = alarms.kind === 'fresh' && alarms.value.length > 0;
  const sizes = endpoints.map(({ name, status }) => {
    const size = status.kind === 'fresh' ? (status.value.dbSizeBytes ?? 0) : 0;
    return stage.kind === 'action' && stage.action === 'defragment-store' && stage.target === name ? 0.2 * MB : size;
  });
  const isDisarmed = stage.kind === 'action' && stage.action === 'disarm-store';
  return { ...before, view: etcdOf(sizes, isLeft && !isDisarmed ? ['NOSPACE'] : []) };
}

const HAND = ['defragment-store etcd2', 'disarm-store etcd1'];

export const DEFRAGMENT_DCS: readonly StagedCase[] = [
  { title: 'full', begins: at(etcdOf([64 * MB, 64 * MB, 64 * MB], ['NOSPACE'])), effect, byHand: HAND },
  { title: 'half of its quota', begins: at(etcdOf([40 * MB, 40 * MB, 40 * MB], [])), effect },
];
