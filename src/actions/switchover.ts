import { z } from 'zod';
import { isArchivingStuck } from '../assess/archive.js';
import { candidatesFor, successorsOf } from '../assess/candidates.js';
import { leadershipOf, waitsOf } from '../assess/leader.js';
import { preflightText } from '../assess/preflight.js';
import { unreachedText } from '../assess/reach.js';
import { healthyReplicas, isStreaming } from '../assess/replica.js';
import type { DcsKeys } from '../model/dcs.js';
import type { MemberName } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  notYet,
  over,
  pending,
  violated,
  type ActionInput,
  type Appointment,
  type Sight,
  type PlanOf,
} from './action.js';
import { closedAround, closingAhead, CLOSES } from './closing-steps.js';
import { haltOfPause, isPauseDue, pauseSteps, poolersAround, whyNotHeld } from './pooler-steps.js';
import { dcsAnswerMs, handOverAnswerMs } from './waits.js';
import { keptTheKey, neverAsked } from './whose-doing.js';

/**
 * What a switchover is bound to. `scheduledAt` null or absent: at once. `poolers`: where clients wait meanwhile; absent: nowhere, and `closes` are
 * the servers of the old leader that take nothing new from just before the request on.
 */
const BOND = z.object({
  leader: z.string(),
  candidate: z.string(),
  scheduledAt: z.string().nullable().exactOptional(),
  poolers: z.array(z.string()).readonly().exactOptional(),
  checkpoint: z.literal(true).exactOptional(),
  ...CLOSES,
});
type Bond = z.infer<typeof BOND>;
type Switchover = PlanOf<Bond>;

/** As Patroni's key has it, which may name no leader and no candidate. */
const APPOINTMENT = z.object({
  leader: z.string().nullable(),
  candidate: z.string().nullable(),
  scheduledAt: z.string(),
});

/** Patroni may write the same moment in another zone or with another number of digits. */
const sameMoment = (one: string | null, other: string | null): boolean =>
  one === other || (one !== null && other !== null && Date.parse(one) === Date.parse(other));

/** Leadership handed from a living leader to a healthy replica, now or by Patroni at a time. The target is the one that steps down. */
export const switchover = action({
  name: 'switchover',
  params: BOND,
  class: 'leadership',
  runbook: 'Manual Failover Procedures > Planned Failover (Switchover)',
  summary: 'hand leadership to a replica, at once or at a time',
  inverse: 'switchover',
  inverseNote: 'back again, when the old leader streams; a scheduled one is taken back by cancel-switchover',
  refusals:
    'another one leads than was planned against, or none is proven to; with `pooler.whenNotPaused: wait` a pooler is silent, or paused by somebody else; no proxy reaches any candidate and none is named; the candidate is tagged nofailover, beyond maximum_lag_on_failover, on an older timeline, outside the sync set of synchronous mode, or does not run, stream and replay within lag.critical',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  // What Patroni does later is looked at by nobody then.
  grounds: (input, { params }) => (atOnce(params) ? preflightText(input, params) : null),
  stopsLeader: (plan) => atOnce(plan.params),
  targetAsked: (view) => {
    const leadership = leadershipOf(view);
    if (leadership.kind === 'proven') return leadership.member.name;
    return { none: leadership.kind === 'none' ? 'nobody leads: there is nothing to hand over' : leadership.why };
  },
  appointment: ({ view, policy }, plan) => appointmentOf(view, plan, actionPolicy(policy, 'switchover').timeoutMs),
  // Two in a row are a rolling restart, not a repair that does not help.
  countsSuccess: false,
  bind: (input, target, _problem, wish) => {
    const candidate = wish?.candidate ?? bestSuccessor(input, target);
    if (candidate === null)
      return { kind: 'nothing', why: `no replica may lead in place of ${target}: ${whyNobody(input, target)}` };
    const at = wish?.scheduledAtMs ?? null;
    // What Patroni does later nobody waits for.
    const held = at === null ? poolersAround(input, 'switchover') : {};
    // Who waits in a pooler asks no proxy meanwhile; and should it be refused, they go on at once, to a server that is open.
    const closed = at === null && held.poolers === undefined ? closedAround(input, target) : {};
    const scheduledAt = at === null ? null : new Date(at).toISOString();
    return bound({ leader: target, candidate, scheduledAt, ...held, ...closed });
  },
  alreadyTrue: () => false,
  refuse: (input, plan) => {
    const { leader, candidate } = plan.params;
    const leadership = leadershipOf(input.view);
    if (leadership.kind === 'proven' && leadership.member.name !== leader)
      return `${leadership.member.name} leads now; it was planned against ${leader}`;
    if (leadership.kind !== 'proven')
      return leadership.kind === 'none' ? 'nobody leads: there is nothing to hand over' : leadership.why;
    if (candidate === leader) return `${leader} leads already`;
    if (isArchivingStuck(leadership.member))
      return `${leader} fails to archive: it would not stop before its archiver has caught up, and nobody would lead meanwhile`;
    return notFit(input, leader, candidate) ?? whyNotHeld(input, plan.params.poolers ?? []);
  },
  // Clients were told to wait in between: a leader who may not be replaced any more, or not by this one, stays, and they are let go.
  refuseLater: (input, plan) => {
    const { leader, candidate, poolers = [] } = plan.params;
    if (poolers.length === 0) return null;
    const leadership = leadershipOf(input.view);
    // A run that only waits to hold clients would hold up whoever answers for a leader that died meanwhile.
    if (leadership.kind !== 'proven') return (isPauseDue(input, plan) ? over : notYet)('nobody is proven to lead');
    if (leadership.member.name !== leader) return over(`${leadership.member.name} leads now`);
    const no = notFit(input, leader, candidate);
    return no === null ? haltOfPause(input, plan) : notYet(no);
  },
  steps: ({ policy, waits }, plan) => {
    const { leader, candidate, scheduledAt = null } = plan.params;
    return [
      ...pauseSteps(policy, plan, actionPolicy(policy, 'switchover').timeoutMs),
      {
        step: {
          port: 'patroni',
          member: plan.target,
          method: 'POST',
          path: '/switchover',
          body: scheduledAt === null ? { leader, candidate } : { leader, candidate, scheduled_at: scheduledAt },
          timeoutMs: handOverAnswerMs(waits),
        },
        ...closingAhead(policy, plan),
        withinMs: actionPolicy(policy, 'switchover').timeoutMs,
        expect: ({ view }) => (scheduledAt === null ? handedOver(view, plan) : appointed(view, plan)),
        // Patroni's own word that it has begun: a leader that is slow to stop keeps its key meanwhile.
        notOurs: (at, sentAtMs, hasArrived, wishBefore) =>
          scheduledAt === null && !hasArrived
            ? (keptTheKey(at.memory, leader, sentAtMs, handOverAnswerMs(waits)) ?? neverAsked(at, wishBefore))
            : null,
      },
    ];
  },
});

