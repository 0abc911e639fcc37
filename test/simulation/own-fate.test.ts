import { describe, expect, it } from 'vitest';
import { straysOf } from '../../src/fleet/strays.js';
import type { Clock } from '../../src/ports/clock.js';
import { createCluster } from '../../src/simulator/world.js';
import { fleet, type Fleet } from '../support/fleet.js';
import { testPolicy } from '../support/policy.js';
import { rig, type RigOptions } from '../support/simulated.js';

const SECONDS = 60;
/** Unlike any other wait of a pass. */
const PERIOD_MS = 2_500;
const slowly: RigOptions = { policy: { ...testPolicy(), poll: { intervalMs: PERIOD_MS, suspectIntervalMs: 500 } } };

/** Two clusters, each with a daemon's loop of its own, in one process; `options` is of the first one. */
const two = (options: RigOptions = {}) => {
  const first = fleet(createCluster({ scope: 'alpha' }), ['a'], options);
  const second = fleet(createCluster({ scope: 'beta' }), ['b']);
  const run = async (seconds: number): Promise<void> => {
    await Promise.all([first.run(seconds), second.run(seconds)]);
  };
  return { first, second, run };
};

const passes = (of: Fleet, name: string): number => of.at(name).session.tick;
const told = (of: Fleet, name: string) =>
  of.at(name).notifier.pages.filter(({ code, change }) => code === 'observer-impaired' && change === 'opened');

/** A clock that fails when asked to sleep for as long as only the loop does, while `isOn`. */
const sleepless = (isOn: () => boolean, how: 'throws' | 'rejects'): RigOptions => ({
  wrap: (ports) => {
    const sleep: Clock['sleep'] = (ms, signal) => {
      const isOfLoop = ms > 1_000 && ms <= PERIOD_MS;
      if (!isOfLoop || !isOn()) return ports.clock.sleep(ms, signal);
      if (how === 'throws') throw new Error('no timer is left');
      return Promise.reject(new Error('no timer is left'));
    };
    return { ...ports, clock: { ...ports.clock, sleep } };
  },
});

describe('a cluster whose loop fails outside of a pass', () => {
  it.each(['throws', 'rejects'] as const)(
    'where a sleep %s ends no other one, is told once, and goes on after a pause',
    async (how) => {
      let isBroken = true;
      const alone = two(slowly);
      await alone.run(SECONDS);
      const { first, second, run } = two({ ...slowly, ...sleepless(() => isBroken, how) });
      await run(SECONDS);
      expect(passes(second, 'b')).toBe(passes(alone.second, 'b'));
      expect(second.thrown).toEqual([]);
      expect(told(first, 'a')).toHaveLength(1);
      expect(told(first, 'a')[0]?.text).toContain('no timer is left');
      // A pass, and a pause of five seconds; while something is suspected the sleep is another one, which works.
      expect(passes(first, 'a')).toBeGreaterThanOrEqual(SECONDS / 6);
      expect(first.thrown.map(({ error }) => String(error))).toContain('Error: no timer is left');
      isBroken = false;
      const before = passes(first, 'a');
      await run(SECONDS);
      expect(passes(first, 'a') - before).toBeGreaterThanOrEqual(passes(alone.first, 'a') - 4);
      expect(first.at('a').session.impaired.pass).toBeNull();
      expect(told(first, 'a')).toHaveLength(1);
    },
  );

  it('before any pass comes about is told once all the same', async () => {
    let isBroken = true;
    const { first, second, run } = two({
      wrap: (ports) => {
        const monotonic = (): number => {
          if (isBroken) throw new Error('no clock');
          return ports.clock.monotonic();
        };
        return { ...ports, clock: { ...ports.clock, monotonic } };
      },
    });
    await run(SECONDS);
    expect([passes(first, 'a'), passes(second, 'b') > SECONDS - 5]).toEqual([0, true]);
    expect(told(first, 'a')).toMatchObject([{ text: expect.stringContaining('no clock') as string }]);
    isBroken = false;
    await run(SECONDS);
    expect(passes(first, 'a')).toBeGreaterThan(SECONDS - 15);
    expect(told(first, 'a')).toHaveLength(1);
    expect(first.at('a').notifier.pages.map(({ change, key, isLast }) => [change, key, isLast])).toEqual([
      ['opened', 'loop-failed/a', false],
      ['ended', 'loop-failed/a', true],
    ]);
  });

  it('where the telling fails too goes on all the same', async () => {
    const { first, second, run } = two();
    const { session, notifier } = first.at('a');
    const broken = { parts: { ...session.parts, log: { ...session.parts.log, error: () => fails() } } };
    const fails = (): never => {
      throw new Error('standard output is closed');
    };
    Object.assign(session, broken);
    let asked = 0;
    session.inbox.put(() => {
      asked += 1;
      return Promise.reject(new Error('a letter that fails'));
    });
    const before = passes(second, 'b');
    await run(SECONDS);
    expect([asked, session.failedPasses, session.impaired.pass]).toEqual([1, 0, null]);
    expect(passes(first, 'a')).toBeGreaterThan(SECONDS / 5);
    expect(passes(second, 'b') - before).toBeGreaterThanOrEqual(SECONDS / 2 - 1);
    expect(notifier.pages.filter(({ subject }) => subject === 'beta')).toEqual([]);
  });

  it('where a letter in its inbox throws loses one pass, and the other one none', async () => {
    const { first, second, run } = two();
    await run(10);
    const before = [passes(first, 'a'), passes(second, 'b')] as const;
    first.at('a').session.inbox.put(() => {
      throw new Error('a letter that fails');
    });
    await run(20);
    expect(told(first, 'a')).toHaveLength(1);
    expect(told(second, 'b')).toEqual([]);
    expect(passes(first, 'a') - before[0]).toBe(passes(second, 'b') - before[1]);
  });
});

