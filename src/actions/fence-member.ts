import { z } from 'zod';
import { PLACES } from './places-shape.js';
import { candidatesFor } from '../assess/candidates.js';
import { leaderKeyHolder, leadershipOf, primaryChannels, replicasOf, waitsOf } from '../assess/leader.js';
import { leaseOf } from '../assess/lease.js';
import { lineAt, placeText, silentProxies, tellable } from '../assess/proxy-lines.js';
import { isConsented } from '../ledger/consent.js';
import { memberHost } from '../model/host.js';
import type { Loss } from '../model/loss.js';
import type { HostStatus } from '../model/host.js';
import type { MemberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import { runOf, runText } from '../model/power.js';
import type { ServerPlace } from '../model/proxy.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  notYet,
  over,
  pending,
  type ActionInput,
  type ActionStep,
  type Halt,
  type ServerClaim,
  type Sight,
  type PlanOf,
} from './action.js';
import { knownLoss } from './known-loss.js';
import { powerHeld } from './power-cut.js';
import { field, placeOf, unlessUsual, usualPlaces, writeLines } from './proxy-places.js';
import { setServer, shutSessions } from './proxy-requests.js';
import type { Routing } from './waits.js';

export const RUN = z.object({
  id: z.string().nullable().exactOptional(),
  startedAtMs: z.number().nullable().exactOptional(),
  proxied: z.boolean().exactOptional(),
  servers: PLACES.exactOptional(),
  hears: z.boolean().exactOptional(),
  /** By the power of its machine, since the host driver gave no answer: the outlet. */
  outlet: z.string().exactOptional(),
});
/** A fence is bound to one run of one container or host. */
export type Fence = PlanOf<z.infer<typeof RUN>>;

/** Makes a member unable to accept writes, and proves it: closed in the proxy, its sessions shut, then stopped. */
export const fenceMember = action({
  name: 'fence-member',
  params: RUN,
  class: 'fencing',
  runbook: 'Emergency Procedures > Split-Brain Prevention',
  summary: 'close a rogue or frozen primary in the proxy and stop it',
  inverse: 'open-traffic',
  inverseNote:
    'started again when another member leads (start-member), its traffic opened when it streams (open-traffic)',
  refusals:
    'the target does not run, was started again since the plan was made, or is another container; SQL does not say that it is primary. Frozen leader: its API answers, it lost the key, nobody may take over by the guards of a failover. Rogue: it holds the key, or the holder of the key is not proven to be primary',
  needs: () => ['host', 'sql'],
  disruptsTarget: false,
  destroysCopy: false,
  leavesEvidence: true,
  awaitsSlowFacts: true,
  answersDeath: true,
  // Before a cut of the power etcd's members are counted anew: one may have died since the first step.
  cutsWrites: ({ params }) => params.proxied === true && params.outlet === undefined,
  permits: {
    // A rogue in a paused cluster is a person's matter, and a second primary is one all the same.
    'patroni-pause': {
      when: 'by approval',
      byApproval: true,
      holds: (input, plan) => isConsented(input, plan),
    },
    // Half done it is worse than either: `refuseLater` looks anew before each step.
    'start-grace': { when: 'its later steps, after a takeover', holds: (_, __, isUnderWay) => isUnderWay },
  },
  claims: (_, { id: remediationId, plan: { target: member, params }, createdAtMs: sinceMs, shadow }) => ({
    fence: { member, sinceMs, remediationId, shadow, ...field('at', params.proxied === false ? [] : params.servers) },
  }),
  loss: (input, plan) => (plan.because.code === 'leader-frozen' ? behindForLong(input, plan.target) : null),
  bind: (input, target) => {
    const member = memberOf(input.view, target);
    const host = member === null ? null : freshValue(runOf(member));
    if (member === null || host === null)
      return { kind: 'nothing', why: `the host driver does not say what runs ${target}` };
    if (host.state !== 'running' && primaryChannels(member).includes('sql')) {
      const why = `${target} is ${runText(host)}, and its PostgreSQL answers as primary: the driver looks at something else (${host.by === 'power' ? 'power' : 'hosts'}.members), stop it by hand`;
      return { kind: 'nothing', stuck: true, why };
    }
    // A proxy that gives no answer is not waited for: the stop is what counts.
    const at = tellable(input.view, writeLines(input.view, target)).map(placeOf);
    const proxied = at.length > 0;
    const places = proxied ? unlessUsual(input.view, 'writes', target, at) : undefined;
    return bound({ ...runParams(host), proxied, ...field('servers', places), hears: freshValue(member.api) !== null });
  },
  alreadyTrue: (input, target) => {
    const member = memberOf(input.view, target);
    return member !== null && isProvenStopped(member);
  },
  refuse: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return `${plan.target} is not a member of ours`;
    const other = heldByPower(input, plan) ?? notTheSameRun(member, plan);
    if (other !== null) return other;
    if (!primaryChannels(member).includes('sql')) return `PostgreSQL on ${plan.target} does not say that it is primary`;
    if (plan.because.code !== 'leader-frozen') return notRogue(input, plan);
    return notFrozen(input, member) ?? servesOn(input.view, member.name);
  },
  refuseLater: (input, plan) => {
    const member = memberOf(input.view, plan.target);
    if (member === null) return over(`${plan.target} is not a member of ours`);
    if (freshValue(runOf(member)) === null) return notYet(`the host driver does not say what runs ${plan.target}`);
    const other = notTheSameRun(member, plan);
    if (other !== null) return over(other);
    // An etcd member may have died since the first step.
    const held = heldByPower(input, plan);
    if (held !== null) return notYet(held);
    if (plan.because.code === 'leader-frozen') return thawed(input, member);
    const no = notRogue(input, plan);
    return no === null ? null : notYet(no);
  },
  steps: ({ policy, routing }, plan) => [
    ...(plan.params.proxied === true
      ? closeSteps(routing, plan.params.servers ?? usualPlaces(routing, 'writes', plan.target), plan)
      : []),
    stopStep(plan, actionPolicy(policy, 'fence-member').timeoutMs),
  ],
});

