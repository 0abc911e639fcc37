import { z } from 'zod';
import { isArchivingStuck } from '../assess/archive.js';
import { leadershipOf } from '../assess/leader.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  notYet,
  over,
  pending,
  violated,
  type PlanOf,
  type Sight,
} from './action.js';
import { haltOfPause, isPauseDue, pauseSteps, poolersAround, whyNotHeld } from './pooler-steps.js';
import { beganApart, stillStops } from './whose-doing.js';

/** `wasMs`: when the server process began that is to be replaced. `role`: what this Patroni calls a primary. */
const BOND = z.object({
  wasMs: z.number(),
  role: z.enum(['master', 'primary']),
  poolers: z.array(z.string()).readonly().exactOptional(),
  checkpoint: z.literal(true).exactOptional(),
});

const startedAt = (member: MemberView | null): number | null =>
  member === null ? null : (freshValue(member.api)?.postmasterStartedAtMs ?? null);

/** Before 4.0 Patroni holds the filter against its own word for a primary. [3.0: ha.py, restart_matches] */
const roleOf = (version: string): 'master' | 'primary' => (Number.parseInt(version, 10) < 4 ? 'master' : 'primary');

/** Longer than a clean stop and start take; beyond it Patroni gives leadership away instead of waiting for `primary_start_timeout`. */
const START_S = 60;
/** Patroni answers when it is done: there and back, a stop, a start. */
const REACH_MS = 2 * START_S * 1000;

function restarted(view: ClusterView, { target, params }: PlanOf<z.infer<typeof BOND>>): Sight {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven')
    return pending(leadership.kind === 'none' ? 'nobody leads for the moment' : leadership.why);
  if (leadership.member.name !== target) return violated(`${leadership.member.name} leads instead of ${target}`);
  const began = startedAt(leadership.member);
  return began === null || began === params.wasMs
    ? pending(`PostgreSQL on ${target} was not restarted yet`)
    : met(`${target} leads and was restarted`);
}

/**
 * Restarts the leader where it stands. What a standby must have at least as high as its primary can fall on no other way: whoever is promoted in
 * its place still has the higher value.
 */
export const restartLeader = action({
  name: 'restart-leader',
  params: BOND,
  class: 'leadership',
  runbook: 'Maintenance Operations > Configuration Changes',
  summary: 'restart PostgreSQL on the leader, which stays the leader',
  inverse: null,
  inverseNote: 'a restart leaves nothing to undo',
  refusals:
    'the target is not proven to lead; Patroni does not say that a restart is pending there; it fails to archive, so that it would not stop; with `pooler.whenNotPaused: wait` a pooler is silent, or paused by somebody else',
  needs: () => [],
  disruptsTarget: true,
  destroysCopy: false,
  countsSuccess: false,
  stopsLeader: () => true,
  bind: (input, target) => {
    const member = memberOf(input.view, target);
    const api = member === null ? null : freshValue(member.api);
    const wasMs = startedAt(member);
    if (api === null || wasMs === null)
      return { kind: 'nothing', why: `Patroni on ${target} does not say when PostgreSQL was started` };
    return bound({ wasMs, role: roleOf(api.version), ...poolersAround(input, 'switchover') });
  },
  alreadyTrue: () => false,
  refuse: (input, { target, params }) => {
    const leadership = leadershipOf(input.view);
    if (leadership.kind !== 'proven') return leadership.kind === 'none' ? 'nobody leads' : leadership.why;
    const { member } = leadership;
    if (member.name !== target) return `${member.name} leads now, not ${target}`;
    if (freshValue(member.api)?.pendingRestart !== true) return `no restart is pending on ${target}`;
    if (isArchivingStuck(member))
      return `${target} fails to archive: it would not stop before its archiver has caught up`;
    return whyNotHeld(input, params.poolers ?? []);
  },
  refuseLater: (input, plan) => {
    if ((plan.params.poolers ?? []).length === 0) return null;
    const leadership = leadershipOf(input.view);
    if (leadership.kind !== 'proven') return (isPauseDue(input, plan) ? over : notYet)('nobody is proven to lead');
    if (leadership.member.name !== plan.target) return over(`${leadership.member.name} leads now`);
    return haltOfPause(input, plan);
  },
  steps: ({ policy }, plan) => [
    ...pauseSteps(policy, plan, actionPolicy(policy, 'restart-leader').timeoutMs),
    {
      // `role` and `restart_pending` are filters: a member that leads no more, or was restarted by somebody else, is left alone.
      step: {
        port: 'patroni',
        member: plan.target,
        method: 'POST',
        path: '/restart',
        body: { role: plan.params.role, restart_pending: true, timeout: START_S },
        timeoutMs: REACH_MS,
      },
      withinMs: actionPolicy(policy, 'restart-leader').timeoutMs,
      expect: ({ view }) => restarted(view, plan),
      notOurs: (input, sentAtMs) =>
        beganApart(input, `PostgreSQL on ${plan.target}`, startedAt(memberOf(input.view, plan.target)), {
          sentAtMs,
          reachMs: REACH_MS,
          stops: plan.target,
        }),
      goesOn: (input, sentAtMs) => stillStops(input, plan.target, { sentAtMs, reachMs: REACH_MS }),
    },
  ],
});
