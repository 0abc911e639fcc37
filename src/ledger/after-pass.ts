import { closedPlaces } from '../actions/proxy-places.js';
import { drainStands } from '../actions/drain-places.js';
import { hasRejoined } from '../assess/fences.js';
import { leaderChangeWasWished } from '../assess/former-leader.js';
import { pauseOf } from '../assess/leader.js';
import { poolerOf } from '../assess/poolers.js';
import { rotationOf, tagStands } from '../assess/rotation.js';
import { isInFlight, type Ledger } from '../model/ledger.js';
import { isPaused } from '../model/pooler.js';
import { freshValue } from '../model/reading.js';
import type { Policy } from '../model/policy.js';
import type { MemberState, States } from '../model/states.js';
import { memberOf, type ClusterView } from '../model/view.js';
import { withoutClusterPause, withPausesLeft } from './claims.js';
import { keepApprovals } from './approvals.js';
import { checksKept } from './kept-checks.js';
import { livedLedger } from './lived.js';
import { budgetUsed, stormingMembers } from './budgets.js';

const KEEP_MS = 24 * 60 * 60_000;
const UNWELL: readonly MemberState[] = ['down', 'start-failed', 'not-streaming', 'diverged'];

/** A pass as the ledger counts it. */
export interface Pass {
  readonly view: ClusterView;
  readonly before: States;
  readonly after: States;
  readonly policy: Policy;
}

/** What a pass changes in the ledger before anything is decided: leader changes, falls, storms, expiries, drains that somebody undid. */
export function afterPass(before: Ledger, pass: Pass): Ledger {
  const ledger = withPauseSeen(withoutPausesOver(livedLedger(before, pass.view), pass.view), pass.view);
  const nowMs = pass.view.atMs;
  return unlessSame(before, {
    ...ledger,
    remediations: ledger.remediations.filter((row) => isInFlight(row) || nowMs - row.createdAtMs < KEEP_MS),
    leaderChanges: leaderChanges(ledger, pass),
    flaps: flaps(ledger, pass),
    stormUntilMs: stormUntil(ledger, pass),
    approvals: keepApprovals(ledger.approvals, { nowMs, states: pass.after, policy: pass.policy }),
    switches: ledger.switches.filter((row) => row.expiresAtMs === null || row.expiresAtMs > nowMs),
    breaker: ledger.breaker ?? tripped(ledger, pass),
    fences: fences(ledger, pass.view),
    ...(ledger.checks && {
      checks: checksKept(
        ledger.checks,
        pass.view.members.map(({ name }) => name),
        pass.after.memory.damage ?? {},
      ),
    }),
    ...foreignKept(ledger, nowMs),
  });
}

/** A pass that changes nothing leaves the ledger the very same value, so that nobody compares or commits it anew. */
function unlessSame(before: Ledger, after: Ledger): Ledger {
  const isSame = (one: unknown, other: unknown): boolean =>
    one === other ||
    (Array.isArray(one) &&
      Array.isArray(other) &&
      one.length === other.length &&
      one.every((row, index) => row === other[index]));
  // What is gone is a change, too.
  const names = Object.keys({ ...before, ...after }) as (keyof Ledger)[];
  return names.every((name) => isSame(before[name], after[name])) ? before : after;
}

/** Where no server is closed by us there is no traffic to open, and nothing to be remembered once it is back: else a stop by hand months later were ours. */
function fences(ledger: Ledger, view: ClusterView): Ledger['fences'] {
  if (ledger.fences.length === 0) return ledger.fences;
  const isUnderWay = (name: string): boolean =>
    ledger.remediations.some((row) => isInFlight(row) && row.plan.target === name);
  return ledger.fences.filter((fence) => {
    const member = memberOf(view, fence.member);
    if (closedPlaces(view, fence).length > 0) return true;
    return member === null || isUnderWay(fence.member) || !hasRejoined(view, member);
  });
}

/**
 * A pooler that is seen not to be paused holds nobody, whoever resumed it, and one that is configured no more is nobody's of ours. While the
 * request itself is on its way it is not paused yet.
 */
function withoutPausesOver(ledger: Ledger, view: ClusterView): Ledger {
  return withPausesLeft(ledger, ({ pooler, remediationId, sinceMs }) => {
    const run = ledger.remediations.find((row) => row.id === remediationId);
    if (run?.phase === 'sending' && run.sentAtMs === sinceMs) return true;
    const seen = poolerOf(view, pooler);
    if (seen === null) return view.poolers === undefined;
    const report = freshValue(seen.seen);
    return report === null || isPaused(report);
  });
}

/**
 * Who resumes Patroni ends the pause, whoever had begun it. While the request itself is on its way it is not paused yet; what its answer says that it
 * wrote is ours, and whatever is written after that may be another's pause.
 */
