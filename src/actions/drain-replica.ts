import { leaderKeyHolder } from '../assess/leader.js';
import { isHalfDone, rotationOf } from '../assess/rotation.js';
import type { Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { bound, type ActionStep, type RunbookAction } from './action.js';
import { proxySteps, tagSteps } from './rotation-steps.js';

/** How this drain is done: as it was bound, or by the policy where a plan was written by hand. */
export const drainOf = (policy: Policy, plan: Plan): Policy['drain'] => ({
  ...policy.drain,
  ...(plan.params as Partial<Policy['drain']>),
});

/** Out of the read pool, sessions allowed to finish. */
export const drainReplica: RunbookAction = {
  name: 'drain-replica',
  class: 'traffic',
  risk: 'sessions',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'take a lagging replica out of the read pool',
  inverse: 'undrain-replica',
  inverseNote: 'undone by itself when the replica has caught up for recoveredFor',
  needs: (policy) => policy.drain.actuators.map((actuator) => (actuator === 'proxy' ? 'proxy' : 'tags')),
  disruptsTarget: false,
  destroysCopy: false,
  // A drain that worked is not a failed repair: the next emergency may drain again. It is the undrain that is counted.
  countsSuccess: false,
  // Bound once: a policy that is reloaded between two steps must not change what this run does or has to undo.
  bind: ({ policy }) => bound({ ...policy.drain }),
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
};

/** Back into the read pool. Only what we took out, only by the way we took it out. */
export const undrainReplica: RunbookAction = {
  name: 'undrain-replica',
  class: 'traffic',
  risk: 'none',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'put a replica that we drained back into the read pool',
  inverse: 'drain-replica',
  inverseNote: 'the next emergency drains it again',
  needs: (policy) => policy.drain.actuators.map((actuator) => (actuator === 'proxy' ? 'proxy' : 'tags')),
  disruptsTarget: false,
  destroysCopy: false,
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
    const actuators = plan.params['actuators'] as readonly string[];
    const steps: ActionStep[] = [];
    if (actuators.includes('tag')) steps.push(...tagSteps(plan.target, false, waits));
    if (actuators.includes('proxy')) steps.push(...proxySteps(pools, plan.target, false, false));
    return steps;
  },
};
