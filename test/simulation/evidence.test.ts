import { describe, expect, it } from 'vitest';
import { narrate } from '../../src/words/narrate.js';
import type { Ports } from '../../src/observe/ports.js';
import { fresh, type Reading } from '../../src/model/reading.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { leading } from '../support/situations.js';

const LEAK = "primary_conninfo = 'user=replicator password=hunter2'";

/** The host driver gives this for the log of any member. */
const logsOf =
  (logs: () => Promise<Reading<readonly string[]>>) =>
  (ports: Ports): Ports =>
    ports.host === null ? ports : { ...ports, host: { ...ports.host, logs } };

const moments = (ekimi: Rig): readonly string[] =>
  ekimi.journal.entries.flatMap(({ body }) =>
    body.kind === 'evidence'
      ? [`evidence ${body.moment} ${body.plan.action}`]
      : body.kind === 'intent' || body.kind === 'verdict'
        ? [`${body.kind} ${body.kind === 'intent' ? body.plan.action : body.remediation.plan.action}`]
        : [],
  );

describe('a fenced leader', () => {
  it('leaves what was known of it in the journal, before the first request and after the verdict', async () => {
    const lines = [LEAK, 'x'.repeat(1_000)];
    const ekimi = rig({ policy: leading(), wrap: logsOf(() => Promise.resolve(fresh(lines, 0, 'log'))) });
    await ekimi.run(15);
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(40);
    const [before, after] = ekimi.entries('evidence').map((entry) => entry.body);
    expect(moments(ekimi).slice(0, 6)).toEqual([
      'evidence before fence-member',
      'intent fence-member',
      'intent fence-member',
      'intent fence-member',
      'verdict fence-member',
      'evidence after fence-member',
    ]);
    expect(before).toMatchObject({ leaderKey: { holder: 'patroni1' } });
    expect(before?.members[0]).toMatchObject({ member: 'patroni1', role: 'primary', position: { timeline: 1 } });
    expect(before?.members[0]?.host).toMatchObject({ value: { state: 'running', exitCode: null } });
    expect(after?.members[0]?.host).toMatchObject({ value: { state: 'stopped', exitCode: 137 } });
    // It is dead, and its last position is still known.
    expect(after?.members[0]).toMatchObject({
      role: null,
      position: { timeline: 1, lsn: expect.stringMatching(/^0\//) },
    });
    const kept = JSON.stringify(before?.log);
    expect(kept).not.toContain('hunter2');
    expect(before?.log.kind === 'fresh' && before.log.value.map((line) => line.length)).toEqual([
      expect.any(Number),
      300,
    ]);
  });

  it('is told in one sentence: key, position, state of its container, last line of its log', async () => {
    const ekimi = rig({ policy: leading() });
    await ekimi.run(15);
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(40);
    const told = ekimi.entries('evidence').map((entry) => narrate(entry).text);
    expect(told[0]).toMatch(
      /^evidence before fence-member patroni1: patroni1 holds the leader key at revision \d+, \d+ s of its lease left; patroni1 primary at 0\/\w+ on timeline 1, running; patroni2 replica at /,
    );
    expect(told[1]).toMatch(
      /; log of patroni1: \d+ lines, the last: .*patroni1's container stopped \(exit code 137\)$/,
    );
    expect(told[1]).toMatch(/patroni1 silent at 0\/\w+ on timeline 1, stopped with exit code 137 since 2026-/);
  });

  it.each([
    ['does not answer', () => Promise.reject(new Error('broken pipe')), 'broken pipe'],
    ['is never done', null, 'nothing within 1000 ms'],
  ])('is fenced all the same when its log %s, and the journal says so', async (_, logs, reason) => {
    const cluster = createCluster();
    const slow = () => cluster.time.block(() => false, 60_000).then(() => fresh([], 0, 'log'));
    const ekimi = rig({ policy: leading(), cluster, wrap: logsOf(logs ?? slow) });
    await ekimi.run(15);
    cluster.freezePatroni('patroni1');
    await ekimi.run(60);
    expect(ekimi.requests().slice(0, 3).at(-1)).toBe('host kill patroni1');
    expect(ekimi.entries('evidence')[0]?.body.log).toMatchObject({
      kind: 'unknown',
      reason: expect.stringContaining(reason),
    });
  });
});

describe('a dead leader', () => {
  it('leaves its exit code, every position and its log before its key is deleted', async () => {
    const ekimi = rig({ policy: leading() });
    await ekimi.run(15);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(20);
    expect(moments(ekimi).slice(0, 4)).toEqual([
      'evidence before expedite-failover',
      'intent expedite-failover',
      'intent expedite-failover',
      'verdict expedite-failover',
    ]);
    const [before, after] = ekimi.entries('evidence').map((entry) => entry.body);
    expect(before?.members.map((row) => row.position?.timeline)).toEqual([1, 1, 1]);
    expect(before?.members[0]?.host).toMatchObject({ value: { state: 'stopped', exitCode: 137 } });
    expect(after).toMatchObject({ moment: 'after', leaderKey: { holder: expect.stringMatching(/patroni[23]/) } });
  });

  it('is not waited for by its clients while its engine keeps its log to itself: that is read after the verdict', async () => {
    const cluster = createCluster();
    let isKept = false;
    const logs = (): Promise<Reading<readonly string[]>> =>
      cluster.time.block(() => !isKept, 400).then(() => fresh(['the last line'], 0, 'log'));
    const ekimi = rig({ policy: leading(), cluster, wrap: logsOf(logs) });
    await ekimi.run(15);
    isKept = true;
    cluster.killContainer('patroni1');
    await ekimi.run(20);
    const [before, after] = ekimi.entries('evidence').map((entry) => entry.body);
    expect(before?.log).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('nothing within 50 ms') });
    expect(after?.log).toMatchObject({ kind: 'fresh', value: ['the last line'] });
  });
});

describe('a drain', () => {
  it('leaves no evidence: nobody is stopped', async () => {
    const ekimi = rig({ policy: testPolicy() });
    await ekimi.run(15);
    ekimi.cluster.setLoad(30 * 1024 * 1024);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(40);
    expect(ekimi.requests()).not.toEqual([]);
    expect(ekimi.entries('evidence')).toEqual([]);
  });
});
