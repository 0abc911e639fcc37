import { z } from 'zod';
import { leaderKeyHolder } from '../assess/leader.js';
import { isHalfDone, rotationOf } from '../assess/rotation.js';
import type { DrainRecord } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, bound, type ActionStep } from './action.js';
import { proxySteps, tagSteps } from './rotation-steps.js';

const ACTUATORS = z.array(z.enum(['proxy', 'tag'])).readonly();
const DRAIN = z.object({ actuators: ACTUATORS.exactOptional(), shutdownSessions: z.boolean().exactOptional() });

/** How this drain is done: as it was bound, or by the policy where a plan was written by hand. */
const drainOf = (policy: Policy, plan: Plan): Policy['drain'] => ({
  ...policy.drain,
  ...(plan.params as Partial<Policy['drain']>),
});

/** Out of the read pool, sessions allowed to finish. */
export const drainReplica = action({
  name: 'drain-replica',
  params: DRAIN,
  class: 'traffic',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'take a lagging replica out of the read pool',
  inverse: 'undrain-replica',
  inverseNote: 'undone by itself when the replica has caught up for recoveredFor',
  refusals: 'the target holds the leader key; the proxy is silent or has no such server',
  needs: (policy) => policy.drain.actuators.map((actuator) => (actuator === 'proxy' ? 'proxy' : 'tags')),
  disruptsTarget: false,
  destroysCopy: false,
  takesReader: true,
  // A drain that worked is not a failed repair: the next emergency may drain again. It is the undrain that is counted.
  countsSuccess: false,
  // Bound once: a policy that is reloaded between two steps must not change what this run does or has to undo.
  bind: ({ policy }) => bound({ ...policy.drain }),
  // Half done and tried again: whoever asked for it first still says when it ends.
  claims: ({ policy, ledger, view }, { id, plan, createdAtMs, shadow }) => {
    const by = plan.because.by ?? ledger.drains.find((row) => row.member === plan.target)?.by;
    const drain: DrainRecord = {
      member: plan.target,
      actuators: drainOf(policy, plan).actuators,
      sinceMs: createdAtMs,
      remediationId: id,
      shadow,
      ...(by === undefined ? {} : { by }),
      ...processOf(view.proxy),
    };
    return { drain };
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    if (member === null) return false;
    const rotation = rotationOf(input.view, member);
    const ours = input.ledger.drains.find((drain) => drain.member === target);
    // One that was broken off is not done: setting what is set already costs nothing.
    if (ours?.shadow === false) return !isHalfDone(rotation, ours.actuators);
    return rotation.drainedByProxy === true || rotation.tagged === true;
  },
  rehearsed: ({ ledger }, target) => ledger.drains.some((drain) => drain.member === target && drain.shadow),
  refuse: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return `${plan.target} is not a member of ours`;
    if (leaderKeyHolder(input.view) === plan.target) return `${plan.target} holds the leader key`;
    if (drainOf(input.policy, plan).actuators.includes('proxy')) {
      if (freshValue(input.view.proxy) === null) return 'the proxy does not answer, so it cannot be drained there';
      if (rotationOf(input.view, member).server === null)
        return `the proxy has no server ${plan.target} in its replica pool`;
    }
    return null;
  },
  steps: ({ policy, pools, waits }, plan) => {
    const steps: ActionStep[] = [];
    const { actuators, shutdownSessions } = drainOf(policy, plan);
    if (actuators.includes('proxy')) steps.push(...proxySteps(pools, plan.target, true, shutdownSessions));
    if (actuators.includes('tag')) steps.push(...tagSteps(plan.target, true, waits));
    return steps;
  },
});

/** Which process was told: one that starts anew has forgotten it. */
function processOf(proxy: ClusterView['proxy']): Pick<DrainRecord, 'process'> {
  if (proxy.kind === 'unknown') return {};
  const { pid = null, startedAtMs = null } = proxy.value;
  return pid === null && startedAtMs === null ? {} : { process: { pid, startedAtMs } };
}

/** Back into the read pool. Only what we took out, only by the way we took it out. */
export const undrainReplica = action({
  name: 'undrain-replica',
  params: z.object({ actuators: ACTUATORS }),
  class: 'traffic',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'put a replica that we drained back into the read pool',
  inverse: 'drain-replica',
  inverseNote: 'the next emergency drains it again',
  refusals: 'the drain is not ours',
  needs: (policy) => policy.drain.actuators.map((actuator) => (actuator === 'proxy' ? 'proxy' : 'tags')),
  disruptsTarget: false,
  destroysCopy: false,
  releases: 'drain',
  permits: {
    window: {
      when: 'we drained the replica',
      holds: ({ ledger }, { target }) => ledger.drains.some((drain) => drain.member === target),
    },
  },
  bind: (input, target) => {
    const drain = input.ledger.drains.find((row) => row.member === target);
    if (drain === undefined) return { kind: 'nothing', why: `${target} is not drained by us` };
    return bound({ actuators: drain.actuators });
  },
  alreadyTrue: (input, target) => !input.ledger.drains.some((drain) => drain.member === target),
  refuse: (input, plan) =>
    input.ledger.drains.some((drain) => drain.member === plan.target)
      ? null
      : `${plan.target} was not drained by us: what an operator drained, an operator puts back`,
  steps: ({ pools, waits }, plan) => {
    const { actuators } = plan.params;
    const steps: ActionStep[] = [];
    if (actuators.includes('tag')) steps.push(...tagSteps(plan.target, false, waits));
    if (actuators.includes('proxy')) steps.push(...proxySteps(pools, plan.target, false, false));
    return steps;
  },
});
