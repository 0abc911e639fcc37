import { describe, expect, it } from 'vitest';
import { recallMemory } from '../../src/kernel/recall.js';
import type { Step } from '../../src/model/plan.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { doomed } from '../support/crash.js';
import { freezable } from '../support/freeze.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';
import { sendsThrough, staleness } from '../support/truth.js';
import { isEveryPoint } from '../support/points.js';

const policy = leading(
  { poll: { intervalMs: 1_000, suspectIntervalMs: 1_000 } },
  { 'fence-leader': { mode: 'auto', timeoutMs: 30_000 } },
);

interface Story {
  readonly name: string;
  readonly strike: (cluster: SimulatedCluster) => void;
  /** Somebody else does away with the trouble. */
  readonly heal: (cluster: SimulatedCluster) => void;
}

const STORIES: readonly Story[] = [
  {
    name: 'a frozen leader: fence, expedite, tell the proxy, start, open',
    strike: (cluster) => {
      cluster.freezePatroni('patroni1');
    },
    heal: (cluster) => {
      cluster.thaw('patroni1');
      cluster.startContainer('patroni1');
    },
  },
  {
    name: 'a machine that hangs: stop it, expedite, tell the proxy, start',
    strike: (cluster) => {
      cluster.pauseContainer('patroni1');
    },
    heal: (cluster) => {
      cluster.startContainer('patroni1');
    },
  },
  {
    name: 'a killed leader: expedite, tell the proxy, start',
    strike: (cluster) => {
      cluster.killContainer('patroni1');
    },
    heal: (cluster) => {
      cluster.startContainer('patroni1');
    },
  },
];

const SECONDS = 60;
const CALM_SECONDS = 180;
/** There are six ways to stand still below: each meets every so manyth point. */
const STRIDE = 72;
/** And three ways to come back from death. */
const DEATHS = 3;

/**
 * What was sent more than once, or closed more than twice: a frozen leader that lost its key while nobody looked is fenced anew, as a
 * second primary, and closed is closed however often it is said.
 */
function repeated({ cluster }: Rig): readonly string[] {
  const texts = cluster.requests.map((row) => row.text);
  const closes = (text: string): boolean => / maint$|shutdown sessions/.test(text);
  return texts.filter((text, at) => texts.slice(0, at).filter((one) => one === text).length > (closes(text) ? 1 : 0));
}

/** What must be so in the end, whoever died or slept on the way there. */
function expectWhole(ekimi: Rig, where: string): void {
  const { cluster, session } = ekimi;
  expect(session.states.cluster.state, where).toBe('healthy');
  expect(session.ledger.fences, where).toEqual([]);
  expect(cluster.primaries(), where).toEqual([cluster.leader()]);
  expect(cluster.writesGoTo(), where).toBe(cluster.leader());
  expect(cluster.proxyStatus('postgres_primary', 'patroni1'), where).not.toContain('MAINT');
}

