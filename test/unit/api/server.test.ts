import { createRequire } from 'node:module';
import { afterEach, describe, expect, it } from 'vitest';
import { API_ERRORS } from '../../../src/api/errors.js';
import { CONFLICT_REMEDY } from '../../../src/words/conflict.js';
import { createMetrics } from '../../../src/api/metrics.js';
import { ROUTES } from '../../../src/api/routes.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { fromJson } from '../../../src/model/json.js';
import type { ClusterSnapshot } from '../../../src/model/snapshot.js';
import { FakeController } from '../../support/fake-controller.js';
import { incident, SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const TOKENS = [
  { name: 'wall', role: 'viewer', token: 'look' },
  { name: 'dba', role: 'operator', token: 'touch' },
] as const;
const SCOPE = '/v1/clusters/email-cluster';

let server: Server | null = null;
let logged: { fields: object; message: string }[] = [];

async function serve(
  controller: FakeController,
  nowMs = NOW_MS + 1000,
  tokens: readonly (typeof TOKENS)[number][] = TOKENS,
) {
  logged = [];
  const write = (fields: object, message: string): void => {
    logged.push({ fields, message });
  };
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens },
    controller,
    log: { info: write, warn: write, error: write },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => nowMs },
  });
  return server.url;
}

afterEach(async () => {
  await server?.close();
  server = null;
});

const operator = { authorization: 'Bearer touch', 'content-type': 'application/json' };
const post = (url: string, body: unknown, headers: Record<string, string> = operator): Promise<Response> =>
  fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
interface Answer {
  mode: string;
  plans: { steps: string[]; blocks: object[] }[];
  clusters: { state: string }[];
  entries: { seq: number }[];
  lines: { text: string }[];
}
const json = async (response: Response): Promise<Answer> => (await response.json()) as Answer;

describe('incidents', () => {
  const told = { kind: 'incident', change: 'opened', of: incident(), incident: incident().id } as const;

  it('are told with their figures, and each with what the journal has of it', async () => {
    const controller = new FakeController(SCENARIOS.leaderless());
    controller.write(NOW_MS - 50_000, told);
    controller.write(NOW_MS - 40_000, { kind: 'stop', reason: 'nothing of it' });
    const pass = { kind: 'pass', tick: 1, cluster: '', problems: [], decisions: [], view: null, states: null } as const;
    controller.write(NOW_MS - 30_000, { ...pass, incident: ['other', incident().id] });
    const url = await serve(controller);
    const { incidents } = (await (await fetch(`${url}${SCOPE}/incidents`)).json()) as { incidents: object[] };
    expect(incidents).toMatchObject([
      { id: '7f3a19c2', name: 'incident 7f3a19c2: leader-down patroni1', withoutWritesMs: 54_000 },
    ]);
    const one = await fetch(`${url}${SCOPE}/incidents/7f3a`);
    expect(await one.json()).toMatchObject({
      incident: { id: '7f3a19c2', text: expect.stringMatching(/^open for 54 s; 54 s without writes until now/) },
      lines: [{ kind: 'incident' }, { kind: 'pass' }],
      more: false,
    });
  });

  it('are found by no id that is unknown, nor by one that several begin with', async () => {
    const snapshot = SCENARIOS.leaderless();
    const incidents = [incident(), { ...incident(), id: '7f3b' }];
    const url = await serve(new FakeController({ ...snapshot, ledger: { ...snapshot.ledger, incidents } }));
    for (const [id, code] of [
      ['8', 'unknown-incident'],
      ['7f3', 'bad-request'],
    ])
      expect(await (await fetch(`${url}${SCOPE}/incidents/${id}`)).json()).toMatchObject({ code });
  });
});

