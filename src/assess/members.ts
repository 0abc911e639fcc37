import { bytesText, counted } from '../words/amounts.js';
import type { Evidence } from '../model/channel.js';
import type { Evacuation } from '../model/ledger.js';
import type { Finding } from '../model/problem.js';
import { hasWaitedForCopy } from '../model/procedure-run.js';
import { runOf, runText } from '../model/power.js';
import { freshValue, isSilent } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { says, seen, type Assess, type Assessment } from './finding.js';
import { strangersAt } from './address.js';
import { hasNoKeys } from './strangers.js';
import { divergenceOf } from './divergence.js';
import { isRetired } from './intended.js';
import { isFullySilent, isStandbyCluster, leaderKeyHolder, leadershipOf, primaryChannels, waitsOf } from './leader.js';
import { isFailingState, receivingBy } from './replica.js';
import { isBeingRewound } from './rewinding.js';
import { unheard } from './unreachable.js';

/** Whose it is for now; null: nobody took it out. */
const takenBy = ({ ledger }: Assessment, { name }: MemberView): Evacuation | null =>
  ledger.evacuations?.find((row) => row.member === name) ?? null;

/** Whoever holds it made its Patroni copy the leader, for hours: that it answers no more is no doing of theirs. */
const isCopiedBy = ({ ledger }: Assessment, { name }: MemberView, { run }: Evacuation): boolean =>
  ledger.procedures?.some((row) => row.id === run && hasWaitedForCopy(row, name)) === true;

/** Members that do not start, are gone, or whose Patroni is gone while PostgreSQL lives. */
export const assessMembers: Assess = (input) => {
  const findings: Finding[] = [];
  const holder = leaderKeyHolder(input.view);
  for (const member of input.view.members) {
    findings.push(...misaddressed(input, member));
    // The leader of a standby cluster is a replica, and no problem of a leader covers it.
    if (member.name === holder && !isStandbyCluster(input.view)) continue;
    // What is gone for good is not missed, and over what is being rewound nothing is said but that.
    if (isRetired(input.view, member) || isBeingRewound(input, member)) continue;
    // Who took it out knows that it is away; what it does when it is started by hand is theirs to see.
    const held = takenBy(input, member);
    if (held !== null) {
      if (isCopiedBy(input, member, held)) findings.push(...creatingStuck(input, member), ...notHeard(input, member));
      continue;
    }
    findings.push(
      ...startFailed(input, member),
      ...crashLoop(input, member),
      ...creatingStuck(input, member),
      ...notHeard(input, member),
      ...rewindFailed(input, member),
    );
  }
  return findings;
};

/** `starting` between two failures is still failing: Patroni flips once a loop, for ever. [field-notes: destroyed data directory] */
function startFailed(input: Assessment, member: MemberView): readonly Finding[] {
  const api = freshValue(member.api);
  if (api === null || api.role === 'primary') return [];
  const { loopWaitMs } = waitsOf(input.view);
  const lastFailing = input.memory.lastFailingMs[member.name];
  const between =
    (api.state === 'starting' || api.state === 'unknown') &&
    lastFailing !== undefined &&
    input.view.atMs - lastFailing <= 2 * loopWaitMs + 5_000;
  if (!isFailingState(api.state) && !between) return [];
  const evidence = [
    says('api', `${member.name} says ${api.stateText}${between ? ', after failing to start' : ''}`, input.view.atMs),
  ];
  if (isSilent(member.sql)) evidence.push(says('sql', `PostgreSQL on ${member.name} does not answer`, input.view.atMs));
  evidence.push(...peerRows(input.view, member, (row) => isFailingState(row.state) || row.state === 'starting'));
  return [seen('replica-start-failed', member.name, evidence, { state: api.stateText })];
}

function peerRows(
  view: ClusterView,
  member: MemberView,
  matches: (row: { state: string; stateText: string }) => boolean,
): readonly Evidence[] {
  for (const peer of view.members) {
    if (peer.name === member.name) continue;
    const row = freshValue(peer.cluster)?.rows.find((candidate) => candidate.name === member.name);
    if (row !== undefined && matches(row))
      return [says('peers', `/cluster on ${peer.name} shows ${member.name} as ${row.stateText}`, view.atMs)];
  }
  return [];
}

