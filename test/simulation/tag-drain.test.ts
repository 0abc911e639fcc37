import { describe, expect, it } from 'vitest';
import { liftSwitch, throwSwitch } from '../../src/kernel/commands.js';
import { recallMemory } from '../../src/kernel/recall.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { caughtUp, lagEmergency } from '../support/situations.js';
import { everyNth } from '../support/points.js';

/** No proxy that could be asked: the tag in the member's own file is all that keeps readers away. */
const policy = testPolicy(
  { drain: { actuators: ['tag'], shutdownSessions: false } },
  {
    'cancel-blocking-queries': { mode: 'off' },
    'restart-member': { mode: 'off' },
    'reinitialize-replica': { mode: 'off' },
  },
);
const SET = "set tags.noloadbalance = true in patroni3's own patroni.yml";
const UNSET = "set tags.noloadbalance = false in patroni3's own patroni.yml";
const RELOAD = 'POST /reload on patroni3 {}';

const tags = (cluster: SimulatedCluster): { readonly file: boolean; readonly running: boolean } => {
  const { patroni } = cluster.inspect('patroni3');
  return { file: patroni.fileTags.noloadbalance, running: patroni.tags.noloadbalance };
};
const OUT = { file: true, running: true };
const HALF = { file: true, running: false };
const IN = { file: false, running: false };

/** Calls back right after the first tag was written, in the middle of the pass. */
const afterTag =
  (call: () => void) =>
  (ports: Ports): Ports => {
    const { tags: port } = ports;
    if (port === null) throw new Error('no tags');
    let isFirst = true;
    return {
      ...ports,
      tags: {
        ...port,
        write: async (step) => {
          const reply = await port.write(step);
          if (isFirst) call();
          isFirst = false;
          return reply;
        },
      },
    };
  };

/** A person switches everything off between the two steps of a drain, and looks into it for longer than any step waits. */
async function switchedOff(): Promise<Rig> {
  const ekimi: Rig = rig({
    policy,
    wrap: afterTag(() => {
      const sinceMs = ekimi.cluster.nowMs();
      const row = { subject: 'cluster', owner: 'dba', reason: 'looking', sinceMs, expiresAtMs: null };
      void throwSwitch(ekimi.session, row, 'dba');
    }),
  });
  await ekimi.run(15);
  lagEmergency(ekimi);
  await ekimi.run(180);
  expect(ekimi.requests()).toEqual([SET]);
  expect(tags(ekimi.cluster)).toEqual(HALF);
  expect(ekimi.session.ledger.remediations.map((row) => row.phase)).toEqual(['ineffective']);
  return ekimi;
}

async function resume(ekimi: Rig): Promise<void> {
  const lifted = liftSwitch(ekimi.session, 'cluster', 'dba');
  await ekimi.pass();
  expect(await lifted).toMatchObject({ ok: true });
}

describe('a drain by the tag alone that was switched off between its two steps', () => {
  it('is remembered as ours, and taken back when the replica has caught up', async () => {
    const ekimi = await switchedOff();
    expect(ekimi.session.ledger.drains.map((row) => row.member)).toEqual(['patroni3']);
    caughtUp(ekimi);
    await ekimi.run(180);
    expect(ekimi.requests()).toEqual([SET]);
    await resume(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([SET, UNSET, RELOAD]);
    expect(tags(ekimi.cluster)).toEqual(IN);
    expect(ekimi.session.ledger.drains).toEqual([]);
  });

  it('is done again while the replica still lags, since readers still read there', async () => {
    const ekimi = await switchedOff();
    await resume(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([SET, SET, RELOAD]);
    expect(tags(ekimi.cluster)).toEqual(OUT);
    caughtUp(ekimi);
    await ekimi.run(240);
    expect(tags(ekimi.cluster)).toEqual(IN);
    expect(ekimi.session.ledger.drains).toEqual([]);
  });

  it('is forgotten when a person takes the tag out of the file', async () => {
    const ekimi = await switchedOff();
    caughtUp(ekimi);
    await ekimi.run(180);
    ekimi.cluster.operatorTag('patroni3', { noloadbalance: false });
    await ekimi.run(1);
    await resume(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([SET]);
    expect(ekimi.session.ledger.drains).toEqual([]);
    expect(tags(ekimi.cluster)).toEqual(IN);
  });
});

describe('a drain by the tag alone whose process dies', () => {
  const untilDeath = async (after: number) => {
    const doom = doomed();
    const first = rig({ policy, wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    await first.run(15);
    doom.arm(after);
    lagEmergency(first);
    await first.run(40);
    return { first, effects: doom.effects };
  };

  it('after every third of its effects (each with EVERY_POINT=1) leaves no tag behind, however late the next one comes', async () => {
    const { effects } = await untilDeath(Infinity);
    expect(effects).toContain('sent tag');
    for (let after = 1; after <= effects.length; after += everyNth(3)) {
      const { first } = await untilDeath(after);
      const { cluster, journal } = first;
      const where = `after effect ${after}, ${effects[after - 1] ?? ''}`;
      cluster.advance(300_000);
      caughtUp(first);
      const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
      const next = rig({ policy, cluster, journal, memory });
      await next.run(180);
      expect(tags(cluster), where).toEqual(IN);
      expect(next.session.ledger.drains, where).toEqual([]);
    }
  }, 120_000);
});

describe('a drain by the tag alone in a cluster with slow loops', () => {
  it('has as much time as Patroni takes to reread its file', async () => {
    const cluster = createCluster({ ttlMs: 180_000, loopWaitMs: 60_000, retryTimeoutMs: 60_000 });
    const ekimi = rig({ policy, cluster });
    // The reload comes just after one of its loops.
    await ekimi.run(55);
    lagEmergency(ekimi);
    await ekimi.run(150);
    const [drain] = ekimi.session.ledger.remediations;
    expect(drain).toMatchObject({ phase: 'succeeded', plan: { action: 'drain-replica' } });
    // What a fixed 45 s would have given up on.
    expect((drain?.endedAtMs ?? 0) - (drain?.sentAtMs ?? 0)).toBeGreaterThan(45_000);
  });
});
