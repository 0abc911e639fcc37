import { describe, expect, it } from 'vitest';
import { renderPolicy } from '../../../src/cli/render/policy.js';
import { ACTION_NAMES } from '../../../src/model/plan.js';
import { STAGED_NAMES } from '../../../src/model/staged.js';
import { policyMatrix, type PolicyMatrix } from '../../../src/words/policy-matrix.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const { policy: base, ledger, windows } = SCENARIOS.healthy();
const policy = { ...base, mode: 'enforce' as const };
const NO_HOST = { proxy: true, tags: true, sql: true, host: false };
const LATER_MS = NOW_MS + 3_600_000;

const row = (matrix: PolicyMatrix, name: string) => matrix.rows.find((one) => one.name === name);
const switched = (subject: string, expiresAtMs: number | null) => ({
  ...ledger,
  switches: [{ subject, owner: 'dba', reason: 'upgrade', sinceMs: NOW_MS, expiresAtMs }],
});

describe('policyMatrix', () => {
  it('has each action and each procedure once', () => {
    const names = policyMatrix(policy, ledger, windows, NOW_MS).rows.map(({ name }) => name);
    expect(names).toEqual([...ACTION_NAMES, ...STAGED_NAMES]);
  });

  it('says what is done alone, what is asked and what is never done', () => {
    const actions = {
      ...policy.actions,
      'restart-member': { ...policy.actions['restart-member'], mode: 'auto' as const },
      'start-member': { ...policy.actions['start-member'], mode: 'approve' as const },
      'fence-member': { ...policy.actions['fence-member'], mode: 'off' as const },
    };
    const matrix = policyMatrix({ ...policy, actions }, ledger, windows, NOW_MS);
    expect(row(matrix, 'restart-member')?.doing).toBe('alone');
    expect(row(matrix, 'start-member')?.doing).toBe('asks');
    expect(row(matrix, 'fence-member')?.doing).toBe('never');
    expect(row(matrix, 'cold-start')).toMatchObject({ doing: 'never', byItself: false });
  });

  it('in observe never does a thing, whatever an action says, and names the mode', () => {
    const matrix = policyMatrix({ ...policy, mode: 'observe' }, ledger, windows, NOW_MS);
    expect(matrix.rows.every(({ doing }) => doing === 'never')).toBe(true);
    expect(matrix.brakes).toMatchObject([{ by: 'mode', untilMs: null }]);
    expect(policyMatrix(policy, ledger, windows, NOW_MS).brakes).toEqual([]);
  });

  it('tells until when a kill switch holds, of everything or of one action, and forgets one that has ended', () => {
    const whole = policyMatrix(policy, switched('cluster', LATER_MS), windows, NOW_MS);
    expect(whole.brakes).toMatchObject([{ by: 'kill-switch', untilMs: LATER_MS }]);
    const one = policyMatrix(policy, switched('action:switchover', null), windows, NOW_MS);
    expect(one.brakes).toEqual([]);
    expect(row(one, 'switchover')?.brakes).toMatchObject([{ by: 'kill-switch', untilMs: null }]);
    expect(row(one, 'failover')?.brakes).toEqual([]);
    expect(policyMatrix(policy, switched('cluster', NOW_MS), windows, NOW_MS).brakes).toEqual([]);
  });

  it('names what an action needs and nobody configured; of an unknown configuration it says nothing', () => {
    const matrix = policyMatrix(policy, ledger, windows, NOW_MS, NO_HOST);
    expect(row(matrix, 'start-member')?.brakes).toMatchObject([{ by: 'requirement' }]);
    expect(row(matrix, 'drain-replica')?.brakes).toEqual([]);
    expect(row(policyMatrix(policy, ledger, windows, NOW_MS), 'start-member')?.brakes).toEqual([]);
  });

  it('has the breaker hold what costs something and not what only brings an election forward', () => {
    const open = { ...ledger, breaker: { openSinceMs: NOW_MS, reason: '7 actions' } };
    const matrix = policyMatrix(policy, open, windows, NOW_MS);
    expect(row(matrix, 'restart-member')?.brakes).toMatchObject([{ by: 'breaker' }]);
    expect(row(matrix, 'undrain-replica')?.brakes).toEqual([]);
    expect(row(matrix, 'expedite-failover')?.brakes).toEqual([]);
  });

  it('tells a freeze, and when the next maintenance window opens', () => {
    const actions = {
      ...policy.actions,
      'restart-leader': { ...policy.actions['restart-leader'], window: 'maintenance' as const },
    };
    const closed = {
      freeze: { reason: 'payday', untilMs: LATER_MS },
      maintenance: null,
      maintenanceOpensAtMs: LATER_MS,
    };
    const matrix = policyMatrix({ ...policy, actions }, ledger, closed, NOW_MS);
    expect(matrix.brakes).toMatchObject([{ by: 'freeze', untilMs: LATER_MS }]);
    expect(row(matrix, 'restart-leader')?.brakes).toMatchObject([{ by: 'window', untilMs: LATER_MS }]);
  });
});

describe('ekimi policy', () => {
  it('fits 80 columns, the brakes below their row', async () => {
    const matrix = policyMatrix(
      { ...policy, mode: 'dry-run' },
      switched('action:switchover', LATER_MS),
      windows,
      NOW_MS,
      NO_HOST,
    );
    const text = renderPolicy('email-cluster', matrix, { color: false, columns: 200, nowMs: NOW_MS });
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
    await expect(text).toMatchFileSnapshot('../cli/goldens/policy.txt');
  });
});
