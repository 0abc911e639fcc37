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
    previous: { members: [] },
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
    const previous = { members: [{ name: 'patroni1', api }] } as unknown as Pass['previous'];
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
