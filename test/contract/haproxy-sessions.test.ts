import { existsSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { haproxyAdapter } from '../../src/adapters/haproxy/haproxy-adapter.js';
import { takesNew } from '../../src/assess/rotation.js';
import type { ProxyServer } from '../../src/model/proxy.js';
import type { ProxyPort } from '../../src/ports/proxy.js';
import { freePort, until } from './etcd-support.js';
import { HAPROXY, haproxyOf, type Running } from './rights-support.js';

/** A server with one client on it through a real HAProxy, which then finds it down while the client stays. */
async function withOneClient(onMarkedDown: string): Promise<{
  readonly port: ProxyPort;
  readonly client: Socket;
  readonly markDown: () => void;
  readonly end: () => Promise<void>;
}> {
  const [stats, runtime, front] = [await freePort(), await freePort(), await freePort()];
  const sockets: Socket[] = [];
  const server: Server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
  server.listen(0, '127.0.0.1');
  await until('it listens', () => server.listening);
  const { port: back } = server.address() as AddressInfo;
  const text = `
global
  stats socket ipv4@127.0.0.1:${runtime} level admin
defaults
  mode tcp
  timeout connect 1s
  timeout client 1m
  timeout server 1m
frontend stats
  mode http
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
listen main
  bind 127.0.0.1:${front}
  server pg-1 127.0.0.1:${back} check inter 200 fall 1 rise 1 ${onMarkedDown}
`;
  const port = haproxyAdapter(
    {
      name: 'proxy',
      stats: `http://127.0.0.1:${stats}/stats`,
      statsAuth: null,
      tls: null,
      runtime: `tcp://127.0.0.1:${runtime}`,
      pools: { writes: 'main', reads: [] },
      servers: {},
    },
    2_000,
    systemClock,
  );
  const haproxy: Running = await haproxyOf(text, {}, async () => (await port.view()).kind === 'fresh');
  const client = connect(front, '127.0.0.1').on('error', () => undefined);
  await until('its session is there', async () => (await rowOf(port)).sessions === 1);
  return {
    port,
    client,
    markDown: () => {
      server.close();
    },
    end: async () => {
      client.destroy();
      for (const socket of sockets) socket.destroy();
      server.close();
      await port.close();
      await haproxy.end();
    },
  };
}

async function rowOf(port: ProxyPort): Promise<ProxyServer> {
  const reading = await port.view();
  const row = reading.kind === 'fresh' ? reading.value.servers.find(({ server }) => server === 'pg-1') : undefined;
  if (row === undefined) throw new Error(JSON.stringify(reading));
  return row;
}

describe.skipIf(!existsSync(HAPROXY))('sessions on a server that a real HAProxy finds down', () => {
  const opened: { end: () => Promise<void> }[] = [];
  afterEach(() => Promise.all(opened.splice(0).map(({ end }) => end())));
  const start = async (onMarkedDown: string) => {
    const one = await withOneClient(onMarkedDown);
    opened.push(one);
    one.markDown();
    await until('it is down', async () => !(await rowOf(one.port)).up);
    return one;
  };

  test('[S13] stay without on-marked-down, are seen, and are cut by the runtime API', async () => {
    const { port, client } = await start('');
    expect(await rowOf(port)).toMatchObject({ up: false, sessions: 1, lastChangeSeconds: expect.any(Number) });
    const closed = new Promise((resolve) => client.once('close', resolve));
    const command = 'shutdown sessions server main/pg-1';
    expect(await port.send({ port: 'proxy', command })).toMatchObject({ effect: 'done' });
    await closed;
    await until('no session is left', async () => (await rowOf(port)).sessions === 0);
    // A second time it finds nobody, and is no fault.
    expect(await port.send({ port: 'proxy', command })).toMatchObject({ effect: 'done' });
  });

  test('stay on one that is told to stop softly, whatever on-marked-down says, until a check that passes puts it back', async () => {
    const one = await withOneClient('on-marked-down shutdown-sessions');
    opened.push(one);
    const before = await rowOf(one.port);
    expect(takesNew(before)).toBe(true);
    const command = 'set server main/pg-1 health stopping';
    expect(await one.port.send({ port: 'proxy', command })).toMatchObject({ effect: 'done', text: '' });
    await until('its check has passed', async () => takesNew(await rowOf(one.port)));
    expect(await rowOf(one.port)).toMatchObject({ up: true, sessions: 1 });
  });

  test('[S13] are gone at once with on-marked-down shutdown-sessions', async () => {
    const { port } = await start('on-marked-down shutdown-sessions');
    expect(await rowOf(port)).toMatchObject({ up: false, sessions: 0 });
  });
});
