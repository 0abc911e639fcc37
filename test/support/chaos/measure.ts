import type { SimulatedCluster } from '../../../src/simulator/world.js';

/** How often clients try to write, milliseconds. */
const SAMPLE_MS = 200;

interface Commit {
  readonly timeline: number;
  readonly lsn: number;
  readonly forks: readonly { readonly timeline: number; readonly lsn: number }[];
}

export interface Measured {
  /** No client of the proxy could write. */
  readonly outageMs: number;
  /** Clients of the proxy could write to two. */
  readonly doubledMs: number;
  /** A letter for each try of the client: `.` nobody took it, `k` taken and there in the end, `l` taken and lost. */
  readonly writes: string;
}

/** For how long writes were taken and lost that every one of `others` took and kept, milliseconds. */
export function lostAlone({ writes }: Measured, others: readonly Measured[]): number {
  const alone = Array.from(writes).filter((what, at) => what === 'l' && others.every((other) => other.writes[at] === 'k'));
  return alone.length * SAMPLE_MS;
}

/** A client that writes through the proxy, from now on. Ends when nobody moves the time any more. */
export function measure(cluster: SimulatedCluster): { readonly result: () => Measured } {
  let outageMs = 0;
  let doubledMs = 0;
  const commits: (Commit | null)[] = [];
  const sample = (): void => {
    const taker = cluster.writesGoTo();
    if (taker === null) {
      outageMs += SAMPLE_MS;
      commits.push(null);
    } else {
      const { timeline, forks, replayLsn } = cluster.inspect(taker).postgres;
      commits.push({ timeline, forks, lsn: replayLsn });
    }
    const primaries = cluster.primaries();
    if (primaries.length > 1 && primaries.filter((name) => takes(cluster, name)).length > 1) doubledMs += SAMPLE_MS;
    cluster.at(cluster.nowMs() + SAMPLE_MS, sample);
  };
  sample();
  return {
    result: () => {
      const holder = cluster.writesGoTo() ?? cluster.leader();
      const kept = (commit: Commit): boolean => holder === null || has(cluster, holder, commit);
      const writes = commits.map((commit) => (commit === null ? '.' : kept(commit) ? 'k' : 'l')).join('');
      return { outageMs, doubledMs, writes };
    },
  };
}

const takes = (cluster: SimulatedCluster, name: string): boolean =>
  cluster.proxyStatus(cluster.options.primaryBackend, name).startsWith('UP') && cluster.opens('proxy', name);

/** Whether this member's history holds the commit: the same forks below it, and no fork of its timeline before it. */
function has(cluster: SimulatedCluster, name: string, commit: Commit): boolean {
  const { timeline, forks, replayLsn, receiveLsn } = cluster.inspect(name).postgres;
  if (!commit.forks.every((fork) => forks.some((own) => own.timeline === fork.timeline && own.lsn === fork.lsn)))
    return false;
  const end = forks.find((fork) => fork.timeline === commit.timeline)?.lsn;
  if (end !== undefined) return commit.lsn <= end;
  return timeline === commit.timeline && commit.lsn <= Math.max(replayLsn, receiveLsn);
}
