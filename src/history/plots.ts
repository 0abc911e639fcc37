import { shownLagOf } from '../assess/shown-lag.js';
import { takesWrites } from '../ledger/without-writes.js';
import type { EntryKind, JournalEntry } from '../model/entry.js';
import { markOf, type Mark } from './marks.js';

/** What the plots are made of; entries of other kinds need not be read. */
export const PLOTTED_KINDS: readonly EntryKind[] = [
  'pass',
  'start',
  'stop',
  'incident',
  'intent',
  'verdict',
  'page',
  'switch',
];

/** A quiet pass is recorded once a minute: what was seen holds for so long, in milliseconds, and nobody knows what came after. */
export const HOLDS_MS = 75_000;
const MOST_MARKS = 1_000;

export interface PlotRange {
  readonly fromMs: number;
  readonly toMs: number;
  /** How many steps the range is cut into, 1 at least. */
  readonly points: number;
}

/** One value a step. null: nothing is known of it: nobody looked, or whoever looked could not tell. Never zero in its place. */
export interface Plots {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
  /** The most that each member was seen behind the leader within the step, in bytes; of the leader null. */
  readonly members: Readonly<Record<string, readonly (number | null)[]>>;
  /** Which part of the known time of the step clients could write, 0 to 1. */
  readonly writable: readonly (number | null)[];
  readonly marks: readonly Mark[];
  /** Older marks that were left out, since there are more than a page can show. */
  readonly marksLeftOut: number;
}

interface Seen {
  readonly atMs: number;
  readonly lag: Readonly<Record<string, number | null>>;
  readonly takes: boolean | null;
}

export interface Plotter {
  readonly take: (entry: JournalEntry) => void;
  /** `nowMs`: nothing is known of what comes after it. */
  readonly value: (nowMs: number) => Plots;
}

/** Takes the entries of one cluster, oldest first, from `HOLDS_MS` before the range on. Holds no more than the steps and the marks. */
export function plotter({ fromMs, toMs, points }: PlotRange): Plotter {
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / points));
  const steps = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
  const members = new Map<string, (number | null)[]>();
  const told = new Float64Array(steps);
  const open = new Float64Array(steps);
  const marks: Mark[] = [];
  let leftOut = 0;
  let seen: Seen | null = null;

  const lagsOf = (member: string): (number | null)[] => {
    const known = members.get(member) ?? Array.from({ length: steps }, () => null);
    members.set(member, known);
    return known;
  };
  /** Writes what was seen last into the steps in which it held. */
  const hold = (untilMs: number): void => {
    if (seen === null) return;
    const { atMs, lag, takes } = seen;
    // A clock that was set back: nothing held for less than no time.
    const endMs = Math.min(untilMs, atMs + HOLDS_MS, toMs);
    const beginMs = Math.max(atMs, fromMs);
    const lags = Object.entries(lag).map(([member, bytes]) => ({ row: lagsOf(member), bytes }));
    for (let step = Math.floor((beginMs - fromMs) / stepMs); step < steps; step += 1) {
      const startMs = fromMs + step * stepMs;
      const heldMs = Math.min(endMs, startMs + stepMs) - Math.max(beginMs, startMs);
      if (heldMs <= 0) break;
      for (const { row, bytes } of lags) if (bytes !== null) row[step] = Math.max(row[step] ?? 0, bytes);
      if (takes === null) continue;
      told[step] = (told[step] ?? 0) + heldMs;
      if (takes) open[step] = (open[step] ?? 0) + heldMs;
    }
    seen = null;
  };
  return {
    take: (entry) => {
      const { atMs, body } = entry;
      if (body.kind === 'pass' || body.kind === 'start' || body.kind === 'stop') hold(atMs);
      if (body.kind === 'pass') seen = seenIn(entry);
      const mark = markOf(entry);
      if (mark === null || mark.atMs < fromMs || mark.atMs > toMs) return;
      marks.push(mark);
      if (marks.length <= MOST_MARKS) return;
      marks.shift();
      leftOut += 1;
    },
    value: (nowMs) => {
      hold(nowMs);
      return {
        fromMs,
        toMs,
        stepMs,
        members: Object.fromEntries(members),
        writable: Array.from(told, (ms, step) => (ms === 0 ? null : (open[step] ?? 0) / ms)),
        marks,
        marksLeftOut: leftOut,
      };
    },
  };
}

/** null: it does not say what was seen. */
function seenIn({ atMs, body }: JournalEntry): Seen | null {
  if (body.kind !== 'pass' || body.view == null) return null;
  const { view, problems } = body;
  return {
    atMs,
    lag: Object.fromEntries(view.members.map((member) => [member.name, shownLagOf(view, member, problems).bytes])),
    takes: takesWrites(view, problems),
  };
}
