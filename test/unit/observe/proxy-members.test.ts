import { describe, expect, it } from 'vitest';
import type { AddressCheck, AddressMatch } from '../../../src/model/address.js';
import { memberName } from '../../../src/model/names.js';
import type { ProxyAddress } from '../../../src/model/proxy.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import { withMembers } from '../../../src/observe/proxy-members.js';
import type { ProxyTarget } from '../../../src/observe/pass.js';

const members = ['patroni1', 'patroni2', 'patroni3'].map(memberName);
const pools = { writes: 'main', reads: ['ro'] };
const place = (host: string, port: number) => ({ host, port, isDeclared: false });
const addresses = {
  patroni1: { api: place('10.0.0.1', 8008), sql: place('10.0.0.1', 5432) },
  patroni2: { api: place('pg2', 8008), sql: place('pg2', 5432) },
  patroni3: { api: place('fd00::3', 8008), sql: place('fd00::3', 5432) },
};

interface Case {
  readonly server: string;
  readonly address?: ProxyAddress | null;
  readonly backend?: string;
  readonly target?: Partial<ProxyTarget>;
  readonly to?: typeof addresses;
}

function memberOf({ server, address = null, backend = 'ro', target = {}, to = addresses }: Case): unknown {
  const row = {
    backend,
    server,
    status: 'UP',
    up: true,
    admin: { drain: false, maint: false, resolution: false },
    sessions: 0,
    checkStatus: '',
    lastChangeSeconds: null,
    address,
  };
  const proxy = { name: 'north', pools, seen: fresh({ servers: [row] }, 0, 'north') };
  const [placed] = withMembers([proxy], {
    target: { members, addresses: to, proxies: [{ name: 'north', pools, ...target }] },
    rows: [
      { name: memberName('patroni2'), apiUrl: 'http://10.9.9.2:8008/patroni', conn: { host: '10.9.9.2', port: 5432 } },
    ],
    names: { pg2: ['10.0.0.2'] },
    checks: [],
    leader: null,
    before: [],
  });
  const seen = placed?.seen;
  const [found] = seen === undefined || seen.kind === 'unknown' ? [] : seen.value.servers;
  return found !== undefined && 'member' in found ? found.member : 'by its name';
}

const at = (host: string, port = 5432, fqdn?: string): ProxyAddress => ({
  host,
  port,
  ...(fqdn === undefined ? {} : { fqdn }),
});
const servers = (map: Readonly<Record<string, string>>) => ({
  servers: Object.fromEntries(Object.entries(map).map(([server, name]) => [server, memberName(name)])),
});

describe('which member a server of a proxy is', () => {
  it.each<[string, Case, unknown]>([
    ['as the operator says', { server: 'pg-a', target: servers({ 'pg-a': 'patroni3' }) }, 'patroni3'],
    [
      'as the operator says, against its address',
      { server: 'pg-a', address: at('10.0.0.1'), target: servers({ 'pg-a': 'patroni3' }) },
      'patroni3',
    ],
    [
      'as the operator says of this pool alone',
      { server: 'one', backend: 'main', target: servers({ 'main/one': 'patroni1', one: 'patroni3' }) },
      'patroni1',
    ],
    ['by its own name', { server: 'patroni2' }, 'by its name'],
    [
      'by its own name, at an address that nobody knows',
      { server: 'patroni2', address: at('192.0.2.7') },
      'by its name',
    ],
    ['by address and port', { server: 'postgresql_10.0.0.1_5432', address: at('10.0.0.1') }, 'patroni1'],
    ['by what our name for it resolves to', { server: 'pg-b', address: at('10.0.0.2') }, 'patroni2'],
    ['by the address that etcd has', { server: 'pg-b', address: at('10.9.9.2') }, 'patroni2'],
    ['by the name that the proxy resolves', { server: 'srv1', address: at('172.18.0.9', 5432, 'PG2') }, 'patroni2'],
    ['by an address of IPv6', { server: 'pg-c', address: at('FD00::3') }, 'patroni3'],
    ['by an address of IPv6 in another spelling', { server: 'pg-c', address: at('fd00:0:0::0003') }, 'patroni3'],
    ['by one with a zone', { server: 'pg-c', address: at('fd00::3%eth0') }, 'patroni3'],
    ['by an IPv4 address written in hex', { server: 'pg-a', address: at('::ffff:a00:1') }, 'patroni1'],
    ['nobody: what is no address', { server: 'pg-c', address: at('fd00:::zz') }, null],
    ['by an IPv4 address written as IPv6', { server: 'pg-a', address: at('::ffff:10.0.0.1') }, 'patroni1'],
    ['by its host, where a pooler stands in front', { server: 'pg-a', address: at('10.0.0.1', 6432) }, 'patroni1'],
    [
      'nobody: another service of that host',
      { server: 'redis', backend: 'cache', address: at('10.0.0.1', 6379) },
      null,
    ],
    ['nobody: called like one and leading to another', { server: 'patroni2', address: at('10.0.0.1') }, null],
    ['nobody: a slot of a template that is not filled', { server: 'srv3', address: null }, null],
    ['nobody: an address that nobody has', { server: 'pg-x', address: at('192.0.2.7') }, null],
  ])('[S5] is told %s', (_how, given, expected) => {
    expect(memberOf(given)).toBe(expected);
  });

  const tunnel = { ...addresses, patroni1: { api: null as never, sql: place('127.0.0.1', 5432) } };

  it('[S5] is not told by a loopback address of another host', () => {
    expect(memberOf({ server: 'pg-x', address: at('127.0.0.1'), to: tunnel })).toBe(null);
    expect(memberOf({ server: 'pg-x', address: at('127.0.0.1'), to: tunnel, target: { isHere: true } })).toBe(
      'patroni1',
    );
  });
});

