import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { httpChannel, signature } from '../../src/adapters/notify/http.js';
import { mailChannel } from '../../src/adapters/notify/smtp.js';
import type { Notice, NotifyChannel } from '../../src/model/notify.js';
import { written } from '../../src/notify/formats.js';
import { notice, NOW_MS } from '../unit/notify/notices.js';

type HttpChannel = Exclude<NotifyChannel, { kind: 'email' }>;
interface Got {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

const closers: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

/** A stand-in on the loopback that answers with `status`, after `delayMs`. */
async function standIn(
  status: number,
  options: { readonly headers?: Record<string, string>; readonly body?: string; readonly delayMs?: number } = {},
): Promise<{ readonly url: string; readonly got: Got[] }> {
  const got: Got[] = [];
  const server: Server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      got.push({ path: request.url ?? '', headers: request.headers, body });
      setTimeout(() => response.writeHead(status, options.headers).end(options.body ?? ''), options.delayMs ?? 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, got };
}

const channelsAt = (url: string): readonly HttpChannel[] => [
  { kind: 'pagerduty', name: 'pager', url: `${url}/v2/enqueue`, routingKey: 'R0', tls: null },
  { kind: 'slack', name: 'chat', url: `${url}/services/T/B/x`, tls: null },
  { kind: 'webhook', name: 'hook', url: `${url}/hook`, secret: 'shared', tls: null },
  { kind: 'alertmanager', name: 'am', url, auth: { username: 'u', password: 'p' }, tls: null },
];

async function sent(channel: HttpChannel, deadlineMs = 2_000) {
  const port = httpChannel(channel, deadlineMs);
  closers.push(() => {
    port.close();
  });
  return port.send(written(channel, [notice()], NOW_MS), NOW_MS);
}

describe.each(['pagerduty', 'slack', 'webhook', 'alertmanager'] as const)('%s', (kind) => {
  const at = (url: string): HttpChannel => channelsAt(url).find((one) => one.kind === kind) as HttpChannel;

  it('is sent one POST of JSON', async () => {
    const { url, got } = await standIn(202);
    expect(await sent(at(url))).toEqual({ kind: 'sent' });
    expect(got).toHaveLength(1);
    expect(got[0]?.headers['content-type']).toBe('application/json');
    expect(() => JSON.parse(got[0]?.body ?? '') as unknown).not.toThrow();
  });

  it.each([
    [400, kind === 'pagerduty' ? 'retry' : 'refused'],
    [413, 'refused'],
    [200, kind === 'pagerduty' ? 'retry' : 'sent'],
    [401, 'retry'],
    [404, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [503, 'retry'],
  ] as const)('takes a status %i as %s', async (status, expected) => {
    const { url } = await standIn(status, { body: '<html>no</html>' });
    expect((await sent(at(url))).kind).toBe(expected);
  });

  it('is not followed where it leads elsewhere', async () => {
    const other = await standIn(200);
    const { url } = await standIn(307, { headers: { location: `${other.url}/stolen` } });
    const answer = await sent(at(url));
    expect(answer).toMatchObject({ kind: 'retry' });
    expect('why' in answer && answer.why).toContain('redirect is not followed');
    expect(other.got).toEqual([]);
  });

  it('is given up at its deadline', async () => {
    const { url } = await standIn(200, { delayMs: 5_000 });
    expect(await sent(at(url), 300)).toMatchObject({ kind: 'retry', why: 'no answer in time' });
  });

  it('that is not there is tried again', async () => {
    expect(await sent(at('http://127.0.0.1:1'))).toMatchObject({ kind: 'retry' });
  });

  it('can be reached, or not, without a message', async () => {
    const { url, got } = await standIn(200);
    const port = httpChannel(at(url), 1_000);
    expect(await port.reach()).toBeNull();
    expect(got).toEqual([]);
    expect(await httpChannel(at('http://127.0.0.1:1'), 1_000).reach()).toContain('ECONNREFUSED');
  });
});

const REPORT: Partial<Notice> = {
  change: 'report',
  code: 'report',
  level: 'info',
  isLast: true,
  text: '2 incidents, none open; 1 page.',
  report: {
    title: 'Report of email-cluster',
    summary: ['2 incidents, none open; 1 page.'],
    sections: [{ title: 'Incidents by cause', note: 'n', head: ['cause'], rows: [['leader-down']] }],
  },
};

it.each(['slack', 'webhook'] as const)('a report is one POST to %s', async (kind) => {
  const { url, got } = await standIn(200);
  const to = channelsAt(url).find((one) => one.kind === kind) as HttpChannel;
  expect(await httpChannel(to, 2_000).send(written(to, [notice(REPORT)], NOW_MS), NOW_MS)).toEqual({ kind: 'sent' });
  expect(got).toHaveLength(1);
  expect(got[0]?.body).toContain('2 incidents, none open');
});

it('a webhook is signed so that its receiver can tell who sent it, and when', async () => {
  const { url, got } = await standIn(200);
  await sent(channelsAt(url)[2] as HttpChannel);
  const { headers, body } = got[0] as Got;
  const timestamp = Number(headers['x-ekimi-timestamp']);
  expect(timestamp).toBe(NOW_MS / 1000);
  expect(headers['x-ekimi-signature']).toBe(signature('shared', timestamp, body));
  expect(signature('other', timestamp, body)).not.toBe(headers['x-ekimi-signature']);
});

it('Alertmanager is asked at its API, with the login', async () => {
  const { url, got } = await standIn(200);
  await sent(channelsAt(url)[3] as HttpChannel);
  expect(got[0]?.path).toBe('/api/v2/alerts');
  expect(got[0]?.headers.authorization).toBe(`Basic ${btoa('u:p')}`);
});

it('a wait that the other end asks for is taken over', async () => {
  const { url } = await standIn(429, { headers: { 'retry-after': '120' } });
  expect(await sent(channelsAt(url)[0] as HttpChannel)).toMatchObject({ kind: 'retry', afterMs: 120_000 });
});

describe('mail', () => {
  async function mailServer(
    options: { readonly refuse?: number; readonly refuseTo?: number; readonly mute?: boolean } = {},
  ) {
    const mails: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, done) => {
        if (username === 'ekimi' && password === 'p') done(null, { user: username });
        else done(new Error('wrong login'));
      },
      onConnect: (_session, done) => {
        if (options.mute !== true) done();
      },
      onRcptTo: (_address, _session, done) => {
        if (options.refuseTo === undefined) done();
        else done(Object.assign(new Error('no such mailbox'), { responseCode: options.refuseTo }));
      },
      onData: (stream, _session, done) => {
        let text = '';
        stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
        stream.on('end', () => {
          if (options.refuse !== undefined) {
            done(Object.assign(new Error('no'), { responseCode: options.refuse }));
            return;
          }
          mails.push(text);
          done();
        });
      },
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(
      () =>
        new Promise((resolve) => {
          server.close(() => {
            resolve(null);
          });
        }),
    );
    const { port } = server.server.address() as AddressInfo;
    return { port, mails };
  }
  const channel = (port: number, password = 'p'): Extract<NotifyChannel, { kind: 'email' }> => ({
    kind: 'email',
    name: 'mail',
    host: '127.0.0.1',
    port,
    security: 'none',
    auth: { username: 'ekimi', password },
    from: 'ekimi@example.com',
    to: ['dba-oncall@example.com'],
    tls: null,
  });
  const send = (to: ReturnType<typeof channel>, change = {}, deadlineMs = 3_000) =>
    mailChannel(to, deadlineMs).send(written(to, [notice(change)], NOW_MS), NOW_MS);

  it('arrives with subject, thread and text', async () => {
    const { port, mails } = await mailServer();
    expect(await send(channel(port), { subject: 'p\r\nBcc: evil@example.com' })).toEqual({ kind: 'sent' });
    const [head = '', ...body] = (mails[0] ?? '').split('\r\n\r\n');
    expect(head).toMatch(/^Subject: .*email-cluster/m);
    expect(head).toMatch(/^References: <[0-9a-f]{32}@ekimi\./m);
    expect(head).toMatch(/^Auto-Submitted: auto-generated/m);
    expect(head).not.toMatch(/^Bcc/m);
    expect(body.join()).toContain('patroni1 is gone');
  });

  it('a report arrives as text and as a page', async () => {
    const { port, mails } = await mailServer();
    expect(await send(channel(port), REPORT)).toEqual({ kind: 'sent' });
    expect(mails[0]).toMatch(/^Subject: \[REPORT\] Report of email-cluster/m);
    expect(mails[0]).toMatch(/^Content-Type: multipart\/alternative/m);
    expect(mails[0]).toContain('INCIDENTS BY CAUSE');
    expect(mails[0]).toContain('<table>');
  });

  it('that is refused for its content is not sent again, for anything else it is', async () => {
    expect(await send(channel((await mailServer({ refuse: 552 })).port))).toMatchObject({ kind: 'refused' });
    expect(await send(channel((await mailServer({ refuse: 451 })).port))).toMatchObject({ kind: 'retry' });
    expect(await send(channel((await mailServer({ refuseTo: 553 })).port))).toMatchObject({ kind: 'retry' });
    expect(await send(channel((await mailServer()).port, 'wrong'))).toMatchObject({ kind: 'retry' });
  });

  it('is not sent in clear where STARTTLS is asked for', async () => {
    const { port, mails } = await mailServer();
    expect(await send({ ...channel(port), security: 'starttls' })).toMatchObject({ kind: 'retry' });
    expect(mails).toEqual([]);
  });

  it('is given up where the server says nothing', async () => {
    const { port } = await mailServer({ mute: true });
    expect(await send(channel(port), {}, 400)).toMatchObject({ kind: 'retry' });
  });

  it('can be reached, or not, without a mail', async () => {
    const { port, mails } = await mailServer();
    expect(await mailChannel(channel(port), 2_000).reach()).toBeNull();
    expect(await mailChannel(channel(1), 2_000).reach()).toContain('ECONNREFUSED');
    expect(mails).toEqual([]);
  });
});
