import { pageOf } from '../assess/catalogue.js';
import { leadershipOf } from '../assess/leader.js';
import { linesIn } from '../assess/proxy-lines.js';
import { writingOf } from '../assess/writer.js';
import type { WithoutWrites } from '../model/incident.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { ownerOf } from '../model/proxy.js';
import type { ClusterView } from '../model/view.js';

/** There is a leader, and no transaction of a client ends well; a form of it that is told to nobody is that of one client alone. */
const REFUSES_WRITES: readonly ProblemCode[] = ['leader-read-only', 'leader-cannot-write', 'commits-wait'];

/** Can a client write now, through the proxy where there is one? null: nobody can tell. */
export function takesWrites(view: ClusterView, problems: readonly Problem[]): boolean | null {
  const writing = writingOf(view);
  if (writing?.takes === false || isClosed(view)) return false;
  if (writing === null) return null;
  return !problems.some(
    ({ code, phase, facts }) => REFUSES_WRITES.includes(code) && phase === 'active' && pageOf(code, facts) !== 'never',
  );
}

/**
 * Every proxy that routes writes sends them to nobody, or to others than the proven leader. One whose servers are not known as members tells
 * nothing, and nor does a silent one, behind which clients may be served.
 */
function isClosed(view: ClusterView): boolean {
  const members: readonly string[] = view.members.map(({ name }) => name);
  const leadership = leadershipOf(view);
  const routing = view.proxies.filter(({ pools }) => pools.writes !== null);
  return (
    routing.length > 0 &&
    routing.every((proxy) => {
      const pool = linesIn(proxy, 'writes').map(({ row }) => ({ up: row.up, member: ownerOf(row) ?? '' }));
      if (!pool.some(({ member }) => members.includes(member))) return false;
      return !pool.some(({ up, member }) => up && (leadership.kind !== 'proven' || member === leadership.member.name));
    })
  );
}

interface Moment {
  readonly nowMs: number;
  /** How long before this pass the last one was, since nobody knows when in between it changed. */
  readonly gapMs: number;
}

/** The count after one more pass, in which writes were taken, were not, or nobody could tell. */
export function countedOn(before: WithoutWrites, takes: boolean | null, { nowMs, gapMs }: Moment): WithoutWrites {
  const { untoldSinceMs } = before;
  if (takes === null) return untoldSinceMs === null ? { ...before, untoldSinceMs: nowMs - gapMs } : before;
  const untoldMs = untoldSinceMs === null ? 0 : nowMs - untoldSinceMs;
  const told = { ...before, unsureMs: before.unsureMs + untoldMs, untoldSinceMs: null };
  const { ms, unsureMs, sinceMs } = told;
  if (takes === (sinceMs === null)) return untoldSinceMs === null ? before : told;
  const edgeMs = untoldSinceMs === null ? gapMs : 0;
  return takes
    ? { ...told, ms: ms + nowMs - (sinceMs ?? nowMs), unsureMs: unsureMs + edgeMs, sinceMs: null }
    : { ...told, unsureMs: unsureMs + edgeMs, sinceMs: nowMs };
}
