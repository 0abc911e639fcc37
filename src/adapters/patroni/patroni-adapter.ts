import { ZodError } from 'zod';
import type { ClusterConfig } from '../../model/config.js';
import type { MemberName } from '../../model/names.js';
import type { PatroniMetrics } from '../../model/patroni.js';
import type { Reply, Step } from '../../model/plan.js';
import { fresh, notConfigured, unknown, type Reading, type Unknown } from '../../model/reading.js';
import type { Clock } from '../../ports/clock.js';
import type { PatroniPort } from '../../ports/patroni.js';
import { effectOf, isBusy } from './effect.js';
import { addressOf, baseAddress, basicAuth, closingAgent, excerpt, exchange } from './exchange.js';
import { parseLossless } from './lossless.js';
import { metricsFrom } from './metrics.js';
import { clusterFrom, configFrom, historyFrom, statusFrom } from './parse.js';

/** The body of a change that changes nothing. */
const NOTHING = '{}';
const EXCERPT_CHARS = 120;
const REPLY_CHARS = 300;

/** `/metrics` of a real member has some 10 kB, and two for each of its peers. */
const MAX_METRICS_BYTES = 512 * 1024;

/** A parsed answer, and who it says it comes from where it says so. */
interface Parsed<T> {
  readonly value: T;
  readonly scope: string | null;
  readonly name: string | null;
}

type Question<T> = {
  readonly path: string;
  readonly deadlineMs: number;
  readonly maxBytes?: number;
  readonly parse: (body: string) => Parsed<T>;
};

const anonymous = <T>(value: T): Parsed<T> => ({ value, scope: null, name: null });

const metricsOf = (body: string): Parsed<PatroniMetrics> => {
  const parsed = metricsFrom(body);
  if (parsed === null) throw new SyntaxError('no sample line in it');
  return { value: parsed.metrics, scope: parsed.scope, name: parsed.name };
};

const whyUnreadable = (error: unknown): string => {
  if (error instanceof ZodError) {
    const issue = error.issues[0];
    return issue === undefined ? 'unexpected shape' : `${issue.path.join('.') || 'document'}: ${issue.message}`;
  }
  return error instanceof SyntaxError ? 'not what was asked for' : String(error);
};

/**
 * Patroni's REST API of every member of one cluster. [patroni.md sections 2, 3 and 12]
 *
 * Patroni speaks HTTP/1.0 and closes after each answer, so no connection is kept. `/patroni` and `/replica` are answered from the
 * member's memory within `deadlines.read`; `/cluster`, `/config`, `/history` and `/metrics` may wait for the DCS or for PostgreSQL
 * and get `deadlines.slowRead`. A send has its step's own deadline.
 */