const CRASH_LOOP_STARTS = 5;

function crashLoop(input: Assessment, member: MemberView): readonly Finding[] {
  const failures = input.memory.startFailures[member.name] ?? [];
  if (failures.length < CRASH_LOOP_STARTS) return [];
  const text = `${member.name} failed to start ${failures.length} times in the last ten minutes`;
  return [seen('replica-crash-loop', member.name, [says('api', text, input.view.atMs)], { failures: failures.length })];
}

/** A copy that has sent nothing for so long does not go on; a busy disk stops one for seconds. */
const COPY_STANDS_MS = 60_000;

/**
 * A copy of hundreds of gigabytes takes hours: as long as it is seen to go on it is no problem. Nothing tells whose each of several is, so
 * all of them must go on, and there must be one for each member that is being copied.
 */
function creatingStuck(input: Assessment, member: MemberView): readonly Finding[] {
  const { memory, view } = input;
  const since = memory.creatingSinceMs[member.name];
  if (since === undefined) return [];
  const copies = Object.values(memory.copies ?? {});
  const standing = copies.filter(({ changedAtMs }) => view.atMs - changedAtMs >= COPY_STANDS_MS);
  // Whoever was taken out of the configuration, or died, in the middle of its copy waits for none.
  const waiting = view.members.filter(({ api }) => freshValue(api)?.state === 'creating-replica').length;
  if (standing.length === 0 && copies.length >= waiting) return [];
  const found = [
    says('api', `${member.name} has been creating its copy for ${minutesSince(since, view)} min`, view.atMs),
  ];
  for (const { source, bytes, changedAtMs } of standing) {
    const minutes = minutesSince(changedAtMs, view);
    const from = memberOf(view, source);
    const isTold = from !== null && freshValue(from.sql) !== null;
    const text = isTold
      ? `a base backup from ${source} stands at ${bytesText(bytes)} for ${minutes} min`
      : `${source} was not seen to send more than ${bytesText(bytes)} for ${minutes} min, and gives no answer now`;
    found.push(says('sql', text, view.atMs));
  }
  if (copies.length === 0) found.push(says('sql', 'no server tells how far a base backup is', view.atMs));
  else if (copies.length < waiting)
    found.push(
      says('sql', `${counted(copies.length, 'base backup')} for ${waiting} members that wait for one`, view.atMs),
    );
  return [seen('creating-replica-stuck', member.name, found, { sinceMs: since })];
}

const minutesSince = (atMs: number, view: ClusterView): number => Math.round((view.atMs - atMs) / 60_000);

/** Its API is silent: only what nobody else sees alive is a problem of the member itself. */
function notHeard(input: Assessment, member: MemberView): readonly Finding[] {
  const how = unheard(input, member);
  if (how === null) return [];
  return how.kind === 'alive' ? [how.finding] : [...down(input, member), ...patroniDown(input, member)];
}

/** Nothing answers there. Silence of one channel is never enough; a host that says "not running" is a channel of its own. */
function down(input: Assessment, member: MemberView): readonly Finding[] {
  if (!isFullySilent(member)) return [];
  const evidence = [says('api', `API of ${member.name}: ${reasonOf(member)}`, input.view.atMs)];
  if (isSilent(member.sql)) evidence.push(says('sql', `PostgreSQL on ${member.name} does not answer`, input.view.atMs));
  const host = freshValue(runOf(member));
  if (host !== null && host.state !== 'running')
    evidence.push(says('host', `${member.name} is ${runText(host)}`, input.view.atMs));
  const keys = freshValue(input.view.dcs.keys);
  const isWithoutKey = keys !== null && !keys.members.some((row) => row.name === member.name);
  if (isWithoutKey) evidence.push(says('dcs', `${member.name} has no member key in etcd`, input.view.atMs));
  if (receivingBy(input.view, member).peers === false)
    evidence.push(says('peers', `${member.name} does not stream from the leader`, input.view.atMs));
  const neverHeard = isWithoutKey && hasNeverAnswered(input, member);
  if (neverHeard)
    evidence.push(
      says(
        'self',
        `Patroni on ${member.name} has never answered this instance: it is new, or has been down for longer`,
        input.view.atMs,
      ),
    );
  return [
    seen('member-down', member.name, evidence, { hostState: host?.state ?? null, ...(neverHeard && { neverHeard }) }),
  ];
}