describe('whoever listens to a cluster', () => {
  it('and throws fails no pass, and is told once', async () => {
    const ekimi = rig();
    const logged: object[] = [];
    Object.assign(ekimi.session.parts.log, { error: (fields: object) => logged.push(fields) });
    const heard: string[] = [];
    ekimi.session.listeners.add(() => {
      throw new Error('the stream is closed');
    });
    ekimi.session.listeners.add(({ kind }) => heard.push(kind));
    await ekimi.run(10);
    expect(ekimi.session.failedPasses).toBe(0);
    expect(heard.length).toBeGreaterThan(5);
    expect(logged).toMatchObject([{ code: 'LISTENER_FAILED' }]);
  });
});

describe('a promise that fails while nobody waits for it', () => {
  it('is told once to a person, and once a minute to the log with how many there were', async () => {
    const rigs = ['alpha', 'beta'].map((scope) => rig({ cluster: createCluster({ scope }) }));
    const [first, second] = rigs;
    if (first === undefined || second === undefined) throw new Error('two');
    const logged: object[] = [];
    Object.assign(first.session.parts.log, { error: (fields: object) => logged.push(fields) });
    await first.run(2);
    const stray = straysOf(rigs.map(({ session }) => session));
    for (let times = 0; times < 5; times += 1) stray(new Error('a stream was closed'));
    await first.run(61);
    stray('no error at all');
    const mine = first.notifier.pages.filter(({ code }) => code === 'observer-impaired');
    expect(mine.map(({ change, isLast }) => [change, isLast])).toEqual([
      ['opened', false],
      ['ended', true],
    ]);
    expect(new Set(mine.map(({ key }) => key)).size).toBe(1);
    expect(mine[0]?.text).toMatch(/in one of 2 clusters; all go on: a stream was closed$/);
    expect(second.notifier.pages).toEqual([]);
    expect(logged).toMatchObject([
      { code: 'UNHANDLED', count: 1 },
      { code: 'UNHANDLED', count: 6 },
    ]);
    expect(first.entries('page')).toHaveLength(1);
  });
});
