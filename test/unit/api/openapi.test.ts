import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMetrics } from '../../../src/api/metrics.js';
import { ANSWERS } from '../../../src/api/openapi/answers.js';
import { openApiOf, type OpenApiDocument } from '../../../src/api/openapi/document.js';
import { ROUTES } from '../../../src/api/routes.js';
import { startServer, type Server } from '../../../src/api/server.js';
import type { ProcedureRun } from '../../../src/model/procedure-run.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { FakeController } from '../../support/fake-controller.js';
import { recorded } from '../../support/recorded.js';
import { incident, SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const CLOSED = openApiOf(ROUTES, { closed: true });
const SCOPE = '/v1/clusters/email-cluster';
const headers = { authorization: 'Bearer a-token-of-this-test', 'content-type': 'application/json' };
const reason = 'a test';
const SWITCH = { subject: 'cluster', owner: 'dba', reason, sinceMs: 1, expiresAtMs: null };

type Stated = Parameters<typeof z.fromJSONSchema>[0];

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: object }>> }>>;
}
const operationsIn = ({ paths }: OpenApiDocument): readonly (readonly [string, string, Operation])[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, one]) => [method, path, one as unknown as Operation] as const),
  );

/** What the document states for an answer, as a parser: every reference in it is one of its own. */
function statedFor(method: string, path: string, status: number): z.ZodType {
  const { responses } = CLOSED.paths[path]![method] as unknown as Operation;
  const schema = responses[status]?.content?.['application/json']?.schema;
  if (schema === undefined) throw new Error(`${method} ${path} states no ${status}`);
  const whole = JSON.stringify({ $defs: CLOSED.components['schemas'], ...schema });
  return z.fromJSONSchema(JSON.parse(whole.replaceAll('#/components/schemas/', '#/$defs/')) as Stated);
}

const RUN: ProcedureRun = {
  id: 'r1',
  name: 'rolling-restart',
  goal: {},
  by: 'dba',
  reason,
  phase: 'succeeded',
  agreed: ['a', 'b'],
  startedAtMs: 1,
  endedAtMs: 2,
  detail: 'done',
  continuedAtMs: 0,
  waiting: null,
};
const withAll = (snapshot: ClusterSnapshot): ClusterSnapshot => ({
  ...snapshot,
  ledger: {
    ...snapshot.ledger,
    incidents: [incident()],
    procedures: [RUN],
    switches: [SWITCH],
  },
});

let server: Server;
let controller: FakeController;
/** Of what the journal has. */
let span = { from: Infinity, to: 0 };

beforeAll(async () => {
  controller = new FakeController(withAll(SCENARIOS.lagActed()));
  for (const { atMs, body } of await recorded('leader-killed-4.1')) {
    controller.write(atMs, body);
    span = { from: Math.min(span.from, atMs), to: Math.max(span.to, atMs) };
  }
  controller.write(NOW_MS, { kind: 'stop', reason });
  server = await startServer({
    config: {
      host: '127.0.0.1',
      port: 0,
      tokens: [{ name: 'dba', role: 'recovery', token: 'a-token-of-this-test' }],
    },
    controller,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => NOW_MS + 1000 },
  });
});
afterAll(() => server.close());

const open = (path: string): string => path.replace(/:([a-z]+)/g, '{$1}');

describe('the OpenAPI document', () => {
  it('has every route and no other, each with a name of its own and every parameter of its path', () => {
    const operations = operationsIn(CLOSED);
    expect(operations.map(([method, path]) => `${method} ${path}`).sort()).toEqual(
      [
        ...ROUTES.map(({ method, path }) => `${method.toLowerCase()} ${open(path)}`),
        'get /metrics',
        'get /v1/events',
      ].sort(),
    );
    expect(new Set(operations.map(([, , one]) => one.operationId)).size).toBe(operations.length);
    for (const [, path, { parameters = [] }] of operations)
      expect(parameters.filter((one) => one.in === 'path').map(({ name }) => `{${name}}`)).toEqual(
        path.match(/\{[a-z]+\}/g) ?? [],
      );
  });

  it('refers to nothing that it does not hold', () => {
    const text = JSON.stringify(CLOSED);
    for (const [, kind = '', name = ''] of text.matchAll(/"#\/components\/([a-z]+)\/([^"]*)"/gi))
      expect(Object.keys(CLOSED.components[kind] ?? {})).toContain(name);
  });

  it('is served as it is generated, and leaves room for fields of a later version', async () => {
    const answer = await fetch(`${server.url}/v1/openapi.json`);
    const served = (await answer.json()) as OpenApiDocument;
    expect(served).toEqual(JSON.parse(JSON.stringify(openApiOf(ROUTES))));
    expect(served.components['schemas']!['Cluster']).not.toHaveProperty('additionalProperties');
    expect(CLOSED.components['schemas']!['Cluster']).toHaveProperty('additionalProperties', false);
  });
});

