import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../../src/api/metrics.js';
import { startServer, type Server } from '../../../src/api/server.js';
import { FakeController } from '../../support/fake-controller.js';
import { SCENARIOS } from '../../support/scenarios.js';
import { NOW_MS } from '../../support/snapshots.js';

const SWITCHES = '/v1/clusters/email-cluster/switches';
const AUTH = 'authorization: Bearer touch-of-enough-length';
let server: Server;
let controller: FakeController;
let logged: { fields: Readonly<Record<string, unknown>>; message: string }[] = [];
let nowMs = NOW_MS;

beforeEach(async () => {
  logged = [];
  nowMs = NOW_MS;
  const write = (fields: object, message: string): void => {
    logged.push({ fields: fields as Readonly<Record<string, unknown>>, message });
  };
  controller = new FakeController(SCENARIOS.waitingApproval());
  server = await startServer({
    config: {
      host: '127.0.0.1',
      port: 0,
      openOnLoopback: false,
      tokens: [{ name: 'dba', role: 'operator', token: 'touch-of-enough-length' }],
    },
    controller,
    log: { info: write, warn: write, error: write },
    metrics: createMetrics(controller),
    redact: String,
    clock: { now: () => nowMs },
  });
});
afterEach(() => server.close());

/** Exactly these bytes, and all that comes back until the connection ends: `fetch` would put the worst of it right. */
async function sent(...pieces: readonly (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (piece) => (text += piece.toString('latin1')));
  socket.on('error', () => undefined);
  for (const piece of pieces) socket.write(piece);
  await once(socket, 'close');
  return text;
}

const post = (body: Buffer | string, ...headers: readonly string[]): Promise<string> =>
  sent(
    [
      `POST ${SWITCHES} HTTP/1.1`,
      'host: 127.0.0.1',
      'connection: close',
      AUTH,
      'content-type: application/json',
      `content-length: ${Buffer.byteLength(body)}`,
      ...headers,
      '\r\n',
    ].join('\r\n'),
    body,
  );
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);

/** Nothing was changed, nothing is a fault of ours, and the next one is served. */
async function expectUnharmed(): Promise<void> {
  expect(controller.changes).toEqual([]);
  expect(logged.filter(({ message }) => message === 'api request failed')).toEqual([]);
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
}

describe('a malformed body', () => {
  it.each([
    ['that breaks off', '{"subject":"global","reason":"x"'],
    ['that is empty', ''],
    ['that is null', 'null'],
    ['that is a list', '[{"subject":"global","reason":"x"}]'],
    ['that is a text', '"global"'],
    ['with a field twice over, the last of another type', '{"subject":"global","reason":"x","reason":7}'],
    ['that would be a prototype', '{"subject":"global","reason":"x","__proto__":{"expiresInMs":9999}}'],
    ['that would be a constructor', '{"subject":"global","reason":"x","constructor":{"prototype":{"a":1}}}'],
    ['that is a thousand lists deep', `${'['.repeat(8_000)}${']'.repeat(8_000)}`],
    ['with a number that is none of JSON', '{"subject":"global","reason":"x","expiresInMs":1e999}'],
  ])('%s is a bad request that changes nothing', async (_which, body) => {
    const answer = await post(body);
    expect(statusOf(answer)).toBe(400);
    expect(answer).toContain('"code":"bad-request"');
    await expectUnharmed();
  });

  it('with bytes that are no UTF-8 is taken as text or refused, and never half of it', async () => {
    const status = statusOf(await post(Buffer.from('{"subject":"glo\xffbal","reason":"x"}', 'latin1')));
    expect(status).toBe(400);
    await expectUnharmed();
  });

  it.each([['that is too large and does not say so', 'transfer-encoding: chunked']])(
    '%s is refused',
    async (_which, header) => {
      const answer = await post('{"subject":"global","reason":"x"}', header);
      expect([400, 413, 415]).toContain(statusOf(answer));
      await expectUnharmed();
    },
  );
});

