import { dayText } from '../words/moments.js';
import { bytesText } from '../words/amounts.js';
import { bytesBetween, formatLsn, parseLsn, type Lsn } from '../model/names.js';
import { freshValue, lastValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import type { Assessment } from './finding.js';
import { leadershipOf, waitsOf } from './leader.js';
import { surplusOf } from './surplus.js';
import { forkPoint } from './timeline.js';

/** What a replica at most holds that the leader does not, for the guard before its copy is destroyed. */
export type Divergence =
  | { readonly kind: 'ancestor'; readonly text: string }
  | { readonly kind: 'diverged'; readonly bytes: number; readonly text: string }
  /** Its history parted from the leader's, and what it holds beyond was read: nothing that anybody was told. */
  | { readonly kind: 'parted'; readonly bytes: number; readonly text: string }
  | { readonly kind: 'unproven'; readonly text: string };

interface Position {
  readonly timeline: number;
  readonly lsn: Lsn;
  readonly inRecovery: boolean;
  readonly atMs: number;
  readonly isSure: boolean;
}

const unproven = (text: string): Divergence => ({ kind: 'unproven', text });
const wasPrimary = (member: MemberView): Divergence =>
  unproven(`${member.name} was last seen as a primary: it may hold writes of its own`);

/**
 * Is what the member holds an ancestor of the leader's? A replica writes no WAL of its own, so the last position at which it was seen in
 * recovery bounds what it can hold, as long as it was not primary since: by what was seen of it, by the history, and because there is no
 * time in which nobody looked.
 */
export function divergenceOf(input: Assessment, member: MemberView): Divergence {
  const leadership = leadershipOf(input.view);
  if (leadership.kind !== 'proven') return unproven('there is no proven leader to compare with');
  const leader =
    freshValue(leadership.member.sql)?.currentLsn ?? freshValue(leadership.member.api)?.xlog?.location ?? null;
  if (leader === null || leadership.timeline === null) return unproven("the leader's position is unknown");
  const last = positionIn(input.memory.positions[member.name]);
  const primary = positionIn(input.memory.lastPrimary?.[member.name]);
  if (primary !== null) return ofFormerPrimary(input, member, { primary, last, leaderTimeline: leadership.timeline });
  if (last === null) return unproven(`no position of ${member.name} is known`);
  if (!last.inRecovery) return wasPrimary(member);
  const since = mayHaveLedSince(input, member, { last, leaderTimeline: leadership.timeline });
  if (since !== null) return unproven(since);
  if (!last.isSure)
    return unproven(
      `only its own word says that ${member.name} is on timeline ${last.timeline}: it was not seen streaming`,
    );
  const fork = forkPoint(input.view, last.timeline, leadership.timeline);
  if (fork === undefined) return unproven(`timeline ${last.timeline} of ${member.name} is not in the leader's history`);
  const limit = fork ?? leader;
  if (last.lsn > limit) return diverged(member, last.lsn, limit);
  return {
    kind: 'ancestor',
    text: `${member.name} was last in recovery at ${formatLsn(last.lsn)} on timeline ${last.timeline}, which the leader's history holds`,
  };
}

/** Why the last position is no bound on what it holds; null: it did not lead afterwards. */
function mayHaveLedSince(
  { view, memory }: Assessment,
  member: MemberView,
  at: { readonly last: Position; readonly leaderTimeline: number },
): string | null {
  const { last, leaderTimeline } = at;
  const { name } = member;
  const seen = `${name} was last seen in recovery at ${formatLsn(last.lsn)} on timeline ${last.timeline}`;
  const led = lastValue(view.history)?.find((row) => row.timeline >= last.timeline && row.newLeader === name);
  if (led !== undefined)
    return `${seen}, and the history says that it led timeline ${led.timeline + 1} afterwards: it may hold writes of its own`;
  const gap = memory.unwatched?.[name];
  if (gap === undefined) return null;
  return `${seen}; from ${dayText(gap.fromMs)} to ${dayText(gap.toMs)} nobody watched it (${gap.why}), and the leader is on timeline ${leaderTimeline}: whether ${name} led meanwhile, and what it wrote then, is not known`;
}

function diverged(member: MemberView, lsn: Lsn, limit: Lsn): Divergence {
  const bytes = bytesBetween(lsn, limit);
  return { kind: 'diverged', bytes, text: divergedText(member, bytes, limit) };
}

const divergedText = ({ name }: MemberView, bytes: number, limit: Lsn): string =>
  `${name} holds at least ${bytesText(bytes)} past ${formatLsn(limit)} that the leader does not have`;

/** It wrote WAL itself. Where that ended is known only once it has replayed all that it has, as a replica that waits for more. */
function ofFormerPrimary(
  input: Assessment,
  member: MemberView,
  at: { readonly primary: Position; readonly last: Position | null; readonly leaderTimeline: number },
): Divergence {
  const { primary, last } = at;
  const fork = forkPoint(input.view, primary.timeline, at.leaderTimeline);
  if (fork == null)
    return unproven(
      `${member.name} was primary on timeline ${primary.timeline}, whose end is not in the leader's history: it may hold writes of its own`,
    );
  const end = last !== null && last.lsn > primary.lsn ? last.lsn : primary.lsn;
  const guess = byPositions(input, member, { ...at, end, fork });
  return guess.kind === 'ancestor' ? guess : bySurplus(input, member, { guess, end, fork });
}

type Ends = { readonly end: Lsn; readonly fork: Lsn };

function byPositions(
  input: Assessment,
  member: MemberView,
  { primary, last, end, fork }: Ends & { readonly primary: Position; readonly last: Position | null },
): Divergence {
  if (end > fork) return diverged(member, end, fork);
  if (last === null || !last.inRecovery || last.atMs <= primary.atMs) return wasPrimary(member);
  if (!hasReplayedAll(input, member)) return wasPrimary(member);
  return {
    kind: 'ancestor',
    text: `${member.name} has replayed all its WAL up to ${formatLsn(end)}, and the leader left timeline ${primary.timeline} at ${formatLsn(fork)}`,
  };
}

/** What only it holds: read by pg_waldump where the host driver has it, else what positions tell of it. */
function bySurplus(
  input: Assessment,
  member: MemberView,
  { guess, end, fork }: Ends & { readonly guess: Divergence },
): Divergence {
  const surplus = surplusOf(input, member.name, { fork, end });
  if (surplus === null) return guess;
  if (surplus.kind === 'unread') return { ...guess, text: `${guess.text} (not read: ${surplus.why})` };
  if (surplus.kind === 'empty' && input.policy.rebuild?.readSurplus !== false)
    return { kind: 'parted', bytes: surplus.bytes, text: `${member.name} has parted from the leader; ${surplus.text}` };
  const bytes = Math.max(surplus.bytes, guess.kind === 'diverged' ? guess.bytes : 0);
  return { kind: 'diverged', bytes, text: `${divergedText(member, bytes, fork)}: ${surplus.text}` };
}

/** Nothing holds replay up and it stands still for longer than a loop: the end of the WAL that it has. By SQL of this pass only. */
function hasReplayedAll({ view, memory }: Assessment, member: MemberView): boolean {
  const sql = freshValue(member.sql);
  const replay = memory.replay[member.name];
  if (sql?.inRecovery !== true || sql.replayPaused || sql.blockers.length > 0 || replay === undefined) return false;
  return view.atMs - replay.changedAtMs >= waitsOf(view).loopWaitMs;
}

interface Remembered {
  readonly timeline: number;
  readonly lsn: string;
  readonly atMs: number;
  readonly inRecovery?: boolean;
  readonly isSure?: boolean;
}

function positionIn(remembered: Remembered | undefined): Position | null {
  const lsn = remembered === undefined ? null : parseLsn(remembered.lsn);
  if (remembered === undefined || lsn === null) return null;
  const { timeline, atMs, inRecovery = false, isSure = true } = remembered;
  return { timeline, lsn, inRecovery, atMs, isSure };
}
