import { describe, expect, it } from 'vitest';
import { overview, worst, type Level } from '../../../src/api/overview.js';
import { fresh, unknown } from '../../../src/model/reading.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import type { MemberView } from '../../../src/model/view.js';
import { SCENARIOS, type ScenarioName } from '../../support/scenarios.js';
import { NOW_MS, problem } from '../../support/snapshots.js';
import { seenOf, withSeen } from '../../support/proxies.js';

const withMember = (
  snapshot: ClusterSnapshot,
  index: number,
  change: (member: MemberView) => MemberView,
): ClusterSnapshot => ({
  ...snapshot,
  view: {
    ...snapshot.view!,
    members: snapshot.view!.members.map((member, at) => (at === index ? change(member) : member)),
  },
});
const member = (snapshot: ClusterSnapshot, name: string) =>
  overview(snapshot).members.find((one) => one.name === name)!;

const SUSPECT = { state: 'suspect', sinceMs: NOW_MS } as const;

describe('level', () => {
  const cases: readonly [ScenarioName, Level][] = [
    ['healthy', 'ok'],
    ['lagHeld', 'critical'],
    ['rebuilding', 'warning'],
    ['waitingApproval', 'critical'],
    ['leaderless', 'critical'],
  ];
  it.each(cases)('%s is %s', (name, level) => {
    expect(overview(SCENARIOS[name]()).level).toBe(level);
  });

  it('[S10] what is seen and in its grace is a warning, never a green healthy', () => {
    const snapshot = SCENARIOS.healthy();
    const suspect = problem(
      { code: 'member-down', subject: 'patroni2', level: 'critical', phase: 'suspect', seenForMs: 10, evidence: [] },
      NOW_MS,
    );
    const seen = { ...snapshot, states: { ...snapshot.states!, cluster: SUSPECT, problems: [suspect] } };
    expect(overview(seen)).toMatchObject({ level: 'warning', state: 'suspect' });
    expect(overview(seen).headline).toMatch(/^suspect: member-down patroni2 counts at \d\d:\d\d:\d\dZ if it persists$/);
  });

  it('[S10] a suspicion that cannot be looked for has no time at which it counts', () => {
    const snapshot = SCENARIOS.healthy();
    const told = { code: 'member-down', subject: 'patroni2', level: 'critical', phase: 'suspect' } as const;
    const lost = { ...problem({ ...told, seenForMs: 10, evidence: [] }, NOW_MS), lastSeenMs: NOW_MS - 2_000 };
    const seen = { ...snapshot, states: { ...snapshot.states!, cluster: SUSPECT, problems: [lost] } };
    expect(overview(seen).headline).toBe(
      'suspect: member-down patroni2: nobody can look for it now: it neither counts nor ends until somebody can',
    );
  });

  it('a member that Ekimi keeps out of reads is said beside a healthy state, and is no OK while Ekimi alone wants it so', () => {
    const healthy = SCENARIOS.healthy();
    const row = {
      member: 'patroni3',
      actuators: ['proxy'] as const,
      sinceMs: NOW_MS,
      remediationId: 'r',
      shadow: false,
    };
    const withDrain = (part: object) => ({ ...healthy, ledger: { ...healthy.ledger, drains: [{ ...row, ...part }] } });
    expect(overview(withDrain({}))).toMatchObject({
      level: 'warning',
      headline: 'healthy: patroni3 takes no reads (drained by Ekimi)',
    });
    expect(overview(withDrain({ by: 'alice' }))).toMatchObject({
      level: 'ok',
      headline: 'healthy: patroni3 takes no reads (drained by Ekimi for alice)',
    });
    expect(overview(withDrain({ shadow: true }))).toMatchObject({ level: 'ok', headline: 'healthy' });
  });

  it('[S10] a read pool that routes to nobody is not healthy', () => {
    const snapshot = SCENARIOS.healthy();
    const proxy = seenOf(snapshot.view!);
    const servers = (proxy.kind === 'fresh' ? proxy.value.servers : []).map((server) => ({ ...server, up: false }));
    const states = { ...snapshot.states!, cluster: { state: 'degraded' as const, sinceMs: NOW_MS } };
    const empty = { ...snapshot, states, view: withSeen(snapshot.view!, fresh({ servers }, NOW_MS, 'proxy')) };
    expect(overview(empty)).toMatchObject({
      level: 'warning',
      state: 'degraded',
      headline: 'degraded: no server takes reads',
    });
  });

  it('is at least a warning while something stops us from working', () => {
    expect(overview({ ...SCENARIOS.healthy(), impaired: ['the journal is full'] }).level).toBe('warning');
  });

  it('is unknown before the first judgement', () => {
    expect(overview({ ...SCENARIOS.healthy(), view: null, states: null }).level).toBe('unknown');
  });

  it('puts not knowing above a warning and below a known critical', () => {
    expect(worst(['ok', 'warning', 'unknown'])).toBe('unknown');
    expect(worst(['unknown', 'critical', 'warning'])).toBe('critical');
  });
});

