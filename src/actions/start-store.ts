import { z } from 'zod';
import { endpointOf, isMajorityStopped, lacksMajority, notListed, stoppedHost } from '../assess/stores.js';
import { hasNoKey, pauseOf } from '../assess/leader.js';
import { whyAnew, whyEmpty } from '../assess/lost-stores.js';
import { storeHost, type HostStatus } from '../model/host.js';
import { isInFlight, type Ledger, type Remediation } from '../model/ledger.js';
import { memberName } from '../model/names.js';
import type { Plan } from '../model/plan.js';
import type { Problem } from '../model/problem.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  pending,
  violated,
  type ActionInput,
  type Permit,
  type PlanOf,
  type Sight,
  type Wish,
} from './action.js';
import { boundTo } from './member-actions.js';
import { beganApart } from './whose-doing.js';
import { RUN_STOPPED_PATRONI, whereNothingBlinds } from './permits.js';

/**
 * One that is stopped while a majority serves is in nobody's way: whoever works on it, one after the other as an upgrade goes, has this long.
 */
const SPARE_MS = 120_000;

/**
 * Who knows of another holder of tenure waits for that one: without etcd a switch or a rejection that a person gives the holder reaches nobody
 * else. A holder that lives and may act has done so long before; a person who is at work has this long to tell every instance.
 */
const HOLDER_FIRST_MS = 30_000;

/**
 * That etcd is silent to us says only that we do not reach it: while a majority serves others, tenure and ledger are theirs. What a person began
 * by the proof that it has none goes on where those that were started run and do not serve: they take the proof away, and the next one is due.
 */
