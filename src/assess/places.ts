import type { Finding } from '../model/problem.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';
import { says, seen, type Assess, type Assessment } from './finding.js';
import { waitsOf } from './leader.js';
import { lostSites } from './sites.js';

/** Where members are, and what Patroni was told of them. */
export const assessPlaces: Assess = (input) => [
  ...lostSites(input),
  ...input.view.members.flatMap((member) => [
    ...watchdog(input, member),
    ...failsafe(input, member),
    ...scheduled(input, member),
    ...doubled(input, member),
  ]),
];

function watchdog({ view }: Assessment, member: MemberView): readonly Finding[] {
  if (freshValue(member.api)?.watchdogFailed !== true) return [];
  return [
    seen('watchdog-failed', member.name, [says('api', `${member.name} says that its watchdog failed`, view.atMs)]),
  ];
}

/** Outside the failsafe set while the mode is on; false also where nobody can tell. [patroni.md section 6, key failsafe] */
export function isOutsideFailsafe(view: ClusterView, member: Pick<MemberView, 'name'>): boolean {
  const keys = freshValue(view.dcs.keys);
  const set = keys?.failsafe ?? null;
  if (keys === null || set === null || view.config.kind === 'unknown' || !view.config.value.failsafeMode) return false;
  return !set.includes(member.name) && keys.members.some(({ name }) => name === member.name);
}

function failsafe({ view }: Assessment, member: MemberView): readonly Finding[] {
  if (!isOutsideFailsafe(view, member)) return [];
  const set = freshValue(view.dcs.keys)?.failsafe ?? [];
  const text = `${member.name} is not in the failsafe set of etcd (${set.join(', ') || 'nobody is'})`;
  return [seen('failsafe-incomplete', member.name, [says('dcs', text, view.atMs)])];
}

/** Milliseconds of a restart that somebody has scheduled; null: none, or its time cannot be read. */
function restartAtMs(member: MemberView): number | null {
  const at = Date.parse(freshValue(member.api)?.scheduledRestart?.at ?? '');
  return Number.isNaN(at) ? null : at;
}

function scheduled({ view }: Assessment, member: MemberView): readonly Finding[] {
  const at = freshValue(member.api)?.scheduledRestart?.at ?? null;
  if (at === null) return [];
  return [
    seen('restart-scheduled', member.name, [
      says('api', `a restart of ${member.name} is scheduled at ${at}`, view.atMs),
    ]),
  ];
}

/** Somebody else's restart is at hand: from a loop before its time on it is under way. */
export function isRestartDue(view: ClusterView, member: MemberView, nowMs: number): boolean {
  const atMs = restartAtMs(member);
  return atMs !== null && atMs - nowMs <= waitsOf(view).loopWaitMs;
}

/** So many changes of a member's address within ten minutes are no move. */
const DOUBLED_CHANGES = 3;

function doubled({ view, memory }: Assessment, member: MemberView): readonly Finding[] {
  const row = memory.addresses?.[member.name];
  if (row === undefined || row.changesMs.length < DOUBLED_CHANGES) return [];
  const text = `the member key of ${member.name} alternates between ${row.known.join(' and ')}`;
  return [seen('member-doubled', member.name, [says('dcs', text, view.atMs)], { addresses: row.known.join(',') })];
}

type Addresses = NonNullable<Memory['addresses']>;

const CHANGES_KEPT_MS = 10 * 60_000;

/** What etcd's member keys say of where each member is, and how often that changed of late. */
export function rememberAddresses(memory: Memory, view: ClusterView): Addresses {
  const before = memory.addresses ?? {};
  const keys = freshValue(view.dcs.keys);
  if (keys === null) return before;
  const next: Record<string, Addresses[string]> = {};
  for (const { name, apiUrl, conn } of keys.members) {
    const now = apiUrl ?? (conn == null ? null : `${conn.host}:${conn.port}`);
    const was = before[name];
    if (now === null) continue;
    const recent = (was?.changesMs ?? []).filter((atMs) => view.atMs - atMs < CHANGES_KEPT_MS);
    const changed = was !== undefined && was.last !== now;
    const known =
      was === undefined || recent.length + Number(changed) === 0 ? [now] : [...new Set([...was.known, now])].slice(-4);
    next[name] = { last: now, known, changesMs: changed ? [...recent, view.atMs] : recent };
  }
  return next;
}
