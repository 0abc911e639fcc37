import { describe, expect, it } from 'vitest';
import { hostAndPort, withoutMisplaced, type Addresses } from '../../../src/observe/misplaced.js';
import type { ClusterView } from '../../../src/model/view.js';
import { api, keys, silent, sql, viewOf, type Change } from '../../support/view.js';

const NAMES = ['patroni1', 'patroni2', 'patroni3'];
/** Each postmaster began in another second. */
const started: readonly Change[] = NAMES.flatMap((name, index) => [
  api(name, { postmasterStartedAtMs: 1_000 * index }),
  sql(name, { startedAtMs: 1_000 * index + 1, ownName: index === 0 ? null : name }),
]);
const faults = (changes: readonly Change[], addresses: Addresses = {}) => {
  const view: ClusterView = viewOf(...started, ...changes);
  return withoutMisplaced(view.members, view.dcs.keys, addresses).flatMap((member) =>
    (['api', 'sql'] as const).flatMap((channel) => {
      const reading = member[channel];
      return reading.kind === 'unknown' && reading.fault === 'wrong-scope' ? [`${member.name} ${channel}`] : [];
    }),
  );
};
const swapApi = [api('patroni2', { postmasterStartedAtMs: 2_000 }), api('patroni3', { postmasterStartedAtMs: 1_000 })];
const swapSql = [
  sql('patroni2', { startedAtMs: 2_001, ownName: 'patroni3' }),
  sql('patroni3', { startedAtMs: 1_001, ownName: 'patroni2' }),
];
/** As etcd has them: each at its own host, one port for all. */
const advertised = keys({
  members: NAMES.map((name, index) => ({
    name: name as never,
    role: index === 0 ? 'primary' : 'replica',
    state: 'running',
    timeline: 7,
    xlogLocation: null,
    apiUrl: `http://10.0.0.${index + 1}:8008/patroni`,
    conn: { host: `10.0.0.${index + 1}`, port: 5432 },
  })),
});
const at = (...hosts: readonly number[]): Addresses =>
  Object.fromEntries(
    NAMES.map((name, index) => [
      name,
      { api: `10.0.0.${hosts[index] ?? 0}:8008`, sql: `10.0.0.${hosts[index] ?? 0}:5432` },
    ]),
  );

describe('[W2] another member of the cluster behind an address', () => {
  it.each<[string, readonly Change[], Addresses, readonly string[]]>([
    [
      'API and SQL of two replicas are swapped',
      [...swapApi, ...swapSql],
      {},
      ['patroni2 api', 'patroni2 sql', 'patroni3 api', 'patroni3 sql'],
    ],
    ['SQL alone is swapped', swapSql, {}, ['patroni2 sql', 'patroni3 sql']],
    ['the APIs alone are swapped, which do not tell their name', swapApi, {}, ['patroni2 api', 'patroni3 api']],
    [
      'etcd has our addresses as those of others',
      [advertised],
      at(1, 3, 2),
      ['patroni2 api', 'patroni2 sql', 'patroni3 api', 'patroni3 sql'],
    ],
    ['one address is given twice', [advertised], at(1, 2, 2), ['patroni3 api', 'patroni3 sql']],
    [
      'the API of a replica is that of the leader',
      [api('patroni2', { postmasterStartedAtMs: 0 })],
      {},
      ['patroni2 api'],
    ],
    ['a member lies about its name', [sql('patroni2', { ownName: 'patroni1' })], {}, ['patroni2 api', 'patroni2 sql']],
  ])('is not believed where %s', (_what, changes, addresses, expected) => {
    expect(faults(changes, addresses)).toEqual(expected);
  });

  it.each<[string, readonly Change[], Addresses]>([
    ['all are where they say', [advertised], at(1, 2, 3)],
    ['ours are addresses that etcd does not know (NAT, published ports)', [advertised], at(7, 9, 8)],
    ['etcd tells no addresses', [], at(1, 3, 2)],
    ["it streams under a name that is nobody's", [sql('patroni2', { ownName: 'walreceiver' })], {}],
    ['we may not see its name', [sql('patroni2', { ownName: null })], {}],
    ['its PostgreSQL was restarted between two readings', [sql('patroni2', { startedAtMs: 9_000 })], {}],
    ['SQL does not answer', [silent('patroni2', 'sql'), ...swapApi.slice(0, 1)], {}],
  ])('is not suspected where %s', (_what, changes, addresses) => {
    expect(faults(changes, addresses)).toEqual([]);
  });
});

describe('the port of an API', () => {
  it.each([
    ['http://Pg1:8008/patroni', 'pg1:8008'],
    ['https://pg1', 'pg1:443'],
    ['http://pg1', 'pg1:80'],
    ['nonsense', null],
  ])('%s', (url, expected) => {
    expect(hostAndPort(url)).toBe(expected);
  });
});
