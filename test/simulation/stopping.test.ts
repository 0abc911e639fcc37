import { describe, expect, it } from 'vitest';
import { askForProcedure } from '../../src/kernel/orders.js';
import { loop } from '../../src/fleet/loop.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { endSession, STOP_PATIENCE_MS } from '../../src/kernel/stop.js';
import type { Ports } from '../../src/observe/ports.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';
import { withProxies } from '../support/proxies.js';

const policy = testPolicy({}, { 'restart-member': { mode: 'off' }, 'cancel-blocking-queries': { mode: 'off' } });
const forever = new AbortController().signal;

/** The proxy obeys at once, and its answer takes so long. */
const slowAnswer =
  (answerMs: number) =>
  (ports: Ports): Ports => {
    const { clock } = ports;
    return withProxies(ports, (proxy) => ({
      ...proxy,
      send: async (step) => {
        const reply = await proxy.send(step);
        await clock.sleep(answerMs, forever);
        return reply;
      },
    }));
  };

/** The look before a request, the second of its pass, takes so long; `began` is told as it begins. */
const slowSecondLook =
  (lookMs: number, tickOf: () => number, began: () => void) =>
  (ports: Ports): Ports => {
    let last = { tick: 0, looks: 0 };
    return {
      ...ports,
      patroni: {
        ...ports.patroni,
        status: async (member, atMostMs) => {
          if (member === 'patroni1') {
            last = { tick: tickOf(), looks: last.tick === tickOf() ? last.looks + 1 : 1 };
            if (last.looks === 2) {
              began();
              await ports.clock.sleep(lookMs, forever);
            }
          }
          return ports.patroni.status(member, atMostMs);
        },
      },
    };
  };

interface Running {
  readonly ekimi: Rig;
  /** SIGTERM; afterwards `endedMs` tells after how much virtual time it was over. */
  readonly terminate: () => { endedMs: number | null };
}

/** The daemon's own loop in virtual time. */
function running(options: Parameters<typeof rig>[0]): Running {
  const ekimi = rig({ policy, cluster: createCluster(), ...options });
  const { session, cluster } = ekimi;
  const stop = new AbortController();
  const looping = loop(session, stop.signal);
  return {
    ekimi,
    terminate: () => {
      const told: { endedMs: number | null } = { endedMs: null };
      const atMs = cluster.nowMs();
      stop.abort();
      void endSession(session, looping).then(() => {
        told.endedMs = cluster.nowMs() - atMs;
      });
      return told;
    },
  };
}

async function untilSent({ ekimi }: Running): Promise<void> {
  await ekimi.cluster.play(15_000);
  lagEmergency(ekimi);
  for (let waited = 0; ekimi.requests().length === 0 && waited < 60; waited += 1) await ekimi.cluster.play(500);
  expect(ekimi.requests()).toEqual([DRAIN]);
}

/** Another process, at once. */
async function successor({ cluster, journal }: Rig): Promise<Rig> {
  const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
  return rig({ policy, cluster, journal, memory, owner: 'next' });
}