/** Its PostgreSQL writes on, so that every replica is behind by what is on its way. */
const ON_ITS_WAY_S = 2;

export function behindForLong(input: ActionInput, leader: string): Loss | null {
  const loss = knownLoss(input, leader);
  return loss === null || (loss.seconds !== null && loss.seconds < ON_ITS_WAY_S) ? null : loss;
}

/** By two channels: a host driver that looks at another container would call a living primary stopped. */
export const isProvenStopped = (member: MemberView): boolean =>
  freshValue(runOf(member))?.state === 'stopped' && isSilent(member.sql);

/** A plan goes to the run that was looked at; where only its power speaks for it, to its outlet. */
export const runParams = ({
  id,
  startedAtMs,
  by,
}: HostStatus): Pick<Fence['params'], 'id' | 'startedAtMs' | 'outlet'> =>
  by === 'power' ? { id, startedAtMs, outlet: id.replace(/^power /, '') } : { id, startedAtMs };

/** A cut of the power is held by what else hangs on it; a stop is not. */
export const heldByPower = ({ view }: ActionInput, { target, params }: Fence): string | null =>
  params.outlet === undefined ? null : powerHeld(view, target);

const RUNNING = ['running'] as const;

/** What was looked at when this was planned still runs: started again since, it is what a person made of it. */
export function notTheSameRun(
  member: MemberView,
  plan: Fence,
  runs: readonly HostStatus['state'][] = RUNNING,
): string | null {
  const host = freshValue(runOf(member));
  if (host === null || !runs.includes(host.state))
    return `${member.name} is not proven to run: there is nothing that could be stopped`;
  if (host.id !== plan.params.id) return `another container now bears the name of ${member.name}`;
  const { startedAtMs } = plan.params;
  return startedAtMs === undefined || startedAtMs === host.startedAtMs
    ? null
    : `${member.name} was started again meanwhile: somebody is at work on it`;
}

/** How long a rogue whose Patroni answers may take to stop cleanly, with its WAL flushed, before it is killed. */
const STOP_GRACE_MS = 10_000;
/** After this the driver has done what it was told, or never heard it. */
const SETTLE_MS = 5_000;

/**
 * The stop itself. Patroni that is frozen cannot answer a polite one: PostgreSQL below it would live on for the whole grace. That it never
 * arrived is proven by the same run going on: a container that was killed has another start time.
 */
export function stopStep(plan: Fence, withinMs: number, runs: readonly HostStatus['state'][] = RUNNING): ActionStep {
  const { target: member, params } = plan;
  if (params.outlet !== undefined)
    return {
      step: { port: 'power', member, verb: 'off', outlet: params.outlet },
      withinMs,
      unlessSeen: true,
      expect: ({ view }) => stopSeen(view, member),
    };
  const id = params.id == null ? {} : { id: params.id };
  const graceMs = params.hears === true ? STOP_GRACE_MS : 0;
  return {
    step:
      graceMs > 0
        ? { port: 'host', target: memberHost(member), verb: 'stop', graceMs, ...id }
        : { port: 'host', target: memberHost(member), verb: 'kill', ...id },
    withinMs,
    unlessSeen: true,
    expect: ({ view }) => stopSeen(view, member),
    provenUndone: ({ view }, sentMs) => {
      const now = memberOf(view, member);
      const known = typeof params.startedAtMs === 'number';
      return known && now !== null && sentMs >= graceMs + SETTLE_MS && notTheSameRun(now, plan, runs) === null
        ? `${member} still runs since before the request, which never arrived`
        : null;
    },
  };
}

function stopSeen(view: ClusterView, target: MemberName): Sight {
  const member = memberOf(view, target);
  const run = member === null ? null : freshValue(runOf(member));
  if (member === null || run === null) return pending(`${target} is unknown by its host driver`);
  if (run.state !== 'stopped') return pending(`${target} is ${runText(run)}`);
  return isProvenStopped(member)
    ? met(`${target} is ${runText(run)}, and its PostgreSQL is silent`)
    : pending(`${target} is ${runText(run)}, and its PostgreSQL is not proven silent`);
}

