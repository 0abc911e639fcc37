import { candidatesFor, successorsOf, whoMayLead } from '../assess/candidates.js';
import { hungLeader, unreachableLeader } from '../assess/hung-leader.js';
import { leaderKeyHolder } from '../assess/leader.js';
import { electsUnreached } from '../assess/reach.js';
import type { MemberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import { runOf } from '../model/power.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
import { action, actionPolicy, bound, notYet, over, type ActionInput } from './action.js';
import {
  behindForLong,
  heldByPower,
  isProvenStopped,
  notTheSameRun,
  RUN,
  runParams,
  stopStep,
} from './fence-member.js';

/**
 * Stops a leader that hangs, or that nobody reaches, while it still holds its key: what it does not serve, a successor would. Only then is it
 * dead by proof, and `expedite-failover` ends the wait for its lease. One request, no closing of its traffic: it serves none, and each further
 * look would be time without a write.
 */
export const fenceLeader = action({
  name: 'fence-leader',
  params: RUN,
  class: 'fencing',
  runbook: 'Manual Failover Procedures > Forced Failover (Emergency)',
  summary: 'stop a leader that hangs or is unreachable and still holds its key, so that another may lead',
  inverse: 'open-traffic',
  inverseNote: 'started again when another member leads (start-member)',
  refusals:
    'it lost the key; its API or its SQL answers as it should, its lease was renewed, or a replica has heard it since; neither etcd nor the host driver proves that it stands still; it was started again since the plan was made, or is another container; nobody may take over by the guards of a failover',
  needs: () => ['host', 'sql'],
  disruptsTarget: false,
  destroysCopy: false,
  leavesEvidence: true,
  awaitsSlowFacts: true,
  answersDeath: true,
  claims: (_, { id: remediationId, plan: { target: member }, createdAtMs: sinceMs, shadow }) => ({
    // Its server is left to the health checks, and one that a person closed is theirs to open.
    fence: { member, sinceMs, remediationId, shadow, at: [] },
  }),
  loss: (input, plan) => behindForLong(input, plan.target),
  doubt: ({ view, memory }, plan) => electsUnreached(candidatesFor(view, memory, plan.target)),
  grounds: (input, plan) => whoMayLead(successorsOf(input.view, input.memory, plan.target)),
  bind: (input, target) => {
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(runOf(member));
    if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
    const nobody = nobodyMayFollow(input, target);
    if (nobody !== null) return { kind: 'nothing', stuck: true, why: nobody };
    return bound({ ...runParams(host), proxied: false, hears: false });
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && isProvenStopped(member);
  },
  refuse: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return `${plan.target} is not a member of ours`;
    if (leaderKeyHolder(input.view) !== plan.target) return `${plan.target} no longer holds the leader key`;
    return (
      heldByPower(input, plan) ??
      notTheSameRun(member, plan, RUNS) ??
      notStandingStill(input, plan) ??
      nobodyMayFollow(input, plan.target)
    );
  },
  // A kill of which nobody knows whether it was sent is sent again only to a leader that stands still to this moment.
  refuseLater: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return over(`${plan.target} is not a member of ours`);
    if (freshValue(runOf(member)) === null) return notYet(`the host driver does not say what runs ${plan.target}`);
    const other = notTheSameRun(member, plan, RUNS);
    if (other !== null) return over(other);
    if (freshValue(input.view.dcs.keys) === null) return notYet('etcd does not say who holds the leader key');
    if (leaderKeyHolder(input.view) !== plan.target) return over(`${plan.target} no longer holds the leader key`);
    const no = heldByPower(input, plan) ?? notStandingStill(input, plan) ?? nobodyMayFollow(input, plan.target);
    return no === null ? null : notYet(no);
  },
  steps: ({ policy }, plan) => [stopStep(plan, actionPolicy(policy, 'fence-leader').timeoutMs, RUNS)],
});

/** A container that is paused has processes that go on as soon as somebody lets them. */
const RUNS = ['running', 'paused'] as const;

/** The sign that it was planned by must be there in this very look, and in its proven form. */
function notStandingStill(input: ActionInput, plan: Plan): string | null {
  if (plan.because.code === 'leader-hung')
    return hungLeader(input) === null ? `PostgreSQL on ${plan.target} is not proven to hang` : null;
  const found = unreachableLeader(input);
  if (found === null)
    return `${plan.target} is not silent to all: its API, its SQL, its lease or a replica contradicts`;
  return found.isProven ? null : `${plan.target} may still renew its lease: nobody else proves that it stands still`;
}

/** By Patroni's own guards: a leader that is stopped while nobody may succeed it is an outage that only a person ends. */
function nobodyMayFollow(input: ActionInput, leader: MemberName): string | null {
  const rows = candidatesFor(input.view, input.memory, leader);
  if (rows.some((row) => row.against.length === 0)) return null;
  const against = rows.map((row) => `${row.name} ${row.against.join(', ')}`).join('; ');
  return `no replica may succeed ${leader}: ${against || 'none is known to run'}`;
}
