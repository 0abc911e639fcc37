import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { patroniAdapter } from '../../src/adapters/patroni/patroni-adapter.js';
import { statusFrom } from '../../src/adapters/patroni/parse.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { formatLsn, memberName } from '../../src/model/names.js';
import type { Json, Reply, Step } from '../../src/model/plan.js';
import type { Reading } from '../../src/model/reading.js';
import type { PatroniPort } from '../../src/ports/patroni.js';
import {
  answering,
  bodyOf,
  clusterConfig,
  hangingUp,
  patroniAt,
  played,
  rawServer,
  recording,
  recordings,
  silent,
  stillClock,
  type Behaviour,
  type Recording,
} from './patroni-support.js';

type PatroniStep = Extract<Step, { port: 'patroni' }>;

let server: Awaited<ReturnType<typeof rawServer>>;
const open: PatroniPort[] = [];

beforeAll(async () => {
  server = await rawServer();
});
afterAll(() => server.close());
afterEach(() => Promise.all(open.splice(0).map((port) => port.close())));

const adapter = (changes: Partial<ClusterConfig> = {}): PatroniPort => {
  const port = patroniAdapter(clusterConfig({ patroni: patroniAt(server.port), ...changes }), stillClock);
  open.push(port);
  return port;
};

const one = memberName('patroni1');
const QUESTIONS: Readonly<Record<string, (port: PatroniPort, name: string) => Promise<Reading<unknown>>>> = {
  '/patroni': (port, name) => port.status(memberName(name)),
  '/cluster': (port, name) => port.cluster(memberName(name)),
  '/config': (port, name) => port.config(memberName(name)),
  '/history': (port, name) => port.history(memberName(name)),
  '/metrics': (port, name) => port.metrics(memberName(name)),
  '/replica': (port, name) => port.replicaCheck(memberName(name)),
};

const asked = async <T>(file: string, ask: (port: PatroniPort, node: string) => Promise<Reading<T>>): Promise<T> => {
  const reply = recording(file);
  server.behave(answering(played(reply)));
  const reading = await ask(adapter(), reply.request.node);
  if (reading.kind !== 'fresh') throw new Error(JSON.stringify(reading));
  return reading.value;
};

describe('every recorded answer', () => {
  const reads = recordings.filter(({ request }) => request.method === 'GET' && request.path in QUESTIONS);

  it('is here at all', () => {
    expect(reads.length).toBeGreaterThan(120);
  });

  it.each(reads.map((reply): [string, Recording] => [reply.file, reply]))(
    '%s is read, or unknown for a reason',
    async (_, reply) => {
      server.behave(reply.status === 0 ? hangingUp : answering(played(reply)));
      const reading = await QUESTIONS[reply.request.path]!(adapter(), reply.request.node);
      if (reply.status === 0) expect(reading).toMatchObject({ kind: 'unknown', fault: 'closed' });
      else expect(reading).toMatchObject({ kind: 'fresh', atMs: 1_000_000 });
    },
  );

  it('of a health check holds the same status document as /patroni', () => {
    const bodies = recordings
      .map(({ body }) => body)
      .filter((body): body is object => typeof body === 'object' && body !== null && 'patroni' in body);
    expect(bodies.length).toBeGreaterThan(90);
    for (const body of bodies) expect(statusFrom(body).scope).toBe('email-cluster');
  });
});

