import { describe, expect, it } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import { askForProcedure } from '../../src/kernel/orders.js';
import { recallMemory } from '../../src/kernel/recall.js';
import { createCluster } from '../../src/simulator/world.js';
import { ask, gatesOf, requestOf, told } from '../support/asking.js';
import { doomed } from '../support/crash.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';
import { MB } from '../support/situations.js';

const APPROVE = { mode: 'approve' as const };
const ACTIONS = {
  switchover: APPROVE,
  'cancel-switchover': APPROVE,
  failover: APPROVE,
  'drain-replica': APPROVE,
  'proxy-nudge': { mode: 'auto' as const, cooldownMs: 0 },
};
const policy = testPolicy({}, ACTIONS);

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(15);
  return ekimi;
}

const posts = (ekimi: Rig): readonly string[] => ekimi.requests().filter((text) => /^(POST|DELETE)/.test(text));
const verdicts = (ekimi: Rig): readonly string[] =>
  ekimi
    .entries('verdict')
    .map(({ body }) => `${body.remediation.plan.action} ${body.remediation.phase}: ${body.remediation.detail}`);
const inSeconds = ({ cluster }: Rig, seconds: number): string =>
  new Date(cluster.nowMs() + seconds * 1000).toISOString();

describe.each(['3.0.2', '4.1.4'])('a switchover that a person starts, Patroni %s', (patroniVersion) => {
  it('is sent once, the leader it was planned against in its body, and ends when the old leader streams', async () => {
    const ekimi = await quiet({ cluster: createCluster({ patroniVersion }) });
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3', leader: 'patroni1' });
    expect(answer.kind).toBe('started');
    await ekimi.run(40);
    expect(posts(ekimi)).toEqual(['POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni3"}']);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(verdicts(ekimi)).toContain(
      'switchover succeeded: patroni3 leads on timeline 2 and patroni1 streams from it',
    );
    expect(ekimi.entries('intent')[0]?.body.plan.because).toEqual({
      code: 'operator',
      subject: 'patroni1',
      by: 'dba',
      reason: 'kernel update',
    });
    expect(ekimi.entries('procedure').map(({ body }) => body.answer)).toEqual(['started']);
  });

  it('without a candidate goes to the best one, by name', async () => {
    const ekimi = await quiet({ cluster: createCluster({ patroniVersion }) });
    ekimi.cluster.operatorTag('patroni2', { nofailover: true });
    await ekimi.run(15);
    expect((await ask(ekimi, { name: 'switchover' })).kind).toBe('started');
    expect(posts(ekimi)).toEqual(['POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni3"}']);
  });

  it('for later is kept by Patroni: scheduled now, nothing sent by us when its time comes, and what became of it written down', async () => {
    const ekimi = await quiet({ cluster: createCluster({ patroniVersion }) });
    const scheduledAt = inSeconds(ekimi, 60);
    expect((await ask(ekimi, { name: 'switchover', candidate: 'patroni2', scheduledAt })).kind).toBe('started');
    await ekimi.run(20);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(verdicts(ekimi)).toEqual([`switchover succeeded: scheduled: patroni2 is to lead from ${scheduledAt}`]);
    await ekimi.run(70);
    expect(ekimi.cluster.leader()).toBe('patroni2');
    expect(posts(ekimi)).toHaveLength(1);
    expect(verdicts(ekimi).at(-1)).toBe('switchover succeeded: kept: patroni2 leads');
  });

  it('for later can be taken back: the key is gone, nobody steps down, and the schedule is told as withdrawn', async () => {
    const ekimi = await quiet({ cluster: createCluster({ patroniVersion }) });
    const scheduledAt = inSeconds(ekimi, 120);
    await ask(ekimi, { name: 'switchover', candidate: 'patroni2', scheduledAt });
    await ekimi.run(5);
    expect((await ask(ekimi, { name: 'cancel-switchover' })).kind).toBe('started');
    await ekimi.run(180);
    expect(posts(ekimi).at(-1)).toBe('DELETE /switchover on patroni1');
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(verdicts(ekimi).slice(1)).toEqual(
      expect.arrayContaining([
        'cancel-switchover succeeded: no switchover is scheduled any more',
        'switchover abandoned: taken back before its time; patroni1 leads',
      ]),
    );
  });
});

