import { z } from 'zod';
import { holdsNothing, whoRuns, whyNotLost } from '../assess/lost-stores.js';
import { endpointOf } from '../assess/stores.js';
import { isAsideSuffix } from '../model/aside.js';
import { storeHost } from '../model/host.js';
import type { Plan } from '../model/plan.js';
import { freshValue, recentValue, UNREAD } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import {
  action,
  actionPolicy,
  bound,
  met,
  notYet,
  pending,
  type ActionInput,
  type ActionStep,
  type Permit,
  type Sight,
} from './action.js';
import { boundTo } from './member-actions.js';
import { RUN_STOPPED_PATRONI, whereNothingBlinds } from './permits.js';

/** etcd ends at once where it has no majority; then the driver kills it. */
const STOP_GRACE_MS = 30_000;
/** What was started beside it by a process before may hold its name for a moment. */
const TRY_AGAIN = { everyMs: 2_000, forMs: 30_000 };

/** A person agreed to it by the proof that no majority has data, nothing of Patroni runs, and nobody can hold tenure. */
const isLost = ({ view, states }: Situation, { because }: Pick<Plan, 'because'>): boolean =>
  because.run !== undefined && whyNotLost(view, states.memory) === null && whoRuns(view) === null;

const LOST: Permit = {
  when: 'for a procedure that a person began, while the host driver proves that no majority of etcd has data and that no member of Patroni runs',
  holds: isLost,
};
const SEEN = whereNothingBlinds(LOST);
const ALWAYS: Permit = { when: 'always: no member runs, and etcd serves nobody', holds: () => true };

const PARAMS = z.object({
  id: z.string(),
  suffix: z.string(),
  /** It runs, and is stopped first. */
  runs: z.literal(true).exactOptional(),
});

/**
 * Stops an etcd member that has its data while a majority has lost its own, and renames that data beside itself: an etcd that begins anew under the
 * same addresses and tokens must not meet it. Nothing is deleted.
 */
export const moveStoreAside = action({
  name: 'move-store-aside',
  params: PARAMS,
  class: 'store',
  worksOn: 'store',
  runbook: 'Recovery Procedures > Scenario 4: etcd Cluster Recovery',
  summary: 'stop an etcd member whose majority has lost its data, and rename its data beside itself',
  inverse: null,
  inverseNote: 'with every etcd member stopped, rename it back by hand before a new etcd has begun',
  refusals:
    'etcd answers, a majority has data, or what one has cannot be read; a member of Patroni is not proven to be stopped; another container bears its name. The driver itself refuses a mount point, a link, WAL that lies elsewhere, and a database that an etcd has open',
  needs: () => ['host'],
  disruptsTarget: false,
  leavesDown: 'target',
  destroysCopy: false,
  countsSuccess: false,
  permits: {
    window: RUN_STOPPED_PATRONI,
    tenure: LOST,
    policy: LOST,
    'patroni-pause': LOST,
    failsafe: LOST,
    'observer-health': SEEN,
    'start-grace': LOST,
    'someone-else': ALWAYS,
    'blast-radius': ALWAYS,
    // Each member is down because this very run has stopped it.
    storm: LOST,
  },
  bind: ({ view }, target, _problem, wish) => {
    const suffix = wish?.parameters?.['suffix'];
    const host = recentValue(endpointOf(view, target)?.host ?? UNREAD);
    if (host === null) return { kind: 'nothing', stuck: true, why: `the host driver does not say what runs ${target}` };
    if (typeof suffix !== 'string' || !isAsideSuffix(suffix))
      return { kind: 'nothing', why: `${JSON.stringify(suffix ?? null)} is no suffix of a directory` };
    // A unit that is just being started, or waits for its next start, counts as stopped for `systemctl is-active`: our own stop ends that.
    const isToStop = host.state === 'running' || host.isOfNoRun === true;
    return bound({ id: host.id, suffix, ...(isToStop ? { runs: true as const } : {}) });
  },
  alreadyTrue: ({ view }, target) => holdsNothing(view, target),
  refuse: (input, { target, params }) => whyNot(input, target, params),
  refuseLater: (input, { target, params }) => {
    const why = whyNot(input, target, params);
    return why === null ? null : notYet(why);
  },
  steps: ({ policy }, { target, params: { id, suffix, runs } }) => {
    const withinMs = actionPolicy(policy, 'move-store-aside').timeoutMs;
    return [
      ...(runs === true ? [stopFirst(target, id, withinMs)] : []),
      {
        step: {
          ...{ port: 'aside', call: 'move-store', store: target, id, suffix },
          ...(runs === true ? { ended: true as const } : {}),
        },
        withinMs,
        tryAgain: TRY_AGAIN,
        expect: ({ view }) =>
          holdsNothing(view, target)
            ? met(`the data of ${target} lies beside itself under .${suffix}`)
            : pending(`the data of ${target} is where it was, or cannot be read`),
      },
    ];
  },
});

const stopFirst = (target: string, id: string, withinMs: number): ActionStep => ({
  step: { port: 'host', target: storeHost(target), verb: 'stop', graceMs: STOP_GRACE_MS, ...boundTo(id) },
  withinMs,
  expect: ({ view }) => stopSeen(view, target),
});

type Bound = Pick<z.infer<typeof PARAMS>, 'id' | 'runs'>;

function whyNot({ view, memory }: ActionInput, target: string, { id, runs: ran }: Bound): string | null {
  const why = whyNotLost(view, memory);
  if (why !== null) return why;
  const runs = whoRuns(view);
  if (runs !== null) return `${runs} is not proven to be stopped`;
  const host = freshValue(endpointOf(view, target)?.host ?? UNREAD);
  if (host === null) return `the host driver has not said in this pass what runs ${target}`;
  // We have stopped it: of what is stopped its driver may tell no run.
  if (host.id !== id && !(ran === true && host.state === 'stopped' && host.isOfNoRun === true))
    return `another container now bears the name of ${target}`;
  return ran === true || host.state === 'stopped' ? null : `${target} was started since the plan was made`;
}

function stopSeen(view: ActionInput['view'], target: string): Sight {
  const state = freshValue(endpointOf(view, target)?.host ?? UNREAD)?.state;
  return state === 'stopped'
    ? met(`${target} is stopped`)
    : pending(`${target} is ${state ?? 'unknown'} by its driver`);
}
