import type * as Undici from 'undici';
import type { PeersConfig } from '../../../model/config.js';
import { closingAgent, exchangeBytes, type Exchange } from '../../patroni/exchange.js';
import { faultOf } from '../../patroni/fault.js';
import { madeOf, secureOptions } from '../../tls/pem.js';
import { MAX_ANSWER_BYTES, MAX_REQUEST_BYTES, PATHS, type ClusterNamed, type Order, type Question } from './wire.js';

/** Below what the other end keeps an idle connection for, so that it is we who close it. */
const IDLE_MS = 30_000;
/** An event stream has a sign of life every ten seconds. */
const SILENT_STREAM_MS = 25_000;

/** One other instance, by its address. Never throws but in `events`. */
export interface Peer {
  readonly url: string;
  /** A question changes nothing: connections are kept, and one that turns out to be closed is opened anew once. */
  ask(question: Question, deadlineMs: number): Promise<Exchange<Buffer>>;
  /** On a connection of its own, so that `written` says whether anything can have left. Sent once. */
  act(order: Order, deadlineMs: number): Promise<Exchange<Buffer>>;
  /** Pieces of a stream of events until it ends or the signal aborts. Throws what the connection throws. */
  events(of: ClusterNamed, signal: AbortSignal): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export function peerOf(
  url: string,
  { tls, token }: Pick<PeersConfig, 'tls' | 'token'>,
  connectTimeoutMs: number,
): Peer {
  const closing = closingAgent({ tls, timeoutMs: connectTimeoutMs });
  const headers = {
    'content-type': 'application/json',
    ...(token === null ? {} : { authorization: `Bearer ${token}` }),
  };
  const kept = keptConnections(tls, connectTimeoutMs);

  async function once(question: Question, deadlineMs: number): Promise<Exchange<Buffer>> {
    let status: number | null = null;
    try {
      const { undici, dispatcher } = await kept.open();
      const answer = await undici.request(new URL(PATHS.ask, url), {
        method: 'POST',
        headers,
        body: JSON.stringify(question),
        dispatcher,
        signal: AbortSignal.timeout(deadlineMs),
      });
      status = answer.statusCode;
      const body = Buffer.from(await answer.body.arrayBuffer());
      return { kind: 'answer', status, headers: {}, body };
    } catch (error) {
      return { kind: 'fault', fault: faultOf(error), written: true, status };
    }
  }

  return {
    url,
    async ask(question, deadlineMs) {
      const endsAtMs = performance.now() + deadlineMs;
      const first = await once(question, deadlineMs);
      if (first.kind === 'answer' || first.fault.fault !== 'closed') return first;
      const leftMs = Math.floor(endsAtMs - performance.now());
      return leftMs > 0 ? once(question, leftMs) : first;
    },
    act: (order, deadlineMs) =>
      exchangeBytes(closing, {
        method: 'POST',
        url: new URL(PATHS.act, url),
        headers,
        body: JSON.stringify(order),
        deadlineMs,
        maxBytes: 4 * MAX_REQUEST_BYTES,
      }),
    async *events(of, signal) {
      const { undici, dispatcher } = await kept.open();
      const answer = await undici.request(new URL(PATHS.events, url), {
        method: 'POST',
        headers,
        body: JSON.stringify(of),
        dispatcher,
        signal,
        headersTimeout: SILENT_STREAM_MS,
        bodyTimeout: SILENT_STREAM_MS,
      });
      if (answer.statusCode !== 200) {
        await answer.body.dump();
        throw new Error(`status ${answer.statusCode}`);
      }
      for await (const chunk of answer.body) yield chunk as Buffer;
    },
    close: async () => {
      await Promise.all([closing.destroy(), kept.close()]);
    },
  };
}

interface Kept {
  readonly undici: typeof Undici;
  readonly dispatcher: Undici.Dispatcher;
}

/** Connections that outlive a question, loaded with the first one. With renewed certificates there are new ones. */
function keptConnections(tls: PeersConfig['tls'], timeout: number) {
  let loading: Promise<typeof Undici> | null = null;
  let agent: { readonly of: object; readonly dispatcher: Undici.Dispatcher } | null = null;
  let isClosed = false;
  const secure = madeOf(tls, (now) => ({ connect: { timeout, ...(now === null ? {} : secureOptions(now)) } }));
  return {
    async open(): Promise<Kept> {
      // One that could not be loaded, for want of files or of the disk, is loaded with the next try.
      loading ??= import('undici').catch((error: unknown) => {
        loading = null;
        throw error;
      });
      const undici = await loading;
      if (isClosed) throw new undici.errors.ClientDestroyedError();
      const now = secure();
      if (agent?.of !== now) {
        void agent?.dispatcher.close();
        const limits = { connections: 8, pipelining: 1, keepAliveTimeout: IDLE_MS, keepAliveMaxTimeout: IDLE_MS };
        agent = { of: now, dispatcher: new undici.Agent({ ...limits, maxResponseSize: MAX_ANSWER_BYTES, ...now }) };
      }
      return { undici, dispatcher: agent.dispatcher };
    },
    async close(): Promise<void> {
      isClosed = true;
      await agent?.dispatcher.destroy();
    },
  };
}
