import { bytesText, spanText } from '../words/amounts.js';
import type { Finding, ProblemCode } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { intendedDelayMs } from './intended.js';
import { lagAgesOf } from './lag-age.js';
import { lagFiguresOf, type LagFigure } from './lag-figures.js';
import { isFullySilent, leadershipOf, replicasOf } from './leader.js';
import { isFailingState } from './replica.js';

/** The runbook's thresholds, worst last. [Runbook: Replication Lag Management > Acceptable Lag Thresholds] */
const LEVELS: readonly (readonly [code: ProblemCode, limits: (a: Assessment) => Limits])[] = [
  ['replica-lagging', ({ policy: { lag } }) => ({ bytes: lag.warningBytes, ageMs: lag.warningAgeMs })],
  ['replica-lag-critical', ({ policy: { lag } }) => ({ bytes: lag.criticalBytes, ageMs: lag.criticalAgeMs })],
  ['replica-lag-emergency', ({ policy: { lag } }) => ({ bytes: lag.emergencyBytes, ageMs: lag.emergencyAgeMs })],
];

/** Either is enough: many bytes for a moment, or few for long. */
interface Limits {
  readonly bytes: number;
  readonly ageMs: number;
}

/** Replay lag by level, each channel counted on its own figure; and a drained replica of ours that has caught up. */
export const assessLag: Assess = (input) => {
  const findings: Finding[] = [];
  for (const member of replicasOf(input.view)) {
    if (!hasMeaningfulLag(member)) continue;
    findings.push(...lagLevels(input, member), ...recovered(input, member));
  }
  return findings;
};

/** A copy that is being made, or that does not start, has no lag worth the name: its own problem covers it. */
function hasMeaningfulLag(member: MemberView): boolean {
  const api = freshValue(member.api);
  if (api !== null) return api.state === 'running' && api.role === 'replica';
  return !isFullySilent(member);
}

function lagLevels(input: Assessment, member: MemberView): readonly Finding[] {
  const delayMs = intendedDelayMs(input.view, member);
  const figures = lagFiguresOf(input.view, member);
  const ages = lagAgesOf(input, member);
  if (figures.length === 0 && ages.length === 0) return unknownLag(input, member);
  const facts = { lagBytes: figures[0]?.lagBytes ?? null, lagMs: ages[0]?.ageMs ?? null };
  return LEVELS.flatMap(([code, limitsOf]) => {
    const limits = limitsOf(input);
    const evidence = [
      ...beyondBytes(figures, limits, delayMs),
      ...ages.filter(({ ageMs }) => delayMs !== null && ageMs >= limits.ageMs + delayMs),
    ];
    if (evidence.length === 0) return [];
    const limit = `limit ${bytesText(limits.bytes)} or ${spanText(limits.ageMs + (delayMs ?? 0))}`;
    return [
      seen(
        code,
        member.name,
        evidence.map(({ channel, text }) => says(channel, `${text} (${limit})`, input.view.atMs)),
        facts,
      ),
    ];
  });
}

/** One that replays late on purpose is as many bytes behind as are written meanwhile: only its age tells anything. */
function beyondBytes(figures: readonly LagFigure[], limits: Limits, delayMs: number | null): readonly LagFigure[] {
  if (delayMs !== 0) return [];
  const above = figures.filter((figure) => figure.lagBytes >= limits.bytes);
  // `/cluster` is up to two loops old: where a member was asked itself, it only corroborates.
  const asked = figures.some((figure) => figure.channel !== 'peers');
  return above.every((figure) => asked && figure.channel === 'peers') ? [] : above;
}

function unknownLag(input: Assessment, member: MemberView): readonly Finding[] {
  const leadership = leadershipOf(input.view);
  const why =
    leadership.kind === 'proven' ? `${member.name} gave no position` : 'there is no proven leader to measure against';
  return LEVELS.map(([code]) => cannotTell(code, member.name, `lag unknown: ${why}`, input.view.atMs));
}

/** Only for a drain that we decided on; one that a person made, or asked us for, is theirs to end. */
function recovered(input: Assessment, member: MemberView): readonly Finding[] {
  const ours = input.ledger.drains.some((drain) => drain.member === member.name && drain.by === undefined);
  if (!ours) return [];
  const api = freshValue(member.api);
  if (api === null || isFailingState(api.state))
    return [cannotTell('replica-recovered', member.name, `${member.name} does not say that it runs`, input.view.atMs)];
  const figures = lagFiguresOf(input.view, member).filter((figure) => figure.channel !== 'peers');
  if (figures.length === 0)
    return [cannotTell('replica-recovered', member.name, `lag of ${member.name} unknown`, input.view.atMs)];
  if (figures.some((figure) => figure.lagBytes >= input.policy.lag.recoveredBytes)) return [];
  if (lagAgesOf(input, member).some(({ ageMs }) => ageMs >= input.policy.lag.warningAgeMs)) return [];
  return [
    seen(
      'replica-recovered',
      member.name,
      figures.map((figure) => says(figure.channel, figure.text, input.view.atMs)),
      { lagBytes: figures[0]?.lagBytes ?? null },
    ),
  ];
}
