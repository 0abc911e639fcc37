import { readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haproxyAdapter } from '../../src/adapters/haproxy/haproxy-adapter.js';
import type { ProxyConfig } from '../../src/model/config.js';
import type { ProxyPort } from '../../src/ports/proxy.js';
import { answering, hangingUp, rawServer, REPLIES, silent, stillClock, type Behaviour } from './patroni-support.js';

const file = (name: string): string => readFileSync(join(REPLIES, 'haproxy-2.6', name), 'utf8');
const page = (body: string, status = 200): string => `HTTP/1.1 ${status} X\r\nConnection: close\r\n\r\n${body}`;

let stats: Awaited<ReturnType<typeof rawServer>>;
/** The runtime API: what it got, and what it does with a line. */
const commands: string[] = [];
let runtimeDoes: Behaviour = hangingUp;
const runtime = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.on('data', (chunk: Buffer) => {
    commands.push(chunk.toString('utf8'));
    runtimeDoes(socket, chunk.toString('utf8'));
  });
});
const socketPath = join(tmpdir(), `ekimi-haproxy-${process.pid}.sock`);
const unixRuntime = createServer((socket) => socket.on('data', () => socket.end(file('show-servers-state.txt'))));

beforeAll(async () => {
  stats = await rawServer();
  await new Promise<void>((resolve) => runtime.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => unixRuntime.listen(socketPath, resolve));
});
afterAll(async () => {
  await stats.close();
  runtime.close();
  unixRuntime.close();
  rmSync(socketPath, { force: true });
});

type Proxy = ProxyConfig;

async function withAdapter<T>(
  changes: Partial<Proxy>,
  use: (port: ProxyPort) => Promise<T>,
  deadlineMs = 2_000,
): Promise<T> {
  commands.length = 0;
  const proxy: Proxy = {
    name: 'proxy',
    stats: `http://127.0.0.1:${stats.port}/stats`,
    statsAuth: null,
    runtime: `tcp://127.0.0.1:${(runtime.address() as AddressInfo).port}`,
    tls: null,
    pools: { writes: 'postgres_primary', reads: ['postgres_replicas'] },
    servers: {},
    ...changes,
  };
  const port = haproxyAdapter(proxy, deadlineMs, stillClock);
  try {
    return await use(port);
  } finally {
    await port.close();
  }
}

const view = (changes: Partial<Proxy> = {}, deadlineMs = 2_000) =>
  withAdapter(changes, (port) => port.view(), deadlineMs);
const send = (command: string, changes: Partial<Proxy> = {}, deadlineMs = 2_000) =>
  withAdapter(changes, (port) => port.send({ port: 'proxy', command }), deadlineMs);

