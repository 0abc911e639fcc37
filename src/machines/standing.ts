import { isSeenRewound } from '../assess/rewinding.js';
import { isStreaming } from '../assess/replica.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { withoutRow } from './rows.js';

type Since = Readonly<Record<string, number>>;

/** `holds` null: this pass cannot tell, and what was stands. */
const kept = (since: Since, name: string, holds: boolean | null, atMs: number): Since => {
  if (holds === null || (holds && name in since)) return since;
  return holds ? { ...since, [name]: atMs } : withoutRow(since, name);
};

/** Since when replay is paused, and who is being rewound: a rewind that ends without a stream is remembered until there is one. */
export function rememberStanding(
  memory: Memory,
  view: ClusterView,
): Pick<Memory, 'replayPausedSinceMs' | 'rewindingSinceMs'> {
  let { replayPausedSinceMs = {}, rewindingSinceMs = {} } = memory;
  for (const member of view.members) {
    const rewinds = isSeenRewound({ view, memory }, member) ? true : isStreaming(view, member) ? false : null;
    replayPausedSinceMs = kept(replayPausedSinceMs, member.name, isReplayPaused(member), view.atMs);
    rewindingSinceMs = kept(rewindingSinceMs, member.name, rewinds, view.atMs);
  }
  return { replayPausedSinceMs, rewindingSinceMs };
}

function isReplayPaused(member: MemberView): boolean | null {
  const told = [freshValue(member.sql)?.replayPaused, freshValue(member.api)?.xlog?.replayPaused].filter(
    (answer) => answer !== undefined,
  );
  return told.length === 0 ? null : told.some((answer) => answer);
}
