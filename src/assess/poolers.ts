import { spanText } from '../words/amounts.js';
import { isInFlight, type Ledger, type PauseRecord, type Remediation } from '../model/ledger.js';
import type { Plan } from '../model/plan.js';
import { POOLER_DEFAULTS, type Policy } from '../model/policy.js';
import { isPaused, pausedIn, type PoolerReport, type PoolerSeen } from '../model/pooler.js';
import type { Finding } from '../model/problem.js';
import { ownerOf, type ServerPlace } from '../model/proxy.js';
import { freshValue } from '../model/reading.js';
import type { ClusterView } from '../model/view.js';
import { cannotTell, says, seen, type Assess } from './finding.js';
import { leadershipOf } from './leader.js';
import { answers, linesIn, type ProxyLine } from './proxy-lines.js';
import { isStoppedSoftly, takesNew } from './rotation.js';

export const poolerOf = ({ poolers = [] }: ClusterView, name: string): PoolerSeen | null =>
  poolers.find((row) => row.name === name) ?? null;

export const poolerPolicy = ({ pooler = POOLER_DEFAULTS }: Pick<Policy, 'pooler'>): NonNullable<Policy['pooler']> =>
  pooler;

/**
 * Who takes writes now and gets them: the leader by proof, to whom every proxy that answers and routes writes sends new connections. A pooler that
 * is resumed earlier asks a proxy that has nobody, and then asks again only after `server_login_retry` (15 s by default).
 */
export function serverOfWrites(view: ClusterView): string | null {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven') return null;
  const { name } = leadership.member;
  const routing = view.proxies.filter(({ pools }) => pools.writes !== null);
  const telling = routing.filter(answers);
  if (routing.length > 0 && telling.length === 0) return null;
  const isSentTo = telling.every((proxy) => {
    const owners = linesIn(proxy, 'writes').flatMap(({ row }) => (takesNew(row) ? [ownerOf(row)] : []));
    // And to nobody else: the one that led before is up at the proxy until a check of it fails.
    return owners.length > 0 && owners.every((owner) => owner === name);
  });
  return isSentTo ? name : null;
}

/** Why a pause of ours has no more to wait for; null: it has. */
export function whyOver(view: ClusterView, ledger: Ledger, pause: PauseRecord): string | null {
  if (view.atMs >= pause.untilMs) return `its time was over ${spanText(view.atMs - pause.untilMs)} ago`;
  if (pause.lasts === true) return null;
  const server = serverOfWrites(view);
  if (server === null) return null;
  if (server !== pause.leader) return `${server} leads, and what is resumed reaches it`;
  const isUnderWay = ledger.remediations.some((run) => run.id === pause.remediationId && isInFlight(run));
  return isUnderWay ? null : `${server} leads as before, and what it was paused for is over`;
}

export const pauseOfOurs = ({ pauses = [] }: Ledger, pooler: string): PauseRecord | null =>
  pauses.find((row) => row.pooler === pooler) ?? null;

/** What cannot be resumed, or a leader that never comes, keeps nobody busy for ever. */
const WAITED_FOR_MS = 10_000;

/** Also a moment ahead of the view: it is looked at before what was sent after it. Further ahead is another clock's, and says nothing. */
export const isMomentAgo = ({ atMs }: ClusterView, thenMs: number): boolean => Math.abs(atMs - thenMs) < WAITED_FOR_MS;

/**
 * Clients are to meet nobody but the one who follows: they wait for it in a pooler, or were let go because the time of their pause was over, or the old
 * leader was closed to them at the proxies; and what that was for goes on or ended a moment ago.
 */
export const isLeaderWaitedFor = ({ atMs }: ClusterView, { pauses = [], remediations }: Ledger): boolean =>
  pauses.length > 0 ||
  remediations.some((run) => !run.shadow && holdsClients(run.plan) && (isInFlight(run) || endedSince(run, atMs)));

const endedSince = ({ endedAtMs }: Remediation, atMs: number): boolean =>
  atMs - (endedAtMs ?? -Infinity) < WAITED_FOR_MS;

/**
 * By their ids, the runs that clients wait for: they are held for one in a pooler, or were let go as the time of their pause was over and find
 * nobody who takes writes yet, or the old leader is closed to them at the proxies. Not for what lasts because a person asked for it.
 */
