import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const CLIENTS = 1_000;
const MB = 1_000_000;
let server: Server | null = null;
let sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets = [];
  await server?.close();
  server = null;
});

async function serve(controller: FakeController, streams: number): Promise<number> {
  const silent = (): void => undefined;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [], streams },
    controller,
    log: { info: silent, warn: silent, error: silent },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => NOW_MS },
  });
  return Number(new URL(server.url).port);
}

function follow(port: number, form: 'whole' | 'changes'): Socket {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.write(`GET /v1/events?form=${form} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  return socket;
}

it('a thousand clients on real sockets, half of whom never read, cost little, and one more is refused with words', async () => {
  const controller = new FakeController(SCENARIOS.lagHeld());
  const port = await serve(controller, CLIENTS);
  const before = process.memoryUsage();
  const ends: string[] = [];
  for (let at = 0; at < CLIENTS; at += 1) {
    const socket = follow(port, 'changes');
    const reader = at / 2;
    if (at % 2 === 0) socket.on('data', (piece) => (ends[reader] = piece.toString('utf8').slice(-900)));
    else socket.pause();
    if (at % 50 === 49) await once(socket, 'connect');
  }
  const all = async (text: string): Promise<void> => {
    while (ends.filter((end) => end.includes(text)).length < CLIENTS / 2) await sleep(10);
  };
  await all('heartbeat');
  const refused = await fetch(`http://127.0.0.1:${port}/v1/events`);
  expect(refused.status).toBe(503);
  expect(await refused.json()).toMatchObject({
    code: 'too-many-streams',
    message: '1000 event streams are open, as many as api.streams allows',
  });
  for (let pass = 1; pass <= 20; pass += 1) {
    controller.show(SCENARIOS.lagHeld(NOW_MS + pass));
    await sleep(1);
  }
  await all('"seq":21');
  const { arrayBuffers, external } = process.memoryUsage();
  expect(arrayBuffers + external - before.arrayBuffers - before.external).toBeLessThan(100 * MB);
}, 60_000);

it('a client on a real socket that never reads is cut off, and makes room for another one', async () => {
  const controller = new FakeController(SCENARIOS.lagHeld());
  const port = await serve(controller, 1);
  const slow = follow(port, 'whole');
  slow.pause();
  const status = async (): Promise<number> => {
    const abort = new AbortController();
    const answer = await fetch(`http://127.0.0.1:${port}/v1/events`, { signal: abort.signal });
    abort.abort();
    return answer.status;
  };
  await once(slow, 'readable');
  expect(await status()).toBe(503);
  for (let pass = 1; (await status()) === 503; pass += 1)
    for (let at = 0; at < 50; at += 1) controller.show(SCENARIOS.lagHeld(NOW_MS + pass * 50 + at));
}, 60_000);
