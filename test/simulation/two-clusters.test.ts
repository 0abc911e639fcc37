import { describe, expect, it } from 'vitest';
import { snapshotOf } from '../../src/kernel/snapshot.js';
import { EMPTY_LEDGER } from '../../src/model/ledger.js';
import { ledgerText } from '../../src/ledger/codec.js';
import { freshValue, fresh } from '../../src/model/reading.js';
import { rig, type Rig } from '../support/simulated.js';
import { DRAIN, lagEmergency } from '../support/situations.js';

describe('the ledger of another cluster', () => {
  const over = (systemIdentifier: string): Rig & { readonly commits: string[] } => {
    const commits: string[] = [];
    const text = ledgerText({ ...EMPTY_LEDGER, systemIdentifier });
    const ekimi = rig({
      wrap: (ports) => ({
        ...ports,
        dcs: {
          ...ports.dcs,
          loadLedger: () => Promise.resolve(fresh(text, ports.clock.now(), 'etcd')),
          commitLedger: (grant, json) => {
            commits.push(json);
            return ports.dcs.commitLedger(grant, json);
          },
        },
      }),
    });
    return { ...ekimi, commits };
  };

  it('[W3] is refused: nothing is sent, nothing written over it, and it is told', async () => {
    const ekimi = over('1');
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(30);
    expect(ekimi.requests()).toEqual([]);
    expect(ekimi.commits).toEqual([]);
    expect(snapshotOf(ekimi.session).impaired.join()).toMatch(
      /ledger is of another cluster \(system identifier 1, ours/,
    );
  });

  it('[W3] one of our own carries our identifier and counts', async () => {
    const ekimi = rig();
    await ekimi.run(15);
    lagEmergency(ekimi);
    await ekimi.run(20);
    expect(ekimi.requests()).toEqual([DRAIN]);
    const stored = freshValue(await ekimi.cluster.ports().dcs.loadLedger());
    expect(JSON.parse(stored ?? '')).toMatchObject({ systemIdentifier: '7711055305761135589' });
  });
});