/** A frozen leader is fenced only while it still holds the key, while its API is silent, and while somebody may take over. */
function notFrozen(input: ActionInput, member: MemberView): string | null {
  if (leaderKeyHolder(input.view) !== member.name) return `${member.name} no longer holds the leader key`;
  if (!isSilent(member.api)) return `the API of ${member.name} answers again`;
  if (leaseOf(input) === 'renewed') return `the Patroni of ${member.name} lives: it has renewed its lease`;
  // By Patroni's own guards: a leader that is stopped while nobody may succeed it is an outage that only a person ends.
  const rows = candidatesFor(input.view, input.memory, member.name);
  if (rows.some((row) => row.against.length === 0)) return null;
  return `no replica may succeed ${member.name}: ${rows.map((row) => `${row.name} ${row.against.join(', ')}`).join('; ') || 'none is known to run'}`;
}

/** A fence that begins with so much of `ttl` left is over before the key expires. */
const IN_TIME = 0.3;
/** One of a single step needs less: a look, a commit to etcd (2 s at most), the kill, and a second by which etcd rounds. */
const KILLED_WITHIN_MS = 5_000;

/**
 * Clients write as before, through the proxy or where none stands between, so a fence would only cost them: it waits until the proxy gives the
 * leader up, or its key is about to expire. Null: it does not wait.
 */
function servesOn(view: ClusterView, name: string): string | null {
  const leftMs = freshValue(view.dcs.keys)?.leader.leaseTtlMs ?? null;
  const hasNoProxy = view.proxies.length === 0;
  const inTimeMs = IN_TIME * waitsOf(view).ttlMs;
  if (leftMs === null || leftMs <= (hasNoProxy ? Math.min(KILLED_WITHIN_MS, inTimeMs) : inTimeMs)) return null;
  const left = `${Math.round(leftMs / 1000)} s of its lease are left`;
  if (writeLines(view, name).some(({ row }) => row.up)) return `the proxy still sends writes to ${name}, and ${left}`;
  return hasNoProxy ? `clients write to ${name} without a proxy, and ${left}` : null;
}

/**
 * What began in time goes on when the key expires meanwhile: the member is frozen still, so nobody on it will demote it, and whoever takes the
 * key makes a second primary of it.
 */
function thawed(input: ActionInput, member: MemberView): Halt | null {
  if (!isSilent(member.api)) return over(`the API of ${member.name} answers again`);
  if (freshValue(member.sql)?.inRecovery === true) return over(`PostgreSQL on ${member.name} is in recovery`);
  const no = leaderKeyHolder(input.view) === member.name ? notFrozen(input, member) : null;
  return no === null ? null : notYet(no);
}

/** The rogue is whoever does not hold the key; and the one who does must be proven, or the last primary would be stopped. */
function notRogue(input: ActionInput, plan: Plan): string | null {
  if (leaderKeyHolder(input.view) === plan.target) return `${plan.target} holds the leader key: it is not the rogue`;
  return leadershipOf(input.view).kind === 'proven' ? null : 'the holder of the leader key is not proven to be primary';
}

/** All of them first, so that nobody new comes by another proxy while the sessions of the first are shut. */
function closeSteps(routing: Routing, places: readonly ServerPlace[], plan: Plan): readonly ActionStep[] {
  const whose = (place: ServerPlace): ServerClaim => ({ place, members: [plan.target] });
  return [
    ...places.map((place): ActionStep => {
      const server = placeText(routing, place);
      return {
        step: setServer(place, 'state maint'),
        whose: whose(place),
        withinMs: 5_000,
        // A proxy that does not obey must not keep a rogue alive: the stop is what counts.
        goOnWhenLate: true,
        expect: ({ view }) => {
          if (isOut(view, place)) return met(`${server}: ${place.proxy} does not answer, and is not waited for`);
          return lineAt(view, place)?.row.admin.maint === true
            ? met(`${server} is closed`)
            : pending(`${server} is not closed yet`);
        },
      };
    }),
    ...places.map((place): ActionStep => ({
      step: shutSessions(place),
      whose: whose(place),
      withinMs: 2_000,
      goOnWhenLate: true,
      expect: ({ view }) =>
        isOut(view, place) || isDrained(view, plan.target, place)
          ? met('no session is left, and a replica has all its WAL')
          : pending('sessions end, or WAL is still on its way'),
    })),
  ];
}

/** One proxy of several that gives no answer keeps the others, and the stop, waiting for nothing. */
const isOut = (view: ClusterView, { proxy }: ServerPlace): boolean =>
  view.proxies.length > 1 && silentProxies(view).includes(proxy);

/** Sessions are gone and some replica has received everything: what was acknowledged until now survives the stop. */
function isDrained(view: ClusterView, target: string, place: ServerPlace): boolean {
  if ((lineAt(view, place)?.row.sessions ?? 0) > 0) return false;
  const member = memberOf(view, target);
  const current = member === null ? null : (freshValue(member.sql)?.currentLsn ?? null);
  if (current === null) return true;
  return replicasOf(view).some((replica) => {
    const received = freshValue(replica.sql)?.receiveLsn ?? null;
    return received !== null && received >= current;
  });
}
