import { z } from 'zod';
import { whyNotLost } from '../assess/lost-stores.js';
import { isBeingRewound } from '../assess/rewinding.js';
import { memberHost } from '../model/host.js';
import type { Plan } from '../model/plan.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import { memberOf } from '../model/view.js';
import { action, actionPolicy, bound, type Permit } from './action.js';
import { boundTo } from './member-actions.js';
import { isStopped, STOP_GRACE_MS, stopSeen } from './stop-member.js';

/** A person began it by the proof that etcd's data is gone, and nobody can hold tenure, lead by a key, or be elected. */
const isLost = ({ view, states }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  because.run !== undefined && whyNotLost(view, states.memory) === null;

const LOST: Permit = {
  when: 'for a procedure that a person began, while the host driver proves that each etcd member is stopped and none has data',
  holds: isLost,
};
const SEEN: Permit = {
  when: 'the same, and nothing else says that it is we who do not see',
  holds: (input, plan) =>
    isLost(input, plan) && !input.states.problems.some(({ code }) => code === 'observer-impaired'),
};

/**
 * Stops a member of a cluster whose etcd has lost its data, whoever led: Patroni that runs when an empty etcd appears may take its leader key on
 * whatever member it is, one that is behind included.
 */
export const stopWithoutEtcd = action({
  name: 'stop-without-etcd',
  params: z.object({ id: z.string(), startedAtMs: z.number().nullable() }),
  class: 'leadership',
  runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
  summary: 'stop a member, the leader included, while the data of etcd is lost',
  inverse: 'start-member',
  inverseNote: 'started again once a new etcd serves and the most advanced member leads',
  refusals:
    'etcd answers, an etcd member is not proven to be stopped, or has data, or its data directory cannot be read; the member does not run, was started again since the plan was made, or is another container; it is being rewound, or its copy is being made',
  needs: () => ['host'],
  // Nobody is served through a cluster without etcd but by a leader in failsafe mode, which the question to the person names.
  disruptsTarget: false,
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
  bind: ({ view }, target) => {
    const member = memberOf(view, target);
    const host = member === null ? null : recentValue(member.host);
    if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
    if (host.state !== 'running') return { kind: 'nothing', why: `${target} is ${host.state} by its host driver` };
    return bound({ id: host.id, startedAtMs: host.startedAtMs });
  },
  alreadyTrue: ({ view }, target) => isStopped(view, target),
  refuse: (input, { target, params }) => {
    const not = whyNotLost(input.view, input.memory);
    if (not !== null) return not;
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(member.host);
    if (member === null || host === null) return `the host driver has not said in this pass what runs ${target}`;
    if (host.state !== 'running') return `${target} is ${host.state} by its host driver`;
    if (host.id !== params.id) return `another container now bears the name of ${target}`;
    if (host.startedAtMs !== params.startedAtMs) return `${target} was started again meanwhile`;
    if (isBeingRewound(input, member)) return `${target} is being rewound`;
    return freshValue(member.api)?.state === 'creating-replica' ? `the copy of ${target} is being made` : null;
  },
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