const atOnce = ({ scheduledAt }: Bond): boolean => scheduledAt == null;

/** Runs, streams, replays within `lag.critical`, and passes Patroni's own guards. */
function notFit(input: ActionInput, leader: string, candidate: string): string | null {
  const row = candidatesFor(input.view, input.memory, leader).find((one) => one.name === candidate);
  if (row === undefined) return `${candidate} does not say where it stands`;
  if (row.against.length > 0) return `${candidate} ${row.against.join(', ')}`;
  const { criticalBytes } = input.policy.lag;
  const healthy = healthyReplicas(input.view, criticalBytes).some((member) => member.name === candidate);
  return healthy ? null : `${candidate} is no healthy replica: it must run, stream and replay within lag.critical`;
}

/** Where nobody names one: whom no proxy reaches only a person makes leader, by name. */
const bestSuccessor = (input: ActionInput, leader: string): MemberName | null =>
  candidatesFor(input.view, input.memory, leader).find(
    (row) => row.unreached === null && notFit(input, leader, row.name) === null,
  )?.name ?? null;

const whyNobody = (input: ActionInput, leader: string): string =>
  successorsOf(input.view, input.memory, leader)
    .map((row) => notFit(input, leader, row.name) ?? (row.unreached === null ? '' : unreachedText(row)))
    .join('; ');

/** The candidate leads, and who led before streams from it. [patroni.md fact 8] */
function handedOver(view: ClusterView, { params: { leader, candidate } }: Switchover): Sight {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven')
    return pending(leadership.kind === 'none' ? 'nobody leads for the moment' : leadership.why);
  const now = leadership.member.name;
  if (now === leader) return pending(`${leader} still leads`);
  if (now !== candidate) return violated(`${now} leads instead of ${candidate}`);
  const old = memberOf(view, leader);
  const api = old === null ? null : freshValue(old.api);
  if (old !== null && api?.role === 'replica' && api.state === 'running' && isStreaming(view, old))
    return met(`${candidate} leads on timeline ${leadership.timeline ?? 'unknown'} and ${leader} streams from it`);
  return pending(`${candidate} leads; ${leader} ${api === null ? 'does not answer' : `says ${api.stateText}`}`);
}

/** The appointment stands in etcd; should it have come and gone before we looked, the new leader is the proof. */
function appointed(view: ClusterView, { params: bond }: Switchover): Sight {
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return pending('etcd does not answer');
  if (isAppointment(keys.failover, bond))
    return met(`scheduled: ${bond.candidate} is to lead from ${bond.scheduledAt ?? ''}`, 'scheduled');
  if (keys.leader.holder === bond.candidate) return met(`${bond.candidate} leads already`);
  if (keys.failover !== null) return violated('another request stands in the failover key');
  return pending('the failover key is empty');
}

