import { describe, expect, it } from 'vitest';
import { unknown } from '../../src/model/reading.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';

import { caughtUp, DRAIN, lagEmergency, UNDRAIN } from '../support/situations.js';

const rebuilds = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => text.includes('/reinitialize'));
const phases = (ekimi: Rig): readonly string[] =>
  ekimi.entries('verdict').map((entry) => `${entry.body.remediation.plan.action} ${entry.body.remediation.phase}`);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig(options);
  await ekimi.run(15);
  return ekimi;
}

const REBUILD_ONLY = testPolicy(
  {},
  { 'restart-member': { mode: 'off' }, 'reinitialize-replica': { timeoutMs: 60_000 } },
);

describe('an answer that is lost', () => {
  it('of a reinitialize that arrived: it is watched to its end and not sent again', async () => {
    const ekimi = await quiet({ policy: REBUILD_ONLY });
    ekimi.cluster.failSend('answer-lost', 'patroni');
    ekimi.cluster.breakData('patroni2');
    await ekimi.run(120);
    expect(rebuilds(ekimi)).toHaveLength(1);
    expect(ekimi.entries('outcome').map((entry) => entry.body.reply.effect)).toEqual(['maybe']);
    expect(phases(ekimi)).toEqual(['reinitialize-replica succeeded']);
    expect(ekimi.session.states.members['patroni2']?.state).toBe('healthy');
  });

  it('of a reinitialize that never arrived: only after its time has run out is there another try', async () => {
    const ekimi = await quiet({ policy: REBUILD_ONLY });
    ekimi.cluster.failSend('never-arrives', 'patroni');
    ekimi.cluster.breakData('patroni2');
    await ekimi.run(90);
    expect(rebuilds(ekimi)).toEqual([]);
    expect(ekimi.session.ledger.remediations.map((row) => row.phase)).toEqual(['unknown']);
    await ekimi.run(150);
    expect(rebuilds(ekimi)).toHaveLength(1);
    expect(phases(ekimi)).toEqual(['reinitialize-replica ineffective', 'reinitialize-replica succeeded']);
  });

  it('of a drain that arrived: it counts as ours and is not sent again', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('answer-lost', 'proxy');
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.session.ledger.drains.map((drain) => drain.member)).toEqual(['patroni3']);
  });

  it('of a drain that never arrived: the drain is no longer ours, and it is tried anew after the cool-down', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('never-arrives', 'proxy');
    lagEmergency(ekimi);
    await ekimi.run(15);
    expect(ekimi.requests()).toEqual([]);
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.session.ledger.drains.map((drain) => drain.member)).toEqual(['patroni3']);
  });
});

describe('a ledger that cannot be written', () => {
  /** etcd answers everything except the next so many writes of the ledger. */
  const forgetful = (times: number): RigOptions & { readonly lose: () => void } => {
    let left = 0;
    return {
      lose: () => {
        left = times;
      },
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          commitLedger: (grant, json) => {
            if (left === 0) return ports.dcs.commitLedger(grant, json);
            left -= 1;
            return Promise.resolve('unknown');
          },
        },
      }),
    };
  };

  it('means that nothing is sent', async () => {
    const options = forgetful(1_000_000);
    const ekimi = await quiet(options);
    options.lose();
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'policy: the ledger could not be written -> repair it: the ledger could not be written',
    );
  });

  it('for a moment only delays the request: the block is lifted by the next write that succeeds', async () => {
    const options = forgetful(2);
    const ekimi = await quiet(options);
    lagEmergency(ekimi);
    await ekimi.run(3);
    options.lose();
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.session.books.fault).toBeNull();
  });

  it.each([1, 2, 3])('at the very moment of the intent (%i writes lost) still ends in one request', async (times) => {
    const options = forgetful(times);
    const ekimi = await quiet(options);
    let intents = 0;
    ekimi.session.listeners.add((event) => {
      if (event.kind !== 'entry' || event.entry.body.kind !== 'intent') return;
      if (intents === 0) options.lose();
      intents += 1;
    });
    // Nothing else changes in the ledger meanwhile: only a write that is tried again can lift the block.
    ekimi.cluster.setLoad(1024);
    ekimi.cluster.blockReplay('patroni2', 'SELECT 1', { forMs: 60_000 });
    await ekimi.run(60);
    expect(ekimi.requests()).toHaveLength(1);
    expect(intents).toBeGreaterThan(1);
    expect(ekimi.session.books.fault).toBeNull();
  });
});

describe('a journal that cannot be written', () => {
  const full = (): RigOptions & { broken: boolean } => {
    const options: RigOptions & { broken: boolean } = {
      broken: false,
      wrapJournal: (journal) => ({
        ...journal,
        append: (entry) =>
          options.broken ? Promise.reject(new Error('no space left on device')) : journal.append(entry),
      }),
    };
    return options;
  };

  it('means that nothing is sent, and the reason is told', async () => {
    const options = full();
    const ekimi = await quiet(options);
    options.broken = true;
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'policy: the journal cannot be written: no space left on device -> repair it: the journal cannot be written: no space left on device',
    );
  });

  it('that works again lets the work go on', async () => {
    const options = full();
    const ekimi = await quiet(options);
    options.broken = true;
    lagEmergency(ekimi);
    await ekimi.run(30);
    options.broken = false;
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([DRAIN]);
  });

  it('that fails exactly at the intent keeps that request back', async () => {
    const ekimi = await quiet({
      wrapJournal: (journal) => ({
        ...journal,
        append: (entry) =>
          entry.body.kind === 'intent' ? Promise.reject(new Error('read-only file system')) : journal.append(entry),
      }),
    });
    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('a ledger that cannot be read at a takeover', () => {
  it('is not overwritten: the drain of the last holder is undone as soon as it can', async () => {
    const first = await quiet();
    lagEmergency(first);
    await first.run(20);
    expect(first.requests()).toEqual([DRAIN]);
    const { cluster } = first;
    let unreadable = true;
    const next = rig({
      cluster,
      owner: 'other',
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          loadLedger: () =>
            unreadable
              ? Promise.resolve(unknown('timeout', 'no answer in time', cluster.nowMs(), 'etcd ledger'))
              : ports.dcs.loadLedger(),
        },
      }),
    });
    caughtUp(next);
    await next.run(60);
    expect(next.requests()).toEqual([DRAIN]);
    unreadable = false;
    await next.run(60);
    expect(next.requests()).toEqual([DRAIN, UNDRAIN]);
  });
});
