import { describe, expect, it } from 'vitest';
import { proxyRows } from '../../../src/app/doctor-proxies.js';
import { unknown } from '../../../src/model/reading.js';
import { testPolicy } from '../../support/policy.js';
import { eachProxy } from '../../support/proxies.js';
import { atProxy, twoProxies } from '../../support/two-proxies.js';
import { NOW_MS, viewOf, type Change } from '../../support/view.js';

const rows = (...changes: readonly Change[]) => proxyRows(viewOf(twoProxies, ...changes), testPolicy());
const textOf = (...changes: readonly Change[]): readonly string[] =>
  rows(...changes).map(({ check, verdict, detail }) => `${verdict} ${check}: ${detail}`);

describe('what doctor says of proxies', () => {
  it('[S5] a row each, and of each pool which server is which member', () => {
    const told = textOf();
    expect(told).toHaveLength(8);
    expect(told[0]).toBe('ok proxy north: HAProxy statistics and runtime API answers');
    expect(told).toContain('ok proxy south pool ro: ro: pg-a = patroni1, pg-b = patroni2, pg-c = patroni3');
  });

  it('[S5] what could not be placed, and what is off by it', () => {
    const address = { host: '10.0.0.9', port: 5432 };
    const found = rows(atProxy('south', 'ro', 'pg-c', { member: null, address }));
    expect(found.find(({ check }) => check === 'proxy south pool ro')).toMatchObject({
      verdict: 'warn',
      detail: expect.stringContaining('pg-c (10.0.0.9:5432): no member by name or address; no server of patroni3'),
      disables: ['drain by proxy of patroni3'],
    });
    expect(found.filter(({ verdict }) => verdict === 'warn')).toHaveLength(1);
  });

  it("[S5] another cluster's proxy is a failure, with the addresses", () => {
    const others: Change = (view) =>
      eachProxy(view, ({ name, seen }) => ({
        seen:
          name === 'south'
            ? unknown('wrong-scope', "it is another cluster's: patroni1 leads to 10.7.0.1:5432", NOW_MS, 'south')
            : seen,
      }));
    const [south] = rows(others).filter(({ check }) => check.startsWith('proxy south'));
    expect(south).toMatchObject({ verdict: 'fail', detail: expect.stringContaining('10.7.0.1:5432') });
    expect(south?.disables).toContain('drain-replica');
  });
});
