import { randomUUID } from 'node:crypto';
import type { Server as TlsServer } from 'node:tls';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import type { ApiConfig } from '../model/config.js';
import { toJson } from '../model/json.js';
import type { TlsConfig } from '../model/tls.js';
import type { ControllerPort } from '../model/snapshot.js';
import type { Clock } from '../ports/clock.js';
import { loadAssets, SECURITY_HEADERS, type Asset } from './assets.js';
import type { Caller } from './auth.js';
import { ApiError, asApiError } from './errors.js';
import { EventStreams, STREAM_LIMITS, type StreamLimits } from './events.js';
import { Guard } from './guard.js';
import { Lockout } from './lockout.js';
import type { Metrics } from './metrics.js';
import type { Call, Context, Route } from './context.js';
import { ROUTES } from './routes.js';
import { addEvents } from './stream-route.js';
import { Turnstile } from './turnstile.js';
import { COMPILERS } from './validation.js';

/** The part of a pino logger that is used here. */
interface ApiLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How long a client may take, in milliseconds, and how often that is looked at: later than both together its connection is closed. */
interface Patience {
  readonly requestMs: number;
  readonly checkEveryMs: number;
}

/** One that sends its head or its body byte by byte is gone after 10 to 15 s. */
const PATIENCE: Patience = { requestMs: 10_000, checkEveryMs: 5_000 };

export interface ServerOptions {
  readonly config: ApiConfig;
  readonly controller: ControllerPort;
  readonly log: ApiLog;
  readonly metrics: Metrics;
  /** Takes secrets out of a document of strings in quotes: JSON, and metrics. */
  readonly redact: (document: string) => string;
  /** The wall clock; the system's own by default. */
  readonly clock?: Pick<Clock, 'now'>;
  readonly limits?: StreamLimits;
  /** With clients that send slowly. */
  readonly patience?: Patience;
}

export interface Server {
  /** `http://HOST:PORT`, with `api.tls` `https://`, as it really listens; port 0 in the configuration means any. */
  readonly url: string;
  /** Takes the tokens and certificates of that configuration in place of the former ones; open connections go on; how many event streams it ended that are let in no more. */
  renew(config: ApiConfig): number;
  /** Ends every event stream and connection. */
  close(): Promise<void>;
}

/** Our own time with every answer, so that a client whose clock is wrong still counts ages right. Milliseconds since 1970. */
const TIME_HEADER = 'x-ekimi-time';
const BODY_LIMIT_BYTES = 16_384;

const REQUEST_HEADER = 'x-request-id';

/** A proxy's or a client's own, if it is one that a log and a header can carry; else a new one. */
function requestIdOf({ headers }: { readonly headers: Readonly<Record<string, unknown>> }): string {
  const given = headers[REQUEST_HEADER];
  return typeof given === 'string' && /^[\w.:-]{1,64}$/.test(given) ? given : randomUUID();
}

/** Serves the API, the metrics and the dashboard. Rejects when the address cannot be listened on. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { config, controller, metrics, redact, patience = PATIENCE } = options;
  const now = (): number => options.clock?.now() ?? Date.now();
  const limits = options.limits ?? { ...STREAM_LIMITS, maxClients: config.streams ?? STREAM_LIMITS.maxClients };
  const run = randomUUID().slice(0, 8);
  const streams = new EventStreams({ controller, now, redact, run, limits });
  const timeouts = { headersTimeout: patience.requestMs, connectionsCheckingInterval: patience.checkEveryMs };
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: true,
    requestTimeout: patience.requestMs,
    routerOptions: { maxParamLength: 200 },
    requestIdHeader: false,
    genReqId: requestIdOf,
    http: timeouts,
    ...httpsOf(config, timeouts),
    schemaController: { compilersFactory: COMPILERS },
  });
  const journalReads = new Turnstile({ atOnce: 2, waiting: 8 });
  const context: Context = { controller, now, startedAtMs: now(), journalReads };
  app.removeContentTypeParser('text/plain');
  prepare(app, now, options);
  const guard = new Guard(config, now);
  for (const asset of await loadAssets()) addAsset(app, asset, guard);
  for (const route of ROUTES) addRoute(app, route, { context, guard, log: options.log });
  addMetrics(app, guard, metrics);
  addEvents(app, guard, streams);
  app.addHook('preClose', () => {
    streams.close();
  });
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (cause) {
    streams.close();
    throw cause;
  }
  return {
    url: urlOf(app, config.tls == null ? 'http' : 'https'),
    renew: (next) => {
      // First: a fault of a certificate must not keep a stolen token alive.
      guard.renew(next);
      const ended = streams.endForbidden();
      // Whether clients must show a certificate stays as at the start: without `ca` Node would take any that a public authority signed.
      const asksAlike = (next.tls?.ca == null) === (config.tls?.ca == null);
      if (next.tls != null && asksAlike && 'setSecureContext' in app.server)
        (app.server as unknown as TlsServer).setSecureContext(secureOf(next.tls));
      return ended;
    },
    close: () => app.close(),
  };
}

/** An `object`, since fastify's types know a server of one kind alone; for its routes they are the same. */
const httpsOf = ({ tls = null }: ApiConfig, timeouts: object): object =>
  tls === null ? {} : { https: { ...timeouts, ...secureOf(tls), requestCert: tls.ca !== null } };

const secureOf = ({ ca, cert, key }: TlsConfig) => ({
  ...(ca === null ? {} : { ca }),
  ...(cert === null ? {} : { cert }),
  ...(key === null ? {} : { key }),
});

