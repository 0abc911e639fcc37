import type { Notice } from '../model/notify.js';

/**
 * What is to be sent, and what was: a fold over the lines of the spool. Pure. A line is written before it counts, so that a restart finds the
 * same outbox.
 */

/** One message for one channel. */
export interface Item {
  readonly id: string;
  readonly channel: string;
  readonly putAtMs: number;
  readonly notice: Notice;
  /** Of its line: what the spool's limit counts. */
  readonly bytes: number;
}

export type SpoolLine =
  | { readonly t: 'put'; readonly id: string; readonly channel: string; readonly atMs: number; readonly notice: Notice }
  | { readonly t: 'sent'; readonly id: string }
  /** It will not be sent: refused, too old, or something newer says it. */
  | { readonly t: 'dropped'; readonly id: string }
  /** What a channel has heard of and was not told the end of. */
  | { readonly t: 'told'; readonly channel: string; readonly keys: readonly string[] };

export interface Outbox {
  readonly items: readonly Item[];
  readonly told: Readonly<Record<string, readonly string[]>>;
}

export const EMPTY_OUTBOX: Outbox = { items: [], told: {} };

/** More that never ended are not remembered: the oldest go. */
const MOST_TOLD = 500;

export const lineText = (line: SpoolLine): string => `${JSON.stringify(line)}\n`;

/** The outbox after one more line. */
export function foldLine(outbox: Outbox, line: SpoolLine, bytes = lineText(line).length): Outbox {
  switch (line.t) {
    case 'put': {
      const { id, channel, atMs: putAtMs, notice } = line;
      return { ...outbox, items: [...outbox.items, { id, channel, putAtMs, notice, bytes }] };
    }
    case 'told':
      return { ...outbox, told: { ...outbox.told, [line.channel]: line.keys.slice(-MOST_TOLD) } };
    case 'sent':
    case 'dropped': {
      const item = outbox.items.find(({ id }) => id === line.id);
      if (item === undefined) return outbox;
      const items = outbox.items.filter((one) => one !== item);
      return line.t === 'sent' ? { items, told: toldAfter(outbox.told, item) } : { ...outbox, items };
    }
  }
}

function toldAfter(told: Outbox['told'], { channel, notice }: Item): Outbox['told'] {
  const others = (told[channel] ?? []).filter((key) => key !== notice.key);
  const isOver = notice.isLast || notice.change === 'test';
  return { ...told, [channel]: isOver ? others : [...others, notice.key].slice(-MOST_TOLD) };
}

/** The least lines that give the same outbox. */
export const linesOf = ({ items, told }: Outbox): readonly SpoolLine[] => [
  ...Object.entries(told).map(([channel, keys]): SpoolLine => ({ t: 'told', channel, keys })),
  ...items.map(({ id, channel, putAtMs, notice }): SpoolLine => ({ t: 'put', id, channel, atMs: putAtMs, notice })),
];

export const bytesOf = ({ items }: Outbox): number => items.reduce((sum, { bytes }) => sum + bytes, 0);

/** What was found on the disk, with what was told before it could be read behind it. */
export const joined = (found: Outbox, ours: Outbox): Outbox => ({
  items: [...found.items, ...ours.items],
  told: Object.fromEntries(
    [...new Set([...Object.keys(found.told), ...Object.keys(ours.told)])].map((channel) => [
      channel,
      [...new Set([...(found.told[channel] ?? []), ...(ours.told[channel] ?? [])])].slice(-MOST_TOLD),
    ]),
  ),
});

/** Whether this channel heard, or is about to hear, of what goes by that key. */
export const knows = ({ items, told }: Outbox, channel: string, key: string): boolean =>
  told[channel]?.includes(key) === true ||
  items.some((item) => item.channel === channel && item.notice.key === key && !follows(item.notice));

const endsIt = ({ change }: Notice): boolean => change === 'ended';
/** It means something only to who heard of the beginning. */
const follows = ({ change }: Notice): boolean => change === 'ended' || change === 'acknowledged';

/** Share of the spool. What rang once must be told that it is over: ends of what is known have as much room again. A report never takes that of a page. */
const roomOf = (notice: Notice, isKnown: boolean): number =>
  notice.change === 'report' ? 0.5 : follows(notice) && isKnown ? 2 : 1;

export interface Offer {
  readonly notice: Notice;
  /** Channels that routes name, and whether each counts by incident. */
  readonly to: readonly { readonly name: string; readonly isKeyed: boolean }[];
  /** We told it before: what we never told has no end to tell. Of what another instance told we cannot know. */
  readonly isOurs: boolean;
  readonly nowMs: number;
  readonly maxBytes: number;
  readonly newId: () => string;
}

/** The lines that take a notice in, and the channels for which there was no room. What waited first is kept, and the end of what is known. */
export function offered(
  outbox: Outbox,
  { notice, to, isOurs, nowMs, maxBytes, newId }: Offer,
): { readonly lines: readonly SpoolLine[]; readonly full: readonly string[] } {
  const lines: SpoolLine[] = [];
  const full: string[] = [];
  let bytes = bytesOf(outbox);
  for (const { name: channel, isKeyed } of to) {
    if (isOutOfPlace(outbox, notice, { channel, isKeyed, isOurs })) continue;
    const room = maxBytes * roomOf(notice, knows(outbox, channel, notice.key));
    const line: SpoolLine = { t: 'put', id: newId(), channel, atMs: nowMs, notice };
    const size = lineText(line).length;
    if (bytes + size > room) {
      full.push(channel);
      continue;
    }
    bytes += size;
    lines.push(...superseded(outbox, channel, notice).map(({ id }): SpoolLine => ({ t: 'dropped', id })), line);
  }
  return { lines, full };
}

/**
 * An end without a beginning, and the end of a part where only the end of the whole means something. Where incidents are counted the last end
 * always goes out: what was told before the spool was lost would stand there for good, and the end of what is not known there does no harm.
 */
const isOutOfPlace = (
  outbox: Outbox,
  notice: Notice,
  at: { readonly channel: string; readonly isKeyed: boolean; readonly isOurs: boolean },
): boolean => {
  if (!follows(notice)) return false;
  if (endsIt(notice) && at.isKeyed) return !notice.isLast;
  return at.isOurs && !knows(outbox, at.channel, notice.key);
};

/** A reminder that waits says nothing beside a newer one. */
const superseded = ({ items }: Outbox, channel: string, notice: Notice): readonly Item[] =>
  notice.change !== 'reminder'
    ? []
    : items.filter(
        (item) =>
          item.channel === channel &&
          item.notice.change === 'reminder' &&
          item.notice.key === notice.key &&
          item.notice.code === notice.code &&
          item.notice.subject === notice.subject,
      );
