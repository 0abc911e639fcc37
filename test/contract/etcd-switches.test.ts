import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import type { KillSwitch } from '../../src/model/ledger.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort } from '../../src/ports/dcs.js';
import { answeringEtcd, programOf, until, type EtcdLab } from './etcd-support.js';

const program = programOf('etcd');
if (program === null)
  console.warn('SKIPPED: kill switches in etcd need the program etcd (Debian: etcd-server) on PATH');

const PREFIX = '/ekimi/email-cluster/switches/';
const night: KillSwitch = { subject: 'cluster', owner: 'dba', reason: 'disk swap', sinceMs: 1, expiresAtMs: null };

describe.skipIf(program === null)('kill switches in a real etcd', () => {
  let lab: EtcdLab;
  let admin: Etcd3;
  let one: DcsPort;
  let two: DcsPort;

  const seenBy = async (port: DcsPort) => freshValue(await port.keys())?.switches;

  beforeAll(async () => {
    ({ lab, admin } = await answeringEtcd(program ?? ''));
    one = etcdAdapter(lab.config(1500), systemClock);
    two = etcdAdapter(lab.config(1500), systemClock);
    await admin.put('/service/email-cluster/leader').value('patroni1');
  }, 60_000);

  beforeEach(() => admin.delete().prefix(PREFIX));

  afterAll(async () => {
    await Promise.all([one.close(), two.close()]);
    admin.close();
    await lab.stop();
  });

  test("one is seen by every instance, with Patroni's keys, and needs no tenure", async () => {
    expect((await one.holdTenure('one', 60_000)).kind).toBe('held');
    expect(await two.putSwitch('a1', night)).toEqual({ written: true });
    const keys = freshValue(await one.keys());
    expect(keys?.switches).toEqual([{ ...night, id: 'a1' }]);
    expect(keys?.leader.holder).toBe('patroni1');
    expect(await seenBy(two)).toEqual(keys?.switches);
  });

  test('written twice it is one, and two of one subject are two', async () => {
    await one.putSwitch('a1', night);
    await one.putSwitch('a1', night);
    await two.putSwitch('b1', { ...night, expiresAtMs: Date.now() + 60_000 });
    expect((await seenBy(one))?.map((row) => row.id)).toEqual(['a1', 'b1']);
  });

  test('removed by another instance it is gone for all; once more is no fault', async () => {
    await one.putSwitch('a1', night);
    await one.putSwitch('a2', { ...night, subject: 'member:patroni2' });
    expect(await two.removeSwitches(['a1'])).toEqual({ written: true });
    expect((await seenBy(one))?.map((row) => row.subject)).toEqual(['member:patroni2']);
    expect(await one.removeSwitches(['a1', 'never'])).toEqual({ written: true });
  });

  test('with an end it is on a lease that outlives that end; without one it stays', async () => {
    await one.putSwitch('a1', { ...night, expiresAtMs: Date.now() + 120_000 });
    await one.putSwitch('a2', night);
    const [ending, lasting] = await Promise.all(
      ['a1', 'a2'].map(async (id) => (await admin.get(`${PREFIX}${id}`).exec()).kvs[0]?.lease),
    );
    expect(lasting).toBe('0');
    const left = await admin.leaseClient.leaseTimeToLive({ ID: ending ?? '0' });
    expect(Number(left.TTL)).toBeGreaterThan(120);
    expect(Number(left.TTL)).toBeLessThan(600);
  });

  test.each(['not json', '{"subject":7}', ''])('one that cannot be read switches off the cluster: %j', async (text) => {
    await admin.put(`${PREFIX}odd`).value(text);
    expect(await seenBy(one)).toMatchObject([{ id: 'odd', subject: 'cluster', owner: 'unknown', expiresAtMs: null }]);
  });

  test('an etcd that does not answer has not written it, and says why', async () => {
    lab.freeze('etcd1');
    const answer = await one.putSwitch('a1', night);
    lab.thaw('etcd1');
    expect(answer).toEqual({ written: false, why: expect.stringContaining('etcd1') });
    await until('etcd answers again', async () => (await seenBy(one)) !== undefined);
  });

  test("a user for Patroni's keys alone still reads those, and is told that switches are denied", async () => {
    await admin.user('root').create('secret');
    await admin.role('root').create();
    await admin.user('root').addRole('root');
    await admin.role('reader').create();
    await admin.role('reader').grant({ permission: 'Read', range: admin.range({ prefix: '/service/' }) });
    await admin.user('reader').create('secret');
    await admin.user('reader').addRole('reader');
    await admin.auth.authEnable();
    const config = lab.config(1500);
    const auth = { username: 'reader', password: 'secret' };
    const reader = etcdAdapter({ ...config, dcs: { ...config.dcs, auth } }, systemClock);
    const keys = freshValue(await reader.keys());
    expect(keys?.leader.holder).toBe('patroni1');
    expect(keys?.switches).toBeNull();
    expect(await reader.putSwitch('a1', night)).toMatchObject({ written: false });
    await reader.close();
  });
});
