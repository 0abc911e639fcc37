import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Closing } from '../../patroni/exchange.js';

// Not by name: from Node 22 on a module that imports from node:http gets all of it, Node's own undici included.
const { request } = process.getBuiltinModule('node:http');

/**
 * The body of a GET piece by piece, for as long as it lasts: only the connection has a limit, that of its agent. An empty piece comes first, once the
 * answer stands, because what there is to tell may be hours away. Throws what the connection throws, and an answer that is not 200.
 */
export async function* pieces(agent: Closing, url: URL, signal: AbortSignal): AsyncIterable<Buffer> {
  signal.throwIfAborted();
  const socket = await connected(agent, url, signal);
  const end = (): void => void socket.destroy();
  signal.addEventListener('abort', end, { once: true });
  try {
    const sent = request({ host: url.hostname, path: url.pathname + url.search, createConnection: () => socket });
    // After its answer too: an error that nobody listens to ends the daemon.
    sent.on('error', end);
    sent.end();
    const [answer] = (await once(sent, 'response')) as [IncomingMessage];
    answer.on('error', end);
    if (answer.statusCode !== 200) throw new Error(`GET ${url.pathname}: status ${answer.statusCode ?? 'missing'}`);
    yield Buffer.alloc(0);
    for await (const piece of answer) yield piece as Buffer;
  } finally {
    signal.removeEventListener('abort', end);
    end();
  }
}

/** First probe on a connection on which nothing was told for so long. */
const KEEP_ALIVE_MS = 30_000;

async function connected(agent: Closing, url: URL, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = agent.open(url, () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cut);
      // An engine that lost its power, or a firewall that forgot us, ends nothing: without a probe an idle stream would stay open, and tell nothing.
      socket.setKeepAlive(true, KEEP_ALIVE_MS);
      resolve(socket);
    });
    const cut = (): void => void socket.destroy(new Error('the stream was given up'));
    const timer = setTimeout(cut, agent.timeoutMs);
    signal.addEventListener('abort', cut, { once: true });
    // Stays for the life of the socket: what breaks it later is told by the answer.
    socket.on('error', (error) => {
      clearTimeout(timer);
      // The signal outlives every attempt.
      signal.removeEventListener('abort', cut);
      reject(error);
    });
  });
}