describe('lag', () => {
  it('repeats the figure of the problem beside it', () => {
    expect(member(SCENARIOS.lagHeld(), 'patroni2')).toMatchObject({
      lagBytes: 268_435_456,
      lagFrom: 'replica-lag-emergency',
    });
  });

  it('is the distance of two positions on one timeline', () => {
    expect(member(SCENARIOS.healthy(), 'patroni3').lagBytes).toBe(16_384);
  });

  it('is never computed across two timelines', () => {
    const snapshot = withMember(SCENARIOS.healthy(), 2, (one) => ({
      ...one,
      api: one.api.kind === 'fresh' ? { ...one.api, value: { ...one.api.value, timeline: 2 } } : one.api,
    }));
    expect(member(snapshot, 'patroni3')).toMatchObject({ lagBytes: null, lagFrom: 'no source knows it' });
  });

  it('is unknown, not zero, when the leader does not answer', () => {
    const snapshot = withMember(SCENARIOS.healthy(), 0, (one) => ({
      ...one,
      api: unknown('timeout', 'no answer', NOW_MS, 'api'),
    }));
    expect(member(snapshot, 'patroni3').lagBytes).toBeNull();
  });
});

describe('rotation', () => {
  it('knows our own drain from a failed check', () => {
    expect(member(SCENARIOS.lagActed(), 'patroni2')).toMatchObject({ reads: 'drain', drain: { member: 'patroni2' } });
    expect(member(SCENARIOS.rebuilding(), 'patroni3').reads).toBe('down');
  });

  it('is unknown without a proxy to ask', () => {
    const snapshot = SCENARIOS.healthy();
    const blind = { ...snapshot, view: { ...snapshot.view!, proxies: [] } };
    expect(member(blind, 'patroni2').reads).toBe('unknown');
    expect(overview(blind).proxyNote).toBe('proxy is not configured');
  });

  it('is absent where the pool has no such server', () => {
    const snapshot = SCENARIOS.healthy();
    const empty = { ...snapshot, view: withSeen(snapshot.view!, fresh({ servers: [] }, NOW_MS, 'proxy')) };
    expect(member(empty, 'patroni2').reads).toBe('absent');
  });
});

