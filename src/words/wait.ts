import type { Problem } from '../model/problem.js';
import { clockText } from './moments.js';

/** Why a problem that is not active is not answered, and from when on it counts, where that is known. */
export interface Wait {
  readonly why: string;
  readonly untilMs: number | null;
}

/**
 * What is so of a problem in the pass of `atMs`, and nothing else: a suspicion whose source is silent has no time at which it counts, and what is
 * not seen any more has no grace that runs.
 */
export function waitOf(problem: Problem, atMs: number): Wait {
  if (problem.phase === 'recovering') return { why: 'not seen any more: over if it stays away', untilMs: null };
  if (problem.lastSeenMs < atMs)
    return { why: 'nobody can look for it now: it neither counts nor ends until somebody can', untilMs: null };
  return problem.actionableAtMs <= atMs
    ? { why: 'seen for long enough, in too few passes so far', untilMs: null }
    : { why: `counts at ${clockText(problem.actionableAtMs)} if it persists`, untilMs: problem.actionableAtMs };
}
