import { z } from 'zod';
import { firstToStart } from '../assess/first-to-start.js';
import { isRetired } from '../assess/intended.js';
import { isStandbyCluster, leaderKeyHolder, leadershipOf } from '../assess/leader.js';
import { isStreaming } from '../assess/replica.js';
import { evacuationOf } from '../ledger/evacuations.js';
import type { Ledger } from '../model/ledger.js';
import type { Stage } from '../model/procedure-run.js';
import { ownerOf } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { answers, hostOf } from './member-stages.js';
import type { Memory } from '../model/states.js';
import type { Goal, ProcedureRecord } from './procedure.js';
import { onMember, waitFor } from './stages.js';
import {
  awaitAllStores,
  bringBackStores,
  isOfStore,
  storesInOrder,
  storesText,
  whyLost,
  whyNotTold,
} from './stores.js';

const shape = z.object({
  /** etcd members in the order in which they are started. */
  stores: z.array(z.string()),
  /** The most advanced member: it is started alone, and leads. */
  first: z.string(),
  others: z.array(z.string()),
  /** What a person has to agree to before it is; null: nothing is in doubt. */
  question: z.string().nullable(),
});
export type ColdStartGoal = z.infer<typeof shape>;

/** How long the first may take to recover and lead, and the others to follow it. */
const LEADS_MS = 10 * 60_000;
const FOLLOWS_MS = 10 * 60_000;
/** What it is may be known only once etcd serves again. */
const STANDBY_CLUSTER = 'it is a standby cluster: its leadership is left to Patroni';
const ASKED = 'agree to who is first';

const hostState = (view: ClusterView, name: string): string | null => hostOf(view, name)?.state ?? null;

/** One etcd member, or one replica: the others go on without it. */
export const isOfOneOfMany = (key: string): boolean => isOfStore(key) || key.startsWith('start-member ');

const isLed = (view: ClusterView): boolean => leadershipOf(view).kind === 'proven';

/** Who was taken out by a person is neither started nor waited for. */
export const withoutTaken = (ledger: Pick<Ledger, 'evacuations'>, goal: ColdStartGoal): ColdStartGoal => ({
  ...goal,
  others: goal.others.filter((name) => evacuationOf(ledger, name) === null),
});

/** Who does not serve as a replica yet, of those that are to. */
const notFollowing = (view: ClusterView, { first, others }: ColdStartGoal): readonly string[] => {
  const leader = leaderKeyHolder(view);
  return [first, ...others].filter((name) => {
    const member = memberOf(view, name);
    return name !== leader && (member === null || !isStreaming(view, member));
  });
};

/** Runbook, Recovery Procedures > Scenario 3: etcd to quorum, the most advanced member alone until it leads, then the others. */
export const coldStart: ProcedureRecord<ColdStartGoal> = {
  name: 'cold-start',
  shape,
  goal: ({ view, memory }, { candidate }): Goal<ColdStartGoal> => {
    const why = notForThis(view, memory);
    if (why !== null) return { kind: 'refused', why };
    const first = firstToStart(view, memory, candidate);
    if (first.kind === 'none') return { kind: 'refused', why: first.why };
    const others = view.members.filter((member) => member.name !== first.name && !isRetired(view, member));
    const question =
      first.kind === 'proven'
        ? null
        : `start ${first.name} first, so that it leads? ${first.why}. What it lacks is lost`;
    return {
      kind: 'goal',
      goal: {
        stores: [...storesInOrder(view)],
        first: first.name,
        others: others.map(({ name }) => name),
        question,
      },
    };
  },
  refuse: ({ view }, { first, others }) => {
    if (isStandbyCluster(view)) return STANDBY_CLUSTER;
    if (isLed(view)) return null;
    const dark = whyMemberNotTold(view);
    if (dark !== null) return dark;
    const early = others.find((name) => hostState(view, name) !== 'stopped');
    return early !== undefined && hostState(view, first) === 'stopped'
      ? `${early} runs although nobody leads: who is started first decides what data survives; stop it, or start ${first} by hand`
      : null;
  },
  *remaining({ view, ledger, confirmed }, bound) {
    const goal = withoutTaken(ledger, bound);
    const { question, stores } = goal;
    if (question !== null && !confirmed.includes(ASKED) && !isLed(view))
      yield { kind: 'confirm', key: ASKED, text: question };
    yield* bringBackStores(view, stores);
    yield* startMembers(view, goal);
    // Patroni needs a majority alone; one that does not come is told, and not called a success.
    yield* awaitAllStores(view);
  },
  isSpare: isOfOneOfMany,
  leaves: ({ view }, goal) => {
    const stopped = [goal.first, ...goal.others].filter((name) => hostState(view, name) === 'stopped');
    return [
      storesText(view),
      `${isLed(view) ? (leaderKeyHolder(view) ?? 'nobody') : 'nobody'} leads`,
      ...(stopped.length === 0 ? [] : [`stopped: ${stopped.join(', ')}`]),
    ].join('; ');
  },
  onward: ({ view, ledger }, goal) => {
    const up = view.members.filter(({ name }) => hostState(view, name) !== 'stopped').map(({ name }) => name);
    if (up.length === 0) return 'ekimi run-procedure cold-start';
    // It does not come to lead by itself, and another one may.
    if (!isLed(view) && hostState(view, goal.first) === 'stopped')
      return `stop ${up.join(', ')} by hand: nobody leads, and who is started first decides what data survives; then ekimi run-procedure cold-start`;
    const left = withoutTaken(ledger, goal).others.filter((name) => hostState(view, name) === 'stopped');
    const steps = [
      ...(isLed(view) ? [] : [`wait until ${goal.first} leads`]),
      ...left.map((name) => `ekimi run-procedure start-member ${name}`),
      ...([...awaitAllStores(view)].length === 0 ? [] : ['ekimi run-procedure recover-dcs']),
    ];
    return steps.join(', then ') || 'everything was started; ekimi status tells when it is well';
  },
};

