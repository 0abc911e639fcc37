import type { Reply } from '../../model/plan.js';

interface Rule {
  readonly status: (status: number) => boolean;
  readonly text: RegExp;
  readonly effect: Reply['effect'];
}

const is = (wanted: number) => (status: number) => status === wanted;

/**
 * What an answer to a POST or DELETE says about the cluster; the first rule that fits counts. 503 is Patroni's usual refusal, but
 * four of its texts mean that something was begun: the failover key stays behind a "status unknown" and is acted on later, a write
 * to the DCS without quorum may still be committed, and a restart that failed has stopped PostgreSQL. [patroni.md sections 0 and 3]
 */
const RULES: readonly Rule[] = [
  { status: (status) => status >= 200 && status < 300, text: /^/, effect: 'done' },
  { status: is(503), text: /status unknown/i, effect: 'maybe' },
  { status: is(503), text: /failed to write failover key/i, effect: 'maybe' },
  { status: is(503), text: /restart failed|still starting/i, effect: 'maybe' },
  { status: is(503), text: /^/, effect: 'none' },
  { status: is(500), text: /can't schedule/i, effect: 'none' },
  { status: is(501), text: /^/, effect: 'none' },
  { status: is(505), text: /^/, effect: 'none' },
  // Not Patroni's words: 1xx and 3xx, 408, 425, 429 and 499 are a gateway's, which may have passed the request on.
  { status: (status) => status < 400 || [408, 425, 429, 499].includes(status), text: /^/, effect: 'maybe' },
  { status: (status) => status < 500, text: /^/, effect: 'none' },
  // 500 without a known text, 502, 504: a fault half-way, or a gateway's; the request may have gone through.
  { status: () => true, text: /^/, effect: 'maybe' },
];

/**
 * Patroni's word that it is at another task: `restarting after failure already in progress` lasts about a second of each loop while PostgreSQL
 * does not start. [Patroni 3.0.2 and 4.1, ha.py: schedule_reinitialize; tried on the lab on 2026-11-26]
 */
export const isBusy = (status: number, text: string): boolean => status === 503 && /already in progress/i.test(text);

export const effectOf = (status: number, text: string): Reply['effect'] =>
  RULES.find((rule) => rule.status(status) && rule.text.test(text))?.effect ?? 'maybe';
