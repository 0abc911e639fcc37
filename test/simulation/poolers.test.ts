import { describe, expect, it } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import { endSession } from '../../src/kernel/stop.js';
import type { PoolerPolicy } from '../../src/model/policy.js';
import type { Reply } from '../../src/model/plan.js';
import { POOLER_DEFAULTS } from '../../src/model/policy.js';
import type { PauseTimes } from '../../src/ports/pooler.js';
import { createCluster, type SimulatedCluster } from '../../src/simulator/world.js';
import { ask, told } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { SecondProxy } from '../support/second-proxy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';

const POOLER = 'bouncer';
const policyOf = (pooler: Partial<PoolerPolicy> = {}) =>
  testPolicy(
    { pooler: { ...POOLER_DEFAULTS, around: ['switchover'], ...pooler } },
    {
      switchover: { mode: 'approve' },
      'pause-pooler': { mode: 'approve' },
      'proxy-nudge': { mode: 'auto', cooldownMs: 0 },
      'resume-pooler': { mode: 'auto' },
    },
  );
const policy = policyOf();
const cluster = (): SimulatedCluster => createCluster({ poolers: [POOLER] });

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, cluster: cluster(), ...options });
  ekimi.cluster.startClient('app', 100);
  await ekimi.run(15);
  return ekimi;
}

const switchover = { name: 'switchover', candidate: 'patroni3' } as const;
/** `then` as soon as clients wait for the first time, and before anybody is told. */
const oncePaused =
  (then: () => unknown): NonNullable<RigOptions['wrap']> =>
  (ports) => {
    const pooler = ports.poolers?.[POOLER];
    if (pooler === undefined) throw new Error('there is no pooler');
    let isFirst = true;
    const pause = async (times: PauseTimes): Promise<Reply> => {
      const reply = await pooler.pause(times);
      if (isFirst) then();
      isFirst = false;
      return reply;
    };
    return { ...ports, poolers: { ...ports.poolers, [POOLER]: { ...pooler, pause } } };
  };
const heldMs = ({ cluster: one }: Rig): number => one.pooler(POOLER)?.heldMs ?? 0;
const isHeld = ({ cluster: one }: Rig): boolean => one.pooler(POOLER)?.paused === true;
const sent = (ekimi: Rig): readonly string[] =>
  ekimi.requests().filter((text) => /^(CHECKPOINT|pause|resume|POST \/switchover)/.test(text));
/** Asked, and come so far that its clients are held. */
async function untilHeld(ekimi: Rig): Promise<void> {
  await ask(ekimi, switchover);
  for (let step = 0; step < 100 && !isHeld(ekimi); step += 1) await ekimi.run(0.05);
  expect(isHeld(ekimi)).toBe(true);
}
const verdicts = (ekimi: Rig): readonly string[] =>
  ekimi.entries('verdict').map(({ body }) => `${body.remediation.plan.action} ${body.remediation.phase}`);

