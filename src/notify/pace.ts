import type { Delivered } from '../model/notify.js';
import type { Item, Outbox } from './outbox.js';

/** When what is sent next: back-off, order, and a storm as one message. Pure. */

export interface ChannelPace {
  /** Tries in a row that failed. */
  readonly failures: number;
  readonly nextAtMs: number;
  /** null: the last try went well, or there was none. */
  readonly failingSinceMs: number | null;
  readonly why: string | null;
  readonly failedAtMs: number;
  /** When the last messages left, for the digest. */
  readonly sentAtMs: readonly number[];
  readonly tries: Readonly<Record<string, number>>;
  /** Of messages that were refused together: which of them it was shows one by one. */
  readonly alone: readonly string[];
}

export const NEW_PACE: ChannelPace = {
  failures: 0,
  nextAtMs: 0,
  failingSinceMs: null,
  why: null,
  failedAtMs: 0,
  sentAtMs: [],
  tries: {},
  alone: [],
};

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** The other end may ask for longer, within reason. */
const LONGEST_ASKED_MS = 60 * 60_000;
/** What nobody took for a day is no news. */
export const KEEP_MS = 24 * 60 * 60_000;
/** A channel for which nothing waits is told to fail for so long after its last try: what it refused is lost, and somebody has to hear of it. */
const LAST_WORD_MS = 10 * 60_000;
/** One digest has no more than these. */
const MOST_TOGETHER = 100;

export interface Digest {
  readonly count: number;
  readonly withinMs: number;
}

/** The messages of a channel that are sent next, and when; null: nothing waits. `digest` null: each by itself. */
export function nextOf(
  { items }: Outbox,
  channel: string,
  pace: ChannelPace,
  digest: Digest | null,
  nowMs: number,
): { readonly items: readonly Item[]; readonly atMs: number } | null {
  const waiting = items.filter((item) => item.channel === channel);
  if (waiting.length === 0) return null;
  const backoffMs = pace.failures === 0 ? 0 : waitLimited(pace.nextAtMs, nowMs);
  if (digest === null) return { items: [firstOf(waiting, pace)], atMs: backoffMs };
  const recent = pace.sentAtMs.filter((atMs) => atMs <= nowMs && nowMs - atMs < digest.withinMs);
  const isStorm = recent.length >= digest.count || waiting.length > digest.count;
  const opensAtMs = recent.length < digest.count ? 0 : (recent[recent.length - digest.count] ?? 0) + digest.withinMs;
  const isSplit = waiting.some(({ id }) => pace.alone.includes(id));
  const together = isStorm && !isSplit ? waiting.slice(0, MOST_TOGETHER) : [firstOf(waiting, pace)];
  return { items: together, atMs: Math.max(backoffMs, opensAtMs) };
}

/** Where nothing waits nothing fails any more, some time after the last try. */
export const paceIdle = (pace: ChannelPace, nowMs: number): ChannelPace =>
  pace.failingSinceMs === null || nowMs - pace.failedAtMs < LAST_WORD_MS
    ? pace
    : { ...NEW_PACE, sentAtMs: pace.sentAtMs };

/** A clock that was set back must not make a wait longer than any that is meant. */
const waitLimited = (atMs: number, nowMs: number): number => (atMs - nowMs > LONGEST_ASKED_MS ? nowMs : atMs);

/** The one that was tried least often, in the order of its incident: what the other end never takes must not hold up the rest. */
function firstOf(waiting: readonly Item[], { tries }: ChannelPace): Item {
  const heads = waiting.filter(
    (item, index) => waiting.findIndex(({ notice }) => notice.key === item.notice.key) === index,
  );
  const [first, ...others] = heads as [Item, ...Item[]];
  return others.reduce((best, item) => ((tries[item.id] ?? 0) < (tries[best.id] ?? 0) ? item : best), first);
}

/** The pace after one try. `random` is from 0 to 1: instances that fail together must not come back together. */
export function paceAfter(
  pace: ChannelPace,
  items: readonly Item[],
  delivered: Delivered,
  at: { readonly nowMs: number; readonly random: number; readonly withinMs: number },
): ChannelPace {
  const { nowMs, random } = at;
  const ids = new Set(items.map(({ id }) => id));
  const rest = Object.fromEntries(Object.entries(pace.tries).filter(([id]) => !ids.has(id)));
  const alone = pace.alone.filter((id) => !ids.has(id));
  if (delivered.kind === 'sent') {
    const recent = pace.sentAtMs.filter((atMs) => nowMs - atMs < at.withinMs);
    return { ...NEW_PACE, sentAtMs: [...recent, nowMs], tries: rest, alone };
  }
  const { sentAtMs } = pace;
  const failing = { failingSinceMs: pace.failingSinceMs ?? nowMs, why: delivered.why, failedAtMs: nowMs, sentAtMs };
  // One is told and gone, and what waits behind it may well be taken; of several each is tried by itself.
  if (delivered.kind === 'refused')
    return { ...failing, failures: 0, nextAtMs: 0, tries: rest, alone: items.length > 1 ? [...alone, ...ids] : alone };
  const tried = Object.fromEntries(items.map(({ id }) => [id, (pace.tries[id] ?? 0) + 1]));
  const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(pace.failures, 20)) * (0.5 + random / 2);
  const askedMs = Math.min(delivered.afterMs ?? 0, LONGEST_ASKED_MS);
  return {
    ...failing,
    failures: pace.failures + 1,
    nextAtMs: nowMs + Math.max(waitMs, askedMs),
    tries: { ...rest, ...tried },
    alone: pace.alone,
  };
}