export function runsWaitedFor(view: ClusterView | null, { pauses = [], remediations }: Ledger): ReadonlySet<string> {
  if (view === null) return new Set();
  const held = pauses.filter(({ lasts, untilMs }) => lasts !== true && view.atMs < untilMs + WAITED_FOR_MS);
  const isRecent = ({ sentAtMs }: Remediation): boolean => sentAtMs !== null && isMomentAgo(view, sentAtMs);
  const flying = remediations.filter((run) => isInFlight(run) && holdsClients(run.plan) && isRecent(run));
  const server = flying.length > 0 ? serverOfWrites(view) : null;
  const unserved = flying.filter(({ plan }) => server === null || (closesAny(plan) && server === plan.target));
  return new Set([...held.map(({ remediationId }) => remediationId), ...unserved.map(({ id }) => id)]);
}

const isSome = (list: unknown): boolean => Array.isArray(list) && list.length > 0;
const closesAny = ({ params }: Plan): boolean => isSome(params['closes']);
const holdsClients = (plan: Plan): boolean => isSome(plan.params['poolers']) || closesAny(plan);

/**
 * A server that takes nothing new because a change of leader of ours was about to begin, and which still does not although that is over: refused, and
 * its member leads as before. Its next check that passes gives it back anyway.
 */
export const isLeftClosed = ({ atMs }: ClusterView, { remediations }: Ledger, { proxy, row }: ProxyLine): boolean =>
  isStoppedSoftly(row) &&
  remediations.some((run) => {
    if (run.shadow || !closesAny(run.plan) || isInFlight(run) || !endedSince(run, atMs)) return false;
    const closes = run.plan.params['closes'] as readonly ServerPlace[];
    return closes.some((one) => one.proxy === proxy && one.backend === row.backend && one.server === row.server);
  });

export const assessPoolers: Assess = ({ view, ledger, policy }) =>
  (view.poolers ?? []).flatMap(({ name, seen: reading }) => {
    const report = freshValue(reading);
    const ours = pauseOfOurs(ledger, name);
    if (report === null) {
      const codes = ['pooler-paused', 'pooler-waits', ...(ours === null ? [] : (['pooler-held'] as const))] as const;
      return codes.map((code) => cannotTell(code, name, 'its console gives no answer', view.atMs));
    }
    return [
      ...held({ view, ledger, name, report, ours }),
      ...waits(view, name, report, poolerPolicy(policy).waitWarningMs),
    ];
  });

interface Held {
  readonly view: ClusterView;
  readonly ledger: Ledger;
  readonly name: string;
  readonly report: PoolerReport;
  readonly ours: PauseRecord | null;
}

function held({ view, ledger, name, report, ours }: Held): readonly Finding[] {
  if (!isPaused(report)) return [];
  const which = pausedIn(report).join(', ') || 'all of it';
  if (ours === null)
    return [seen('pooler-paused', name, [says('pooler', `${name} is paused (${which}), and not by us`, view.atMs)])];
  const why = whyOver(view, ledger, ours);
  if (why === null)
    return ours.lasts !== true && view.proxies.some((proxy) => proxy.pools.writes !== null && !answers(proxy))
      ? [cannotTell('pooler-held', name, 'a proxy does not say to whom it sends', view.atMs)]
      : [];
  const text = `${name} is paused by us (${which}): ${why}`;
  return [seen('pooler-held', name, [says('pooler', text, view.atMs)], { overdue: view.atMs >= ours.untilMs })];
}

function waits(view: ClusterView, name: string, { databases }: PoolerReport, warningMs: number): readonly Finding[] {
  const slow = databases.filter(({ paused, maxWaitMs }) => !paused && maxWaitMs >= warningMs);
  const [worst] = [...slow].sort((one, other) => other.maxWaitMs - one.maxWaitMs);
  if (worst === undefined) return [];
  const waiting = slow.reduce((sum, row) => sum + row.waiting, 0);
  const text = `${waiting} clients of ${name} wait for a server, the first of ${worst.name} for ${spanText(worst.maxWaitMs)}`;
  return [seen('pooler-waits', name, [says('pooler', text, view.atMs)], { waiting, maxWaitMs: worst.maxWaitMs })];
}
