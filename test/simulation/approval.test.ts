import { describe, expect, it } from 'vitest';
import { decideApproval } from '../../src/kernel/commands.js';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';
import { caughtUp, DRAIN, lagEmergency, leading, UNDRAIN } from '../support/situations.js';

const asking = testPolicy({}, { 'drain-replica': { mode: 'approve' } });

async function waiting(policy = asking): Promise<Rig> {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  lagEmergency(ekimi);
  await ekimi.run(20);
  return ekimi;
}

describe('a dead leader of whom a person is asked', () => {
  it('is replaced on the approval of before, also when the proxy has found it dead by itself meanwhile', async () => {
    const ekimi = rig({ policy: leading({}, { 'expedite-failover': { mode: 'approve' } }) });
    await ekimi.run(15);
    ekimi.cluster.killContainer('patroni1');
    await ekimi.run(4);
    expect(ekimi.approvals('waiting').map((row) => row.plan.action)).toEqual(['expedite-failover']);
    await ekimi.run(14);
    expect(ekimi.cluster.proxyStatus('postgres_primary', 'patroni1')).toContain('DOWN');
    await ekimi.answer('approved');
    await ekimi.run(5);
    expect(ekimi.requests()[0]).toMatch(/^etcd: delete the leader key/);
    expect(ekimi.approvals('used')).toHaveLength(1);
  });
});

describe('an action that the policy lets a person approve', () => {
  it('waits, asks once and says how to approve it', async () => {
    const ekimi = await waiting();
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    const asked = ekimi.approvals('waiting');
    expect(asked).toHaveLength(1);
    expect(ekimi.why()).toEqual([
      `approval: approval ${asked[0]?.id ?? ''} is waiting -> ekimi approve ${asked[0]?.id ?? ''} --reason "..."`,
    ]);
    expect(ekimi.entries('approval').map((entry) => entry.body.state)).toEqual(['waiting']);
  });

  it('is sent once after the approval, which is then used up', async () => {
    const ekimi = await waiting();
    expect(await ekimi.answer('approved')).toEqual({ ok: true, text: 'approved: drain-replica patroni3' });
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([DRAIN]);
    expect(ekimi.approvals('used')).toHaveLength(1);
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);

    lagEmergency(ekimi);
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([DRAIN, UNDRAIN]);
    expect(ekimi.approvals('waiting')).toHaveLength(1);
  });

  it('is not sent after a rejection, and the rejection is quoted', async () => {
    const ekimi = await waiting();
    await ekimi.answer('rejected', 'the backup reads from it');
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.why()).toEqual([
      'approval: dba rejected it: the backup reads from it -> wait for the rejection to expire',
    ]);
  });

  it('is not sent on an approval that came too late', async () => {
    const ekimi = await waiting(
      testPolicy({ approvals: { expiresMs: 10_000 } }, { 'drain-replica': { mode: 'approve' } }),
    );
    const first = ekimi.approvals('waiting')[0];
    await ekimi.run(30);
    expect(first).toBeDefined();
    expect(ekimi.approvals('expired').map((row) => row.id)).toContain(first?.id);
    expect(ekimi.requests()).toEqual([]);
  });

  it('is not sent when the situation has changed by the time a person agrees', async () => {
    const ekimi = await waiting();
    caughtUp(ekimi);
    await ekimi.run(9);
    await ekimi.answer('approved');
    await ekimi.run(60);
    expect(ekimi.requests()).toEqual([]);
  });

  it('ends with its problem: the journal says so, and a late word is refused with the reason', async () => {
    const ekimi = await waiting();
    const id = ekimi.approvals('waiting')[0]?.id ?? '';
    caughtUp(ekimi);
    await ekimi.run(60);
    expect(ekimi.entries('approval').map(({ body }) => [body.id, body.state, body.reason])).toEqual([
      [id, 'waiting', expect.any(String)],
      [id, 'expired', 'replica-lag-emergency patroni3 has cleared'],
    ]);
    const late = decideApproval(ekimi.session, id, 'approved', 'dba', 'go');
    await ekimi.pass();
    expect(await late).toEqual({
      ok: false,
      status: 409,
      conflict: 'answered-already',
      text: `approval ${id} is expired: replica-lag-emergency patroni3 has cleared`,
    });
  });

  it('is not sent on an approval while a gate other than consent is shut', async () => {
    const ekimi = await waiting();
    await ekimi.answer('approved');
    ekimi.cluster.pause();
    await ekimi.run(1);
    const sent = ekimi.requests().length;
    await ekimi.run(30);
    expect(ekimi.requests()).toHaveLength(sent);
  });

  it('cannot be approved twice, and an unknown approval is refused', async () => {
    const ekimi = await waiting();
    await ekimi.answer('approved');
    await expect(ekimi.answer('approved')).rejects.toThrow('0 approvals wait');
  });
});

describe('a copy that may hold writes of its own', () => {
  it('is not destroyed automatically; what it may hold is told, and a person may agree', async () => {
    const ekimi = rig({
      policy: testPolicy({}, { 'restart-member': { mode: 'off' }, 'start-member': { mode: 'off' } }),
    });
    await ekimi.run(15);
    // The leader dies, another takes over, and the old one comes back with a rewind that cannot work.
    ekimi.cluster.breakRewind('patroni1');
    ekimi.cluster.setLoad(4 * 1024 * 1024);
    ekimi.cluster.lag('patroni2', 100_000);
    ekimi.cluster.lag('patroni3', 100_000);
    await ekimi.run(2);
    ekimi.cluster.killContainer('patroni1');
    ekimi.cluster.healLag('patroni2');
    ekimi.cluster.healLag('patroni3');
    await ekimi.run(60);
    expect(ekimi.cluster.leader()).not.toBe('patroni1');
    ekimi.cluster.startContainer('patroni1');
    await ekimi.run(150);
    expect(ekimi.requests().filter((text) => text.includes('reinitialize'))).toEqual([]);
    expect(ekimi.why().join('\n')).toMatch(
      /data-loss: patroni1 holds at least [\d.]+ \S*B past \S+ that the leader does not have: \d+ transactions committed there, at .*, in relations .*, about [\d.]+ s of writes -> ekimi approve, after looking at what it holds/,
    );
    await ekimi.answer('approved');
    await ekimi.run(60);
    expect(ekimi.requests().filter((text) => text.includes('reinitialize'))).toHaveLength(1);
    expect(ekimi.session.states.members['patroni1']?.state).toBe('healthy');
  });
});
