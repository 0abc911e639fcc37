import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dockerAdapter } from '../../src/adapters/hosts/docker/docker-adapter.js';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberHost, storeHost } from '../../src/model/host.js';
import { memberName } from '../../src/model/names.js';
import type { Step } from '../../src/model/plan.js';
import type { Clock } from '../../src/ports/clock.js';
import type { HostPort } from '../../src/ports/host.js';
import { fakeEngine, respond, type EngineHandler } from './docker-support.js';
import { clusterConfig, stillClock } from './patroni-support.js';

type Verb = Extract<Step, { port: 'host' }>['verb'];

let engine: Awaited<ReturnType<typeof fakeEngine>>;
beforeAll(async () => {
  engine = await fakeEngine();
});
afterAll(() => engine.close());

const hostsAt = (socket: string): NonNullable<ClusterConfig['hosts']> => ({
  driver: 'docker',
  socket,
  commands: null,
  members: { patroni1: 'email-patroni1' },
  dcs: { etcd1: 'email-etcd1' },
  proxy: { haproxy: 'email-haproxy' },
});

async function withAdapter<T>(
  use: (port: HostPort) => Promise<T>,
  socket = engine.socket,
  clock: Clock = stillClock,
): Promise<T> {
  const deadlines = { ...clusterConfig({}).deadlines, host: 300 };
  const port = dockerAdapter(clusterConfig({ hosts: hostsAt(socket), deadlines }), clock);
  try {
    return await use(port);
  } finally {
    await port.close();
  }
}

const one = memberName('patroni1');
const inspected = {
  Id: 'abc',
  RestartCount: 0,
  State: { Status: 'running', Running: true, StartedAt: '2026-11-22T19:25:15Z' },
};

describe('looking at a container', () => {
  it('asks the engine by the configured name, for members and for the DCS', async () => {
    engine.handle((_, response) => {
      respond(response, 200, inspected);
    });
    await withAdapter(async (port) => {
      expect(await port.status(memberHost(one))).toMatchObject({
        kind: 'fresh',
        value: { state: 'running', id: 'abc' },
      });
      expect(await port.status(storeHost('etcd1'))).toMatchObject({ kind: 'fresh' });
    });
    expect(engine.requests.map(({ path }) => path)).toEqual([
      '/containers/email-patroni1/json',
      '/containers/email-etcd1/json',
    ]);
  });

  it('that does not exist is a state, not a fault', async () => {
    engine.handle((_, response) => {
      respond(response, 404, { message: 'No such container' });
    });
    expect(await withAdapter((port) => port.status(memberHost(one)))).toMatchObject({
      kind: 'fresh',
      value: { state: 'absent' },
    });
  });

  it.each([
    [
      'an error of the engine',
      (_, response) => {
        respond(response, 500, { message: 'disk trouble' });
      },
      'http-status',
      /disk trouble/,
    ],
    ['something else', (_, response) => response.end('hello'), 'bad-reply', /"hello"/],
    ['no answer', () => undefined, 'timeout', /in time/],
    ['a closed connection', (_, response) => response.destroy(), 'closed', /closed/],
  ] as [string, EngineHandler, string, RegExp][])('that meets %s is unknown', async (_, handler, fault, reason) => {
    engine.handle(handler);
    const reading = await withAdapter((port) => port.status(memberHost(one)));
    expect(reading).toMatchObject({ kind: 'unknown', fault });
    expect(reading.kind === 'unknown' && reading.reason).toMatch(reason);
  });

  it('with no engine at the socket, or none configured, is unknown', async () => {
    expect(await withAdapter((port) => port.status(memberHost(one)), 'unix:///nowhere/docker.sock')).toMatchObject({
      fault: 'unreachable',
    });
    expect(await withAdapter((port) => port.status(memberHost(one)), 'http://127.0.0.1:1')).toMatchObject({
      fault: 'refused',
    });
    expect(await withAdapter((port) => port.status(memberHost('patroni9')))).toMatchObject({ fault: 'not-configured' });
    const none = dockerAdapter(clusterConfig({}), stillClock);
    expect(await none.status(memberHost(one))).toMatchObject({ fault: 'not-configured' });
    expect(none.onEvent(() => undefined)).toBeTypeOf('function');
  });
});

const send = (verb: Verb, member = one) =>
  withAdapter((port) => port.send({ port: 'host', target: memberHost(member), verb }));