/**
 * By what earlier runs remembered too. It proves nothing: where nobody remembers, one that has been down for long looks the same, so it is told as
 * down in any case.
 */
function hasNeverAnswered({ memory: { lastStateText } }: Assessment, { name }: MemberView): boolean {
  return lastStateText[name] === undefined && Object.keys(lastStateText).length > 0;
}

const reasonOf = (member: MemberView): string => (member.api.kind === 'unknown' ? member.api.reason : 'answers');

/** The split-brain maker of patroni.md fact 9, seen while it is still harmless: a replica's PostgreSQL without its Patroni. */
function patroniDown(input: Assessment, member: MemberView): readonly Finding[] {
  if (!isSilent(member.api) || freshValue(member.sql) === null) return [];
  const evidence = [
    says('api', `API of ${member.name}: ${reasonOf(member)}`, input.view.atMs),
    says('sql', `PostgreSQL on ${member.name} answers`, input.view.atMs),
  ];
  const keys = freshValue(input.view.dcs.keys);
  if (keys !== null && !keys.members.some((row) => row.name === member.name))
    evidence.push(says('dcs', `${member.name} has no member key in etcd`, input.view.atMs));
  return [seen('patroni-down', member.name, evidence)];
}

/**
 * A former leader that answers but neither leads nor streams. After a failed pg_rewind it runs as if nothing were, on the leader's timeline
 * by its own API: what gives it away is that it was primary and has not streamed since. [Runbook: Scenario 2, step 3; lab: rewind-failed]
 */
function rewindFailed(input: Assessment, member: MemberView): readonly Finding[] {
  const leadership = leadershipOf(input.view);
  const api = freshValue(member.api);
  const was = input.memory.lastPrimary?.[member.name];
  if (leadership.kind !== 'proven' || leadership.timeline === null || api === null || was === undefined) return [];
  if (primaryChannels(member).length > 0 || api.state === 'creating-replica') return [];
  const text = `${member.name} was primary on timeline ${was.timeline} and has not streamed since; the leader is on ${leadership.timeline} and ${member.name} says ${api.stateText}`;
  const evidence = [says('api', text, input.view.atMs)];
  const by = receivingBy(input.view, member);
  if (by.sql === false) evidence.push(says('sql', `${member.name} has no streaming WAL receiver`, input.view.atMs));
  if (by.peers === false)
    evidence.push(says('peers', `${member.name} does not stream from the leader`, input.view.atMs));
  const divergence = divergenceOf(input, member);
  const divergedBytes = divergence.kind === 'diverged' || divergence.kind === 'parted' ? divergence.bytes : null;
  return [seen('rewind-failed', member.name, evidence, { divergedBytes })];
}

/** Another cluster behind the address, or a name that Patroni does not know: never to be acted on. */
function misaddressed(input: Assessment, member: MemberView): readonly Finding[] {
  const strangers = strangersAt(member).map(({ channel, reason }) => says(channel, reason, input.view.atMs));
  if (strangers.length > 0) return [seen('scope-mismatch', member.name, strangers)];
  const keys = freshValue(input.view.dcs.keys);
  if (keys === null || freshValue(member.api) === null || hasNoKeys(input.view)) return [];
  if (keys.members.some((row) => row.name === member.name)) return [];
  const known = keys.members.map((row) => row.name).join(', ');
  const text = `Patroni has no member ${member.name} in scope ${input.view.scope}; it has ${known || 'none'}`;
  return [seen('member-unknown', member.name, [says('dcs', text, input.view.atMs)])];
}
