import { freshValue, recentValue, UNREAD } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { isOutOfService, stoppedHost, votersOf } from './stores.js';

/** The host driver sees in this look that its data directory is there and empty: started, it would be a member of an etcd without data. */
export const holdsNothing = ({ storeData }: ClusterView, name: string): boolean => {
  const reading = storeData?.[name];
  return reading !== undefined && freshValue(reading)?.holds === 'nothing';
};

/** So many have no data that no majority has any: what etcd answers next is of another etcd, whose revisions begin anew. */
export const isMajorityLost = (view: ClusterView): boolean =>
  view.dcs.endpoints.filter(({ name }) => holdsNothing(view, name)).length * 2 > view.dcs.endpoints.length;

/** Why an etcd member is not started; null: nothing is known against it, or its host driver tells nothing of data directories. */
export function whyEmpty(view: ClusterView, name: string): string | null {
  if (holdsNothing(view, name))
    return `the data directory of ${name} is empty: started, it would begin an etcd without data, in which any member may lead; ekimi run-procedure reseed-dcs`;
  const reading = view.storeData?.[name];
  if (reading === undefined || reading.kind === 'fresh') return null;
  if (reading.kind === 'unknown' && reading.fault === 'not-configured') return null;
  return `what the data directory of ${name} holds cannot be read: ${reading.kind === 'unknown' ? reading.reason : 'not in this pass'}`;
}

/** A member of Patroni that is not proven to be stopped in this look; null: each is. */
export const whoRuns = ({ members }: ClusterView): string | null =>
  members.find(({ host }) => freshValue(host)?.state !== 'stopped')?.name ?? null;

/**
 * Why one may not begin without data in a reseed, just before it is started; null: it may. A member of Patroni that runs when an empty etcd appears
 * may lead, one that is behind included; data that was put back meanwhile belongs to another etcd. `emptied`: those whose data must lie aside by then:
 * with the same addresses and tokens it is a member of the new etcd, too, and has another history.
 */
export function whyAnew(view: ClusterView, name: string, emptied: readonly string[] = []): string | null {
  if (view.dcs.keys.kind !== 'unknown') return null;
  // All were proven to be stopped before the first etcd member: one that is not told of in this look is no reason to leave etcd in the middle.
  const runs = view.members.find(({ host }) => !['stopped', 'absent'].includes(recentValue(host)?.state ?? 'stopped'));
  if (runs !== undefined) return `${runs.name} runs by its host driver, and may lead in an empty etcd`;
  const kept = emptied.find((one) => !holdsNothing(view, one));
  if (kept !== undefined) return `${kept} is not proven to be without data: what it has is of the old etcd`;
  const reading = view.storeData?.[name];
  if (reading === undefined || holdsNothing(view, name)) return null;
  return reading.kind === 'fresh'
    ? `${name} has data, which is of another etcd than the one that was begun`
    : `what the data directory of ${name} holds has not been read in this pass`;
}

/** Those that have data of a member, by this look. */
export const holdersOf = ({ dcs, storeData }: ClusterView): readonly string[] =>
  dcs.endpoints.map(({ name }) => name).filter((name) => freshValue(storeData?.[name] ?? UNREAD)?.holds === 'member');

/**
 * Why a new etcd may not be begun in the place of the old one; null: the host driver proves that no majority has data, and that those without are
 * stopped. No start can bring such an etcd back. What cannot be read is a reason.
 */
export function whyNotLost(view: ClusterView, memory: Pick<Memory, 'etcd'>): string | null {
  const { dcs, storeData } = view;
  if (dcs.keys.kind !== 'unknown') return 'etcd answers with a majority: its data is not lost';
  const holding = holdersOf(view);
  const unstopped = dcs.endpoints.filter((row) => stoppedHost(row) === null);
  const between = unstopped.find(({ host }) => storeData === undefined || recentValue(host)?.state !== 'running');
  if (between !== undefined) return `${between.name} is not proven to be stopped`;
  const voters = votersOf(memory);
  if (voters > dcs.endpoints.length)
    return `etcd had ${voters} members when it was last asked, and dcs.hosts names ${dcs.endpoints.length}: one that is not looked at may have its data`;
  if (storeData === undefined)
    return 'the host driver cannot tell what the data directories of etcd hold (hosts.dcsData of driver docker, or hosts.commands.storeData)';
  for (const { name } of dcs.endpoints) {
    const reading = storeData[name];
    if (reading?.kind !== 'fresh')
      return `what the data directory of ${name} holds cannot be read: ${reading?.kind === 'unknown' ? reading.reason : 'not read in this pass'}`;
  }
  const serving = unstopped.find((row) => !isOutOfService(row));
  if (serving !== undefined) return `${serving.name} answers as an etcd member that serves`;
  const begun = unstopped.find(({ name }) => holdsNothing(view, name));
  if (begun !== undefined) return `${begun.name} has no data, and is not proven to be stopped`;
  // Of those that etcd had: one that somebody has forced to be a cluster of its own is a majority of one.
  if (holding.length * 2 <= (voters === 0 ? dcs.endpoints.length : voters)) return null;
  return `${holding.join(', ')} ${holding.length === 1 ? 'has' : 'have'} data, which is a majority: ekimi run-procedure recover-dcs starts ${holding.length === 1 ? 'it' : 'them'}`;
}