export function patroniAdapter(cluster: ClusterConfig, clock: Clock): PatroniPort {
  const { read, slowRead } = cluster.deadlines;
  const agent = closingAgent({ tls: cluster.patroni.tls, timeoutMs: slowRead });
  const auth = basicAuth(cluster.patroni.auth);

  // Parsed at the start, so that a misspelt address stops the start and not a pass.
  const bases = new Map(Object.entries(cluster.patroni.urls).map(([name, text]) => [name, baseAddress(text)]));

  const addressFor = (member: MemberName, path: string): URL | null => {
    const base = bases.get(member);
    return base === undefined ? null : addressOf(base, path);
  };

  async function ask<T>(member: MemberName, question: Question<T>): Promise<Reading<T>> {
    const url = addressFor(member, question.path);
    if (url === null) return notConfigured(`Patroni address of ${member}`, clock.now());
    const source = `GET ${url.href}`;
    const { path: _path, parse: _parse, ...bounds } = question;
    const outcome = await exchange(agent, { method: 'GET', url, headers: auth, ...bounds });
    const atMs = clock.now();
    if (outcome.kind === 'fault') {
      return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, atMs, source);
    }
    if (outcome.status !== 200)
      return badStatus(outcome.status, outcome.body, outcome.headers['location'], atMs, source);
    try {
      const parsed = question.parse(outcome.body);
      return foreign(parsed, member, atMs, source) ?? fresh(parsed.value, atMs, source);
    } catch (error) {
      const said = outcome.body === '' ? 'an empty body' : `"${excerpt(outcome.body, EXCERPT_CHARS)}"`;
      return unknown('bad-reply', `${source}: 200 with ${said} (${whyUnreadable(error)})`, atMs, source);
    }
  }

  /** Another cluster, or another member, behind our address: its answer must not count as the member's. */
  function foreign(parsed: Parsed<unknown>, member: MemberName, atMs: number, source: string): Unknown | null {
    if (parsed.scope !== null && parsed.scope !== cluster.scope) {
      const reason = `${source}: the answer is of scope "${parsed.scope}", ours is "${cluster.scope}"; check the address of ${member}`;
      return unknown('wrong-scope', reason, atMs, source);
    }
    if (parsed.name !== null && parsed.name !== member) {
      const reason = `${source}: the member that answers calls itself "${parsed.name}", our inventory says "${member}"; check the addresses`;
      return unknown('wrong-scope', reason, atMs, source);
    }
    return null;
  }

  return {
    status: (member, atMostMs = read) =>
      ask(member, {
        path: '/patroni',
        deadlineMs: Math.min(read, atMostMs),
        parse: (body) => {
          const value = statusFrom(parseLossless(body));
          return { value, scope: value.scope, name: value.name };
        },
      }),
    cluster: (member) =>
      ask(member, {
        path: '/cluster',
        deadlineMs: slowRead,
        parse: (body) => {
          const { report, scope } = clusterFrom(parseLossless(body));
          return { value: report, scope, name: null };
        },
      }),
    config: (member) =>
      ask(member, {
        path: '/config',
        deadlineMs: slowRead,
        parse: (body) => anonymous(configFrom(parseLossless(body))),
      }),
    history: (member) =>
      ask(member, {
        path: '/history',
        deadlineMs: slowRead,
        parse: (body) => anonymous(historyFrom(parseLossless(body))),
      }),
    metrics: (member) =>
      ask(member, { path: '/metrics', deadlineMs: slowRead, maxBytes: MAX_METRICS_BYTES, parse: metricsOf }),

    async replicaCheck(member) {
      const url = addressFor(member, '/replica');
      if (url === null) return notConfigured(`Patroni address of ${member}`, clock.now());
      const source = `GET ${url.href}`;
      const outcome = await exchange(agent, { method: 'GET', url, headers: auth, deadlineMs: read });
      // A proxy looks at the status alone, so a body that breaks off does not matter.
      if (outcome.kind === 'answer') return fresh(outcome.status, clock.now(), source);
      if (outcome.status !== null) return fresh(outcome.status, clock.now(), source);
      const { fault, why } = outcome.fault;
      return unknown(fault, `${source}: ${why}`, clock.now(), source);
    },

    async mayWrite(member) {
      const url = addressFor(member, '/config');
      if (url === null) return notConfigured(`Patroni address of ${member}`, clock.now());
      const source = `PATCH ${url.href}`;
      const headers = { ...auth, 'content-type': 'application/json', 'content-length': String(NOTHING.length) };
      const outcome = await exchange(agent, { method: 'PATCH', url, headers, body: NOTHING, deadlineMs: read });
      if (outcome.kind === 'fault')
        return unknown(outcome.fault.fault, `${source}: ${outcome.fault.why}`, clock.now(), source);
      // 400: there is nothing in the body. A version that takes it all the same has merged nothing.
      if (outcome.status === 400 || outcome.status === 200) return fresh('granted', clock.now(), source);
      return badStatus(outcome.status, outcome.body, outcome.headers['location'], clock.now(), source);
    },

    async send(step: Extract<Step, { port: 'patroni' }>): Promise<Reply> {
      const startedMs = clock.monotonic();
      const reply = (effect: Reply['effect'], status: number | null, text: string): Reply => ({
        effect,
        status,
        text: text.slice(0, REPLY_CHARS),
        tookMs: Math.round(clock.monotonic() - startedMs),
      });
      const url = addressFor(step.member, step.path);
      if (url === null)
        return reply('none', null, `no Patroni address is configured for ${step.member}; nothing was sent`);
      // Without a Content-Length Patroni ignores the body of /restart and /reinitialize and acts without its conditions. A null
      // body is length 0: /reload and DELETE read none, and unread bytes make the closing server reset the connection.
      const body = step.body === null ? null : JSON.stringify(step.body);
      const headers = {
        ...auth,
        'content-length': String(body === null ? 0 : Buffer.byteLength(body)),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      };
      const outcome = await exchange(agent, { method: step.method, url, headers, body, deadlineMs: step.timeoutMs });
      if (outcome.kind === 'answer') {
        const text = excerpt(outcome.body, REPLY_CHARS);
        const answer = reply(effectOf(outcome.status, text), outcome.status, text);
        return isBusy(outcome.status, text) ? { ...answer, busy: true } : answer;
      }
      const { fault, written, status } = outcome;
      if (!written) return reply('none', null, `nothing was sent: ${fault.why}`);
      const done = status !== null && status >= 200 && status < 300;
      return reply(done ? 'done' : 'maybe', status, `the request went out, then: ${fault.why}`);
    },

    close: () => agent.destroy(),
  };
}

function badStatus(status: number, body: string, location: string | undefined, atMs: number, source: string): Unknown {
  const said = body === '' ? 'an empty body' : `"${excerpt(body, EXCERPT_CHARS)}"`;
  const redirect =
    location === undefined ? '' : `, a redirect to ${location.slice(0, EXCERPT_CHARS)} that is not followed`;
  const denied = status === 401 || status === 403;
  const reason = `${source}: status ${status}${redirect} with ${said}`;
  return { ...unknown(denied ? 'denied' : 'http-status', reason, atMs, source), status };
}