const isAppointment = (request: DcsKeys['failover'], bond: Bond): boolean =>
  request !== null &&
  request.leader === bond.leader &&
  request.member === bond.candidate &&
  sameMoment(request.scheduledAt, bond.scheduledAt ?? null);

/** What has become of an appointment that was made: `waiting` while it stands; null where etcd does not tell. */
function appointmentOf(view: ClusterView, { params: bond }: Switchover, patienceMs: number): Appointment | null {
  const keys = freshValue(view.dcs.keys);
  if (keys === null || bond.scheduledAt == null) return null;
  const atMs = Date.parse(bond.scheduledAt);
  const sinceMs = view.atMs - atMs;
  if (isAppointment(keys.failover, bond) && sinceMs < patienceMs)
    return { kind: 'waiting', text: `scheduled for ${bond.scheduledAt}` };
  const holder = keys.leader.holder;
  if (sinceMs < 0) return { kind: 'withdrawn', text: `taken back before its time; ${holder ?? 'nobody'} leads` };
  if (holder === bond.candidate) return { kind: 'kept', text: `kept: ${bond.candidate} leads` };
  if (sinceMs < patienceMs) return { kind: 'waiting', text: `its time has come; ${holder ?? 'nobody'} leads` };
  return { kind: 'missed', text: `missed: ${holder ?? 'nobody'} leads, not ${bond.candidate}` };
}

/** Takes a scheduled switchover back, whoever made it: only the one that was seen, and only while Patroni still heeds it. */
export const cancelSwitchover = action({
  name: 'cancel-switchover',
  params: APPOINTMENT,
  class: 'leadership',
  runbook: 'Manual Failover Procedures > Planned Failover (Switchover)',
  summary: 'take a scheduled switchover back',
  inverse: 'switchover',
  inverseNote: 'schedule it again',
  refusals:
    'the appointment is no longer the one that was seen; its time is less than loop_wait away, when Patroni no longer looks; no member answers',
  needs: () => [],
  disruptsTarget: false,
  destroysCopy: false,
  endsRequest: true,
  // Whoever answers can take it back; the leader heeds it first.
  targetAsked: (view) => {
    const wanted = freshValue(view.dcs.keys)?.failover?.leader ?? null;
    const answering = view.members.filter((member) => freshValue(member.api) !== null);
    const member = answering.find(({ name }) => name === wanted) ?? answering[0];
    return member?.name ?? { none: 'no member answers' };
  },
  permits: { window: { when: 'always: it takes an appointment back', holds: () => true } },
  countsSuccess: false,
  bind: ({ view }) => {
    const request = freshValue(view.dcs.keys)?.failover ?? null;
    if (request === null) return { kind: 'nothing', why: 'no switchover is scheduled' };
    if (request.scheduledAt === null)
      return {
        kind: 'nothing',
        why: 'the switchover that is requested is under way: only a scheduled one can be taken back',
      };
    return bound({ leader: request.leader, candidate: request.member, scheduledAt: request.scheduledAt });
  },
  alreadyTrue: () => false,
  refuse: ({ view }, plan) => {
    const request = freshValue(view.dcs.keys)?.failover ?? null;
    const { leader, candidate, scheduledAt } = plan.params;
    if (request?.leader !== leader || request.member !== candidate || request.scheduledAt !== scheduledAt)
      return 'the scheduled switchover is no longer the one that was to be taken back';
    const member = memberOf(view, plan.target);
    if (member === null || freshValue(member.api) === null) return `the API of ${plan.target} does not answer`;
    // In its last loop_wait the leader sleeps until the moment and then steps down, whatever the key says by then: DELETE answers 200, and
    // who leads afterwards is anybody's guess. [ha.py, should_run_scheduled_action; seen on 4.1.5]
    const leftMs = Date.parse(scheduledAt) - view.atMs;
    const { loopWaitMs } = waitsOf(view);
    return leftMs > loopWaitMs + 1_000
      ? null
      : `${Math.max(0, Math.round(leftMs / 1000))} s are left: within loop_wait (${loopWaitMs / 1000} s) of its time Patroni may no longer look whether it was taken back`;
  },
  steps: ({ policy, waits }, plan) => [
    {
      step: {
        port: 'patroni',
        member: plan.target,
        method: 'DELETE',
        path: '/switchover',
        body: null,
        timeoutMs: dcsAnswerMs(waits),
      },
      withinMs: actionPolicy(policy, 'cancel-switchover').timeoutMs,
      expect: ({ view }) => {
        const keys = freshValue(view.dcs.keys);
        if (keys === null) return pending('etcd does not answer');
        const { leader, candidate } = plan.params;
        if (candidate !== null && candidate !== leader && keys.leader.holder === candidate)
          return violated(`too late: ${String(keys.leader.holder)} leads`);
        return keys.failover === null
          ? met('no switchover is scheduled any more')
          : pending('the failover key still stands');
      },
    },
  ],
});
