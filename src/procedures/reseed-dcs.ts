import { z } from 'zod';
import { pauseOf } from '../assess/leader.js';
import { isRetired } from '../assess/intended.js';
import { holdersOf, holdsNothing, whyNotLost } from '../assess/lost-stores.js';
import { stoppedHost } from '../assess/stores.js';
import { evacuationOf } from '../ledger/evacuations.js';
import { asideSuffix } from '../model/aside.js';
import { sentFor } from '../model/ledger.js';
import { openRun } from '../model/procedure-run.js';
import { freshValue, recentValue, UNREAD } from '../model/reading.js';
import type { Situation } from '../model/situation.js';
import type { ClusterView } from '../model/view.js';
import { coldStart, isOfOneOfMany, startMembers, whyNotStartable, withoutTaken } from './cold-start.js';
import { hostOf } from './member-stages.js';
import type { ActionStage, Stage } from '../model/procedure-run.js';
import type { Goal, ProcedureInput, ProcedureRecord } from './procedure.js';
import { onMember } from './stages.js';
import {
  areAllStoresStopped,
  awaitAllStores,
  awaitNewStores,
  awaitQuorum,
  startStores,
  storesInOrder,
  whyNotTold,
} from './stores.js';

const shape = z.object({
  /** etcd members in the order in which they are started. */
  stores: z.array(z.string()),
  /** Those of them that have data still, too few for a majority, and under what suffix it is moved aside. Absent: none has any. */
  aside: z.object({ stores: z.array(z.string()), suffix: z.string() }).exactOptional(),
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
 * Runbook, Recovery Procedures > Scenario 4: the data of a majority of etcd, or of all of it, is gone for good. Patroni is stopped on each member, who
 * led last of all, so that none that is behind meets an etcd without keys; what data is left of the old etcd is moved aside; a new etcd begins; then
 * the members as in a cold start.
 */
export const reseedDcs: ProcedureRecord<ReseedGoal> = {
  name: 'reseed-dcs',
  shape,
  goal: ({ view, memory, ledger, nowMs }): Goal<ReseedGoal> => {
    const why =
      whyNotStartable(view) ??
      whyNotObeyed(view) ??
      whyNotLost(view, memory) ??
      whyNotAside(view) ??
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
    // Its own data comes last: as soon as another one has begun, nothing of the old etcd is left to be moved.
    const holders = holdersOf(view);
    const order = storesInOrder(view);
    const aside = { stores: order.filter((name) => holders.includes(name)), suffix: asideSuffix(nowMs) };
    return {
      kind: 'goal',
      goal: {
        stores: [...order.filter((name) => !holders.includes(name)), ...aside.stores],
        ...(holders.length === 0 ? {} : { aside }),
        first,
        others: others.map(({ name }) => name),
        question: questionOf(view, first, aside),
      },
    };
  },
  refuse: (input, goal) => {
    const { view, memory } = input;
    if (goal.aside !== undefined && view.dcs.keys.kind !== 'unknown' && areAllStoresStopped(view, goal.aside.stores)) {
      const others = goal.stores.filter((name) => goal.aside?.stores.includes(name) !== true);
      return `etcd answers without ${others.join(', ')}: somebody has made one of what ${goal.aside.stores.join(', ')} had; end this run, then ekimi run-procedure cold-start`;
    }
    if (isUntouched(input, goal)) return whyNotStartable(view) ?? whyNotLost(view, memory);
    // Before anything is begun, one of which nobody tells may be the one whose data is to be moved.
    const dark = view.dcs.keys.kind === 'unknown' && !isBegun(input) ? whyNotTold(view) : null;
    return dark ?? coldStart.refuse(input, asColdStart(goal));
  },
  *remaining(input, goal) {
    const { view, ledger, confirmed } = input;
    if (!confirmed.includes(AGREED)) yield { kind: 'confirm', key: AGREED, text: goal.question };
    // As soon as an etcd member runs, who runs then was started by somebody else, and is looked at by a person.
    const stopped = isDown(input, goal)
      ? stopOrder(view, goal).filter((name) => !['stopped', 'absent'].includes(hostOf(view, name)?.state ?? ''))
      : [];
    for (const name of stopped)
      yield onMember('stop-without-etcd', name, `stop ${name}${name === goal.first ? ', which led last' : ''}`);
    const left = toMove(input, goal);
    for (const name of left) yield movedAside(name, goal.aside?.suffix ?? '');
    for (const stage of startStores(view, goal.stores, left)) yield { ...stage, parameters: anew(stage, goal) };
    yield* awaitQuorum(view);
    yield* awaitNewStores(view);
    yield* startMembers(view, withoutTaken(ledger, asColdStart(goal)), stopped);
    yield* awaitAllStores(view);
  },
  isSpare: isOfOneOfMany,
  leaves: (input, goal) => `${asideText(input, goal)}${coldStart.leaves(input, asColdStart(goal))}`,
  onward: (input, goal) =>
    isUntouched(input, goal)
      ? 'ekimi run-procedure reseed-dcs'
      : (byHand(input.view) ?? coldStart.onward(input, asColdStart(goal))),
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

/** No etcd member runs, but perhaps one that has its data from before. */
const isDown = (input: ProcedureInput, { aside }: ReseedGoal): boolean =>
  areAllStoresStopped(input.view, isBegun(input) ? [] : aside?.stores);

/** Nothing new has begun. */
const isUntouched = (input: ProcedureInput, goal: ReseedGoal): boolean =>
  input.view.dcs.keys.kind === 'unknown' && isDown(input, goal) && !isBegun(input);

/** Of the old etcd alone: what a member holds once a new one was begun is of that. */
const toMove = (input: ProcedureInput, goal: ReseedGoal): readonly string[] =>
  isUntouched(input, goal) ? (goal.aside?.stores ?? []).filter((name) => !holdsNothing(input.view, name)) : [];

const movedAside = (name: string, suffix: string): Stage => ({
  ...onMember(
    'move-store-aside',
    name,
    `stop ${name} and move its data aside, to member.${suffix}: it is kept, and nothing of it is deleted`,
  ),
  parameters: { suffix },
});

/** One that had no data begins only when those that had some have it no more. */
const anew = ({ target }: ActionStage, { aside }: ReseedGoal): NonNullable<ActionStage['parameters']> =>
  aside === undefined || aside.stores.includes(target ?? '')
    ? { anew: true }
    : { anew: true, emptied: [...aside.stores] };

/** Where what was moved lies: told in the end, whatever the end is. What was sent before another instance took over is not known. */
function asideText(input: ProcedureInput, goal: ReseedGoal): string {
  const { stores = [], suffix = '' } = goal.aside ?? {};
  const rows = sentFor(input.ledger, openRun(input.ledger.procedures)?.id);
  const rowOf = (name: string) => rows.find(({ plan }) => plan.because.stage === movedAside(name, '').key);
  const lies = (names: readonly string[], whether = ''): string =>
    names.length === 0
      ? ''
      : `the old data of ${names.join(', ')}${whether} lies in its data directory, under member.${suffix}; `;
  const still = toMove(input, goal);
  const unknown = stores.filter((name) => rowOf(name) === undefined && !still.includes(name));
  return [
    lies(stores.filter((name) => rowOf(name)?.phase === 'succeeded')),
    input.confirmed.includes(AGREED) ? lies(unknown, ', if this run has moved it,') : '',
  ].join('');
}

/** Nothing of a run would be done: it is begun while nobody can hold tenure. */
const whyNotObeyed = ({ dcs, hostNeedsTenure }: ClusterView): string | null =>
  hostNeedsTenure === true && dcs.keys.kind === 'unknown'
    ? 'the instances that lend their host drivers (driver peers) stop a member under tenure alone, which nobody can hold without etcd: docs/runbook/when-etcd-is-lost.md says what is done by hand'
    : null;

function whyNotAside(view: ClusterView): string | null {
  for (const name of holdersOf(view)) {
    const why = freshValue(view.storeData?.[name] ?? UNREAD)?.whyNotAside;
    if (why !== null)
      return `${name} has data, which cannot be moved aside: ${why ?? 'its host driver does not say whether it can'}`;
  }
  return null;
}

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

/** An etcd that was begun and has no majority is not begun twice; null: it has one, or nobody stopped is seen. */
function byHand(view: ClusterView): string | null {
  if (view.dcs.keys.kind !== 'unknown') return null;
  const stopped = view.dcs.endpoints.filter((row) => stoppedHost(row) !== null).map(({ name }) => name);
  return stopped.length === 0
    ? null
    : `a new etcd was begun and has no majority: start ${stopped.join(', ')} by hand, then ekimi run-procedure cold-start`;
}

function questionOf(view: ClusterView, first: string, aside: NonNullable<ReseedGoal['aside']>): string {
  const stores = view.dcs.endpoints.map(({ name }) => name).join(', ');
  const serving = view.members.filter(({ api }) => freshValue(api)?.role === 'primary').map(({ name }) => name);
  return [
    `begin a new, empty etcd on ${stores}? If its data can be had from a disk or a backup, end this run and restore that.`,
    ...(aside.stores.length === 0
      ? []
      : [
          `${aside.stores.join(', ')} ${aside.stores.length === 1 ? 'has' : 'have'} data, which no majority can confirm: it is kept beside, under member.${aside.suffix}, and the new etcd has nothing of it. Whoever needs its keys ends this run and forces a new cluster from it by hand.`,
        ]),
    'Lost with it: kill switches, who was taken out or drained, what Ekimi did.',
    "Patroni's /config comes back from patroni.dynamic.json of whoever leads first, and /history from its timeline file, without names and times.",
    'Its /sync and /failsafe are made anew.',
    ...(serving.length === 0
      ? []
      : [`${serving.join(', ')} says primary: no write is taken until ${first} leads again.`]),
    'Patroni of any other cluster that uses this etcd has to be stopped before',
  ].join(' ');
}
