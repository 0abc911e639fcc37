import { spanText } from '../words/amounts.js';
import type { Channel } from '../model/channel.js';
import type { Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import type { Assessment } from './finding.js';
import { beatAgeOf } from './lag-beat.js';
import { firstBeyond } from './leader-trail.js';
import { followedIn } from './leader.js';
import { forkPoint } from './timeline.js';

/** How old what a replica shows is, by one channel's word on its position. */
export interface LagAge {
  readonly channel: Extract<Channel, 'api' | 'sql'>;
  readonly ageMs: number;
  readonly text: string;
  /** `heartbeat`: from the rows that are written for that; `positions`: from where the leader was when. */
  readonly by: 'heartbeat' | 'positions';
}

type At = Pick<Assessment, 'view' | 'memory'>;

/** How old what the replica shows is, by each channel that can tell. By SQL the heartbeat goes before an estimate. */
export function lagAgesOf(at: At, member: MemberView): readonly LagAge[] {
  const beat = beatAgeOf(at, member);
  const estimates = estimatesOf(at, member);
  if (beat === null) return estimates;
  return [{ channel: 'sql', by: 'heartbeat', ...beat }, ...estimates.filter(({ channel }) => channel !== 'sql')];
}

/**
 * The time since the leader was first seen beyond the position that the replica has replayed. 0: it never was. By our own clock and the
 * leader's positions, so that neither clocks that differ nor an idle leader make a replica old; no older than we have watched. Empty: nobody
 * can tell. It counts where few bytes are missing for long, and where a replica has no source at all.
 */
function estimatesOf(at: At, member: MemberView): readonly LagAge[] {
  const leader = followedIn(at.view);
  if (leader === null || leader === member || (at.memory.leaderTrail ?? []).length === 0) return [];
  const sql = freshValue(member.sql);
  const api = freshValue(member.api);
  return [
    ...aged(at, member, {
      channel: 'sql',
      lsn: sql?.inRecovery === true ? sql.replayLsn : null,
      timeline: sql?.timeline,
    }),
    ...aged(at, member, { channel: 'api', lsn: api?.xlog?.replayedLocation ?? null, timeline: api?.timeline }),
  ];
}

interface Told {
  readonly channel: LagAge['channel'];
  readonly lsn: Lsn | null;
  readonly timeline: number | null | undefined;
}

function aged({ view, memory }: At, member: MemberView, told: Told): readonly LagAge[] {
  const { channel, lsn, timeline } = told;
  const leader = followedIn(view);
  if (lsn === null || lsn === 0n || timeline == null || leader === null) return [];
  const leaderTimeline = freshValue(leader.sql)?.timeline ?? freshValue(leader.api)?.timeline ?? null;
  if (leaderTimeline === null || timeline > leaderTimeline) return [];
  const fork = forkPoint(view, timeline, leaderTimeline);
  // Beyond the fork it is on a history of its own, whose age the leader's positions do not tell.
  if (fork === undefined || (fork !== null && lsn > fork)) return [];
  const beyond = firstBeyond(memory, lsn);
  const ageMs = beyond === undefined ? 0 : Math.max(0, view.atMs - beyond.atMs);
  const who = channel === 'sql' ? 'SQL' : 'API';
  return [{ channel, by: 'positions', ageMs, text: `${who}: what ${member.name} shows is ${spanText(ageMs)} old` }];
}
