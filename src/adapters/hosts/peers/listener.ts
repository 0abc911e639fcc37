import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { PeersConfig } from '../../../model/config.js';
import type { HostPort, Lending } from '../../../ports/host.js';
import { madeOf, secureOptions } from '../../tls/pem.js';
import { otherCluster } from './identity.js';
import type { Lender } from './lender.js';
import { MAX_REQUEST_BYTES, parsed, PATHS, WIRE, type Order, type Refusal, type Refused } from './wire.js';

// Not by name: from Node 22 on a module that imports from node:http gets all of it, Node's own undici included.
const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

/** At once, over all who ask; whoever comes on top is told to come again, and nothing was done. */
const AT_ONCE = { [PATHS.ask]: 32, [PATHS.act]: 8, [PATHS.events]: 16 } as const;
type Path = keyof typeof AT_ONCE;

const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  // Above what a peer keeps an idle connection for.
  keepAliveTimeout: 75_000,
  maxHeaderSize: 8_192,
} as const;
const MOST_CONNECTIONS = 128;
const SIGN_OF_LIFE_MS = 10_000;
/** A stranger who knocks for ever must not fill the log. */
const TOLD_EVERY_MS = 60_000;

const STATUS: Partial<Record<Refusal, number>> = { unauthorised: 401, 'not-understood': 400, busy: 503 };

export interface Listener {
  readonly url: string;
  close(): Promise<void>;
}

export interface ListenerParts {
  readonly peers: PeersConfig & { readonly listen: NonNullable<PeersConfig['listen']> };
  readonly lender: Lender;
  readonly local: HostPort | null;
  readonly told: Lending['told'];
}

const refusal = (refused: Refusal, because: string): Refused => ({ refused, because });

/**
 * The door for other instances. With `tls.ca` it takes only clients with a certificate of that authority, with a token only those who bring it;
 * with neither it does not open. Requests are small JSON documents, and so many at once.
 */