describe('a switchover behind a pooler', () => {
  it('no client is refused: they wait until the new leader is reached', async () => {
    const ekimi = await quiet();
    expect((await ask(ekimi, switchover)).kind).toBe('started');
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(sent(ekimi).map((text) => text.split(' ').slice(0, 2).join(' '))).toEqual([
      'CHECKPOINT on',
      'pause pooler',
      'POST /switchover',
      'resume pooler',
    ]);
    const { failed, longestWaitMs } = ekimi.cluster.commits();
    expect(failed).toBe(0);
    expect(longestWaitMs).toBeGreaterThan(0);
    expect(longestWaitMs).toBeLessThan(3_000);
    expect(verdicts(ekimi)).toEqual(expect.arrayContaining(['switchover succeeded', 'resume-pooler succeeded']));
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });

  it('without the right to a checkpoint it is gone without; one that takes too long leaves the leader where it is', async () => {
    for (const [effect, leader] of [
      ['none', 'patroni3'],
      ['maybe', 'patroni1'],
    ] as const) {
      const ekimi = await quiet({
        wrap: (ports) => ({
          ...ports,
          postgres: ports.postgres && {
            ...ports.postgres,
            send: () => Promise.resolve({ effect, status: null, text: 'not now', tookMs: 1 }),
          },
        }),
      });
      await ask(ekimi, switchover);
      await ekimi.run(100);
      expect([effect, ekimi.cluster.leader()]).toEqual([effect, leader]);
      expect(ekimi.cluster.commits().failed).toBe(0);
      expect(heldMs(ekimi) > 0).toBe(effect === 'none');
    }
  });

  it('without it some are', async () => {
    const ekimi = await quiet({ policy: policyOf({ around: [] }) });
    await ask(ekimi, switchover);
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(sent(ekimi)).toHaveLength(1);
    expect(ekimi.cluster.commits().failed).toBeGreaterThan(0);
  });

  it('one for later holds nobody: Patroni keeps that appointment', async () => {
    const ekimi = await quiet();
    const scheduledAt = new Date(ekimi.cluster.nowMs() + 30_000).toISOString();
    await ask(ekimi, { ...switchover, scheduledAt });
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(heldMs(ekimi)).toBe(0);
  });

  it('in dry-run it is written down and nobody is held', async () => {
    const ekimi = await quiet({ policy: { ...policy, mode: 'dry-run' } });
    const answer = await ask(ekimi, switchover);
    expect(answer.kind).toBe('rehearsed');
    await ekimi.run(10);
    expect(sent(ekimi)).toEqual([]);
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });
});

describe('the look before its end', () => {
  type Doing = Partial<Record<'askedForMs' | 'setForwardMs', number>> & {
    readonly isProxyLate?: true;
    readonly sentInIt?: true;
  };

  /** How often the pooler was asked in the pass that let its clients go. */
  async function looksAtItsEnd({
    askedForMs = 0,
    setForwardMs = 0,
    isProxyLate,
    sentInIt,
  }: Doing = {}): Promise<number> {
    let lateMs = 0;
    let setMs = 0;
    let asked = 0;
    let askedAtResume = 0;
    let isChanged = (): boolean => false;
    const second = new SecondProxy();
    second.isSilent = true;
    const wrap: NonNullable<RigOptions['wrap']> = (ports) => {
      const pooler = ports.poolers?.[POOLER];
      if (pooler === undefined) throw new Error('there is no pooler');
      const status: typeof pooler.status = () => {
        lateMs += askedForMs;
        if (isChanged()) setMs += setForwardMs;
        asked += 1;
        if (sentInIt === true && isChanged()) ekimi.session.sentInTick = ekimi.session.tick;
        return pooler.status();
      };
      const resume: typeof pooler.resume = () => {
        askedAtResume = asked;
        return pooler.resume();
      };
      const { clock } = ports;
      return {
        ...(isProxyLate === true ? second.wrap(ports) : ports),
        clock: {
          ...clock,
          now: () => clock.now() + setMs,
          sleep: (...args) => clock.sleep(...args),
          monotonic: () => clock.monotonic() + lateMs,
        },
        poolers: { ...ports.poolers, [POOLER]: { ...pooler, status, resume } },
      };
    };
    const ekimi: Rig = await quiet({ wrap });
    await untilHeld(ekimi);
    expect(ekimi.session.sentInTick).not.toBeNull();
    isChanged = () => ekimi.cluster.leader() === 'patroni3';
    for (let step = 0; step < 200 && askedAtResume === 0; step += 1) {
      asked = 0;
      await ekimi.run(0.05);
    }
    expect(ekimi.cluster.leader()).toBe('patroni3');
    return askedAtResume;
  }

  it('is that of its own pass, since clients wait', async () => {
    expect(await looksAtItsEnd()).toBe(1);
  });

  it.each([
    ['was slow, or stood still', { askedForMs: 300 }],
    ['saw the clock set', { setForwardMs: 300 }],
    ['has sent something', { sentInIt: true }],
    ['went on without a proxy', { isProxyLate: true }],
  ] as const)('is one more where that pass %s', async (_what, doing) => {
    expect(await looksAtItsEnd(doing)).toBe(2);
  });
});

