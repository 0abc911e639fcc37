import { describe, expect, it } from 'vitest';
import { placeText, type KnownNames } from '../../../src/model/address.js';
import { checkAddresses, namesToResolve, placeOfUrl, type Addresses } from '../../../src/observe/addresses.js';
import { withoutMisplaced } from '../../../src/observe/misplaced.js';
import { freshValue } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { api, keys, silent, sql, viewOf, type Change } from '../../support/view.js';

const NAMES = ['patroni1', 'patroni2', 'patroni3'];
/** Each postmaster began in another second. */
const started: readonly Change[] = NAMES.flatMap((name, index) => [
  api(name, { postmasterStartedAtMs: 1_000 * index }),
  sql(name, { startedAtMs: 1_000 * index + 1, ownName: index === 0 ? null : name }),
]);
const checked = (view: ClusterView, addresses: Addresses, names: KnownNames = {}) =>
  checkAddresses(
    view.members.map(({ name }) => name),
    freshValue(view.dcs.keys)?.members ?? null,
    addresses,
    names,
  );
const faults = (changes: readonly Change[], addresses: Addresses = {}, names: KnownNames = {}) => {
  const view: ClusterView = viewOf(...started, ...changes);
  return withoutMisplaced(view.members, checked(view, addresses, names)).flatMap((member) =>
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
const advertisedAs = (hosts: readonly string[]): Change =>
  keys({
    members: NAMES.map((name, index) => ({
      name: name as never,
      role: index === 0 ? 'primary' : 'replica',
      state: 'running',
      timeline: 7,
      xlogLocation: null,
      apiUrl: `http://${hosts[index] ?? ''}:8008/patroni`,
      conn: { host: hosts[index] ?? '', port: 5432 },
    })),
  });
const ip = (last: number): string => `10.0.0.${last}`;
const advertised = advertisedAs([1, 2, 3].map(ip));
const oursAre = (hosts: readonly string[], isDeclared = false): Addresses =>
  Object.fromEntries(
    NAMES.map((name, index) => {
      const host = hosts[index] ?? '';
      return [name, { api: { host, port: 8008, isDeclared }, sql: { host, port: 5432, isDeclared } }];
    }),
  );
const at = (...hosts: readonly number[]): Addresses => oursAre(hosts.map(ip));

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

/** Names of hosts, and what they resolve to here. */
const RESOLVED: KnownNames = { pg1: [ip(1)], pg2: [ip(2), 'fd00::2'], pg3: [ip(3)], 'pg2.site': ['fd00::2'] };
const LOCAL: KnownNames = {
  pg1: [ip(1)],
  pg2: ['127.0.1.1'],
  pg3: [ip(3)],
  tunnel: ['127.0.0.1'],
  near: ['127.0.1.1'],
};

describe('[W2] names and addresses', () => {
  it.each<[string, readonly string[], readonly string[], KnownNames, readonly string[]]>([
    ['ours are names, of each its own', [1, 2, 3].map(ip), ['pg1', 'pg2', 'pg3'], RESOLVED, []],
    ['those in etcd are names, of each its own', ['pg1', 'pg2', 'pg3'], [1, 2, 3].map(ip), RESOLVED, []],
    ['two names of one address', ['pg1', 'pg2.site', 'pg3'], ['pg1', 'pg2', 'pg3'], RESOLVED, []],
    [
      'a name leads to the address of another',
      [1, 2, 3].map(ip),
      ['pg1', 'pg3', 'pg9'],
      RESOLVED,
      ['patroni2 api', 'patroni2 sql'],
    ],
    [
      'an address is that of another, who is named',
      ['pg1', 'pg2', 'pg3'],
      [ip(1), ip(3), ip(9)],
      RESOLVED,
      ['patroni2 api', 'patroni2 sql'],
    ],
    ['the name in etcd is not known here', ['pg1', 'pg7', 'pg3'], [ip(1), ip(3), ip(9)], RESOLVED, []],
    ['our name is not known here', [1, 2, 3].map(ip), ['pg1', 'pg7', 'pg3'], RESOLVED, []],
    ['nothing is known here', ['a', 'b', 'c'], ['pg1', 'pg3', 'pg2'], {}, []],
    [
      'word for word of another, though no name is known',
      ['pg1', 'pg2', 'pg3'],
      ['pg1', 'pg3', 'pg9'],
      {},
      ['patroni2 api', 'patroni2 sql'],
    ],
    [
      'one of them is this very host, which everybody calls by its own loopback',
      ['pg1', 'pg2', 'pg3'],
      ['near', 'pg2', 'pg3'],
      LOCAL,
      [],
    ],
    ['ours are tunnels', ['pg1', 'pg2', 'pg3'], ['tunnel', 'tunnel', 'tunnel'], LOCAL, []],
  ])('%s', (_what, told, ours, names, expected) => {
    expect(faults([advertisedAs(told)], oursAre(ours), names)).toEqual(expected);
  });

  it('the other port of one host is another place', () => {
    const ours = oursAre(['pg1', 'pg2', 'pg2']);
    const moved = { ...ours, patroni3: { api: { host: 'pg2', port: 18008, isDeclared: false }, sql: null } };
    expect(faults([advertisedAs([1, 2, 3].map(ip))], moved, RESOLVED)).toEqual([]);
  });

  it('what is declared stands in for our address behind NAT: swapped, it is told', () => {
    expect(faults([advertised], oursAre([1, 2, 3].map(ip), true))).toEqual([]);
    expect(faults([advertised], oursAre([ip(1), ip(3), ip(2)], true))).toEqual([
      'patroni2 api',
      'patroni2 sql',
      'patroni3 api',
      'patroni3 sql',
    ]);
  });

  it('only names are resolved, ours and those of etcd, each once', () => {
    const view = viewOf(advertisedAs(['pg1', ip(2), '[fd00::3]']));
    expect(namesToResolve(freshValue(view.dcs.keys)?.members ?? [], oursAre(['pg1', 'pg2', ip(3)]))).toEqual([
      'pg1',
      'pg2',
    ]);
  });

  it('each is told by how it was compared', () => {
    const view = viewOf(advertisedAs(['pg1', 'pg2', 'pg7']));
    const rows = checked(view, oursAre(['pg1', ip(2), ip(3)]), RESOLVED).filter(({ channel }) => channel === 'api');
    expect(rows.map(({ ours, told, how }) => [ours, told, how])).toEqual([
      ['pg1:8008', 'pg1:8008', 'same'],
      ['10.0.0.2:8008', 'pg2:8008', 'by-name'],
      ['10.0.0.3:8008', 'pg7:8008', 'unresolved'],
    ]);
    expect(checked(viewOf(advertised), at(1, 9, 3))[2]).toMatchObject({ how: 'elsewhere', told: '10.0.0.2:8008' });
    expect(checked(viewOf(keys({ members: [] })), at(1, 2, 3))[0]).toMatchObject({ how: 'untold', told: null });
  });
});

describe('the port of an API', () => {
  it.each([
    ['http://Pg1:8008/patroni', 'pg1:8008'],
    ['https://pg1', 'pg1:443'],
    ['http://pg1', 'pg1:80'],
    ['nonsense', null],
  ])('%s', (url, expected) => {
    const place = placeOfUrl(url);
    expect(place === null ? null : placeText(place)).toBe(expected);
  });
});