describe('a stop while a request takes a minute to answer', () => {
  it('waits five seconds, leaves it as unknown, and gives tenure up', async () => {
    const daemon = running({ wrap: slowAnswer(60_000) });
    await untilSent(daemon);
    const { ekimi } = daemon;
    const told = daemon.terminate();
    await ekimi.cluster.play(STOP_PATIENCE_MS - 1_000);
    expect(told.endedMs).toBeNull();
    await ekimi.cluster.play(2_000);
    expect(told.endedMs).toBeLessThanOrEqual(STOP_PATIENCE_MS + 100);

    expect(ekimi.entries('outcome').at(-1)?.body.reply).toMatchObject({ effect: 'maybe' });
    expect(ekimi.entries('outcome').at(-1)?.body.reply.text).toMatch(/stopped \d+ s after the request/);
    expect(ekimi.journal.entries.slice(-2).map(({ body }) => body.kind)).toEqual(['pass', 'stop']);
    const next = await successor(ekimi);
    await next.pass();
    expect(next.session.parts.tenure.facts()).toMatchObject({ state: 'held', owner: 'next' });
    expect(next.session.ledger.remediations).toMatchObject([{ phase: 'succeeded', plan: { action: 'drain-replica' } }]);
  });

  it('is watched by the next start, which does not repeat it', async () => {
    const daemon = running({ wrap: slowAnswer(60_000) });
    await untilSent(daemon);
    daemon.terminate();
    await daemon.ekimi.cluster.play(STOP_PATIENCE_MS + 1_000);
    const next = await successor(daemon.ekimi);
    await next.run(60);
    expect(next.requests()).toEqual([DRAIN]);
    expect(next.session.ledger.drains.map((row) => row.member)).toEqual(['patroni3']);
  });
});

describe('a stop while a request is about to be answered', () => {
  it('waits for the answer and is over at once', async () => {
    const daemon = running({ wrap: slowAnswer(2_500) });
    await untilSent(daemon);
    const told = daemon.terminate();
    await daemon.ekimi.cluster.play(STOP_PATIENCE_MS - 1_000);
    expect(told.endedMs).not.toBeNull();
    expect(daemon.ekimi.entries('outcome').map(({ body }) => body.reply.effect)).toEqual(['done']);
    expect(daemon.ekimi.session.ledger.remediations).toMatchObject([{ phase: 'verifying' }]);
  });
});

describe('a stop in the middle of a pass', () => {
  it.each([
    ['that ends in time', 2_000],
    ['that hangs', 60_000],
  ])('%s: what it had decided is not sent any more', async (_how, lookMs) => {
    const seen = { isDeciding: false };
    const daemon: Running = running({
      wrap: slowSecondLook(
        lookMs,
        () => daemon.ekimi.session.tick,
        () => {
          seen.isDeciding = true;
        },
      ),
    });
    const { ekimi } = daemon;
    await ekimi.cluster.play(15_000);
    lagEmergency(ekimi);
    for (let waited = 0; !seen.isDeciding && waited < 600; waited += 1) await ekimi.cluster.play(100);
    expect(seen.isDeciding).toBe(true);
    const told = daemon.terminate();
    await ekimi.cluster.play(STOP_PATIENCE_MS + 500);
    expect(told.endedMs).not.toBeNull();
    await ekimi.cluster.play(60_000);
    expect(ekimi.requests()).toEqual([]);
    const next = await successor(ekimi);
    await next.pass();
    expect(next.session.parts.tenure.facts().state).toBe('held');
  });
});

describe('a stop of a quiet daemon', () => {
  it('is over at once, and the next start knows until when it watched', async () => {
    const daemon = running({});
    const { ekimi } = daemon;
    await ekimi.cluster.play(50_000);
    const told = daemon.terminate();
    await ekimi.cluster.play(500);
    expect(told.endedMs).toBe(0);
    const memory = await recallMemory(ekimi.journal, ekimi.cluster.options.scope, ekimi.cluster.nowMs());
    expect(ekimi.cluster.nowMs() - (memory.watchedMs?.['patroni2'] ?? 0)).toBeLessThan(3_000);
  });

  it('answers whoever asked for a procedure in that moment', async () => {
    const daemon = running({});
    await daemon.ekimi.cluster.play(15_000);
    const asking = { name: 'restart', by: 'dba', reason: 'settings', dryRun: false, target: 'patroni2' };
    daemon.terminate();
    const answer = askForProcedure(daemon.ekimi.session, asking as never);
    await daemon.ekimi.cluster.play(500);
    expect(await answer).toMatchObject({ kind: 'refused', text: 'ekimi is being stopped: ask the next instance' });
    expect(daemon.ekimi.entries('procedure').at(-1)?.body.answer).toBe('refused');
  });
});
