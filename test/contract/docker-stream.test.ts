import { getEventListeners, once } from 'node:events';
import { createServer } from 'node:http';
import { Socket, type AddressInfo } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { pieces } from '../../src/adapters/hosts/docker/stream.js';
import { closingAgent } from '../../src/adapters/patroni/exchange.js';

/** Opens a stream and takes its first piece. */
async function opened(url: URL, signal: AbortSignal): Promise<void> {
  for await (const piece of pieces(closingAgent({ timeoutMs: 1_000 }), url, signal)) if (piece.length === 0) return;
}

async function listening(): Promise<{ readonly url: URL; readonly close: () => Promise<unknown> }> {
  const server = createServer((_, response) => {
    response.writeHead(200).flushHeaders();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): Promise<unknown> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`), close };
}

describe('the stream of an engine', () => {
  it('leaves nothing behind on its signal, whether it was opened or refused', async () => {
    const { signal } = new AbortController();
    const { url, close } = await listening();
    await opened(url, signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
    await close();
    for (let attempt = 0; attempt < 3; attempt += 1)
      await expect(opened(url, signal)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is probed while nothing is told: an engine without power ends no connection', async () => {
    const probed = vi.spyOn(Socket.prototype, 'setKeepAlive');
    const { url, close } = await listening();
    try {
      await opened(url, new AbortController().signal);
      expect(probed.mock.calls).toContainEqual([true, 30_000]);
    } finally {
      probed.mockRestore();
      await close();
    }
  });
});
