import { describe, expect, it } from 'vitest';
import { doctorFindings } from '../../../src/app/doctor.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import type { ClusterView } from '../../../src/model/view.js';
import { remedyFor, type AskedPart } from '../../../src/words/doctor-remedy.js';
import { fresh, notConfigured, unknown, type ReadingFault } from '../../../src/model/reading.js';
import { testPolicy } from '../../support/policy.js';
import {
  api,
  host,
  keepsItsSize,
  keys,
  noEtcd,
  NOW_MS,
  SCOPE,
  silent,
  viewOf,
  type Change,
} from '../../support/view.js';

const allOf = (...changes: readonly Change[]) =>
  doctorFindings({ scope: SCOPE, view: viewOf(...changes) } as unknown as ClusterSnapshot, testPolicy());
const rowOf = (...changes: readonly Change[]) => {
  const snapshot = { scope: SCOPE, view: viewOf(...changes) } as unknown as ClusterSnapshot;
  return doctorFindings(snapshot, testPolicy()).find(({ check }) => check === 'system identifier');
};

describe('the doctor on whose cluster the addresses lead to', () => {
  it('names the identifier when all agree', () => {
    expect(rowOf()).toMatchObject({
      verdict: 'ok',
      detail: '77 in etcd, and the same by API and SQL of every member',
    });
  });

  it('says who did not tell', () => {
    const row = rowOf(api('patroni2', { systemIdentifier: null }), silent('patroni3', 'sql'));
    expect(row).toMatchObject({ verdict: 'ok', detail: '77 in etcd, not told by patroni2 api, patroni3 sql' });
  });

  it('fails when another cluster answers, and nothing is possible', () => {
    const row = rowOf(silent('patroni2', 'sql', 'wrong-scope'));
    expect(row).toMatchObject({
      verdict: 'fail',
      detail: 'sql on patroni2: wrong-scope',
      disables: ['every action'],
    });
  });

  it.each<[string, Change]>([
    ['etcd does not answer', noEtcd],
    ['etcd has no identifier', keys({ systemIdentifier: null })],
  ])('warns when %s', (_when, change) => {
    expect(rowOf(change)?.verdict).toBe('warn');
  });
});

describe('the doctor on a host driver that cannot keep old data aside', () => {
  const of = (view: ClusterView) =>
    doctorFindings({ scope: SCOPE, view } as unknown as ClusterSnapshot, testPolicy()).find(
      ({ check }) => check === 'old data aside',
    );

  it('names what that disables; one that can, and no driver, are not told of', () => {
    const view = viewOf();
    expect(of(view)).toMatchObject({ verdict: 'off', disables: ['rebuild-member', 'remove-aside', 'reseed-dcs'] });
    expect(of({ ...view, asides: {} })).toBeUndefined();
    const asides = { patroni1: fresh([], 0, 'here'), patroni2: notConfigured('asides', 0) };
    expect(of({ ...view, asides })).toMatchObject({
      detail: expect.stringContaining('of patroni2 cannot') as string,
      disables: ['rebuild-member', 'remove-aside'],
    });
    expect(of({ ...view, actuators: { ...view.actuators, host: false } })).toBeUndefined();
  });

  it('and one that acts under tenure alone begins no new etcd', () => {
    const lent = { ...viewOf(), asides: {}, hostNeedsTenure: true } as const;
    const rows = doctorFindings({ scope: SCOPE, view: lent } as unknown as ClusterSnapshot, testPolicy());
    expect(rows).toContainEqual(expect.objectContaining({ check: 'hosts without etcd', disables: ['reseed-dcs'] }));
  });
});