describe('taking a scheduled switchover back', () => {
  it('within loop_wait of its time is refused: the leader sleeps towards it and looks no more', async () => {
    const ekimi = await quiet();
    await ask(ekimi, { name: 'switchover', candidate: 'patroni2', scheduledAt: inSeconds(ekimi, 30) });
    await ekimi.run(22);
    const answer = await ask(ekimi, { name: 'cancel-switchover' });
    expect(told(answer)).toEqual([expect.stringMatching(/^refusal: \d+ s are left: within loop_wait \(10 s\)/)]);
    expect(posts(ekimi)).toHaveLength(1);
  });

  it("works on another person's as well", async () => {
    const ekimi = await quiet();
    ekimi.cluster.scheduleSwitchover(ekimi.cluster.nowMs() + 300_000, 'patroni3');
    await ekimi.run(3);
    expect((await ask(ekimi, { name: 'cancel-switchover' })).kind).toBe('started');
    await ekimi.run(3);
    expect(verdicts(ekimi)).toEqual(['cancel-switchover succeeded: no switchover is scheduled any more']);
  });

  it('with nothing scheduled sends nothing', async () => {
    const ekimi = await quiet();
    expect(told(await ask(ekimi, { name: 'cancel-switchover' }))).toEqual(['refused: no switchover is scheduled']);
    expect(ekimi.requests()).toEqual([]);
  });
});

describe('nothing is sent', () => {
  const none = async (ekimi: Rig, seconds = 60): Promise<void> => {
    await ekimi.run(seconds);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.entries('intent')).toEqual([]);
  };

  it('when another member leads than the person saw', async () => {
    const ekimi = await quiet();
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(60);
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3', leader: 'patroni1' });
    expect(told(answer)).toEqual(['refused: patroni2 leads now, not patroni1: look again, and ask for it anew']);
    await none(ekimi);
  });

  it('when the leader changes between plan and request', async () => {
    let isDue = false;
    let looks = 0;
    const ekimi = await quiet({
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          keys: async () => {
            const reading = await ports.dcs.keys();
            if (!isDue || reading.kind !== 'fresh') return reading;
            looks += 1;
            if (looks < 2) return reading;
            const { leader } = reading.value;
            return { ...reading, value: { ...reading.value, leader: { ...leader, holder: 'patroni2' as never } } };
          },
        },
      }),
    });
    isDue = true;
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    isDue = false;
    expect(told(answer)).toEqual(['refused: the situation changed between plan and request: nothing was sent']);
    await none(ekimi);
  });

  it("while an operator's own switchover is under way", async () => {
    const ekimi = await quiet();
    ekimi.cluster.scheduleSwitchover(ekimi.cluster.nowMs() + 600_000, 'patroni2');
    await ekimi.run(3);
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    expect(told(answer)).toEqual([
      expect.stringMatching(/^someone-else: a failover or switchover is requested \(patroni1 to patroni2 at /),
    ]);
    await none(ekimi);
  });

  it('within ttl of a change of leader', async () => {
    const ekimi = await quiet();
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(20);
    expect(gatesOf(await ask(ekimi, { name: 'switchover', candidate: 'patroni3' }))).toEqual(['someone-else']);
    await none(ekimi);
  });

  it('while a base backup runs from the leader', async () => {
    const ekimi = await quiet();
    ekimi.cluster.baseBackup(true);
    await ekimi.run(3);
    expect(gatesOf(await ask(ekimi, { name: 'switchover', candidate: 'patroni3' }))).toEqual(['someone-else']);
    await none(ekimi);
  });

  it('in a paused cluster, and not when it is resumed either', async () => {
    const ekimi = await quiet();
    ekimi.cluster.pause();
    await ekimi.run(15);
    expect(gatesOf(await ask(ekimi, { name: 'switchover', candidate: 'patroni3' }))).toEqual(['patroni-pause']);
    ekimi.cluster.resume();
    await none(ekimi, 300);
  });

  it.each(['member:patroni1', 'member:patroni3', 'action:switchover', 'global'])(
    'while %s is switched off, and not when it is switched on again either',
    async (subject) => {
      const ekimi = await quiet();
      const off = { subject, owner: 'sre', reason: 'no', sinceMs: ekimi.cluster.nowMs(), expiresAtMs: null };
      const thrown = throwSwitch(ekimi.session, { ...off, expiresAtMs: ekimi.cluster.nowMs() + 20_000 }, 'sre');
      await ekimi.pass();
      await thrown;
      expect(told(await ask(ekimi, { name: 'switchover', candidate: 'patroni3' }))).toEqual([
        `kill-switch: sre switched off ${subject}: no`,
      ]);
      await none(ekimi, 300);
    },
  );

  it.each(['off', 'observe'] as const)('where the policy has it on %s', async (mode) => {
    const ekimi = await quiet({ policy: testPolicy({}, { ...ACTIONS, switchover: { mode } }) });
    expect(gatesOf(await ask(ekimi, { name: 'switchover', candidate: 'patroni3' }))).toEqual(['mode']);
    await none(ekimi);
  });

  it('to a replica that is far behind', async () => {
    const ekimi = await quiet();
    ekimi.cluster.setLoad(2 * MB);
    ekimi.cluster.lag('patroni3', 0);
    await ekimi.run(4);
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    expect(told(answer)).toEqual([expect.stringMatching(/^refusal: patroni3 is [\d.]+ \S*B behind/)]);
    await none(ekimi, 3);
  });

  it('to a replica that receives and does not replay', async () => {
    const ekimi = await quiet();
    ekimi.cluster.setLoad(2 * MB);
    ekimi.cluster.lag('patroni3', 'stop-replay');
    await ekimi.run(8);
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    expect(told(answer)).toEqual([expect.stringMatching(/^refusal: patroni3 is no healthy replica/)]);
    await none(ekimi, 3);
  });

  it('to a replica outside the sync set of synchronous mode', async () => {
    const ekimi = await quiet();
    ekimi.cluster.setSynchronousMode(true);
    await ekimi.run(25);
    const answers = [
      await ask(ekimi, { name: 'switchover', candidate: 'patroni2', dryRun: true }),
      await ask(ekimi, { name: 'switchover', candidate: 'patroni3', dryRun: true }),
    ].map(told);
    expect(answers.filter((row) => row.length === 0)).toHaveLength(1);
    expect(answers).toContainEqual([expect.stringMatching(/^refusal: patroni[23] is not in the sync set$/)]);
    await none(ekimi);
  });

  it('when no pass came to it in time', async () => {
    const ekimi = await quiet();
    const answer = askForProcedure(ekimi.session, requestOf({ name: 'switchover', candidate: 'patroni3' }));
    ekimi.cluster.advance(11_000);
    await ekimi.pass();
    expect(told(await answer)).toEqual(['refused: asked 11 s ago and not begun: ask again']);
    await none(ekimi);
  });

  it('with --dry-run, which says what would be', async () => {
    const ekimi = await quiet();
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3', dryRun: true });
    expect(answer).toMatchObject({
      kind: 'planned',
      blocks: [],
      steps: [
        'haproxy> set server postgres_primary/patroni1 health stopping',
        'POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni3"}',
      ],
    });
    expect(ekimi.entries('procedure').map(({ body }) => body.answer)).toEqual(['planned']);
    await none(ekimi);
  });

  it('in dry-run, where it is rehearsed and journaled', async () => {
    const ekimi = await quiet({ policy: testPolicy({ mode: 'dry-run' }, ACTIONS) });
    const answer = await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    expect(answer.kind).toBe('rehearsed');
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.entries('intent').map(({ body }) => [body.shadow, body.request])).toEqual([
      [true, 'haproxy> set server postgres_primary/patroni1 health stopping'],
      [true, 'POST /switchover on patroni1 {"leader":"patroni1","candidate":"patroni3"}'],
    ]);
  });

  it('by an instance that does not hold tenure', async () => {
    const first = await quiet();
    const second = rig({ policy, cluster: first.cluster, owner: 'second' });
    for (let seconds = 0; seconds < 15; seconds += 1) {
      await first.run(1);
      await second.pass();
    }
    expect(gatesOf(await ask(second, { name: 'switchover', candidate: 'patroni3' }))).toEqual(['tenure']);
    expect(second.entries('intent')).toEqual([]);
  });
});

