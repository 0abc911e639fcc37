import { z } from 'zod';
import { candidatesFor, leaderlessCandidates, leaderPositionText, whoMayLead } from '../assess/candidates.js';
import { isPaused, leaderKeyHolder, leadershipOf, waitsOf } from '../assess/leader.js';
import { preflightText } from '../assess/preflight.js';
import { aheadText, aheadUnreached, reachedFirst, unreachedText } from '../assess/reach.js';
import { bytesText } from '../words/amounts.js';
import { secondsText } from '../words/loss.js';
import { memberName } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import { memberOf } from '../model/view.js';
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
} from './action.js';
import { handOverAnswerMs } from './waits.js';
import { keptTheKey, neverAsked } from './whose-doing.js';

const CHANGE = z.object({ candidate: z.string(), leader: z.string().nullable().exactOptional() });
type Failover = PlanOf<z.infer<typeof CHANGE>>;

/** Asks Patroni for a leader where none has been elected: the best candidate, within the guards, or what a person agrees to lose. */
export const failover = action({
  name: 'failover',
  params: CHANGE,
  class: 'leadership',
  runbook: 'Manual Failover Procedures > Forced Failover (Emergency)',
  summary: 'make the best candidate leader of a leaderless cluster',
  inverse: null,
  inverseNote: 'none: a switchover back, when the old leader has rejoined',
  refusals:
    'by itself: there is a leader; the API of the candidate is silent. By a person: another one leads than they saw; the leader holds its key and is not well; the candidate of a living leader is beyond the guards',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  target: (input) => {
    const rows = leaderlessCandidates(input.view, input.memory);
    // Who led last and runs again is elected without us, as soon as it sees etcd: it needs no request.
    const best = reachedFirst(rows).find((row) => row.barred.length === 0 && row.name !== input.memory.lastLeader);
    return best?.name ?? { none: `no member is to be proposed; ${whoMayLead(rows)}` };
  },
  targetAsked: (_, candidate) => (candidate === null ? { none: 'it needs a candidate' } : memberName(candidate)),
  grounds: (input, plan) => {
    const leader = plannedLeader(plan);
    return leader === null
      ? whoMayLead(leaderlessCandidates(input.view, input.memory))
      : preflightText(input, { leader, candidate: plan.target });
  },
  stopsLeader: (plan) => plannedLeader(plan) !== null,
  bind: (input, target, problem) =>
    problem === null
      ? bound({ candidate: target, leader: leaderKeyHolder(input.view) })
      : (lastLeaderReturns(input) ?? bound({ candidate: target })),
  alreadyTrue: (input, target) => leaderKeyHolder(input.view) === target,
  refuse: (input, plan) => {
    const holder = leaderKeyHolder(input.view);
    const planned = plannedLeader(plan);
    if (planned === null && holder !== null) return 'there is a leader again';
    if (planned !== null) return notFromLeader(input, plan, planned);
    const member = memberOf(input.view, plan.target);
    if (member === null || freshValue(member.api) === null) return `the API of ${plan.target} does not answer`;
    const barred = leaderlessCandidates(input.view, input.memory).find((row) => row.name === plan.target)?.barred ?? [];
    return barred.length === 0 ? null : `${plan.target} ${barred.join(', ')}: Patroni would not make it leader`;
  },
  doubt: (input, plan) => {
    const rows = leaderlessCandidates(input.view, input.memory);
    const row = rows.find(({ name }) => name === plan.target);
    if (row === undefined) return null;
    return row.unreached === null ? aheadText(aheadUnreached(rows, row)) : unreachedText(row);
  },
  // While a leader lives it hands over what it has, and Patroni refuses whom the guards do.
  loss: (input, plan) => {
    if (plannedLeader(plan) !== null) return null;
    const row = leaderlessCandidates(input.view, input.memory).find((candidate) => candidate.name === plan.target);
    if (row === undefined) return { bytes: null, seconds: null, text: `nothing is known of ${plan.target}` };
    if (row.against.length === 0) return null;
    const { lossBytes: bytes, lossSeconds: seconds } = row;
    const position = leaderPositionText(input.view, input.memory);
    return {
      bytes,
      seconds,
      text: `${plan.target} ${row.against.join(', ')}: ${lostText(bytes, seconds)}; ${position}`,
    };
  },
  steps: ({ policy, waits }, plan) => [
    {
      step: {
        port: 'patroni',
        member: plan.target,
        method: 'POST',
        path: '/failover',
        // With a leader in it Patroni refuses should another one lead by then.
        body:
          plannedLeader(plan) === null
            ? { candidate: plan.target }
            : { leader: plannedLeader(plan), candidate: plan.target },
        timeoutMs: handOverAnswerMs(waits),
      },
      withinMs: actionPolicy(policy, 'failover').timeoutMs,
      expect: ({ view }) => {
        const leadership = leadershipOf(view);
        if (leadership.kind !== 'proven') return pending('there is no proven leader yet');
        if (leadership.member.name === plannedLeader(plan)) return pending(`${leadership.member.name} still leads`);
        return leadership.member.name === plan.target
          ? met(`${plan.target} leads`)
          : violated(`${leadership.member.name} leads instead`);
      },
      notOurs: (at, sentAtMs, hasArrived, wishBefore) => {
        const leader = plannedLeader(plan);
        if (hasArrived) return null;
        const kept = leader === null ? null : keptTheKey(at.memory, leader, sentAtMs, handOverAnswerMs(waits));
        return kept ?? neverAsked(at, wishBefore);
      },
    },
  ],
});

