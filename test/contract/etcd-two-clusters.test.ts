import type { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { EMPTY_LEDGER } from '../../src/model/ledger.js';
import { ledgerText } from '../../src/ledger/codec.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import { answeringEtcd, programOf, type EtcdLab } from './etcd-support.js';

const program = programOf('etcd');

const pause = { subject: 'global', owner: 'dba', reason: 'upgrade', sinceMs: 1, expiresAtMs: null };

describe.skipIf(program === null)('two clusters of one name in one etcd', () => {
  let lab: EtcdLab;
  let admin: Etcd3;
  const opened: DcsPort[] = [];

  const open = (namespace: string): DcsPort => {
    const config = lab.config(1500);
    const port = etcdAdapter({ ...config, dcs: { ...config.dcs, namespace } }, systemClock);
    opened.push(port);
    return port;
  };
  const grantOf = async (port: DcsPort, owner: string): Promise<TenureGrant> => {
    const answer = await port.holdTenure(owner, 5_000);
    if (answer.kind !== 'held') throw new Error(JSON.stringify(answer));
    return answer.grant;
  };
  const cluster = async (namespace: string, identifier: string): Promise<void> => {
    await admin.put(`${namespace}email-cluster/initialize`).value(identifier);
  };
  const ledgerOf = (systemIdentifier?: string): string =>
    ledgerText({ ...EMPTY_LEDGER, ...(systemIdentifier === undefined ? {} : { systemIdentifier }) });

  beforeAll(async () => {
    ({ lab, admin } = await answeringEtcd(program ?? ''));
  }, 60_000);
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((port) => port.close()));
    await admin.delete().all();
  });
  afterAll(async () => {
    admin.close();
    await lab.stop();
  });

  test.each([
    ['/prod/', '/stage/'],
    ['/service/', '/prod/'],
    ['/service/', '/'],
    ['/service/prod/', '/service/'],
  ])('[W3] in %s and %s touch neither tenure, ledger nor switches of each other', async (one, other) => {
    await cluster(one, '1');
    await cluster(other, '2');
    const [first, second] = [open(one), open(other)];
    const mine = await grantOf(first, 'a');
    expect(await first.commitLedger(mine, ledgerOf('1'))).toBe('committed');
    const theirs = await grantOf(second, 'b');
    expect(freshValue(await second.loadLedger())).toBeNull();
    expect(await second.commitLedger(theirs, ledgerOf('2'))).toBe('committed');
    expect(freshValue(await first.loadLedger())).toBe(ledgerOf('1'));
    await first.putSwitch('s1', pause);
    expect(freshValue(await second.keys())?.switches).toEqual([]);
    expect(freshValue(await first.keys())?.switches).toHaveLength(1);
    expect((await first.holdTenure('a', 5_000)).kind).toBe('held');
    expect((await second.holdTenure('b', 5_000)).kind).toBe('held');
  });

  test('[W3] the default namespace stays where every version has it', async () => {
    const port = open('/service/');
    await port.commitLedger(await grantOf(port, 'a'), ledgerOf());
    expect(await admin.get('/ekimi/email-cluster/ledger').string()).toBe(ledgerOf());
    const other = open('/prod/');
    await admin.put('/ekimi/email-cluster/ledger').value(ledgerOf('9'));
    await other.commitLedger(await grantOf(other, 'b'), ledgerOf());
    expect(await admin.get('/ekimi/prod/email-cluster/ledger').string()).toBe(ledgerOf());
  });

  test('[W3] nobody acts beside an older version that holds tenure at the old path', async () => {
    await cluster('/prod/', '1');
    const port = open('/prod/');
    await admin.put('/ekimi/email-cluster/tenure').value('old-instance');
    expect(await port.holdTenure('a', 5_000)).toMatchObject({
      kind: 'other',
      owner: expect.stringContaining('old-instance') as string,
    });
    await admin.delete().key('/ekimi/email-cluster/tenure');
    expect((await port.holdTenure('a', 5_000)).kind).toBe('held');
    await admin.put('/ekimi/email-cluster/tenure').value('old-instance');
    expect((await port.holdTenure('a', 5_000)).kind).toBe('other');
  });

  test('[W3] a ledger at the old path is taken over once, with its switches, only if it is of this cluster', async () => {
    await cluster('/prod/', '1');
    await cluster('/stage/', '2');
    await admin.put('/ekimi/email-cluster/ledger').value(ledgerOf('1'));
    await admin.put('/ekimi/email-cluster/switches/s1').value(JSON.stringify(pause));
    const stage = open('/stage/');
    expect(freshValue(await stage.loadLedger())).toBeNull();
    const prod = open('/prod/');
    const grant = await grantOf(prod, 'a');
    const taken = await prod.loadLedger();
    expect(taken.source).toBe('etcd: taken over from /ekimi/email-cluster/ledger');
    expect(JSON.parse(freshValue(taken) ?? '')).toMatchObject({
      systemIdentifier: '1',
      switches: [{ id: 's1', subject: 'global' }],
    });
    expect(await prod.commitLedger(grant, ledgerOf('1'))).toBe('committed');
    expect((await prod.loadLedger()).source).toBe('etcd');
  });

  test('[W3] a ledger at the old path that names no cluster is left alone, and told', async () => {
    await cluster('/prod/', '1');
    await admin.put('/ekimi/email-cluster/ledger').value(ledgerOf());
    const loaded = await open('/prod/').loadLedger();
    expect(freshValue(loaded)).toBeNull();
    expect(loaded.source).toMatch(/left alone at \/ekimi\/email-cluster\/ledger/);
  });
});
