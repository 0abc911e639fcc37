import type { PageAct } from '../decide/page-book.js';
import type { Wish } from '../decide/page-wish.js';
import type { PageRow } from '../model/page.js';
import { spanText } from './amounts.js';
import { dayText } from './moments.js';

/** What a person is told: complete without the other fields of the message. */
export function pageText(act: Pick<PageAct, 'change' | 'row' | 'wish' | 'isHandedOver'>, atMs: number): string {
  const { change, row, wish } = act;
  const text = wish === null ? wordlessText(act, atMs) : wishText(wish, change, atMs);
  return row.incident === undefined ? text : `${text}; incident ${row.incident}`;
}

const LEAD = {
  opened: '',
  changed: 'changed: ',
  reminder: 'still unanswered: ',
  escalated: 'nobody has reacted: ',
  acknowledged: '',
  ended: '',
} as const;

function wordlessText(
  { change, row, isHandedOver }: Pick<PageAct, 'change' | 'row' | 'isHandedOver'>,
  atMs: number,
): string {
  if (isHandedOver === true) return `${row.code} ${row.subject} goes on, and is told under another key`;
  return change === 'acknowledged' ? acknowledgedText(row) : endedText(row, atMs);
}

function acknowledgedText({ code, subject, acknowledged }: PageRow): string {
  const { by = 'somebody', reason = '' } = acknowledged ?? {};
  return `${by} looks after ${code} ${subject}${reason === '' ? '' : `: ${reason}`}; nobody else is called for it unless it becomes another thing`;
}

const WAYS_OUT_HEAD = 'what you can do: ';
/** Where the ways out begin in a text: who has lines gives each of them one. */
export const WAYS_OUT = `; ${WAYS_OUT_HEAD}`;

/** Evidence, since when, why nothing answers it, the way out. */
function wishText({ evidence, because, unblock, sinceMs }: Wish, change: PageAct['change'], atMs: number): string {
  const since = `since ${dayText(sinceMs)}${atMs - sinceMs < 1_000 ? '' : ` (${spanText(atMs - sinceMs)})`}`;
  const parts = [
    evidence,
    since,
    ...(because === null ? [] : [because]),
    `${WAYS_OUT_HEAD}${unblock.map((way) => way.replace(/\.$/, '')).join('; or ')}`,
  ];
  return `${LEAD[change]}${parts.join('; ')}`;
}

function endedText({ code, subject, sinceMs, atMs: toldAtMs, goneSinceMs }: PageRow, atMs: number): string {
  const goneAtMs = goneSinceMs ?? atMs;
  return `over: ${code} ${subject} has not been seen since ${dayText(goneAtMs)}, after ${spanText(goneAtMs - (sinceMs ?? toldAtMs))}`;
}