describe('what only the journal has', () => {
  const old = {
    ...incident(NOW_MS - 40 * 86_400_000),
    id: '0badcafe',
    endedAtMs: NOW_MS - 40 * 86_400_000,
    quietSinceMs: NOW_MS - 40 * 86_400_000,
  };
  const told = (change: 'opened' | 'ended') =>
    ({
      kind: 'incident',
      change,
      of: change === 'opened' ? { ...old, endedAtMs: null } : old,
      incident: old.id,
    }) as const;
  const withOld = (): FakeController => {
    const controller = new FakeController(SCENARIOS.leaderless());
    controller.write(old.openedAtMs + 5_000, told('opened'));
    for (let index = 0; index < 1500; index += 1)
      controller.write(old.openedAtMs + 6_000 + index, {
        kind: 'page',
        code: 'leader-down',
        subject: 'patroni1',
        text: `line ${index}`,
        incident: old.id,
      });
    controller.write(old.endedAtMs, told('ended'));
    for (let index = 0; index < 1200; index += 1)
      controller.write(NOW_MS - 86_400_000 + index, { kind: 'stop', reason: 'later' });
    return controller;
  };

  it('is found there: an incident that no ledger keeps any more, with all of its lines', async () => {
    const url = await serve(withOld());
    const first = (await (await fetch(`${url}${SCOPE}/incidents/0bad`)).json()) as {
      incident: { id: string; endedAtMs: number };
      lines: { text: string }[];
      before: number;
    };
    expect(first.incident).toMatchObject({ id: '0badcafe', endedAtMs: old.endedAtMs });
    expect(first.lines).toHaveLength(1000);
    const rest = (await (await fetch(`${url}${SCOPE}/incidents/0bad?before=${first.before}`)).json()) as typeof first;
    expect([rest.lines.length, rest.before]).toEqual([502, null]);
    const since = async (days: number) =>
      (
        (await (await fetch(`${url}${SCOPE}/incidents?since=${NOW_MS - days * 86_400_000}`)).json()) as {
          incidents: { id: string }[];
        }
      ).incidents.map(({ id }) => id);
    expect(await since(50)).toEqual(['7f3a19c2', '0badcafe']);
    expect(await since(30)).toEqual(['7f3a19c2']);
    const tooOld = await fetch(`${url}${SCOPE}/incidents?since=0`);
    expect(tooOld.status).toBe(400);
  });

  it('is asked for by kind, forwards and backwards, and a kind that there is none of is refused', async () => {
    const url = await serve(withOld());
    const ask = async (query: string) =>
      (await (await fetch(`${url}${SCOPE}/journal?${query}`)).json()) as {
        entries: { seq: number }[];
        before?: number | null;
        after?: number | null;
      };
    const seqs = async (query: string) => (await ask(query)).entries.map(({ seq }) => seq);
    expect(await seqs('kind=incident')).toEqual([1, 1502]);
    expect(await seqs(`kind=incident,page&until=${old.openedAtMs + 6_001}`)).toEqual([1, 2, 3]);
    expect(await ask('after=0&limit=2')).toMatchObject({ entries: [{ seq: 1 }, { seq: 2 }], after: 2 });
    expect(await ask('after=2701&limit=2')).toMatchObject({ entries: [{ seq: 2702 }], after: null });
    for (const query of ['kind=incidents', 'after=1&before=2', 'after=-1', 'limit=5000'])
      expect([query, (await fetch(`${url}${SCOPE}/journal?${query}`)).status]).toEqual([query, 400]);
  });

  it('is checked there', async () => {
    const url = await serve(withOld());
    expect(await (await fetch(`${url}${SCOPE}/journal/check`)).json()).toMatchObject({ entries: 2702, faults: [] });
  });
});

