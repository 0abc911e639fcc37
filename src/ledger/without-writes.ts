import { pageOf } from '../assess/catalogue.js';
import { leadershipOf } from '../assess/leader.js';
import { writingOf } from '../assess/writer.js';
import type { WithoutWrites } from '../model/incident.js';
import type { Problem, ProblemCode } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
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

/** The proxy sends writes to nobody, or to others than the proven leader. One whose servers are not called like the members tells nothing. */
function isClosed(view: ClusterView): boolean {
  const members: readonly string[] = view.members.map(({ name }) => name);
  const pool = freshValue(view.proxy)?.servers.filter((row) => row.backend === view.pools?.primary) ?? [];
  const leadership = leadershipOf(view);
  if (!pool.some(({ server }) => members.includes(server))) return false;
  return !pool.some(({ up, server }) => up && (leadership.kind !== 'proven' || server === leadership.member.name));
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