describe('a view', () => {
  it('joins the statistics with the runtime API, over TCP or a socket file', async () => {
    stats.behave(answering(page(file('stats.csv'))));
    runtimeDoes = answering(file('show-servers-state.txt'));
    const joined = await view();
    expect(joined).toMatchObject({ kind: 'fresh' });
    expect(joined.kind === 'fresh' && joined.value.servers).toHaveLength(6);
    expect(stats.requests[0]).toMatch(/^GET \/stats;csv HTTP/);
    expect(commands).toEqual(['show servers state\n', 'show info\n']);
    expect(await view({ runtime: `unix://${socketPath}` })).toEqual(joined);
  });

  it('asks when the proxy began as soon as a drain is gone, however lately it asked', async () => {
    const states = file('show-servers-state.txt');
    const drained = states.replace(/^(\d+ postgres_replicas \d+ patroni2 \S+ \d+) \d+/m, '$1 8');
    expect(drained).not.toBe(states);
    const after = states.replace(/^(\d+ postgres_replicas \d+ patroni2 \S+ \d+) \d+/m, '$1 0');
    let [now, uptime] = [drained, 5_000];
    runtimeDoes = (socket, line) => {
      answering(line.startsWith('show info') ? `Name: HAProxy\nUptime_sec: ${uptime}\n\n` : now)(socket, line);
    };
    stats.behave(answering(page(file('stats.csv'))));
    const began = await withAdapter({}, async (port) => {
      const seen: unknown[] = [];
      for (const [state, seconds] of [
        [drained, 5_000],
        [drained, 1],
        [after, 1],
        [after, 0],
      ] as const) {
        [now, uptime] = [state, seconds];
        const reading = await port.view();
        seen.push(reading.kind === 'fresh' ? reading.value.startedAtMs : reading);
      }
      return seen;
    });
    // The clock of the test stands at 1,000 s.
    expect(began).toEqual([-4_000_000, -4_000_000, 999_000, 999_000]);
  });

  it('sends the credentials and keeps a query of the address', async () => {
    stats.behave(answering(page(file('stats.csv'))));
    await view({
      stats: `http://u:p@127.0.0.1:${stats.port}/ha?stats`,
      statsAuth: { username: 'ops', password: 'x' },
      runtime: null,
    });
    expect(stats.requests[0]).toMatch(/^GET \/ha\?stats;csv HTTP/);
    expect(stats.requests[0]).toContain(`Basic ${Buffer.from('ops:x').toString('base64')}`);
  });

  it('without a runtime API comes from the statistics alone', async () => {
    stats.behave(answering(page(file('show-stat.drain.csv'))));
    const seen = await view({ runtime: null });
    const drained = seen.kind === 'fresh' ? seen.value.servers.filter(({ admin }) => admin.drain) : [];
    expect(drained.map(({ backend, server }) => `${backend}/${server}`)).toEqual(['postgres_replicas/patroni1']);
  });

  it.each([
    [
      'an HTML page',
      answering(page('<html><body>Statistics Report</body></html>')),
      'bad-reply',
      /not HAProxy's CSV but "Statistics Report"/,
    ],
    ['a status 401', answering(page('', 401)), 'denied', /401/],
    ['a status 503', answering(page('', 503)), 'http-status', /503/],
    ['a closed connection', hangingUp, 'closed', /closed/],
    ['no answer', silent, 'timeout', /no answer in time/],
  ] as [string, Behaviour, string, RegExp][])('that meets %s is unknown', async (_, behaviour, fault, reason) => {
    stats.behave(behaviour);
    const seen = await view({ runtime: null }, fault === 'timeout' ? 150 : 2_000);
    expect(seen).toMatchObject({ kind: 'unknown', fault });
    expect(seen.kind === 'unknown' && seen.reason).toMatch(reason);
  });

  it.each([
    ['says no', answering('Permission denied\n'), 'bad-reply'],
    ['hangs up', hangingUp, 'closed'],
    ['is silent', silent, 'timeout'],
  ] as [string, Behaviour, string][])(
    'whose runtime API %s is unknown: a drain could not be seen',
    async (_, behaviour, fault) => {
      stats.behave(answering(page(file('stats.csv'))));
      runtimeDoes = behaviour;
      expect(await view({}, 200)).toMatchObject({ kind: 'unknown', fault });
    },
  );
});

describe('a command', () => {
  it.each([
    ['an empty line', answering('\n'), 'done', ''],
    ['"No such backend."', answering('No such backend.\n\n'), 'none', 'No such backend.'],
    ['"Permission denied"', answering('Permission denied\n'), 'none', 'Permission denied'],
    ['no byte at all', hangingUp, 'maybe', /closed/],
    ['no answer', silent, 'maybe', /no answer in time/],
  ] as [string, Behaviour, string, string | RegExp][])(
    'that meets %s has its effect named',
    async (_, behaviour, effect, text) => {
      runtimeDoes = behaviour;
      const reply = await send('set server postgres_replicas/patroni3 state drain', {}, 200);
      expect(reply).toMatchObject({ effect, status: null });
      expect(reply.text).toMatch(text);
      expect(commands).toEqual(['set server postgres_replicas/patroni3 state drain\n']);
    },
  );

  it.each(['set server a/b state drain; shutdown sessions server a/b', 'show info\nset server a/b state maint', '  '])(
    'that hides a second one (%j) is refused and not sent',
    async (command) => {
      runtimeDoes = answering('\n');
      expect(await send(command)).toMatchObject({ effect: 'none' });
      expect(commands).toEqual([]);
    },
  );

  it('that cannot connect, or has no runtime API to go to, has done nothing', async () => {
    expect(await send('show info', { runtime: 'tcp://127.0.0.1:1' })).toMatchObject({ effect: 'none' });
    expect(await send('show info', { runtime: 'unix:///nowhere/haproxy.sock' })).toMatchObject({ effect: 'none' });
    expect(await send('show info', { runtime: null })).toMatchObject({ effect: 'none' });
  });
});
