import { describe, expect, it } from 'vitest';
import { ACTIONS } from '../../../src/actions/index.js';
import { CATALOGUE, graceOf, problemRow } from '../../../src/assess/catalogue.js';
import { testPolicy } from '../../support/policy.js';

const WAITS = { ttlMs: 30_000, loopWaitMs: 10_000 };

describe('the catalogue', () => {
  it('is what was reviewed', () => {
    const policy = testPolicy();
    const rows = CATALOGUE.map((row) => {
      const { forMs, samples, clearForMs } = row.grace(policy, WAITS);
      const ladder = row.ladder.map((rung) => `${rung.action} (${rung.minChannels}, one of ${rung.oneOf.join(' ')})`);
      const { milder } = row;
      const mild =
        milder === undefined
          ? ''
          : `; milder ${milder.level}, for ${milder.grace(policy, WAITS).forMs} in ${milder.grace(policy, WAITS).samples}`;
      return `${row.rank} ${row.code} ${row.level}${mild}; for ${forMs} in ${samples}, clear ${clearForMs}; page ${row.page}; ${ladder.join(' > ') || 'no ladder'}`;
    });
    expect(rows).toMatchSnapshot();
  });

  it('gives each rung an action that exists', () => {
    for (const row of CATALOGUE)
      for (const rung of row.ladder) expect(ACTIONS[rung.action].name, row.code).toBe(rung.action);
  });

  it('asks at least two channels for whatever can cost more than sessions', () => {
    for (const row of CATALOGUE)
      for (const rung of row.ladder)
        if (['writes', 'data'].includes(ACTIONS[rung.action].risk))
          expect(rung.minChannels, row.code).toBeGreaterThan(1);
  });

  it('names for each rung a channel that could speak for it', () => {
    for (const row of CATALOGUE) for (const rung of row.ladder) expect(rung.oneOf.length, row.code).toBeGreaterThan(0);
  });

  it('pages a person for every problem that has no remedy, unless it is only worth a look', () => {
    const silent = CATALOGUE.filter((row) => row.ladder.length === 0 && row.page !== 'at-once').map((row) => row.code);
    expect(silent.sort()).toEqual([
      'as-intended',
      'member-rewinding',
      'pending-restart',
      'replica-lagging',
      'restart-scheduled',
      'standby-cluster',
    ]);
  });

  it('gives every rank to one row, so that two problems never compete for their turn', () => {
    const ranks = CATALOGUE.map((row) => row.rank);
    expect(new Set(ranks).size).toBe(ranks.length);
  });

  it('says for every problem what it means and what a person should do', () => {
    for (const row of CATALOGUE) {
      expect(row.meaning, row.code).toMatch(/\.$/);
      expect(row.advice.length, row.code).toBeGreaterThan(0);
    }
  });

  it('throws for a code that it does not have', () => {
    expect(() => problemRow('no-such-problem' as never)).toThrow('problem no-such-problem has no row in the catalogue');
  });
});

describe('a grace', () => {
  it('leaves to Patroni the time that Patroni heals in', () => {
    const mended = CATALOGUE.filter((row) => row.ladder.some((rung) => rung.action === 'reinitialize-replica'));
    expect(mended.length).toBeGreaterThan(0);
    for (const row of mended)
      expect(row.grace(testPolicy(), WAITS).forMs, row.code).toBeGreaterThanOrEqual(WAITS.ttlMs + WAITS.loopWaitMs);
  });

  it("follows the cluster's own ttl", () => {
    expect(graceOf('member-down', testPolicy(), { ttlMs: 60_000, loopWaitMs: 5_000 }).forMs).toBe(65_000);
  });

  it('of one problem can be lengthened by the policy, and keeps what the policy does not name', () => {
    const policy = testPolicy({ grace: { 'member-down': { forMs: 300_000 } } });
    expect(graceOf('member-down', policy, WAITS)).toEqual({ forMs: 300_000, samples: 3, clearForMs: 10_000 });
  });
});
