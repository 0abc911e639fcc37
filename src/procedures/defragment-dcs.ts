import { z } from 'zod';
import { hasNoHoles, isSmaller } from '../actions/maintain-store.js';
import { refusesWrites } from '../assess/dcs.js';
import type { DcsEndpoint } from '../model/dcs.js';
import type { Ledger } from '../model/ledger.js';
import { freshValue, recentValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { bytesText } from '../words/amounts.js';
import type { Goal, ProcedureRecord } from './procedure.js';
import { onMember } from './stages.js';

const shape = z.object({
  /** etcd members in the order in which they are defragmented, its leader last. */
  order: z.array(z.string()),
  /** Bytes of the file of each when the run began. */
  sizes: z.record(z.string(), z.number()),
  /** What was defragmented since then is done, however little it gained. */
  sinceMs: z.number(),
});
type DefragmentGoal = z.infer<typeof shape>;

/** From so much of its quota, or so much of its file free, there is something to gain without an alarm. */
const WORTH_IT = 0.5;

/**
 * Runbook, Recovery Procedures > Scenario 4: etcd without room. Its history is compacted, its members are defragmented one at a time, its leader last,
 * and the alarm is disarmed. No key is deleted.
 */
export const defragmentDcs: ProcedureRecord<DefragmentGoal> = {
  name: 'defragment-dcs',
  shape,
  goal: ({ view, nowMs }): Goal<DefragmentGoal> => {
    const why = notWhole(view) ?? nothingToGain(view);
    if (why !== null) return { kind: 'refused', why };
    const rows = statuses(view);
    const order = [...rows].sort((one, other) => Number(one.isLeader) - Number(other.isLeader)).map(({ name }) => name);
    const sizes = Object.fromEntries(rows.map(({ name, dbSizeBytes }) => [name, dbSizeBytes ?? 0]));
    return { kind: 'goal', goal: { order, sizes, sinceMs: nowMs } };
  },
  refuse: ({ view, ledger }, goal) => notWhole(view) ?? gainedNothing(view, ledger, goal),
  *remaining({ view, ledger }, goal) {
    for (const name of notDefragmented(view, ledger, goal))
      yield onMember('defragment-store', name, `compact the history of etcd and defragment ${name}`);
    const by = goal.order.at(-1);
    if (by !== undefined && refusesWrites(view) !== null)
      yield onMember('disarm-store', by, 'disarm the alarm NOSPACE, so that etcd takes writes again');
  },
  leaves: ({ view }) => [...statuses(view).map(sizeText), refusesWrites(view) ?? 'etcd takes writes'].join('; '),
  onward: () => 'ekimi run-procedure defragment-dcs',
};

const statuses = ({ dcs }: ClusterView): readonly DcsEndpoint[] =>
  dcs.endpoints.flatMap(({ status }) => recentValue(status) ?? []);

const sizeText = ({ name, dbSizeBytes, usedBytes }: DcsEndpoint): string =>
  `${name} ${bytesText(dbSizeBytes ?? 0)}${usedBytes === undefined ? '' : ` (${bytesText(usedBytes)} in use)`}`;

/** While one member is defragmented the others must carry etcd: so all of it must be known, and serve. */
function notWhole(view: ClusterView): string | null {
  if (freshValue(view.dcs.keys) === null)
    return 'etcd gives no linearizable answer: whether it has a majority is not known; ekimi run-procedure recover-dcs starts members that are stopped';
  const down = view.dcs.endpoints.find(({ status }) => recentValue(status)?.healthy !== true);
  if (down !== undefined) return `the etcd member ${down.name} does not serve: one at a time, and each of them must`;
  const secret = statuses(view).find(({ dbSizeBytes }) => dbSizeBytes === null);
  if (secret !== undefined)
    return `the etcd member ${secret.name} tells its size to the role root alone, which this needs to see and to do: by hand, with etcdctl as root`;
  const members = recentValue(view.dcs.membership)?.members;
  if (members === undefined) return 'etcd has not listed its members';
  const ids = statuses(view).map(({ memberId }) => memberId);
  const strange = members.find(({ id }) => !ids.includes(id));
  if (strange !== undefined)
    return `etcd has a member that dcs.hosts does not name: ${strange.name || strange.id}; add it, or defragment it by hand`;
  const alarms = recentValue(view.dcs.alarms);
  // Not listed is not disarmed: a run must not end on it.
  if (alarms === null) return 'etcd has not listed its alarms';
  const corrupt = alarms.find(({ alarm }) => alarm !== 'NOSPACE');
  return corrupt === undefined
    ? null
    : `etcd raised ${corrupt.alarm}: what a member holds cannot be trusted; replace that member first`;
}

function nothingToGain(view: ClusterView): string | null {
  if (refusesWrites(view) !== null) return null;
  const large = statuses(view).some(({ dbSizeBytes, usedBytes, quotaBytes }) => {
    const size = dbSizeBytes ?? 0;
    return (
      size >= (quotaBytes ?? Infinity) * WORTH_IT || (usedBytes !== undefined && size - usedBytes > size * WORTH_IT)
    );
  });
  return large
    ? null
    : 'no alarm NOSPACE stands, and no etcd member has used half of its quota or has half of its file free: nothing to gain';
}

function notDefragmented(view: ClusterView, ledger: Ledger, { order, sizes, sinceMs }: DefragmentGoal): string[] {
  const done = ledger.remediations.filter(
    ({ plan, phase, createdAtMs }) =>
      plan.action === 'defragment-store' && phase === 'succeeded' && createdAtMs >= sinceMs,
  );
  return order.filter((name) => {
    const now = statuses(view).find((row) => row.name === name);
    if (now !== undefined && isSmaller(now, sizes[name] ?? 0)) return false;
    // Whose turn came before a compaction had its effect has more to give by now.
    const isIdle = now === undefined || now.usedBytes === undefined || hasNoHoles(now);
    return !(isIdle && done.some(({ plan }) => plan.target === name));
  });
}

/** From so much of its quota on it would be full again at once. */
const NEARLY_FULL = 0.9;

/** What its keys hold now fills it. One that an earlier run, or a person, made small is no smaller now, and has room. */
function gainedNothing(view: ClusterView, ledger: Ledger, goal: DefragmentGoal): string | null {
  if (notDefragmented(view, ledger, goal).length > 0 || refusesWrites(view) === null) return null;
  const same = statuses(view).find(
    (row) =>
      !isSmaller(row, goal.sizes[row.name] ?? 0) &&
      (row.dbSizeBytes ?? 0) >= (row.quotaBytes ?? Infinity) * NEARLY_FULL,
  );
  return same === undefined
    ? null
    : `${sizeText(same)}: what its keys hold now fills it; delete keys that nobody needs, or start etcd with a larger --quota-backend-bytes, then ekimi run-procedure defragment-dcs anew`;
}