describe.each(STORIES)('$name', ({ strike, heal }) => {
  async function died(after: number) {
    const doom = doomed();
    const wrong: string[] = [];
    const cluster = createCluster();
    const look = (step: Step): void => {
      const stale = staleness(cluster, step);
      if (stale !== null) wrong.push(stale);
    };
    const options = { policy, cluster, wrapJournal: doom.wrapJournal, dead: doom.dead };
    const first = rig({ ...options, wrap: (ports) => doom.wrap(sendsThrough(ports, look)) });
    await first.run(15);
    doom.arm(after);
    strike(cluster);
    await first.run(SECONDS);
    return { first, doom, wrong, look };
  }

  it.each([
    ['resumed at once', 'test', 3_000, 1],
    ['replaced by another instance', 'other', 3_000, 2],
    ['resumed after Patroni has failed over by itself', 'test', 60_000, 3],
  ])(
    'the process dies after every second of them (in one of three ways; after each in all three with EVERY_POINT=1) and is %s: nothing is sent twice or too late, all is finished',
    async (_, owner, awayMs, from) => {
      const whole = await died(Infinity);
      const [first, stride] = isEveryPoint ? [1, 1] : [2 * from - 1, 2 * DEATHS];
      for (let after = first; after <= whole.doom.effects.length; after += stride) {
        const where = `after effect ${after}, ${whole.doom.effects[after - 1] ?? ''}`;
        const { first: dead, wrong, look } = await died(after);
        const { cluster, journal } = dead;
        cluster.advance(awayMs);
        const memory = await recallMemory(journal, cluster.options.scope, cluster.nowMs());
        const wrap = (ports: Parameters<typeof sendsThrough>[0]) => sendsThrough(ports, look);
        const next = rig({ policy, cluster, journal, memory, owner, wrap });
        await next.run(CALM_SECONDS);
        expect(wrong, where).toEqual([]);
        expect(repeated(next), where).toEqual([]);
        expectWhole(next, where);
      }
    },
    300_000,
  );

  /**
   * Points of every pass in which something is sent, answered or judged: all of them with EVERY_POINT=1, else every 72nd, and for each
   * of the six ways to stand still from another one on, so that every twelfth point is met once.
   */
  async function pointsOfWork(from: number): Promise<readonly { readonly at: number; readonly where: string }[]> {
    const { points } = (await slept(Infinity, () => undefined)).sleep;
    const busy = new Set(
      points.filter(({ name }) => /evidence|intent|outcome|verdict/.test(name)).map(({ pass }) => pass),
    );
    return points.flatMap(({ name, pass }, index) =>
      busy.has(pass) && (isEveryPoint || index % STRIDE === 12 * from)
        ? [{ at: index + 1, where: `at point ${index + 1}, ${name}` }]
        : [],
    );
  }

  async function slept(at: number, meanwhile: (cluster: SimulatedCluster) => Promise<void> | void) {
    const sleep = freezable();
    const wrong: string[] = [];
    const cluster = createCluster();
    const ekimi = rig({
      policy,
      cluster,
      wrapJournal: sleep.wrapJournal,
      wrap: (ports) =>
        sleep.wrap(
          sendsThrough(ports, (step) => {
            const stale = staleness(cluster, step);
            if (stale !== null) wrong.push(stale);
          }),
        ),
    });
    await ekimi.run(15);
    sleep.arm(
      at,
      () => meanwhile(cluster),
      () => ekimi.session.tick,
    );
    strike(cluster);
    await ekimi.run(SECONDS);
    return { ekimi, sleep, wrong };
  }

  it.each([
    [5, 'nothing is done', false, 0],
    [5, 'somebody heals it', true, 1],
    [12, 'somebody heals it', true, 2],
    [40, 'Patroni fails over by itself', false, 3],
    [40, 'somebody heals it', true, 4],
  ])(
    'the process stands still for %i s at any point, and %s: it sends nothing stale and nothing twice, all is finished',
    async (seconds, _, isHealed, from) => {
      for (const { at, where } of await pointsOfWork(from)) {
        const { ekimi, wrong } = await slept(at, (cluster) => {
          cluster.advance(1_000);
          if (isHealed) heal(cluster);
          cluster.advance((seconds - 1) * 1_000);
        });
        await ekimi.run(CALM_SECONDS - SECONDS);
        expect(wrong, where).toEqual([]);
        expect(repeated(ekimi), where).toEqual([]);
        expectWhole(ekimi, where);
      }
    },
    300_000,
  );

  it('the process stands still at any point while another instance takes over: it wakes to watch', async () => {
    for (const { at, where } of await pointsOfWork(5)) {
      const others: Rig[] = [];
      const { ekimi, wrong } = await slept(at, async (cluster) => {
        const other = rig({ policy, cluster, owner: 'other' });
        others.push(other);
        await other.run(45);
      });
      const next = others[0] ?? ekimi;
      for (let second = 0; second < CALM_SECONDS; second += 1) {
        await next.run(1);
        if (next !== ekimi) await ekimi.pass();
      }
      expect(wrong, where).toEqual([]);
      expect(repeated(ekimi), where).toEqual([]);
      expectWhole(next, where);
    }
  }, 300_000);
});