describe('the doctor on volumes that nobody reads', () => {
  const disks = (view: ClusterView) =>
    doctorFindings({ scope: SCOPE, view } as unknown as ClusterSnapshot, testPolicy()).filter(({ check }) =>
      /disk/.test(check),
    );
  const withDisk = (name: string, fault: ReadingFault, view = viewOf()): ClusterView => ({
    ...view,
    members: view.members.map((one) =>
      one.name === name ? { ...one, disk: unknown(fault, 'df of /d/: why', NOW_MS, 'df') } : one,
    ),
  });

  it('names in one row whose are not configured, and what that disables', () => {
    const found = disks(withDisk('patroni3', 'not-configured', withDisk('patroni2', 'not-configured')));
    expect(found).toMatchObject([
      {
        check: 'room on disks',
        verdict: 'off',
        detail: expect.stringMatching(/patroni2, patroni3/) as string,
        disables: expect.arrayContaining(['disk-filling on patroni2', 'rebuild-member on patroni3']) as string[],
        remedy: expect.stringContaining('hosts.systemd.data') as string,
      },
    ]);
  });

  it.each<[ReadingFault, RegExp]>([
    ['denied', /hosts\.systemd\.wal/],
    ['timeout', /^see where it hangs.*df -Pk/],
    ['bad-reply', /df -Pk/],
  ])('says why one could not be read: %s', (fault, remedy) => {
    expect(disks(withDisk('patroni2', fault))).toMatchObject([
      {
        check: 'patroni2 disk',
        verdict: 'warn',
        detail: expect.stringContaining('df of /d/: why') as string,
        remedy: expect.stringMatching(remedy) as string,
      },
    ]);
  });

  it('says nothing where they are read, where there is no driver, and of what does not run', () => {
    expect(disks(viewOf())).toEqual([]);
    const view = withDisk('patroni2', 'denied');
    expect(disks({ ...view, actuators: { ...view.actuators, host: false } })).toEqual([]);
    expect(disks(withDisk('patroni2', 'http-status', viewOf(host('patroni2', { state: 'stopped' }))))).toEqual([]);
  });
});

describe('the doctor on what a person does about it', () => {
  it('says it with each finding that is not well, and with none that is', () => {
    const rows = [
      ...allOf(),
      ...allOf(noEtcd, silent('patroni2', 'sql', 'denied'), silent('patroni3', 'api', 'refused')),
    ];
    expect(rows.filter((row) => 'remedy' in row === (row.verdict === 'ok'))).toEqual([]);
    expect(rows.findLast(({ check }) => check === 'patroni2 sql')).toMatchObject({
      remedy: expect.stringContaining('pg_hba.conf'),
    });
  });

  it.each<[AskedPart, ReadingFault, RegExp]>([
    ['api', 'refused', /^start it, .*clusters\[\]\.patroni\.members/],
    ['etcd', 'no-quorum', /ekimi run-procedure recover-dcs/],
    ['sql', 'certificate', /tls\.ca/],
    ['pooler', 'not-configured', /^name it in clusters\[\]\.poolers/],
    ['proxy', 'bad-reply', /^look at its log/],
  ])('of %s, %s: begins with a verb and names the key or the command', (part, fault, text) => {
    expect(remedyFor(part, fault)).toMatch(text);
  });

  it('of an etcd that keeps its size to root: it serves, what is not seen, and how it may be seen', () => {
    const row = allOf(keepsItsSize('etcd1')).find(({ check }) => check === 'dcs etcd1');
    expect(row).toMatchObject({
      verdict: 'warn',
      detail: expect.stringContaining('etcd etcd1 answers'),
      disables: ['defragment-dcs'],
      remedy: expect.stringMatching(/^use a release of etcd/),
    });
  });

  it('names no part twice', () => {
    const etcd1: Change = (view) => ({
      ...view,
      dcs: {
        ...view.dcs,
        keys: unknown('no-quorum', 'etcd: linearizable read within 2000 ms: etcd1 no answer in time', NOW_MS, 'etcd'),
        endpoints: view.dcs.endpoints.map((one) => ({
          ...one,
          status: unknown('refused', `etcd ${one.name}: connection refused`, NOW_MS, `etcd ${one.name}`),
        })),
      },
    });
    const found = allOf(etcd1, silent('patroni2', 'api', 'refused'));
    expect(found.map(({ detail }) => detail).filter((text) => /(\b\S[^:;]{3,}): (?:\S+ )?\1/.test(text))).toEqual([]);
  });
});
