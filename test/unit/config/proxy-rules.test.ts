import { describe, expect, it } from 'vitest';
import { accepted, changed, codes, configFrom, CONTRACT_CONFIG } from './files.js';

const NORTH = { stats: 'http://10.0.0.7:7000/stats', runtime: 'tcp://10.0.0.7:9999' };
const SOUTH = { stats: 'http://10.0.0.8:7000/stats', runtime: 'unix:///run/haproxy.sock' };
const pools = { writes: 'main', reads: ['ro', 'reports'] };

const withoutOld = changed(CONTRACT_CONFIG, 'clusters.0.proxy', undefined);
const load = (proxies: unknown, text = withoutOld) => configFrom(changed(text, 'clusters.0.proxies', proxies));
const named = (servers: unknown) => load({ north: { ...NORTH, pools, servers } });
const at = 'clusters[0].proxies.north';

describe('proxies by name', () => {
  it('[S5] are read in the order of the file, with their pools and the map of servers', () => {
    const servers = { 'pg-a': 'patroni1', 'ro/pg-x': 'patroni1', sorry: null };
    const config = accepted(load({ north: { ...NORTH, pools, servers }, south: SOUTH }));
    expect(config.clusters[0]?.proxies).toMatchObject([
      { name: 'north', ...NORTH, pools, servers },
      { name: 'south', ...SOUTH, pools: { writes: 'postgres_primary', reads: ['postgres_replicas'] }, servers: {} },
    ]);
  });

  it.each<[string, ReturnType<typeof load>, string]>([
    ['beside the one of before', load({ north: NORTH }, CONTRACT_CONFIG), 'proxy-once clusters[0].proxy'],
    ['called like a member', load({ patroni1: NORTH }), 'proxy-name-apart clusters[0].proxies.patroni1'],
    [
      'the same twice',
      load({ north: NORTH, south: { ...SOUTH, stats: NORTH.stats } }),
      'proxy-place-unique clusters[0].proxies.south.stats',
    ],
    [
      'one backend for both',
      load({ north: { ...NORTH, pools: { writes: 'a', reads: ['a'] } } }),
      `backends-apart ${at}.pools.reads`,
    ],
    [
      'a read pool twice',
      load({ north: { ...NORTH, pools: { writes: 'a', reads: ['b', 'b'] } } }),
      `backends-apart ${at}.pools.reads`,
    ],
    [
      'no pool at all',
      load({ north: { ...NORTH, pools: { writes: null, reads: [] } } }),
      `backends-apart ${at}.pools.writes`,
    ],
    ['a member that nobody knows', named({ 'pg-a': 'patroni9' }), `server-of-known ${at}.servers.pg-a`],
    ['a pool that it does not have', named({ 'rw/pg-a': 'patroni1' }), `server-backend-known ${at}.servers.rw/pg-a`],
    ['a member twice', named({ 'pg-a': 'patroni1', 'pg-b': 'patroni1' }), `server-of-one-member ${at}.servers.pg-b`],
    ['a namesake of another', named({ patroni2: 'patroni1' }), `server-not-a-namesake ${at}.servers.patroni2`],
  ])('[S5] that are %s are refused, with the key', (_what, loaded, code) => {
    expect(loaded.ok).toBe(false);
    expect(codes(loaded)).toContain(code);
    if (!loaded.ok)
      for (const { line, found, expected, remedy } of loaded.errors)
        expect([line, found, expected, remedy]).not.toContain(null);
  });

  it.each<[string, string, Partial<Record<'line' | 'key' | 'found' | 'expected' | 'remedy', unknown>>]>([
    [
      'a server twice',
      'pg-a: patroni1\n          pg-a: patroni2',
      { line: 46, found: 'a key that is already there: "pg-a"', remedy: 'remove or rename one of the two' },
    ],
    [
      'a server without a name',
      '"": patroni1',
      { line: 45, expected: 'SERVER or BACKEND/SERVER, as HAProxy calls them' },
    ],
    ['no member', 'pg-a: ""', { line: 45, key: `${at}.servers.pg-a`, found: '""' }],
  ])('[S5] whose map names %s are refused, with line, what was found and the remedy', (_what, row, expected) => {
    const loaded = configFrom(
      changed(withoutOld, 'clusters.0.proxies', { north: { ...NORTH, servers: { MARK: 'patroni1' } } }).replace(
        'MARK: patroni1',
        row,
      ),
    );
    if (loaded.ok) throw new Error('it was taken');
    expect(loaded.errors).toHaveLength(1);
    expect(loaded.errors[0]).toMatchObject(expected);
    expect(loaded.errors[0]?.file).toMatch(/ekimi\.yaml$/);
  });

  it('[S5] may have the names of two members crossed, where both rows say so', () => {
    expect(named({ patroni2: 'patroni1', patroni1: 'patroni2' }).ok).toBe(true);
  });

  it('[S5] a server twice is an error of the YAML already', () => {
    const text = withoutOld.split('journal:')[0] ?? '';
    expect(text).not.toContain('proxies');
    const twice = JSON.stringify({ ...NORTH, servers: {} }).replace(
      '"servers":{}',
      '"servers":{"a":"patroni1","a":"patroni2"}',
    );
    const loaded = configFrom(
      changed(withoutOld, 'clusters.0.proxies', 'HERE').replace(/proxies: HERE/, `proxies: {"north":${twice}}`),
    );
    expect(codes(loaded)).toEqual(['duplicate-key']);
  });
});
