import { bytesText } from '../words/amounts.js';
import type { Finding } from '../model/problem.js';
import { dayText } from '../words/moments.js';
import { freshValue, lastValue, UNREAD } from '../model/reading.js';
import { cannotTell, says, seen, type Assess, type Assessment } from './finding.js';
import { pauseWords } from './cluster-pause.js';
import { isRetired, isToBeLevel } from './intended.js';
import { followedIn, isFullySilent, leaderKeyHolder, pauseOf, replicasOf } from './leader.js';
import { healthyReplicas, isStreaming } from './replica.js';
import { HELD_BY_ANY_BYTES } from './idle-slots.js';
import { diskOf } from './room.js';
import { strangersText } from './strangers.js';

/** What needs a person's plan rather than a repair: room, parameters, floors, a pause that somebody may have forgotten. */
export const assessCapacity: Assess = (input) => [
  ...tooFewReplicas(input),
  ...paused(input),
  ...clusterDown(input),
  ...input.view.members.flatMap((member) => [
    ...connections(input, member.name),
    ...slots(input, member.name),
    ...pendingRestart(input, member.name),
  ]),
];

function tooFewReplicas(input: Assessment): readonly Finding[] {
  if (followedIn(input.view) === null) return [];
  // Who is late or without a stream on purpose is not among those who are to run and stream.
  // Nor is who a person removes: it is away for good.
  const removed = (input.ledger.evacuations ?? []).flatMap((row) => (row.removed === true ? [row.member] : []));
  const counted = replicasOf(input.view).filter(
    (member) => isToBeLevel(input.view, member) && !removed.includes(member.name),
  );
  const expected = counted.length;
  const well = healthyReplicas(input.view, input.policy.lag.emergencyBytes);
  const missing = counted.filter((one) => !well.includes(one)).map(({ name }) => name);
  const healthy = expected - missing.length;
  if (healthy >= expected) return [];
  // A late answer is no absence: whom SQL sees stream is not missing for that.
  const late = counted.filter((one) => freshValue(one.api) === null && isStreaming(input.view, one));
  if (healthy + late.length >= expected) {
    const why = `${late.map(({ name }) => name).join(', ')}: no answer by API, and a stream that stands`;
    return [cannotTell('too-few-replicas', input.view.scope, why, input.view.atMs)];
  }
  const text = `${healthy} of ${expected} replicas run and stream`;
  const facts = { healthy, expected, missing: missing.join(',') };
  return [seen('too-few-replicas', input.view.scope, [says('api', text, input.view.atMs)], facts)];
}

function paused(input: Assessment): readonly Finding[] {
  const pause = pauseOf(input.view);
  if (pause.kind === 'not-paused') return [];
  if (pause.kind === 'unknown') return [cannotTell('cluster-paused', input.view.scope, pause.why, input.view.atMs)];
  const evidence = [says(pause.channel, 'Patroni is paused: a person owns the cluster', input.view.atMs)];
  const { pausedSinceMs = null, pauseSeen = false } = input.memory.leadership ?? {};
  if (pausedSinceMs !== null) {
    const since = `${pauseSeen ? 'since' : 'at least since'} ${dayText(pausedSinceMs)}`;
    evidence.push(
      says(pause.channel, `it has been paused ${since}: nobody fails over until it is resumed`, input.view.atMs),
    );
  }
  const end = input.ledger.clusterPause?.untilMs ?? null;
  const isOver = end !== null && input.view.atMs >= end;
  if (input.ledger.clusterPause != null)
    evidence.push(says(pause.channel, pauseWords(input.view, input.ledger), input.view.atMs));
  const isForgotten = pausedSinceMs !== null && input.view.atMs - pausedSinceMs >= input.policy.pause.remindAfterMs;
  return [seen('cluster-paused', input.view.scope, evidence, { pausedSinceMs, isForgotten: isForgotten || isOver })];
}