/**
 * Who led last runs again with all that there is, and sees etcd: Patroni elects it within a loop, and nobody is asked to lose anything
 * meanwhile. A person is told when it does not come to that.
 */
function lastLeaderReturns({ view, memory }: ActionInput): Bound<Failover['params']> | null {
  const row = leaderlessCandidates(view, memory).find(({ name }) => name === memory.lastLeader);
  const member = row === undefined ? null : memberOf(view, row.name);
  if (row === undefined || member === null || row.against.length > 0) return null;
  const { ttlMs, loopWaitMs } = waitsOf(view);
  const seenMs = freshValue(member.api)?.dcsLastSeenMs ?? null;
  if (seenMs !== null && view.atMs - seenMs > ttlMs) return null;
  if (isPaused(view)) {
    const why = `${row.name} led last, runs again and may lead; Patroni is paused, and elects nobody until it is resumed`;
    return { kind: 'nothing', stuck: true, why };
  }
  const startedAtMs = freshValue(member.host)?.startedAtMs ?? null;
  const why = `${row.name} led last, runs again and may lead: Patroni elects it without us`;
  if (startedAtMs !== null && view.atMs - startedAtMs <= ttlMs + loopWaitMs) return { kind: 'nothing', why };
  return { kind: 'nothing', stuck: true, why: `${why}; if not: ekimi run-procedure failover --candidate ${row.name}` };
}

function lostText(bytes: number | null, seconds: number | null): string {
  const lost = "of the old leader's WAL would be lost";
  if (bytes === null) return `an unknown number of bytes ${lost}`;
  return bytes === 0
    ? `no byte that is known ${lost}`
    : `at least ${bytesText(bytes)} ${lost}, ${secondsText(seconds)}`;
}

/** Whom a person saw leading when they started it; null: nobody led, which is the only case in which we start it ourselves. */
const plannedLeader = (plan: Failover): string | null => plan.params.leader ?? null;

/** From a living leader only, and to whom Patroni would let it go. Of a silent one the lease decides, not a request. [patroni.md fact 6] */
function notFromLeader(input: ActionInput, plan: Failover, leader: string): string | null {
  const holder = leaderKeyHolder(input.view);
  if (holder !== leader) return `${holder ?? 'nobody'} holds the leader key now; it was planned against ${leader}`;
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven') {
    const why = leadership.kind === 'none' ? 'nobody leads' : leadership.why;
    return `${why}: Patroni would wait for its lease, and if PostgreSQL lives on below it there would be two primaries`;
  }
  const row = candidatesFor(input.view, input.memory, leader).find((candidate) => candidate.name === plan.target);
  if (row === undefined) return `${plan.target} does not say where it stands`;
  return row.against.length === 0
    ? null
    : `${plan.target} ${row.against.join(', ')}: while ${leader} leads, Patroni refuses it`;
}
