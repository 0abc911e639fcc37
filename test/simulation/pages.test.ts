import { describe, expect, it } from 'vitest';
import type { Policy } from '../../src/model/policy.js';
import { createCluster } from '../../src/simulator/world.js';
import { testPolicy } from '../support/policy.js';
import { changeLedger, rig, type Rig, type RigOptions } from '../support/simulated.js';

/** What a new policy does: nothing that costs anything is sent without a person's word. */
const cautious = (part: Partial<Policy> = {}): Policy =>
  testPolicy(part, {
    failover: { mode: 'approve' },
    'expedite-failover': { mode: 'approve' },
    'restart-member': { mode: 'approve' },
    'start-member': { mode: 'approve' },
    'reinitialize-replica': { mode: 'off' },
  });

/** Half an hour in few passes. */
const SELDOM = { intervalMs: 2_000, suspectIntervalMs: 2_000 };

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy: cautious(), ...options });
  await ekimi.run(15);
  return ekimi;
}

const told = ({ notifier }: Rig, ...codes: readonly string[]) =>
  notifier.pages
    .filter((page) => codes.length === 0 || codes.includes(page.code))
    .map((page) => `${page.change} ${page.code}`);

/** Both replicas some 10 MB behind, then the leader dies: Patroni may promote neither. */
async function leaderlessAndBehind(ekimi: Rig): Promise<void> {
  ekimi.cluster.setLoad(500_000);
  ekimi.cluster.lag('patroni2', 1);
  ekimi.cluster.lag('patroni3', 1);
  await ekimi.run(20);
  ekimi.cluster.killContainer('patroni1');
  await ekimi.run(110);
}

describe('a leaderless cluster whose replicas are 10 MB behind', () => {
  it('[N1] is paged once in enforce, with the command that lets Ekimi act, and is not asked about again', async () => {
    const ekimi = await quiet({ policy: cautious() });
    await leaderlessAndBehind(ekimi);
    expect(told(ekimi, 'leaderless', 'no-failover-candidate')).toEqual(['opened leaderless']);
    const page = ekimi.notifier.pages.find((row) => row.code === 'leaderless');
    const waiting = ekimi.approvals('waiting').find((row) => row.plan.because.code === 'leaderless');
    expect(waiting).toBeDefined();
    expect(page?.unblock).toContain(`ekimi approve ${waiting?.id ?? '?'} --reason "..."`);
    expect(page?.text).toMatch(/since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ/);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[N1] is paged once in dry-run, which says that nothing was sent and that a person must act', async () => {
    const ekimi = await quiet({ policy: cautious({ mode: 'dry-run' }) });
    await leaderlessAndBehind(ekimi);
    expect(told(ekimi, 'leaderless', 'no-failover-candidate')).toEqual(['opened leaderless']);
    const text = ekimi.notifier.pages.find((row) => row.code === 'leaderless')?.text ?? '';
    expect(text).toMatch(/nothing was sent, since this is a dry-run.*act yourself/);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[N1] is told again after the time of the policy, and no more often; the end is told once', async () => {
    const ekimi = await quiet({
      policy: cautious({
        poll: SELDOM,
        pages: { remindAfterMs: 8 * 60_000, remindWarnings: false },
        approvals: { expiresMs: 180_000 },
      }),
    });
    await leaderlessAndBehind(ekimi);
    await ekimi.run(20 * 60);
    expect(told(ekimi, 'leaderless')).toEqual(['opened leaderless', 'reminder leaderless', 'reminder leaderless']);
    const [, id] = /ekimi approve (\S+) --reason/.exec(ekimi.notifier.pages.at(-1)?.text ?? '') ?? [];
    const named = ekimi.session.ledger.approvals.find((row) => row.id === id);
    expect(named?.requestedAtMs).toBeGreaterThan((ekimi.notifier.pages.at(-1)?.atMs ?? Infinity) - 180_000);
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(told(ekimi, 'leaderless').slice(-2)).toEqual(['reminder leaderless', 'ended leaderless']);
    expect(ekimi.entries('page').map((row) => row.body.change)).toEqual(ekimi.notifier.pages.map((row) => row.change));
  });

  it('[N1] is never told again where the policy says so', async () => {
    const ekimi = await quiet({
      policy: cautious({ poll: SELDOM, pages: { remindAfterMs: null, remindWarnings: false } }),
    });
    await leaderlessAndBehind(ekimi);
    await ekimi.run(40 * 60);
    expect(told(ekimi, 'leaderless')).toEqual(['opened leaderless']);
  });
});