/** Every member is known to be stopped, or silent by every channel while etcd answers; with etcd gone too we may just be blind. */
function clusterDown(input: Assessment): readonly Finding[] {
  const members = input.view.members.filter((member) => !isRetired(input.view, member));
  if (!members.every((member) => isFullySilent(member))) return [];
  const stopped = members.filter((member) => {
    const host = freshValue(member.host);
    return host !== null && host.state !== 'running';
  });
  const registered = freshValue(input.view.dcs.keys)?.members ?? [];
  const stranger = strangersText(input.view);
  if (stranger !== null && registered.some((row) => !members.some(({ name }) => name === row.name)))
    return [
      cannotTell('cluster-down', input.view.scope, `${stranger}, has its key in etcd: it may run`, input.view.atMs),
    ];
  const evidence = [says('api', 'no member answers by API or SQL', input.view.atMs)];
  if (stopped.length === members.length)
    evidence.push(says('host', 'every member is stopped by its host driver', input.view.atMs));
  else if (freshValue(input.view.dcs.keys) === null || leaderKeyHolder(input.view) !== null) return [];
  else evidence.push(says('dcs', 'nobody holds the leader key', input.view.atMs));
  return [seen('cluster-down', input.view.scope, evidence)];
}

function connections(input: Assessment, name: string): readonly Finding[] {
  const reading = input.view.members.find((member) => member.name === name)?.sql ?? UNREAD;
  if (reading.kind === 'unknown' && reading.fault === 'too-many-clients')
    return [
      seen('connections-high', name, [says('sql', reading.reason, input.view.atMs)], { percent: 100, isRefused: true }),
    ];
  const sql = sqlOf(input, name);
  if (sql === null && reading.kind === 'unknown' && reading.fault !== 'not-configured')
    return [cannotTell('connections-high', name, reading.reason, input.view.atMs)];
  if (sql === null || sql.connections.max === 0) return [];
  const percent = Math.round((100 * sql.connections.total) / sql.connections.max);
  if (percent < input.policy.connections.warningPercent) return [];
  const top = [...sql.connections.byDatabase].sort((a, b) => b.total - a.total)[0];
  const text = `${name} has ${sql.connections.total} of ${sql.connections.max} connections in use${top ? `, ${top.total} of them on ${top.database} (${top.idleInTransaction} idle in transaction)` : ''}`;
  return [seen('connections-high', name, [says('sql', text, input.view.atMs)], { percent, isRefused: false })];
}

/** Much by the policy, or as much as is left where pg_wal lies: held on like that, the volume is full when that much more is written. */
function slots(input: Assessment, name: string): readonly Finding[] {
  const worst = [...(sqlOf(input, name)?.slots ?? [])].sort(
    (a, b) => (b.retainedBytes ?? 0) - (a.retainedBytes ?? 0),
  )[0];
  if (worst?.retainedBytes == null) return [];
  const { retainedBytes } = worst;
  const member = input.view.members.find((row) => row.name === name);
  const disk = member === undefined ? null : diskOf(member);
  const freeBytes = (disk?.wal ?? disk?.data)?.freeBytes ?? null;
  const isPressing = freeBytes !== null && retainedBytes >= Math.max(freeBytes, HELD_BY_ANY_BYTES);
  if (retainedBytes < input.policy.slots.retainWarningBytes && !isPressing) return [];
  const text = `slot ${worst.name} on ${name} (${worst.active ? 'active' : 'inactive'}) holds back ${bytesText(retainedBytes)} of WAL`;
  const left =
    freeBytes === null ? [] : [says('host', `${bytesText(freeBytes)} are left where it lies`, input.view.atMs)];
  return [
    seen('slot-retains-wal', name, [says('sql', text, input.view.atMs), ...left], {
      slot: worst.name,
      retainedBytes,
      freeBytes,
      isPressing,
    }),
  ];
}

function pendingRestart(input: Assessment, name: string): readonly Finding[] {
  const api = lastValue(input.view.members.find((member) => member.name === name)?.api ?? UNREAD);
  if (api?.pendingRestart !== true) return [];
  return [
    seen('pending-restart', name, [says('api', `${name} waits for a restart to apply parameters`, input.view.atMs)]),
  ];
}

const sqlOf = (input: Assessment, name: string) =>
  freshValue(input.view.members.find((member) => member.name === name)?.sql ?? UNREAD);
