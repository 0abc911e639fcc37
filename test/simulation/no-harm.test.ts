import { describe, expect, it } from 'vitest';
import { testPolicy } from '../support/policy.js';
import { rig, type Rig } from '../support/simulated.js';

const AUTO = { mode: 'auto' as const };
/** Everything that repairs may do so unasked: what holds it back is what is known of the member. */
const policy = testPolicy({}, { 'reinitialize-replica': AUTO, 'restart-member': AUTO, 'start-member': AUTO });

async function quiet(): Promise<Rig> {
  const ekimi = rig({ policy });
  await ekimi.run(15);
  return ekimi;
}

const active = ({ session }: Rig): readonly string[] =>
  session.states.problems.flatMap((row) => (row.phase === 'active' ? [`${row.code}/${row.subject}`] : []));

describe('our way to a member is cut', () => {
  it('[S4] the leader streams to it and its key is renewed: it is told, and nothing is sent', async () => {
    const ekimi = await quiet();
    ekimi.cluster.cutLink('controller', 'patroni3');
    await ekimi.run(120);
    expect(active(ekimi)).toEqual(['member-unreachable/patroni3']);
    expect(ekimi.requests()).toEqual([]);
    ekimi.cluster.healLink('controller', 'patroni3');
    await ekimi.run(30);
    expect(active(ekimi)).toEqual([]);
  });
});

const rebuilds = ({ requests }: Rig): readonly string[] => requests().filter((text) => text.includes('/reinitialize'));
const paged = ({ notifier }: Rig): readonly string[] => notifier.pages.map((page) => page.code);

describe('a disk is full', () => {
  it('[W1] of a replica: a person is told within 30 s, nothing is rebuilt, the cluster serves for as long as it is watched', async () => {
    const ekimi = await quiet();
    ekimi.cluster.fillDisk('patroni3', 'data');
    await ekimi.run(30);
    expect(paged(ekimi)).toContain('disk-full');
    await ekimi.run(600);
    expect(ekimi.requests()).toEqual([]);
    expect(active(ekimi)).toContain('disk-full/patroni3');
    expect(ekimi.cluster.leader()).toBe('patroni1');
    ekimi.cluster.freeDisk('patroni3');
    await ekimi.run(300);
    expect(active(ekimi)).not.toContain('disk-full/patroni3');
    expect(ekimi.session.states.members['patroni3']?.state).toBe('healthy');
  });

  it('[W1] of a replica with a damaged directory: it is not rebuilt onto it', async () => {
    const ekimi = await quiet();
    ekimi.cluster.fillDisk('patroni3', 'data');
    ekimi.cluster.breakData('patroni3');
    await ekimi.run(200);
    expect(ekimi.requests()).toEqual([]);
  });

  it('[W1] of the leader, or nearly: no replica is rebuilt from it', async () => {
    const ekimi = await quiet();
    ekimi.cluster.fillDisk('patroni1', 'data', 200 * 1024 * 1024);
    ekimi.cluster.breakData('patroni3');
    await ekimi.run(200);
    expect(rebuilds(ekimi)).toEqual([]);
    expect(paged(ekimi).some((code) => code.startsWith('disk-'))).toBe(true);
  });
});

describe('a replica that cannot get to the leader', () => {
  it.each<[string, (ekimi: Rig) => void]>([
    [
      'over a cut link',
      ({ cluster }) => {
        cluster.cutLink('patroni3', 'patroni1');
      },
    ],
    [
      'through a firewall',
      ({ cluster }) => {
        cluster.cutOneWay('patroni3', 'patroni1', 'sql');
      },
    ],
    [
      'since pg_hba.conf does not let it in',
      ({ cluster }) => {
        cluster.refuseReplication('patroni1');
        cluster.stopPostgres('patroni3');
      },
    ],
    [
      'since no WAL sender is free',
      ({ cluster }) => {
        cluster.setWalSenders('patroni1', 1);
        cluster.stopPostgres('patroni3');
      },
    ],
  ])('[P1] %s keeps its copy, is not restarted, and is named', async (_name, fault) => {
    const ekimi = await quiet();
    fault(ekimi);
    await ekimi.run(400);
    expect(ekimi.requests()).toEqual([]);
    expect(active(ekimi)).toContain('replica-cut-off/patroni3');
  });

  it('[P1] and whose directory is damaged is not wiped for a copy that cannot be made', async () => {
    const ekimi = await quiet();
    ekimi.cluster.setWalSenders('patroni1', 2);
    ekimi.cluster.breakData('patroni3');
    await ekimi.run(200);
    expect(rebuilds(ekimi)).toEqual([]);
  });
});
