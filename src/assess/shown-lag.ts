import { bytesBetween } from '../model/names.js';
import type { Problem } from '../model/problem.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { ClusterView, MemberView } from '../model/view.js';

export const leaderIn = (view: ClusterView): string | null => lastValue(view.dcs.keys)?.leader.holder ?? null;

/** How far behind the leader, in bytes. */
export interface ShownLag {
  /** null for the leader and where nothing is known, never zero by default. */
  readonly bytes: number | null;
  /** Where the figure comes from, or why there is none. */
  readonly from: string;
}

/** The figure that a problem already carries wins, so that the page never contradicts the decision beside it. */
export function shownLagOf(view: ClusterView, member: MemberView, problems: readonly Problem[]): ShownLag {
  if (leaderIn(view) === member.name) return { bytes: null, from: 'holds the leader key' };
  if (isSilent(member)) return { bytes: null, from: 'it does not answer' };
  for (const problem of problems) {
    const bytes = problem.facts['lagBytes'];
    if (problem.subject === member.name && typeof bytes === 'number') return { bytes, from: problem.code };
  }
  return byPositions(view, member) ?? byStatistics(view, member) ?? byPeers(view, member) ?? NO_LAG;
}

/** What it was before it fell silent, and what its peers repeat of that, says nothing of now. */
const isSilent = ({ api, sql }: MemberView): boolean => freshValue(api) === null && freshValue(sql) === null;

const NO_LAG: ShownLag = { bytes: null, from: 'no source knows it' };

/** Two positions of two timelines must never be subtracted. */
function byPositions(view: ClusterView, member: MemberView): ShownLag | null {
  const leader = view.members.find((other) => other.name === leaderIn(view));
  if (leader === undefined) return null;
  const ahead = lastValue(leader.api);
  const behind = lastValue(member.api);
  const from = ahead?.xlog?.location ?? null;
  const to = behind?.xlog?.replayedLocation ?? null;
  if (from === null || to === null || ahead?.timeline !== behind?.timeline) return null;
  return { bytes: bytesBetween(from, to), from: 'positions by the member API' };
}

function byStatistics(view: ClusterView, member: MemberView): ShownLag | null {
  const leader = view.members.find((other) => other.name === leaderIn(view));
  const row =
    leader === undefined
      ? undefined
      : lastValue(leader.sql)?.replicas.find((replica) => replica.applicationName === member.name);
  return row?.lagBytes == null ? null : { bytes: row.lagBytes, from: "the primary's pg_stat_replication" };
}

function byPeers(view: ClusterView, member: MemberView): ShownLag | null {
  for (const peer of view.members) {
    const row = lastValue(peer.cluster)?.rows.find((other) => other.name === member.name);
    if (row?.lagBytes != null) return { bytes: row.lagBytes, from: `/cluster of ${peer.name}` };
  }
  return null;
}
