import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { signature } from '../../src/adapters/notify/http.js';
import { vetoHook } from '../../src/adapters/notify/veto-hook.js';
import type { VetoAnswer, VetoQuestion } from '../../src/model/veto.js';
import { NOW_MS } from '../unit/notify/notices.js';
import { planOf } from '../support/view.js';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const QUESTION: VetoQuestion = {
  id: 'q1',
  scope: 'email-cluster',
  plan: planOf('drain-replica', 'patroni3'),
  why: 'patroni3 is 159 MiB behind; its password is geheim',
  requests: ['haproxy> set server postgres_replicas/patroni3 state drain'],
  askedAtMs: NOW_MS,
};
const redact = (text: string): string => text.replaceAll('geheim', '[secret]');

async function asked(
  status: number,
  body: string,
  {
    delayMs = 0,
    deadlineMs = 2_000,
    headers = {},
  }: { delayMs?: number; deadlineMs?: number; headers?: Record<string, string> } = {},
): Promise<{
  answer: VetoAnswer;
  reached: string | null;
  asked: number;
  got: { headers: IncomingHttpHeaders; body: string }[];
}> {
  const got: { headers: IncomingHttpHeaders; body: string }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      got.push({ headers: request.headers, body: text });
      setTimeout(() => response.writeHead(status, headers).end(body), delayMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/veto`;
  const hook = { kind: 'webhook' as const, name: 'veto', url, secret: 'shared', tls: null };
  const port = vetoHook({ hook, deadlineMs }, 'one', { text: redact, json: redact });
  closers.push(() => {
    port.close();
    server.closeAllConnections();
    server.close();
  });
  const reached = await port.reach();
  const before = got.length;
  return { answer: await port.ask(QUESTION), reached, asked: before, got };
}

describe('the veto hook', () => {
  it('is connected to by the doctor, and asked nothing', async () => {
    expect(await asked(200, '{"answer":"go"}')).toMatchObject({ reached: null, asked: 0 });
    const hook = { kind: 'webhook' as const, name: 'veto', url: 'http://127.0.0.1:1', secret: null, tls: null };
    const port = vetoHook({ hook, deadlineMs: 1_000 }, 'one', { text: redact, json: redact });
    expect(await port.reach()).toContain('ECONNREFUSED');
    port.close();
  });

  it('gets the plan with its exact requests, signed, without a secret', async () => {
    const { got } = await asked(200, '{"answer":"go"}');
    const [{ headers, body } = { headers: {}, body: '' }] = got;
    expect(JSON.parse(body)).toMatchObject({
      version: 1,
      id: 'q1',
      by: 'one',
      cluster: 'email-cluster',
      action: 'drain-replica',
      target: 'patroni3',
      requests: QUESTION.requests,
      answerBy: new Date(NOW_MS + 2_000).toISOString(),
    });
    expect(body).not.toContain('geheim');
    expect(headers['x-ekimi-signature']).toBe(signature('shared', NOW_MS / 1000, body));
  });

  it.each<[string, number, string, VetoAnswer]>([
    ['go', 200, '{"answer":"go","reason":"fine"}', { kind: 'go', because: 'fine' }],
    [
      'no',
      200,
      '{"answer":"veto","reason":"the batch runs","forSeconds":60}',
      { kind: 'veto', because: 'the batch runs', forMs: 60_000 },
    ],
    ['no without a reason', 200, '{"answer":"veto"}', { kind: 'veto', because: 'no reason given', forMs: null }],
  ])('that says %s is taken by its word', async (_name, status, body, expected) => {
    expect((await asked(status, body)).answer).toEqual(expected);
  });

  it.each([
    ['another word', 200, '{"answer":"yes"}'],
    ['nonsense', 200, '<html>go</html>'],
    ['nothing', 200, ''],
    ['a veto of no time at all', 200, '{"answer":"veto","forSeconds":0}'],
    ['go behind an error', 500, '{"answer":"go"}'],
  ])('that says %s has not said go', async (_name, status, body) => {
    expect((await asked(status, body)).answer.kind).toBe('silent');
  });

  it('that leads elsewhere is not followed', async () => {
    expect((await asked(307, '', { headers: { location: 'http://127.0.0.1:1/' } })).answer).toMatchObject({
      kind: 'silent',
      because: 'status 307',
    });
  });

  it('that is slow is given up at its deadline', async () => {
    expect((await asked(200, '{"answer":"go"}', { delayMs: 5_000, deadlineMs: 300 })).answer).toEqual({
      kind: 'silent',
      because: 'no answer in time',
    });
  });
});
