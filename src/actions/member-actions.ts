import { z } from 'zod';
import { isRewindInterrupted } from '../assess/rewinding.js';
import { candidatesFor } from '../assess/candidates.js';
import { isPaused, leaderKeyHolder, leadershipOf, primaryChannels } from '../assess/leader.js';
import { whyAlive, whyNotStopped } from '../assess/living.js';
import { isFailingState, isStreaming } from '../assess/replica.js';
import { strangersIn } from '../assess/strangers.js';
import { memberHost } from '../model/host.js';
import { memberName, type MemberName } from '../model/names.js';
import { freshValue, lastValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { WE_STOPPED } from './permits.js';
import { action, actionPolicy, bound, met, pending, violated, type ActionInput, type Sight } from './action.js';
import { beganApart, stillStops, type Apart } from './whose-doing.js';

/** A replica at work again: running by its own word and streaming by every channel that can tell. */
export function serves(view: ClusterView, target: MemberName): Sight {
  const member = memberOf(view, target);
  if (member === null) return violated(`${target} is not a member of ours`);
  const api = freshValue(member.api);
  if (api === null) return pending(`the API of ${target} does not answer`);
  if (api.role === 'primary') return met(`${target} became primary`);
  if (api.state !== 'running' || api.role !== 'replica') return pending(`${target} says ${api.stateText}`);
  return isStreaming(view, member)
    ? met(`${target} runs and streams`)
    : pending(`${target} runs but does not stream yet`);
}

/** Never anything that might be primary, by anyone's word: the key, its own API, its SQL. */
export function mayBePrimary(input: ActionInput, target: MemberName): string | null {
  const member = memberOf(input.view, target);
  if (member === null) return `${target} is not a member of ours`;
  if (leaderKeyHolder(input.view) === target) return `${target} holds the leader key`;
  if (primaryChannels(member).length > 0) return `${target} is primary by its ${primaryChannels(member).join(' and ')}`;
  return null;
}

/** The container that was looked at, where it has an identity: another one under its name is not touched. */
export const boundTo = (id: string | null | undefined): { readonly id?: string } =>
  id == null || id === '' ? {} : { id };

/** Restarts PostgreSQL through Patroni where Patroni answers, else the container through the host driver. */
export const restartMember = action({
  name: 'restart-member',
  params: z.object({ via: z.enum(['patroni', 'host']).exactOptional(), id: z.string().nullable().exactOptional() }),
  class: 'replica',
  runbook: 'Maintenance Operations > Rolling Restart',
  summary: 'restart a replica',
  inverse: null,
  inverseNote: 'a restart leaves nothing to undo',
  refusals:
    'the target holds the leader key, or is primary by its API or its SQL; its copy is being made; Patroni came back, or went away, since the plan was made; by the host driver: another member streams to it, or its key in etcd is renewed',
  needs: () => [],
  disruptsTarget: true,
  destroysCopy: false,
  bind: (input, target, problem) => {
    const member = memberOf(input.view, target);
    const api = member === null ? null : freshValue(member.api);
    // Patroni itself tries once per loop, for ever: the same start asked for by us fails the same way. [field-notes: destroyed data directory]
    if (api !== null && (problem?.code === 'replica-start-failed' || isFailingState(api.state)))
      return { kind: 'nothing', why: whoStarts(input.view, target) };
    const useless = problem?.code === 'replica-not-streaming' && member !== null ? noHelp(member) : null;
    if (useless !== null) return { kind: 'nothing', stuck: true, why: useless };
    const viaPatroni = api !== null;
    if (!viaPatroni && !input.view.actuators.host)
      return { kind: 'nothing', why: `Patroni on ${target} does not answer and no host driver is configured` };
    if (viaPatroni) return bound({ via: 'patroni' });
    const host = member === null ? null : freshValue(member.host);
    // A driver that does not answer cannot restart either, and nobody would know for minutes whether it did.
    return host === null
      ? { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` }
      : bound({ via: 'host', id: host.id });
  },
  alreadyTrue: () => false,
  refuse: (input, plan) => {
    const no = mayBePrimary(input, plan.target);
    if (no !== null) return no;
    const member = memberOf(input.view, plan.target);
    const api = member === null ? null : freshValue(member.api);
    if (api?.state === 'creating-replica') return `${plan.target} is creating its copy: a restart would begin it anew`;
    if (member?.sql.kind === 'unknown' && member.sql.fault === 'starting-up')
      return `PostgreSQL on ${plan.target} starts or recovers (57P03): a restart would begin that anew`;
    // Between plan and request Patroni may have come back: then the container must not be restarted under it.
    if (plan.params.via === 'host' && api !== null) return `Patroni on ${plan.target} answers again`;
    // The container of a member that others see alive is not restarted because we do not hear it.
    const alive = plan.params.via === 'host' && member !== null ? whyAlive(input.view, member) : null;
    if (alive !== null) return alive;
    if (plan.params.via === 'patroni' && api === null) return `Patroni on ${plan.target} no longer answers`;
    return null;
  },
  steps: ({ policy }, plan) => [
    {
      step:
        plan.params.via === 'host'
          ? { port: 'host', target: memberHost(plan.target), verb: 'restart', ...boundTo(plan.params.id) }
          : // `role` is a filter: should it have become primary meanwhile, Patroni itself refuses. [patroni.md fact 2]
            {
              port: 'patroni',
              member: plan.target,
              method: 'POST',
              path: '/restart',
              body: { role: 'replica' },
              timeoutMs: RESTART_MS,
            },
      withinMs: actionPolicy(policy, 'restart-member').timeoutMs,
      expect: ({ view }) => serves(view, plan.target),
      notOurs: (at, sentAtMs) => restartedApart(at, plan.target, plan.params.via === 'host', sentAtMs),
      goesOn: (at, sentAtMs) =>
        plan.params.via === 'host' ? null : stillStops(at, plan.target, { sentAtMs, reachMs: RESTART_MS }),
    },
  ],
});

/** Patroni answers when PostgreSQL is up again. */
const RESTART_MS = 60_000;

function restartedApart(
  input: Pick<ActionInput, 'view' | 'memory' | 'ledger'>,
  target: MemberName,
  isByHost: boolean,
  sentAtMs: number,
): Apart | null {
  const member = memberOf(input.view, target);
  const beganMs =
    member === null
      ? null
      : isByHost
        ? (freshValue(member.host)?.startedAtMs ?? null)
        : (freshValue(member.api)?.postmasterStartedAtMs ?? null);
  return isByHost
    ? beganApart(input, target, beganMs, { sentAtMs, reachMs: RESTART_MS })
    : beganApart(input, `PostgreSQL on ${target}`, beganMs, { sentAtMs, reachMs: RESTART_MS, stops: target });
}

/** The same of a start by the host driver. */
export const startedApart: (
  input: Pick<ActionInput, 'view' | 'memory' | 'ledger'>,
  target: MemberName,
  sentAtMs: number,
) => Apart | null = (input, target, sentAtMs) => restartedApart(input, target, true, sentAtMs);

const whoStarts = (view: ClusterView, target: string): string =>
  isPaused(view)
    ? `Patroni is paused, so nobody starts PostgreSQL on ${target} until it is resumed`
    : `Patroni on ${target} already tries to start it once per loop`;

/** PostgreSQL ends a receiver that hears nothing for `wal_receiver_timeout`, 60 s by default: one that is older hangs. */
const HUNG_RECEIVER_MS = 120_000;

/** PostgreSQL itself begins a new receiver every five seconds; only one that hangs is ended by a restart. Null: it hangs. */
function noHelp(member: MemberView): string | null {
  const receiver = freshValue(member.sql)?.walReceiver ?? null;
  if (receiver !== null && (receiver.latestEndAgeMs ?? 0) >= HUNG_RECEIVER_MS) return null;
  return `nothing says that a restart of ${member.name} would help: its PostgreSQL tries to connect every few seconds by itself`;
}

/** What it is over with; a stage of a procedure waits for the rest itself, and asks where that does not come. Absent: it streams. */
const UNTIL = z.literal('answers');

/** It runs, and its Patroni says what it does. */
function answers(view: ClusterView, target: MemberName): Sight {
  const member = memberOf(view, target);
  const host = member === null ? null : freshValue(member.host);
  if (host?.state !== 'running') return pending(`${target} is ${host?.state ?? 'unknown'} by its host driver`);
  const api = member === null ? null : freshValue(member.api);
  return api === null ? pending(`the API of ${target} does not answer yet`) : met(`${target} says ${api.stateText}`);
}

/** Starts what the host driver proves to be stopped. */
export const startMember = action({
  name: 'start-member',
  params: z.object({ id: z.string().nullable().exactOptional(), until: UNTIL.exactOptional() }),
  class: 'replica',
  runbook: 'Recovery Procedures > Scenario 2: Failed Primary Recovery (After Failover)',
  summary: 'start a stopped member',
  inverse: null,
  inverseNote: 'stop it by hand; we never stop what runs',
  refusals:
    'the host driver does not prove it stopped; its API or its SQL answers, or another member streams to it; another container bears its name; nobody is proven to lead, unless it provably led last and holds all that was written',
  needs: () => ['host'],
  disruptsTarget: false,
  destroysCopy: false,
  // The one that we fenced comes back whoever leads by then, and it is most needed where the election fails that we brought forward.
  settlesLeadership: ({ because }) => because.code === 'member-fenced',
  permits: { window: WE_STOPPED },
  // Nobody leads: the one who led last holds all that was acknowledged, so its start comes before any failover that loses something.
  target: (input, problem) =>
    memberName(
      problem.code === 'leaderless' ? (input.memory.lastLeader ?? onlyMember(input.view) ?? '') : problem.subject,
    ),
  bind: (input, target, problem, wish) => {
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(member.host);
    if (host === null) return { kind: 'nothing', why: `the host driver does not say what runs ${target}` };
    const able = candidatesFor(input.view, input.memory, target).find((row) => row.against.length === 0);
    if (problem?.code === 'leaderless' && able !== undefined)
      return { kind: 'nothing', why: `${able.name} may lead, and loses nothing that the guards do not allow` };
    if (host.state !== 'stopped') return { kind: 'nothing', why: `${target} is ${host.state} by its host driver` };
    // A start that would be refused must not stand before the failover that a person can agree to.
    const doubt = problem?.code === 'leaderless' ? notTheLastToLead(input, target) : null;
    const until = UNTIL.safeParse(wish?.parameters?.['until']).data;
    return doubt === null
      ? bound({ id: host.id, ...(until === undefined ? {} : { until }) })
      : { kind: 'nothing', why: doubt };
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && freshValue(member.host)?.state === 'running';
  },
  refuse: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    const host = member === null ? null : freshValue(member.host);
    if (host?.state !== 'stopped') return `${plan.target} is not proven to be stopped`;
    if (host.id !== plan.params.id) return `another container now bears the name of ${plan.target}`;
    if (member !== null && isRewindInterrupted(input, member))
      return `${plan.target} was stopped in the middle of a rewind: its directory may be beyond recovery`;
    const running = member === null ? null : whyNotStopped(input.view, member);
    if (running !== null) return running;
    return leadershipOf(input.view).kind === 'proven' ? null : notTheLastToLead(input, plan.target);
  },
  steps: ({ policy }, plan) => [
    {
      step: { port: 'host', target: memberHost(plan.target), verb: 'start', ...boundTo(plan.params.id) },
      withinMs: actionPolicy(policy, 'start-member').timeoutMs,
      expect: ({ view }) => (plan.params.until === 'answers' ? answers(view, plan.target) : serves(view, plan.target)),
      notOurs: (at, sentAtMs) => startedApart(at, plan.target, sentAtMs),
    },
  ],
});

const HISTORY_MS = 10_000;

/** Starting a member of a leaderless cluster decides who leads: only the one who provably led last loses nothing. [patroni.md fact 10] */
function notTheLastToLead({ view, memory }: ActionInput, target: MemberName): string | null {
  const why = 'there is no proven leader: which member starts first decides what data survives';
  const keys = freshValue(view.dcs.keys);
  if (keys === null || keys.leader.holder !== null) return why;
  if (view.members.some((member) => primaryChannels(member).length > 0)) return why;
  if (isAlone(view, memory, target)) return null;
  if (memory.lastLeader !== target) return `${why}, and ${target} is not known to have led last`;
  const last = memory.positions[target];
  if (last === undefined || last.inRecovery) return `${why}, and ${target} was not primary when it was last seen`;
  return ledSince(view, last.timeline) ? `${why}, and another may have led after ${target}` : null;
}

const onlyMember = (view: ClusterView): string | null =>
  view.members.length === 1 ? (view.members[0]?.name ?? null) : null;

/** A cluster of one member: nobody else is configured, registered, remembered, or named by the history, so nobody else can have led. */
function isAlone(view: ClusterView, memory: ActionInput['memory'], target: MemberName): boolean {
  if (onlyMember(view) !== target || strangersIn(view)?.length !== 0) return false;
  if ((memory.leadership?.strangers.length ?? 0) > 0) return false;
  const led = lastValue(view.history)?.map((row) => row.newLeader) ?? [];
  return [...led, memory.lastLeader, memory.formerLeader ?? null].every((name) => name === null || name === target);
}

/** Patroni writes a row into the history for every timeline that a promotion ended; by the time of `leaderless` it is a loop old at most. */
function ledSince({ history }: ClusterView, timeline: number | null): boolean {
  if (timeline === null || history.kind === 'unknown') return true;
  if (history.kind === 'stale' && history.ageMs > HISTORY_MS) return true;
  return history.value.some((row) => row.timeline >= timeline);
}
