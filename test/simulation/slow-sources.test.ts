import { describe, expect, it } from 'vitest';
import { doctorFindings } from '../../src/app/doctor.js';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import type { Ports } from '../../src/observe/ports.js';
import { rig, type Rig } from '../support/simulated.js';

const seconds = async (ekimi: Rig, count: number, look: () => void) => {
  for (let passed = 0; passed < count; passed += 1) {
    await ekimi.run(1);
    look();
  }
};

/** etcd takes no more writes, and says so of each. */
const noSpace = ({ dcs, ...ports }: Ports): Ports => ({
  ...ports,
  dcs: {
    ...dcs,
    commitLedger: async (grant, json) => (full ? 'unknown' : dcs.commitLedger(grant, json)),
    holdTenure: async (owner, ttlMs) =>
      full ? { kind: 'unknown', reason: 'database space exceeded' } : dcs.holdTenure(owner, ttlMs),
  },
});
let full = false;

describe('an alarm of etcd, whose list is read every ten seconds at most', () => {
  it('[S1] is one problem and one page for as long as it stands, and ends when etcd says that it is lowered', async () => {
    const ekimi = rig();
    await ekimi.run(10);
    ekimi.cluster.raiseAlarm('NOSPACE');
    await ekimi.run(45);
    const states = new Set<string>();
    await seconds(ekimi, 120, () => states.add(ekimi.session.states.dcs.state));
    expect([...states]).toEqual(['alarm']);
    expect(ekimi.notifier.pages.filter(({ code }) => code === 'dcs-alarm')).toHaveLength(1);
    ekimi.cluster.clearAlarms();
    await ekimi.run(60);
    expect(ekimi.session.states.problems).toEqual([]);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[S1] is the reason that is given for our own refused writes, and the doctor tells it', async () => {
    full = false;
    const ekimi = rig({ wrap: noSpace });
    await ekimi.run(10);
    ekimi.cluster.raiseAlarm('NOSPACE');
    await ekimi.run(45);
    full = true;
    ekimi.cluster.killContainer('patroni3');
    await ekimi.run(90);
    expect(ekimi.why().join('\n')).toContain('etcd refuses every write: its database is full (alarm NOSPACE)');
    expect(ekimi.entries('tenure').at(-1)?.body.detail).toContain('NOSPACE');
    const rows = doctorFindings(snapshotOf(ekimi.session), ekimi.session.policy);
    expect(rows.find(({ check }) => check === 'dcs alarm NOSPACE')).toMatchObject({ verdict: 'fail' });
  });
});
