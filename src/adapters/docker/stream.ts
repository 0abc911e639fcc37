import { request, type IncomingMessage } from 'node:http';
import type { Closing } from '../patroni/exchange.js';

/** A connection that is quiet for hours and whose other end went away without a word is found out by TCP. */
const KEEP_ALIVE_AFTER_MS = 60_000;

class NoConnectionInTime extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * A GET whose answer may never end: neither its time nor its length is limited, only the connection is. Resolves with the answer's head;
 * rejects, and ends with the signal, whatever stands in the way. No body is taken in that nobody reads.
 */
export function openStream(agent: Closing, url: URL, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = agent.open(url, () => {
      clearTimeout(timer);
      socket.setKeepAlive(true, KEEP_ALIVE_AFTER_MS);
      const { hostname: host, port, pathname, search } = url;
      const path = pathname + search;
      const sent = request({ host, ...(port === '' ? {} : { port }), path, signal, createConnection: () => socket });
      sent.on('error', reject).on('response', resolve).end();
    });
    const end = (error: Error): void => {
      socket.destroy(error);
    };
    const timer = setTimeout(() => {
      end(new NoConnectionInTime(`no connection to ${url.host} within ${agent.timeoutMs} ms`));
    }, agent.timeoutMs);
    const onAbort = (): void => {
      end(new Error('no longer wanted'));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', reject).once('close', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    });
  });
}