describe('transactions that do not end', () => {
  it('wait: the leader stays, and the pause is tried again until they do', async () => {
    const ekimi = await quiet();
    ekimi.cluster.keepTransactionsOpen(POOLER, true);
    await ask(ekimi, switchover);
    await ekimi.run(12);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(sent(ekimi).filter((text) => text.startsWith('pause')).length).toBeGreaterThan(1);
    expect(sent(ekimi).some((text) => text.startsWith('POST'))).toBe(false);
    expect(isHeld(ekimi)).toBe(false);
    ekimi.cluster.keepTransactionsOpen(POOLER, false);
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(ekimi.cluster.commits().failed).toBe(0);
  });

  it('wait: it ends as refused when the time of the switchover is over', async () => {
    const ekimi = await quiet();
    ekimi.cluster.keepTransactionsOpen(POOLER, true);
    await ask(ekimi, switchover);
    await ekimi.run(130);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(verdicts(ekimi)).toEqual(['switchover failed']);
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });

  it('go-on: it is sent without', async () => {
    const ekimi = await quiet({ policy: policyOf({ whenNotPaused: 'go-on' }) });
    ekimi.cluster.keepTransactionsOpen(POOLER, true);
    await ask(ekimi, switchover);
    await ekimi.run(40);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(isHeld(ekimi)).toBe(false);
  });
});

describe('a leader that dies while it is tried to hold its clients', () => {
  it('is replaced as fast as one of whom nothing was asked', async () => {
    const modes = { switchover: { mode: 'approve' }, 'expedite-failover': { mode: 'auto' } } as const;
    const leading = testPolicy({ pooler: policy.pooler ?? POOLER_DEFAULTS }, modes);
    const leaderlessMs = async (isAsked: boolean): Promise<number> => {
      const ekimi = await quiet({ policy: leading });
      ekimi.cluster.keepTransactionsOpen(POOLER, true);
      if (isAsked) await ask(ekimi, switchover);
      await ekimi.run(2);
      ekimi.cluster.killContainer('patroni1');
      const killedMs = ekimi.cluster.nowMs();
      while (ekimi.cluster.leader() === null || ekimi.cluster.leader() === 'patroni1') await ekimi.run(0.1);
      expect(verdicts(ekimi).includes('switchover ineffective')).toBe(isAsked);
      return ekimi.cluster.nowMs() - killedMs;
    };
    expect(await leaderlessMs(true)).toBeLessThanOrEqual((await leaderlessMs(false)) + 500);
  });

  it.each([
    ['is still at its checkpoint', () => new Promise<Reply>(() => undefined)],
    [
      'was at it, and gave no answer',
      () => Promise.resolve<Reply>({ effect: 'maybe', status: null, text: '', tookMs: 1 }),
    ],
  ])('though it %s', async (_, send) => {
    const modes = { switchover: { mode: 'approve' }, 'expedite-failover': { mode: 'auto' } } as const;
    const ekimi = await quiet({
      policy: testPolicy({ pooler: policy.pooler ?? POOLER_DEFAULTS }, modes),
      wrap: (ports) => ({ ...ports, postgres: ports.postgres && { ...ports.postgres, send } }),
    });
    const asking = ask(ekimi, switchover);
    // For an answer it waits a moment, which has to pass.
    for (let moment = 0; moment < 20; moment += 1) {
      await new Promise(setImmediate);
      ekimi.cluster.advance(100);
    }
    await asking;
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(6);
    expect(ekimi.requests().filter((text) => text.includes('leader key'))).toHaveLength(1);
    expect(verdicts(ekimi)[0]).toMatch(/^switchover (abandoned|ineffective)$/);
    expect(ekimi.requests().filter((text) => text.startsWith('pause'))).toEqual([]);
  });
});

