import { z } from 'zod';
import { PLACES } from './places-shape.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { lineText, maybeHidden, memberLines, outOfReachOf, silentProxies, tellable } from '../assess/proxy-lines.js';
import { isHalfDone, rotationOf } from '../assess/rotation.js';
import type { DrainRecord, Ledger } from '../model/ledger.js';
import type { MemberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import type { Policy } from '../model/policy.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { action, bound, over, type ActionInput, type ActionStep, type PlanOf } from './action.js';
import { drainedPlaces, notYetDrained, processesTold, toDrain, union } from './drain-places.js';
import { field, holds, movedIn, proxiesOf, unlessUsual, usualPlaces } from './proxy-places.js';
import { proxySteps, tagSteps } from './rotation-steps.js';
import type { StepInput } from './waits.js';

const ACTUATORS = z.array(z.enum(['proxy', 'tag'])).readonly();
/** `left`: proxies that did not answer, by name. */
const LEFT = z.array(z.string()).readonly();
const DRAIN = z.object({
  actuators: ACTUATORS.exactOptional(),
  shutdownSessions: z.boolean().exactOptional(),
  servers: PLACES.exactOptional(),
  left: LEFT.exactOptional(),
});

type DrainPlan = PlanOf<z.infer<typeof DRAIN>>;

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
  awaitsSlowFacts: true,
  takesReader: true,
  // A drain that worked is not a failed repair: the next emergency may drain again. It is the undrain that is counted.
  countsSuccess: false,
  // Bound once: a policy that is reloaded between two steps must not change what this run does or has to undo.
  bind: ({ policy: { drain }, view, ledger }, target) => {
    const { actuators, shutdownSessions } = drain;
    if (!actuators.includes('proxy')) return bound({ actuators, shutdownSessions });
    const at = unlessUsual(view, 'reads', target, toDrain(view, target, oursIn(ledger, target)));
    const left = view.proxies.length > 1 ? readersOutOfReach(view) : [];
    if (at?.length === 0 && memberLines(view, 'reads', target).length > 0)
      return { kind: 'nothing', stuck: true, why: `no server of ${target} that can be told takes readers` };
    return bound({
      actuators,
      shutdownSessions,
      ...field('servers', at),
      ...field('left', left.length === 0 ? undefined : left),
    });
  },
  // Half done and tried again: whoever asked for it first still says when it ends.
  claims: ({ policy, ledger, view }, { id, plan, createdAtMs, shadow }) => {
    const before = ledger.drains.find((row) => row.member === plan.target);
    const by = plan.because.by ?? before?.by;
    const ours = before?.shadow === false && !shadow ? before : undefined;
    // Taken further: what stands already stays ours, also if the first request of this run is refused.
    const goesOn = ours !== undefined && notYetDrained(view, ours, ledger).length > 0;
    const at = plan.params.servers;
    const drain: DrainRecord = {
      member: plan.target,
      actuators: drainOf(policy, plan).actuators,
      sinceMs: createdAtMs,
      remediationId: goesOn ? ours.remediationId : id,
      shadow,
      ...(by === undefined ? {} : { by }),
      ...processesTold(view, ours),
      ...field('at', goesOn ? union(drainedPlaces(view, ours), at ?? []) : at),
    };
    return { drain };
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    if (member === null) return false;
    const rotation = rotationOf(input.view, member);
    const ours = input.ledger.drains.find((drain) => drain.member === target);
    // One that was broken off is not done: setting what is set already costs nothing.
    if (ours?.shadow === false) {
      const isEverywhere =
        !ours.actuators.includes('proxy') || notYetDrained(input.view, ours, input.ledger).length === 0;
      return isEverywhere && !isHalfDone(rotation, ours.actuators);
    }
    return rotation.drainedByProxy === true || rotation.tagged === true;
  },
  rehearsed: ({ ledger }, target) => ledger.drains.some((drain) => drain.member === target && drain.shadow),
  refuse: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return `${plan.target} is not a member of ours`;
    if (leaderKeyHolder(input.view) === plan.target) return `${plan.target} holds the leader key`;
    return drainOf(input.policy, plan).actuators.includes('proxy') ? outOfReach(input, plan.target) : null;
  },
  // A template's server may be another member's by now.
  refuseLater: ({ view, policy }, plan) => {
    const moved = movedIn(view, proxyStepsOf({ policy, routing: view.proxies }, plan));
    return moved === null ? null : over(moved);
  },
  steps: (input, plan) => [
    ...proxyStepsOf(input, plan),
    ...(drainOf(input.policy, plan).actuators.includes('tag') ? tagSteps(plan.target, true, input.waits) : []),
  ],
});

