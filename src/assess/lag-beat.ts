import { spanText } from '../words/amounts.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { followedIn } from './leader.js';

/** A beat is due every second. Where none came for so long, nobody writes them, and what replicas show of them says nothing of now. */
const RECENT_MS = 10_000;

type Run = NonNullable<Memory['beatRun']>;

/**
 * The beats that the leader shows now, and since when they came one after the other. null: there is no leader that takes writes, it was not
 * read in this pass, or its last row is old or of another server.
 */
function runNow(memory: Memory, view: ClusterView): Run | null {
  const leader = followedIn(view);
  const sql = leader === null ? null : freshValue(leader.sql);
  const beat = sql?.beat ?? null;
  // Its age is by the leader's own clock, and so is its time, if it was written there.
  if (leader === null || sql?.inRecovery !== false || beat?.by !== leader.name || beat.agoMs > RECENT_MS) return null;
  const before = memory.beatRun;
  const stepMs = before?.member === leader.name ? beat.atMs - before.lastMs : null;
  const goesOn = before !== undefined && stepMs !== null && stepMs >= 0 && stepMs <= RECENT_MS;
  return { member: leader.name, firstMs: goesOn ? before.firstMs : beat.atMs, lastMs: beat.atMs };
}

/** What of it the next pass must know; one that could not be told keeps what was known. */
export function rememberBeats(memory: Memory, view: ClusterView): Pick<Memory, 'beatRun'> {
  const run = runNow(memory, view) ?? memory.beatRun;
  return run === undefined ? {} : { beatRun: run };
}

/**
 * How old what a replica shows is: the newest beat that the leader shows less the newest that the replica does, both of the leader's clock, so
 * that clocks that differ do not matter. Right to the time between two beats. Where beats did not always come, no older than they have.
 * null: nobody writes them, or the row cannot be read there.
 */
export function beatAgeOf(
  { view, memory }: { readonly view: ClusterView; readonly memory: Memory },
  member: MemberView,
): { readonly ageMs: number; readonly text: string } | null {
  const run = runNow(memory, view);
  const sql = freshValue(member.sql);
  const shown = sql?.beat ?? null;
  if (run === null || sql?.inRecovery !== true || shown?.by !== run.member) return null;
  const isOlder = shown.atMs < run.firstMs;
  const ageMs = Math.max(0, run.lastMs - Math.max(shown.atMs, run.firstMs));
  const atLeast = isOlder ? 'at least ' : '';
  return { ageMs, text: `SQL: what ${member.name} shows is ${atLeast}${spanText(ageMs)} old by heartbeat` };
}