describe('a proxy whose servers are called like our members', () => {
  const conn = (host: string) => ({ host, port: 5432 });
  const rows = members.map((name, index) => ({ name, apiUrl: null, conn: conn(`10.0.0.${index + 1}`) }));
  const checksOf = (how: AddressMatch): readonly AddressCheck[] =>
    members.map((member) => ({ member, channel: 'sql', ours: 'x:5432', isDeclared: false, told: 'x:5432', how }));

  interface Elsewhere {
    /** Of patroni1, 2 and 3. */
    readonly at: readonly (ProxyAddress | null)[];
    readonly how?: AddressMatch;
    readonly target?: Partial<ProxyTarget>;
    readonly isEtcdSilent?: boolean;
    /** Ours; null: nobody leads by proof. */
    readonly leader?: string | null;
    /** Up in the write pool of the proxy. */
    readonly writer?: string;
    /** Closed there. */
    readonly maint?: string;
    /** In the look before, it was another cluster's. */
    readonly wasOthers?: boolean;
  }

  function faultOf(given: Elsewhere): string {
    const { at: places, how = 'same', target = {}, isEtcdSilent = false, wasOthers = false } = given;
    const { leader = 'patroni1', writer = 'patroni2', maint } = given;
    const servers = ['main', 'ro'].flatMap((backend) =>
      members.map((server, index) => ({
        backend,
        server,
        status: 'UP',
        up: backend === 'ro' || server === writer,
        admin: { drain: false, maint: backend === 'main' && server === maint, resolution: false },
        sessions: 0,
        checkStatus: '',
        lastChangeSeconds: null,
        address: places[index] ?? null,
      })),
    );
    const [proxy] = withMembers([{ name: 'north', pools, seen: fresh({ servers }, 0, 'north') }], {
      target: { members, addresses: {}, proxies: [{ name: 'north', pools, ...target }] },
      rows: isEtcdSilent ? null : rows,
      names: {},
      checks: isEtcdSilent ? [] : checksOf(how),
      leader: leader === null ? null : memberName(leader),
      before: wasOthers ? [{ name: 'north', pools, seen: unknown('wrong-scope', 'north: as before', 0, 'north') }] : [],
    });
    return proxy?.seen.kind === 'unknown' ? `${proxy.seen.fault}: ${proxy.seen.reason}` : 'ours';
  }

  const others = [at('10.7.0.1'), at('10.7.0.2'), at('10.7.0.3')];

  it("[S5] is another cluster's where not one of them leads to a member of ours", () => {
    const told = faultOf({ at: others });
    expect(told).toContain('wrong-scope');
    expect(told).toContain('patroni1 leads to 10.7.0.1:5432 there and is at 10.0.0.1:5432 by etcd');
    expect(told).toContain('it sends writes to patroni2, and patroni1 leads here');
    expect(told).toContain('proxies.north.servers');
  });

  it('[S5] stays it through an election of ours, and no longer than until our leader is up there', () => {
    expect(faultOf({ at: others, wasOthers: true, leader: null })).toBe('wrong-scope: north: as before');
    expect(faultOf({ at: others, wasOthers: true, writer: 'patroni1' })).toBe('ours');
  });

  it.each<[string, Elsewhere]>([
    ['they lead to our members', { at: [at('10.0.0.1'), at('10.0.0.2'), at('10.0.0.3')] }],
    ['one of them does, by a pooler of that host', { at: [at('10.7.0.1'), at('10.7.0.2'), at('10.0.0.3', 6432)] }],
    ['one alone leads elsewhere, and the others are not resolved', { at: [at('10.7.0.1'), null, null] }],
    ['NAT: our own addresses are not those of etcd', { at: others, how: 'elsewhere' }],
    ['the loopback of another host', { at: [1, 2, 3].map(() => at('127.0.0.1')) }],
    ["a second network: our leader is up there by addresses that are nobody's", { at: others, writer: 'patroni1' }],
    ['nobody leads here by proof', { at: others, leader: null }],
    ['our leader is closed there by hand or by us', { at: others, maint: 'patroni1' }],
    ['nobody is up there for writes', { at: others, writer: 'nobody' }],
    ['etcd is silent', { at: others, isEtcdSilent: true }],
    ['the operator says which is which', { at: others, target: servers({ patroni1: 'patroni1' }) }],
  ])('[S5] is ours, or nobody can tell: %s', (_how, given) => {
    expect(faultOf(given)).toBe('ours');
  });
});
