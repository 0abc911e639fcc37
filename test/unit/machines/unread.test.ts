import { describe, expect, it } from 'vitest';
import { isUnread } from '../../../src/machines/unread.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import type { Problem } from '../../../src/model/problem.js';
import { NOW_MS, viewOf } from '../../support/view.js';

const silent = unknown('timeout', 'no answer', NOW_MS, '');
const late = unknown('not-read-yet', 'awaited beside the passes', NOW_MS, '');
const power = (isOn: boolean) => fresh({ isOn, outlet: 'rack 2' }, NOW_MS, 'power');
const problem = {
  code: 'leader-unreachable',
  subject: 'patroni1',
  evidence: [{ channel: 'host', text: 'on by its power', atMs: NOW_MS }],
} as unknown as Problem;

describe('a leader that was silent to all, in a later pass', () => {
  it.each([
    ['its driver is awaited', { api: silent, sql: silent, host: late, power: power(true) }, true],
    // Whatever the driver says later: it answers.
    ['its API answers, its driver is awaited', { sql: silent, host: late, power: power(true) }, false],
    ['PostgreSQL answers, its driver is awaited', { api: silent, host: late, power: power(true) }, false],
    ['its power is off, its driver is awaited', { api: silent, sql: silent, host: late, power: power(false) }, false],
    ['its driver is silent, its power is awaited', { api: silent, sql: silent, host: silent, power: late }, true],
    ['its driver is silent, its power is on', { api: silent, sql: silent, host: silent, power: power(true) }, false],
  ] as const)('%s: unread is told by that', (_what, change, expected) => {
    const view = viewOf();
    const members = view.members.map((member) => (member.name === 'patroni1' ? { ...member, ...change } : member));
    expect(isUnread({ ...view, members }, problem)).toBe(expected);
  });
});