describe('reading', () => {
  it('gives the snapshot whole, positions included', async () => {
    const snapshot = SCENARIOS.lagHeld();
    const url = await serve(new FakeController(snapshot));
    const answer = await fetch(`${url}${SCOPE}`);
    expect(answer.headers.get('content-type')).toContain('application/json');
    expect(fromJson(await answer.text())).toEqual(snapshot);
  });

  it.each(['overview', 'problems', 'decisions', 'plan', 'ledger', 'approvals', 'journal', 'incidents', 'procedures'])(
    'answers %s for a cluster with something to tell',
    async (what) => {
      const url = await serve(new FakeController(SCENARIOS.waitingApproval()));
      const answer = await fetch(`${url}${SCOPE}/${what}`);
      expect(answer.status).toBe(200);
      expect(Object.keys(await json(answer))).not.toHaveLength(0);
    },
  );

  it('names every request and every gate of a held plan', async () => {
    const url = await serve(new FakeController(SCENARIOS.lagHeld()));
    const { mode, plans } = await json(await fetch(`${url}${SCOPE}/plan`));
    expect(mode).toBe('dry-run');
    expect(plans[0]!.steps).toContain('haproxy> set server postgres_replicas/patroni2 state drain');
    expect(plans[0]!.blocks[0]).toMatchObject({ gate: 'mode', unblock: 'set mode: enforce in policy.yaml' });
  });

  it('summarises each cluster in a row', async () => {
    const url = await serve(new FakeController(SCENARIOS.leaderless()));
    const { clusters } = await json(await fetch(`${url}/v1/clusters`));
    expect(clusters).toEqual([
      expect.objectContaining({ scope: 'email-cluster', state: 'leaderless', level: 'critical', leader: null }),
    ]);
  });

  it('gives the journal from a time on, oldest first, as entries or as sentences', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    for (const atMs of [1000, 2000, 3000]) controller.write(atMs, { kind: 'stop', reason: `at ${atMs}` });
    const url = await serve(controller);
    const whole = await json(await fetch(`${url}${SCOPE}/journal?since=2000&limit=10`));
    expect(whole.entries.map((entry) => entry.seq)).toEqual([2, 3]);
    const lines = await json(await fetch(`${url}${SCOPE}/journal?since=1970-01-01T00:00:03Z&form=line`));
    expect(lines.lines.map((line) => line.text)).toEqual(['ekimi stopped: at 3000']);
  });

  it('tells that there is no pass yet instead of an empty cluster', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    controller.snapshot = () => null;
    const url = await serve(controller);
    expect(await json(await fetch(`${url}${SCOPE}`))).toMatchObject({ code: 'no-snapshot-yet' });
    expect((await json(await fetch(`${url}/v1/clusters`))).clusters[0]!.state).toBe('unknown');
  });

  it('never reaches the changing half of the controller, whatever is asked', async () => {
    const controller = new FakeController(SCENARIOS.waitingApproval());
    const url = await serve(controller);
    const paths = ROUTES.map(({ path }) =>
      path.replace(':scope', 'email-cluster').replace(':id', 'a-7f31c2').replace(':subject', 'cluster'),
    );
    for (const path of paths) await fetch(`${url}${path}`, { headers: operator });
    expect(controller.changes).toEqual([]);
  });
});

describe('probes', () => {
  it('is alive while passes end', async () => {
    const url = await serve(new FakeController(SCENARIOS.leaderless()));
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it('is not alive when the loop has stopped ticking, and says since when', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()), NOW_MS + 45_000);
    const answer = await fetch(`${url}/healthz`);
    expect(answer.status).toBe(503);
    expect(await json(answer)).toEqual({
      status: 'failing',
      reasons: ['email-cluster: the last pass ended 45 s ago, at most 30 s is expected'],
    });
  });

  it('is not ready for the reasons that the controller gives', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    controller.readiness = { ready: false, reasons: ['the journal is full'] };
    const url = await serve(controller);
    const answer = await fetch(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(await json(answer)).toEqual({ status: 'not-ready', reasons: ['the journal is full'] });
  });
});

