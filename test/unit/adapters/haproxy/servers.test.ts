import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { csvRecords } from '../../../../src/adapters/haproxy/csv.js';
import { adminFrom, adminFromStatus, serversFrom, serverStates } from '../../../../src/adapters/haproxy/servers.js';

const recorded = (name: string): string =>
  readFileSync(join(import.meta.dirname, '../../../fixtures/replies/haproxy-2.6', name), 'utf8');

const line = (csv: string, states: Parameters<typeof serversFrom>[1] = null): readonly string[] =>
  (serversFrom(csv, states) ?? []).map((server) => {
    const { drain, maint, resolution } = server.admin;
    const admin = [drain ? 'drain' : '', maint ? 'maint' : '', resolution ? 'resolution' : ''].join('');
    return `${server.backend}/${server.server} ${server.status} ${server.up ? 'up' : 'not-up'} ${admin}`.trim();
  });

describe('recorded statistics', () => {
  it('list the servers and nothing else', () => {
    expect(line(recorded('stats.csv'))).toEqual([
      'postgres_primary/patroni1 DOWN not-up',
      'postgres_primary/patroni2 UP up',
      'postgres_primary/patroni3 DOWN not-up',
      'postgres_replicas/patroni1 UP up',
      'postgres_replicas/patroni2 DOWN not-up',
      'postgres_replicas/patroni3 UP up',
    ]);
  });

  it('of a drained server: it is up, and somebody wants no new sessions on it', () => {
    expect(line(recorded('show-stat.drain.csv'))).toContain('postgres_replicas/patroni1 DRAIN up drain');
  });

  it('of a server in maintenance: it is not up, and somebody wants that', () => {
    expect(line(recorded('show-stat.maint.csv'))).toContain('postgres_replicas/patroni1 MAINT not-up maint');
  });

  it('carry sessions, the check and the last change', () => {
    expect(serversFrom(recorded('stats.csv'), null)?.[0]).toMatchObject({
      sessions: 0,
      checkStatus: 'L7STS',
      lastChangeSeconds: 12,
    });
  });
});

describe('show servers state', () => {
  it('as recorded has one line for each server', () => {
    const states = serverStates(recorded('show-servers-state.txt'));
    expect(states?.size).toBe(6);
    expect(states?.get('postgres_primary/patroni2')).toEqual({
      running: true,
      weight: 1,
      admin: { drain: false, maint: false, resolution: false },
      address: { host: '127.0.0.1', port: 15433 },
    });
    expect(states?.get('postgres_replicas/patroni2')?.running).toBe(false);
  });

  it('wins over the status word: drained and down is both', () => {
    const text = recorded('show-servers-state.txt').replace(
      '4 postgres_replicas 2 patroni2 127.0.0.1 0 0',
      '4 postgres_replicas 2 patroni2 127.0.0.1 0 8',
    );
    expect(line(recorded('stats.csv'), serverStates(text))).toContain('postgres_replicas/patroni2 DOWN not-up drain');
  });

  it('that lacks a server leaves it to the status word', () => {
    expect(line(recorded('show-stat.drain.csv'), new Map())).toContain('postgres_replicas/patroni1 DRAIN up drain');
  });

  it.each(['', 'Permission denied\n', '1\n# be_id be_name\n3 a\n'])('that is %j is nothing', (text) => {
    expect(serverStates(text)).toBeNull();
  });
});

describe('administrative flags', () => {
  it.each([
    [0x00, ''],
    [0x01, 'maint'],
    [0x02, 'maint'],
    [0x04, ''],
    [0x05, 'maint'],
    [0x08, 'drain'],
    [0x10, 'drain'],
    [0x20, 'resolution'],
    [0x28, 'drain resolution'],
    [0x40, ''],
    [0x48, 'drain'],
  ])('%i mean "%s"', (flags, words) => {
    const admin = adminFrom(flags);
    const said = (['drain', 'maint', 'resolution'] as const).filter((name) => admin[name]).join(' ');
    expect(said).toBe(words);
  });

  it.each([
    ['UP', ''],
    ['UP 1/3', ''],
    ['DOWN 1/2', ''],
    ['DRAIN', 'drain'],
    ['DRAIN (agent)', 'drain'],
    ['MAINT', 'maint'],
    ['MAINT (via be/srv)', 'maint'],
    ['MAINT (resolution)', 'resolution'],
  ])('of the status word "%s" are "%s"', (status, words) => {
    const admin = adminFromStatus(status);
    expect((['drain', 'maint', 'resolution'] as const).filter((name) => admin[name]).join(' ')).toBe(words);
  });
});

describe('CSV', () => {
  it('may quote a field with commas, quotes and a line end in it', () => {
    expect(csvRecords('# a,b,c\r\n1,"x, ""y""\nz",3\r\n', ['a', 'b', 'c'])).toEqual([
      { a: '1', b: 'x, "y"\nz', c: '3' },
    ]);
  });

  it('whose line is short has empty fields, and an empty line is none', () => {
    expect(csvRecords('a,b\n1\n\n2,3', ['a', 'b', 'z'])).toEqual([
      { a: '1', b: '' },
      { a: '2', b: '3' },
    ]);
  });

  it.each(['', '<html>x</html>', 'a,b\n1,2\n'])('that is not HAProxy’s (%j) is not a list of servers', (text) => {
    expect(serversFrom(text, null)).toBeNull();
  });

  it('without a type column goes by the names of the summary lines', () => {
    expect(line('# pxname,svname,status\nb,FRONTEND,OPEN\nb,s1,UP 1/3\nb,BACKEND,UP\n')).toEqual(['b/s1 UP 1/3 up']);
  });
});