describe('the rest', () => {
  it('says why there is no leader', () => {
    const snapshot = SCENARIOS.leaderless();
    expect(overview(snapshot).leaderNote).toBe('the leader key is absent');
    const blind: ClusterSnapshot = {
      ...snapshot,
      view: {
        ...snapshot.view!,
        dcs: { ...snapshot.view!.dcs, keys: unknown('no-quorum', 'no quorum', NOW_MS, 'dcs') },
      },
    };
    expect(overview(blind)).toMatchObject({ leader: null, leaderNote: 'no quorum' });
    expect(member(blind, 'patroni1').holdsLeaderKey).toBeNull();
  });

  it('tells of each pooler who waits in it, and whose pause it is', () => {
    const snapshot = SCENARIOS.healthy();
    const database = { name: 'app', paused: true, servers: 0, waiting: 2, maxWaitMs: 2_000 };
    const told = (ledger: Partial<ClusterSnapshot['ledger']>, part: Partial<typeof database> = {}) => {
      const report = { version: '1.24.1', allPaused: null, databases: [{ ...database, ...part }] };
      const poolers = [{ name: 'bouncer', seen: fresh(report, NOW_MS, 'console of bouncer') }];
      const all = { ...snapshot, view: { ...snapshot.view!, poolers }, ledger: { ...snapshot.ledger, ...ledger } };
      return overview(all).poolers[0];
    };
    const pause = {
      pooler: 'bouncer',
      leader: 'patroni1',
      sinceMs: NOW_MS,
      untilMs: NOW_MS + 3_000,
      remediationId: 'a',
    };
    expect(told({ pauses: [pause] })).toEqual({
      name: 'bouncer',
      paused: true,
      untilMs: NOW_MS + 3_000,
      waiting: 2,
      databases: [database],
      text: 'paused by Ekimi; app paused: 0 server connections, 2 clients wait (longest 2 s)',
    });
    expect(told({})).toMatchObject({ untilMs: null, text: expect.stringMatching(/^paused, not by Ekimi; /) as string });
    expect(told({}, { paused: false, servers: 4, waiting: 0 })?.text).toBe(
      'passes clients on; app: 4 server connections, 0 clients wait',
    );
    const mute = { name: 'bouncer', seen: unknown('timeout', 'no answer in time', NOW_MS, 'console of bouncer') };
    const view = { ...snapshot.view!, poolers: [mute] };
    expect(overview({ ...snapshot, view }).poolers).toMatchObject([{ paused: null, text: 'no answer in time' }]);
    expect(overview(snapshot).poolers).toEqual([]);
  });

  it('counts the budget of the last hour', () => {
    expect(overview(SCENARIOS.rebuilding()).budget).toEqual({ perHour: 6, used: 2, left: 4 });
  });

  it('parts work in flight from work that ended', () => {
    const { inFlight, ended } = overview(SCENARIOS.rebuilding());
    expect(inFlight.map((one) => one.plan.action)).toEqual(['reinitialize-replica']);
    expect(ended.map((one) => one.plan.action)).toEqual(['restart-member']);
  });

  it('shows a refused policy among what impairs us', () => {
    expect(overview({ ...SCENARIOS.healthy(), policyError: 'lag.warning: not a size' }).impaired).toEqual([
      'policy: lag.warning: not a size',
    ]);
  });

  it('shows what keeps us from what was begun here while etcd was lost', () => {
    expect(overview({ ...SCENARIOS.healthy(), recoveryFault: 'it cannot be read' }).impaired).toEqual([
      'recovery: it cannot be read',
    ]);
  });
});

describe('what is only rehearsed, left over or held back', () => {
  const drain = {
    member: 'patroni2',
    actuators: ['proxy'],
    sinceMs: NOW_MS,
    remediationId: 'r1',
    shadow: false,
  } as const;
  const withDrain = (row: typeof drain | (Omit<typeof drain, 'shadow'> & { shadow: true })) => {
    const snapshot = SCENARIOS.healthy();
    return { ...snapshot, ledger: { ...snapshot.ledger, drains: [row] } };
  };

  it('[S11] a rehearsed drain leaves the replica in rotation, and says so', () => {
    expect(member(withDrain({ ...drain, shadow: true }), 'patroni2').poolText).toBe(
      'reads: in rotation (would have drained reads; nothing was sent)',
    );
  });

  it("[O6] a leader's writes are never said to be drained", () => {
    const snapshot = withDrain({ ...drain, member: 'patroni1' } as never);
    expect(member(snapshot, 'patroni1').poolText).toBe('writes: in rotation; reads drained by ekimi, left over');
  });

  it('[S10] the lag of a member that does not answer is unknown, whatever its peers repeat', () => {
    const silent = withMember(SCENARIOS.healthy(), 2, (one) => ({
      ...one,
      api: unknown('timeout', 'no answer', NOW_MS, 'api'),
      sql: unknown('timeout', 'no answer', NOW_MS, 'sql'),
    }));
    expect(member(silent, 'patroni3')).toMatchObject({ lagBytes: null, lagFrom: 'it does not answer' });
  });

  it('[O4] a kill switch holds an enforcing instance back, and nothing does otherwise', () => {
    const snapshot = SCENARIOS.lagActed();
    const off = { subject: 'cluster', owner: 'ann', reason: 'work', sinceMs: NOW_MS, expiresAtMs: null };
    const paused = { ...snapshot, ledger: { ...snapshot.ledger, switches: [off] } };
    expect(overview(paused).brakes).toEqual(['paused by a kill switch: nothing is sent']);
    expect(overview(snapshot).brakes).toEqual([]);
  });
});
