import { expect, test } from 'vitest';
import { DEMO_CLUSTER, DEMO_SCRIPT } from '../../../src/simulator/demo-script.js';
import { realtimeDriver } from '../../../src/simulator/realtime.js';
import { startScenario } from '../../../src/simulator/scenario.js';
import { createCluster } from '../../../src/simulator/world.js';

const MB = 1024 * 1024;

test('the tour: under two minutes, rows in order, and before the end nothing of what a controller does: that depends on its mode', () => {
  expect(DEMO_SCRIPT.endsAtSeconds).toBeLessThan(120);
  const times = DEMO_SCRIPT.rows.map((row) => row.atSeconds);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  for (const { say } of DEMO_SCRIPT.rows) if (typeof say === 'string') expect(say).not.toContain('Ekimi');
});

test('the tour without a controller: lag at 8 s, level before 30 s, a member lost, a successor, the old leader back', () => {
  const cluster = createCluster(DEMO_CLUSTER);
  const said: string[] = [];
  const endMs = startScenario(cluster, DEMO_SCRIPT, (text) => said.push(text));
  const startMs = cluster.nowMs();
  const until = (seconds: number) => {
    cluster.advance(startMs + seconds * 1000 - cluster.nowMs());
  };
  const behind = () => cluster.inspect('patroni1').postgres.replayLsn - cluster.inspect('patroni3').postgres.replayLsn;
  until(8);
  expect(behind()).toBeGreaterThan(150 * MB);
  until(14);
  expect(behind()).toBeGreaterThan(100 * MB);
  until(26);
  expect(behind()).toBeLessThan(MB);
  until(60);
  expect(['starting', 'start failed']).toContain(cluster.inspect('patroni2').patroni.state);
  until(103);
  expect(cluster.primaries()).toEqual(['patroni3']);
  expect(cluster.writesGoTo()).toBe('patroni3');
  until((endMs - startMs) / 1000);
  expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
  expect(said).toHaveLength(DEMO_SCRIPT.rows.length);
  expect(said.at(-1)).toContain('Nobody has started the old leader yet');
});

function wall() {
  let nowMs = 0;
  let frame: (() => void) | null = null;
  return {
    monotonicMs: () => nowMs,
    every: (_ms: number, call: () => void) => {
      frame = call;
      return () => {
        frame = null;
      };
    },
    pass: (ms: number) => {
      nowMs += ms;
      frame?.();
    },
    running: () => frame !== null,
  };
}

test('realtime driver at 4x: a second of the wall is four virtual ones, and a sleep ends with them', async () => {
  const cluster = createCluster();
  const time = wall();
  const stop = realtimeDriver(cluster, 4, time);
  let awake = false;
  const slept = cluster
    .ports()
    .clock.sleep(4000, new AbortController().signal)
    .then(() => {
      awake = true;
    });
  for (let frame = 0; frame < 19; frame += 1) time.pass(50);
  await Promise.resolve();
  expect(awake).toBe(false);
  time.pass(50);
  await slept;
  expect(cluster.nowMs() - cluster.options.startMs).toBe(4000);
  stop();
  expect(time.running()).toBe(false);
});

test('realtime driver after a suspended laptop: goes on without catching up hours', () => {
  const cluster = createCluster();
  const time = wall();
  realtimeDriver(cluster, 1, time);
  time.pass(3_600_000);
  expect(cluster.nowMs() - cluster.options.startMs).toBe(2000);
});

test('realtime driver with a speed that is no speed: refused with what is expected', () => {
  expect(() => realtimeDriver(createCluster(), 0, wall())).toThrow('expected a number above 0');
});