const isWithoutEtcd = ({ view, states }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  isMajorityStopped(view, states.memory) || (because.run !== undefined && lacksMajority(view));

const withoutEtcd = (when: string): Permit => ({ when, holds: isWithoutEtcd });

/** In a run nobody is kept waiting by one that reads its data for long; where nobody is asked the next one is tried sooner. */
const RUN_SERVES_MS = 120_000;

const servesWithinMs = (timeoutMs: number, { because }: Pick<Plan, 'because'>): number =>
  because.run === undefined ? timeoutMs : Math.max(timeoutMs, RUN_SERVES_MS);

/** A host driver that gave no answer has begun the start by then, or never will. */
const START_REACH_MS = 60_000;

/** It takes nothing away from anybody, so it waits for nobody. */
const ALWAYS: Permit = { when: 'always: it takes nothing away from any member', holds: () => true };

/** Patroni's configuration is written anew by whoever leads first, and that one may be waiting for etcd. A pause that somebody tells of holds it. */
const isOfNewEtcd = ({ view }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  because.run !== undefined && pauseOf(view).kind === 'unknown' && hasNoKey(freshValue(view.dcs.keys));

/** Starts an etcd member that its host driver proves to be stopped. It stops none. */
export const startStore = action({
  name: 'start-store',
  /** `anew`: a person agreed that it begins without data. */
  params: z.object({
    id: z.string().nullable().exactOptional(),
    anew: z.literal(true).exactOptional(),
    /** Beside `anew`: members of the old etcd whose data must lie aside by then. */
    emptied: z.array(z.string()).exactOptional(),
    /** When it last ended, before it is started: in a run, where that changes it has ended again. */
    endedAtMs: z.number().exactOptional(),
  }),
  class: 'store',
  worksOn: 'store',
  runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
  summary: 'start a stopped etcd member',
  inverse: null,
  inverseNote: 'stop it by hand; Ekimi stops an etcd member only in a reseed, to move its data aside',
  refusals:
    'the host driver does not prove it stopped, or it answers; another container bears its name; etcd did not list it as a member when it was last asked; its data directory is empty, but in a reseed that a person agreed to, or cannot be read; in a reseed, a member of Patroni that may run while etcd serves nobody. While a majority serves: it has been down for less than 2 min',
  needs: () => ['host'],
  disruptsTarget: false,
  destroysCopy: false,
  permits: {
    window: RUN_STOPPED_PATRONI,
    tenure: {
      when: 'host drivers prove that etcd has no majority, so that nobody can confirm tenure; who knows of another holder acts on `auto` only, and once for 30 s nobody has started an etcd member, or for a procedure that a person with the right to recover began here, which also goes on while those that were started run and do not serve',
      holds: (input, plan) => {
        if (!isWithoutEtcd(input, plan)) return false;
        // A person with the right to recover began it here.
        if (plan.because.run !== undefined) return true;
        return input.tenure.state !== 'other' || isLeftToUs(input);
      },
    },
    policy: withoutEtcd('the same: the ledger cannot be there; journal and policy are asked all the same'),
    'patroni-pause': {
      when: 'for a procedure that a person began, while a new etcd has no key of the cluster and nobody tells of a pause',
      holds: isOfNewEtcd,
    },
    failsafe: ALWAYS,
    'observer-health': whereNothingBlinds(withoutEtcd('the same')),
    'start-grace': withoutEtcd('the same: no pass is clean before it is back'),
    'someone-else': ALWAYS,
    'blast-radius': ALWAYS,
  },
  target: (input, problem) => {
    if (problem.code === 'dcs-member-down') return memberName(problem.subject);
    return best(input) ?? { none: whyNone(input.view) };
  },
  bind: ({ view, memory }, target, problem, wish) => {
    const endpoint = endpointOf(view, target);
    const host = endpoint === null ? null : recentValue(endpoint.host);
    if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
    if (host.state !== 'stopped')
      return { kind: 'nothing', stuck: true, why: `${target} is ${host.state} by its host driver` };
    const sinceMs = problem?.firstSeenMs ?? view.atMs;
    if (problem !== null && !isMajorityStopped(view, memory) && view.atMs - sinceMs < SPARE_MS)
      return {
        kind: 'nothing',
        stuck: true,
        why: `a majority may serve without ${target}: somebody may be at work on it for 2 min`,
      };
    const anew = wish?.parameters?.['anew'] === true;
    const empty = anew ? null : whyEmpty(view, target);
    return empty === null
      ? bound({ id: host.id, ...(anew ? { anew: true as const, ...emptiedBy(wish) } : {}), ...endOf(problem, host) })
      : { kind: 'nothing', stuck: true, why: empty };
  },
  alreadyTrue: ({ view }, target) => {
    const endpoint = endpointOf(view, target);
    return endpoint !== null && recentValue(endpoint.host)?.state === 'running';
  },
  refuse: ({ view, memory }, plan) => {
    const endpoint = endpointOf(view, plan.target);
    const host = endpoint === null ? null : stoppedHost(endpoint);
    if (host === null) return `${plan.target} is not proven to be stopped`;
    if (host.id !== plan.params.id) return `another container now bears the name of ${plan.target}`;
    if (plan.params.anew === true) return whyAnew(view, plan.target, plan.params.emptied);
    const empty = whyEmpty(view, plan.target);
    if (empty !== null) return empty;
    // After a start of ours with nothing to ask, a person's word and the configuration stand for etcd's own list.
    if (plan.because.run !== undefined && memory.etcd?.members === undefined) return null;
    return notListed(view, memory, plan.target);
  },
  // In a run, once a majority serves, one that still reads its data, or that ended again, keeps nobody from leading.
  waitsForOthers: ({ view }, { target, because }) =>
    (because.run !== undefined && view.dcs.keys.kind === 'fresh') ||
    (startedOf(view, target) !== null && lacksMajority(view)),
  steps: ({ policy }, plan) => [
    {
      step: {
        port: 'host',
        target: storeHost(plan.target),
        verb: 'start',
        ...boundTo(plan.params.id),
      },
      withinMs: servesWithinMs(actionPolicy(policy, 'start-store').timeoutMs, plan),
      expect: (input) => servesAgain(input, plan),
      notOurs: ({ view }, sentAtMs) =>
        beganApart({ view }, plan.target, startedOf(view, plan.target)?.startedAtMs ?? null, {
          sentAtMs,
          reachMs: START_REACH_MS,
        }),
    },
  ],
});

/** What was done to an etcd member; a member of the cluster may bear its name, and is another thing. */
const startsOf = ({ remediations }: Ledger, name: string): readonly Remediation[] =>
  remediations.filter(({ plan }) => plan.action === 'start-store' && plan.target === name);

function emptiedBy(wish: Wish | undefined): { readonly emptied?: string[] } {
  const names = wish?.parameters?.['emptied'];
  return Array.isArray(names) ? { emptied: names.filter((name) => typeof name === 'string') } : {};
}

/** By the driver's own clock. Of what is started for a problem it is no part: the same start is one plan, however often it ended. */
const endOf = (problem: Problem | null, { finishedAtMs }: HostStatus): { readonly endedAtMs?: number } =>
  problem === null && finishedAtMs !== null ? { endedAtMs: finishedAtMs } : {};

/** Nobody else has it in hand, and no person has to be asked, whom the holder may have asked already. */
function isLeftToUs({ view, states, ledger, policy, nowMs }: Situation): boolean {
  if (actionPolicy(policy, 'start-store').mode !== 'auto') return false;
  const since = states.problems.find((row) => row.code === 'dcs-quorum-lost')?.activeSinceMs ?? null;
  // What runs, or ran until then, was started by somebody. A time to come is of another clock and says nothing.
  const stirred = view.dcs.endpoints
    .filter(({ name }) => !startsOf(ledger, name).some(({ epoch }) => epoch === ''))
    .flatMap(({ host }) => {
      const told = recentValue(host);
      return [told?.startedAtMs ?? null, told?.finishedAtMs ?? null].filter((atMs) => atMs !== null && atMs <= nowMs);
    });
  return since !== null && [since, ...stirred].every((atMs) => nowMs - (atMs ?? 0) >= HOLDER_FIRST_MS);
}

function whyNone(view: ClusterView): string {
  const stopped = view.dcs.endpoints.filter((endpoint) => stoppedHost(endpoint) !== null);
  const against = stopped.flatMap(({ name }) => whyEmpty(view, name) ?? []);
  return against[0] ?? 'no etcd member is proven to be stopped by its host driver';
}

/** The one that stopped last has the newest data and is the least likely to be broken; one that was tried already comes after the others. */
function best({ view, memory, ledger, policy }: ActionInput): ReturnType<typeof memberName> | null {
  const tries = (name: string): number =>
    startsOf(ledger, name).filter(
      ({ endedAtMs, createdAtMs }) => view.atMs - (endedAtMs ?? createdAtMs) < policy.chainMs,
    ).length;
  const rows = view.dcs.endpoints.flatMap((endpoint) => {
    const host = stoppedHost(endpoint);
    const isOurs =
      host !== null && notListed(view, memory, endpoint.name) === null && whyEmpty(view, endpoint.name) === null;
    return isOurs ? [{ name: endpoint.name, tries: tries(endpoint.name), finishedAtMs: host.finishedAtMs ?? 0 }] : [];
  });
  const idle = rows.filter(({ name }) => !startsOf(ledger, name).some(isInFlight));
  const [first] = [...(idle.length > 0 ? idle : rows)].sort(
    (one, other) =>
      one.tries - other.tries || other.finishedAtMs - one.finishedAtMs || (one.name < other.name ? -1 : 1),
  );
  return first === undefined ? null : memberName(first.name);
}

/** Its run by the host driver's word of this pass; null: it does not run, or nobody says. */
function startedOf(view: ClusterView, target: string): HostStatus | null {
  const host = endpointOf(view, target)?.host;
  return host?.kind === 'fresh' && host.value.state === 'running' ? host.value : null;
}

/** By its own word. An etcd member answers only once a majority does: those that are started meanwhile do not wait for this. */
function servesAgain({ view }: ActionInput, { target, params }: PlanOf<{ readonly endedAtMs?: number }>): Sight {
  const endpoint = endpointOf(view, target);
  if (endpoint === null) return violated(`${target} is no etcd endpoint of ours`);
  const status = recentValue(endpoint.status);
  if (status !== null && endpoint.status.kind === 'fresh' && status.healthy) return met(`${target} serves`);
  const host = endpoint.host.kind === 'fresh' ? endpoint.host.value : null;
  const isOverAgain = host?.state === 'stopped' && params.endedAtMs !== undefined && host.finishedAtMs !== null;
  if (isOverAgain && host.finishedAtMs > params.endedAtMs)
    return violated(`${target} ended again${host.exitCode === null ? '' : ` with exit code ${host.exitCode}`}`);
  if (host?.state !== 'running') return pending(`${target} is ${host?.state ?? 'unknown'} by its host driver`);
  return pending(
    lacksMajority(view)
      ? `${target} runs by its host driver, and serves as soon as a majority does`
      : `${target} runs and does not serve yet`,
  );
}