/** role, state, timeline, current or (received, replayed) position, and what else stands out. */
const STATUSES: readonly (readonly [string, string])[] = [
  ['patroni-3.0.2/primary.get-patroni', 'primary running tl=1 at=0/05000060'],
  ['patroni-4.1.4/primary.get-patroni', 'primary running tl=8 at=0/5D0001F0'],
  ['patroni-3.0.2/replica.get-patroni', 'replica running tl=1 got=0/05000060 replayed=0/05000060'],
  ['patroni-4.1.4/replica.get-patroni', 'replica running tl=8 got=0/5D0001F0 replayed=0/5D0001F0 streaming'],
  // After a restart the received position begins at the segment and lies behind the replayed one.
  [
    'patroni-3.0.2/pending-restart.replica.get-patroni',
    'replica running tl=1 got=0/05000000 replayed=0/05045748 pending-restart',
  ],
  ['patroni-3.0.2/after-switchover-0s.old-primary.get-patroni', 'demoted stopped pending-restart'],
  ['patroni-3.0.2/reinitialize.in-progress.get-patroni', 'replica stopping'],
  ['patroni-3.0.2/reinitialize.creating-replica.get-patroni', 'uninitialized creating-replica no-identifier'],
  ['patroni-3.0.2/start-failed.replica.get-patroni', 'replica restart-failed'],
  ['patroni-4.1.4/start-failed.replica.get-patroni', 'replica start-failed'],
  [
    'patroni-3.0.2/noloadbalance-tag.replica.get-patroni',
    'replica running tl=1 got=0/05045620 replayed=0/05045620 noloadbalance',
  ],
  ['patroni-3.0.2/paused-splitbrain.rogue.get-patroni', 'primary running tl=5 at=0/2F000090 paused'],
  ['patroni-4.1.4/paused-leader-stopped.old-leader.get-patroni', 'primary stopped paused'],
  [
    'patroni-4.1.4/dcs-all-down.replica.get-patroni',
    'replica running tl=11 got=0/5D004BC0 replayed=0/5D004BC0 streaming unlocked',
  ],
  ['patroni-3.0.2/failsafe-active.primary.get-patroni', 'primary running tl=5 at=0/2F0001F0 failsafe'],
  [
    'patroni-4.1.4/quorum.replica.get-patroni',
    'replica running tl=13 got=0/7A250118 replayed=0/7A250118 streaming sync',
  ],
  [
    'patroni-4.1.4/sync.patroni2.get-patroni',
    'replica running tl=13 got=0/7A2500B8 replayed=0/7A2500B8 streaming sync',
  ],
  ['patroni-4.1.4/wal-removed.replica.get-patroni', 'replica running tl=12 got=0/5D000000 replayed=0/5D004CD8'],
  ['debian-12/patroni/primary.get-patroni', 'primary running tl=1 at=0/04000060'],
  ['debian-13/patroni/primary.get-patroni', 'primary running tl=1 at=0/0504F9B8'],
  ['debian-unstable/patroni/primary.get-patroni', 'primary running tl=1 at=0/05051750'],
  [
    'debian-unstable/patroni/quorum.patroni3.get-patroni',
    'replica running tl=1 got=0/050517B0 replayed=0/050517B0 streaming sync',
  ],
];

describe('GET /patroni', () => {
  it.each(STATUSES)('%s says: %s', async (file, says) => {
    const status = await asked(file, (port, node) => port.status(memberName(node)));
    const { xlog } = status;
    const facts = [
      status.role,
      status.state,
      status.timeline === null ? '' : `tl=${status.timeline}`,
      xlog?.location == null ? '' : `at=${formatLsn(xlog.location)}`,
      xlog?.receivedLocation == null ? '' : `got=${formatLsn(xlog.receivedLocation)}`,
      xlog?.replayedLocation == null ? '' : `replayed=${formatLsn(xlog.replayedLocation)}`,
      status.replicationState ?? '',
      status.paused ? 'paused' : '',
      status.clusterUnlocked ? 'unlocked' : '',
      status.failsafeActive ? 'failsafe' : '',
      status.pendingRestart ? 'pending-restart' : '',
      status.syncStandby ? 'sync' : '',
      status.tags.noloadbalance ? 'noloadbalance' : '',
      status.systemIdentifier === null ? 'no-identifier' : '',
    ];
    expect(facts.filter((fact) => fact !== '').join(' ')).toBe(says);
  });

  it('names who streams from a primary, and who it is since 3.2', async () => {
    const status = await asked('patroni-4.1.4/primary.get-patroni', (port, node) => port.status(memberName(node)));
    expect(status).toMatchObject({
      name: 'patroni2',
      version: '4.1.4',
      serverVersion: 150018,
      systemIdentifier: '7711055305761135589',
      dcsLastSeenMs: 1_795_371_561_000,
    });
    expect(status.replication.map((row) => `${row.applicationName} ${row.state} ${row.syncState}`)).toEqual([
      'patroni1 streaming async',
      'patroni3 streaming async',
    ]);
  });

  it('names the parameters for which a restart is pending, since 3.3', async () => {
    const pendingFor = async (file: string) =>
      (await asked(file, (port, node) => port.status(memberName(node)))).pendingRestartFor;
    expect(await pendingFor('patroni-4.1.4/pending-restart.primary.get-patroni')).toEqual(['max_connections']);
    expect(await pendingFor('debian-13/patroni/pending-restart.primary.get-patroni')).toEqual(['max_connections']);
    expect(await pendingFor('patroni-3.0.2/pending-restart.primary.get-patroni')).toBeUndefined();
  });
});

