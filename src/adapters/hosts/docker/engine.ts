import { baseAddress, closingAgent, exchangeBytes, type Exchange } from '../../patroni/exchange.js';
import { pieces } from './stream.js';

/** One request to the Engine API; the path without a version, so that the engine answers with its own newest. */
interface EngineCall {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** Instead of `json`: a tar archive. */
  readonly tar?: Buffer;
  readonly deadlineMs: number;
}

export interface Engine {
  /** Where it is, for people. */
  readonly address: string;
  call(call: EngineCall): Promise<Exchange<Buffer>>;
  /** The body of `GET /events` piece by piece until it ends or the signal aborts. Throws what the connection throws. */
  stream(path: string, query: Readonly<Record<string, string>>, signal: AbortSignal): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

/** Docker's Engine API at `unix:///PATH` or `http://HOST:PORT` (`tcp://` is the same). Throws TypeError when it is no address. */
export function dockerEngine(socket: string, connectTimeoutMs: number): Engine {
  const url = baseAddress(socket.replace(/^tcp:/, 'http:'));
  const local = url.protocol === 'unix:';
  const base = local ? 'http://docker' : url.origin;
  const path = local ? { socketPath: decodeURIComponent(url.pathname) } : {};
  const agent = closingAgent({ ...path, timeoutMs: connectTimeoutMs });

  const addressFor = (path: string, query: Readonly<Record<string, string>>): URL => {
    const address = new URL(path, base);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    return address;
  };

  return {
    address: local ? socket : url.origin,
    call: ({ method, path, query, json, tar, deadlineMs }) => {
      const body = tar ?? (json === undefined ? null : JSON.stringify(json));
      const type = tar === undefined ? 'application/json' : 'application/x-tar';
      return exchangeBytes(agent, {
        method,
        url: addressFor(path, query ?? {}),
        headers: body === null ? {} : { 'content-type': type },
        body,
        deadlineMs,
      });
    },
    stream: (route, query, signal) => pieces(agent, addressFor(route, query), signal),
    close: () => agent.destroy(),
  };
}

/** The engine's error text, `{"message": "..."}`, for people. */
export function engineMessage(body: Buffer): string {
  const text = body.toString('utf8');
  try {
    const json: unknown = JSON.parse(text);
    if (typeof json === 'object' && json !== null && 'message' in json) return String(json.message);
  } catch {
    // Not JSON: the text itself is the message.
  }
  return text.trim().slice(0, 300);
}
