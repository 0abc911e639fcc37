import { connect } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

let server: Server | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(): Promise<URL> {
  const controller = new FakeController(SCENARIOS.healthy());
  const silent = (): void => undefined;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [] },
    controller,
    log: { info: silent, warn: silent, error: silent },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => NOW_MS },
    patience: { requestMs: 100, checkEveryMs: 50 },
  });
  return new URL(server.url);
}

/** Sends that, and then a byte again and again, as long as it is let. */
function drip({ hostname, port }: URL, start: string): Promise<unknown> {
  const socket = connect(Number(port), hostname);
  // Our own writes may fail once it is closed at the other end.
  socket.on('error', () => undefined).resume();
  socket.write(start);
  const timer = setInterval(() => socket.write('a'), 20);
  const closed = once(socket, 'close').finally(() => {
    clearInterval(timer);
  });
  return closed;
}

describe('a client that sends slowly', () => {
  it.each([
    ['its head', 'GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: '],
    [
      'its body',
      'POST /v1 HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n{"a":"',
    ],
  ])('%s: its connection is closed, and others are served meanwhile', async (_what, start) => {
    const url = await serve();
    const closed = drip(url, start);
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
    await closed;
    expect((await fetch(new URL('/healthz', url))).status).toBe(200);
  });
});
