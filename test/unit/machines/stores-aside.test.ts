import { describe, expect, it } from 'vitest';
import { FRESH_MEMORY, remember } from '../../../src/machines/memory.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import type { AsideReadings } from '../../../src/model/aside.js';
import { NOW_MS, viewOf } from '../../support/view.js';

const old = { name: 'member.ekimi-20261127T180808Z', path: '/etcd-data/member.ekimi-20261127T180808Z', bytes: 1024 };
const after = (before: readonly string[] | undefined, storeAsides?: AsideReadings) =>
  remember(
    { ...FRESH_MEMORY, ...(before === undefined ? {} : { storesAside: before }) },
    { ...viewOf(), ...(storeAsides === undefined ? {} : { storeAsides }) },
  ).storesAside;

describe('what lies aside of an etcd member', () => {
  it('is looked for until a list shows that it is gone: no answer, and no list, forget nothing', () => {
    const seen = after(undefined, { etcd1: fresh([old], NOW_MS, 'host') });
    expect(seen).toEqual(['etcd1']);
    expect(after(seen)).toEqual(['etcd1']);
    expect(after(seen, { etcd1: unknown('timeout', 'no answer', NOW_MS, 'host') })).toEqual(['etcd1']);
    expect(after(seen, { etcd1: fresh([], NOW_MS, 'host') })).toEqual([]);
  });
});
