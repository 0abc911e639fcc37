import { isOfCommonCause } from '../assess/all-replicas.js';
import { pageOf, problemRow } from '../assess/catalogue.js';
import { isSpokenFor, thingOf } from '../assess/things.js';
import type { Incident, IncidentProblem } from '../model/incident.js';
import { problemKey, type Problem, type ProblemCode } from '../model/problem.js';

/** Trouble with the leader, and what ends or answers it: in one cluster at one time it is one incident, whoever its subject is. */
const LEADER_TROUBLE: readonly ProblemCode[] = [
  'leader-down',
  'leader-frozen',
  'leader-hung',
  'leader-not-serving',
  'leader-api-silent',
  'leader-flapping',
  'leader-read-only',
  'leader-cannot-write',
  'leader-unreachable',
  'leaderless',
  'no-failover-candidate',
  'commits-wait',
  'cluster-down',
  'dcs-quorum-lost',
  'failsafe-active',
  'keys-missing',
  'primary-without-key',
  'leader-unrouted',
  'proxy-behind',
  'split-brain-suspected',
  'split-brain-confirmed',
];

/** What a change of leader, or the lack of one, leaves behind on members and in the proxy. */
const FOLLOWS_THE_LEADER: readonly ProblemCode[] = [
  'all-replicas-affected',
  'channels-contradict',
  'copy-fails',
  'creating-replica-stuck',
  'member-down',
  'member-fenced',
  'member-rejoined',
  'member-rewinding',
  'member-starting',
  'patroni-down',
  'proxy-mismatch',
  'replica-crash-loop',
  'replica-lag-critical',
  'replica-lag-emergency',
  'replica-lagging',
  'replica-not-streaming',
  'replica-recovered',
  'replica-start-failed',
  'rewind-failed',
  'rewind-interrupted',
  'sessions-stay',
  'timeline-diverged',
  'timeline-foreign',
  'too-few-replicas',
  'wal-missing',
  'wrong-upstream',
];

/** Of one member these are one story. What may stand for weeks beside them (a slot, a certificate, a setting) is another one. */
const STORY_OF_A_MEMBER: readonly ProblemCode[] = [
  ...FOLLOWS_THE_LEADER.filter((code) => code !== 'channels-contradict' && code !== 'proxy-mismatch'),
  'data-corruption',
  'disk-full',
  'leader-api-silent',
  'leader-down',
  'leader-frozen',
  'leader-hung',
  'leader-not-serving',
  'leader-unreachable',
  'member-unreachable',
  'replay-blocked',
  'replay-paused',
  'replica-cut-off',
];

/** These name a cause: incidents that it explains were one all along. Any other problem joins one incident and leaves the others apart. */
const NAMES_A_CAUSE: readonly ProblemCode[] = [...LEADER_TROUBLE, 'all-replicas-affected', 'site-lost'];

/** Trouble with the leader that ended longer ago is another one's cause no more. */
const RECENT_MS = 60_000;
/** Replicas may miss the leader some passes before its death is sure. */
const BEFORE_MS = 10_000;

/**
 * Begins an incident: active, and Ekimi or a person has something to do about it. What only informs joins one or none, and what another
 * problem speaks for waits until that one begins it.
 */
export const opens = (problem: Problem, all: readonly Problem[]): boolean => {
  const { phase, level, code, facts } = problem;
  if (phase !== 'active' || level === 'info' || isSpokenFor(problem, all)) return false;
  return problemRow(code).ladder.length > 0 || pageOf(code, facts) !== 'never';
};

export const joinsSeveral = ({ code }: Problem): boolean => NAMES_A_CAUSE.includes(code);

export const holds = ({ problems }: Incident, problem: { readonly code: string; readonly subject: string }): boolean =>
  problems.some((row) => problemKey(row) === problemKey(problem));

/** Trouble with the leader, or what ends it: the cluster takes no writes, or will take none, until it is over. */
export const isOfLeader = ({ code }: { readonly code: ProblemCode | 'operator' }): boolean =>
  code !== 'operator' && LEADER_TROUBLE.includes(code);

/** Is the leader in trouble in this incident, or was until a moment ago? */
export const isLeaderTrouble = ({ problems }: Incident, nowMs: number): boolean =>
  problems.some((row) => isOfLeader(row) && isRecent(row, nowMs));

const isRecent = ({ endedAtMs }: IncidentProblem, nowMs: number): boolean =>
  endedAtMs === null || nowMs - endedAtMs < RECENT_MS;

/** Why a problem belongs to an incident; any one is enough. */
const LINKS: readonly ((problem: Problem, incident: Incident, all: readonly Problem[], nowMs: number) => boolean)[] = [
  // Another form of the same thing, which supersedes it or is superseded.
  (problem, { problems }) => problems.some((row) => thingOf(row) === thingOf(problem)),
  // One of them speaks for the other; what many causes have in common ties no two of them together.
  (problem, incident, all) =>
    all.some(
      (other) =>
        holds(incident, other) &&
        (isSpokenFor(problem, [other]) ||
          (isSpokenFor(other, [problem]) && (incident.cause === other.code || joinsSeveral(problem)))),
    ),
  // All replicas have it, so it is one cause.
  (problem, incident, all) =>
    all.some(
      (other) =>
        holds(incident, other) &&
        ((other.code === 'all-replicas-affected' && isOfCommonCause(problem, [other])) ||
          (problem.code === 'all-replicas-affected' && isOfCommonCause(other, [problem]))),
    ),
  // The leader's trouble is one, and what follows from it while it lasts is its own.
  (problem, incident, _all, nowMs) => {
    const isLeaders = isOfLeader(problem);
    if (isLeaderTrouble(incident, nowMs))
      return (
        isLeaders ||
        (FOLLOWS_THE_LEADER.includes(problem.code) && problem.firstSeenMs >= incident.openedAtMs - BEFORE_MS)
      );
    return (
      isLeaders && incident.openedAtMs >= problem.firstSeenMs - BEFORE_MS && FOLLOWS_THE_LEADER.includes(incident.cause)
    );
  },
  // Fewer replicas serve, since one of them is in trouble, or was drained for it.
  (problem, { problems }) =>
    problem.code === 'too-few-replicas' && problems.some((row) => STORY_OF_A_MEMBER.includes(row.code)),
  // The story of one member goes on: it is down, started, rewound, copied anew; or an action of this incident worked on it.
  (problem, { problems, remediations }) =>
    STORY_OF_A_MEMBER.includes(problem.code) &&
    (problems.some((row) => row.subject === problem.subject && STORY_OF_A_MEMBER.includes(row.code)) ||
      remediations.some((row) => row.target === problem.subject)),
];

export const isLinked = (problem: Problem, incident: Incident, all: readonly Problem[], nowMs: number): boolean =>
  holds(incident, problem) || LINKS.some((link) => link(problem, incident, all, nowMs));
