import { describe, expect, it } from 'vitest';
import { byPerson } from '../../../src/decide/candidate.js';
import { blocksFor } from '../../../src/decide/gates.js';
import type { Ledger } from '../../../src/model/ledger.js';
import type { ActionName } from '../../../src/model/plan.js';
import { testPolicy } from '../../support/policy.js';
import {
  drainedByUs,
  inputOf,
  lags,
  ledgerOf,
  MB,
  noProxy,
  notStreaming,
  planOf,
  proxyServer,
  remediationOf,
  viewOf,
  type Change,
} from '../../support/view.js';

const onSites =
  (patroni1: string, patroni2: string, patroni3: string): Change =>
  (view) => ({ ...view, sites: { patroni1, patroni2, patroni3 } });

interface Case {
  readonly floor?: number;
  readonly ledger?: Ledger;
  readonly changes?: readonly Change[];
}

/** What gate blast-radius says of this action on patroni3. */
function held(action: ActionName, sites: Change, { floor, ledger, changes = [] }: Case = {}): readonly string[] {
  const { limits } = testPolicy();
  const policy = testPolicy({
    limits: {
      ...limits,
      concurrent: 5,
      minHealthyReplicas: 0,
      minReadPool: 0,
      ...(floor === undefined ? {} : { minReadPoolPerSite: floor }),
    },
  });
  const input = inputOf([], { view: viewOf(sites, ...changes), policy, ledger: ledger ?? ledgerOf() });
  return blocksFor(input, byPerson(planOf(action, 'patroni3')))
    .filter(({ gate }) => gate === 'blast-radius')
    .map(({ because }) => because);
}

const alone = onSites('fra', 'fra', 'ams');
const shared = onSites('fra', 'ams', 'ams');
const NO = ['0 other replicas of site ams serve reads, and 1 must remain there'];

describe('[P15] the last reader of a site', () => {
  it.each<[string, ActionName, readonly Change[]]>([
    ['a drain, however late it is', 'drain-replica', [lags('patroni3', 200 * MB)]],
    ['a restart of one that is well', 'restart-member', []],
    ['a rebuild of one that is well', 'reinitialize-replica', []],
    ['a restart, by its health where there is no proxy', 'restart-member', [noProxy]],
  ])('is not taken by %s', (_name, action, changes) => {
    expect(held(action, alone, { floor: 1, changes })).toEqual(NO);
    expect(held(action, shared, { floor: 1, changes })).toEqual([]);
    expect(held(action, alone, { floor: 0, changes })).toEqual([]);
    expect(held(action, alone, { changes })).toEqual([]);
    expect(held(action, (view) => view, { floor: 1, changes })).toEqual([]);
  });

  it('is mended where it is broken, since it serves nobody as it should', () => {
    expect(held('reinitialize-replica', alone, { floor: 1, changes: [notStreaming('patroni3')] })).toEqual([]);
    const out = proxyServer('postgres_replicas', 'patroni3', { up: false, status: 'DOWN' });
    expect(held('restart-member', alone, { floor: 1, changes: [out] })).toEqual([]);
  });

  it('is the last where the other one there takes nobody, is drained by us, or is being worked on', () => {
    const out = proxyServer('postgres_replicas', 'patroni2', { weight: 0 });
    expect(held('drain-replica', shared, { floor: 1, changes: [out] })).toEqual(NO);
    expect(held('drain-replica', shared, { floor: 1, ledger: drainedByUs('patroni2') })).toEqual(NO);
    const restarting = remediationOf('restart-member', 'patroni2', { phase: 'verifying', endedAtMs: null });
    expect(held('drain-replica', shared, { floor: 1, ledger: ledgerOf({ remediations: [restarting] }) })).toEqual(NO);
  });
});
