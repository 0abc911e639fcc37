import { describe, expect, it } from 'vitest';
import { fresh, unknown, type Reading } from '../../../src/model/reading.js';
import { read, type Pass } from '../../../src/observe/pass.js';
import { MEMBER_SOURCES, type SourceRow } from '../../../src/observe/sources.js';

const NOW = 1_000_000;
const asked: string[] = [];

/** A look in trouble, at members that are watched closely, just before a request that touches them; `hurried`: somebody waits for it. */
const pass = (hurried: boolean) =>
  ({
    nowMs: NOW,
    suspect: true,
    closely: new Set(['patroni1']),
    mayBeDead: new Set(['patroni3']),
    beforeRequest: new Set(['patroni1']),
    previous: { members: [], dcs: { keys: unknown('timeout', '', NOW, 'etcd') } },
    ...(hurried ? { hurried } : {}),
    asker: <T>({ key, ask }: { readonly key: string; readonly ask: () => Promise<Reading<T>> }) => {
      asked.push(key);
      return ask();
    },
  }) as unknown as Pass;

async function askedIn(
  hurried: boolean,
  last: Reading<string> | null,
  member = 'patroni1',
): Promise<readonly string[]> {
  asked.length = 0;
  for (const [key, row] of Object.entries(MEMBER_SOURCES) as [string, SourceRow][])
    await read(pass(hurried), row, {
      key,
      last,
      member,
      ask: () => Promise.resolve(fresh('new', NOW, key)),
    });
  return [...asked];
}

describe('a look that somebody waits for', () => {
  const before = fresh('before', NOW - 3_600_000, 'x');

  it('asks what every calm pass asks, and whether the watched one runs, and hands on the rest', async () => {
    expect(await askedIn(true, before)).toEqual(['api', 'sql', 'host', 'power', 'replicaCheck', 'settings']);
    expect(await askedIn(true, before, 'patroni2')).toEqual(['api', 'sql', 'settings']);
    // Who may be dead, or switched off, whether or not anything awaits its slow facts.
    expect(await askedIn(true, before, 'patroni3')).toEqual(['api', 'sql', 'host', 'power', 'settings']);
    expect(await askedIn(false, before)).toEqual(expect.arrayContaining(['host', 'fileTag', 'log', 'disk']));
  });

  it('asks for what was never read', async () => {
    expect(await askedIn(true, null)).toEqual(Object.keys(MEMBER_SOURCES));
  });
});

describe('a member whose API gave no answer in the last look', () => {
  const SILENT = unknown('not-read-yet', '', NOW - 1_000, 'x');
  const hostAsked = async (api: Reading<string>, more: Partial<Pass> = {}, member = 'patroni1'): Promise<boolean> => {
    const calm = { ...pass(false), suspect: false, beforeRequest: null, closely: new Set<string>(), ...more };
    const previous = { ...pass(false).previous, members: [{ name: 'patroni1', api }] } as unknown as Pass['previous'];
    let isAsked = false;
    const ask = () => ((isAsked = true), Promise.resolve(fresh('new', NOW, 'host')));
    const last = fresh('before', NOW - 1_000, 'host');
    await read({ ...calm, previous }, MEMBER_SOURCES.host as SourceRow, { key: 'host', last, member, ask });
    return isAsked;
  };

  it('is looked for by its host driver at once, in a calm time too', async () => {
    expect(await hostAsked(SILENT)).toBe(true);
    expect(await hostAsked(unknown('timeout', '', NOW - 1_000, 'x'))).toBe(true);
  });

  it('is another member, or has answered, or somebody waits for this look: it is asked when it is time', async () => {
    expect(await hostAsked(SILENT, {}, 'patroni2')).toBe(false);
    expect(await hostAsked(fresh('running', NOW - 1_000, 'x'))).toBe(false);
    expect(await hostAsked(SILENT, { hurried: true, mayBeDead: new Set() })).toBe(false);
  });
});

describe('how long a look waits for a member whose API gave no answer', () => {
  const SILENT = unknown('closed', '', NOW, 'x');
  interface Case {
    readonly was?: Reading<string>;
    readonly is?: boolean;
    readonly touched?: boolean;
    readonly member?: string;
    readonly leader?: string;
  }
  const waited = async (
    row: SourceRow,
    { was = SILENT, is, touched = false, member = 'patroni1', leader = 'patroni9' }: Case = {},
  ): Promise<number> => {
    let patienceMs = NaN;
    const asker = <T>(question: { readonly patienceMs: number; readonly ask: () => Promise<Reading<T>> }) => {
      patienceMs = question.patienceMs;
      return question.ask();
    };
    const dcs = { keys: fresh({ leader: { holder: leader } }, NOW, 'etcd') };
    const previous = { members: [{ name: 'patroni1', api: was }], dcs };
    const look = { ...pass(false), closely: new Set(), beforeRequest: touched ? new Set(['patroni1']) : null };
    const ask = () => Promise.resolve(fresh('new', NOW, 'x'));
    const asking = { key: 'x', last: null, member, ask, ...(is === undefined ? {} : { isUnheard: is }) };
    await read({ ...look, previous, asker } as unknown as Pass, row, asking);
    return patienceMs;
  };
  const { log, disk, host, sql } = MEMBER_SOURCES as { readonly [field: string]: SourceRow };
  const ANSWERED = fresh('running', NOW, 'x');

  it('is short for what only explains, of the member and, where the leader gave none, of all: the engine keeps what has just died to itself', async () => {
    for (const row of [log, disk] as SourceRow[]) {
      expect(await waited(row)).toBe(50);
      expect(await waited(row, { was: ANSWERED, is: true })).toBe(50);
      expect(await waited(row, { member: 'patroni2', leader: 'patroni1' })).toBe(50);
    }
  });

  it('is as ever where it answered, for what actions depend on, and where a request at it needs that very answer', async () => {
    expect(await waited(disk as SourceRow, { was: ANSWERED })).toBe(1_000);
    expect(await waited(host as SourceRow)).toBe(700);
    expect(await waited(sql as SourceRow)).toBe(700);
    expect(await waited(log as SourceRow, { touched: true })).toBe(1_000);
  });
});

describe('the look before a request that ends an outage', () => {
  it('hands on what only explains, and asks for the rest', async () => {
    const rows = Object.entries(MEMBER_SOURCES) as [string, SourceRow][];
    const asks: string[] = [];
    for (const [key, row] of rows)
      await read({ ...pass(false), closely: new Set<string>(), endsOutage: true }, row, {
        key,
        last: fresh('before', NOW - 3_600_000, 'x'),
        member: 'patroni1',
        ask: () => (asks.push(key), Promise.resolve(fresh('new', NOW, key))),
      });
    expect(asks).toEqual(['api', 'sql', 'host', 'power', 'settings']);
  });
});