describe('two persons at the same moment', () => {
  it('one is served, the other is told to ask again', async () => {
    const ekimi = await quiet();
    const one = askForProcedure(ekimi.session, requestOf({ name: 'switchover', candidate: 'patroni3' }));
    const two = askForProcedure(ekimi.session, requestOf({ name: 'switchover', candidate: 'patroni2', by: 'sre' }));
    await ekimi.pass();
    expect((await one).kind).toBe('started');
    expect((await two).kind).not.toBe('started');
    await ekimi.run(60);
    expect(posts(ekimi)).toHaveLength(1);
  });
});

describe('an answer that is lost', () => {
  it('of a switchover that arrived: it is judged by who leads and not sent again', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('answer-lost', 'patroni');
    await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    await ekimi.run(90);
    expect(posts(ekimi)).toHaveLength(1);
    const id = ekimi.entries('intent')[0]?.body.id;
    expect(ekimi.entries('outcome').find(({ body }) => body.id === id)?.body.reply.effect).toBe('maybe');
    expect(verdicts(ekimi).some((text) => text.startsWith('switchover succeeded: patroni3 leads'))).toBe(true);
  });

  it('of one that never arrived: ineffective after its time, and nobody tries it again', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('never-arrives', 'patroni');
    await ask(ekimi, { name: 'switchover', candidate: 'patroni3' });
    await ekimi.run(400);
    expect(posts(ekimi)).toEqual([]);
    expect(ekimi.cluster.leader()).toBe('patroni1');
    expect(verdicts(ekimi)).toEqual(['switchover ineffective: patroni1 still leads']);
  });
});