describe('an oversized request', () => {
  it('of a body in pieces is cut off at 16 KiB, whatever it says of its length', async () => {
    const head = `POST ${SWITCHES} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n${AUTH}\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n`;
    const piece = `1000\r\n${'x'.repeat(4_096)}\r\n`;
    expect(statusOf(await sent(head, ...Array.from({ length: 20 }, () => piece)))).toBe(413);
    await expectUnharmed();
  });

  it.each([
    ['of headers', `GET /healthz HTTP/1.1\r\nhost: h\r\nx-much: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
    ['of a path', `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nhost: h\r\n\r\n`, 431],
    [
      'of a name in the path',
      `GET /v1/clusters/${'x'.repeat(2_000)} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n${AUTH}\r\n\r\n`,
      414,
    ],
  ])('%s is refused', async (_which, request, status) => {
    expect(statusOf(await sent(request))).toBe(status);
    await expectUnharmed();
  });
});

describe('a path that leads elsewhere', () => {
  it.each([
    '/assets/../../../package.json',
    '/../../etc/passwd',
    '//etc/passwd',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e%2f%2e%2e%2fpackage.json',
    '/assets/..\\..\\package.json',
    '/assets/app.js%00.css',
    'http://10.0.0.1/etc/passwd',
    '/v1/clusters/..%2f..%2fetc%2fpasswd',
    '/v1/clusters/email-cluster/incidents/..%2f..%2f..%2fetc%2fpasswd',
    '/%c0%ae%c0%ae/etc/passwd',
  ])('%s finds nothing', async (path) => {
    const answer = await sent(`GET ${path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n${AUTH}\r\n\r\n`);
    expect([400, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/root:|"dependencies"/);
    await expectUnharmed();
  });
});

describe('a line that would be a header', () => {
  it.each([
    ['in a path', `GET /nope%0d%0aset-cookie:%20a=b HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`],
    ['in a query', `GET /nope?a=%0d%0aset-cookie:%20a=b HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n`],
    [
      'behind a bare line feed',
      `GET /healthz HTTP/1.1\r\nhost: h\r\nconnection: close\r\nx-request-id: a\nset-cookie: a=b\r\n\r\n`,
    ],
    ['in an id of the stream', `GET /v1/events HTTP/1.0\r\nlast-event-id: a1-1%0d%0aset-cookie: a=b\r\n\r\n`],
    ['in the name of the host', `GET / HTTP/1.1\r\nhost: h%0d%0aset-cookie: a=b\r\nconnection: close\r\n\r\n`],
  ])('%s is none in the answer', async (_where, request) => {
    const [head = ''] = (await sent(request)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 \d{3} /);
    expect(head).not.toMatch(/^set-cookie/im);
    await expectUnharmed();
  });

  it('of two lengths, by which a proxy and we would see two requests, closes the connection', async () => {
    const smuggled = `GET ${SWITCHES} HTTP/1.1\r\nhost: h\r\n\r\n`;
    const answer = await post('{}', 'transfer-encoding: chunked', smuggled);
    expect(answer.match(/HTTP\/1\.1 \d{3}/g)).toEqual(['HTTP/1.1 400']);
    await expectUnharmed();
  });
});

describe('thousands without a token, or with a wrong one', { timeout: 180_000 }, () => {
  const ask = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${server.url}/v1/clusters`, { headers })).status;
  const denials = () => logged.filter(({ message }) => message === 'api request not authorised');

  it('are told ten times a minute and counted, so that nobody fills the log', async () => {
    for (let at = 0; at < 2_000; at += 1) expect(await ask({})).toBe(401);
    expect(denials()).toHaveLength(10);
    expect(denials().at(-1)?.fields).toMatchObject({ code: 'token-missing', isLastForAMinute: true });
    nowMs += 61_000;
    await ask({});
    expect(denials()).toHaveLength(11);
  });

  it('do not keep a right token out', async () => {
    const statuses: number[] = [];
    for (let at = 0; at < 2_000; at += 1)
      statuses.push(await ask({ authorization: `Bearer wrong-${at}-of-enough-length` }));
    expect([statuses.slice(0, 9), new Set(statuses.slice(10))]).toEqual([
      Array.from({ length: 9 }, () => 401),
      new Set([429]),
    ]);
    expect(await ask({ authorization: 'Bearer touch-of-enough-length' })).toBe(200);
  });
});
