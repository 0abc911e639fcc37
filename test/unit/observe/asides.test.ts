import { describe, expect, it } from 'vitest';
import { fresh, type Reading } from '../../../src/model/reading.js';
import { observeStoreAsides } from '../../../src/observe/asides.js';
import type { Pass } from '../../../src/observe/pass.js';
import { NOW_MS, viewOf } from '../../support/view.js';

const old = { name: 'member.ekimi-20260101T000000Z', path: '/etcd-data/member.ekimi-20260101T000000Z', bytes: 1024 };
const BEFORE = { etcd1: fresh([old], NOW_MS - 60_000, 'host') };
const asked: string[] = [];

/** A look a minute after the last list, which is made anew every hour. */
const pass = (part: Partial<Pass>) =>
  ({
    nowMs: NOW_MS,
    suspect: false,
    closely: new Set(),
    beforeRequest: null,
    previous: { storeAsides: BEFORE },
    storeAsidesOf: new Set(['etcd1']),
    target: { dcsNames: ['etcd1', 'etcd2'] },
    asker: <T>({ ask }: { readonly ask: () => Promise<Reading<T>> }) => ask(),
    ports: {
      host: {
        listAside: ({ name }: { readonly name: string }) => {
          asked.push(name);
          return Promise.resolve(fresh([], NOW_MS, 'host'));
        },
      },
    },
    ...part,
  }) as unknown as Pass;

async function listed(part: Partial<Pass>) {
  asked.length = 0;
  return observeStoreAsides(pass(part), viewOf().dcs);
}

describe('what lies aside of an etcd member', () => {
  it('stays told while a procedure is open, and is not listed', async () => {
    expect(await listed({ storesAtWork: true })).toEqual(BEFORE);
    expect(await listed({ storesAtWork: true, storesMovedAtMs: NOW_MS - 1_000 })).toEqual(BEFORE);
    expect(asked).toEqual([]);
  });

  it('is listed anew once one has ended that moved such data, and else every hour', async () => {
    expect(await listed({ storesMovedAtMs: NOW_MS - 1_000 })).toMatchObject({ etcd1: { value: [] } });
    expect(asked).toEqual(['etcd1']);
    expect(await listed({ storesMovedAtMs: NOW_MS - 120_000 })).toMatchObject({ etcd1: { value: [old] } });
    expect(asked).toEqual([]);
  });
});