const CLUSTERS: readonly (readonly [string, readonly string[]])[] = [
  [
    'patroni-3.0.2/primary.get-cluster',
    ['patroni1 leader running 1', 'patroni2 replica running 1 0', 'patroni3 replica running 1 0'],
  ],
  [
    'patroni-4.1.4/lagging.get-cluster',
    ['patroni1 leader running 9', 'patroni2 replica streaming 9 17207200', 'patroni3 replica streaming 9 17207200'],
  ],
  [
    'patroni-3.0.2/start-failed.get-cluster',
    ['patroni1 replica running 7 0', 'patroni2 leader running 7', 'patroni3 replica start-failed - unknown'],
  ],
  [
    'patroni-4.1.4/quorum.get-cluster',
    ['patroni1 leader running 13', 'patroni2 quorum-standby streaming 13 0', 'patroni3 quorum-standby streaming 13 0'],
  ],
  [
    'patroni-4.1.4/sync.get-cluster',
    ['patroni1 leader running 13', 'patroni2 sync-standby streaming 13 0', 'patroni3 replica streaming 13 0'],
  ],
  ['patroni-3.0.2/member-gone.get-cluster', ['patroni1 replica running 7 0', 'patroni2 leader running 7']],
];

describe('GET /cluster', () => {
  it.each(CLUSTERS)('%s lists %j', async (file, rows) => {
    const report = await asked(file, (port, node) => port.cluster(memberName(node)));
    const lag = (row: (typeof report.rows)[number]): string =>
      row.role === 'leader' ? '' : String(row.lagBytes ?? 'unknown');
    expect(
      report.rows.map((row) => `${row.name} ${row.role} ${row.state} ${row.timeline ?? '-'} ${lag(row)}`.trim()),
    ).toEqual(rows);
  });

  it('shows tags, a pause, a pending restart and a planned switchover', async () => {
    const tagged = await asked('patroni-4.1.4/noloadbalance-tag.get-cluster', (port, node) =>
      port.cluster(memberName(node)),
    );
    expect(tagged.rows.map((row) => row.tags.noloadbalance)).toEqual([true, false, false]);
    const paused = await asked('patroni-3.0.2/paused.get-cluster', (port, node) => port.cluster(memberName(node)));
    expect(paused.paused).toBe(true);
    const pending = await asked('patroni-4.1.4/pending-restart.after-replica-restart.get-cluster', (port, node) =>
      port.cluster(memberName(node)),
    );
    expect(pending.rows.map((row) => row.pendingRestart)).toEqual([false, true, true]);
    const planned = await asked('patroni-4.1.4/switchover.scheduled.get-cluster', (port, node) =>
      port.cluster(memberName(node)),
    );
    expect(planned.scheduledSwitchover).toEqual({ at: '2099-01-15T02:00:00+00:00', from: 'patroni2', to: 'patroni1' });
  });
});