describe('a send', () => {
  it.each([
    ['start', '/containers/email-patroni1/start', ''],
    ['stop', '/containers/email-patroni1/stop', 't=60'],
    ['restart', '/containers/email-patroni1/restart', 't=60'],
    ['kill', '/containers/email-patroni1/kill', 'signal=SIGKILL'],
  ] as [Verb, string, string][])('%s is one request; a stop leaves Patroni a minute', async (verb, path, query) => {
    engine.handle((_, response) => {
      respond(response, 204);
    });
    expect(await send(verb)).toMatchObject({ effect: 'done', status: 204 });
    expect(engine.requests.map((request) => `${request.method} ${request.path}?${request.query.toString()}`)).toEqual([
      `POST ${path}?${query}`,
    ]);
  });

  it('goes to the container that was looked at, by its id; a stop with its own grace is killed after that', async () => {
    engine.handle((_, response) => {
      respond(response, 204);
    });
    const to = { port: 'host', target: memberHost(one), id: 'f00d' } as const;
    await withAdapter((port) => port.send({ ...to, verb: 'kill' }));
    await withAdapter((port) => port.send({ ...to, verb: 'stop', graceMs: 10_000 }));
    expect(engine.requests.map((request) => `${request.path}?${request.query.toString()}`)).toEqual([
      '/containers/f00d/kill?signal=SIGKILL',
      '/containers/f00d/stop?t=10',
    ]);
  });

  it.each([
    [304, 'done', /running already/],
    [404, 'none', /No such/],
    [409, 'none', /No such/],
    [500, 'maybe', /No such/],
  ])('answered with %i has the effect "%s"', async (status, effect, text) => {
    engine.handle((_, response) => {
      respond(response, status, status === 304 ? undefined : { message: 'No such thing' });
    });
    const reply = await send('start');
    expect(reply).toMatchObject({ effect, status });
    expect(reply.text).toMatch(text);
  });

  it('without an answer may have happened, and is not repeated', async () => {
    engine.handle(() => undefined);
    expect(await send('start')).toMatchObject({ effect: 'maybe', status: null });
    expect(engine.requests).toHaveLength(1);
  });

  it('to nobody has done nothing', async () => {
    expect(await send('stop', memberName('patroni9'))).toMatchObject({ effect: 'none' });
    const step = { port: 'host', target: memberHost(one), verb: 'stop' } as const;
    expect(await withAdapter((port) => port.send(step), 'unix:///nowhere/docker.sock')).toMatchObject({
      effect: 'none',
    });
  });
});

describe('events', () => {
  const event = (name: string, action: string): string =>
    `${JSON.stringify({ Type: 'container', Action: action, Actor: { Attributes: { name } } })}\n`;

  it('wake by our own names, whatever the pieces they arrive in, and not after the end', async () => {
    const woken: string[] = [];
    const text =
      event('email-patroni1', 'die') +
      'not json\n' +
      event('other', 'die') +
      event('email-etcd1', 'health_status: unhealthy');
    engine.handle((request, response) => {
      response.writeHead(200);
      response.write(text.slice(0, 40));
      setImmediate(() => response.write(text.slice(40)));
      expect(JSON.parse(request.query.get('filters') ?? '')).toMatchObject({
        container: ['email-patroni1', 'email-etcd1', 'email-haproxy'],
        type: ['container'],
      });
    });
    await withAdapter(async (port) => {
      const stop = port.onEvent((what) => woken.push(what));
      await expect.poll(() => woken).toEqual(['patroni1: die', 'etcd1: health_status: unhealthy']);
      stop();
    });
    expect(woken).toHaveLength(2);
  });

  it('wake once when the stream breaks off, and the stream is opened again after a pause that grows while there is none', async () => {
    const woken: string[] = [];
    const pauses: number[] = [];
    let opened = 0;
    engine.handle((_, response) => {
      opened += 1;
      if (opened === 1) response.end(event('email-patroni1', 'kill'));
      else if (opened < 5) response.destroy();
      else response.writeHead(200).write(event('email-patroni1', 'start'));
    });
    const clock: Clock = {
      ...stillClock,
      sleep: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    };
    await withAdapter(
      async (port) => {
        const stop = port.onEvent((what) => woken.push(what));
        await expect
          .poll(() => woken)
          .toEqual(['patroni1: kill', 'the event stream was interrupted', 'patroni1: start']);
        stop();
      },
      engine.socket,
      clock,
    );
    expect(pauses.slice(0, 4)).toEqual([1_000, 2_000, 4_000, 8_000]);
  });

  it('tell a death while the engine keeps the dead container to itself; one that is told with its start is none', async () => {
    let ns = 42e6;
    const told = (name: string, action: string, id: string): string =>
      `${JSON.stringify({ Type: 'container', Action: action, timeNano: (ns += 1e6), Actor: { ID: id, Attributes: { name, exitCode: '137' } } })}\n`;
    let tell: (text: string) => void = () => undefined;
    let breakOff: () => void = () => undefined;
    let isHeld = false;
    engine.handle((request, response) => {
      if (request.path === '/events') {
        tell = (text) => response.write(text);
        breakOff = () => response.end();
      } else if (!isHeld) respond(response, 200, { ...inspected, HostConfig: { RestartPolicy: { Name: 'no' } } });
      if (request.path === '/events') response.writeHead(200).flushHeaders();
    });
    const woken: string[] = [];
    await withAdapter(async (port) => {
      const stop = port.onEvent((what) => woken.push(what));
      await expect.poll(() => engine.requests.map(({ path }) => path)).toContain('/events');
      expect(await port.status(memberHost(one))).toMatchObject({ value: { state: 'running' } });
      isHeld = true;
      const restarted = port.status(memberHost(one));
      tell(told('email-patroni1', 'die', 'abc') + told('email-patroni1', 'start', 'abc'));
      expect(await restarted).toMatchObject({ kind: 'unknown', fault: 'timeout' });
      isHeld = false;
      expect(await port.status(memberHost(one))).toMatchObject({ value: { state: 'running' } });
      isHeld = true;
      const waiting = port.status(memberHost(one));
      tell(told('email-patroni1', 'die', 'abc'));
      expect(await waiting).toMatchObject({
        kind: 'fresh',
        value: { state: 'stopped', id: 'abc', exitCode: 137, finishedAtMs: 45 },
      });
      expect(await port.status(memberHost(one))).toMatchObject({ value: { state: 'stopped' } });
      breakOff();
      await expect.poll(() => woken.at(-1)).toBe('the event stream was interrupted');
      expect(await port.status(memberHost(one))).toMatchObject({ kind: 'unknown', fault: 'timeout' });
      stop();
    });
    expect(woken.slice(0, 3)).toEqual(['patroni1: die', 'patroni1: start', 'patroni1: die']);
  });
});
