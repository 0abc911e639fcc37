import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTcp, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Etcd3 } from 'etcd3';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { fresh, freshValue, unknown } from '../../src/model/reading.js';
import type { Clock } from '../../src/ports/clock.js';
import type { DcsPort, TenureGrant } from '../../src/ports/dcs.js';
import type { HostPort } from '../../src/ports/host.js';
import { answeringEtcd, programOf, until, type EtcdLab } from './etcd-support.js';
import { asking, authority, lending, LocalDriver, RUNNING, stepOn, TOKEN, type PeersOf } from './peers-support.js';

const program = programOf('etcd');

describe.skipIf(program === null)('a host driver that another instance lends', () => {
  let lab: EtcdLab;
  let admin: Etcd3;
  const open: { close(): Promise<void> }[] = [];
  const kept = <T extends { close(): Promise<void> }>(part: T): T => {
    open.push(part);
    return part;
  };

  const dcs = (of: { readonly namespace?: string } = {}): DcsPort => {
    const config = lab.config(1_500);
    return kept(
      etcdAdapter({ ...config, dcs: { ...config.dcs, namespace: of.namespace ?? '/service/' } }, systemClock),
    );
  };
  const grantOf = async (port: DcsPort, owner: string): Promise<TenureGrant> => {
    const answer = await port.holdTenure(owner, 5_000);
    if (answer.kind !== 'held') throw new Error(JSON.stringify(answer));
    return answer.grant;
  };
  /** A lender of patroni2, and the holder of tenure, who asks it. */
  const pair = async (their: Partial<Parameters<typeof lending>[0]> = {}, mine: Parameters<typeof asking>[2] = {}) => {
    const lender = kept(await lending({ dcs: dcs(), peers: {}, ...their }));
    const own = dcs();
    const grant = await grantOf(own, 'holder');
    return { ...lender, port: kept(asking(lender.url, own, mine)), own, grant };
  };
  const other = (part: Partial<TenureGrant>, grant: TenureGrant): TenureGrant => ({ ...grant, ...part });

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

  test('tells the state, the log and who it is to whoever may ask', async () => {
    const { port, driver } = await pair();
    driver.lines = ['one', 'two'];
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'fresh', value: RUNNING });
    expect(await port.logs?.(memberHost('patroni2'), 30, 1_000)).toMatchObject({
      kind: 'fresh',
      value: ['one', 'two'],
    });
    expect(await port.disk?.(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'not-configured' });
    expect(await port.surplus?.(memberHost('patroni2'), { timeline: 3, from: '0/3000000' })).toMatchObject({
      kind: 'fresh',
      value: { timeline: 3, commits: 0, doubts: [] },
    });
    const [peer] = (await port.peers?.()) ?? [];
    expect(peer?.targets).toEqual([memberHost('patroni2'), storeHost('etcd2')]);
    expect(peer && freshValue(peer.told)).toMatchObject({
      instance: 'peer',
      driver: 'command',
      lends: [memberHost('patroni2')],
      blind: null,
      certificateEndsAtMs: null,
    });
    expect(Math.abs((peer && freshValue(peer.told)?.clockAheadMs) ?? 9_999)).toBeLessThan(1_000);
  });

  test('does what the holder of tenure asks, to the run that was looked at, once', async () => {
    const { port, driver, grant, told } = await pair();
    expect(await port.send(stepOn('kill', memberHost('patroni2'), 'run-1'), grant)).toMatchObject({
      effect: 'done',
      text: 'as told',
    });
    expect(await port.send({ ...stepOn('stop'), graceMs: 2_000 }, grant)).toMatchObject({ effect: 'done' });
    expect(driver.sent).toEqual([
      stepOn('kill', memberHost('patroni2'), 'run-1'),
      { ...stepOn('stop'), graceMs: 2_000 },
    ]);
    expect(told.map(({ level, fields }) => [level, fields['verb'], fields['by'], fields['epoch']])).toEqual([
      ['info', 'kill', 'holder', grant.epoch],
      ['info', 'stop', 'holder', grant.epoch],
    ]);
  });

  test.each<[string, (grant: TenureGrant, own: DcsPort) => Promise<TenureGrant | null> | TenureGrant | null, string]>([
    ['an old epoch', (grant) => other({ epoch: '1' }, grant), 'old-epoch'],
    ['the epoch under another name', (grant) => other({ owner: 'somebody' }, grant), 'old-epoch'],
    ['no tenure at all', () => null, 'no-tenure'],
    [
      'tenure that was given up since',
      async (grant, own) => {
        await own.releaseTenure(grant);
        return grant;
      },
      'old-epoch',
    ],
    [
      'tenure that another one has since',
      async (grant, own) => {
        await own.releaseTenure(grant);
        await grantOf(dcs(), 'next');
        return grant;
      },
      'old-epoch',
    ],
  ])('refuses %s, and nothing is done', async (_what, given, code) => {
    const { port, driver, grant, own, told } = await pair();
    const reply = await port.send(stepOn('kill'), await given(grant, own));
    expect(reply).toMatchObject({ effect: 'none', status: 409 });
    expect(reply.text).toContain(code);
    expect(driver.sent).toEqual([]);
    expect(told).toMatchObject([{ level: 'warn', fields: { code: 'PEER_REFUSED', refused: code } }]);
  });

  test.each<[string, Partial<PeersOf>]>([
    ['scope', { scope: 'other-cluster' }],
    ['namespace', { namespace: '/stage/' }],
  ])('of another cluster by its %s is not believed and does nothing', async (_what, their) => {
    const { port, driver, grant } = await pair(their);
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'none' });
    expect(driver.sent).toEqual([]);
  });

  test('of a copy of the cluster, with the same names, token and etcd path, is told from it by the system identifier', async () => {
    const seen =
      (systemIdentifier: string, grant: TenureGrant | null): DcsPort['seenTenure'] =>
      () =>
        Promise.resolve(fresh({ holder: grant, systemIdentifier }, 0, 'etcd'));
    const own = dcs();
    const grant = await grantOf(own, 'holder');
    const lender = kept(await lending({ dcs: { ...own, seenTenure: seen('2', grant) } as DcsPort, peers: {} }));
    const port = kept(asking(lender.url, { ...own, seenTenure: seen('1', grant) } as DcsPort));
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    expect((await port.send(stepOn('kill'), grant)).text).toContain('other-cluster');
    expect(lender.driver.sent).toEqual([]);
  });

  test('of a cluster that is being bootstrapped, whose identifier is there and empty, is asked and obeyed', async () => {
    await admin.put('/service/email-cluster/initialize').value('');
    const { port, driver, grant } = await pair();
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'fresh', value: RUNNING });
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'done' });
    expect(driver.sent).toHaveLength(1);
  });

  test.each<[string, number, string]>([
    ['a clock that is 20 s ahead', 20_000, 'clock'],
    ['a clock that is 20 s behind, or a request that lay for so long', -20_000, 'clock'],
  ])('refuses %s', async (_what, byMs, code) => {
    const mine: Clock = { ...systemClock, now: () => systemClock.now() + byMs };
    const { port, driver, grant } = await pair({}, { clock: mine });
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'fresh' });
    expect((await port.peers?.())?.[0]?.told).toMatchObject({
      value: { clockAheadMs: expect.closeTo(-byMs, -3) as number },
    });
    const reply = await port.send(stepOn('kill'), grant);
    expect(reply.effect).toBe('none');
    expect(reply.text).toContain(code);
    expect(driver.sent).toEqual([]);
  });

  test('whose clock was wrong at its start and is right now does what it is asked', async () => {
    let aheadMs = 3_600_000;
    const { port, driver, grant } = await pair({ clock: { ...systemClock, now: () => systemClock.now() + aheadMs } });
    await port.status(memberHost('patroni2'));
    aheadMs = 0;
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'done' });
    expect(driver.sent).toHaveLength(1);
  });

  test('refuses what is not beside it', async () => {
    const { port, driver, grant } = await pair({ own: [memberHost('patroni3')] });
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    expect((await port.send(stepOn('kill'), grant)).text).toContain('not-mine');
    expect(driver.sent).toEqual([]);
  });

  test('is asked with another token: it is told as denied, and nothing was done', async () => {
    const { port, driver, grant } = await pair({}, { peers: { token: 'another-token-of-somebody' } });
    expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'denied' });
    expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'none', status: 401 });
    expect(driver.sent).toEqual([]);
  });

  const post = (url: string, path: string, body: string | Buffer, token: string | null = TOKEN) =>
    fetch(new URL(path, url), {
      method: 'POST',
      body,
      headers: token === null ? {} : { authorization: `Bearer ${token}` },
    });
  const orderFor = (grant: TenureGrant, more: object = {}) => ({
    scope: 'email-cluster',
    namespace: '/service/',
    system: null,
    id: 'r1',
    target: memberHost('patroni2'),
    verb: 'kill',
    run: null,
    graceMs: null,
    tenure: grant,
    sentAtMs: Date.now(),
    deadlineMs: Date.now() + 3_000,
    ...more,
  });

  test.each([null, 'another-token-of-somebody', `${TOKEN}x`])('refuses the token %s', async (token) => {
    const { url, driver, grant, told } = await pair();
    const answer = await post(url, '/v1/act', JSON.stringify(orderFor(grant)), token);
    expect([answer.status, await answer.json()]).toMatchObject([401, { refused: 'unauthorised' }]);
    await post(url, '/v1/ask', '{}', token);
    expect(driver.sent).toEqual([]);
    expect(told).toMatchObject([{ fields: { code: 'PEER_UNAUTHORISED' } }]);
  });

  test('gives a repeated request its first answer and does it once, also while it is under way', async () => {
    const { url, driver, grant } = await pair();
    let letGo = (): void => undefined;
    driver.reply = () =>
      new Promise((resolve) => {
        letGo = () => {
          resolve({ effect: 'maybe', status: 500, text: 'half-way', tookMs: 7 });
        };
      });
    const body = JSON.stringify(orderFor(grant));
    const both = [post(url, '/v1/act', body), post(url, '/v1/act', body)];
    await until('it is under way', () => driver.sent.length === 1);
    letGo();
    const answers = await Promise.all((await Promise.all(both)).map((answer) => answer.json()));
    answers.push(await (await post(url, '/v1/act', body)).json());
    for (const answer of answers)
      expect(answer).toMatchObject({ id: 'r1', reply: { effect: 'maybe', text: 'half-way' } });
    expect(driver.sent).toHaveLength(1);
    const another = await post(url, '/v1/act', JSON.stringify(orderFor(grant, { verb: 'stop' })));
    expect([another.status, await another.json()]).toMatchObject([400, { refused: 'not-understood' }]);
    expect(driver.sent).toHaveLength(1);
  });

  test.each<[string, () => object, string]>([
    ['a deadline that is over', () => ({ deadlineMs: Date.now() - 1 }), 'late'],
    ['a deadline in an hour', () => ({ deadlineMs: Date.now() + 3_600_000 }), 'late'],
    ['what was sent before it started', () => ({ sentAtMs: Date.now() - 4_000 }), 'before-start'],
  ])('refuses %s', async (_what, more, code) => {
    const { url, driver, grant } = await pair();
    const answer = await post(url, '/v1/act', JSON.stringify(orderFor(grant, more())));
    expect([answer.status, await answer.json()]).toMatchObject([409, { refused: code }]);
    expect(driver.sent).toEqual([]);
  });

  test.each<[string, string, string | Buffer, number]>([
    ['megabytes', '/v1/act', Buffer.alloc(3_000_000, 0x20), 400],
    ['no JSON', '/v1/act', 'stop it', 400],
    ['a verb that nobody knows', '/v1/act', JSON.stringify({ verb: 'explode' }), 400],
    ['another path', '/v1/shell', '{}', 400],
  ])('refuses %s', async (_what, path, body, status) => {
    const { url, driver } = await pair();
    const answer = await post(url, path, body).catch(() => null);
    if (answer !== null)
      expect([answer.status, await answer.json()]).toMatchObject([status, { refused: 'not-understood' }]);
    else expect(body).toHaveLength(3_000_000);
    expect(driver.sent).toEqual([]);
  });

  test('serves so many requests at once, and tells the next one to come again', async () => {
    const { url, driver, grant } = await pair();
    const ends: (() => void)[] = [];
    driver.reply = () =>
      new Promise((resolve) => {
        ends.push(() => {
          resolve({ effect: 'done', status: null, text: '', tookMs: 0 });
        });
      });
    const sent = (id: string) => post(url, '/v1/act', JSON.stringify(orderFor(grant, { id })));
    const first = Array.from({ length: 8 }, (_, index) => sent(`r${index}`));
    await until('eight are under way', () => driver.sent.length === 8);
    const ninth = await sent('r9');
    expect([ninth.status, await ninth.json()]).toMatchObject([503, { refused: 'busy' }]);
    for (const end of ends) end();
    await Promise.all(first);
  });

  test('does nothing where it took too long to learn who holds tenure: another may have it by then', async () => {
    const real = dcs();
    const slow = {
      ...real,
      seenTenure: async () => {
        const seen = await real.seenTenure?.();
        await new Promise((resolve) => setTimeout(resolve, 1_700));
        return seen;
      },
    } as DcsPort;
    const { port, driver, grant } = await pair({ dcs: slow }, { deadlineMs: 4_000 });
    const reply = await port.send(stepOn('kill'), grant);
    expect([reply.effect, driver.sent]).toEqual(['none', []]);
    expect(reply.text).toContain('late');
  });

  test('tells at once that something changed beside it, and that the way to it is gone', async () => {
    const { port, driver, close } = await pair();
    const woken: string[] = [];
    const stop = port.onEvent((what) => woken.push(what));
    await until('it listens to its own driver', () => driver.wake !== null);
    driver.wake?.('patroni2: die');
    await until('we are woken', () => woken.length === 1);
    await close();
    await until('and again', () => woken.length === 2);
    stop();
  });

  describe('when etcd does not answer', () => {
    const silent = (): DcsPort => ({
      ...dcs(),
      seenTenure: () => Promise.resolve(unknown('no-quorum', 'no leader', 0, 'etcd')),
    });
    const stopped = { ...RUNNING, state: 'stopped' as const, id: 'etcd-run' };
    const both = [memberHost('patroni2'), storeHost('etcd2')];
    const sent = async (driver: LocalDriver, step: Parameters<HostPort['send']>[0], where = silent()) => {
      const { port, grant } = await pair({ dcs: where, own: both, driver });
      const named = await port.send(step, grant);
      const unnamed = await port.send(step, null);
      return [named.effect, unnamed.effect];
    };

    test('starts an etcd member that its own driver shows to be stopped, for that is what may end it', async () => {
      const driver = new LocalDriver();
      driver.state = fresh(stopped, 0, 'here');
      expect(await sent(driver, stepOn('start', storeHost('etcd2'), 'etcd-run'))).toEqual(['done', 'done']);
      expect(driver.sent).toHaveLength(2);
    });

    test('starts it also where etcd lets it wait for its silence: that is how an etcd without a majority is silent', async () => {
      const waits = (): DcsPort => ({
        ...silent(),
        seenTenure: async () => {
          await new Promise((resolve) => setTimeout(resolve, 1_700));
          return unknown('timeout', 'no answer in time', 0, 'etcd');
        },
      });
      const driver = stoppedDriver();
      const { port, grant } = await pair({ dcs: waits(), own: both, driver }, { deadlineMs: 4_000 });
      const reply = await port.send(stepOn('start', storeHost('etcd2'), 'etcd-run'), grant);
      expect([reply.effect, driver.sent.length]).toEqual(['done', 1]);
    });

    test.each<[string, () => LocalDriver, Parameters<HostPort['send']>[0]]>([
      ['starts no member', () => stoppedDriver(), stepOn('start', memberHost('patroni2'), 'etcd-run')],
      ['stops no etcd member', () => stoppedDriver(), stepOn('stop', storeHost('etcd2'), 'etcd-run')],
      ['starts no other run', () => stoppedDriver(), stepOn('start', storeHost('etcd2'), 'another')],
      ['starts none that nobody looked at', () => stoppedDriver(), stepOn('start', storeHost('etcd2'))],
      ['starts none that runs', () => new LocalDriver(), stepOn('start', storeHost('etcd2'), 'run-1')],
    ])('%s', async (_what, driver, step) => {
      const local = driver();
      expect(await sent(local, step)).toEqual(['none', 'none']);
      expect(local.sent).toEqual([]);
    });

    const stoppedDriver = (): LocalDriver => {
      const driver = new LocalDriver();
      driver.state = fresh(stopped, 0, 'here');
      return driver;
    };

    test('and starts none without tenure where etcd answers', async () => {
      const driver = stoppedDriver();
      const step = stepOn('start', storeHost('etcd2'), 'etcd-run');
      expect(await sent(driver, step, dcs())).toEqual(['done', 'none']);
      expect(driver.sent).toHaveLength(1);
    });
  });

  test('its own member goes through its own driver, by the same rule', async () => {
    const driver = new LocalDriver();
    const own = dcs();
    const grant = await grantOf(own, 'holder');
    const { peersAdapter } = await import('../../src/adapters/hosts/peers/peers-adapter.js');
    const { peersCluster } = await import('./peers-support.js');
    const port = kept(
      peersAdapter(peersCluster({ own: [memberHost('patroni1')], peers: {} }), systemClock, driver, own),
    );
    expect(await port.status(memberHost('patroni1'))).toMatchObject({ kind: 'fresh' });
    expect(await port.send(stepOn('kill', memberHost('patroni1')), { ...grant, epoch: '1' })).toMatchObject({
      effect: 'none',
    });
    expect(driver.sent).toEqual([]);
    expect(await port.send(stepOn('kill', memberHost('patroni1')), grant)).toMatchObject({ effect: 'done' });
    expect(await port.send(stepOn('kill', memberHost('patroni3')), grant)).toMatchObject({ effect: 'none' });
  });

  describe('that does not answer as it should', () => {
    const servers: (Server | TcpServer)[] = [];
    afterEach(async () => {
      for (const server of servers.splice(0)) {
        if ('closeAllConnections' in server) server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    });
    const at = async (server: Server | TcpServer): Promise<string> => {
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const address = server.address();
      return `http://127.0.0.1:${typeof address === 'object' ? (address?.port ?? 0) : 0}`;
    };

    test.each<[string, () => Server | TcpServer, string]>([
      ['hangs', () => createServer(() => undefined), 'timeout'],
      ['dies in the midst of it', () => createServer((incoming) => incoming.socket.destroy()), 'closed'],
      ['answers with megabytes', () => createServer((_, out) => out.end(Buffer.alloc(6_000_000, 0x61))), 'bad-reply'],
      ['answers like a web server', () => createServer((_, out) => out.end('<html>hello</html>')), 'bad-reply'],
      [
        'speaks no HTTP',
        () => createTcp((socket) => socket.end('220 mail ready\r\n', () => socket.destroy())),
        'bad-reply',
      ],
    ])('%s: nothing is proven, and what was asked for may have been done', async (_what, server, fault) => {
      const own = dcs();
      const grant = await grantOf(own, 'holder');
      const port = kept(asking(await at(server()), own, { deadlineMs: 400 }));
      expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault });
      if (fault === 'timeout') return;
      expect(await port.send(stepOn('start'), grant)).toMatchObject({ effect: 'maybe' });
    });

    test('hangs: a request that went out may have been done', async () => {
      const own = dcs();
      const grant = await grantOf(own, 'holder');
      const port = kept(asking(await at(createServer(() => undefined)), own, { deadlineMs: 100 }));
      expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'maybe' });
    });

    test('is not there: nothing is proven of what stands beside it, and nothing was sent', async () => {
      const server = createServer();
      const url = await at(server);
      await new Promise((resolve) => servers.splice(0)[0]?.close(resolve));
      const own = dcs();
      const port = kept(asking(url, own));
      expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'refused' });
      expect(await port.send(stepOn('kill'), await grantOf(own, 'holder'))).toMatchObject({
        effect: 'none',
        status: null,
      });
    });

    test('answers for another target: it is not believed', async () => {
      const from = { scope: 'email-cluster', namespace: '/service/', system: null, instance: 'x', nowMs: Date.now() };
      const reading = { kind: 'known', value: { ...RUNNING, state: 'stopped' } };
      const url = await at(
        createServer((_, out) => out.end(JSON.stringify({ from, target: memberHost('patroni1'), reading }))),
      );
      const port = kept(asking(url, dcs()));
      expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown', fault: 'wrong-scope' });
    });
  });

  describe('with certificates', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ekimi-peers-'));
    afterAll(() => {
      rmSync(folder, { recursive: true, force: true });
    });

    test('takes only clients of its authority; each end is told from a stranger', async () => {
      const [ours, theirs] = [authority(join(folder, 'ours')), authority(join(folder, 'theirs'))];
      const server = ours('server');
      const { url, driver, grant, own, port } = await pair(
        { peers: { tls: server, token: null } },
        { peers: { tls: ours('client'), token: null } },
      );
      expect(url).toMatch(/^https:/);
      expect(await port.status(memberHost('patroni2'))).toMatchObject({ kind: 'fresh' });
      expect(await port.send(stepOn('kill'), grant)).toMatchObject({ effect: 'done' });
      const [peer] = (await port.peers?.()) ?? [];
      expect((peer && freshValue(peer.told)?.certificateEndsAtMs) ?? 0).toBeGreaterThan(Date.now());
      const foreign = theirs('client');
      for (const tls of [
        // Another authority's certificate, trusting ours; none at all; and one that does not trust the server.
        { ...foreign, ca: server.ca },
        { ...server, cert: null, key: null },
        foreign,
      ]) {
        const stranger = kept(asking(url, own, { peers: { tls, token: null } }));
        expect(await stranger.status(memberHost('patroni2'))).toMatchObject({ kind: 'unknown' });
        expect((await stranger.send(stepOn('kill'), grant)).effect).not.toBe('done');
      }
      expect(driver.sent).toHaveLength(1);
    });

    test('with neither a token nor an authority it does not open', async () => {
      await expect(lending({ dcs: dcs(), peers: { token: null } })).rejects.toThrow(/token/);
    });
  });
});
