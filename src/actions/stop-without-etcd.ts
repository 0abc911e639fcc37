import { whyNotLost } from '../assess/lost-stores.js';
import { memberHost } from '../model/host.js';
import type { Plan } from '../model/plan.js';
import type { Situation } from '../model/situation.js';
import { action, actionPolicy, type Permit } from './action.js';
import { boundTo } from './member-actions.js';
import { whereNothingBlinds } from './permits.js';
import { boundToItsRun, isStopped, RUN, STOP_GRACE_MS, stopSeen, whyNotThisRun } from './stop-member.js';

/** A person began it by the proof that etcd's data is gone, and nobody can hold tenure, lead by a key, or be elected. */
const isLost = ({ view, states }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  because.run !== undefined && whyNotLost(view, states.memory) === null;

const LOST: Permit = {
  when: 'for a procedure that a person began, while the host driver proves that no majority of etcd has data, and that who has none is stopped',
  holds: isLost,
};
const SEEN = whereNothingBlinds(LOST);

/**
 * Stops a member of a cluster whose etcd has lost its data, whoever led: Patroni that runs when an empty etcd appears may take its leader key on
 * whatever member it is, one that is behind included.
 */
export const stopWithoutEtcd = action({
  name: 'stop-without-etcd',
  params: RUN,
  class: 'leadership',
  runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
  summary: 'stop a member, the leader included, while the data of etcd is lost',
  inverse: 'start-member',
  inverseNote: 'started again once a new etcd serves and the most advanced member leads',
  refusals:
    'etcd answers, a majority of its members has data, one without is not proven to be stopped, or a data directory cannot be read; the member does not run, was started again since the plan was made, or is another container; it is being rewound, or its copy is being made',
  needs: () => ['host'],
  // Nobody is served through a cluster without etcd but by a leader in failsafe mode, which the question to the person names.
  disruptsTarget: false,
  leavesDown: 'cluster',
  destroysCopy: false,
  countsSuccess: false,
  stopsLeader: () => true,
  leavesEvidence: true,
  permits: {
    tenure: LOST,
    policy: LOST,
    failsafe: LOST,
    'observer-health': SEEN,
    'start-grace': LOST,
    'patroni-pause': LOST,
  },
  bind: ({ view }, target) => boundToItsRun(view, target),
  alreadyTrue: ({ view }, target) => isStopped(view, target),
  refuse: (input, plan) => whyNotLost(input.view, input.memory) ?? whyNotThisRun(input, plan),
  steps: ({ policy }, { target, params }) => [
    {
      step: {
        port: 'host',
        target: memberHost(target),
        verb: 'stop',
        graceMs: STOP_GRACE_MS,
        ...boundTo(params.id),
      },
      withinMs: actionPolicy(policy, 'stop-without-etcd').timeoutMs,
      expect: ({ view }) => stopSeen(view, target),
    },
  ],
});
