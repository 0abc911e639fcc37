import { lagAgesOf, type LagAge } from '../assess/lag-age.js';
import { shownLagOf } from '../assess/shown-lag.js';
import { linesIn, poolsFor, type Purpose } from '../assess/proxy-lines.js';
import type { DrainRecord } from '../model/ledger.js';
import { ownerOf, type ProxyServer } from '../model/proxy.js';
import { lastValue } from '../model/reading.js';
import type { ClusterSnapshot } from '../model/snapshot.js';
import type { MemberState } from '../model/states.js';
import type { ClusterView, MemberView } from '../model/view.js';

/** How the proxy treats a member in one pool. `down` is the proxy's own check, `drain` and `maint` are somebody's will. */
export type Rotation = 'in' | 'down' | 'drain' | 'maint' | 'absent' | 'unknown';

export interface MemberOverview {
  readonly name: string;
  readonly state: MemberState;
  readonly sinceMs: number | null;
  /** PostgreSQL's role by the member's own word, else by SQL, else `unknown`. */
  readonly role: string;
  /** Patroni's state text, in Patroni's words. */
  readonly stateText: string | null;
  /** null: the leader key could not be read. */
  readonly holdsLeaderKey: boolean | null;
  readonly timeline: number | null;
  /** null for the leader and where nothing is known, never zero by default. */
  readonly lagBytes: number | null;
  /** Where the figure comes from, or why there is none. */
  readonly lagFrom: string;
  /** How old what it shows is; null for the leader and where nothing is known. */
  readonly lagAgeMs: number | null;
  /** `heartbeat`: measured; `positions`: an estimate that is never too old; null: there is no age. */
  readonly lagAgeBy: LagAge['by'] | null;
  readonly writes: Rotation;
  readonly reads: Rotation;
  readonly sessions: number | null;
  /** The drain that is ours, if there is one. */
  readonly drain: DrainRecord | null;
  /** How the member takes part in its own pool, in words: what is so, and beside it what is only rehearsed or left over. */
  readonly poolText: string;
  readonly pendingRestart: boolean;
  readonly tags: readonly string[];
  readonly host: string | null;
  readonly atMs: number | null;
}

/** One member as the terminal and the dashboard show it; explains only, so stale values are good enough. */
export function memberOverview(snapshot: ClusterSnapshot, view: ClusterView, member: MemberView): MemberOverview {
  const status = lastValue(member.api);
  const state = snapshot.states?.members[member.name];
  const keys = lastValue(view.dcs.keys);
  const holdsLeaderKey = keys === null ? null : keys.leader.holder === member.name;
  const lag = shownLagOf(view, member, snapshot.states?.problems ?? []);
  const memory = snapshot.states?.memory;
  const age = holdsLeaderKey === true || memory === undefined ? undefined : lagAgesOf({ view, memory }, member)[0];
  const tags = status?.tags;
  const drain = snapshot.ledger.drains.find((row) => row.member === member.name) ?? null;
  const writes = rotationOf(view, 'writes', member.name);
  const reads = rotationOf(view, 'reads', member.name);
  return {
    name: member.name,
    state: state?.state ?? 'unknown',
    sinceMs: state?.sinceMs ?? null,
    role: roleOf(member),
    stateText: status?.stateText ?? null,
    holdsLeaderKey,
    timeline: status?.timeline ?? lastValue(member.sql)?.timeline ?? null,
    lagBytes: lag.bytes,
    lagFrom: lag.from,
    lagAgeMs: age?.ageMs ?? null,
    lagAgeBy: age?.by ?? null,
    writes,
    reads,
    sessions: sessionsOf(view, member.name),
    drain,
    poolText: poolText(holdsLeaderKey === true, writes, reads, drain),
    pendingRestart: status?.pendingRestart ?? false,
    tags:
      tags === undefined
        ? []
        : (['noloadbalance', 'nofailover', 'nosync', 'clonefrom'] as const).filter((tag) => tags[tag]),
    host: lastValue(member.host)?.state ?? null,
    atMs: member.api.kind === 'unknown' ? null : member.api.atMs,
  };
}

const ROTATION_TEXT: Readonly<Record<Rotation, string>> = {
  in: 'in rotation',
  down: 'down by its check',
  drain: 'drained',
  maint: 'in maintenance',
  absent: 'not in the pool',
  unknown: 'unknown',
};

/** Our drains are of the read pool: a leader's writes are never said to be drained, and a rehearsed drain took nobody out. */
function poolText(leads: boolean, writes: Rotation, reads: Rotation, drain: DrainRecord | null): string {
  const own = leads ? `writes: ${ROTATION_TEXT[writes]}` : `reads: ${ROTATION_TEXT[reads]}`;
  if (drain === null) return own;
  if (drain.shadow) return `${own} (would have drained reads; nothing was sent)`;
  if (leads) return `${own}; reads drained by ekimi, left over`;
  return reads === 'drain' ? 'reads: drained by ekimi' : `${own} (drained by ekimi)`;
}

function roleOf(member: MemberView): string {
  const status = lastValue(member.api);
  if (status !== null) return status.role;
  const sql = lastValue(member.sql);
  if (sql !== null) return sql.inRecovery ? 'replica' : 'primary';
  return 'unknown';
}

/** Its lines in the pools for a purpose, of every proxy, as they were seen last. */
const serversOf = (view: ClusterView, purpose: Purpose, name: string): readonly ProxyServer[] =>
  view.proxies
    .flatMap((proxy) => linesIn(proxy, purpose, lastValue))
    .flatMap(({ row }) => (ownerOf(row) === name ? [row] : []));

function sessionsOf(view: ClusterView, name: string): number | null {
  const servers = serversOf(view, 'reads', name);
  return servers.length === 0 ? null : servers.reduce((sum, { sessions }) => sum + sessions, 0);
}

/** Where proxies and pools differ, what still gives it clients is what is shown; each by itself is among the pools. */
const MOST_OPEN = ['in', 'down', 'drain', 'maint'] as const;

function rotationOf(view: ClusterView, purpose: Purpose, name: string): Rotation {
  if (!view.proxies.some(({ pools, seen }) => seen.kind !== 'unknown' && poolsFor(pools, purpose).length > 0))
    return 'unknown';
  const found = serversOf(view, purpose, name).map(rotationOfServer);
  return MOST_OPEN.find((rotation) => found.includes(rotation)) ?? 'absent';
}

export function rotationOfServer(server: ProxyServer): Exclude<Rotation, 'absent' | 'unknown'> {
  if (server.admin.drain) return 'drain';
  if (server.admin.maint || server.admin.resolution) return 'maint';
  return server.up ? 'in' : 'down';
}
