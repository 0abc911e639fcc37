import { describe, expect, test } from 'vitest';
import { memberHost } from '../../../src/model/host.js';
import { memberName } from '../../../src/model/names.js';
import type { Json, Step } from '../../../src/model/plan.js';
import { freshValue, type Reading } from '../../../src/model/reading.js';
import type { CutFrom } from '../../../src/simulator/state.js';
import { createCluster, type SimulatedCluster } from '../../../src/simulator/world.js';
import { proxyOf } from '../../support/proxies.js';

const P1 = memberName('patroni1');
const P2 = memberName('patroni2');
const P3 = memberName('patroni3');
const MB = 1024 * 1024;

const faultOf = (reading: Reading<unknown>): string => (reading.kind === 'unknown' ? reading.fault : reading.kind);

function post(
  member: string,
  path: Extract<Step, { port: 'patroni' }>['path'],
  body: Json = {},
): Extract<Step, { port: 'patroni' }> {
  return { port: 'patroni', member: memberName(member), method: 'POST', path, body, timeoutMs: 30_000 };
}

describe('what a reading says when something is broken', () => {
  const cases: readonly {
    when: string;
    break: (cluster: SimulatedCluster) => void;
    api: string;
    sql: string;
    host: string;
  }[] = [
    { when: 'all is well', break: () => undefined, api: 'fresh', sql: 'fresh', host: 'running' },
    {
      when: 'container killed',
      break: (c) => {
        c.killContainer('patroni2');
      },
      api: 'refused',
      sql: 'refused',
      host: 'stopped',
    },
    {
      when: 'container paused',
      break: (c) => {
        c.pauseContainer('patroni2');
      },
      api: 'timeout',
      sql: 'timeout',
      host: 'paused',
    },
    {
      when: 'Patroni frozen',
      break: (c) => {
        c.freezePatroni('patroni2');
      },
      api: 'timeout',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'Patroni dead',
      break: (c) => {
        c.killPatroni('patroni2');
      },
      api: 'refused',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'PostgreSQL frozen',
      break: (c) => {
        c.freezePostgres('patroni2');
      },
      api: 'fresh',
      sql: 'timeout',
      host: 'running',
    },
    {
      when: 'postmaster killed',
      break: (c) => {
        c.stopPostgres('patroni2');
      },
      api: 'fresh',
      sql: 'refused',
      host: 'running',
    },
    {
      when: 'cut off from us',
      break: (c) => {
        c.partition('patroni2', 'observer');
      },
      api: 'timeout',
      sql: 'timeout',
      host: 'running',
    },
    {
      when: 'cut off from etcd',
      break: (c) => {
        c.partition('patroni2', 'dcs');
      },
      api: 'fresh',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'API too slow',
      break: (c) => {
        c.slowApi('patroni2', 5000);
      },
      api: 'timeout',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'API slow but in time',
      break: (c) => {
        c.slowApi('patroni2', 500);
      },
      api: 'fresh',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'API answers nonsense',
      break: (c) => {
        c.garbageApi('patroni2');
      },
      api: 'bad-reply',
      sql: 'fresh',
      host: 'running',
    },
    {
      when: 'another cluster answers',
      break: (c) => {
        c.wrongScope('patroni2');
      },
      api: 'wrong-scope',
      sql: 'fresh',
      host: 'running',
    },
  ];
  test.each(cases)('$when: API $api, SQL $sql, host $host', async (row) => {
    const cluster = createCluster();
    row.break(cluster);
    const { patroni, postgres, host } = cluster.ports();
    expect(faultOf(await patroni.status(P2))).toBe(row.api);
    expect(faultOf(await postgres.status(P2))).toBe(row.sql);
    expect(freshValue(await host.status(memberHost(P2)))?.state).toBe(row.host);
  });

  test('we are cut off from everything: every port says that it does not know', async () => {
    const cluster = createCluster();
    cluster.cutObserver('all');
    const { patroni, postgres, proxies, host, dcs, tags } = cluster.ports();
    const proxy = proxyOf({ proxies });
    const readings = [
      await patroni.status(P1),
      await postgres.status(P1),
      await proxy.view(),
      await host.status(memberHost(P1)),
      await dcs.keys(),
      await tags.read(P1),
    ];
    expect(readings.map(faultOf)).toEqual(['timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'timeout']);
    cluster.healObserver();
    expect(faultOf(await dcs.keys())).toBe('fresh');
  });

  test('starting PostgreSQL hangs up on SQL, and Patroni says starting', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    cluster.stopPostgres('patroni2');
    const { patroni, postgres } = cluster.ports();
    while (cluster.inspect('patroni2').postgres.process !== 'starting') cluster.advance(100);
    expect(faultOf(await postgres.status(P2))).toBe('closed');
    expect(freshValue(await patroni.status(P2))).toMatchObject({
      state: 'starting',
      role: 'replica',
      timeline: null,
      xlog: null,
    });
  });

  test.each<CutFrom>(['dcs', 'peers', 'proxy', 'observer'])('a partition from %s ends with heal', async (from) => {
    const cluster = createCluster();
    cluster.partition('patroni3', from);
    cluster.advance(60_000);
    cluster.heal('patroni3');
    cluster.advance(40_000);
    expect(faultOf(await cluster.ports().patroni.cluster(P3))).toBe('fresh');
    expect(cluster.inspect('patroni3').postgres.streaming).toBe(true);
    expect(cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('UP');
  });
});

describe('versions of Patroni', () => {
  test('3.0.2: a streaming replica is running, and nothing says that it streams', async () => {
    const cluster = createCluster({ patroniVersion: '3.0.2' });
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    expect(freshValue(await patroni.status(P2))).toMatchObject({
      role: 'replica',
      state: 'running',
      replicationState: null,
      name: null,
    });
    expect(freshValue(await patroni.cluster(P2))?.rows.map((row) => row.stateText)).toEqual([
      'running',
      'running',
      'running',
    ]);
    expect(freshValue(await patroni.metrics(P1))?.values['patroni_master']).toBe(1);
  });

  test('4.1.4: a streaming replica says so in its row and in its own status', async () => {
    const cluster = createCluster({ patroniVersion: '4.1.4' });
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    expect(freshValue(await patroni.status(P2))).toMatchObject({
      state: 'running',
      replicationState: 'streaming',
      name: 'patroni2',
    });
    expect(freshValue(await patroni.cluster(P2))?.rows.map((row) => row.state)).toEqual([
      'running',
      'streaming',
      'streaming',
    ]);
    expect(freshValue(await patroni.metrics(P1))?.values['patroni_master']).toBeUndefined();
  });
});

describe('replication', () => {
  test('a slow link: SQL, API and after a loop /cluster show the same order of lag, and it goes away', async () => {
    const cluster = createCluster();
    const { patroni, postgres } = cluster.ports();
    cluster.setLoad(20 * MB);
    cluster.lag('patroni3', 2 * MB);
    cluster.advance(20_000);
    const behind =
      freshValue(await postgres.status(P1))?.replicas.find((row) => row.applicationName === 'patroni3')?.lagBytes ?? 0;
    expect(behind).toBeGreaterThan(300 * MB);
    const row = freshValue(await patroni.cluster(P2))?.rows.find((other) => other.name === P3);
    expect(row?.lagBytes).toBeGreaterThan(100 * MB);
    cluster.setLoad(0);
    cluster.healLag('patroni3');
    cluster.advance(20_000);
    expect(freshValue(await postgres.status(P1))?.replicas.map((other) => other.lagBytes)).toEqual([0, 0]);
  });

  test('replay stopped: received goes on, replayed stands, and /cluster shows no lag at all', async () => {
    const cluster = createCluster();
    const { patroni, postgres } = cluster.ports();
    cluster.setLoad(5 * MB);
    cluster.lag('patroni3', 'stop-replay');
    cluster.advance(20_000);
    cluster.setLoad(0);
    cluster.advance(20_000);
    const sql = freshValue(await postgres.status(P3));
    expect(Number((sql?.receiveLsn ?? 0n) - (sql?.replayLsn ?? 0n))).toBe(100 * MB);
    expect(freshValue(await patroni.cluster(P2))?.rows.find((row) => row.name === P3)?.lagBytes).toBe(0);
  });

  test('a query blocks replay until its backend, and no other, is cancelled', async () => {
    const cluster = createCluster();
    const { postgres } = cluster.ports();
    const pid = cluster.blockReplay('patroni2', 'SELECT pg_sleep(3600)', { forMs: 60_000 });
    cluster.advance(10_000);
    const blocker = freshValue(await postgres.status(P2))?.blockers[0];
    expect(blocker).toMatchObject({ pid, user: 'report', confirmed: true, xactAgeMs: 70_000 });
    const cancel = { port: 'sql', member: P2, statement: 'cancel-backend', pid } as const;
    expect((await postgres.send({ ...cancel, backendStart: 'another' })).effect).toBe('none');
    expect(freshValue(await postgres.status(P2))?.blockers).toHaveLength(1);
    expect((await postgres.send({ ...cancel, backendStart: blocker?.backendStart ?? '' })).effect).toBe('done');
    cluster.advance(5000);
    const sql = freshValue(await postgres.status(P2));
    expect(sql?.blockers).toEqual([]);
    expect(sql?.replayLsn).toBe(sql?.receiveLsn);
  });

  test('a stubborn backend survives a cancel and ends by terminate', async () => {
    const cluster = createCluster();
    const { postgres } = cluster.ports();
    const pid = cluster.blockReplay('patroni2', 'SELECT 1', { stubborn: true });
    const backendStart = freshValue(await postgres.status(P2))?.blockers[0]?.backendStart ?? '';
    await postgres.send({ port: 'sql', member: P2, statement: 'cancel-backend', pid, backendStart });
    expect(freshValue(await postgres.status(P2))?.blockers).toHaveLength(1);
    await postgres.send({ port: 'sql', member: P2, statement: 'terminate-backend', pid, backendStart });
    expect(freshValue(await postgres.status(P2))?.blockers).toHaveLength(0);
  });

  test('WAL removed on the leader: the replica runs, does not stream, is in no list, until it is reinitialized', async () => {
    const cluster = createCluster();
    const { patroni, postgres } = cluster.ports();
    cluster.walGap('patroni2');
    cluster.advance(15_000);
    expect(freshValue(await patroni.status(P2))).toMatchObject({ state: 'running', replicationState: null });
    expect(freshValue(await patroni.cluster(P1))?.rows[1]?.state).toBe('running');
    const leader = freshValue(await postgres.status(P1));
    expect(leader?.replicas.map((row) => row.applicationName)).toEqual(['patroni3']);
    expect(leader?.slots.find((slot) => slot.name === 'patroni2')).toMatchObject({ active: false, walStatus: 'lost' });
    expect(await patroni.send(post('patroni2', '/reinitialize'))).toMatchObject({
      status: 200,
      text: 'reinitialize started',
    });
    cluster.advance(20_000);
    expect(freshValue(await postgres.status(P1))?.replicas.map((row) => row.applicationName)).toEqual([
      'patroni2',
      'patroni3',
    ]);
  });
});

describe('sends', () => {
  test('reinitialize: Patroni refuses on the leader, without a leader, and while one is under way', async () => {
    const cluster = createCluster();
    const { patroni } = cluster.ports();
    expect(await patroni.send(post('patroni1', '/reinitialize'))).toMatchObject({
      effect: 'none',
      status: 503,
      text: 'I am the leader, can not reinitialize',
    });
    expect(await patroni.send(post('patroni2', '/reinitialize'))).toMatchObject({ effect: 'done', status: 200 });
    cluster.advance(3000);
    expect(freshValue(await patroni.status(P2))).toMatchObject({
      state: 'creating-replica',
      role: 'uninitialized',
      timeline: null,
      systemIdentifier: null,
    });
    expect(await patroni.send(post('patroni2', '/reinitialize'))).toMatchObject({
      effect: 'none',
      status: 503,
      text: 'reinitialize already in progress',
    });
    cluster.killContainer('patroni1');
    cluster.pause();
    cluster.advance(40_000);
    expect(await patroni.send(post('patroni3', '/reinitialize'))).toMatchObject({
      status: 503,
      text: 'Cluster has no leader, can not reinitialize',
    });
  });

  test('restart: the role is a filter, a good replica comes back, a broken one says restart failed', async () => {
    const cluster = createCluster();
    const { patroni } = cluster.ports();
    expect(await patroni.send(post('patroni1', '/restart', { role: 'replica' }))).toMatchObject({
      effect: 'none',
      status: 503,
      text: 'restart conditions are not satisfied',
    });
    const good = await patroni.send(post('patroni2', '/restart', { role: 'replica' }));
    expect(good).toMatchObject({ effect: 'done', status: 200, text: 'restarted successfully' });
    expect(good.tookMs).toBeGreaterThan(1000);
    cluster.breakData('patroni2');
    cluster.advance(15_000);
    while (cluster.inspect('patroni2').patroni.state !== 'start failed') cluster.advance(100);
    expect(await patroni.send(post('patroni2', '/restart'))).toMatchObject({
      effect: 'maybe',
      status: 503,
      text: 'restart failed',
    });
  });

  test('switchover: answers when the key has moved, and the old leader follows', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    const reply = await patroni.send(post('patroni3', '/switchover', { leader: 'patroni1', candidate: 'patroni2' }));
    expect(reply).toMatchObject({ effect: 'done', status: 200, text: 'Successfully switched over to "patroni2"' });
    cluster.advance(15_000);
    expect(cluster.primaries()).toEqual(['patroni2']);
    expect(cluster.inspect('patroni1').postgres).toMatchObject({ streaming: true, timeline: 2 });
    expect(await patroni.send(post('patroni3', '/switchover', { leader: 'patroni1' }))).toMatchObject({
      status: 412,
      text: 'leader name does not match',
    });
  });

  test('a scheduled switchover shows in /cluster and in the failover key, and happens at its time', async () => {
    const cluster = createCluster();
    const { patroni, dcs } = cluster.ports();
    const at = new Date(cluster.nowMs() + 60_000).toISOString();
    await patroni.send(
      post('patroni2', '/switchover', { leader: 'patroni1', candidate: 'patroni3', scheduled_at: at }),
    );
    expect(freshValue(await patroni.cluster(P1))?.scheduledSwitchover).toEqual({
      at,
      from: 'patroni1',
      to: 'patroni3',
    });
    expect(freshValue(await dcs.keys())?.failover).toEqual({ leader: 'patroni1', member: 'patroni3', scheduledAt: at });
    cluster.advance(50_000);
    expect(cluster.leader()).toBe('patroni1');
    cluster.advance(30_000);
    expect(cluster.leader()).toBe('patroni3');
    expect(freshValue(await dcs.keys())?.failover).toBeNull();
  });

  test.each([
    ['3.0.2', { candidate: 'patroni1' }, 503, 'Switchover failed'],
    ['4.1.4', { candidate: 'patroni1' }, 400, 'Switchover target and source are the same'],
    ['4.1.4', { candidate: 'p9' }, 412, 'candidate does not exists'],
    [
      '4.1.4',
      { scheduled_at: '2099-01-15T02:00:00' },
      400,
      'Timezone information is mandatory for the scheduled switchover',
    ],
    ['4.1.4', { scheduled_at: '2020-01-15T02:00:00Z' }, 422, 'Cannot schedule switchover in the past'],
    // Neither the leader nor the candidate of a schedule is looked at before its time.
    [
      '4.1.4',
      { leader: 'patroni3', candidate: 'p9', scheduled_at: '2099-01-15T02:00:00Z' },
      202,
      'Switchover scheduled',
    ],
  ])('switchover on %s of %o: %i %s', async (patroniVersion, body, status, text) => {
    const cluster = createCluster({ patroniVersion });
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    expect(await patroni.send(post('patroni3', '/switchover', { leader: 'patroni1', ...body }))).toMatchObject({
      status,
      text,
    });
    expect(cluster.leader()).toBe('patroni1');
  });

  test('a failover that names the leader refuses another one, and without it takes a living leader away all the same', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    expect(
      await patroni.send(post('patroni2', '/failover', { leader: 'patroni3', candidate: 'patroni2' })),
    ).toMatchObject({ status: 412, text: 'leader name does not match' });
    expect(await patroni.send(post('patroni2', '/failover', { candidate: 'patroni2' }))).toMatchObject({ status: 200 });
    expect(cluster.leader()).toBe('patroni2');
  });

  test('a scheduled switchover taken back a second before its time happens all the same, to whoever wins', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    const at = new Date(cluster.nowMs() + 30_000).toISOString();
    const body = { leader: 'patroni1', candidate: 'patroni3', scheduled_at: at };
    await patroni.send(post('patroni1', '/switchover', body));
    cluster.advance(29_000);
    const cancel = { ...post('patroni1', '/switchover', null), method: 'DELETE' as const };
    expect(await patroni.send(cancel)).toMatchObject({ status: 200, text: 'scheduled switchover deleted' });
    cluster.advance(20_000);
    expect(cluster.leader()).not.toBe('patroni1');
  });

  test('a leader that dies while a switchover stands for later is followed by its candidate, however far behind', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    cluster.setLoad(1024 * 1024);
    cluster.lag('patroni3', 0);
    cluster.scheduleSwitchover(cluster.nowMs() + 3_600_000, 'patroni3');
    cluster.advance(30_000);
    cluster.killContainer('patroni1');
    cluster.advance(45_000);
    expect(cluster.leader()).toBe('patroni3');
  });

  test('DELETE /switchover with an immediate one under way finds nothing scheduled', async () => {
    const cluster = createCluster();
    cluster.advance(20_000);
    const { patroni } = cluster.ports();
    const cancel = { ...post('patroni1', '/switchover', null), method: 'DELETE' as const };
    expect(await patroni.send(cancel)).toMatchObject({ status: 404, text: 'no switchover is scheduled' });
  });

  test('the answer is lost: the request was executed, the sender knows nothing', async () => {
    const cluster = createCluster();
    cluster.failSend('answer-lost', 'proxy');
    const proxy = proxyOf(cluster.ports());
    const reply = await proxy.send({ port: 'proxy', command: 'set server postgres_replicas/patroni3 state drain' });
    expect(reply).toMatchObject({ effect: 'maybe', tookMs: 2000 });
    expect(cluster.proxyStatus('postgres_replicas', 'patroni3')).toBe('DRAIN');
    expect(cluster.requests).toHaveLength(1);
  });

  test('the request is lost: nothing was executed or recorded, the sender knows nothing', async () => {
    const cluster = createCluster();
    cluster.failSend('never-arrives');
    const reply = await cluster.ports().host.send({ port: 'host', target: memberHost(P2), verb: 'kill' });
    expect(reply.effect).toBe('maybe');
    expect(cluster.inspect('patroni2').host.state).toBe('running');
    expect(cluster.requests).toEqual([]);
    expect((await cluster.ports().host.send({ port: 'host', target: memberHost(P2), verb: 'kill' })).effect).toBe(
      'done',
    );
    expect(cluster.inspect('patroni2').host.state).toBe('stopped');
  });

  test('a refused connection proves that nothing happened', async () => {
    const cluster = createCluster();
    cluster.killContainer('patroni2');
    expect((await cluster.ports().patroni.send(post('patroni2', '/restart'))).effect).toBe('none');
    expect(cluster.requests).toEqual([]);
  });

  test('HAProxy: complaints are not success, commands change only what they name', async () => {
    const cluster = createCluster();
    const proxy = proxyOf(cluster.ports());
    const say = async (command: string) => (await proxy.send({ port: 'proxy', command })).text;
    expect(await say('set server nowhere/patroni1 state drain')).toBe('No such backend.');
    expect(await say('set server postgres_replicas/nobody state drain')).toBe('No such server.');
    expect(await say('set server postgres_replicas/patroni2 state maint')).toBe('');
    expect(cluster.proxyStatus('postgres_replicas', 'patroni2')).toBe('MAINT');
    expect(await say('set server postgres_replicas/patroni2 state ready')).toBe('');
    expect(cluster.proxyStatus('postgres_replicas', 'patroni2')).toMatch(/^UP/);
    expect(await say('set server postgres_replicas/patroni3 state drain')).toBe('');
    cluster.advance(3000);
    const drained = () => proxy.view().then((view) => freshValue(view)?.servers.find((row) => row.status === 'DRAIN'));
    expect(await drained()).toMatchObject({ server: 'patroni3', up: true, admin: { drain: true, maint: false } });
    expect((await drained())?.sessions).toBeGreaterThan(0);
    expect(await say('shutdown sessions server postgres_replicas/patroni3')).toBe('');
    expect((await drained())?.sessions).toBe(0);
  });

  test('host verbs: a frozen member takes ten seconds to stop, a healthy one hands its key over', async () => {
    const cluster = createCluster();
    const { host } = cluster.ports();
    expect((await host.send({ port: 'host', target: memberHost(P1), verb: 'stop' })).tookMs).toBe(1000);
    cluster.advance(4000);
    expect(cluster.primaries()).toHaveLength(1);
    cluster.freezePatroni('patroni3');
    expect((await host.send({ port: 'host', target: memberHost(P3), verb: 'stop' })).tookMs).toBe(10_000);
    const woken: string[] = [];
    host.onEvent((what) => woken.push(what));
    await host.send({ port: 'host', target: memberHost(P1), verb: 'start' });
    expect(woken).toEqual(['start patroni1']);
    cluster.advance(30_000);
    expect(cluster.inspect('patroni1').postgres.streaming).toBe(true);
  });
});
