import { bytesText } from '../words/amounts.js';
import { bytesBetween, formatLsn } from '../model/names.js';
import type { Finding } from '../model/problem.js';
import type { Evidence } from '../model/channel.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { cutOffBy } from './cut-off.js';
import { says, seen, type Assess, type Assessment } from './finding.js';
import { whyNotStreaming } from './intended.js';
import { lagFiguresOf } from './lag-figures.js';
import { followedIn, leadershipOf, replicasOf } from './leader.js';
import { lostSlotOf } from './lost-slot.js';
import { receivingBy } from './replica.js';
import { forkPoint, timelineOf } from './timeline.js';

/** Replicas that run but do not receive, receive but do not replay, or follow another history than the leader's. */
export const assessReplication: Assess = (input) => {
  const findings: Finding[] = [];
  if (followedIn(input.view) === null) return findings;
  for (const member of replicasOf(input.view)) {
    if (!runsAsReplica(member)) continue;
    findings.push(...notStreaming(input, member), ...diverged(input, member), ...replayBlocked(input, member));
  }
  return findings;
};

function runsAsReplica(member: MemberView): boolean {
  const api = freshValue(member.api);
  if (api !== null) return api.role === 'replica' && api.state === 'running';
  return freshValue(member.sql)?.inRecovery === true;
}

const WORDS = {
  api: 'says that it does not stream',
  sql: 'has no streaming WAL receiver',
  peers: 'is not among those who stream from the leader',
} as const;

function notStreaming(input: Assessment, member: MemberView): readonly Finding[] {
  const by = receivingBy(input.view, member);
  const evidence: Evidence[] = [];
  for (const channel of ['api', 'sql', 'peers'] as const) {
    if (by[channel] === false) evidence.push(says(channel, `${member.name} ${WORDS[channel]}`, input.view.atMs));
  }
  if (evidence.length === 0 || receivesOtherwise(input, member)) return [];
  const lost = lostSlotOf(input.view, member);
  const barred = lost === null ? cutOffBy(input.view, member) : [];
  if (barred.length > 0) return [seen('replica-cut-off', member.name, [...barred, ...evidence])];
  const findings = [seen('replica-not-streaming', member.name, evidence)];
  if (lost !== null) findings.push(seen('wal-missing', member.name, [...evidence, says('sql', lost, input.view.atMs)]));
  return findings;
}

/** How long replay from an archive may stand still between two files: archive_timeout is rarely longer. */
const ARCHIVE_FILE_MS = 120_000;

/** Not from a stream, and on purpose or for the time being: it has its WAL from the archive, and replay moves. */
function receivesOtherwise({ view, memory }: Assessment, member: MemberView): boolean {
  if (whyNotStreaming(view, member) !== null) return true;
  if (freshValue(member.api)?.replicationState !== 'in archive recovery') return false;
  const replay = memory.replay[member.name];
  return replay !== undefined && view.atMs - replay.changedAtMs < ARCHIVE_FILE_MS;
}

/** Its timeline ended in the leader's history before where this member is: WAL that the leader does not have. */
function diverged(input: Assessment, member: MemberView): readonly Finding[] {
  const leadership = leadershipOf(input.view);
  const api = freshValue(member.api);
  const sql = freshValue(member.sql);
  const timeline = timelineOf(member, input.memory);
  if (leadership.kind !== 'proven' || leadership.timeline === null || timeline === null) return [];
  if (timeline === leadership.timeline) return [];
  const position = sql?.replayLsn ?? api?.xlog?.replayedLocation ?? null;
  const fork = forkPoint(input.view, timeline, leadership.timeline);
  if (position === null || fork == null || position <= fork) return [];
  const text = `${member.name} is on timeline ${timeline} at ${formatLsn(position)}, ${bytesText(bytesBetween(position, fork))} past ${formatLsn(fork)}, where the leader left it for ${leadership.timeline}`;
  return [
    seen(
      'timeline-diverged',
      member.name,
      [
        says(sql === null ? 'api' : 'sql', text, input.view.atMs),
        says('peers', `/history of the leader ends timeline ${timeline} at ${formatLsn(fork)}`, input.view.atMs),
      ],
      {
        divergedBytes: bytesBetween(position, fork),
      },
    ),
  ];
}

/** WAL arrives, replay does not move, and a backend stands in its way. [Runbook: Replication Lag Management > Remediation Steps] */
function replayBlocked(input: Assessment, member: MemberView): readonly Finding[] {
  const sql = freshValue(member.sql);
  if (sql === null || !sql.inRecovery || sql.blockers.length === 0) return [];
  const lag = lagFiguresOf(input.view, member);
  const stalled = replayStalledForMs(input, member);
  const confirmed = sql.blockers.filter((blocker) => blocker.confirmed);
  if (confirmed.length === 0) return [];
  const worst = confirmed[0];
  if (worst === undefined) return [];
  const behind = lag.filter((figure) => figure.lagBytes >= input.policy.lag.warningBytes);
  const evidence = [
    says(
      'sql',
      `replay on ${member.name} waits for pid ${worst.pid} (${worst.user}@${worst.database}, ${worst.application || 'no application name'}, open for ${Math.round(worst.xactAgeMs / 1000)} s): ${worst.query}`,
      input.view.atMs,
    ),
    ...behind
      .filter((figure) => figure.channel !== 'sql')
      .map((figure) => says(figure.channel, figure.text, input.view.atMs)),
  ];
  return [
    seen('replay-blocked', member.name, evidence, {
      pid: worst.pid,
      blockers: confirmed.length,
      stalledMs: stalled,
      lagBytes: lag[0]?.lagBytes ?? null,
    }),
  ];
}

function replayStalledForMs(input: Assessment, member: MemberView): number | null {
  const remembered = input.memory.replay[member.name];
  return remembered === undefined ? null : input.view.atMs - remembered.changedAtMs;
}
