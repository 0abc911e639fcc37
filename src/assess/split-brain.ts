import { bytesText } from '../words/amounts.js';
import type { Evidence } from '../model/channel.js';
import type { Finding } from '../model/problem.js';
import { bytesBetween, formatLsn, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { says, seen, type Assessment } from './finding.js';
import { isPaused, isStandbyCluster, leaderKeyHolder, primaryChannels, waitsOf } from './leader.js';
import { hasNoKeys } from './strangers.js';
import { forkPoint } from './timeline.js';

/**
 * Two primaries by their own word or SQL. Confirmed only when two channels speak for each, none is in the middle
 * of a change, and they are one cluster by system identifier. Where each stands and where their histories part is told with it: it decides
 * what a rewind would throw away. [patroni.md section 7]
 */
export function splitBrain(input: Assessment): readonly Finding[] {
  const { view } = input;
  const primaries = view.members.filter((member) => primaryChannels(member).length > 0);
  const keys = freshValue(view.dcs.keys);
  const holder = keys?.leader.holder ?? null;
  const rogues = primaries.filter((member) => member.name !== holder);
  const told = primaries.flatMap((member) => voices(member, view.atMs));
  if (keys === null)
    return primaries.length < 2
      ? []
      : [seen('split-brain-suspected', view.scope, told, { positions: positionsOf(primaries) })];
  if (rogues.length === 0 || keys.failover !== null) return [];
  if (primaries.length < 2 && !isStandbyCluster(view)) return withoutKey(input, rogues, told);
  const rightful = holder === null ? null : memberOf(view, holder);
  const partings = rogues.map((rogue) => partingOf(view, rogue, rightful));
  const key = holder === null ? 'nobody holds the leader key' : `${holder} holds the leader key`;
  const evidence = [...told, says('dcs', [key, ...partings.map((parting) => parting.text)].join('; '), view.atMs)];
  const factsOf = (rows: readonly Parting[]): Finding['facts'] => {
    const [first] = rows;
    const rogue = rows.map((row) => row.rogue.name).join(',');
    return { rogue, positions: positionsOf(primaries), fork: first?.fork ?? null, ownBytes: first?.ownBytes ?? null };
  };
  const findings = [seen('split-brain-suspected', view.scope, evidence, factsOf(partings))];
  // In a standby cluster nobody is to accept writes: a person is told, and nobody is called the rightful one.
  if (isStandbyCluster(view) || holder === null || !isSure(input, primaries, rogues)) return findings;
  return [
    ...findings,
    ...partings.map((row) => seen('split-brain-confirmed', row.rogue.name, evidence, factsOf([row]))),
  ];
}

/**
 * One primary is no split brain: nobody says that there are two. The key may be gone because its Patroni was stopped in a pause, or because
 * it cannot reach etcd; or another holds it and is not primary yet.
 */
function withoutKey(input: Assessment, rogues: readonly MemberView[], told: readonly Evidence[]): readonly Finding[] {
  const { view } = input;
  // That etcd has nothing of this scope at all is another matter, told for what it is.
  if (hasNoKeys(view)) return [];
  const holder = leaderKeyHolder(view);
  const paused = isPaused(view);
  return rogues.map((rogue) => {
    const key =
      holder === null
        ? 'nobody holds the leader key'
        : `${holder} holds the leader key and is not primary by any channel`;
    const why = paused
      ? 'Patroni is paused, so it stays primary and nobody is elected'
      : `Patroni on ${rogue.name} ${freshValue(rogue.api) === null ? 'does not answer' : 'has not taken it back'}: another may be elected beside it`;
    return seen('primary-without-key', rogue.name, [...told, says('dcs', `${key}; ${why}`, view.atMs)], {
      isPaused: paused,
      holder,
    });
  });
}

const sinceLeaderChangeMs = (input: Assessment): number =>
  input.memory.lastLeaderChangeMs === null ? Infinity : input.view.atMs - input.memory.lastLeaderChangeMs;

function isSure(input: Assessment, primaries: readonly MemberView[], rogues: readonly MemberView[]): boolean {
  const isSettled = sinceLeaderChangeMs(input) >= waitsOf(input.view).ttlMs;
  return (
    primaries.length >= 2 &&
    primaries.every((member) => primaryChannels(member).includes('sql') && !isDeniedByApi(member)) &&
    sameSystem(primaries) &&
    (isSettled || rogues.some((member) => primaryChannels(member).length === 2))
  );
}

/** SQL that contradicts the member's own API may well be another member's: a wrong address must never look like a second primary. */
const isDeniedByApi = (member: MemberView): boolean =>
  freshValue(member.api) !== null && !primaryChannels(member).includes('api');

function sameSystem(members: readonly MemberView[]): boolean {
  const ids = members.map(
    (member) => freshValue(member.sql)?.systemIdentifier ?? freshValue(member.api)?.systemIdentifier,
  );
  return ids.every((id) => id !== undefined && id !== null && id === ids[0]);
}

interface Place {
  readonly timeline: number | null;
  readonly lsn: Lsn | null;
}

function placeBy(member: MemberView, channel: 'api' | 'sql'): Place {
  if (channel === 'sql') {
    const sql = freshValue(member.sql);
    return { timeline: sql?.timeline ?? null, lsn: sql?.currentLsn ?? null };
  }
  const api = freshValue(member.api);
  return { timeline: api?.timeline ?? null, lsn: api?.xlog?.location ?? null };
}

/** By SQL where it says primary: Patroni's API answers from the time of its own query. */
const placeOf = (member: MemberView): Place => placeBy(member, primaryChannels(member).includes('sql') ? 'sql' : 'api');

const placeText = ({ timeline, lsn }: Place): string =>
  `on timeline ${timeline ?? 'unknown'} at ${lsn === null ? 'an unknown position' : formatLsn(lsn)}`;

const voices = (member: MemberView, atMs: number): readonly Evidence[] =>
  primaryChannels(member).map((channel) => {
    const by = channel === 'api' ? 'own API' : 'SQL';
    return says(channel, `${member.name} is primary by its ${by}, ${placeText(placeBy(member, channel))}`, atMs);
  });

const positionsOf = (members: readonly MemberView[]): string =>
  members.map((member) => `${member.name} ${placeText(placeOf(member))}`).join(', ');

/** Where the rogue left the leader's history, and how much of its WAL lies past that; null where nobody can tell. */
interface Parting {
  readonly rogue: MemberView;
  readonly fork: string | null;
  readonly ownBytes: number | null;
  readonly text: string;
}

function partingOf(view: ClusterView, rogue: MemberView, leader: MemberView | null): Parting {
  const [here, there] = [placeOf(rogue), leader === null ? null : placeOf(leader)];
  if (leader === null || here.timeline === null || here.lsn === null || there === null || there.timeline === null)
    return { rogue, fork: null, ownBytes: null, text: `where ${rogue.name} left the history of the leader is unknown` };
  if (here.timeline === there.timeline) {
    const text = `${rogue.name} is on timeline ${here.timeline} as well: no history tells where they part, and pg_rewind cannot`;
    return { rogue, fork: null, ownBytes: null, text };
  }
  // The older of the two timelines is the one that was left: by the leader, which /history tells, or by the rogue, which it may not.
  const [older, newer] = [Math.min(here.timeline, there.timeline), Math.max(here.timeline, there.timeline)];
  const fork = forkPoint(view, older, newer) ?? null;
  const who = older === here.timeline ? leader.name : rogue.name;
  if (fork === null)
    return { rogue, fork: null, ownBytes: null, text: `/history does not tell where ${who} left timeline ${older}` };
  const ownBytes = bytesBetween(here.lsn, fork);
  const text = `${who} left timeline ${older} at ${formatLsn(fork)}, and ${rogue.name} holds ${bytesText(ownBytes)} past it`;
  return { rogue, fork: `${older} at ${formatLsn(fork)}`, ownBytes, text };
}
