import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { peersAdapter } from '../../src/adapters/hosts/peers/peers-adapter.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { fresh, unknown } from '../../src/model/reading.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import type { HostPort } from '../../src/ports/host.js';
import { answeringEtcd, programOf, until, type EtcdLab } from './etcd-support.js';
import { asking, CONTROL, lending, LocalDriver, peersCluster, TOKEN, type PeersOf } from './peers-support.js';

const program = programOf('etcd');
const ONE = memberHost('patroni2');
const STORE = storeHost('etcd2');
const MOVE = { id: 'run-1', suffix: 'ekimi-1' };

describe.skipIf(program === null)('data directories that another instance lends', () => {
  let lab: EtcdLab;
  let admin: Etcd3;
  const open: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(part: T): T => {
    open.push(part);
    return part;
  };
  const dcs = (): DcsPort => kept(etcdAdapter(lab.config(1_500), systemClock));
  const grantOf = async (port: DcsPort, owner: string): Promise<TenureGrant> => {
    const answer = await port.holdTenure(owner, 5_000);
    if (answer.kind !== 'held') throw new Error(JSON.stringify(answer));
    return answer.grant;
  };
  /** A lender of patroni2 and etcd2, and the holder of tenure, who asks it. */
  const pair = async (their: Partial<Parameters<typeof lending>[0]> = {}) => {
    const lender = kept(await lending({ dcs: dcs(), own: [ONE, STORE], ...their }));
    const own = dcs();
    const grant = await grantOf(own, 'holder');
    return { ...lender, port: kept(asking(lender.url, own)), own, grant };
  };
  const move = (port: HostPort, grant: TenureGrant | null, target = ONE) => port.moveAside?.(target, MOVE, grant);
  const remove = (port: HostPort, grant: TenureGrant | null) => port.removeAside?.(ONE, 'pg.ekimi-1', grant);

  beforeAll(async () => {
    ({ lab, admin } = await answeringEtcd(program ?? ''));
  }, 60_000);
  afterEach(async () => {
    for (const part of open.splice(0).reverse()) await part.close();
    await admin.delete().all();
  });
  afterAll(async () => {
    admin.close();
    await lab.stop();
  });

  test('are told of to whoever may ask, whole', async () => {
    const { port } = await pair();
    expect(await port.controldata?.(ONE)).toMatchObject({ kind: 'fresh', value: CONTROL });
    expect(await port.storeData?.(STORE)).toMatchObject({
      kind: 'fresh',
      value: { holds: 'member', whyNotAside: 'it is a mount point' },
    });
    expect(await port.listAside?.(ONE)).toMatchObject({
      kind: 'fresh',
      value: [{ name: 'pg.ekimi-1', path: '/d/pg.ekimi-1', bytes: null }],
    });
  });

  test('are not told of by a driver that has nothing of it, and none is moved', async () => {
    const driver = new LocalDriver();
    for (const name of ['controldata', 'storeData', 'listAside', 'moveAside', 'removeAside'])
      Reflect.deleteProperty(driver, name);
    const { port, grant } = await pair({ driver });
    const none = { kind: 'unknown', fault: 'not-configured' };
    expect(await port.controldata?.(ONE)).toMatchObject(none);
    expect(await port.storeData?.(STORE)).toMatchObject(none);
    expect(await port.listAside?.(ONE)).toMatchObject(none);
    for (const reply of [await move(port, grant), await remove(port, grant)]) {
      expect(reply?.effect).toBe('none');
      expect(reply?.text).toContain('does nothing of that kind');
    }
  });

  test('that the driver there cannot read are told with its reason', async () => {
    const driver = new LocalDriver();
    driver.controldata = () => Promise.resolve(unknown('denied', 'it may not be read', 0, 'here'));
    const { port } = await pair({ driver });
    const reading = await port.controldata?.(ONE);
    expect(reading).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(reading?.kind === 'unknown' && reading.reason).toContain('it may not be read');
  });

  test('are listed once for all who ask at one time: its driver may begin something for each', async () => {
    const driver = new LocalDriver();
    let letGo = (): void => undefined;
    const wait = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    driver.list = async () => {
      await wait;
      return fresh([], 0, 'here');
    };
    const { port, url } = await pair({ driver });
    const other = kept(asking(url, dcs()));
    const list = (by: HostPort) => by.listAside?.(ONE) ?? Promise.reject(new Error('it lists nothing'));
    const both = [list(port), list(other)];
    await until('the first is under way', () => driver.lists === 1);
    await new Promise((resolve) => setTimeout(resolve, 200));
    letGo();
    for (const reading of await Promise.all(both)) expect(reading).toMatchObject({ kind: 'fresh', value: [] });
    expect(driver.lists).toBe(1);
    await list(port);
    expect(driver.lists).toBe(2);
  });

  test('are moved and removed for the holder of tenure, by the run that was looked at and by name', async () => {
    const { port, driver, grant, told } = await pair();
    expect(await move(port, grant)).toMatchObject({ effect: 'done', to: '/d/pg.ekimi-1', bytes: 4_096 });
    expect(await remove(port, grant)).toMatchObject({ effect: 'done', text: 'as told' });
    expect(driver.asides).toEqual([
      { target: ONE, ...MOVE },
      { target: ONE, name: 'pg.ekimi-1' },
    ]);
    expect(told.map(({ fields }) => [fields['verb'], fields['by'], fields['suffix'] ?? fields['directory']])).toEqual([
      ['move', 'holder', 'ekimi-1'],
      ['remove', 'holder', 'pg.ekimi-1'],
    ]);
  });

  test('stay where the driver there refuses: another run, a mount point', async () => {
    const driver = new LocalDriver();
    driver.moved = () =>
      Promise.resolve({ effect: 'none', status: null, text: 'another run', to: null, bytes: null, tookMs: 1 });
    const { port, grant } = await pair({ driver });
    expect(await move(port, grant)).toMatchObject({ effect: 'none', text: 'another run', to: null });
  });

  test.each<[string, (grant: TenureGrant, own: DcsPort) => Promise<TenureGrant | null> | TenureGrant | null, string]>([
    ['an old epoch', (grant) => ({ ...grant, epoch: '1' }), 'old-epoch'],
    ['the epoch under another name', (grant) => ({ ...grant, owner: 'somebody' }), 'old-epoch'],
    ['no tenure at all', () => null, 'no-tenure'],
    [
      'tenure that another one has since',
      async (grant, own) => {
        await own.releaseTenure(grant);
        await grantOf(dcs(), 'next');
        return grant;
      },
      'old-epoch',
    ],
  ])('stay under %s', async (_what, given, code) => {
    const { port, driver, grant, own, told } = await pair();
    const now = await given(grant, own);
    for (const reply of [await move(port, now), await move(port, now, STORE), await remove(port, now)]) {
      expect(reply).toMatchObject({ effect: 'none', status: 409 });
      expect(reply?.text).toContain(code);
    }
    expect(driver.asides).toEqual([]);
    expect(told.map(({ level, fields }) => [level, fields['refused']])).toEqual(Array(3).fill(['warn', code]));
  });

  test('beside the one that asks stay by the same rule', async () => {
    const driver = new LocalDriver();
    const own = dcs();
    const grant = await grantOf(own, 'holder');
    const port = kept(peersAdapter(peersCluster({ own: [ONE] }), systemClock, driver, own));
    expect(await move(port, { ...grant, epoch: '1' })).toMatchObject({ effect: 'none', to: null });
    expect(await remove(port, null)).toMatchObject({ effect: 'none' });
    expect(driver.asides).toEqual([]);
    expect(await move(port, grant)).toMatchObject({ effect: 'done', to: '/d/pg.ekimi-1' });
    expect(await port.controldata?.(ONE)).toMatchObject({ kind: 'fresh' });
    expect(await port.listAside?.(ONE)).toMatchObject({ kind: 'fresh' });
  });

  test.each<[string, Partial<PeersOf>]>([
    ['scope', { scope: 'other-cluster' }],
    ['namespace', { namespace: '/stage/' }],
  ])('of another cluster by its %s are not believed and stay', async (_what, their) => {
    const { port, driver, grant } = await pair(their);
    const other = { kind: 'unknown', fault: 'wrong-scope' };
    expect(await port.controldata?.(ONE)).toMatchObject(other);
    expect(await port.storeData?.(STORE)).toMatchObject(other);
    expect(await port.listAside?.(ONE)).toMatchObject(other);
    expect(await move(port, grant)).toMatchObject({ effect: 'none', to: null });
    expect(await remove(port, grant)).toMatchObject({ effect: 'none' });
    expect(driver.asides).toEqual([]);
  });

  test('stay while etcd does not answer: nobody can say who holds tenure', async () => {
    const silent: DcsPort = {
      ...dcs(),
      seenTenure: () => Promise.resolve(unknown('timeout', 'no answer in time', 0, 'etcd')),
    };
    const driver = new LocalDriver();
    const { port, grant } = await pair({ dcs: silent, driver });
    for (const reply of [await move(port, grant), await move(port, grant, STORE), await remove(port, grant)])
      expect(reply?.text).toContain('etcd-silent');
    expect(driver.asides).toEqual([]);
  });

  const post = (url: string, body: object) =>
    fetch(new URL('/v1/act', url), {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { authorization: `Bearer ${TOKEN}` },
    });
  const orderFor = (grant: TenureGrant, more: object) => ({
    ...{ scope: 'email-cluster', namespace: '/service/', system: null, id: 'r1', target: ONE, tenure: grant },
    ...{ sentAtMs: Date.now(), deadlineMs: Date.now() + 3_000 },
    ...more,
  });

  test('are moved once by a request that comes twice, also while it is under way; nothing else goes by its id', async () => {
    const driver = new LocalDriver();
    const { url, grant } = await pair({ driver });
    const moved = driver.moved;
    let letGo = (): void => undefined;
    driver.moved = () =>
      new Promise((resolve) => {
        letGo = () => {
          resolve(moved());
        };
      });
    const asked = { verb: 'move', run: 'run-1', suffix: 'ekimi-1' };
    const body = orderFor(grant, asked);
    const both = [post(url, body), post(url, body)];
    await until('it is under way', () => driver.asides.length === 1);
    letGo();
    const answers = await Promise.all([...(await Promise.all(both)), await post(url, body)].map((one) => one.json()));
    for (const answer of answers) expect(answer).toMatchObject({ id: 'r1', reply: { to: '/d/pg.ekimi-1' } });
    for (const more of [
      { ...asked, suffix: 'ekimi-2' },
      { ...asked, run: 'run-2' },
      { verb: 'remove', directory: 'pg.ekimi-1' },
      { verb: 'kill', run: 'run-1', graceMs: null },
    ]) {
      const another = await post(url, orderFor(grant, more));
      expect([another.status, await another.json()]).toMatchObject([400, { refused: 'not-understood' }]);
    }
    expect(driver.asides).toHaveLength(1);
    expect(driver.sent).toEqual([]);
  });

  test.each<[string, object]>([
    ['no run', { verb: 'move', suffix: 'ekimi-1' }],
    ['a run of null', { verb: 'move', run: null, suffix: 'ekimi-1' }],
    ['no suffix', { verb: 'move', run: 'run-1' }],
    ['no name', { verb: 'remove' }],
    ['an empty name', { verb: 'remove', directory: '' }],
    ['a name without end', { verb: 'remove', directory: 'x'.repeat(301) }],
  ])('stay for a request with %s', async (_what, more) => {
    const { url, driver, grant } = await pair();
    const answer = await post(url, orderFor(grant, more));
    expect([answer.status, await answer.json()]).toMatchObject([400, { refused: 'not-understood' }]);
    expect(driver.asides).toEqual([]);
  });

  describe('of one that does not answer as it should', () => {
    const servers: Server[] = [];
    afterEach(async () => {
      for (const server of servers.splice(0)) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });
    /** Answers each request with what is made of it. */
    const at = async (answer: (asked: Readonly<Record<string, unknown>>) => object): Promise<string> => {
      const server = createServer((incoming, out) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('end', () => {
          const asked = JSON.parse(Buffer.concat(chunks).toString()) as Readonly<Record<string, unknown>>;
          const from = { ...{ scope: 'email-cluster', namespace: '/service/', system: null }, instance: 'x', nowMs: 1 };
          const said = answer(asked);
          out.statusCode = 'refused' in said ? 400 : 200;
          out.end(JSON.stringify({ from, target: asked['target'], id: asked['id'], ...said }));
        });
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    };
    const done = { effect: 'done', status: null, text: 'done', tookMs: 1 };

    test.each<[string, object]>([
      ['does not say where it is', done],
      ['names another place', { ...done, to: '/d/pg.ekimi-9', bytes: 1 }],
      ['names a place without end', { ...done, to: `/${'x'.repeat(5_000)}.ekimi-1`, bytes: 1 }],
      ['says nothing that is known', { effect: 'perhaps' }],
    ])('one that %s may have moved it', async (_what, reply) => {
      const own = dcs();
      const port = kept(asking(await at(() => ({ reply })), own));
      expect(await move(port, await grantOf(own, 'holder'))).toMatchObject({ effect: 'maybe', to: null });
    });

    test.each<[string, object]>([
      ['nonsense', { holds: 'perhaps', timeline: -1 }],
      ['a text', 'in production' as unknown as object],
      ['a list', [{ name: 'x' }]],
    ])('one that tells %s tells nothing', async (_what, value) => {
      const port = kept(asking(await at(() => ({ reading: { kind: 'known', value } })), dcs()));
      const none = { kind: 'unknown', fault: 'bad-reply' };
      expect(await port.controldata?.(ONE)).toMatchObject(none);
      expect(await port.storeData?.(STORE)).toMatchObject(none);
      expect(await port.listAside?.(ONE)).toMatchObject(none);
    });

    test('one of before, which knows nothing of it, tells nothing and does nothing', async () => {
      const url = await at(() => ({ refused: 'not-understood', because: 'it is no request that this version knows' }));
      const own = dcs();
      const port = kept(asking(url, own));
      expect(await port.controldata?.(ONE)).toMatchObject({ kind: 'unknown' });
      expect(await move(port, await grantOf(own, 'holder'))).toMatchObject({ effect: 'none', to: null });
    });
  });
});