describe('GET /config, /history, /metrics and /replica', () => {
  it('gives the configuration in milliseconds and bytes, Patroni’s defaults where a key is absent', async () => {
    const config = await asked('patroni-3.0.2/primary.get-config', (port) => port.config(one));
    expect(config).toEqual({
      ttlMs: 20_000,
      loopWaitMs: 5_000,
      retryTimeoutMs: 5_000,
      maximumLagOnFailoverBytes: 1_048_576,
      primaryStartTimeoutMs: 300_000,
      synchronousMode: 'off',
      synchronousModeStrict: false,
      synchronousNodeCount: 1,
      failsafeMode: false,
      paused: false,
      checkTimeline: false,
      standbyCluster: false,
      beforeStop: false,
      usePgRewind: true,
    });
  });

  it('reads history rows of three and of five elements', async () => {
    const history = await asked('patroni-4.1.4/primary.get-history', (port) => port.history(one));
    expect(history).toHaveLength(7);
    expect(history[0]).toEqual({
      timeline: 1,
      lsn: 84371192n,
      reason: 'no recovery target specified',
      at: null,
      newLeader: null,
    });
    expect(history[6]).toMatchObject({ timeline: 7, at: '2026-11-22T18:18:45.225437+00:00', newLeader: 'patroni2' });
  });

  it('reads metrics of every version, the space before the brace included', async () => {
    const versions = {
      'patroni-3.0.2/replica.get-metrics': 30002,
      'patroni-4.0.0/replica.get-metrics': 40000,
      'patroni-4.1.4/replica.get-metrics': 40104,
    };
    for (const [file, version] of Object.entries(versions)) {
      const { values } = await asked(file, (port, node) => port.metrics(memberName(node)));
      expect(values).toMatchObject({
        patroni_version: version,
        patroni_replica: 1,
        patroni_primary: 0,
        patroni_postgres_server_version: 150018,
      });
    }
  });

  it('gives the status of /replica, whatever the body', async () => {
    expect(await asked('patroni-3.0.2/replica.get-replica', (port) => port.replicaCheck(one))).toBe(200);
    expect(await asked('patroni-3.0.2/noloadbalance-tag.replica.get-replica', (port) => port.replicaCheck(one))).toBe(
      503,
    );
  });
});

const html = (status: number): string =>
  `HTTP/1.1 ${status} X\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><body><h1>Sorry</h1></body></html>`;
const json = (body: string): string => `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body}`;
const replica = JSON.stringify(recording('patroni-4.1.4/replica.get-patroni').body);

