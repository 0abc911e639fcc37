import { describe, expect, it } from 'vitest';
import { throwSwitch } from '../../src/kernel/commands.js';
import { testPolicy } from '../support/policy.js';
import { changeLedger, rig, type Rig, type RigOptions } from '../support/simulated.js';
import { caughtUp, DRAIN, lagEmergency, UNDRAIN } from '../support/situations.js';
import { withProxies } from '../support/proxies.js';

type Overrides = Parameters<typeof testPolicy>[0];
type Actions = Parameters<typeof testPolicy>[1];

const BOTH = testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: false } });

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig(options);
  await ekimi.run(15);
  return ekimi;
}

const inProxy = ({ cluster }: Rig, member = 'patroni3'): string => cluster.proxyStatus('postgres_replicas', member);

describe('a drain by proxy and tag', () => {
  it('closes the proxy first, then sets the tag and has it reread; undone in reverse', async () => {
    const ekimi = await quiet({ policy: BOTH });
    lagEmergency(ekimi);
    await ekimi.run(40);
    const closing = [
      DRAIN,
      "set tags.noloadbalance = true in patroni3's own patroni.yml",
      'POST /reload on patroni3 {}',
    ];
    expect(ekimi.requests()).toEqual(closing);
    expect(ekimi.cluster.inspect('patroni3').patroni.tags.noloadbalance).toBe(true);
    expect(ekimi.entries('verdict').map((entry) => entry.body.remediation.phase)).toEqual(['succeeded']);

    caughtUp(ekimi);
    await ekimi.run(90);
    expect(ekimi.requests().slice(closing.length)).toEqual([
      "set tags.noloadbalance = false in patroni3's own patroni.yml",
      'POST /reload on patroni3 {}',
      UNDRAIN,
    ]);
    expect(inProxy(ekimi)).toBe('UP');
    expect(ekimi.session.ledger.drains).toEqual([]);
  });

  it('cuts the sessions of readers when the policy says so, before the tag is touched', async () => {
    const ekimi = await quiet({
      policy: testPolicy({ drain: { actuators: ['proxy', 'tag'], shutdownSessions: true } }),
    });
    lagEmergency(ekimi);
    await ekimi.run(10);
    expect(ekimi.requests().slice(0, 3)).toEqual([
      DRAIN,
      'haproxy> shutdown sessions server postgres_replicas/patroni3',
      "set tags.noloadbalance = true in patroni3's own patroni.yml",
    ]);
  });

  it('stops between its steps when a person switches us off, and its first half is undone later', async () => {
    const ekimi = await quiet({ policy: BOTH });
    lagEmergency(ekimi);
    while (ekimi.requests().length === 0) await ekimi.run(0.5);
    const sinceMs = ekimi.cluster.nowMs();
    const off = { subject: 'cluster', owner: 'dba', reason: 'looking', sinceMs, expiresAtMs: sinceMs + 60_000 };
    const done = throwSwitch(ekimi.session, off, 'dba');
    await ekimi.run(50);
    expect((await done).ok).toBe(true);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.entries('verdict').at(-1)?.body.remediation.detail).toBe(
      'held by kill-switch (dba switched off cluster: looking)',
    );
    caughtUp(ekimi);
    await ekimi.run(120);
    expect(inProxy(ekimi)).toBe('UP');
    expect(ekimi.cluster.inspect('patroni3').patroni.tags.noloadbalance).toBe(false);
    expect(ekimi.session.ledger.drains).toEqual([]);
  });
});

describe("an operator's own drain", () => {
  it('is left alone when the replica is healthy', async () => {
    const ekimi = await quiet();
    ekimi.cluster.operatorDrain('patroni3');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([]);
    expect(inProxy(ekimi)).toBe('DRAIN');
  });

  it('answers an emergency too: nothing is sent, then and after it caught up', async () => {
    const ekimi = await quiet();
    ekimi.cluster.operatorDrain('patroni3');
    lagEmergency(ekimi);
    await ekimi.run(40);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.session.decisions).toContainEqual(
      expect.objectContaining({ code: 'replica-lag-emergency', why: expect.stringContaining('done already') }),
    );
    caughtUp(ekimi);
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([]);
    expect(inProxy(ekimi)).toBe('DRAIN');
  });

  it('by his own tag is left alone as well', async () => {
    const ekimi = await quiet({ policy: BOTH });
    ekimi.cluster.operatorTag('patroni3');
    await ekimi.run(20);
    lagEmergency(ekimi);
    await ekimi.run(40);
    caughtUp(ekimi);
    await ekimi.run(90);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.cluster.inspect('patroni3').patroni.tags.noloadbalance).toBe(true);
  });

  it('of the other replica counts: the last reader is not drained', async () => {
    const ekimi = await quiet();
    ekimi.cluster.operatorDrain('patroni2');
    lagEmergency(ekimi);
    await ekimi.run(40);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toContain(
      'blast-radius: 0 other replicas serve reads, and 1 must remain -> bring another replica back into rotation',
    );
  });
});

describe('a drain of ours that somebody undoes by hand', () => {
  it('is not done again within the chain, and the reason is told', async () => {
    const ekimi = await quiet();
    lagEmergency(ekimi);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([DRAIN]);
    ekimi.cluster.operatorUndrain('patroni3');
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(inProxy(ekimi)).toBe('UP');
    expect(ekimi.session.ledger.drains).toEqual([]);
    expect(ekimi.why().join('\n')).toContain(
      'someone-else: somebody put patroni3 back by hand -> drain it by hand, or wait',
    );
    expect(ekimi.entries('verdict').at(-1)?.body.remediation).toMatchObject({
      phase: 'abandoned',
      detail: 'overridden: patroni3 was put back into rotation by somebody else',
      ending: 'overridden',
    });
  });
});