function withPauseSeen(ledger: Ledger, view: ClusterView): Ledger {
  const { clusterPause } = ledger;
  if (clusterPause == null) return ledger;
  const request = ledger.remediations.find((row) => row.id === clusterPause.remediationId);
  const isOnItsWay = request !== undefined && isInFlight(request);
  if (freshValue(view.dcs.keys) !== null && pauseOf(view).kind === 'not-paused' && !isOnItsWay)
    return withoutClusterPause(ledger);
  const configRevision = clusterPause.configRevision ?? request?.lastReply?.revision;
  return configRevision === clusterPause.configRevision || configRevision === undefined
    ? ledger
    : { ...ledger, clusterPause: { ...clusterPause, configRevision } };
}

/** As our own: in flight for as long as it takes, ended for a day. */
function foreignKept({ foreign }: Ledger, nowMs: number): Pick<Ledger, 'foreign'> {
  if (foreign === undefined) return {};
  return { foreign: foreign.filter((row) => row.inFlight || nowMs - (row.createdAtMs ?? nowMs) < KEEP_MS) };
}

/** A person looked and says that it is over: ended in the words of the ledger, for whichever version reads it next. */
export const withoutForeignWork = (ledger: Ledger, by: string, nowMs: number): Ledger => ({
  ...ledger,
  foreign: (ledger.foreign ?? []).map((one) =>
    one.inFlight
      ? {
          ...one,
          inFlight: false,
          row: { ...one.row, phase: 'abandoned', endedAtMs: nowMs, detail: `set aside by ${by}` },
        }
      : one,
  ),
});

/** A change that somebody asked for says nothing of the cluster. */
function leaderChanges(ledger: Ledger, { before, after, view }: Pass): Ledger['leaderChanges'] {
  const recent = ledger.leaderChanges.filter((row) => view.atMs - row.atMs < KEEP_MS);
  const changedAtMs = after.memory.lastLeaderChangeMs;
  const isNew = changedAtMs === view.atMs && after.memory.lastLeader !== before.memory.lastLeader;
  if (!isNew || leaderChangeWasWished({ view, memory: after.memory, ledger }))
    return recent.length === ledger.leaderChanges.length ? ledger.leaderChanges : recent;
  return [...recent, { atMs: changedAtMs, from: before.memory.lastLeader, to: after.memory.lastLeader }];
}

/** A fall is a member that served and now does not. */
function flaps(ledger: Ledger, { before, after, view }: Pass): Ledger['flaps'] {
  let next = ledger.flaps;
  for (const [name, now] of Object.entries(after.members)) {
    const was = before.members[name]?.state ?? 'unknown';
    if (!UNWELL.includes(now.state) || !['healthy', 'lagging', 'blocked'].includes(was)) continue;
    const kept = (next[name] ?? []).filter((atMs) => view.atMs - atMs < KEEP_MS);
    next = { ...next, [name]: [...kept, view.atMs] };
  }
  return next;
}

function stormUntil(ledger: Ledger, { view, after, policy }: Pass): number | null {
  const storming = stormingMembers({ view, states: after }).length >= policy.limits.stormMembers;
  if (storming) return view.atMs + policy.limits.stormQuietMs;
  return ledger.stormUntilMs !== null && ledger.stormUntilMs > view.atMs ? ledger.stormUntilMs : null;
}

/** The budget is spent: from here only a person opens the way again. */
function tripped(ledger: Ledger, { view, policy }: Pass): Ledger['breaker'] {
  const used = budgetUsed({ ledger, nowMs: view.atMs });
  if (used < policy.limits.perHour) return null;
  return { openSinceMs: view.atMs, reason: `${used} actions within an hour (limits.perHour ${policy.limits.perHour})` };
}

/**
 * Drains that are ours on paper but that somebody has undone in every actuator we can see. Theirs is the last word: the record goes, and
 * the gate someone-else keeps us from draining again for the rest of the chain. A proxy that restarted since forgot the drain by itself,
 * which is nobody's word: those are returned in `forgotten`.
 */
export function undoneDrains(
  ledger: Ledger,
  view: ClusterView,
): { readonly byHand: readonly string[]; readonly forgotten: readonly string[] } {
  const byHand: string[] = [];
  const forgotten: string[] = [];
  for (const drain of ledger.drains) {
    if (drain.shadow) continue;
    if (ledger.remediations.some((row) => isInFlight(row) && row.plan.target === drain.member)) continue;
    const member = memberOf(view, drain.member);
    if (member === null) continue;
    const rotation = rotationOf(view, member);
    const stands = drain.actuators.includes('proxy') ? drainStands(view, drain) : null;
    const inForce = [
      stands === null ? null : stands === 'in-force',
      drain.actuators.includes('tag') ? tagStands(view, rotation) : null,
    ].filter((answer) => answer !== null);
    if (inForce.length === 0 || inForce.some((answer) => answer)) continue;
    if (stands === 'forgotten') forgotten.push(drain.member);
    else byHand.push(drain.member);
  }
  return { byHand, forgotten };
}
