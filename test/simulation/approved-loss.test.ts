import { describe, expect, it } from 'vitest';
import { liftSwitch, throwSwitch } from '../../src/kernel/commands.js';
import type { Approval } from '../../src/model/ledger.js';
import { testPolicy } from '../support/policy.js';
import { changeLedger, rig, type Rig } from '../support/simulated.js';

const policy = testPolicy({}, { failover: { mode: 'auto' }, 'start-member': { mode: 'off' } });
const FAILOVER = 'POST /failover on patroni2 {"candidate":"patroni2"}';

/** patroni1 dies so far ahead of both replicas that only a person can let one of them lead. */
async function dies(ekimi: Rig, bytesPerSecond: number): Promise<void> {
  ekimi.cluster.setLoad(bytesPerSecond);
  ekimi.cluster.lag('patroni2', 1);
  ekimi.cluster.lag('patroni3', 1);
  await ekimi.run(20);
  ekimi.cluster.killContainer('patroni1');
  await ekimi.run(90);
}

async function comesBack(ekimi: Rig): Promise<void> {
  ekimi.cluster.startContainer('patroni1');
  await ekimi.run(60);
  expect(ekimi.cluster.leader()).toBe('patroni1');
}

const bytesOf = ({ loss }: Approval): number => loss?.bytes ?? -1;
const changed = (ekimi: Rig, change: (row: Approval) => Approval): void => {
  changeLedger(ekimi.session, (ledger) => ({ ...ledger, approvals: ledger.approvals.map(change) }));
};

describe('an approval of a failover that loses something', () => {
  it('keeps the bytes that it was asked for, in the ledger and in the journal, and passes them', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    await dies(ekimi, 100_000);
    const [asked] = ekimi.approvals('waiting');
    expect(asked?.loss?.bytes).toBeGreaterThan(1_048_576);
    expect(ekimi.entries('approval')[0]?.body.loss).toEqual(asked?.loss);
    const perSecond = bytesOf(asked as Approval) / (asked?.loss?.seconds ?? 0);
    expect(perSecond).toBeGreaterThan(80_000);
    expect(perSecond).toBeLessThan(125_000);
    await ekimi.answer('approved');
    await ekimi.run(30);
    expect(ekimi.requests()).toContain(FAILOVER);
    expect(ekimi.cluster.leader()).toBe('patroni2');
  });

  it.each<[string, (row: Approval) => Approval]>([
    ['one byte less', (row) => ({ ...row, state: 'approved', loss: { bytes: bytesOf(row) - 1, seconds: null } })],
    ['no word of a loss, as an older version asked', ({ loss: _absent, ...row }) => ({ ...row, state: 'approved' })],
  ])('sends nothing for a larger loss than was approved (%s), and asks anew', async (_name, agreed) => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    await dies(ekimi, 100_000);
    const [first] = ekimi.approvals('waiting');
    changed(ekimi, agreed);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.approvals('expired').map((row) => row.id)).toEqual([first?.id]);
    expect(ekimi.approvals('waiting').map((row) => row.loss)).toEqual([first?.loss]);
    expect(ekimi.entries('approval').map((entry) => entry.body.state)).toEqual(['waiting', 'expired', 'waiting']);
  });

  it('does not serve the next incident, whether it was answered or not', async () => {
    const ekimi = rig({ policy });
    await ekimi.run(15);
    await dies(ekimi, 100_000);
    const [first] = ekimi.approvals('waiting');
    const paused = throwSwitch(
      ekimi.session,
      { subject: 'cluster', owner: 'dba', reason: 'wait', sinceMs: ekimi.cluster.nowMs(), expiresAtMs: null },
      'dba',
    );
    await ekimi.pass();
    await paused;
    await ekimi.answer('approved');
    await comesBack(ekimi);
    const resumed = liftSwitch(ekimi.session, 'cluster', 'dba');
    await ekimi.pass();
    await resumed;
    await ekimi.run(30);
    expect(ekimi.approvals('expired').map((row) => [row.id, row.ended])).toEqual([
      [first?.id, 'leaderless email-cluster has cleared'],
    ]);

    await dies(ekimi, 2_000_000);
    expect(ekimi.requests()).toEqual([]);
    const [second] = ekimi.approvals('waiting');
    expect(second?.loss?.bytes).toBeGreaterThan(bytesOf(first as Approval));
  });
});