describe('nobody is held for longer than maxPause', () => {
  it('while Patroni takes its time', async () => {
    const ekimi = await quiet();
    const freeze = (): void => {
      ekimi.cluster.freezePatroni('patroni3');
    };
    ekimi.cluster.at(ekimi.cluster.nowMs() + 100, freeze);
    await ask(ekimi, switchover);
    await ekimi.run(20);
    expect(isHeld(ekimi)).toBe(false);
    expect(heldMs(ekimi)).toBeLessThanOrEqual(3_200);
  });

  it('and whoever was let go before anybody led is sent to nobody but the new leader', async () => {
    const ekimi = await quiet();
    const { cluster: one } = ekimi;
    const followers = ['patroni2', 'patroni3'];
    one.at(one.nowMs() + 400, () => {
      for (const name of followers) one.freezePatroni(name);
    });
    one.at(one.nowMs() + 4_500, () => {
      for (const name of followers) one.thaw(name);
    });
    await ask(ekimi, switchover);
    await ekimi.run(4);
    expect([isHeld(ekimi), one.leader()]).toEqual([false, null]);
    await ekimi.run(40);
    const leader = one.leader();
    expect(followers).toContain(leader);
    const nudges = ekimi.requests().filter((text) => text.includes(' health '));
    expect(nudges.slice(0, 2).map((text) => text.split('/')[1])).toEqual([
      'patroni1 health down',
      `${String(leader)} health up`,
    ]);
  });

  it('and of every one of several changes of leader the proxy is told', async () => {
    const ekimi = await quiet();
    for (const candidate of ['patroni3', 'patroni1', 'patroni3', 'patroni1', 'patroni3']) {
      expect((await ask(ekimi, { name: 'switchover', candidate })).kind).toBe('started');
      await ekimi.run(90);
      expect(ekimi.cluster.leader()).toBe(candidate);
    }
    const told = ekimi.requests().filter((text) => text.endsWith('patroni3 health up'));
    expect(told).toHaveLength(3);
    expect(ekimi.cluster.commits().failed).toBe(0);
  });

  it('when the leader refuses the switchover: they are let go at once', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('never-arrives', 'patroni');
    await ask(ekimi, switchover);
    await ekimi.run(20);
    expect(isHeld(ekimi)).toBe(false);
    expect(heldMs(ekimi)).toBeLessThanOrEqual(3_200);
  });

  it('though a person switches us off in between', async () => {
    const ekimi = await quiet();
    await untilHeld(ekimi);
    const off = { subject: 'global', owner: 'dba', reason: 'stop', sinceMs: ekimi.cluster.nowMs(), expiresAtMs: null };
    void throwSwitch(ekimi.session, off, 'dba');
    await ekimi.run(10);
    expect(isHeld(ekimi)).toBe(false);
    expect(heldMs(ekimi)).toBeLessThanOrEqual(3_200);
  });

  it('when we are told to stop: they are let go before the end', async () => {
    const ekimi = await quiet();
    await untilHeld(ekimi);
    await endSession(ekimi.session, Promise.resolve());
    expect(isHeld(ekimi)).toBe(false);
  });
});

describe('another hand', () => {
  it('a pause of a person: nothing is sent, it is never ended by us, and told once it is old', async () => {
    const ekimi = await quiet();
    ekimi.cluster.pausePooler(POOLER);
    await ekimi.run(3);
    expect(told(await ask(ekimi, switchover))).toEqual([
      'refusal: pooler bouncer is paused already, not for this: RESUME it first',
    ]);
    await ekimi.run(90);
    expect(isHeld(ekimi)).toBe(true);
    expect(ekimi.entries('page').map(({ body }) => body.code)).toContain('pooler-paused');
  });

  it('a pooler that is gone: refused while the policy waits, sent where it may go on', async () => {
    const waits = await quiet();
    waits.cluster.stopPooler(POOLER);
    await waits.run(3);
    expect(told(await ask(waits, switchover)).join()).toContain('the console of pooler bouncer gives no answer');
    const goesOn = await quiet({ policy: policyOf({ whenNotPaused: 'go-on' }) });
    goesOn.cluster.stopPooler(POOLER);
    await goesOn.run(3);
    expect((await ask(goesOn, switchover)).kind).toBe('started');
    await goesOn.run(40);
    expect(goesOn.cluster.leader()).toBe('patroni3');
  });

  it('gone before the leader was asked: the leader stays, and the claim is over', async () => {
    const one = cluster();
    const ekimi = await quiet({
      cluster: one,
      wrap: oncePaused(() => {
        one.stopPooler(POOLER);
      }),
    });
    await ask(ekimi, switchover);
    await ekimi.run(2);
    expect(sent(ekimi).at(-1)).toMatch(/^pause pooler/);
    ekimi.cluster.startPooler(POOLER);
    await ekimi.run(30);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(isHeld(ekimi)).toBe(false);
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });

  it('gone after the leader was asked, and back: nobody is held, and the claim is over', async () => {
    const ekimi = await quiet();
    await untilHeld(ekimi);
    await ekimi.run(0.1);
    expect(sent(ekimi)).toHaveLength(3);
    ekimi.cluster.stopPooler(POOLER);
    await ekimi.run(2);
    ekimi.cluster.startPooler(POOLER);
    await ekimi.run(30);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });
});