function urlOf(app: FastifyInstance, scheme: 'http' | 'https'): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') return `${scheme}://${address ?? 'unknown'}`;
  return `${scheme}://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
}

function prepare(app: FastifyInstance, now: () => number, { redact, log, controller }: ServerOptions): void {
  app.setReplySerializer((payload) => toJson(payload));
  app.addHook('onRequest', (request, reply, next) => {
    void reply.headers({
      ...SECURITY_HEADERS,
      'cache-control': 'no-store',
      [TIME_HEADER]: String(now()),
      [REQUEST_HEADER]: request.id,
    });
    next();
  });
  // The one way out of every body, those of errors too; the files of the dashboard are bytes.
  app.addHook('onSend', (_request, _reply, payload, next) => {
    next(null, typeof payload === 'string' ? redact(payload) : payload);
  });
  // Ten lines a minute for one address: whoever asks again and again without a token does not fill the log.
  const denials = new Lockout(now);
  app.setErrorHandler((cause, request, reply) => {
    const error = asApiError(cause);
    const { method, id: requestId, ip: from } = request;
    const fields = { code: error.code, method, path: request.routeOptions.url, requestId, from };
    if (error.status >= 500 && error.code === 'internal') log.error({ ...fields, err: cause }, 'api request failed');
    if (error.locked?.isNews === true) log.warn(fields, 'api request not authorised');
    if ((error.status === 401 || error.status === 403) && denials.lockedMs(from) === 0) {
      const isLast = denials.wrong(from);
      log.warn({ ...fields, ...(isLast && { isLastForAMinute: true }) }, 'api request not authorised');
    }
    if (error.locked !== null) void reply.header('retry-after', String(error.locked.retryAfterSeconds));
    if (error.status === 401) void reply.header('www-authenticate', 'Bearer realm="ekimi"');
    return reply.status(error.status).send(error.body(requestId, oneOfSeveral(controller, request)));
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '';
    const allowed = methodsOf(path);
    if (allowed.length > 0) void reply.header('allow', allowed.join(', '));
    const error =
      allowed.length > 0
        ? new ApiError('method-not-allowed', `${request.method} ${path}: allowed is ${allowed.join(', ')}`)
        : new ApiError('not-found', `nothing at ${path}`);
    return reply.status(error.status).send(error.body(request.id));
  });
}

/** Of which cluster a request is, where there are several; null: there is one, or it is of none that is known. */
function oneOfSeveral(controller: ControllerPort, { params }: FastifyRequest): string | null {
  const scopes = controller.scopes();
  const scope = (params as { readonly scope?: string } | undefined)?.scope;
  return scopes.length > 1 && scope !== undefined && scopes.includes(scope) ? scope : null;
}

const PATTERNS = [
  ...ROUTES,
  { method: 'GET', path: '/metrics' },
  { method: 'GET', path: '/v1/events' },
  { method: 'GET', path: '/' },
].map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+')}$`) }));
const methodsOf = (path: string): string[] => [
  ...new Set(PATTERNS.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method)),
];

function addAsset(app: FastifyInstance, asset: Asset, guard: Guard): void {
  app.get(asset.path, (request, reply) => {
    guard.authorized('open', request);
    void reply.headers({ 'cache-control': 'no-cache', etag: asset.etag });
    if (request.headers['if-none-match'] === asset.etag) return reply.status(304).send();
    return reply.type(asset.type).send(asset.content);
  });
}

/** Who asks is settled before the body is looked at: an unauthorised caller learns nothing about what would be valid. */
function addRoute(
  app: FastifyInstance,
  route: Route,
  { context, guard, log }: { readonly context: Context; readonly guard: Guard; readonly log: ApiLog },
): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  app.route({
    method: route.method,
    url: route.path,
    ...(route.schema === undefined ? {} : { schema: route.schema }),
    onRequest: (request, _reply, next) => {
      const caller = guard.authorized(route.access, request);
      if (caller !== null) callers.set(request, caller);
      next();
    },
    handler: async (request, reply) => {
      const call: Call = {
        params: request.params as Call['params'],
        query: request.query as Call['query'],
        body: (request.body ?? {}) as Call['body'],
        caller: callers.get(request) ?? null,
      };
      const told = (status: number): void => {
        if (route.method !== 'GET') noteChange(context, log, request, call, status);
      };
      const answer = await Promise.resolve(route.handle(context, call)).catch((cause: unknown) => {
        told(asApiError(cause).status);
        throw cause;
      });
      told(answer.status ?? 200);
      return reply
        .status(answer.status ?? 200)
        .type('application/json; charset=utf-8')
        .send(answer.body);
    },
  });
}

/** Who, from where, what, and what came of it: in our log, and in the journal of the cluster. */
function noteChange(context: Context, log: ApiLog, request: FastifyRequest, call: Call, status: number): void {
  const { method, id: requestId, ip: from } = request;
  const path = request.url.split('?', 1)[0] ?? '';
  const { name: by = 'unknown', role = 'viewer' } = call.caller ?? {};
  context.controller.audit(call.params['scope'] ?? '', { method, path, by, role, from, requestId, status });
  log.info({ method, path, by, from, requestId, status }, status < 400 ? 'api change made' : 'api change refused');
}

function addMetrics(app: FastifyInstance, guard: Guard, metrics: Metrics): void {
  app.get('/metrics', async (request, reply) => {
    guard.authorized('viewer', request);
    const text = await metrics.text();
    return reply.type(metrics.contentType).serializer(String).send(text);
  });
}
