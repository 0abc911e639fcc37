import { describe, expect, it } from 'vitest';
import { effectOf, isBusy } from '../../../../src/adapters/patroni/effect.js';
import { metricsFrom } from '../../../../src/adapters/patroni/metrics.js';
import { clusterFrom, configFrom, historyFrom, statusFrom } from '../../../../src/adapters/patroni/parse.js';
import { roleFrom, rowRoleFrom } from '../../../../src/adapters/patroni/words.js';

const status = (more: object): object => ({ state: 'running', role: 'replica', patroni: { scope: 's' }, ...more });
const row = (lag: unknown): number | null =>
  clusterFrom({ members: [{ name: 'a', role: 'replica', lag }] }).report.rows[0]?.lagBytes ?? null;

describe('[A11] figures that nobody expected', () => {
  it.each([[-1], ['-1'], [1e400], ['1'.repeat(400)], [2 ** 60], ['9'.repeat(20)], [1.5], [{}]])(
    'a lag of %j is unknown',
    (lag) => {
      expect(row(lag)).toBeNull();
    },
  );

  it('a lag that is one stays one', () => {
    expect([row(0), row(1024), row('1024')]).toEqual([0, 1024, 1024]);
  });

  it.each([['18446744073709551616'], [-5], ['9'.repeat(500)], [1e300]])('a position of %j is none', (location) => {
    expect(statusFrom(status({ xlog: { location } })).xlog?.location).toBeNull();
  });

  it('the largest position is one', () => {
    expect(statusFrom(status({ xlog: { location: '18446744073709551615' } })).xlog?.location).toBe(2n ** 64n - 1n);
  });

  it('a history that ends beyond every position bounds nothing', () => {
    expect(historyFrom([[1, '9'.repeat(20), 'x']])[0]?.lsn).toBe(2n ** 64n - 1n);
  });

  it.each([[Infinity], [1e300], [-30], ['1e9']])('a ttl of %j is not taken', (ttl) => {
    expect(configFrom({ ttl }).ttlMs).toBe(30_000);
  });

  it('a moment far beyond the calendar is none', () => {
    expect(statusFrom(status({ dcs_last_seen: 1e300 })).dcsLastSeenMs).toBeNull();
  });

  it('a figure may be called as what every object has', () => {
    expect(metricsFrom('constructor 1\n__proto__ 2\n')?.metrics.values).toMatchObject({ constructor: 1 });
  });
});

it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
  '[A11] the role %s is none that we know',
  (word) => {
    expect([roleFrom(word), rowRoleFrom(word)]).toEqual(['other', 'other']);
  },
);

it.each([
  [503, 'restarting after failure already in progress', true],
  [503, 'reinitialize already in progress', true],
  [503, 'Cluster has no leader, can not reinitialize', false],
  [200, 'already in progress', false],
])('%i %s: busy for a moment is %s', (status, text, busy) => {
  expect(isBusy(status, text)).toBe(busy);
});

describe('[A11] an answer to a change that is not in the words of Patroni', () => {
  it.each([301, 302, 307, 308, 408, 425, 429, 499, 502, 504])('%i: it may have happened', (code) => {
    expect(effectOf(code, 'x')).toBe('maybe');
  });
  it.each([400, 401, 403, 404, 405, 409, 412, 422])('%i is a refusal', (code) => {
    expect(effectOf(code, 'x')).toBe('none');
  });
});
