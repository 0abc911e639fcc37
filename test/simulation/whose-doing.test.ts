import { describe, expect, it } from 'vitest';
import { askForProcedure } from '../../src/kernel/orders.js';
import type { Remediation } from '../../src/model/ledger.js';
import { doomed } from '../support/crash.js';
import { requestOf } from '../support/asking.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig, type RigOptions } from '../support/simulated.js';

const policy = testPolicy(
  {},
  {
    'expedite-failover': { mode: 'auto', timeoutMs: 120_000 },
    'restart-member': { mode: 'approve', timeoutMs: 300_000 },
    switchover: { mode: 'approve' },
    failover: { mode: 'approve', timeoutMs: 300_000 },
  },
);

const NO_ANSWER = '; no answer came to our request, so it may be the doing of Patroni or of a person';

async function quiet(options: RigOptions = {}): Promise<Rig> {
  const ekimi = rig({ policy, ...options });
  await ekimi.run(60);
  return ekimi;
}

const verdictOn = (ekimi: Rig, action: Remediation['plan']['action']): Remediation | undefined =>
  ekimi.entries('verdict').find(({ body }) => body.remediation.plan.action === action)?.body.remediation;

describe('a deletion of the leader key', () => {
  it('that never arrived, and Patroni elects when the lease ends: it is not called our success', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('never-arrives', 'dcs');
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => text.startsWith('etcd: delete'))).toEqual([]);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    const verdict = verdictOn(ekimi, 'expedite-failover');
    expect(verdict).toMatchObject({ phase: 'ineffective', ending: 'not-ours' });
    expect(verdict?.detail).toMatch(/not by our request: patroni1 still held the leader key \d\d s after it was sent$/);
  });

  it('that arrived, and its answer is lost: it succeeded, and that nobody knows by whom is said', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('answer-lost', 'dcs');
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(30);
    const verdict = verdictOn(ekimi, 'expedite-failover');
    expect(verdict?.phase).toBe('succeeded');
    expect(verdict?.detail).toMatch(new RegExp(`leads on timeline 2${NO_ANSWER}$`));
  });

  it('that was answered is our success', async () => {
    const ekimi = await quiet();
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(30);
    expect(verdictOn(ekimi, 'expedite-failover')?.detail).toMatch(/leads on timeline 2$/);
  });
});

describe('a switchover that never arrived', () => {
  it('and its leader dies later, so that Patroni elects the same candidate: that is not our success', async () => {
    const ekimi = await quiet({ policy: testPolicy({}, { switchover: { mode: 'approve', timeoutMs: 300_000 } }) });
    ekimi.cluster.failSend('never-arrives', 'patroni');
    void askForProcedure(ekimi.session, requestOf({ name: 'switchover', candidate: 'patroni2' }));
    await ekimi.run(60);
    ekimi.cluster.partition('patroni3', 'all');
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(45);
    expect(ekimi.cluster.leader()).toBe('patroni2');
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(60);
    const verdict = verdictOn(ekimi, 'switchover');
    expect(verdict).toMatchObject({ phase: 'ineffective', ending: 'not-ours' });
    expect(verdict?.detail).toContain('not by our request: patroni1 still held the leader key');
  });
});

