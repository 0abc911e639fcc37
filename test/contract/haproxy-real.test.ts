import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { haproxyAdapter } from '../../src/adapters/haproxy/haproxy-adapter.js';
import type { ProxyConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import { ownerOf, type ProxyServer } from '../../src/model/proxy.js';
import { withMembers } from '../../src/observe/proxy-members.js';
import { takesNew } from '../../src/assess/rotation.js';
import type { ProxyPort } from '../../src/ports/proxy.js';

/** Where Debian has it, or where it lies unpacked. */
const HAPROXY = process.env['HAPROXY'] ?? '/usr/sbin/haproxy';
const folder = mkdtempSync(join(tmpdir(), 'ekimi-haproxy-'));
const MEMBERS = ['patroni1', 'patroni2', 'patroni3'].map(memberName);
const POOLS = { writes: 'main', reads: ['ro', 'reports'] };

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Servers that are not called like members, all at addresses of this host where nobody has to listen. */
const configText = (stats: number, runtime: string, level: string): string => `
global
  stats socket ${runtime} level ${level}
defaults
  mode tcp
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend stats
  mode http
  bind 127.0.0.1:${stats}
  stats enable
  stats uri /stats
  stats auth ops:secret
backend main
${MEMBERS.map((_, index) => `  server pg-${index + 1} 127.0.0.1:1543${index + 1}`).join('\n')}
backend ro
${MEMBERS.map((_, index) => `  server pg-${index + 1} 127.0.0.1:1543${index + 1}`).join('\n')}
  server sorry 127.0.0.1:19999 backup
backend reports
  server-template slot 2 localhost:15433
  server pg-c [::1]:15433
`;

interface Running {
  readonly port: ProxyPort;
  readonly proxy: ProxyConfig;
  readonly restart: () => Promise<void>;
  readonly end: () => Promise<void>;
}

async function running(name: string, runtime: string, bound: string, level = 'admin'): Promise<Running> {
  const stats = await freePort();
  const file = join(folder, `${name}.cfg`);
  writeFileSync(file, configText(stats, bound, level));
  const proxy: ProxyConfig = {
    name,
    stats: `http://127.0.0.1:${stats}/stats`,
    statsAuth: { username: 'ops', password: 'secret' },
    tls: null,
    runtime,
    pools: POOLS,
    servers: {},
  };
  let child: ChildProcess;
  let port = haproxyAdapter(proxy, 2_000, systemClock);
  const start = async (): Promise<void> => {
    child = spawn(HAPROXY, ['-db', '-f', file], { stdio: 'ignore' });
    for (let tries = 0; tries < 100 && (await port.view()).kind !== 'fresh'; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const stop = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  return {
    get port() {
      return port;
    },
    proxy,
    restart: async () => {
      await stop();
      await port.close();
      port = haproxyAdapter(proxy, 2_000, systemClock);
      await start();
    },
    end: async () => {
      await stop();
      await port.close();
    },
  };
}

describe.skipIf(!existsSync(HAPROXY))('two real HAProxies', () => {
  let north: Running;
  let south: Running;
  beforeAll(async () => {
    const tcp = await freePort();
    const socket = join(folder, 'south.sock');
    north = await running('north', `tcp://127.0.0.1:${tcp}`, `ipv4@127.0.0.1:${tcp}`);
    south = await running('south', `unix://${socket}`, socket);
  });
  afterAll(async () => {
    await north.end();
    await south.end();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a pass makes of it: each server with its member. */
  async function seen({ port, proxy }: Running): Promise<readonly ProxyServer[]> {
    const place = (index: number) => ({
      host: index === 2 ? '::1' : '127.0.0.1',
      port: 15431 + index,
      isDeclared: false,
    });
    const [placed] = withMembers([{ name: proxy.name, pools: POOLS, seen: await port.view() }], {
      target: {
        members: MEMBERS,
        addresses: Object.fromEntries(
          MEMBERS.map((member, index) => [member, { api: null, sql: { ...place(index), host: '127.0.0.1' } }]),
        ),
        proxies: [{ name: proxy.name, pools: POOLS, isHere: true }],
      },
      rows: [{ name: memberName('patroni3'), apiUrl: null, conn: { host: '::1', port: 15433 } }],
      names: {},
      leader: null,
      before: [],
      checks: [],
    });
    const reading = placed?.seen;
    if (reading?.kind !== 'fresh') throw new Error(JSON.stringify(reading));
    return reading.value.servers;
  }
  const ownersIn = (rows: readonly ProxyServer[], backend: string): readonly (string | null)[] =>
    rows.filter((row) => row.backend === backend).map(ownerOf);
  const stateOf = (rows: readonly ProxyServer[], server: string): readonly boolean[] =>
    rows.filter((row) => row.server === server && row.backend === 'ro').map(takesNew);

  it('[S5] tell by address, template and IPv6 which server is which member, over TCP and a socket', async () => {
    for (const one of [north, south]) {
      const rows = await seen(one);
      expect(ownersIn(rows, 'main')).toEqual(['patroni1', 'patroni2', 'patroni3']);
      expect(ownersIn(rows, 'ro')).toEqual(['patroni1', 'patroni2', 'patroni3', null]);
      expect(ownersIn(rows, 'reports')).toEqual(['patroni3', 'patroni3', 'patroni3']);
    }
  });

  it('[S5] are told each by itself, and a process that begins anew has forgotten it', async () => {
    const drain = { port: 'proxy', command: 'set server ro/pg-3 state drain' } as const;
    expect(await south.port.send(drain)).toMatchObject({ effect: 'done' });
    expect([stateOf(await seen(north), 'pg-3'), stateOf(await seen(south), 'pg-3')]).toEqual([[true], [false]]);
    const pidOf = async () => {
      const reading = await south.port.view();
      return reading.kind === 'fresh' ? reading.value.pid : null;
    };
    const before = await pidOf();
    await south.restart();
    expect(stateOf(await seen(south), 'pg-3')).toEqual([true]);
    expect(await pidOf()).not.toBe(before);
  });

  it('[S5] say what they do not know, and nothing has happened', async () => {
    const unknownServer = { port: 'proxy', command: 'set server ro/nobody state drain' } as const;
    expect(await north.port.send(unknownServer)).toMatchObject({
      effect: 'none',
      text: expect.stringContaining('No such'),
    });
    const wrong = haproxyAdapter({ ...north.proxy, statsAuth: null }, 2_000, systemClock);
    expect(await wrong.view()).toMatchObject({ kind: 'unknown', fault: 'denied' });
    await wrong.close();
  });

  const drain = { port: 'proxy', command: 'set server ro/pg-2 state drain' } as const;
  const shut = { port: 'proxy', command: 'shutdown sessions server ro/pg-2' } as const;

  it('[S5] of which one has a socket of level user: it is seen, and refuses each command by its words', async () => {
    const tcp = await freePort();
    const east = await running('east', `tcp://127.0.0.1:${tcp}`, `ipv4@127.0.0.1:${tcp}`, 'user');
    try {
      expect(ownersIn(await seen(east), 'main')).toEqual(['patroni1', 'patroni2', 'patroni3']);
      for (const step of [drain, shut])
        expect(await east.port.send(step)).toMatchObject({
          effect: 'none',
          text: expect.stringMatching(/permission denied/i),
        });
      expect(stateOf(await seen(east), 'pg-2')).toEqual([true]);
    } finally {
      await east.end();
    }
  });

  it('[S5] of which one lacks a command: nothing has happened, and it says so', async () => {
    const unknown = { port: 'proxy', command: 'set member ro/pg-2 state drain' } as const;
    expect(await south.port.send(unknown)).toMatchObject({
      effect: 'none',
      text: expect.stringMatching(/unknown command/i),
    });
  });

  it('[S5] of which one takes a connection to its runtime API and is silent: it alone is unknown, within the time that a call has', async () => {
    const held = new Set<Socket>();
    const hanging = createServer((socket) => held.add(socket.on('error', () => undefined)));
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const runtime = `tcp://127.0.0.1:${(hanging.address() as AddressInfo).port}`;
    const behind = haproxyAdapter({ ...south.proxy, runtime }, 300, systemClock);
    try {
      const [first, second] = await Promise.all([north.port.view(), behind.view()]);
      expect(first.kind).toBe('fresh');
      expect(second).toMatchObject({ kind: 'unknown', fault: 'timeout' });
      // What was written may have been read: nobody may call that nothing.
      expect(await behind.send(drain)).toMatchObject({ effect: 'maybe' });
    } finally {
      await behind.close();
      for (const socket of held) socket.destroy();
      hanging.close();
    }
  });
});
