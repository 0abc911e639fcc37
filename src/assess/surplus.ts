import { bytesBetween, formatLsn, parseLsn, type Lsn } from '../model/names.js';
import { freshValue } from '../model/reading.js';
import type { Memory } from '../model/states.js';
import type { SurplusWal, WalSpan } from '../model/surplus.js';
import type { ClusterView } from '../model/view.js';
import { bytesText, counted } from '../words/amounts.js';
import { dayText } from '../words/moments.js';
import type { Assessment } from './finding.js';
import { leadershipOf } from './leader.js';
import { isStreaming } from './replica.js';
import { forkPoint } from './timeline.js';

/** An answer explains for so long; in the look before a request it is asked for anew, and one that does not come is none. */
const MAX_AGE_MS = 60_000;

/** What is to be read of each former leader that is not the leader's replica again, by its name. Empty in a cluster that is well. */
export function surplusSpans(view: ClusterView, memory: Memory): Readonly<Record<string, WalSpan>> {
  const leadership = leadershipOf(view);
  if (leadership.kind !== 'proven' || leadership.timeline === null) return {};
  const spans: Record<string, WalSpan> = {};
  for (const member of view.members) {
    const primary = memory.lastPrimary?.[member.name];
    if (primary === undefined || member.name === leadership.member.name) continue;
    // Who is copied anew has nothing to show. A Patroni that is silent for a moment makes nothing unread.
    if (freshValue(member.api)?.state === 'creating-replica' || isStreaming(view, member)) continue;
    const fork = forkPoint(view, primary.timeline, leadership.timeline);
    if (fork != null) spans[member.name] = { timeline: primary.timeline, from: formatLsn(fork) };
  }
  return spans;
}

/** `empty`: nothing that was acknowledged is in it, by proof. `holds`: what is in it. `unread`: nobody knows, and why. */
export type Surplus =
  | { readonly kind: 'empty'; readonly bytes: number; readonly text: string }
  | { readonly kind: 'holds'; readonly bytes: number; readonly text: string }
  | { readonly kind: 'unread'; readonly why: string };

const unread = (why: string): Surplus => ({ kind: 'unread', why });

/**
 * What the WAL of a former leader holds past the fork. It proves that nothing is lost only where it was read from the fork on, up to where this
 * member was seen itself, by a program that came to the end of it, on the system that etcd names, and where no record makes a transaction last.
 */
export function surplusOf({ view, memory }: Assessment, name: string, at: { fork: Lsn; end: Lsn }): Surplus | null {
  const reading = view.surplus?.[name];
  const timeline = memory.lastPrimary?.[name]?.timeline;
  if (reading === undefined) return null;
  if (reading.kind === 'unknown') return unread(reading.reason);
  if (view.atMs - reading.atMs > MAX_AGE_MS) return unread('it was read too long ago');
  const wal = reading.value;
  const from = formatLsn(at.fork);
  if (wal.from !== from || wal.timeline !== timeline) return unread(`it was read from ${wal.from} on`);
  const to = wal.to === null ? null : parseLsn(wal.to);
  if (to === null) return unread(wal.doubts.join('; '));
  const bytes = bytesBetween(to, at.fork);
  const doubts = [...wal.doubts, ...doubtsBy(view, wal, { to, end: at.end })];
  if (wal.commits > 0) return { kind: 'holds', bytes, text: [commitsText(wal), ...doubts].join('; ') };
  if (doubts.length > 0) return unread(doubts.join('; '));
  const text = `pg_waldump read all ${bytesText(bytes)} of its WAL past ${from}: ${counted(wal.records, 'record')}, no commit among them`;
  return { kind: 'empty', bytes, text };
}

function doubtsBy(view: ClusterView, wal: SurplusWal, { to, end }: { to: Lsn; end: Lsn }): readonly string[] {
  const system = freshValue(view.dcs.keys)?.systemIdentifier ?? null;
  return [
    ...(system === null || system !== wal.systemIdentifier
      ? [`its control file names system ${wal.systemIdentifier ?? 'unknown'}, etcd ${system ?? 'unknown'}`]
      : []),
    ...(to < end ? [`it was read up to ${formatLsn(to)}, and had been seen at ${formatLsn(end)}`] : []),
  ];
}

/** What a person who is asked has to know. */
function commitsText({ commits, firstMs, lastMs, relations }: SurplusWal): string {
  const when =
    firstMs === null || lastMs === null
      ? ''
      : firstMs === lastMs
        ? `, at ${dayText(firstMs)}`
        : `, the first at ${dayText(firstMs)}, the last at ${dayText(lastMs)}`;
  const shown = relations.slice(0, 5).map(({ relation, records }) => `${relation} (${counted(records, 'record')})`);
  const more = relations.length > shown.length ? ' and more' : '';
  const where = shown.length === 0 ? '' : `, in relations ${shown.join(', ')}${more}`;
  return `${counted(commits, 'transaction')} committed there${when}${where}`;
}