describe('between the pause and the request', () => {
  it('no pass lies in between: the look before the request sees the pause', async () => {
    const one = cluster();
    const ticks: (number | undefined)[] = [];
    let first: Rig | null = null;
    const seen = (): void => void ticks.push(first?.session.tick);
    const wrap: RigOptions['wrap'] = (ports) => ({
      ...oncePaused(seen)(ports),
      patroni: {
        ...ports.patroni,
        send: (step) => {
          seen();
          return ports.patroni.send(step);
        },
      },
    });
    const ekimi = await quiet({ cluster: one, wrap });
    first = ekimi;
    await ask(ekimi, switchover);
    await ekimi.run(2);
    expect(sent(ekimi)[2]).toMatch(/^POST \/switchover/);
    expect(ticks).toHaveLength(2);
    expect(ticks[1]).toBe(ticks[0]);
    const looks = ekimi.entries('intent').filter(({ body }) => body.plan.action === 'switchover');
    expect(looks.map(({ body }) => body.step)).toEqual([0, 1, 2]);
    expect(looks.slice(1).map(({ body }) => body.look?.asked)).toEqual(['step', 'step']);
    await ekimi.run(20);
    expect(one.leader()).toBe('patroni3');
  });

  it.each<[string, (ekimi: Rig) => void]>([
    [
      'a kill switch',
      ({ session }) => {
        const off = { owner: 'dba', reason: 'night', sinceMs: 0, expiresAtMs: null };
        void throwSwitch(session, { subject: 'cluster', ...off }, 'dba');
      },
    ],
    [
      'a stop',
      ({ session }) => {
        session.isStopping = true;
      },
    ],
  ])('%s that comes then has the last word: the leader is not asked, and clients are let go', async (_, comes) => {
    const one = cluster();
    let first: Rig | null = null;
    const ekimi = await quiet({
      cluster: one,
      wrap: oncePaused(() => {
        if (first !== null) comes(first);
      }),
    });
    first = ekimi;
    await ask(ekimi, switchover);
    await ekimi.run(5);
    expect(sent(ekimi).filter((text) => text.startsWith('POST'))).toEqual([]);
    expect(one.leader()).toBe('patroni1');
    expect(one.pooler(POOLER)?.paused).toBe(false);
    expect(one.commits().longestWaitMs).toBeLessThan(3_500);
  });
});