interface Asked {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly url?: string;
  readonly body?: object;
  readonly status?: number;
}

/** Every route, as it is really asked. */
const ASKED: readonly Asked[] = [
  { path: '/healthz' },
  { path: '/readyz' },
  { path: '/v1' },
  { path: '/v1/openapi.json' },
  { path: '/v1/clusters' },
  ...[
    '',
    '/overview',
    '/problems',
    '/decisions',
    '/plan',
    '/ledger',
    '/approvals',
    '/journal',
    '/journal/check',
    '/incidents',
  ].map((what) => ({ path: `/v1/clusters/{scope}${what}` })),
  { path: '/v1/clusters/{scope}/journal', url: `${SCOPE}/journal?form=line` },
  { path: '/v1/clusters/{scope}/incidents/{id}', url: `${SCOPE}/incidents/${incident().id}` },
  { path: '/v1/clusters/{scope}/policy' },
  { path: '/v1/clusters/{scope}/policy', url: `${SCOPE}/policy?time=TO` },
  { path: '/v1/clusters/{scope}/history', url: `${SCOPE}/history?from=FROM&to=TO&points=50` },
  { path: '/v1/clusters/{scope}/at', url: `${SCOPE}/at?time=TO` },
  { path: '/v1/clusters/{scope}/report', url: `${SCOPE}/report?since=FROM&until=TO` },
  { path: '/v1/clusters/{scope}/procedures' },
  { path: '/v1/clusters/{scope}/runs' },
  { path: '/v1/clusters/{scope}/remediations/{id}', url: `${SCOPE}/remediations/ID` },
  {
    method: 'POST',
    path: '/v1/clusters/{scope}/incidents/{id}/acknowledge',
    url: `${SCOPE}/incidents/${incident().id}/acknowledge`,
    body: { reason },
  },
  { method: 'POST', path: '/v1/clusters/{scope}/switches', body: { subject: 'global', reason } },
  { method: 'DELETE', path: '/v1/clusters/{scope}/switches/{subject}', url: `${SCOPE}/switches/global` },
  { method: 'POST', path: '/v1/clusters/{scope}/approvals/{id}/approve', body: { reason } },
  { method: 'POST', path: '/v1/clusters/{scope}/approvals/{id}/reject', body: { reason } },
  { method: 'POST', path: '/v1/clusters/{scope}/runs/{id}/{change}', url: `${SCOPE}/runs/r1/pause`, body: { reason } },
  { method: 'POST', path: '/v1/clusters/{scope}/procedures', body: { name: 'switchover', reason }, status: 202 },
  { method: 'POST', path: '/v1/clusters/{scope}/runs', body: { name: 'rolling-restart', reason }, status: 202 },
  { path: '/v1/clusters/{scope}/checks' },
  { method: 'POST', path: '/v1/clusters/{scope}/checks', body: { member: 'patroni2' }, status: 202 },
];