function proxyStepsOf({ policy, routing }: Omit<StepInput, 'waits'>, plan: DrainPlan): readonly ActionStep[] {
  const { actuators, shutdownSessions } = drainOf(policy, plan);
  if (!actuators.includes('proxy')) return [];
  const places = plan.params.servers ?? usualPlaces(routing, 'reads', plan.target);
  const turn = { member: plan.target, drain: true, closeSessions: shutdownSessions, left: plan.params.left ?? [] };
  return proxySteps(routing, places, turn);
}

const readersOutOfReach = (view: ClusterView): readonly string[] =>
  outOfReachOf({ proxies: view.proxies.filter(({ pools }) => pools.reads.length > 0) });

const oursIn = (ledger: Ledger, target: string): DrainRecord | undefined =>
  ledger.drains.find((drain) => drain.member === target && !drain.shadow);

/** Not everything that gives it readers can be told, and the policy does not say that less will do. */
function outOfReach({ view, policy }: ActionInput, target: MemberName): string | null {
  if (silentProxies(view).length === view.proxies.length)
    return 'the proxy does not answer, so it cannot be drained there';
  // One that routes no reads has nothing to do with it.
  const silent = readersOutOfReach(view);
  const hidden = maybeHidden(view, 'reads', target);
  const hasServer = tellable(view, memberLines(view, 'reads', target)).length > 0 || view.proxies.length === 1;
  if (memberLines(view, 'reads', target).length === 0 && view.proxies.length === 1)
    return `the proxy has no server ${target} in its replica pool`;
  if (!hasServer) return `no proxy that answers has a server of ${target} in a pool for reads`;
  if (policy.drain.whileProxySilent === 'go-on') return null;
  if (silent.length > 0)
    return `proxy ${silent.join(', ')} cannot be told (no answer, or no runtime API), so it cannot be drained there (drain.whileProxySilent: hold)`;
  if (hidden.length === 0) return null;
  return `${hidden.map((line) => lineText(view, line)).join(', ')} may be ${target}: say which member it is in proxies.${hidden[0]?.proxy ?? ''}.servers (drain.whileProxySilent: hold)`;
}

/** Back into the read pool. Only what we took out, only by the way we took it out. */
export const undrainReplica = action({
  name: 'undrain-replica',
  params: z.object({ actuators: ACTUATORS, back: PLACES.exactOptional(), left: PLACES.exactOptional() }),
  class: 'traffic',
  runbook: 'Replication Lag Management > Remediation Steps',
  summary: 'put a replica that we drained back into the read pool',
  inverse: 'drain-replica',
  inverseNote: 'the next emergency drains it again',
  refusals: 'the drain is not ours',
  needs: (policy) => policy.drain.actuators.map((actuator) => (actuator === 'proxy' ? 'proxy' : 'tags')),
  disruptsTarget: false,
  destroysCopy: false,
  awaitsSlowFacts: true,
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
    const silent = input.view.proxies.length > 1 ? outOfReachOf(input.view) : [];
    const left = drainedPlaces(input.view, drain).filter(({ proxy }) => silent.includes(proxy));
    if (drain.at === undefined && left.length === 0) return bound({ actuators: drain.actuators });
    const back = drainedPlaces(input.view, drain).filter((place) => !holds(left, place));
    return bound({ actuators: drain.actuators, back, ...field('left', left.length === 0 ? undefined : left) });
  },
  alreadyTrue: (input, target) => !input.ledger.drains.some((drain) => drain.member === target),
  refuse: (input, plan) => {
    if (!input.ledger.drains.some((drain) => drain.member === plan.target))
      return `${plan.target} was not drained by us: what an operator drained, an operator puts back`;
    const left = proxiesOf(plan.params.left ?? []).join(', ');
    if (left === '' || !plan.params.actuators.includes('proxy')) return null;
    if (plan.params.back?.length === 0) return `proxy ${left} does not answer, and it is drained nowhere else`;
    return input.policy.drain.whileProxySilent === 'go-on'
      ? null
      : `proxy ${left} does not answer, so it cannot be put back there (drain.whileProxySilent: hold)`;
  },
  // What could not be put back now stays ours, to be put back when its proxy answers.
  keeps: ({ params }) => (params.left === undefined ? null : { at: params.left }),
  steps: ({ routing, waits }, plan) => {
    const { actuators, back, left = [] } = plan.params;
    const steps: ActionStep[] = [];
    if (actuators.includes('tag')) steps.push(...tagSteps(plan.target, false, waits));
    const turn = {
      member: plan.target,
      drain: false,
      closeSessions: false,
      left: proxiesOf(left),
    };
    if (actuators.includes('proxy'))
      steps.push(...proxySteps(routing, back ?? usualPlaces(routing, 'reads', plan.target), turn));
    return steps;
  },
});
