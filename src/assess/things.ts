import type { Problem, ProblemCode } from '../model/problem.js';
import { problemRow } from './catalogue.js';

/** One thing in several forms, the worst first: a person hears of the thing, and again when it takes a worse form. */
const THINGS: Readonly<Record<string, readonly ProblemCode[]>> = {
  lag: ['replica-lag-emergency', 'replica-lag-critical', 'replica-lagging'],
  start: ['replica-start-failed', 'replica-crash-loop'],
  writes: ['leader-cannot-write', 'leader-read-only'],
  stream: ['wal-missing', 'replica-not-streaming'],
  // What runs can be stopped; once it is, its death is the only form left.
  death: ['leader-unreachable', 'leader-down'],
};

const FORM = new Map<ProblemCode, { readonly thing: string; readonly order: number }>(
  Object.entries(THINGS).flatMap(([thing, codes]) => codes.map((code, order) => [code, { thing, order }] as const)),
);

type About = Pick<Problem, 'code' | 'subject'>;

/** What this problem is a form of, with its subject: `lag/patroni2`. A problem without forms is its own thing. */
export const thingOf = ({ code, subject }: About): string => `${FORM.get(code)?.thing ?? code}/${subject}`;

/** 0: the worst form of its thing. */
export const formOrder = (code: ProblemCode): number => FORM.get(code)?.order ?? 0;

/**
 * A worse form of the same thing is active, so this one needs no decision of its own. Where the milder form alone has a ladder it goes on
 * deciding: the worse one only tells.
 */
export function isSuperseded(problem: Problem, problems: readonly Problem[]): boolean {
  if (!FORM.has(problem.code)) return false;
  const hasLadder = (code: ProblemCode): boolean => problemRow(code).ladder.length > 0;
  return problems.some(
    (other) =>
      other.phase === 'active' &&
      thingOf(other) === thingOf(problem) &&
      formOrder(other.code) < formOrder(problem.code) &&
      (hasLadder(other.code) || !hasLadder(problem.code)),
  );
}

const OF_A_MEMBER: readonly ProblemCode[] = [
  'member-down',
  'patroni-down',
  'replica-start-failed',
  'replica-crash-loop',
  'wal-missing',
  'timeline-diverged',
  'rewind-failed',
];

/** Said of one thing by its name, so that it follows from the loss of a site only if it stands there. */
const OF_ONE: readonly ProblemCode[] = [
  'member-down',
  'patroni-down',
  'member-unreachable',
  'dcs-member-down',
  'channel-silent',
];

/** Said of the cluster as a whole, and no more than what its parts show. */
const OF_ALL: readonly ProblemCode[] = ['too-few-replicas', 'all-replicas-affected'];

/** Who is told of the first is not told of the others: they follow from it. */
const SPEAKS_FOR: Readonly<Partial<Record<ProblemCode, readonly ProblemCode[]>>> = {
  'cluster-down': ['member-down', 'patroni-down', 'too-few-replicas', 'all-replicas-affected', 'no-failover-candidate'],
  'split-brain-confirmed': ['split-brain-suspected'],
  'leader-hung': ['leader-cannot-write'],
  'dcs-quorum-lost': ['dcs-member-down'],
  'all-replicas-affected': ['too-few-replicas'],
  'site-lost': [...OF_ONE, ...OF_ALL],
  ...Object.fromEntries(OF_A_MEMBER.map((code) => [code, ['too-few-replicas' as const]])),
};

/** These speak only once they are sure: the suspicion alone is worth a page at once. */
const ONLY_WHEN_SURE: readonly ProblemCode[] = ['split-brain-confirmed'];

/** From a site that is cut off, what is elsewhere looks lost, and etcd without its quorum; and so does all of it where no address answers. */
const SEEN_BY_THE_CUT_OFF: readonly ProblemCode[] = [...OF_ONE, ...OF_ALL, 'dcs-quorum-lost', 'cluster-down'];

const spokenForBy = (speaker: Problem): readonly ProblemCode[] =>
  speaker.code === 'observer-impaired' &&
  (typeof speaker.facts['site'] === 'string' || speaker.facts['unreached'] === true)
    ? SEEN_BY_THE_CUT_OFF
    : (SPEAKS_FOR[speaker.code] ?? []);

/** One that names what stands on a site speaks of that alone. A channel's subject begins with whose channel it is. */
function isAmong({ facts }: Problem, { code, subject }: About): boolean {
  const names = facts['names'];
  if (typeof names !== 'string' || !OF_ONE.includes(code)) return true;
  return names.split(',').includes(subject.split(' ')[0] ?? subject);
}

/** A problem from which this one follows is there, and that one speaks. */
export const isSpokenFor = (problem: About, problems: readonly Problem[]): boolean =>
  problems.some(
    (speaker) =>
      spokenForBy(speaker).includes(problem.code) &&
      isAmong(speaker, problem) &&
      (speaker.phase === 'active' || !ONLY_WHEN_SURE.includes(speaker.code)),
  );
