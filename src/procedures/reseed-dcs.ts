import { z } from 'zod';
import { pauseOf } from '../assess/leader.js';
import { isRetired } from '../assess/intended.js';
import { whyNotLost } from '../assess/lost-stores.js';
import { stoppedHost } from '../assess/stores.js';
import { evacuationOf } from '../ledger/evacuations.js';
import { sentFor } from '../model/ledger.js';
import { openRun } from '../model/procedure-run.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { coldStart, isOfOneOfMany, startMembers, whyNotStartable, withoutTaken } from './cold-start.js';
import { hostOf } from './member-stages.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { onMember } from './stages.js';
import { areAllStoresStopped, awaitAllStores, awaitQuorum, startStores, storesInOrder } from './stores.js';

const shape = z.object({
  /** etcd members in the order in which they are started. */
  stores: z.array(z.string()),
  /** Who led last: stopped last, and started first if its data directory proves to be the most advanced one. */
  first: z.string(),
  /** Members that are started again behind it. */
  others: z.array(z.string()),
  /** What a person agrees to before anything is stopped. */
  question: z.string(),
});
type ReseedGoal = z.infer<typeof shape>;

const AGREED = 'agree to a new etcd';

/**
 * Runbook, Recovery Procedures > Scenario 4: the data of every etcd member is gone for good. Patroni is stopped on each member, who led last of all,
 * so that none that is behind meets an etcd without keys; a new etcd begins; then the members as in a cold start.
 */
export const reseedDcs: ProcedureRecord<ReseedGoal> = {
  name: 'reseed-dcs',
  shape,
  goal: ({ view, memory, ledger }): Goal<ReseedGoal> => {
    const why =
      whyNotStartable(view) ??
      whyNotLost(view, memory) ??
      whyPaused(view) ??
      whoCannotBeStopped(memory) ??
      whoIsBetween(view);
    if (why !== null) return { kind: 'refused', why };
    const first = memory.lastLeader;
    if (first === null || hostOf(view, first) === null)
      return {
        kind: 'refused',
        why: 'nobody knows who led last: stop every member by hand, start etcd by hand, then ekimi run-procedure cold-start',
      };
    // The new etcd does not know whom a person took out: who is to stay out is agreed to here.
    const others = view.members.filter(
      (member) => member.name !== first && !isRetired(view, member) && evacuationOf(ledger, member.name) === null,
    );
    return {
      kind: 'goal',
      goal: {
        stores: [...storesInOrder(view)],
        first,
        others: others.map(({ name }) => name),
        question: questionOf(view, first),
      },
    };
  },
  refuse: (input, goal) =>
    areAllStoresStopped(input.view) && !isBegun(input)
      ? (whyNotStartable(input.view) ?? whyNotLost(input.view, input.memory))
      : coldStart.refuse(input, asColdStart(goal)),
  *remaining({ view, ledger, confirmed }, goal) {
    if (!confirmed.includes(AGREED)) yield { kind: 'confirm', key: AGREED, text: goal.question };
    // As soon as an etcd member runs, who runs then was started by somebody else, and is looked at by a person.
    const stopped = areAllStoresStopped(view)
      ? stopOrder(view, goal).filter((name) => !['stopped', 'absent'].includes(hostOf(view, name)?.state ?? ''))
      : [];
    for (const name of stopped)
      yield onMember('stop-without-etcd', name, `stop ${name}${name === goal.first ? ', which led last' : ''}`);
    for (const stage of startStores(view, goal.stores)) yield { ...stage, parameters: { anew: true } };
    yield* awaitQuorum(view);
    yield* startMembers(view, withoutTaken(ledger, asColdStart(goal)), stopped);
    yield* awaitAllStores(view);
  },
  isSpare: isOfOneOfMany,
  leaves: (input, goal) => `${byHand(input)}${coldStart.leaves(input, asColdStart(goal))}`,
};

/**
 * This run has begun a new etcd: data in a member that has ended again is of it. Before that it is of the etcd that was lost, put back by somebody
 * meanwhile, and nothing is begun beside it.
 */
function isBegun({ ledger }: ProcedureInput): boolean {
  return sentFor(ledger, openRun(ledger.procedures)?.id).some(({ plan }) => plan.params['anew'] === true);
}

/** Who is first is proven by the data directories just before it is started, or nobody is. */
const asColdStart = ({ stores, first, others }: ReseedGoal) => ({ stores, first, others, question: null });

/** Every member that is configured, whether it is to be started again or not. */
const stopOrder = ({ members }: ClusterView, { first }: ReseedGoal): readonly string[] => [
  ...members.map(({ name }) => name as string).filter((name) => name !== first),
  first,
];

function whoCannotBeStopped({ leadership }: Situation['states']['memory']): string | null {
  const strangers = leadership?.strangers ?? [];
  return strangers.length === 0
    ? null
    : `etcd had ${strangers.join(', ')} among the members, and the configuration has not: it cannot be stopped, and might lead in an empty etcd`;
}

/** In a pause the primary goes on without etcd, and Patroni that is started starts no PostgreSQL. */
const whyPaused = (view: ClusterView): string | null =>
  pauseOf(view).kind === 'paused'
    ? 'Patroni is paused: its primary goes on without etcd, and members that are started in a pause start no PostgreSQL; docs/runbook/when-etcd-is-lost.md says what is done by hand'
    : null;

/** Neither stopped nor to be stopped, or without a data directory to read: it would hold the run after the others were stopped. */
function whoIsBetween(view: ClusterView): string | null {
  const isBetween = ['paused', 'restarting', 'absent'];
  const between = view.members.find(({ host }) => isBetween.includes(recentValue(host)?.state ?? ''));
  if (between === undefined) return null;
  const state = recentValue(between.host)?.state ?? '';
  return state === 'absent'
    ? `there is nothing of ${between.name} by its host driver, so that nobody can read how far its data is: make it, or take it out of the configuration`
    : `${between.name} is ${state} by its host driver`;
}

/** An etcd that was begun and has no majority is not begun twice. */
function byHand({ view }: ProcedureInput): string {
  if (areAllStoresStopped(view) || view.dcs.keys.kind !== 'unknown') return '';
  const stopped = view.dcs.endpoints.filter((row) => stoppedHost(row) !== null).map(({ name }) => name);
  return stopped.length === 0
    ? ''
    : `a new etcd was begun and has no majority: start ${stopped.join(', ')} by hand, then ekimi run-procedure cold-start; `;
}

function questionOf(view: ClusterView, first: string): string {
  const stores = view.dcs.endpoints.map(({ name }) => name).join(', ');
  const serving = view.members.filter(({ api }) => freshValue(api)?.role === 'primary').map(({ name }) => name);
  return [
    `begin a new, empty etcd on ${stores}? If its data can be had from a disk or a backup, end this run and restore that.`,
    'Lost with it: kill switches, who was taken out or drained, what Ekimi did, the history of leaders.',
    "Patroni's configuration is written anew from the copy of whoever leads first.",
    ...(serving.length === 0
      ? []
      : [`${serving.join(', ')} says primary: no write is taken until ${first} leads again.`]),
    'Patroni of any other cluster that uses this etcd has to be stopped before',
  ].join(' ');
}
