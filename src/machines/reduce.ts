import { graceOf, levelOf, problemRow } from '../assess/catalogue.js';
import { waitsOf } from '../assess/leader.js';
import type { Finding, Problem } from '../model/problem.js';
import { problemKey } from '../model/problem.js';
import type { Policy } from '../model/policy.js';
import type { ClusterState, DcsState, MemberState, Memory, ProxyState, States } from '../model/states.js';
import type { ClusterView } from '../model/view.js';
import { livedStates } from './lived.js';
import { FRESH_MEMORY } from './memory.js';
import type { ProblemContext, ProblemEvent } from './problem.js';
import { stepPart, stepProblem } from './step.js';
import { isUnread } from './unread.js';
import { clusterFact, dcsFact, memberFact, proxyFact } from './summary.js';

/** Before the first pass: everything unknown, nothing remembered. */
export const initialStates = (atMs: number, memory: Memory = FRESH_MEMORY): States => ({
  cluster: { state: 'unknown', sinceMs: atMs },
  members: {},
  dcs: { state: 'unknown', sinceMs: atMs },
  proxy: { state: 'unknown', sinceMs: atMs },
  problems: [],
  memory,
});

/** One pass through all machines: findings move problems, problems and view move the summaries. Pure. */
export function advance(
  before: States,
  memory: Memory,
  view: ClusterView,
  findings: readonly Finding[],
  policy: Policy,
): States {
  const states = livedStates(before, view);
  const problems = advanceProblems(states.problems, view, findings, policy);
  const members: Record<string, States['members'][string]> = {};
  for (const member of view.members) {
    const was = states.members[member.name] ?? { state: 'unknown' as MemberState, sinceMs: view.atMs };
    members[member.name] = stepped('member', was, memberFact(member, problems, view), view.atMs);
  }
  return {
    cluster: stepped<ClusterState>('cluster', states.cluster, clusterFact(problems, view), view.atMs),
    members,
    dcs: stepped<DcsState>('dcs', states.dcs, dcsFact(problems, view), view.atMs),
    proxy: stepped<ProxyState>('proxy', states.proxy, proxyFact(problems, view), view.atMs),
    problems,
    memory,
  };
}

/** Which state each fact leads to, so that an unchanged one costs no machine step. Held against the machines by a test. */
const LEADS_TO: Readonly<Record<string, string>> = {
  IS_LEADER_DOWN: 'leader-down',
  IS_LEADER_FROZEN: 'leader-frozen',
  IS_CHANGING_LEADER: 'failing-over',
  IS_SPLIT: 'split-brain',
  IS_SPLIT_SUSPECTED: 'split-brain-suspected',
};
export const stateOfFact = (fact: string): string => LEADS_TO[fact] ?? fact.slice(3).toLowerCase().replaceAll('_', '-');

function stepped<S extends string>(
  part: 'cluster' | 'member' | 'dcs' | 'proxy',
  before: { readonly state: S; readonly sinceMs: number },
  fact: string,
  atMs: number,
): { readonly state: S; readonly sinceMs: number } {
  if (stateOfFact(fact) === before.state) return before;
  const state = stepPart(part, before.state, { type: fact });
  return state === before.state ? before : { state, sinceMs: atMs };
}

function advanceProblems(
  before: readonly Problem[],
  view: ClusterView,
  findings: readonly Finding[],
  policy: Policy,
): readonly Problem[] {
  const waits = waitsOf(view);
  const found = new Map<string, Finding>();
  for (const finding of findings) found.set(problemKey(finding), finding);
  const next: Problem[] = [];
  for (const problem of before) {
    const finding = found.get(problemKey(problem));
    found.delete(problemKey(problem));
    const moved = moveProblem(problem, finding ?? unread(view, problem), view, policy, waits);
    if (moved !== null) next.push(moved);
  }
  for (const finding of found.values()) {
    if (finding.verdict !== 'seen') continue;
    const moved = moveProblem(null, finding, view, policy, waits);
    if (moved !== null) next.push(moved);
  }
  return next.sort((a, b) => problemRow(b.code).rank - problemRow(a.code).rank || (a.subject < b.subject ? -1 : 1));
}

/** What no finding names was looked for and is not there, unless what it was seen by was not read. */
const unread = (view: ClusterView, problem: Problem): Finding | null =>
  isUnread(view, problem) ? { ...problem, verdict: 'unknown', channels: [] } : null;

const CLEAR_CONTEXT: ProblemContext = {
  firstSeenMs: 0,
  lastSeenMs: 0,
  activeSinceMs: null,
  clearSinceMs: null,
  samples: 0,
};

const contextOf = ({ firstSeenMs, lastSeenMs, activeSinceMs, clearSinceMs, samples }: Problem): ProblemContext => ({
  firstSeenMs,
  lastSeenMs,
  activeSinceMs,
  clearSinceMs,
  samples,
});

function moveProblem(
  problem: Problem | null,
  finding: Finding | null,
  view: ClusterView,
  policy: Policy,
  waits: { readonly ttlMs: number; readonly loopWaitMs: number },
): Problem | null {
  const code = problem?.code ?? finding?.code;
  const subject = problem?.subject ?? finding?.subject;
  if (code === undefined || subject === undefined) return null;
  const sightedNow = finding?.verdict === 'seen' ? finding : null;
  const facts = sightedNow?.facts ?? problem?.facts ?? {};
  const grace = graceOf(code, policy, waits, facts);
  const state = {
    phase: problem?.phase ?? ('clear' as const),
    context: problem === null ? CLEAR_CONTEXT : contextOf(problem),
  };
  const { phase, context } = stepProblem(state, eventFor(finding, view.atMs, grace));
  if (phase === 'clear') return null;
  return {
    code,
    subject,
    level: levelOf(code, facts),
    phase,
    firstSeenMs: context.firstSeenMs,
    lastSeenMs: context.lastSeenMs,
    activeSinceMs: context.activeSinceMs,
    clearSinceMs: context.clearSinceMs,
    actionableAtMs: context.activeSinceMs ?? context.firstSeenMs + grace.forMs,
    samples: context.samples,
    // Channels of this very pass only: yesterday's corroboration authorises nothing today.
    channels: sightedNow?.channels ?? [],
    evidence: sightedNow?.evidence ?? problem?.evidence ?? [],
    facts,
  };
}

function eventFor(
  finding: Finding | null,
  atMs: number,
  grace: { readonly forMs: number; readonly samples: number; readonly clearForMs: number },
): ProblemEvent {
  if (finding === null) return { type: 'CLEAR', atMs, clearForMs: grace.clearForMs };
  if (finding.verdict === 'unknown') return { type: 'UNKNOWN', atMs };
  return { type: 'SEEN', atMs, forMs: grace.forMs, samples: grace.samples };
}