describe('changing', () => {
  it('approves under the name of the token and with the reason', async () => {
    const controller = new FakeController(SCENARIOS.waitingApproval());
    const url = await serve(controller);
    const answer = await post(`${url}${SCOPE}/approvals/a-7f31c2/approve`, { reason: ' looked at it ' });
    expect(answer.status).toBe(200);
    expect(controller.changes).toEqual(['approved a-7f31c2 dba looked at it']);
    expect(logged).toContainEqual(expect.objectContaining({ message: 'api change made' }));
  });

  it('rejects', async () => {
    const controller = new FakeController(SCENARIOS.waitingApproval());
    const url = await serve(controller);
    await post(`${url}${SCOPE}/approvals/a-7f31c2/reject`, { reason: 'not tonight' });
    expect(controller.changes).toEqual(['rejected a-7f31c2 dba not tonight']);
  });

  it('pauses with an expiry and resumes', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const url = await serve(controller);
    const body = { subject: 'member:patroni2', reason: 'disk swap', expiresInMs: 60_000 };
    expect((await post(`${url}${SCOPE}/switches`, body)).status).toBe(200);
    expect(controller.snapshot('email-cluster')?.ledger.switches).toEqual([
      {
        subject: 'member:patroni2',
        owner: 'dba',
        reason: 'disk swap',
        sinceMs: NOW_MS + 1000,
        expiresAtMs: NOW_MS + 61_000,
      },
    ]);
    const path = `${url}${SCOPE}/switches/${encodeURIComponent('member:patroni2')}`;
    expect((await fetch(path, { method: 'DELETE', headers: { authorization: 'Bearer touch' } })).status).toBe(200);
    expect(controller.changes.at(-1)).toBe('resume member:patroni2 dba');
  });

  const refusals: readonly {
    when: string;
    path: string;
    body: unknown;
    headers?: Record<string, string>;
    status: number;
    code: string;
  }[] = [
    {
      when: 'no token',
      path: '/approvals/a-7f31c2/approve',
      body: { reason: 'x' },
      headers: { 'content-type': 'application/json' },
      status: 401,
      code: 'token-missing',
    },
    {
      when: 'a wrong token',
      path: '/approvals/a-7f31c2/approve',
      body: { reason: 'x' },
      headers: { ...operator, authorization: 'Bearer no' },
      status: 401,
      code: 'token-unknown',
    },
    {
      when: 'a viewer token',
      path: '/approvals/a-7f31c2/approve',
      body: { reason: 'x' },
      headers: { ...operator, authorization: 'Bearer look' },
      status: 403,
      code: 'role-too-low',
    },
    { when: 'no reason', path: '/approvals/a-7f31c2/approve', body: {}, status: 400, code: 'bad-request' },
    {
      when: 'a blank reason',
      path: '/approvals/a-7f31c2/approve',
      body: { reason: '   ' },
      status: 400,
      code: 'bad-request',
    },
    {
      when: 'a field that is not documented',
      path: '/approvals/a-7f31c2/approve',
      body: { reason: 'x', force: true },
      status: 400,
      code: 'bad-request',
    },
    {
      when: 'an approval that does not exist',
      path: '/approvals/a-0/approve',
      body: { reason: 'x' },
      status: 404,
      code: 'not-waiting',
    },
    {
      when: 'a member that does not exist',
      path: '/switches',
      body: { subject: 'member:patroni9', reason: 'x' },
      status: 400,
      code: 'unknown-subject',
    },
    {
      when: 'a check of a member that does not exist',
      path: '/checks',
      body: { member: 'patroni9' },
      status: 404,
      code: 'unknown-member',
    },
    {
      when: 'an action that does not exist',
      path: '/switches',
      body: { subject: 'action:drain-replicas', reason: 'x' },
      status: 400,
      code: 'unknown-subject',
    },
    {
      when: 'a subject of no kind',
      path: '/switches',
      body: { subject: 'patroni2', reason: 'x' },
      status: 400,
      code: 'bad-request',
    },
    {
      when: 'an expiry in the past',
      path: '/switches',
      body: { subject: 'cluster', reason: 'x', expiresInMs: -5 },
      status: 400,
      code: 'bad-request',
    },
    {
      when: 'a body of 20 kB',
      path: '/switches',
      body: { subject: 'cluster', reason: 'x'.repeat(20_000) },
      status: 413,
      code: 'body-too-large',
    },
    {
      when: 'a body that is not JSON',
      path: '/switches',
      body: { reason: 'x' },
      headers: { ...operator, 'content-type': 'text/plain' },
      status: 415,
      code: 'unsupported-media-type',
    },
  ];
  it.each(refusals)(
    '$when is refused with $code and changes nothing',
    async ({ path, body, headers, status, code }) => {
      const controller = new FakeController(SCENARIOS.waitingApproval());
      const url = await serve(controller);
      const answer = await post(`${url}${SCOPE}${path}`, body, headers);
      expect(answer.status).toBe(status);
      const error = await json(answer);
      expect(error).toEqual({
        code,
        message: expect.any(String),
        remedy: expect.stringMatching(/\S/),
        requestId: answer.headers.get('x-request-id'),
      });
      expect(controller.changes).toEqual([]);
    },
  );

  it('starts a procedure under the name of the token, and says what was not given', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    const plan = {
      action: 'restart-member',
      target: 'patroni2',
      because: { code: 'operator', subject: 'patroni2' },
      params: {},
    };
    fake.procedureAnswer = { kind: 'started', id: 'r-1', plan: plan as never, why: 'dba asked for it', steps: [] };
    const url = await serve(fake);
    const answer = await post(`${url}${SCOPE}/procedures`, {
      name: 'restart-member',
      target: 'patroni2',
      reason: 'leak',
    });
    expect(answer.status).toBe(202);
    expect(fake.procedures).toMatchObject([
      { name: 'restart-member', target: 'patroni2', candidate: null, acceptLoss: null, dryRun: false, by: 'dba' },
    ]);
  });

  it.each([
    ['an unknown name', { name: 'reboot', reason: 'x' }],
    ['no reason', { name: 'switchover' }],
    ['a negative loss', { name: 'failover', candidate: 'patroni2', acceptLoss: -1, reason: 'x' }],
    ['a field that nobody knows', { name: 'switchover', force: true, reason: 'x' }],
  ])('a procedure with %s never reaches the controller', async (_what, body) => {
    const fake = new FakeController(SCENARIOS.healthy());
    const url = await serve(fake);
    expect((await post(`${url}${SCOPE}/procedures`, body)).status).toBe(400);
    expect(fake.procedures).toEqual([]);
  });

  it('a procedure without an operator token is denied before its body is looked at', async () => {
    const fake = new FakeController(SCENARIOS.healthy());
    const url = await serve(fake);
    const headers = { 'content-type': 'application/json', authorization: 'Bearer look' };
    expect((await post(`${url}${SCOPE}/procedures`, {}, headers)).status).toBe(403);
    expect(fake.procedures).toEqual([]);
  });

  it('an approval that was used already is a conflict', async () => {
    const url = await serve(new FakeController(SCENARIOS.waitingApproval()));
    await post(`${url}${SCOPE}/approvals/a-7f31c2/approve`, { reason: 'x' });
    const again = await post(`${url}${SCOPE}/approvals/a-7f31c2/approve`, { reason: 'x' });
    expect(again.status).toBe(409);
    expect(await json(again)).toMatchObject({
      code: 'conflict',
      message: 'a-7f31c2 is approved already',
      remedy: CONFLICT_REMEDY['answered-already'],
    });
  });

  it('without any operator token nothing can be changed, and the answer says what to configure', async () => {
    const url = await serve(new FakeController(SCENARIOS.waitingApproval()), NOW_MS, [TOKENS[0]]);
    const answer = await post(`${url}${SCOPE}/switches`, {}, { 'content-type': 'application/json' });
    expect(answer.status).toBe(403);
    expect(await json(answer)).toMatchObject({ code: 'no-operator-token' });
  });
});