export async function listen({ peers, lender, local, told }: ListenerParts): Promise<Listener> {
  const { tls, token, listen: at } = peers;
  if (token === null && (tls === null || tls.ca === null))
    throw new Error('nobody could be told from a peer: it needs a token, or tls with ca');
  const running: Record<Path, number> = { [PATHS.ask]: 0, [PATHS.act]: 0, [PATHS.events]: 0 };
  const streams = new Set<ServerResponse>();
  let toldAtMs = -Infinity;

  function knocked(request: IncomingMessage): void {
    if (performance.now() - toldAtMs < TOLD_EVERY_MS) return;
    toldAtMs = performance.now();
    told('warn', { code: 'PEER_UNAUTHORISED', from: request.socket.remoteAddress }, 'a peer request without our token');
  }

  /** Why it is not even read; null: it is. */
  function turnedAway(request: IncomingMessage, path: string): Refused | null {
    if (request.method !== 'POST' || !isPath(path)) return NO_SUCH_THING;
    if (token !== null && !isToken(request.headers.authorization, token)) {
      knocked(request);
      return refusal('unauthorised', 'the token is missing or is another one');
    }
    if (Number(request.headers['content-length'] ?? 0) > MAX_REQUEST_BYTES) return TOO_LONG;
    return running[path] < AT_ONCE[path] ? null : refusal('busy', `${running[path]} such requests at once`);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const away = turnedAway(request, path);
    if (away !== null || !isPath(path)) {
      answer(response, away ?? NO_SUCH_THING);
      return;
    }
    running[path] += 1;
    try {
      const body = await bodyOf(request);
      const document = body === null ? TOO_LONG : await DOORS[path](body, response);
      if (document !== null) answer(response, document);
    } finally {
      running[path] -= 1;
    }
  }

  /** Null: the answer has been given already. */
  const DOORS: Record<Path, (body: Buffer, response: ServerResponse) => Promise<object | null>> = {
    [PATHS.ask]: async (body) => {
      const question = parsed(WIRE.question, body);
      return question === null ? UNREADABLE : lender.answer(question);
    },
    [PATHS.act]: async (body) => {
      const order = parsed(WIRE.order, body);
      if (order === null) return UNREADABLE;
      const acted = await lender.act(order);
      const { level, fields } = tellingOf(order, acted);
      told(level, fields, level === 'info' ? 'done for a peer' : 'refused to a peer');
      return acted;
    },
    [PATHS.events]: async (body, response) => {
      const named = parsed(WIRE.events, body);
      if (named === null || local === null) return UNREADABLE;
      const other = otherCluster(await lender.from(), named);
      if (other !== null) return refusal('other-cluster', other);
      await stream(local, response, streams);
      return null;
    },
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((err: unknown) => {
      told('warn', { code: 'PEER_FAILED', err }, 'a peer request failed within Ekimi');
      // Not a refusal: it may have been done.
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  };
  const server = serverOf(peers, onRequest);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  return {
    url: `${tls === null ? 'http' : 'https'}://${addressOf(server)}`,
    close: async () => {
      for (const response of streams) response.end();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function serverOf(
  { tls }: PeersConfig,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): Server {
  if (tls === null) {
    const plain = http.createServer(LIMITS, onRequest);
    plain.maxConnections = MOST_CONNECTIONS;
    return plain;
  }
  const isAsked = tls.ca !== null;
  const secure = madeOf(tls, (now) => secureOptions(now));
  let used = secure();
  const asked = { requestCert: isAsked, rejectUnauthorized: isAsked, minVersion: 'TLSv1.2' } as const;
  const server = https.createServer(
    { ...LIMITS, ...used, ...asked, handshakeTimeout: LIMITS.headersTimeout },
    onRequest,
  );
  server.maxConnections = MOST_CONNECTIONS;
  // Before the handshake of each connection, so that renewed files are used from the next one on.
  server.prependListener('connection', () => {
    const now = secure();
    if (now === used) return;
    used = now;
    server.setSecureContext({ ...now, minVersion: 'TLSv1.2' });
  });
  return server;
}

const UNREADABLE = refusal('not-understood', 'it is no request that this version knows');
const NO_SUCH_THING = refusal('not-understood', 'nothing of that name is lent');
const TOO_LONG = refusal('not-understood', `it has more than ${MAX_REQUEST_BYTES} bytes`);

const isPath = (path: string): path is Path => Object.hasOwn(AT_ONCE, path);

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** On digests of one length: the time taken tells nothing of the token. */
const isToken = (header: string | undefined, token: string): boolean =>
  timingSafeEqual(digest(header ?? ''), digest(`Bearer ${token}`));

/** Null: it is longer than a request can be. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function answer(response: ServerResponse, document: object): void {
  const refused = 'refused' in document ? (document as Refused).refused : null;
  const status = refused === null ? 200 : (STATUS[refused] ?? 409);
  response.writeHead(status, {
    'content-type': 'application/json',
    // What was not read to its end would be taken for the next request.
    ...(status === 200 || status === 409 ? {} : { connection: 'close' }),
  });
  response.end(JSON.stringify(document));
}

function tellingOf(
  order: Order,
  acted: Awaited<ReturnType<Lender['act']>>,
): { readonly level: 'info' | 'warn'; readonly fields: Readonly<Record<string, unknown>> } {
  const { id, verb, target, tenure } = order;
  const fields = {
    ...{ id, verb, target: target.name, kind: target.kind, by: tenure?.owner, epoch: tenure?.epoch },
    ...(order.verb === 'move' ? { suffix: order.suffix } : {}),
    ...(order.verb === 'remove' ? { directory: order.directory } : {}),
  };
  if ('refused' in acted) return { level: 'warn', fields: { code: 'PEER_REFUSED', ...fields, ...acted } };
  return { level: 'info', fields: { ...fields, effect: acted.reply.effect, text: acted.reply.text } };
}

/** What changes among what runs here, a line each, and an empty one every ten seconds. Ends with the connection. */
async function stream(local: HostPort, response: ServerResponse, streams: Set<ServerResponse>): Promise<void> {
  // Gone while we asked who we are: its end will not be told a second time, and its place would be taken for ever.
  if (response.closed || response.destroyed) return;
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  response.write('\n');
  streams.add(response);
  const stop = local.onEvent((what) => {
    // Who does not read is told nothing more: it is a wake-up only, and must not fill our memory.
    if (!response.writableNeedDrain) response.write(`${JSON.stringify({ what: what.slice(0, 200) })}\n`);
  });
  const beat = setInterval(() => {
    if (!response.writableNeedDrain) response.write('\n');
  }, SIGN_OF_LIFE_MS).unref();
  await new Promise<void>((resolve) => response.once('close', resolve));
  clearInterval(beat);
  stop();
  streams.delete(response);
}

function addressOf(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === 'string') return 'unknown';
  return `${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}
