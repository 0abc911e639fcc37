import { z } from 'zod';
import { refusesWrites } from '../assess/dcs.js';
import { endpointOf, whyNoneToSpare } from '../assess/stores.js';
import type { DcsEndpoint } from '../model/dcs.js';
import type { Plan } from '../model/plan.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { action, actionPolicy, bound, met, pending, type ActionInput, type Permit, type Sight } from './action.js';

const RUNBOOK = 'Recovery Procedures > Scenario 4: etcd Cluster Recovery';
/** A compaction that finds nothing to drop shows nothing: then what counts follows all the same. */
const COMPACTS_MS = 20_000;
/** Of its file so much must be gone, or so little of it free, or nothing was gained. */
const GAIN = 0.1;

/** Past its quota etcd takes no ledger and gives nobody tenure. The ledger is as it was; whoever holds tenure still does all the same. */
const isFull = ({ view, tenure }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  because.run !== undefined && tenure.state !== 'other' && refusesWrites(view) !== null;

const WITHOUT_LEDGER: Permit = {
  when: 'for a procedure that a person began, while etcd is full (alarm NOSPACE) and nobody else holds tenure: it takes no ledger',
  holds: isFull,
};
const ALWAYS: Permit = { when: 'always: it touches no member of the cluster', holds: () => true };
const PERMITS = { tenure: WITHOUT_LEDGER, policy: WITHOUT_LEDGER, 'blast-radius': ALWAYS } as const;

const statusOf = (view: ClusterView, name: string): DcsEndpoint | null => {
  const endpoint = endpointOf(view, name);
  return endpoint === null ? null : recentValue(endpoint.status);
};

/** By a tenth at least. */
export const isSmaller = (now: DcsEndpoint, beforeBytes: number): boolean =>
  now.dbSizeBytes !== null && now.dbSizeBytes <= beforeBytes * (1 - GAIN);

/** Nothing of its file is free; false where it does not tell. */
export const hasNoHoles = ({ dbSizeBytes, usedBytes }: DcsEndpoint): boolean =>
  dbSizeBytes !== null && usedBytes !== undefined && dbSizeBytes - usedBytes <= dbSizeBytes * GAIN;

/**
 * The history of all keys is dropped, which every member does, and then one member writes its file anew. Meanwhile it answers nobody: the others must
 * be a majority without it.
 */
export const defragmentStore = action({
  name: 'defragment-store',
  params: z.object({ revision: z.string(), sizeBytes: z.number(), usedBytes: z.number().nullable() }),
  class: 'store',
  worksOn: 'store',
  runbook: RUNBOOK,
  summary: "compact etcd's history and defragment one member",
  inverse: null,
  inverseNote: 'what is compacted is history: no key loses what it holds',
  refusals:
    'etcd gives no linearizable answer, its list of members is not known, or the others are no majority that serves without this one; its size is not told',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  permits: PERMITS,
  bind: ({ view }, target) => {
    const told = statusOf(view, target);
    const keys = freshValue(view.dcs.keys);
    if (told?.dbSizeBytes == null || keys === null)
      return {
        kind: 'nothing',
        stuck: true,
        why: `${target} does not tell its size, or etcd gives no linearizable answer`,
      };
    return bound({ revision: keys.revision, sizeBytes: told.dbSizeBytes, usedBytes: told.usedBytes ?? null });
  },
  alreadyTrue: () => false,
  refuse: ({ view }, { target }) => whyNoneToSpare(view, target),
  refuseLater: ({ view }, { target }) => {
    const why = whyNoneToSpare(view, target);
    return why === null ? null : { why, over: false };
  },
  steps: ({ policy }, { target, params }) => {
    const { timeoutMs } = actionPolicy(policy, 'defragment-store');
    return [
      {
        step: { port: 'store', call: 'compact', endpoint: target, revision: params.revision },
        withinMs: COMPACTS_MS,
        goOnWhenLate: true,
        unlessSeen: true,
        expect: (input) => isCompacted(input, target),
      },
      {
        step: { port: 'store', call: 'defragment', endpoint: target, withinMs: timeoutMs },
        withinMs: timeoutMs,
        expect: (input) => isDefragmented(input, target, params.sizeBytes),
      },
    ];
  },
});

/** Half of its file is free: what was to be dropped is dropped. */
function isCompacted({ view }: ActionInput, target: string): Sight {
  const told = statusOf(view, target);
  if (told?.dbSizeBytes == null || told.usedBytes === undefined) return pending(`${target} does not tell what it uses`);
  return told.usedBytes * 2 <= told.dbSizeBytes
    ? met(`at least half of the file of ${target} is free`)
    : pending(`less than half of the file of ${target} is free`);
}

function isDefragmented({ view }: ActionInput, target: string, beforeBytes: number): Sight {
  const endpoint = endpointOf(view, target);
  const told = endpoint?.status.kind === 'fresh' ? endpoint.status.value : null;
  if (told === null) return pending(`${target} does not answer yet`);
  if (isSmaller(told, beforeBytes)) return met(`the file of ${target} is smaller`);
  return hasNoHoles(told)
    ? met(`the file of ${target} has no free part left`)
    : pending(`the file of ${target} is as it was`);
}

/** Only the alarm of want of room; the one of corrupt data stands for what no room mends. */
export const disarmStore = action({
  name: 'disarm-store',
  params: z.object({}),
  class: 'store',
  worksOn: 'store',
  runbook: RUNBOOK,
  summary: 'disarm the alarm NOSPACE of etcd',
  inverse: null,
  inverseNote: 'etcd raises it again by itself as soon as it is full again',
  refusals: 'etcd gives no linearizable answer',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  permits: PERMITS,
  bind: ({ view }) => (refusesWrites(view) === null ? { kind: 'nothing', why: 'no alarm NOSPACE stands' } : bound({})),
  alreadyTrue: ({ view }) => recentValue(view.dcs.alarms) !== null && refusesWrites(view) === null,
  refuse: ({ view }) => (freshValue(view.dcs.keys) === null ? 'etcd gives no linearizable answer' : null),
  steps: ({ policy }, { target }) => [
    {
      step: { port: 'store', call: 'disarm', endpoint: target },
      withinMs: actionPolicy(policy, 'disarm-store').timeoutMs,
      expect: ({ view }) =>
        recentValue(view.dcs.alarms) !== null && refusesWrites(view) === null
          ? met('etcd takes writes')
          : pending('the alarm NOSPACE stands'),
    },
  ],
});