describe('a real answer', () => {
  it('that is not as stated would be found: a wrong type, a field too many', () => {
    const stated = statedFor('get', '/v1/clusters', 200);
    const row = { scope: 'a', level: 'ok', state: 'healthy', sentence: 'nothing to do' };
    const fits = (clusters: object): boolean => stated.safeParse({ clusters: [clusters] }).success;
    expect([row, { ...row, level: 'fine' }, { ...row, secret: 1 }].map(fits)).toEqual([true, false, false]);
  });

  it.each(ASKED)('of $path is as the document states it: $method $url', async (asked) => {
    const { method = 'GET', path, url, body, status = 200 } = asked;
    const snapshot = withAll(path.includes('/approvals') ? SCENARIOS.waitingApproval() : SCENARIOS.lagActed());
    controller.show(snapshot);
    const [plan] = snapshot.decisions.flatMap((one) => ('plan' in one ? [one.plan] : []));
    controller.procedureAnswer = { kind: 'started', id: 'a', plan: plan!, why: 'asked', steps: ['POST /switchover'] };
    controller.runAnswer = { kind: 'started', id: 'a', stages: [] };
    const ids = { approval: snapshot.ledger.approvals[0]?.id ?? '', remediation: snapshot.ledger.remediations[0]?.id };
    const real = (url ?? path.replace('{scope}', 'email-cluster').replace('{id}', ids.approval))
      .replace('remediations/ID', `remediations/${ids.remediation}`)
      .replace('=FROM', `=${span.from}`)
      .replace('=TO', `=${span.to}`);
    if (method === 'DELETE') await controller.pause('email-cluster', { ...SWITCH, subject: 'global' }, 'dba');
    const answer = await fetch(`${server.url}${real}`, {
      method,
      headers: body === undefined ? { authorization: headers.authorization } : headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const found: unknown = await answer.json();
    expect({ status: answer.status, found }).toMatchObject({ status });
    expect(statedFor(method.toLowerCase(), path, status).safeParse(found).error?.issues ?? []).toEqual([]);
  });

  it.each(Object.entries(SCENARIOS))('of the overview and the decisions fits in the scenario %s', async (_name, of) => {
    controller.show(of());
    for (const what of ['overview', 'decisions', 'incidents', 'approvals', 'runs', 'problems', 'plan']) {
      const found: unknown = await (await fetch(`${server.url}${SCOPE}/${what}`)).json();
      const stated = statedFor('get', `/v1/clusters/{scope}/${what}`, 200);
      expect({ what, issues: stated.safeParse(found).error?.issues ?? [] }).toEqual({ what, issues: [] });
    }
  });

  it('that is an error is of the shape of errors', async () => {
    const found: unknown = await (await fetch(`${server.url}/v1/clusters/nobody`)).json();
    const shape = JSON.stringify(CLOSED.components['schemas']!['Error']);
    expect(z.fromJSONSchema(JSON.parse(shape) as Stated).safeParse(found).success).toBe(true);
  });

  it('of the metrics and the events is of the type that is stated', async () => {
    for (const [path, type] of [
      ['/metrics', 'text/plain'],
      ['/v1/events', 'text/event-stream'],
    ] as const) {
      const answer = await fetch(`${server.url}${path}`);
      await answer.body?.cancel();
      expect(answer.headers.get('content-type')).toContain(type);
      const { responses } = CLOSED.paths[path]!['get'] as unknown as Operation;
      expect(Object.keys(responses['200']!.content!)).toEqual([type]);
    }
  });

  it('of the time of a journal has something in it', async () => {
    const of = async (what: string): Promise<string> => (await fetch(`${server.url}${SCOPE}/${what}`)).text();
    const { marks } = JSON.parse(await of(`history?from=${span.from}&to=${span.to}`)) as { marks: unknown[] };
    expect(marks.length).toBeGreaterThan(0);
    const { actions } = JSON.parse(await of(`report?since=${span.from}&until=${span.to}`)) as { actions: unknown[] };
    expect(actions.length).toBeGreaterThan(0);
  });

  it('is stated for every route', () => {
    const whole = ROUTES.map(({ method, path }) => `${method} ${path}`);
    expect(whole.filter((route) => !(route in ANSWERS))).toEqual([]);
  });

  it('was asked of every route that states a shape', () => {
    const asked = new Set(ASKED.map(({ method = 'GET', path }) => `${method} ${path}`));
    const stated = Object.keys(ANSWERS).map(open);
    expect(stated.filter((one) => !asked.has(one))).toEqual([]);
  });
});
