import { describe, expect, it } from 'vitest';
import { claimReport } from '../../../src/kernel/report-claims.js';
import { createCluster } from '../../../src/simulator/world.js';
import { rig, type Rig } from '../../support/simulated.js';

const never = new AbortController().signal;
const SCHEDULE = '0 7 * * MON UTC 10080m chat *';
const AT_MS = 1_700_000_000_000;

async function claim(ekimi: Rig, dueMs: number, signal = never): Promise<boolean> {
  const answer = claimReport(ekimi.session, { schedule: SCHEDULE, dueMs, sinceMs: AT_MS, signal });
  await ekimi.pass();
  return answer;
}

async function running(options: Parameters<typeof rig>[0] = {}): Promise<Rig> {
  const ekimi = rig(options);
  await ekimi.run(5);
  return ekimi;
}

describe('a report that is due', () => {
  it('is one instance to tell, once, and the next one with tenure knows that it was told', async () => {
    const cluster = createCluster();
    const one = await running({ cluster, owner: 'one' });
    expect(await claim(one, AT_MS + 1)).toBe(true);
    expect(await claim(one, AT_MS + 1)).toBe(false);
    const two = await running({ cluster, owner: 'two' });
    expect(await claim(two, AT_MS + 1)).toBe(false);
    cluster.advance(30_000);
    await two.run(10);
    expect(two.session.parts.tenure.facts().state).toBe('held');
    expect(await claim(two, AT_MS + 1)).toBe(false);
    expect(await claim(two, AT_MS + 2)).toBe(true);
  });

  it('of a schedule that is new is noted and not made up for', async () => {
    const ekimi = await running();
    expect(await claim(ekimi, AT_MS)).toBe(false);
    expect(ekimi.session.ledger.reports).toEqual([{ schedule: SCHEDULE, dueMs: AT_MS }]);
    expect(await claim(ekimi, AT_MS + 1)).toBe(true);
  });

  it('that etcd does not take, or that nobody waits for any more, is claimed later', async () => {
    const ekimi = await running();
    expect(await claim(ekimi, AT_MS + 1, AbortSignal.abort())).toBe(false);
    const { books } = ekimi.session;
    const commit = books.commit.bind(books);
    books.commit = () => Promise.resolve(false);
    expect(await claim(ekimi, AT_MS + 1)).toBe(false);
    expect(ekimi.session.ledger.reports).toBeUndefined();
    books.commit = commit;
    expect(await claim(ekimi, AT_MS + 1)).toBe(true);
  });

  it('whose claimant ended while etcd took it is not left as told', async () => {
    const ekimi = await running();
    expect(await claim(ekimi, AT_MS + 1)).toBe(true);
    const { books } = ekimi.session;
    const commit = books.commit.bind(books);
    const given = new AbortController();
    books.commit = async (...of) => {
      const isDone = await commit(...of);
      given.abort();
      return isDone;
    };
    expect(await claim(ekimi, AT_MS + 2, given.signal)).toBe(false);
    books.commit = commit;
    expect(ekimi.session.ledger.reports).toEqual([{ schedule: SCHEDULE, dueMs: AT_MS + 1 }]);
    expect(await claim(ekimi, AT_MS + 2)).toBe(true);
  });
});