describe('a change', () => {
  it('is written down with who, from where and the id of the request, whether it was made or refused', async () => {
    const controller = new FakeController(SCENARIOS.waitingApproval());
    const url = await serve(controller);
    const made = await post(
      `${url}${SCOPE}/switches`,
      { subject: 'global', reason: 'why' },
      { ...operator, 'x-request-id': 'ticket-7' },
    );
    expect(made.headers.get('x-request-id')).toBe('ticket-7');
    await post(`${url}${SCOPE}/approvals/nobody/approve`, { reason: 'why' });
    const who = { by: 'dba', role: 'operator', from: '127.0.0.1', method: 'POST' };
    expect(controller.audited).toMatchObject([
      { ...who, path: `${SCOPE}/switches`, requestId: 'ticket-7', status: 200 },
      {
        ...who,
        path: `${SCOPE}/approvals/nobody/approve`,
        status: 404,
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      },
    ]);
  });

  it('of somebody who is not let in is no entry: nobody fills the journal with wrong tokens', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const url = await serve(controller);
    const answers: number[] = [];
    for (let i = 0; i < 200; i += 1) {
      const headers = { ...operator, authorization: `Bearer wrong-${i}-of-enough-length` };
      answers.push((await post(`${url}${SCOPE}/switches`, { subject: 'global', reason: 'why' }, headers)).status);
    }
    expect(answers.slice(0, 10)).toEqual([...Array.from({ length: 9 }, () => 401), 429]);
    expect(new Set(answers.slice(9))).toEqual(new Set([429]));
    expect(controller.audited).toEqual([]);
    expect(logged.filter(({ message }) => message === 'api request not authorised')).toHaveLength(10);
  });

  it.each(['a b', 'x'.repeat(65), '<script>', 'a;b'])(
    'takes no id %s of a request over into headers and logs',
    async (id) => {
      const url = await serve(new FakeController(SCENARIOS.healthy()));
      const answer = await fetch(`${url}/healthz`, { headers: { 'x-request-id': id } });
      expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    },
  );
});