describe('a pause that a person asks for by name', () => {
  const pause = { name: 'pause-pooler', target: POOLER } as const;
  const resume = { name: 'resume-pooler', target: POOLER } as const;

  it('lasts for maxPause, though nothing is waited for, and no client is refused', async () => {
    const ekimi = await quiet();
    expect((await ask(ekimi, pause)).kind).toBe('started');
    await ekimi.run(2);
    expect(isHeld(ekimi)).toBe(true);
    await ekimi.run(5);
    expect(isHeld(ekimi)).toBe(false);
    expect(heldMs(ekimi)).toBeLessThanOrEqual(3_200);
    expect(verdicts(ekimi)).toContain('pause-pooler succeeded');
    expect(ekimi.cluster.commits().failed).toBe(0);
    expect(ekimi.session.ledger.pauses).toBeUndefined();
  });

  it('is ended by name before its time', async () => {
    const ekimi = await quiet();
    await ask(ekimi, pause);
    await ekimi.run(1);
    expect((await ask(ekimi, resume)).kind).toBe('started');
    await ekimi.run(1);
    expect(heldMs(ekimi)).toBeLessThan(2_500);
    expect(verdicts(ekimi)).toContain('resume-pooler succeeded');
  });

  it('is not begun twice, nor over the pause of another, which no name ends', async () => {
    const ekimi = await quiet();
    ekimi.cluster.pausePooler(POOLER);
    await ekimi.run(3);
    expect((await ask(ekimi, pause)).kind).toBe('refused');
    expect(told(await ask(ekimi, resume))).toEqual([`refusal: no pause of ours holds ${POOLER}`]);
    expect(isHeld(ekimi)).toBe(true);
  });

  it('names a pooler, and nothing else', async () => {
    const ekimi = await quiet();
    for (const target of ['patroni1', 'nobody'])
      expect(await ask(ekimi, { ...pause, target })).toMatchObject({
        kind: 'refused',
        status: 400,
        text: expect.stringContaining(`its poolers: ${POOLER}`) as string,
      });
  });

  it('is not begun where nobody would end it after a death', async () => {
    const modes = { 'resume-pooler': { mode: 'approve' } } as const;
    const ekimi = await quiet({ policy: testPolicy({ pooler: { ...POOLER_DEFAULTS, around: [] } }, modes) });
    expect(told(await ask(ekimi, pause)).join()).toMatch(/refusal: actions.resume-pooler is approve/);
    expect(isHeld(ekimi)).toBe(false);
  });

  it.each([1, 2, 3, 4, 5])('whose holder dies after its effect %i is ended by another', async (after) => {
    const one = cluster();
    const doom = doomed();
    const wraps = { wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead };
    const first = await quiet({ cluster: one, as: 'first', owner: 'first', ...wraps });
    const second = rig({ policy, cluster: one, as: 'second' });
    await second.run(3);
    doom.arm(after);
    void ask(first, pause);
    const life = { isOver: false };
    void doom.dead.then(() => {
      life.isOver = true;
      one.killController('first');
    });
    const untilMs = one.nowMs() + 8_000;
    while (one.nowMs() < untilMs) await (life.isOver ? second.run(0.05) : first.run(0.05));
    expect(one.pooler(POOLER)?.paused).toBe(false);
    expect(heldMs(second)).toBeLessThanOrEqual(4_500);
  });
});

describe('a holder that dies', () => {
  /** Its first effects since it was asked, until it is through. */
  const MOMENTS = Array.from({ length: 17 }, (_, index) => index + 1);

  it('has these effects until its clients are let go', async () => {
    const doom = doomed();
    const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(Infinity);
    await ask(first, switchover);
    await first.run(5);
    expect(doom.effects.slice(0, 24)).toMatchInlineSnapshot(`
      [
        "journal intent",
        "ledger",
        "sent checkpoint",
        "journal outcome",
        "journal procedure",
        "ledger",
        "journal intent",
        "ledger",
        "sent PAUSE bouncer",
        "journal outcome",
        "journal intent",
        "ledger",
        "sent /switchover",
        "journal outcome",
        "ledger",
        "journal intent",
        "ledger",
        "sent set server postgres_primary/patroni1 health down",
        "sent set server postgres_primary/patroni3 health up",
        "journal outcome",
        "ledger",
        "journal verdict",
        "journal intent",
        "sent RESUME bouncer",
      ]
    `);
  });

  it.each(MOMENTS)(
    'after its effect %i: another instance, which has no tenure, ends what is overdue',
    async (after) => {
      const one = cluster();
      const doom = doomed();
      const names = { as: 'first', owner: 'first' };
      const first = await quiet({
        cluster: one,
        ...names,
        wrap: doom.wrap,
        wrapJournal: doom.wrapJournal,
        dead: doom.dead,
      });
      const second = rig({ policy, cluster: one, as: 'second' });
      await second.run(3);
      doom.arm(after);
      void ask(first, switchover);
      const untilMs = one.nowMs() + 8_000;
      const life = { isOver: false };
      void doom.dead.then(() => {
        life.isOver = true;
        one.killController('first');
      });
      while (one.nowMs() < untilMs) {
        await (life.isOver ? second.run(0.05) : first.run(0.05));
      }
      expect(one.pooler(POOLER)?.paused).toBe(false);
      expect(heldMs(second)).toBeLessThanOrEqual(4_500);
    },
  );
});
