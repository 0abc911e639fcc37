import { describe, expect, it } from 'vitest';
import { runInput } from '../../../src/decide/run-left.js';
import { unknown } from '../../../src/model/reading.js';
import type { ClusterView } from '../../../src/model/view.js';
import { defragmentDcs } from '../../../src/procedures/defragment-dcs.js';
import { etcdOf } from '../../support/staged/defragment-dcs.js';
import { keepsItsSize, inputOf, NOW_MS } from '../../support/view.js';

const MB = 1_000_000;
const ASK = { member: null, candidate: null, parameters: {}, back: false };
const FULL = [64 * MB, 64 * MB, 64 * MB];
const inputFor = (view: ClusterView) => runInput(inputOf([], { view }), {});
const asked = (view: ClusterView) => defragmentDcs.goal(inputFor(view), ASK);

describe('etcd without room', () => {
  it('is defragmented one member at a time, its leader last, and then disarmed', () => {
    const view = etcdOf(FULL, ['NOSPACE']);
    const found = asked(view);
    if (found.kind === 'refused') throw new Error(found.why);
    expect([...defragmentDcs.remaining(inputFor(view), found.goal)].map(({ key }) => key)).toEqual([
      'defragment-store etcd2',
      'defragment-store etcd3',
      'defragment-store etcd1',
      'disarm-store etcd1',
    ]);
  });

  it('and with keys that fill it stays armed: the alarm would be raised at once', () => {
    const found = asked(etcdOf(FULL, ['NOSPACE']));
    if (found.kind === 'refused') throw new Error(found.why);
    const row = (target: string) => ({
      plan: { action: 'defragment-store', target, because: { code: 'operator', subject: target }, params: {} },
      phase: 'succeeded',
      createdAtMs: NOW_MS,
    });
    const input = inputFor(etcdOf(FULL, ['NOSPACE'], 63 * MB));
    const ledger = { ...input.ledger, remediations: found.goal.order.map(row) } as unknown as typeof input.ledger;
    expect(defragmentDcs.refuse({ ...input, ledger }, found.goal)).toContain('delete keys that nobody needs');
  });

  it('is disarmed where an earlier run made its members small already: they are no smaller now, and have room', () => {
    const found = asked(etcdOf([2 * MB, 64 * MB, 64 * MB], ['NOSPACE']));
    if (found.kind === 'refused') throw new Error(found.why);
    const row = (target: string) => ({
      plan: { action: 'defragment-store', target, because: { code: 'operator', subject: target }, params: {} },
      phase: 'succeeded',
      createdAtMs: NOW_MS,
    });
    const input = inputFor(etcdOf([2 * MB, 2 * MB, 2 * MB], ['NOSPACE'], 2 * MB));
    const ledger = { ...input.ledger, remediations: found.goal.order.map(row) } as unknown as typeof input.ledger;
    expect(defragmentDcs.refuse({ ...input, ledger }, found.goal)).toBeNull();
    expect([...defragmentDcs.remaining({ ...input, ledger }, found.goal)].map(({ key }) => key)).toEqual([
      `disarm-store ${found.goal.order.at(-1) ?? ''}`,
    ]);
  });

  it('does not end while the alarms are not listed', () => {
    const view = without(() => ({ alarms: silent }));
    const found = asked(etcdOf(FULL, ['NOSPACE']));
    if (found.kind === 'refused') throw new Error(found.why);
    expect(defragmentDcs.refuse(inputFor(view), found.goal)).toContain('has not listed its alarms');
  });

  const without = (edit: (dcs: ClusterView['dcs']) => Partial<ClusterView['dcs']>): ClusterView => {
    const view = etcdOf(FULL, ['NOSPACE']);
    return { ...view, dcs: { ...view.dcs, ...edit(view.dcs) } };
  };
  const silent = unknown('timeout', 'no answer in time', NOW_MS, 'test');

  it.each([
    ['no linearizable answer', without(() => ({ keys: silent })), 'gives no linearizable answer'],
    ['no list of members', without(() => ({ membership: silent })), 'has not listed its members'],
    ['no list of alarms', without(() => ({ alarms: silent })), 'has not listed its alarms'],
    [
      'a member that does not serve',
      without(({ endpoints }) => ({
        endpoints: endpoints.map((row) => (row.name === 'etcd3' ? { ...row, status: silent } : row)),
      })),
      'etcd3 does not serve',
    ],
    [
      'a member that is not configured',
      without(({ endpoints }) => ({ endpoints: endpoints.slice(0, 2) })),
      'does not name: etcd3',
    ],
    [
      'a size that etcd keeps to root',
      keepsItsSize('etcd2')(etcdOf(FULL, ['NOSPACE'])),
      'etcd2 tells its size to the role root',
    ],
    ['corrupt data', etcdOf(FULL, ['NOSPACE', 'CORRUPT']), 'raised CORRUPT'],
    ['nothing to gain', etcdOf([MB, MB, MB], [], MB), 'nothing to gain'],
  ] as const)('is refused with %s', (_, view, why) => {
    expect(asked(view)).toMatchObject({ kind: 'refused', why: expect.stringContaining(why) as string });
  });
});