describe('errors', () => {
  it('an unknown path is a JSON 404', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const answer = await fetch(`${url}/v2/nope`);
    expect(answer.status).toBe(404);
    expect(await json(answer)).toMatchObject({ code: 'not-found', message: 'nothing at /v2/nope' });
  });

  it('an unknown scope names those that exist', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    expect(await json(await fetch(`${url}/v1/clusters/nope`))).toMatchObject({
      code: 'unknown-scope',
      message: 'no cluster nope; configured: email-cluster',
    });
  });

  it('a wrong method is a 405 that names the right one', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const answer = await fetch(`${url}${SCOPE}`, { method: 'PUT' });
    expect(answer.status).toBe(405);
    expect(answer.headers.get('allow')).toBe('GET');
    expect(await json(answer)).toMatchObject({ code: 'method-not-allowed' });
  });

  it.each(['limit=0', 'limit=5000', 'limit=many', 'form=xml', 'since=yesterday', 'what=1'])(
    'journal?%s is a bad request',
    async (query) => {
      const url = await serve(new FakeController(SCENARIOS.healthy()));
      expect(await json(await fetch(`${url}${SCOPE}/journal?${query}`))).toMatchObject({ code: 'bad-request' });
    },
  );

  it.each([
    ['/approvals/a-7f31c2/approve', {}, 'body.reason is missing'],
    ['/approvals/a-7f31c2/approve', { reason: '   ' }, 'body.reason: a reason is more than blanks; found "   "'],
    ['/approvals/a-7f31c2/approve', { reason: 'x', force: true }, 'body has no field force'],
    [
      '/switches',
      { subject: 'patroni2', reason: 'x' },
      'body.subject: global, cluster, member:NAME or action:NAME; found "patroni2"',
    ],
    ['/procedures', { name: 'reboot', reason: 'x' }, 'body.name: Invalid option'],
    ['/procedures', { name: 'failover', acceptLoss: -1, reason: 'x' }, 'body.acceptLoss: '],
  ])('POST %s with %j says which field is wrong', async (path, body, message) => {
    const url = await serve(new FakeController(SCENARIOS.waitingApproval()));
    const said = await json(await post(`${url}${SCOPE}${path}`, body));
    expect(said).toMatchObject({ code: 'bad-request', message: expect.stringContaining(message) });
  });

  it('serves without the compilers that fastify brings, which a daemon would hold in memory for nothing', async () => {
    await serve(new FakeController(SCENARIOS.healthy()));
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    expect(loaded.some((path) => path.includes('/node_modules/fastify/'))).toBe(true);
    expect(loaded.filter((path) => /node_modules\/(?:ajv|.*-compiler)\//.test(path))).toEqual([]);
  });

  it('a fault of ours keeps its message in the log', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    controller.journal = async () => {
      throw new Error('password=hunter2');
    };
    const url = await serve(controller);
    const answer = await fetch(`${url}${SCOPE}/journal`);
    expect(answer.status).toBe(500);
    expect(await answer.text()).not.toContain('hunter2');
    expect(logged).toContainEqual(expect.objectContaining({ message: 'api request failed' }));
  });

  it('has one row per code, each with a remedy', () => {
    expect(new Set(API_ERRORS.map((row) => row.code)).size).toBe(API_ERRORS.length);
    for (const row of API_ERRORS) expect(row.remedy).toMatch(/\S/);
  });
});

