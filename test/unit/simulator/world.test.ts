import { expect, test } from 'vitest';
import { memberHost } from '../../../src/model/host.js';
import { memberName } from '../../../src/model/names.js';
import type { Step } from '../../../src/model/plan.js';
import { createCluster } from '../../../src/simulator/world.js';
import { proxyOf } from '../../support/proxies.js';

const step = (path: '/restart' | '/reinitialize', member: string): Step & { port: 'patroni' } => ({
  port: 'patroni',
  member: memberName(member),
  method: 'POST',
  path,
  body: {},
  timeoutMs: 30_000,
});

async function eventful(seed: number, chunkMs: number): Promise<string> {
  const cluster = createCluster({ seed });
  const wait = (ms: number) => {
    for (let left = ms; left > 0; left -= chunkMs) cluster.advance(Math.min(chunkMs, left));
  };
  wait(30_000);
  cluster.lag('patroni3', 1000);
  cluster.setLoad(1_000_000);
  wait(10_000);
  cluster.breakData('patroni2');
  wait(20_000);
  await cluster.ports().patroni.send(step('/reinitialize', 'patroni2'));
  cluster.killContainer('patroni1');
  wait(60_000);
  cluster.startContainer('patroni1');
  cluster.healLag('patroni3');
  wait(60_000);
  return cluster.hash();
}

test('same seed and same calls: identical histories, byte for byte', async () => {
  expect(await eventful(11, 1000)).toBe(await eventful(11, 1000));
});

test('same calls but time advanced in other chunks: identical histories', async () => {
  expect(await eventful(11, 1000)).toBe(await eventful(11, 70));
});

test('another seed: another history', async () => {
  expect(await eventful(11, 1000)).not.toBe(await eventful(12, 1000));
});

test('a quiet cluster stays as it is for an hour and receives no request', () => {
  const cluster = createCluster();
  cluster.advance(3_600_000);
  expect(cluster.leader()).toBe('patroni1');
  expect(cluster.primaries()).toEqual(['patroni1']);
  expect(cluster.writesGoTo()).toBe('patroni1');
  expect(cluster.events.map((event) => event.text)).toEqual(['patroni1 took the leader key']);
  expect(cluster.requests).toEqual([]);
});

test('reads are never recorded as requests, sends are', async () => {
  const cluster = createCluster();
  const { patroni, dcs, proxies, postgres, host, tags } = cluster.ports();
  const proxy = proxyOf({ proxies });
  const member = memberName('patroni2');
  await Promise.all([
    patroni.status(member),
    dcs.keys(),
    proxy.view(),
    postgres.status(member),
    host.status(memberHost(member)),
  ]);
  await tags.read(member);
  expect(cluster.requests).toEqual([]);
  await patroni.send(step('/restart', 'patroni2'));
  expect(cluster.requests).toEqual([
    { atMs: cluster.options.startMs, port: 'patroni', text: 'POST /restart on patroni2 {}' },
  ]);
});

test('an unknown member in a fault: the error names those that exist', () => {
  expect(() => {
    createCluster().killContainer('patroni9');
  }).toThrow('no member patroni9 in the simulated cluster; it has patroni1, patroni2, patroni3');
});

test('run: the tick is called once a period, in virtual time', async () => {
  const cluster = createCluster();
  const atMs: number[] = [];
  await cluster.run(cluster.nowMs() + 5000, () =>
    Promise.resolve(atMs.push(cluster.nowMs() - cluster.options.startMs)),
  );
  expect(atMs).toEqual([0, 1000, 2000, 3000, 4000]);
});

test('play: a controller with its own loop sleeps and wakes as virtual time passes', async () => {
  const cluster = createCluster();
  const { clock } = cluster.ports();
  const stop = new AbortController();
  let turns = 0;
  const loop = (async () => {
    while (!stop.signal.aborted) {
      turns += 1;
      await clock.sleep(2000, stop.signal);
    }
  })();
  await cluster.play(10_050);
  expect(turns).toBe(6);
  stop.abort();
  await loop;
  expect(clock.monotonic()).toBe(10_050);
});

test('parallel calls that time out share the same seconds', async () => {
  const cluster = createCluster({ deadlineMs: 2000 });
  const { patroni } = cluster.ports();
  for (const member of cluster.options.members) cluster.freezePatroni(member);
  await Promise.all(cluster.options.members.map((member) => patroni.status(memberName(member))));
  expect(cluster.nowMs() - cluster.options.startMs).toBe(2000);
});

test('a clock that jumps: now moves, monotonic does not', () => {
  const cluster = createCluster();
  const { clock } = cluster.ports();
  const before = { now: clock.now(), monotonic: clock.monotonic() };
  cluster.jumpClock(60_000);
  expect(clock.now() - before.now).toBe(60_000);
  expect(clock.monotonic()).toBe(before.monotonic);
});
