import { describe, expect, it } from 'vitest';
import { doctorFindings } from '../../../src/app/doctor.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { testPolicy } from '../../support/policy.js';
import { api, keys, noEtcd, SCOPE, silent, viewOf, type Change } from '../../support/view.js';

const rowOf = (...changes: readonly Change[]) => {
  const snapshot = { scope: SCOPE, view: viewOf(...changes) } as unknown as ClusterSnapshot;
  return doctorFindings(snapshot, testPolicy()).find(({ check }) => check === 'system identifier');
};

describe('the doctor on whose cluster the addresses lead to', () => {
  it('names the identifier when all agree', () => {
    expect(rowOf()).toMatchObject({
      verdict: 'ok',
      detail: '77 in etcd, and the same by API and SQL of every member',
    });
  });

  it('says who did not tell', () => {
    const row = rowOf(api('patroni2', { systemIdentifier: null }), silent('patroni3', 'sql'));
    expect(row).toMatchObject({ verdict: 'ok', detail: '77 in etcd, not told by patroni2 api, patroni3 sql' });
  });

  it('fails when another cluster answers, and nothing is possible', () => {
    const row = rowOf(silent('patroni2', 'sql', 'wrong-scope'));
    expect(row).toMatchObject({
      verdict: 'fail',
      detail: 'sql on patroni2: wrong-scope',
      disables: ['every action'],
    });
  });

  it.each<[string, Change]>([
    ['etcd does not answer', noEtcd],
    ['etcd has no identifier', keys({ systemIdentifier: null })],
  ])('warns when %s', (_when, change) => {
    expect(rowOf(change)?.verdict).toBe('warn');
  });
});
