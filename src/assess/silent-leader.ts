import type { Evidence } from '../model/channel.js';
import { clockText } from '../words/moments.js';
import type { Finding } from '../model/problem.js';
import { runOf, runText } from '../model/power.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import { isFullySilent, isStandbyCluster, waitsOf } from './leader.js';
import { leaseOf, type Lease } from './lease.js';
import { memberLines } from './proxy-lines.js';
import { isUnfollowed, whoHears } from './writer.js';

/**
 * The API of the leader key's holder is silent: dead, frozen, or only its API (or our way to it). What tells them apart is the lease, which
 * the member's own loop renews and nobody else can.
 */
export function leaderSilent(input: Assessment): readonly Finding[] {
  if (isStandbyCluster(input.view)) return [];
  const keys = freshValue(input.view.dcs.keys);
  if (keys === null || keys.leader.holder === null) return [];
  const leader = memberOf(input.view, keys.leader.holder);
  if (leader === null || !isSilent(leader.api)) return [];
  const lease = leaseOf(input);
  const sql = freshValue(leader.sql);
  const isPrimary = sql !== null && !sql.inRecovery;
  if (lease === 'renewed' && !isProvenStopped(leader)) {
    // A frozen PostgreSQL is a leader that does not serve, which the assessor of that tells.
    return isPrimary || whoHears(input.view, leader) !== null ? [apiSilent(input, leader)] : [];
  }
  if (isPrimary) return frozen(input, leader, lease);
  if (!isFullySilent(leader))
    return [
      cannotTell('leader-down', leader.name, `PostgreSQL on ${leader.name} gives no clear answer`, input.view.atMs),
    ];
  const key = says('dcs', `${leader.name} holds the leader key`, input.view.atMs);
  const witnesses = deathWitnesses(input, leader);
  const isMissed = lease === 'missed' || witnesses.some((item) => item.channel === 'host' || item.channel === 'peers');
  return [seen('leader-down', leader.name, [apiText(input, leader), key, ...witnesses], { isMissed })];
}

const isProvenStopped = (leader: MemberView): boolean => freshValue(runOf(leader))?.state === 'stopped';

const apiText = ({ view }: Assessment, { name, api }: MemberView): Evidence =>
  says('api', `API of ${name}: ${api.kind === 'unknown' ? api.reason : ''}`, view.atMs);

/**
 * Its Patroni does not answer and PostgreSQL accepts writes. A slow API alone is no reason: what counts is that the lease is no longer
 * renewed, which etcd sees and the member cannot fake. Until then it is a suspicion, which no override hastens. [field-notes: Patroni frozen
 * on the leader]
 */
function frozen(input: Assessment, leader: MemberView, lease: Lease): readonly Finding[] {
  const { atMs } = input.view;
  const evidence = [apiText(input, leader), says('sql', `PostgreSQL on ${leader.name} answers as primary`, atMs)];
  const { ttlMs } = waitsOf(input.view);
  const leaseTtlMs = freshValue(input.view.dcs.keys)?.leader.leaseTtlMs ?? null;
  if (lease === 'missed' && leaseTtlMs !== null) {
    const left = `${Math.round(leaseTtlMs / 1000)} s of ${ttlMs / 1000} s are left`;
    evidence.push(says('dcs', `${leader.name} has not renewed its lease: ${left}`, atMs));
  }
  return [seen('leader-frozen', leader.name, evidence, { leaseTtlMs, lease })];
}

/** Patroni's template for HAProxy (`inter 3s fall 3`, checks that hang) takes a server out after about this. [field-notes] */
const PROXY_PATIENCE_MS = 18_000;
/** Checks that still pass so long after we heard nothing more: HAProxy reaches what we do not. */
const CHECKED_SINCE_MS = 10_000;

/** The loop of its Patroni lives, so nothing is to be stopped: either its REST API hangs, and with it HAProxy's checks, or our way to it. */
function apiSilent(input: Assessment, leader: MemberView): Finding {
  const { view, memory } = input;
  const { name } = leader;
  const sinceMs = memory.leadership?.silentSinceMs ?? view.atMs;
  const renewedMs = memory.leadership?.renewedMs ?? null;
  const renewed = renewedMs === null ? 'and the leader key stands' : `and renewed its lease at ${clockText(renewedMs)}`;
  const evidence = [
    says('api', `REST API of ${name} does not answer since ${clockText(sinceMs)}`, view.atMs),
    says('dcs', `Patroni of ${name} lives: it holds the leader key ${renewed}`, view.atMs),
  ];
  if (freshValue(leader.sql) !== null)
    evidence.push(says('sql', `PostgreSQL on ${name} answers as primary`, view.atMs));
  const hearer = whoHears(view, leader);
  if (hearer !== null) evidence.push(says('peers', `${hearer} streams from ${name}`, view.atMs));
  const servers = memberLines(view, 'writes', name).map(({ row }) => row);
  const server = servers.find(({ up }) => up) ?? servers[0] ?? null;
  const isReached = servers.some(({ status }) => status === 'UP') && view.atMs - sinceMs >= CHECKED_SINCE_MS;
  evidence.push(says(server === null ? 'self' : 'proxy', routeText(name, sinceMs, server, isReached), view.atMs));
  return seen('leader-api-silent', name, evidence, { sinceMs, isReached });
}

function routeText(name: string, sinceMs: number, server: { readonly up: boolean } | null, isReached: boolean): string {
  if (isReached) return `HAProxy's checks of ${name} pass: only we cannot reach its API`;
  if (server?.up === false) return `HAProxy has taken ${name} out: it has no writer`;
  return `HAProxy will have no writer at about ${clockText(sinceMs + PROXY_PATIENCE_MS)}: its checks ask the same API`;
}

function deathWitnesses(input: Assessment, leader: MemberView): readonly Evidence[] {
  const evidence: Evidence[] = [];
  const atMs = input.view.atMs;
  if (isSilent(leader.sql)) evidence.push(says('sql', `PostgreSQL on ${leader.name} does not answer`, atMs));
  const host = freshValue(runOf(leader));
  if (host !== null && host.state !== 'running')
    evidence.push(says('host', `${leader.name} is ${runText(host)}`, atMs));
  // A cascading replica, or one that was not asked, is no witness: somebody must say that its stream has ended.
  if (isUnfollowed(input.view)) evidence.push(says('peers', `no replica streams from ${leader.name}`, atMs));
  return evidence;
}