describe('a change of leader of which Patroni writes no request', () => {
  const NEVER = 'not by our request: nobody has written a request into the key failover since before it was sent';
  const asked = async (name: 'failover' | 'switchover', fault: 'never-arrives' | 'answer-lost'): Promise<Rig> => {
    const slow = testPolicy({}, { [name]: { mode: 'approve', timeoutMs: 300_000 } });
    const ekimi = await quiet({ policy: slow });
    ekimi.cluster.failSend(fault, 'patroni');
    void askForProcedure(ekimi.session, requestOf({ name, candidate: 'patroni2', leader: 'patroni1' }));
    await ekimi.run(15);
    return ekimi;
  };

  it.each(['failover', 'switchover'] as const)(
    'a %s that never arrived, and the leader is stopped at once: whom Patroni elects does not lead by it',
    async (name) => {
      const ekimi = await asked(name, 'never-arrives');
      ekimi.cluster.partition('patroni3', 'all');
      // Patroni is stopped by somebody, and gives its key back.
      ekimi.cluster.stopContainer('patroni1');
      await ekimi.run(45);
      expect(ekimi.cluster.leader()).toBe('patroni2');
      ekimi.cluster.startContainer('patroni1');
      await ekimi.run(60);
      const verdict = verdictOn(ekimi, name);
      expect(verdict).toMatchObject({ phase: 'ineffective', ending: 'not-ours' });
      expect(verdict?.detail).toContain(NEVER);
    },
  );

  it.each(['failover', 'switchover'] as const)('a %s that arrived, and its answer is lost, is', async (name) => {
    const ekimi = await asked(name, 'answer-lost');
    await ekimi.run(45);
    const verdict = verdictOn(ekimi, name);
    expect(verdict?.phase).toBe('succeeded');
    expect(verdict?.detail).toContain(NO_ANSWER);
  });

  it('one that never arrived, and a person asks for the same: the key is written, and by whom nobody can tell', async () => {
    const ekimi = await asked('failover', 'never-arrives');
    ekimi.cluster.switchover('patroni2');
    await ekimi.run(45);
    expect(verdictOn(ekimi, 'failover')).toMatchObject({ phase: 'succeeded' });
    expect(verdictOn(ekimi, 'failover')?.detail).toContain(NO_ANSWER);
  });
});

describe('a restart of a replica', () => {
  const restart = (ekimi: Rig): void =>
    void askForProcedure(ekimi.session, requestOf({ name: 'restart-member', target: 'patroni3' }));

  it('that never arrived is not done because the member runs, as it did before', async () => {
    const ekimi = await quiet();
    ekimi.cluster.failSend('never-arrives', 'patroni');
    restart(ekimi);
    await ekimi.run(50);
    expect(ekimi.session.ledger.remediations.map(({ phase }) => phase)).toEqual(['unknown']);
    await ekimi.run(40);
    const verdict = verdictOn(ekimi, 'restart-member');
    expect(verdict).toMatchObject({ phase: 'ineffective', ending: 'not-ours' });
    expect(verdict?.detail).toMatch(
      /^patroni3 runs and streams, not by our request: PostgreSQL on patroni3 has run since/,
    );
  });

  /** Dies between the intent and the request; the next instance finds it. */
  async function neverSent(): Promise<Rig> {
    const doom = doomed();
    const first = await quiet({ wrap: doom.wrap, wrapJournal: doom.wrapJournal, dead: doom.dead });
    doom.arm(2);
    restart(first);
    await first.run(5);
    expect(doom.effects).toEqual(['journal intent', 'ledger']);
    expect(first.requests()).toEqual([]);
    first.cluster.advance(3_000);
    return rig({ policy, cluster: first.cluster, journal: first.journal });
  }

  it('that was never sent, and somebody else does it minutes later: it is not called our success', async () => {
    const next = await neverSent();
    await next.run(5);
    next.cluster.freezePatroni('patroni3');
    await next.run(110);
    next.cluster.stopPostgres('patroni3');
    next.cluster.thaw('patroni3');
    await next.run(40);
    const verdict = verdictOn(next, 'restart-member');
    expect(verdict).toMatchObject({ phase: 'ineffective', ending: 'not-ours' });
    expect(verdict?.detail).toContain('when it could no longer take effect');
  });

  it('that was never sent, and somebody else does it at once: that nobody knows by whom is said', async () => {
    const next = await neverSent();
    next.cluster.stopPostgres('patroni3');
    await next.run(60);
    const verdict = verdictOn(next, 'restart-member');
    expect(verdict?.phase).toBe('succeeded');
    expect(verdict?.detail).toBe(`patroni3 runs and streams${NO_ANSWER}`);
  });
});
