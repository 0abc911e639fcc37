import { bytesBetween } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import { memberOf, type ClusterView, type MemberView } from '../model/view.js';
import { bytesText, counted } from '../words/amounts.js';
import { archivedUpTo, SEGMENT_BYTES } from './archive.js';
import { candidatesFor } from './candidates.js';
import { whyNotStreaming } from './intended.js';
import { notReached, unreachedText } from './reach.js';
import { UNTOLD } from './upstream.js';

type At = { readonly view: ClusterView; readonly memory: Memory };
interface Move {
  readonly leader: string;
  readonly candidate: string;
}

/** A receiver that is further behind than this is waited for, for as long as its WAL takes. */
const SLOW_BYTES = 16 * 1024 ** 2;

/** A leader that is stopped cleanly first lets its archiver catch up. [PostgreSQL: pgarch.c] */
function archiveBacklog(leader: MemberView): string | null {
  const sql = freshValue(leader.sql);
  const upTo = archivedUpTo(sql?.archiver?.archivedWal ?? null);
  if (sql?.currentLsn == null || upTo === null || sql.currentLsn <= upTo) return null;
  const bytes = bytesBetween(sql.currentLsn, upTo);
  return bytes < Number(SEGMENT_BYTES)
    ? null
    : `${leader.name} stops once its archiver has caught up, which is ${bytesText(bytes)} behind`;
}

/** Whoever streams has all its WAL before a leader that is stopped cleanly ends; one that is slow holds that up. */
function slowReceivers(leader: MemberView): string | null {
  const rows = freshValue(leader.sql)?.replicas ?? [];
  const slow = rows.filter(({ lagBytes, state }) => state !== UNTOLD && (lagBytes ?? 0) > SLOW_BYTES);
  const texts = slow.map(({ applicationName, lagBytes }) => `${applicationName} (${bytesText(lagBytes ?? 0)} behind)`);
  return slow.length === 0 ? null : `${leader.name} stops once all its WAL is with ${texts.join(', ')}`;
}

/** A fast shutdown ends every session: what has not committed is rolled back. */
function openTransactions(leader: MemberView): string | null {
  const rows = freshValue(leader.sql)?.connections.byDatabase ?? [];
  const [active, idle] = [sum(rows, 'active'), sum(rows, 'idleInTransaction')];
  return active + idle === 0
    ? null
    : `sessions of ${leader.name} are cut: ${counted(active, 'statement')} under way, ${idle} idle in a transaction are rolled back`;
}

const sum = <K extends string>(rows: readonly Readonly<Record<K, number>>[], key: K): number =>
  rows.reduce((total, row) => total + row[key], 0);

/** They outlive a change of leader with their locks, and nobody but who prepared them ends them. */
function preparedTransactions(leader: MemberView): string | null {
  const most = freshValue(leader.sql)?.standbySettings?.max_prepared_transactions ?? 0;
  return most === 0
    ? null
    : `max_prepared_transactions is ${most}: what is prepared stays open at the new leader (SELECT * FROM pg_prepared_xacts)`;
}

/** Those that do not follow the new leader as things stand: read by nobody as an obstacle, and missed afterwards. */
function notFollowing({ view, memory }: At, { leader, candidate }: Move): readonly string[] {
  const rows = candidatesFor(view, memory, leader);
  const timeline = rows.find(({ name }) => name === candidate)?.timeline ?? null;
  return view.members.flatMap((member) => {
    const { name } = member;
    if (name === leader || name === candidate) return [];
    const api = freshValue(member.api);
    if (api === null) return [`${name} does not answer: it is not known whether it follows ${candidate}`];
    const told = whyNotStreaming(view, member);
    if (told !== null) return [`${name} does not stream from ${candidate} afterwards: ${told}`];
    const upstream = api.tags.raw['replicatefrom'];
    if (typeof upstream === 'string' && upstream !== candidate)
      return [`${name} follows ${upstream} (replicatefrom), not ${candidate}`];
    const own = rows.find((row) => row.name === name)?.timeline ?? null;
    return own !== null && timeline !== null && own < timeline
      ? [`${name} is on timeline ${own}, ${candidate} on ${timeline}: it has to be brought to that first`]
      : [];
  });
}

/** Patroni makes it leader all the same: it asks no proxy. */
function cutOffCandidate({ view }: At, { candidate }: Move): readonly string[] {
  const unreached = notReached(view, candidate);
  return unreached === null ? [] : [unreachedText({ unreached })];
}

/** Base backups from the leader that break off with it; the gate `someone-else` waits for them. */
function baseBackups(leader: MemberView): string | null {
  const count = freshValue(leader.sql)?.baseBackups ?? 0;
  return count === 0 ? null : `${counted(count, 'base backup')} from ${leader.name} would break off`;
}

/**
 * What a change of leader by request waits for, breaks off or leaves behind, told before it is asked for: none of it is a refusal. Empty: nothing is
 * known of the kind. Pure, over what this pass read.
 */
function preflightOf(at: At, move: Move): readonly string[] {
  const leader = memberOf(at.view, move.leader);
  if (leader === null) return [];
  const found = [archiveBacklog, slowReceivers, openTransactions, preparedTransactions, baseBackups].map((look) =>
    look(leader),
  );
  return [...cutOffCandidate(at, move), ...found.filter((text) => text !== null), ...notFollowing(at, move)];
}

/** The same in one sentence; null: nothing is known of the kind. */
export function preflightText(at: At, move: Move): string | null {
  const found = preflightOf(at, move);
  return found.length === 0 ? null : `before you agree: ${found.join('; ')}`;
}