describe('a replica that died and waits for what does not come by itself', () => {
  const auto = (part: Partial<Policy> = {}) => testPolicy(part);
  const frozen = { freeze: { reason: 'year end', untilMs: Number.MAX_SAFE_INTEGER }, maintenance: null };
  const CASES: readonly (readonly [name: string, options: RigOptions, prepare: (ekimi: Rig) => void, text: RegExp])[] =
    [
      [
        'a freeze',
        { policy: auto(), windowsAt: () => frozen },
        () => undefined,
        /held by window \(a freeze is in force: year end\)/,
      ],
      [
        'an open breaker',
        { policy: testPolicy({}, { 'start-member': { mode: 'off' } }) },
        ({ session }) => {
          const breaker = { openSinceMs: 0, reason: '10 actions within an hour' };
          changeLedger(session, (ledger) => ({ ...ledger, breaker }));
        },
        /held by budget .*what you can do: ekimi resume --subject breaker/,
      ],
      [
        'a paused Patroni',
        { policy: auto() },
        ({ cluster }) => {
          cluster.pause();
        },
        /held by patroni-pause/,
      ],
      ['a policy that only observes', { policy: auto({ mode: 'observe' }) }, () => undefined, /held by mode/],
      ['an approval', { policy: cautious() }, () => undefined, /ekimi approve \S+ --reason "\.\.\."/],
    ];

  it.each(CASES)('[N1] by %s: a person is told once, with the way out', async (_name, options, prepare, text) => {
    const ekimi = await quiet(options);
    prepare(ekimi);
    await ekimi.run(5);
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(150);
    const pages = ekimi.notifier.pages.filter((page) => page.subject === 'patroni3');
    expect(pages.map((page) => page.change)).toEqual(['opened']);
    expect(pages[0]?.text).toMatch(text);
    expect(ekimi.requests()).toEqual([]);
    // What follows from it is not told beside it.
    expect(told(ekimi, 'too-few-replicas')).toEqual([]);
  });
});

describe('a dead leader whom an approval would replace sooner than Patroni', () => {
  it('[N1] is told within 5 s of its first sight, with the command, and what Patroni does then ends it', async () => {
    const ekimi = await quiet();
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(8);
    const page = ekimi.notifier.pages.find((row) => row.code === 'leader-down');
    expect((page?.atMs ?? Infinity) - (page?.sinceMs ?? 0)).toBeLessThan(5_000);
    const waiting = ekimi.approvals('waiting').find((row) => row.plan.action === 'expedite-failover');
    expect(page?.unblock).toContain(`ekimi approve ${waiting?.id ?? '?'} --reason "..."`);
    await ekimi.run(90);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    expect(told(ekimi, 'leader-down').at(-1)).toBe('ended leader-down');
  });

  it('[N1] is left to Patroni where Ekimi has no answer that a person could agree to', async () => {
    const ekimi = await quiet({ policy: testPolicy({}, { 'expedite-failover': { mode: 'off' } }) });
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(20);
    expect(told(ekimi, 'leader-down')).toEqual([]);
  });
});

