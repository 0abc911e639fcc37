import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { memberName } from '../../src/model/names.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import { heldEtcd, programOf, type HeldEtcd } from './etcd-support.js';

const program = programOf('etcd');
if (program === null)
  console.warn('SKIPPED: deleting a leader key needs the program etcd (Debian: etcd-server) on PATH');

const LEADER = '/service/email-cluster/leader';

describe.skipIf(program === null)("deleting a dead leader's key in a real etcd", () => {
  let etcd: HeldEtcd;
  let admin: Etcd3;
  let port: DcsPort;
  let grant: TenureGrant;

  const holder = async (): Promise<string | null> => freshValue(await port.keys())?.leader.holder ?? null;
  const revision = async (): Promise<string> => freshValue(await port.keys())?.leader.modRevision ?? 'none';
  const remove = async (name: string, modRevision: string, by = grant) =>
    port.send({ port: 'dcs', call: 'delete-leader-key', holder: memberName(name), modRevision }, by);

  beforeAll(async () => {
    etcd = await heldEtcd(program ?? '');
    ({ admin, port, grant } = etcd);
  }, 60_000);

  beforeEach(() => admin.put(LEADER).value('patroni1'));

  afterAll(() => etcd.stop());

  test('holder, revision and tenure match: it is gone', async () => {
    expect((await remove('patroni1', await revision())).effect).toBe('done');
    expect(await holder()).toBeNull();
  });

  test('the key was written again in between: it stays', async () => {
    const before = await revision();
    await admin.put(LEADER).value('patroni1');
    expect((await remove('patroni1', before)).effect).toBe('none');
    expect(await holder()).toBe('patroni1');
  });

  test('another member holds it by now: it stays', async () => {
    await admin.put(LEADER).value('patroni2');
    expect((await remove('patroni1', await revision())).effect).toBe('none');
    expect(await holder()).toBe('patroni2');
  });

  test("Patroni's configuration is the one that was read: it is gone; it was written again, as by a pause: it stays", async () => {
    const config = '/service/email-cluster/config';
    await admin.put(config).value('{"ttl": 30}');
    const asRead = freshValue(await port.keys())?.configRevision ?? 'none';
    const step = { port: 'dcs', call: 'delete-leader-key', holder: memberName('patroni1') } as const;
    const at = async () => ({ ...step, modRevision: await revision(), configRevision: asRead });
    await admin.put(config).value('{"ttl": 30, "pause": true}');
    expect(await port.send(await at(), grant)).toMatchObject({ effect: 'none' });
    expect(await holder()).toBe('patroni1');
    const now = freshValue(await port.keys())?.configRevision ?? 'none';
    expect((await port.send({ ...(await at()), configRevision: now }, grant)).effect).toBe('done');
    expect(await holder()).toBeNull();
  });

  test('the tenure that it was planned under has ended: it stays', async () => {
    const stale = { ...grant, epoch: '1' };
    expect((await remove('patroni1', await revision(), stale)).effect).toBe('none');
    expect(await holder()).toBe('patroni1');
  });

  test('it is gone already, as after an answer that was lost: that is done', async () => {
    const before = await revision();
    await admin.delete().key(LEADER);
    expect((await remove('patroni1', before)).effect).toBe('done');
  });
});
