import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { runAtLast, runAtLastText, runOf } from '../model/power.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { spanText } from '../words/amounts.js';
import { says, seen, type Assessment } from './finding.js';
import { isStandbyCluster, leaderKeyHolder, replicasOf, waitsOf } from './leader.js';
import { APART_MS, leaseOf, type Lease } from './lease.js';
import { stalledBeat } from './heartbeat.js';
import { timesOutBy } from './reach.js';
import { servingOf } from './serving.js';
import { heardSince, whoHears } from './writer.js';

/** The holder of the leader key gives no sign of life, and its host driver, or its power, says that there is something that could be stopped. */
export interface Unreachable {
  readonly leader: MemberView;
  readonly lease: Lease;
  readonly hostState: 'running' | 'paused';
  /**
   * By etcd, whose lease nobody renews, or by the driver, which says that all of it stands still. Until then it may be our way to it that is
   * broken, and its Patroni is asked by nobody but us.
   */
  readonly isProven: boolean;
}

/**
 * API and SQL are asked and silent, no replica hears it, a replica answers (so it is not we who are cut off from all), and what runs it says
 * running or paused. A lease that was renewed since is a Patroni that lives: never this. Null: it is not so, or nobody can tell.
 */
export function unreachableLeader(input: Pick<Assessment, 'view' | 'memory'>): Unreachable | null {
  const { view } = input;
  const holder = isStandbyCluster(view) ? null : leaderKeyHolder(view);
  const leader = holder === null ? null : memberOf(view, holder);
  if (leader === null || !isSilent(leader.api) || !isSilent(leader.sql)) return null;
  // A driver that was not asked in this pass, or has not answered yet, begins the count, and proves nothing.
  const run = runOf(leader);
  const hostState = runAtLast(leader)?.state;
  if (hostState !== 'running' && hostState !== 'paused') return null;
  const lease = leaseOf(input);
  if (lease === 'renewed' || isHeard(input, leader)) return null;
  if (!isDenied(view)) return null;
  return {
    leader,
    lease,
    hostState,
    isProven: run.kind === 'fresh' && (isMissed(input, lease) || hostState === 'paused'),
  };
}

/**
 * Has a replica heard it since it is silent to us? Once, in the moment in which that began, proves nothing of later: it counts for as long as it is a
 * moment ago.
 */
function isHeard({ view, memory }: Pick<Assessment, 'view' | 'memory'>, leader: MemberView): boolean {
  const silentMs = memory.leadership?.silentSinceMs ?? view.atMs;
  const sinceMs = Math.max(silentMs, Math.min(silentMs + APART_MS, view.atMs - APART_MS));
  return heardSince(view, leader, sinceMs) !== null;
}

/** A leader that neither we nor its replicas hear, beside what may be its death: dead is what does not run. */
export function leaderUnreachable(input: Assessment): readonly Finding[] {
  const found = unreachableLeader(input);
  if (found === null) return [];
  const { leader, lease, hostState, isProven } = found;
  const { view } = input;
  const told = (channel: Evidence['channel'], text: string): Evidence => says(channel, text, view.atMs);
  const reasonOf = (reading: MemberView['api'] | MemberView['sql']): string =>
    reading.kind === 'unknown' ? reading.reason : '';
  const who = runAtLastText(leader, spanText) ?? `${hostState} by its host driver`;
  const evidence = [
    told('api', `API of ${leader.name}: ${reasonOf(leader.api)}`),
    told('sql', `PostgreSQL on ${leader.name}: ${reasonOf(leader.sql)}`),
    told('host', `${leader.name} is ${who}`),
    told('dcs', `${leader.name} holds the leader key, ${leaseText(input, lease)}`),
    told('peers', `no replica has heard ${leader.name} since`),
    ...timesOutBy(view, leader.name),
  ];
  return [seen('leader-unreachable', leader.name, evidence, { lease, hostState, isProven })];
}

function leaseText({ view }: Assessment, lease: Lease): string {
  const leftMs = freshValue(view.dcs.keys)?.leader.leaseTtlMs ?? null;
  const left = leftMs === null ? '' : `: ${Math.round(leftMs / 1000)} s of ${waitsOf(view).ttlMs / 1000} s are left`;
  return lease === 'missed' ? `and has not renewed its lease${left}` : `and its next renewal is not due yet${left}`;
}

/**
 * The holder of the key whose PostgreSQL hangs below a Patroni that lives, by proof: Patroni's own question and ours get no answer, or a row of
 * the heartbeat is not written though reads are; and no replica hears anything. Null: it is not so, or nobody can tell.
 */
export function hungLeader(input: Pick<Assessment, 'view' | 'memory'>): MemberView | null {
  const { view } = input;
  const holder = isStandbyCluster(view) ? null : leaderKeyHolder(view);
  const leader = holder === null ? null : memberOf(view, holder);
  if (leader === null || whoHears(view, leader) !== null || !isDenied(view)) return null;
  // Silent by both it may be well, and our way to it cut: an idle leader is heard by nobody for a while. That is told, and proves nothing.
  if (freshValue(leader.api) === null) return null;
  const sign = servingOf(input, leader);
  if (sign !== null && sign !== 'serves' && sign.how === 'hangs') return leader;
  const isRecent = view.heartbeat !== undefined && view.atMs - view.heartbeat.atMs <= PROOF_MS;
  return isRecent && stalledBeat(view, leader) !== null ? leader : null;
}

/** A beat that is older proves nothing of now, whatever may be told by it. */
const PROOF_MS = 2_000;

/** Somebody who was asked by SQL in this very look says that it does not hear the leader: what nobody was asked is no denial. */
const isDenied = (view: ClusterView): boolean =>
  replicasOf(view).some((replica) => freshValue(replica.api) !== null && freshValue(replica.sql)?.inRecovery === true);

/** etcd cuts what is left of a lease to whole seconds, and a loop may begin late. */
const ROUNDING_MS = 2_000;

/** One that was renewed after the silence began, in the second in which that may tell nothing, is given a second more: its next loop may be late. */
function isMissed({ view, memory }: Pick<Assessment, 'view' | 'memory'>, lease: Lease): boolean {
  const { ttlMs, loopWaitMs } = waitsOf(view);
  const leftMs = freshValue(view.dcs.keys)?.leader.leaseTtlMs ?? null;
  const { silentSinceMs = null, renewedMs = null } = memory.leadership ?? {};
  const isDoubtful = silentSinceMs !== null && renewedMs !== null && renewedMs > silentSinceMs;
  const lateMs = ROUNDING_MS + (isDoubtful ? APART_MS : 0);
  return lease === 'missed' && leftMs !== null && leftMs <= ttlMs - loopWaitMs - lateMs;
}
