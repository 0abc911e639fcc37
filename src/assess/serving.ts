import { clockText } from '../words/moments.js';
import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type MemberView } from '../model/view.js';
import { candidatesFor, candidateText } from './candidates.js';
import { cannotTell, says, seen, type Assessment } from './finding.js';
import { isFullySilent, isPaused, isStandbyCluster } from './leader.js';
import { leaseOf } from './lease.js';
import { timesOutBy } from './reach.js';
import { strangersText } from './strangers.js';
import { whoHears } from './writer.js';

/** How it fails to serve, since Patroni does another thing in each case. */
type Failing = 'down' | 'recovering' | 'hangs' | 'restarting';

interface Sign {
  readonly how: Failing;
  readonly evidence: readonly Evidence[];
}

/**
 * The holder of the leader key takes no writes, by its own word: PostgreSQL down, starting, in recovery, or hanging. While its Patroni renews
 * the key nobody else may lead. A crash, a restart and a promotion last some seconds, which is what the grace is for. [ha.py: recover,
 * handle_starting_instance]
 */
export function notServing(input: Assessment): readonly Finding[] {
  const { view, memory } = input;
  if (isStandbyCluster(view)) return [];
  const keys = freshValue(view.dcs.keys);
  const holder = keys === null ? (memory.leadership?.holder ?? null) : keys.leader.holder;
  const leader = holder === null ? null : memberOf(view, holder);
  if (leader === null) return [];
  const unclear = (why: string): readonly Finding[] =>
    (['leader-not-serving', 'leader-hung'] as const).map((code) => cannotTell(code, leader.name, why, view.atMs));
  if (keys === null) return unclear('etcd does not say who holds the leader key');
  const sign = servingOf(input, leader);
  if (sign === 'serves') return [];
  if (sign === null) return unclear(`${leader.name} gives no clear answer`);
  const sinceMs = memory.leadership?.idleSinceMs ?? view.atMs;
  const evidence = [
    ...sign.evidence,
    ...(sign.how === 'hangs' ? timesOutBy(view, leader.name) : []),
    says('dcs', `${leader.name} holds the leader key, and nobody takes writes since ${clockText(sinceMs)}`, view.atMs),
    says('self', forecast(input, leader, sign.how, sinceMs), view.atMs),
    says('self', whatMayBeDone(input, leader, sign.how), view.atMs),
  ];
  const isWished = sign.how === 'restarting' || isPaused(view);
  const code = sign.how === 'hangs' ? 'leader-hung' : 'leader-not-serving';
  return [seen(code, leader.name, evidence, { how: sign.how, sinceMs, isWished })];
}

type Looks = Pick<Assessment, 'view' | 'memory'>;

/** How the holder of the key fails to serve, by its own word or its silence; null: it cannot be told. */
export function servingOf(input: Looks, leader: MemberView): Sign | 'serves' | null {
  const { atMs } = input.view;
  const { name } = leader;
  const api = freshValue(leader.api);
  const sql = sqlSign(leader, atMs);
  if (api === null) return silentSign(input, leader, sql);
  const word = says('api', `${name} says ${api.role}, ${api.stateText}`, atMs);
  if (api.state === 'running' && api.role === 'primary')
    return sql === null ? 'serves' : { ...sql, evidence: [word, ...sql.evidence] };
  if (freshValue(leader.sql)?.inRecovery === false) return 'serves';
  const evidence = [word, ...(sql?.evidence ?? [])];
  if (api.state === 'restarting' || api.state === 'stopping') return { how: 'restarting', evidence };
  if (api.state === 'running') return { how: 'recovering', evidence };
  const isHung = api.state === 'unknown' && leader.sql.kind === 'unknown' && leader.sql.fault === 'timeout';
  if (isHung) evidence.push(says('sql', `PostgreSQL on ${name} is there and does not answer`, atMs));
  return { how: isHung ? 'hangs' : 'down', evidence };
}

/** PostgreSQL's own word that it takes no writes; silence is none. */
function sqlSign({ name, sql }: MemberView, atMs: number): Sign | null {
  if (sql.kind === 'fresh')
    return sql.value.inRecovery
      ? { how: 'recovering', evidence: [says('sql', `PostgreSQL on ${name} is in recovery`, atMs)] }
      : null;
  if (sql.kind === 'unknown' && sql.fault === 'starting-up')
    return { how: 'down', evidence: [says('sql', sql.reason, atMs)] };
  return null;
}

/** Its API says nothing. PostgreSQL may say that it does not serve; where nothing answers and the lease is renewed, PostgreSQL hangs. */
function silentSign(input: Looks, leader: MemberView, sql: Sign | null): Sign | 'serves' | null {
  if (sql !== null) return sql;
  if (freshValue(leader.sql)?.inRecovery === false) return 'serves';
  if (!isSilent(leader.api) || !isFullySilent(leader)) return null;
  if (leaseOf(input) !== 'renewed' || whoHears(input.view, leader) !== null) return null;
  const { atMs } = input.view;
  return {
    how: 'hangs',
    evidence: [
      says('api', `${leader.name} answers neither by its API nor by SQL`, atMs),
      says('dcs', `Patroni of ${leader.name} goes on renewing its lease`, atMs),
    ],
  };
}

function forecast({ view }: Looks, { name }: MemberView, how: Failing, sinceMs: number): string {
  if (isPaused(view)) return 'Patroni is paused: it starts, promotes and elects nobody';
  if (how === 'hangs')
    return `Patroni neither restarts what hangs nor gives the key up: ${name} keeps it while its loop lives`;
  if (how === 'restarting') return `Patroni is at it: it keeps the key until PostgreSQL on ${name} is up again`;
  if (how === 'recovering') return `Patroni promotes ${name} in its next loop, or gives the key up if it cannot`;
  if (view.config.kind === 'unknown')
    return 'how long Patroni tries (primary_start_timeout) is not known: its configuration was not read';
  const { primaryStartTimeoutMs: timeoutMs } = view.config.value;
  if (timeoutMs === 0) return 'primary_start_timeout is 0: Patroni gives the key up at once if another member may lead';
  const endMs = sinceMs + timeoutMs;
  const limit = `primary_start_timeout, ${timeoutMs / 1000} s`;
  return view.atMs < endMs
    ? `Patroni starts it once per loop and keeps the key until ${clockText(endMs)} (${limit}); then another member may lead`
    : `the time for it ended at ${clockText(endMs)} (${limit}): Patroni gives the key up as soon as another member may lead`;
}

function whatMayBeDone({ view, memory }: Looks, { name }: MemberView, how: Failing): string {
  const best = candidatesFor(view, memory, name).find((row) => row.against.length === 0);
  const stranger = strangersText(view);
  if (best === undefined)
    return `nobody that we see may lead in its place${stranger === null ? '' : ` (${stranger}, cannot be judged)`}: look at PostgreSQL's log on ${name}`;
  const next = `next would be ${candidateText(best)}`;
  return how === 'hangs'
    ? `stop the container or host of ${name} to let Patroni elect another: ${next}`
    : `look at PostgreSQL's log on ${name}, or hand over: patronictl failover ${view.scope} --candidate ${best.name}; ${next}`;
}