describe('a dry-run that lasts', () => {
  it('[N1] tells what enforce would have sent for a dead leader, and that nothing was sent', async () => {
    const ekimi = await quiet({
      policy: testPolicy({ mode: 'dry-run' }, { 'expedite-failover': { mode: 'auto' } }),
    });
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(20);
    const page = ekimi.notifier.pages.find((row) => row.code === 'leader-down');
    expect(page?.text).toMatch(
      /in enforce Ekimi would have sent etcd: delete the leader key.*nothing was sent.*act yourself/,
    );
    expect(told(ekimi, 'leader-down')).toEqual(['opened leader-down']);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('two instances that watch one cluster', () => {
  async function both(a: Rig, b: Rig, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      await a.pass();
      await b.pass();
      a.cluster.advance(1_000);
    }
  }

  it('[N1] tell a person once, and the end once', async () => {
    const cluster = createCluster();
    const a = rig({ cluster, owner: 'a', policy: cautious() });
    const b = rig({ cluster, owner: 'b', policy: cautious() });
    await both(a, b, 15);
    cluster.killContainer('patroni3');
    await both(a, b, 150);
    expect([...told(a, 'member-down'), ...told(b, 'member-down')]).toEqual(['opened member-down']);
    cluster.startContainer('patroni3');
    await both(a, b, 90);
    expect([...told(a, 'member-down'), ...told(b, 'member-down')]).toEqual(['opened member-down', 'ended member-down']);
  });

  it('[P3] without tenure, what the holder does not see is told once and not with every look at the ledger', async () => {
    const cluster = createCluster();
    const a = rig({ cluster, owner: 'a', policy: cautious() });
    const b = rig({ cluster, owner: 'b', policy: cautious() });
    await both(a, b, 15);
    cluster.killContainer('patroni3');
    // The holder keeps its tenure and looks at nothing.
    for (let second = 0; second < 240; second += 1) {
      if (second % 4 === 0) await a.session.parts.tenure.keep();
      await b.pass();
      cluster.advance(1_000);
    }
    expect(b.session.parts.tenure.facts().state).toBe('other');
    expect(told(b, 'member-down')).toEqual(['opened member-down']);
    expect(b.notifier.pages[0]?.text).toContain('held by tenure (a holds tenure)');
    expect(cluster.requests).toEqual([]);
  });

  it('[N1] a successor goes on with the page of the one that ended', async () => {
    const cluster = createCluster();
    const a = rig({ cluster, owner: 'a', policy: cautious() });
    const b = rig({ cluster, owner: 'b', policy: cautious() });
    await both(a, b, 15);
    cluster.killContainer('patroni3');
    await both(a, b, 60);
    expect(told(a, 'member-down')).toEqual(['opened member-down']);
    await b.run(90);
    expect(b.session.parts.tenure.facts().state).toBe('held');
    expect(told(b, 'member-down')).toEqual([]);
    cluster.startContainer('patroni3');
    await b.run(60);
    expect(told(b, 'member-down')).toEqual(['ended member-down']);
  });
});

describe('one thing in several forms', () => {
  it('[N1] lag that worsens is one page and one decision, whatever thresholds it has passed', async () => {
    const ekimi = await quiet({
      policy: testPolicy({}, { 'drain-replica': { mode: 'off' }, 'cancel-blocking-queries': { mode: 'off' } }),
    });
    ekimi.cluster.setLoad(4 * 1024 * 1024);
    ekimi.cluster.lag('patroni3', 100_000);
    await ekimi.run(20);
    expect(told(ekimi)).toEqual(['opened replica-lag-critical']);
    await ekimi.run(40);
    expect(told(ekimi)).toEqual(['opened replica-lag-critical', 'changed replica-lag-emergency']);
    const about = ekimi.session.decisions.map((one) => ('code' in one ? one.code : one.plan.because.code));
    expect(about.filter((code) => code.startsWith('replica-lag'))).toEqual(['replica-lag-emergency']);
  });
});

describe('false friends: nobody is paged', () => {
  it('[N1] for a replica whose PostgreSQL Patroni starts again', async () => {
    const ekimi = await quiet();
    ekimi.cluster.stopPostgres('patroni2');
    await ekimi.run(90);
    expect(told(ekimi)).toEqual([]);
  });

  it('[N1] for switchovers by operators that follow on one another', async () => {
    const ekimi = await quiet();
    for (const member of ['patroni2', 'patroni3', 'patroni1', 'patroni2']) {
      ekimi.cluster.switchover(member);
      await ekimi.run(30);
      expect(ekimi.cluster.leader()).toBe(member);
    }
    await ekimi.run(60);
    expect(told(ekimi)).toEqual([]);
  });

  it('[N1] for a switchover by an operator', async () => {
    const ekimi = await quiet();
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).toBe('patroni2');
    expect(told(ekimi)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });

  it.each([30_000, -30_000])('[N1] for a switchover in which our own clock is set by %i ms', async (byMs) => {
    const ekimi = await quiet({ without: ['postgres'] });
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(5);
    ekimi.cluster.jumpClock(byMs);
    await ekimi.run(120);
    expect(told(ekimi)).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });

  it.each([3_600_000, -3_600_000])('but a dead replica is paged as soon, with our clock set by %i ms', async (byMs) => {
    const pagedAfter = async (jumpMs: number): Promise<number> => {
      const ekimi = await quiet({ policy: cautious({ mode: 'dry-run' }) });
      ekimi.cluster.stopContainer('patroni2');
      const diedMs = ekimi.cluster.nowMs();
      await ekimi.run(3);
      if (jumpMs !== 0) ekimi.cluster.jumpClock(jumpMs);
      while (told(ekimi, 'member-down').length === 0 && ekimi.cluster.nowMs() - diedMs < 600_000) await ekimi.run(0.5);
      return (ekimi.cluster.nowMs() - diedMs) / 1000;
    };
    // The start grace begins anew.
    expect(await pagedAfter(byMs)).toBeLessThan((await pagedAfter(0)) + 12);
  });

  it('[N1] for a leader that is back before its key expires', async () => {
    const ekimi = await quiet({ policy: testPolicy({}, { 'expedite-failover': { mode: 'off' } }) });
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(8);
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(90);
    expect(told(ekimi)).toEqual([]);
  });

  it('[N1] for a dead replica that Ekimi starts by itself', async () => {
    const ekimi = await quiet({ policy: testPolicy() });
    ekimi.cluster.stopContainer('patroni2');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual(['host start patroni2']);
    expect(told(ekimi)).toEqual([]);
  });
});