/** Where etcd serves: the most advanced member alone until it leads, then the others, until each streams and each proxy routes. */
export function* startMembers(
  view: ClusterView,
  goal: ColdStartGoal,
  /** Whom a stage before these stops. */
  stopped: readonly string[] = [],
): Generator<Stage> {
  const { first, others } = goal;
  const isToStart = (name: string): boolean => stopped.includes(name) || hostState(view, name) === 'stopped';
  if (!isLed(view)) {
    if (isToStart(first)) yield firstStage(goal);
    yield waitFor('a leader', `wait until ${first} leads`, LEADS_MS);
  }
  // One of which its host driver tells nothing, and that does not answer either, is left to start: nobody else waits for it.
  const isDark = (name: string): boolean => isLed(view) && hostState(view, name) === null && !answers(view, name);
  for (const name of others) if (isToStart(name) || isDark(name)) yield onMember('start-member', name, `start ${name}`);
  const late = notFollowing(view, goal);
  if (!isLed(view) || late.length > 0)
    yield { ...waitFor('replicas', `wait until each replica streams (${late.join(', ')})`, FOLLOWS_MS), awaits: late };
  if (isUnrouted(view)) yield waitFor('proxies', 'wait until each proxy sends writes to the leader', FOLLOWS_MS);
}

const firstStage = ({ first, question }: ColdStartGoal): Stage => ({
  ...onMember('start-first', first, `start ${first}, the most advanced one, alone`),
  parameters: { agreed: question !== null },
});

/** A proxy that does not run or does not route is seen here, and mended by whoever runs it. */
function isUnrouted(view: ClusterView): boolean {
  const leadership = leadershipOf(view);
  const leader = leadership.kind === 'proven' ? leadership.member.name : null;
  return view.proxies
    .filter(({ pools }) => pools.writes !== null)
    .some(({ seen, pools }) => {
      const rows = freshValue(seen)?.servers.filter(({ backend }) => backend === pools.writes) ?? [];
      return !rows.some((row) => row.up && ownerOf(row) === leader);
    });
}

function whyMemberNotTold(view: ClusterView): string | null {
  const dark = view.members.find(({ name }) => hostState(view, name) === null);
  return dark === undefined ? null : `the host driver does not say what runs ${dark.name}`;
}

/** Why nothing of it can be started in the right order, whatever runs; null: it can. */
export function whyNotStartable(view: ClusterView): string | null {
  if (!view.actuators.host) return 'no host driver is configured (hosts): nothing can be started';
  return isStandbyCluster(view) ? STANDBY_CLUSTER : (whyNotTold(view) ?? whyMemberNotTold(view));
}

/** Why this is no cluster to be started cold; null: nothing of it runs. */
function notForThis(view: ClusterView, memory: Pick<Memory, 'etcd'>): string | null {
  const why = whyNotStartable(view) ?? whyLost(view, memory);
  if (why !== null) return why;
  const running = view.members.find(({ name }) => hostState(view, name) !== 'stopped');
  return running === undefined
    ? null
    : `${running.name} is ${hostState(view, running.name) ?? 'unknown'} by its host driver: cold-start is for a cluster of which nothing runs`;
}