describe('a drain that a restarted proxy forgot', () => {
  it('is done again, because nobody meant to undo it', async () => {
    let startedAtMs: number | null = null;
    const ekimi = await quiet({
      wrap: (ports) =>
        withProxies(ports, (proxy) => ({
          ...proxy,
          view: async () => {
            const reading = await proxy.view();
            return reading.kind === 'fresh' ? { ...reading, value: { ...reading.value, startedAtMs } } : reading;
          },
        })),
    });
    lagEmergency(ekimi);
    await ekimi.run(20);
    ekimi.cluster.operatorUndrain('patroni3');
    startedAtMs = ekimi.cluster.nowMs();
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN, DRAIN]);
    expect(inProxy(ekimi)).toBe('DRAIN');
  });
});

describe('a replica that goes in and out of emergency', () => {
  it('ends up out of rotation, and a person is told', async () => {
    const ekimi = await quiet({ policy: testPolicy({}, { 'drain-replica': { cooldownMs: 0 } }) });
    for (let round = 0; round < 4; round += 1) {
      lagEmergency(ekimi);
      await ekimi.run(40);
      caughtUp(ekimi);
      await ekimi.run(60);
    }
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN, DRAIN, UNDRAIN, DRAIN]);
    expect(inProxy(ekimi)).toBe('DRAIN');
    expect(ekimi.notifier.pages.findLast((page) => page.change === 'opened')).toMatchObject({
      code: 'replica-recovered',
      text: expect.stringContaining('undrain-replica was tried 2 times in this chain without lasting effect'),
    });
  });
});

const SLOW_LAG = { ...testPolicy().lag, recoveredForMs: 300_000 };

/** patroni3 drained by us in an emergency; caught up, and leader before `recoveredFor` has passed. */
async function drainedThenLeads(overrides: Overrides = {}, actions: Actions = {}): Promise<Rig> {
  const ekimi = await quiet({ policy: testPolicy({ lag: SLOW_LAG, ...overrides }, actions) });
  lagEmergency(ekimi);
  await ekimi.run(40);
  caughtUp(ekimi);
  await ekimi.run(60);
  expect(ekimi.session.ledger.drains.map((drain) => drain.member)).toEqual(['patroni3']);
  ekimi.cluster.switchover('patroni3');
  return ekimi;
}

describe('a drain of ours whose member becomes leader', () => {
  it('[O6] is named and ended, and the member is in the read pool once it follows again', async () => {
    const ekimi = await drainedThenLeads();
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
    expect(ekimi.session.ledger.drains).toEqual([]);
    const verdict = ekimi.entries('verdict').at(-1)?.body.remediation;
    expect(verdict).toMatchObject({ phase: 'succeeded', plan: { because: { code: 'drain-left-over' } } });
    expect(verdict?.detail).toContain('HAProxy set postgres_replicas/patroni3 to ready (DOWN now)');
    ekimi.cluster.switchover('patroni1');
    await ekimi.run(120);
    expect(inProxy(ekimi)).toBe('UP');
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
    expect(ekimi.session.states.problems).toEqual([]);
  });

  it('[O6] its tag is taken back too', async () => {
    const ekimi = await drainedThenLeads({ drain: BOTH.drain });
    await ekimi.run(90);
    expect(ekimi.cluster.inspect('patroni3').patroni.tags.noloadbalance).toBe(false);
    expect(ekimi.session.ledger.drains).toEqual([]);
  });

  it('[O6] waits for a person where the undrain does, and that question does not end with the lag', async () => {
    const ekimi = await drainedThenLeads({}, { 'undrain-replica': { mode: 'approve' } });
    await ekimi.run(120);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.approvals('waiting').map(({ plan }) => `${plan.action} for ${plan.because.code}`)).toEqual([
      'undrain-replica for drain-left-over',
    ]);
    await ekimi.answer('approved');
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
    expect(ekimi.session.ledger.drains).toEqual([]);
  });

  it('[O6] stays where a person asked for it', async () => {
    const ekimi = await drainedThenLeads();
    const drains = ekimi.session.ledger.drains.map((drain) => ({ ...drain, by: 'ann' }));
    changeLedger(ekimi.session, (ledger) => ({ ...ledger, drains }));
    await ekimi.run(120);
    expect(ekimi.cluster.leader()).toBe('patroni3');
    expect(ekimi.requests()).toEqual([DRAIN]);
  });
});

describe('an undrain', () => {
  it('waits until the replica has been level for recoveredFor', async () => {
    const ekimi = await quiet({ policy: testPolicy({ lag: { ...testPolicy().lag, recoveredForMs: 60_000 } }) });
    lagEmergency(ekimi);
    await ekimi.run(20);
    caughtUp(ekimi);
    await ekimi.run(50);
    expect(ekimi.requests()).toEqual([DRAIN]);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
  });

  it('happens in a freeze: it only gives back what we took', async () => {
    let frozen = false;
    const ekimi = await quiet({
      windowsAt: () => ({
        freeze: frozen ? { reason: 'sale', untilMs: 2_000_000_000_000 } : null,
        maintenance: null,
      }),
    });
    lagEmergency(ekimi);
    await ekimi.run(20);
    frozen = true;
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
  });

  it('does not happen while the cluster is paused', async () => {
    const ekimi = await quiet();
    lagEmergency(ekimi);
    await ekimi.run(20);
    ekimi.cluster.pause();
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.why()).toContain('patroni-pause: Patroni is paused -> un-pause the cluster');
  });
});