describe('the page', () => {
  it('is served with nothing allowed from elsewhere', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const answer = await fetch(`${url}/`);
    const policy = answer.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("trusted-types 'none'");
    const html = await answer.text();
    const references = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target ?? '');
    expect(references.filter((target) => !target.startsWith('/assets/') && !target.startsWith('#'))).toEqual([]);
    for (const target of references.filter((one) => one.startsWith('/')))
      expect((await fetch(`${url}${target}`)).status, target).toBe(200);
  });

  it('is not sent again when the browser has it', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    const etag = (await fetch(`${url}/assets/app.js`)).headers.get('etag') ?? '';
    expect((await fetch(`${url}/assets/app.js`, { headers: { 'if-none-match': etag } })).status).toBe(304);
  });

  it('has no way out of its folder', async () => {
    const url = await serve(new FakeController(SCENARIOS.healthy()));
    for (const path of ['/assets/..%2fserver.ts', '/assets/%2e%2e/server.ts', '/assets/'])
      expect((await fetch(`${url}${path}`)).status, path).toBe(404);
  });
});

describe('events', () => {
  async function firstMessages(url: string, enough: (text: string) => boolean): Promise<string> {
    const abort = new AbortController();
    const answer = await fetch(`${url}/v1/events`, { signal: abort.signal });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    while (!enough(text)) {
      const { value, done } = await reader.read();
      if (done) break;
      text += value;
    }
    abort.abort();
    return text;
  }

  it('begin with every cluster as it is, then a heartbeat', async () => {
    const url = await serve(new FakeController(SCENARIOS.lagHeld()));
    const text = await firstMessages(url, (so) => so.includes('event: heartbeat'));
    const data = /event: snapshot\ndata: (.*)\n/.exec(text)?.[1] ?? '';
    const { overview, snapshot } = fromJson(data) as { overview: { state: string }; snapshot: ClusterSnapshot };
    expect(overview.state).toBe('lagging');
    expect(snapshot.scope).toBe('email-cluster');
  });

  it('end when the server closes, so that closing never hangs on a dashboard', async () => {
    const controller = new FakeController(SCENARIOS.healthy());
    const url = await serve(controller);
    const answer = await fetch(`${url}/v1/events`);
    await server?.close();
    server = null;
    await expect(answer.text().catch(() => 'cut')).resolves.toEqual(expect.any(String));
    expect(controller.listeners).toBe(1); // the metrics' own; the streams' is gone
  });
});
