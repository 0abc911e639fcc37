import type { Etcd3 } from 'etcd3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ConfigDocument } from '../../src/model/plan.js';
import { freshValue } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import { heldEtcd, programOf, type HeldEtcd } from './etcd-support.js';

const program = programOf('etcd');
if (program === null)
  console.warn('SKIPPED: writing the configuration needs the program etcd (Debian: etcd-server) on PATH');

const CONFIG = '/service/email-cluster/config';

describe.skipIf(program === null)("writing Patroni's configuration in a real etcd", () => {
  let etcd: HeldEtcd;
  let admin: Etcd3;
  let port: DcsPort;
  let grant: TenureGrant;

  const revision = async (): Promise<string> => freshValue(await port.keys())?.configRevision ?? 'none';
  const document = async (): Promise<unknown> => JSON.parse((await admin.get(CONFIG).string()) ?? 'null');
  const write = (patch: ConfigDocument, configRevision: string, by = grant) =>
    port.send({ port: 'dcs', call: 'write-config', patch, configRevision }, by);

  beforeAll(async () => {
    etcd = await heldEtcd(program ?? '');
    ({ admin, port, grant } = etcd);
  }, 60_000);

  beforeEach(() => admin.put(CONFIG).value('{"ttl":30,"postgresql":{"parameters":{"work_mem":"4MB"}}}'));

  afterAll(() => etcd.stop());

  test('revision and tenure match: it is merged, and what is not named stays', async () => {
    const reply = await write({ pause: true, postgresql: { parameters: { max_connections: 300 } } }, await revision());
    expect(reply).toMatchObject({ effect: 'done', revision: await revision() });
    expect(await document()).toEqual({
      ttl: 30,
      pause: true,
      postgresql: { parameters: { work_mem: '4MB', max_connections: 300 } },
    });
  });

  test('somebody else wrote in between: it stays as they left it', async () => {
    const before = await revision();
    await admin.put(CONFIG).value('{"ttl":40}');
    expect((await write({ ttl: 20 }, before)).effect).toBe('none');
    expect(await document()).toEqual({ ttl: 40 });
  });

  test('the tenure that it was planned under has ended: it stays', async () => {
    expect((await write({ ttl: 20 }, await revision(), { ...grant, epoch: '1' })).effect).toBe('none');
    expect(await document()).toMatchObject({ ttl: 30 });
  });

  test('a number that would lose digits, or no object: it stays', async () => {
    for (const text of ['{"big":9007199254740993}', '[1]']) {
      await admin.put(CONFIG).value(text);
      expect((await write({ ttl: 20 }, await revision())).effect).toBe('none');
      expect(await admin.get(CONFIG).string()).toBe(text);
    }
  });
});
