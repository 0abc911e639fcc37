import { Agent, buildConnector } from 'undici';
import type { Dispatcher } from 'undici';
import type { TlsConfig } from '../../model/config.js';
import { madeOf, secureOptions } from '../tls/pem.js';
import { faultOf, type Fault } from './fault.js';

/** Longest answer that we take in, whoever asks; a call may take in less. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Of an answer that is an error only its first words are used. */
const MAX_ERROR_BYTES = 64 * 1024;

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
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

/**
 * A client for servers that close after each answer. `pipelining: 0` is undici's "no keep-alive": with a connection kept, the first
 * POST after an idle minute would meet a socket that Patroni has closed, and end as "maybe". undici's own timers are off, because
 * the deadline of each call covers them.
 */
export const closingAgent = (connect: {
  readonly socketPath?: string;
  readonly tls?: TlsConfig | null;
  /** For the connection alone. */
  readonly timeoutMs: number;
  /** For a stream: an answer of any length. */
  readonly unlimited?: boolean;
}): Agent => {
  const { timeoutMs: timeout, tls = null, socketPath } = connect;
  // Each connection is a new one, so each uses the certificates of its moment. Made once here, for a file that cannot be read is told at start.
  const connector = madeOf(tls, () =>
    buildConnector({
      timeout,
      ...(tls === null ? {} : secureOptions(tls)),
      ...(socketPath === undefined ? {} : { socketPath }),
    }),
  );
  return new Agent({
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxResponseSize: connect.unlimited === true ? -1 : MAX_ANSWER_BYTES,
    connect: (options, callback) => {
      connector()(options, callback);
    },
  });
};

class AnswerTooLong extends Error {
  override readonly name = 'HTTPParserError';
  override readonly message = 'the answer is longer than what was asked for can be';
}

class DeadlineEnded extends Error {
  override readonly name = 'TimeoutError';
}

/**
 * One request, one answer, one deadline; never a retry, never a redirect followed, never a throw. `written` turns true just before the
 * request's first byte: the line between "nothing happened" and "maybe". A bare dispatch, because streams, promises and abort signals
 * around each answer were a third of what a pass of the daemon cost.
 */
export function exchangeBytes(agent: Agent, call: Call): Promise<Exchange<Buffer>> {
  return new Promise((resolve) => {
    let written = false;
    let status: number | null = null;
    let headers: Record<string, string> = {};
    let abort: ((reason: Error) => void) | null = null;
    let ended = false;
    let bytes = 0;
    const chunks: Buffer[] = [];
    const finish = (outcome: Exchange<Buffer>): void => {
      ended = true;
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (error: unknown): void => {
      if (!ended) finish({ kind: 'fault', fault: faultOf(error), written, status });
    };
    const timer = setTimeout(() => {
      const late = new DeadlineEnded();
      fail(late);
      abort?.(late);
    }, call.deadlineMs);
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (controller) => {
        abort = (reason) => {
          controller.abort(reason);
        };
        // A request that waited for its connection until after the deadline must not go out late.
        if (ended) abort(new DeadlineEnded());
        else written = true;
      },
      onResponseStart: (_controller, statusCode, received) => {
        // 1xx: the answer itself is still to come.
        if (statusCode < 200) return;
        status = statusCode;
        headers = flat(received);
      },
      onResponseData: (controller, chunk) => {
        bytes += chunk.length;
        const isError = status !== null && status >= 300;
        if (bytes <= (isError ? MAX_ERROR_BYTES : (call.maxBytes ?? MAX_ANSWER_BYTES))) chunks.push(chunk);
        else if (!isError) controller.abort(new AnswerTooLong());
      },
      onResponseEnd: () => {
        if (!ended && status !== null) finish({ kind: 'answer', status, headers, body: Buffer.concat(chunks) });
      },
      onResponseError: (_controller, error) => {
        fail(error);
      },
    };
    try {
      agent.dispatch(
        {
          origin: call.url.origin,
          path: call.url.pathname + call.url.search,
          method: call.method,
          headers: { ...call.headers },
          body: call.body ?? null,
        },
        handler,
      );
    } catch (error) {
      fail(error);
    }
  });
}

/** The same with the body as text. */
export async function exchange(agent: Agent, call: Call): Promise<Exchange<string>> {
  const outcome = await exchangeBytes(agent, call);
  return outcome.kind === 'fault' ? outcome : { ...outcome, body: outcome.body.toString('utf8') };
}

const flat = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
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
