import { z } from 'zod';
import { leadershipOf } from '../assess/leader.js';
import { isBeingRewound } from '../assess/rewinding.js';
import { memberHost } from '../model/host.js';
import { freshValue, isSilent, recentValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  pending,
  violated,
  type ActionInput,
  type Bound,
  type PlanOf,
  type Sight,
} from './action.js';
import { boundTo, mayBePrimary } from './member-actions.js';

/** Sessions are cut and a checkpoint is written; then the driver kills, which costs a replica a recovery and nothing else. */
export const STOP_GRACE_MS = 60_000;

/** One run of a container: should it be started again, or another one bear its name, it is not this one. */
export const RUN = z.object({ id: z.string(), startedAtMs: z.number().nullable() });
type Run = z.infer<typeof RUN>;

/** Stops a replica for a person who works on its machine. */
export const stopMember = action({
  name: 'stop-member',
  params: RUN,
  class: 'replica',
  runbook: 'Maintenance Operations > Rolling Restart',
  summary: 'stop a replica',
  inverse: 'start-member',
  inverseNote: 'started when it is given back',
  refusals:
    'it holds the leader key, or is primary by its API or its SQL; nobody is proven to lead; it does not run, was started again since the plan was made, or is another container; it is being rewound, or its copy is being made',
  needs: () => ['host'],
  disruptsTarget: true,
  leavesDown: 'target',
  destroysCopy: false,
  countsSuccess: false,
  bind: ({ view }, target) => boundToItsRun(view, target),
  alreadyTrue: ({ view }, target) => isStopped(view, target),
  refuse: (input, plan) => {
    const no = mayBePrimary(input, plan.target);
    if (no !== null) return no;
    if (leadershipOf(input.view).kind !== 'proven') return 'nobody is proven to lead';
    return whyNotThisRun(input, plan);
  },
  steps: ({ policy }, plan) => [
    {
      step: {
        port: 'host',
        target: memberHost(plan.target),
        verb: 'stop',
        graceMs: STOP_GRACE_MS,
        ...boundTo(plan.params.id),
      },
      withinMs: actionPolicy(policy, 'stop-member').timeoutMs,
      expect: ({ view }) => stopSeen(view, plan.target),
    },
  ],
});

/** The run of a member that is to be stopped: its container, and since when it runs. */
export function boundToItsRun(view: ClusterView, target: string): Bound<Run> {
  const member = memberOf(view, target);
  const host = member === null ? null : recentValue(member.host);
  if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
  if (host.state !== 'running') return { kind: 'nothing', why: `${target} is ${host.state} by its host driver` };
  return bound({ id: host.id, startedAtMs: host.startedAtMs });
}

/** Why that run may not be stopped now, by the host driver's word of this pass and what is under way there; null: nothing is against it. */
export function whyNotThisRun(input: ActionInput, { target, params }: PlanOf<Run>): string | null {
  const member = memberOf(input.view, target);
  const host = member === null ? null : freshValue(member.host);
  if (member === null || host === null) return `the host driver has not said in this pass what runs ${target}`;
  if (host.state !== 'running') return `${target} is ${host.state} by its host driver`;
  if (host.id !== params.id) return `another container now bears the name of ${target}`;
  if (host.startedAtMs !== params.startedAtMs) return `${target} was started again meanwhile`;
  // What is cut off there may be beyond recovery. [PostgreSQL: pg_rewind, Warning]
  if (isBeingRewound(input, member)) return `${target} is being rewound`;
  return freshValue(member.api)?.state === 'creating-replica' ? `the copy of ${target} is being made` : null;
}

/** By its driver, and by nothing that answers there: a driver that looks at something else would call a living one stopped. */
export function isStopped(view: ClusterView, target: string): boolean {
  const member = memberOf(view, target);
  return member !== null && freshValue(member.host)?.state === 'stopped' && freshValue(member.sql) === null;
}

/** It is stopped by its driver and silent itself. */
export function stopSeen(view: ClusterView, target: string): Sight {
  const member = memberOf(view, target);
  const host = member === null ? null : freshValue(member.host);
  if (member === null) return violated(`${target} is not a member of ours`);
  if (host?.state !== 'stopped') return pending(`${target} is ${host?.state ?? 'unknown'} by its host driver`);
  return freshValue(member.sql) === null && (isSilent(member.sql) || isSilent(member.api))
    ? met(`${target} is stopped`)
    : pending(`${target} is stopped by its host driver, and still answers`);
}