describe('our death in the middle of a switchover', () => {
  const story = async (after: number) => {
    const doom = doomed();
    const options = { wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead };
    const first = await quiet(options);
    doom.arm(after);
    void askForProcedure(first.session, requestOf({ name: 'switchover', candidate: 'patroni3' }));
    await first.run(60);
    return { first, doom };
  };

  it('after any of its effects: the successor sends it not again, and judges what was sent', async () => {
    const { doom: whole } = await story(Infinity);
    expect(whole.effects).toContain('sent /switchover');
    let sent = 0;
    for (let after = 1; after <= whole.effects.length; after += 1) {
      const { first } = await story(after);
      const where = `after effect ${after}, ${whole.effects[after - 1] ?? ''}`;
      first.cluster.advance(3_000);
      const memory = await recallMemory(first.journal, first.cluster.options.scope, first.cluster.nowMs());
      const before = posts(first).length;
      const next = rig({ policy, cluster: first.cluster, journal: first.journal, memory });
      await next.run(200);
      expect(posts(next), where).toHaveLength(before);
      expect(next.cluster.leader(), where).toBe(before === 1 ? 'patroni3' : 'patroni1');
      const phases = next.session.ledger.remediations
        .filter((row) => row.plan.action === 'switchover')
        .map((row) => row.phase);
      if (before === 1) expect(phases, where).toEqual(['succeeded']);
      else expect(phases, where).not.toContain('succeeded');
      sent += before;
    }
    expect(sent).toBeGreaterThan(2);
    expect(sent).toBeLessThan(whole.effects.length);
  }, 120_000);
});

describe('a failover that a person starts', () => {
  it('from a living leader names both, and the named candidate leads', async () => {
    const ekimi = await quiet();
    const answer = await ask(ekimi, { name: 'failover', candidate: 'patroni3', leader: 'patroni1' });
    expect(answer.kind).toBe('started');
    await ekimi.run(30);
    expect(posts(ekimi)).toEqual(['POST /failover on patroni3 {"leader":"patroni1","candidate":"patroni3"}']);
    expect(verdicts(ekimi)).toContain('failover succeeded: patroni3 leads');
  });

  it('from a leader whose Patroni is frozen is refused: there would be two primaries', async () => {
    const ekimi = await quiet();
    ekimi.cluster.freezePatroni('patroni1');
    await ekimi.run(3);
    const answer = await ask(ekimi, { name: 'failover', candidate: 'patroni3' });
    expect(told(answer)).toEqual(expect.arrayContaining([expect.stringMatching(/^refusal: .*two primaries$/)]));
    expect(ekimi.requests()).toEqual([]);
  });

  it('without a leader to a candidate that lags states the loss, and is sent only with the consent to so many bytes', async () => {
    const ekimi = await quiet();
    ekimi.cluster.lag('patroni2', 0);
    ekimi.cluster.lag('patroni3', 0);
    ekimi.cluster.setLoad(2 * MB);
    await ekimi.run(25);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).toBeNull();
    const first = await ask(ekimi, { name: 'failover', candidate: 'patroni3' });
    const [loss] = told(first);
    expect(loss).toMatch(/^data-loss: patroni3 is [\d.]+ \S*B behind/);
    const blocks = 'blocks' in first ? first.blocks : [];
    // One unit for people; what is to be typed is exact.
    const bytes = Number(/--accept-loss (\d+)/.exec(blocks[0]?.unblock ?? '')?.[1]);
    expect(gatesOf(await ask(ekimi, { name: 'failover', candidate: 'patroni3', acceptLoss: bytes - 1 }))).toEqual([
      'data-loss',
    ]);
    expect(posts(ekimi)).toEqual([]);
    expect((await ask(ekimi, { name: 'failover', candidate: 'patroni3', acceptLoss: bytes })).kind).toBe('started');
    await ekimi.run(30);
    expect(posts(ekimi)).toEqual(['POST /failover on patroni3 {"candidate":"patroni3"}']);
    expect(ekimi.cluster.leader()).toBe('patroni3');
  });
});

describe('a replica that a person drains', () => {
  it('stays out however well it does, until a person puts it back', async () => {
    const ekimi = await quiet();
    expect((await ask(ekimi, { name: 'drain-replica', target: 'patroni3' })).kind).toBe('started');
    await ekimi.run(300);
    expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('DRAIN');
    expect((await ask(ekimi, { name: 'undrain-replica', target: 'patroni3' })).kind).toBe('started');
    await ekimi.run(10);
    expect(ekimi.cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('UP');
  });
});
