import type { ClientRequest, IncomingMessage } from 'node:http';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { TlsConfig } from '../../model/tls.js';
import { madeOf, secureOptions } from '../tls/pem.js';
import { faultOf, type Fault } from './fault.js';

// Not by name: from Node 22 on a module that imports from node:http gets all of it, Node's own undici included.
const { request } = process.getBuiltinModule('node:http');

/** Longest answer that we take in, whoever asks; a call may take in less. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Of an answer that is an error only its first words are used. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer | null;
  /** For the whole exchange: connect, send, headers and body. */
  readonly deadlineMs: number;
  /** Longest answer worth taking in; a longer one is a fault. Of an error's body what is longer is left out. */
  readonly maxBytes?: number;
}

export type Exchange<B> =
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: B;
    }
  /** `written`: the request went out, so anything may have happened. `status` where at least the headers came back. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly written: boolean; readonly status: number | null };

/** Opens connections to servers that close after each answer, and knows those that are open. */
export interface Closing {
  /** A socket on its way; `up` is called once it is connected, and with TLS trusted. */
  open(url: URL, up: () => void): Socket;
  /** For the connection alone. */
  readonly timeoutMs: number;
  /** Ends what is open, and refuses what comes later. */
  destroy(): Promise<void>;
}

class Destroyed extends Error {
  readonly code = 'ECONNRESET';
}

/**
 * A client for servers that close after each answer. No connection is kept: the first POST after an idle minute would meet a socket that
 * Patroni has closed, and end as "maybe". Node's own client, because a pool of undici is made and torn down, with some exceptions and their
 * stacks, around each connection that is not kept: that was a third of what a pass of the daemon cost.
 */
export function closingAgent(to: {
  readonly socketPath?: string;
  readonly tls?: TlsConfig | null;
  readonly timeoutMs: number;
}): Closing {
  const { tls = null, socketPath } = to;
  // Each connection is a new one, so each uses the certificates of its moment. Made once here, for a file that cannot be read is told at start.
  const secure = madeOf(tls, () => ({
    options: tls === null ? {} : secureOptions(tls),
    sessions: new Map<string, Buffer>(),
  }));
  const sockets = new Set<Socket>();
  let isDestroyed = false;

  function overTls(host: string, port: number, up: () => void): Socket {
    const { options, sessions } = secure();
    const place = `${host}:${port}`;
    const session = sessions.get(place);
    const socket = connectTls({
      host,
      port,
      ...options,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (next) => sessions.set(place, next));
    // A session of a server that was set up anew must not stand in the way of the next connection.
    socket.on('error', () => sessions.delete(place));
    return socket.once('secureConnect', up);
  }

  return {
    timeoutMs: to.timeoutMs,
    open(url, up) {
      if (isDestroyed) throw new Destroyed('the client is closed');
      const host = url.hostname.replace(/^\[|\]$/g, '');
      const isSecure = url.protocol === 'https:';
      const port = url.port === '' ? (isSecure ? 443 : 80) : Number(url.port);
      const socket =
        socketPath !== undefined
          ? connectPlain({ path: socketPath }, up)
          : isSecure
            ? overTls(host, port, up)
            : connectPlain({ host, port }, up);
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
      return socket;
    },
    destroy() {
      isDestroyed = true;
      for (const socket of sockets) socket.destroy(new Destroyed('the client was closed'));
      return Promise.resolve();
    },
  };
}

class AnswerTooLong extends Error {
  override readonly name = 'HTTPParserError';
  override readonly message = 'the answer is longer than what was asked for can be';
}

class DeadlineEnded extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * One request, one answer, one deadline; never a retry, never a redirect followed, never a throw. The request is made only on a connection
 * that stands, so `written` turns true just before its first byte: the line between "nothing happened" and "maybe".
 */
export function exchangeBytes(agent: Closing, call: Call): Promise<Exchange<Buffer>> {
  return new Promise((resolve) => {
    let written = false;
    let status: number | null = null;
    let ended = false;
    let socket: Socket | null = null;
    const finish = (outcome: Exchange<Buffer>): void => {
      ended = true;
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (error: unknown): void => {
      if (ended) return;
      finish({ kind: 'fault', fault: faultOf(error), written, status });
      socket?.destroy();
    };
    const late = (): void => {
      fail(new DeadlineEnded());
    };
    const { deadlineMs } = call;
    const beganMs = performance.now();
    let timer = setTimeout(late, Math.min(deadlineMs, agent.timeoutMs));

    function receive(answer: IncomingMessage): void {
      const of = answer.statusCode ?? 0;
      const isError = of >= 300;
      const most = isError ? MAX_ERROR_BYTES : (call.maxBytes ?? MAX_ANSWER_BYTES);
      const chunks: Buffer[] = [];
      let bytes = 0;
      status = of;
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes <= most) chunks.push(chunk);
        else if (!isError) fail(new AnswerTooLong());
      });
      answer.on('error', fail);
      answer.on('end', () => {
        const [only] = chunks;
        const body = chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
        if (!ended) finish({ kind: 'answer', status: of, headers: flat(answer.headers), body });
      });
    }

    /** Connected. A request that waited for its connection until after the deadline must not go out late. */
    function send(on: Socket): void {
      if (ended) return;
      if (deadlineMs > agent.timeoutMs) {
        clearTimeout(timer);
        timer = setTimeout(late, deadlineMs - (performance.now() - beganMs));
      }
      written = true;
      const { url, method, headers, body } = call;
      const sent: ClientRequest = request({
        host: url.hostname,
        ...(url.port === '' ? {} : { port: url.port }),
        path: url.pathname + url.search,
        method,
        headers: { ...headers },
        createConnection: () => on,
      });
      sent.on('error', fail);
      sent.on('response', receive);
      sent.end(body ?? undefined);
    }

    try {
      const opened = agent.open(call.url, () => {
        send(opened);
      });
      socket = opened;
      opened.on('error', fail);
    } catch (error) {
      fail(error);
    }
  });
}

/** The same with the body as text. */
export async function exchange(agent: Closing, call: Call): Promise<Exchange<string>> {
  const outcome = await exchangeBytes(agent, call);
  return outcome.kind === 'fault' ? outcome : { ...outcome, body: outcome.body.toString('utf8') };
}

const flat = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );

export const basicAuth = (
  auth: { readonly username: string; readonly password: string } | null,
): Record<string, string> =>
  auth === null
    ? {}
    : { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`, 'utf8').toString('base64')}` };

/** An address of the configuration, without the credentials that someone may have written into it. Throws TypeError for no URL. */
export function baseAddress(text: string): URL {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  return url;
}

/** A base address with a path (and query) behind it. */
export const addressOf = (base: URL, path: string): URL =>
  new URL(base.origin + base.pathname.replace(/\/+$/, '') + path);

/** Of a body no more is looked at for an excerpt: what lies beyond is cut off anyway. */
const EXCERPT_SOURCE_CHARS = 4_000;

/** The start of an answer for a person: one line, markup taken out, cut. */
export function excerpt(body: string, length: number): string {
  const start = body.slice(0, EXCERPT_SOURCE_CHARS);
  const message = /<p>Message: ([^<]*)<\/p>/.exec(start)?.[1];
  const text = message ?? (/^\s*<(!doctype|html)/i.test(start) ? start.replace(/<[^<>]*>/g, ' ') : start);
  return text.replace(/\s+/g, ' ').trim().slice(0, length);
}