const BAD: readonly (readonly [string, Behaviour, string, RegExp])[] = [
  ['an error page of something in between', answering(html(200)), 'bad-reply', /200 with "Sorry"/],
  ['a status 500', answering(html(500)), 'http-status', /status 500 with "Sorry"/],
  ['a status 401', answering(html(401)), 'denied', /status 401/],
  [
    'a redirect',
    answering('HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n'),
    'http-status',
    /302, a redirect to http:\/\/elsewhere\//,
  ],
  ['an empty body', answering(json('')), 'bad-reply', /an empty body/],
  ['JSON that breaks off', answering(json(replica.slice(0, 300))), 'bad-reply', /200 with "\{"state":"running"/],
  ['JSON of another kind', answering(json('[1,2]')), 'bad-reply', /document/],
  ['a document without a scope', answering(json('{"state":"running","role":"replica"}')), 'bad-reply', /patroni: /],
  ['a connection closed without an answer', hangingUp, 'closed', /closed without a complete answer/],
  ['a header that breaks off', (socket) => socket.end('HTTP/1.0 200 OK\r\nContent-Ty'), 'closed', /closed/],
  [
    'a body shorter than it says',
    answering('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"state":'),
    'closed',
    /closed/,
  ],
  ['words that are not HTTP', answering('+OK POP3 ready\r\n'), 'bad-reply', /not HTTP/],
  ['no answer', silent, 'timeout', /no answer in time/],
  [
    'an answer that drips and never ends',
    (socket) => {
      socket.write(json('{"state":'));
    },
    'timeout',
    /no answer in time/,
  ],
  [
    'another cluster',
    answering(json(replica.replace('email-cluster', 'orders'))),
    'wrong-scope',
    /scope "orders", ours is "email-cluster"/,
  ],
  [
    'another member',
    answering(json(replica.replace('"name":"patroni1"', '"name":"patroni9"'))),
    'wrong-scope',
    /"patroni9", our inventory says "patroni1"/,
  ],
];

describe('an answer that is none', () => {
  it.each(BAD)('%s is unknown', async (_, behaviour, fault, reason) => {
    server.behave(behaviour);
    const deadlines = { ...clusterConfig({}).deadlines, read: fault === 'timeout' ? 150 : 2_000 };
    const reading = await adapter({ deadlines }).status(one);
    expect(reading).toMatchObject({ kind: 'unknown', fault });
    expect(reading.kind === 'unknown' && reading.reason).toMatch(reason);
    expect(server.requests).toHaveLength(1);
  });

  it('a refused connection, a name that does not resolve and a member without an address are three faults', async () => {
    const urls = { patroni1: 'http://127.0.0.1:1', patroni2: 'http://member.invalid:8008' };
    const port = adapter({ patroni: { urls, auth: null, tls: null } });
    expect(await port.status(one)).toMatchObject({ fault: 'refused' });
    expect(await port.status(memberName('patroni2'))).toMatchObject({ fault: 'unresolved' });
    expect(await port.status(memberName('patroni3'))).toMatchObject({ fault: 'not-configured' });
  });

  it('a /cluster or /metrics of another scope is unknown too', async () => {
    const foreign = (file: string): Behaviour =>
      answering(played(recording(file)).replaceAll('email-cluster', 'orders'));
    server.behave(foreign('patroni-4.1.4/primary.get-cluster'));
    expect(await adapter().cluster(one)).toMatchObject({ fault: 'wrong-scope' });
    server.behave(foreign('patroni-3.0.2/primary.get-metrics'));
    expect(await adapter().metrics(one)).toMatchObject({ fault: 'wrong-scope' });
  });

  it('quotes at most 120 characters of the answer', async () => {
    server.behave(answering(json('x'.repeat(5_000))));
    const reading = await adapter().status(one);
    expect(reading.kind === 'unknown' && reading.reason.match(/x+/g)?.map((run) => run.length)).toContain(120);
  });

  it('of more than 4 MB is not taken in', async () => {
    server.behave(answering(json('x'.repeat(5 * 1024 * 1024))));
    expect(await adapter().status(one)).toMatchObject({ kind: 'unknown', fault: 'bad-reply' });
  });
});

const step = (changes: Partial<PatroniStep> = {}): PatroniStep => ({
  port: 'patroni',
  member: one,
  method: 'POST',
  path: '/restart',
  body: {},
  timeoutMs: 2_000,
  ...changes,
});

/** Answers that are neither "done" nor a refusal that changed nothing: something was begun. */
const BEGUN = ['failed to write failover key into DCS', 'restart failed'];

const expectedEffect = (reply: Recording): Reply['effect'] => {
  if (reply.status === 0) return 'maybe';
  if (reply.status < 300) return 'done';
  return BEGUN.includes(bodyOf(reply)) ? 'maybe' : 'none';
};

describe('every recorded answer to a send', () => {
  const PATHS = ['/reload', '/restart', '/reinitialize', '/switchover', '/failover'];
  const sends = recordings.filter(({ request }) => request.method !== 'GET' && PATHS.includes(request.path));

  it('is here at all', () => {
    expect(sends.length).toBeGreaterThan(60);
  });

  it.each(sends.map((reply): [string, string, Recording] => [reply.file, expectedEffect(reply), reply]))(
    '%s has the effect "%s"',
    async (_, effect, reply) => {
      server.behave(reply.status === 0 ? hangingUp : answering(played(reply)));
      const { method, path, body } = reply.request;
      const sent = step({ method: method as 'POST', path: path as PatroniStep['path'], body: (body ?? null) as Json });
      const answer = await adapter().send(sent);
      expect(answer.effect).toBe(effect);
      if (reply.status !== 0) expect(answer.status).toBe(reply.status);
      expect(answer.text).not.toMatch(/<|\n/);
      expect(server.requests).toHaveLength(1);
    },
  );
});

describe('whether a member lets us change anything', () => {
  const plain = (status: string, text: string): Behaviour =>
    answering(`HTTP/1.0 ${status}\r\nContent-Type: text/html\r\n\r\n${text}`);
  const may = (behaviour: Behaviour, auth: ClusterConfig['patroni']['auth'] = null): Promise<Reading<'granted'>> => {
    server.behave(behaviour);
    const port = adapter({ patroni: patroniAt(server.port, { auth }) });
    return port.mayWrite?.(one) ?? Promise.reject(new Error('cannot be asked'));
  };

  it('is asked with a change that changes nothing, and with the credentials', async () => {
    const reading = await may(plain('400 Bad Request', 'Error'), { username: 'admin', password: 'secret' });
    expect(reading).toMatchObject({ kind: 'fresh', value: 'granted' });
    expect(server.requests).toHaveLength(1);
    const [request = ''] = server.requests;
    expect(request).toMatch(/^PATCH \/config HTTP\/1.1\r\n/);
    expect(request).toMatch(/content-length: 2\r\n/i);
    expect(request).toContain(`Basic ${Buffer.from('admin:secret').toString('base64')}`);
    expect(request.endsWith('\r\n\r\n{}')).toBe(true);
  });

  it.each([
    ['401 Unauthorized', 'no auth header received', 'denied'],
    ['401 Unauthorized', 'not authenticated', 'denied'],
    ['403 Forbidden', 'Access is denied', 'denied'],
    ['502 Bad Gateway', '', 'http-status'],
  ])('is no after %s "%s"', async (status, text, fault) => {
    const reading = await may(plain(status, text));
    expect(reading).toMatchObject({ kind: 'unknown', fault, reason: expect.stringContaining(status.slice(0, 3)) });
  });

  it('is not known of one that hangs up', async () => {
    expect(await may(hangingUp)).toMatchObject({ kind: 'unknown', fault: 'closed' });
  });
});

describe('a send', () => {
  it('is one request with a length, a JSON body and the credentials', async () => {
    server.behave(answering('HTTP/1.0 200 OK\r\n\r\nrestarted successfully'));
    const patroni = patroniAt(server.port, { auth: { username: 'admin', password: 'sécret' } });
    const answer = await adapter({ patroni }).send(step({ body: { restart_pending: true, timeout: 20 } }));
    expect(answer).toEqual({ effect: 'done', status: 200, text: 'restarted successfully', tookMs: 0 });
    const [request = ''] = server.requests;
    expect(request).toMatch(/^POST \/restart HTTP\/1.1\r\n/);
    expect(request).toMatch(/content-length: 37\r\n/i);
    expect(request).toMatch(/content-type: application\/json\r\n/i);
    expect(request).toContain(`Basic ${Buffer.from('admin:sécret').toString('base64')}`);
    expect(request).not.toMatch(/transfer-encoding/i);
    expect(request.endsWith('{"restart_pending":true,"timeout":20}')).toBe(true);
  });

  it('without a body still says its length, or Patroni would act without conditions', async () => {
    server.behave(answering('HTTP/1.0 202 OK\r\n\r\nreload scheduled'));
    await adapter().send(step({ path: '/reload', body: null }));
    expect(server.requests[0]).toMatch(/content-length: 0\r\n/i);
  });

  it.each([
    [503, 'Failover status unknown', 'maybe'],
    [503, 'Switchover status unknown after 20 seconds; operation may still be in progress', 'maybe'],
    [503, 'postgres is still starting', 'maybe'],
    [503, 'Switchover failed', 'none'],
    [500, "Can't schedule restart in the paused state", 'none'],
    [500, 'Internal Server Error', 'maybe'],
    [502, 'Bad Gateway', 'maybe'],
    [504, 'Gateway Timeout', 'maybe'],
    [403, 'Access is denied', 'none'],
    [302, '', 'maybe'],
  ] as const)('answered with %i "%s" has the effect "%s"', async (status, text, effect) => {
    server.behave(answering(`HTTP/1.0 ${status} X\r\n\r\n${text}`));
    expect(await adapter().send(step({ path: '/failover' }))).toMatchObject({ effect, status, text });
  });

  it.each([
    ['no answer', silent, 'maybe', null],
    ['a connection closed without an answer', hangingUp, 'maybe', null],
    [
      'a 200 whose text never ends',
      (socket) => {
        socket.write('HTTP/1.0 200 OK\r\n\r\nrestarted');
      },
      'done',
      200,
    ],
    [
      'a 503 whose text never ends',
      (socket) => {
        socket.write('HTTP/1.0 503 No\r\n\r\n');
      },
      'maybe',
      503,
    ],
  ] as [string, Behaviour, Reply['effect'], number | null][])(
    'that meets %s is never repeated',
    async (_, behaviour, effect, status) => {
      server.behave(behaviour);
      expect(await adapter().send(step({ timeoutMs: 200 }))).toMatchObject({ effect, status });
      expect(server.requests).toHaveLength(1);
    },
  );

  it('that cannot connect has done nothing', async () => {
    const urls = { patroni1: 'http://127.0.0.1:1', patroni2: 'http://member.invalid:8008' };
    const port = adapter({ patroni: { urls, auth: null, tls: null } });
    expect(await port.send(step())).toMatchObject({ effect: 'none', status: null });
    expect(await port.send(step({ member: memberName('patroni2') }))).toMatchObject({ effect: 'none' });
    expect(await port.send(step({ member: memberName('patroni3') }))).toMatchObject({ effect: 'none' });
  });

  it('to an HTTPS address that speaks no TLS has done nothing', async () => {
    server.behave(hangingUp);
    const urls = { patroni1: `https://127.0.0.1:${server.port}` };
    const tls = { ca: null, cert: null, key: null, insecure: false };
    const answer = await adapter({ patroni: { urls, auth: null, tls } }).send(step({ timeoutMs: 500 }));
    expect(answer.effect).toBe('none');
  });
});

describe('TLS', () => {
  const file = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name);
  const pem = { cert: readFileSync(file('cert.pem'), 'utf8'), key: readFileSync(file('key.pem'), 'utf8') };
  const mutual = { ...pem, ca: pem.cert, requestCert: true, rejectUnauthorized: true };
  const tlsServer = createTlsServer(mutual, (_, response) => response.end(replica));
  const reading = (tls: NonNullable<ClusterConfig['patroni']['tls']>) => {
    const urls = { patroni1: `https://127.0.0.1:${(tlsServer.address() as AddressInfo).port}` };
    return adapter({ patroni: { urls, auth: null, tls } }).status(one);
  };

  beforeAll(() => new Promise<void>((resolve) => tlsServer.listen(0, '127.0.0.1', resolve)));
  afterAll(() => new Promise((resolve) => tlsServer.close(resolve)));

  it('with a private CA and a client certificate, as files or as their text, is read', async () => {
    const files = { ca: file('cert.pem'), cert: file('cert.pem'), key: file('key.pem'), insecure: false };
    expect(await reading(files)).toMatchObject({ kind: 'fresh', value: { role: 'replica' } });
    expect(await reading({ ca: pem.cert, cert: pem.cert, key: pem.key, insecure: false })).toMatchObject({
      kind: 'fresh',
    });
  });

  it('with a certificate that we do not know is denied, unless the operator says insecure', async () => {
    expect(await reading({ ca: null, cert: pem.cert, key: pem.key, insecure: false })).toMatchObject({
      fault: 'denied',
    });
    expect(await reading({ ca: null, cert: pem.cert, key: pem.key, insecure: true })).toMatchObject({ kind: 'fresh' });
  });

  it('without the client certificate that the server wants is unknown', async () => {
    // TLS 1.3 tells the client only after its handshake: by an alert, or by hanging up before the alert was read.
    const refused = await reading({ ca: pem.cert, cert: null, key: null, insecure: false });
    expect(refused.kind === 'unknown' && refused.fault).toMatch(/^(denied|closed)$/);
  });

  it('with a file that is not there stops the start and names the path', () => {
    const tls = { ca: '/nowhere/ca.pem', cert: null, key: null, insecure: false };
    expect(() => patroniAdapter(clusterConfig({ patroni: { urls: {}, auth: null, tls } }), stillClock)).toThrow(
      '/nowhere/ca.pem',
    );
  });
});
