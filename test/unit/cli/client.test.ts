import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { DaemonClient } from '../../../src/cli/client.js';

let servers: Server[] = [];

afterEach(async () => {
  const closing = servers.map(
    (server) =>
      new Promise((resolve) => {
        server.close(resolve);
        server.closeAllConnections();
      }),
  );
  servers = [];
  await Promise.all(closing);
});

async function listening(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const asked = (url: string, timeoutMs = 10_000): Promise<readonly string[]> =>
  new DaemonClient({ url, token: 'touch', expected: null, timeoutMs, onTime: () => undefined }).scopes();

const noDaemon = (url: string, why: string): object => ({
  exit: 'no-daemon',
  code: 'no-daemon',
  message: `no ekimi daemon answers at ${url} (${why})`,
});

it('one who takes the question and says nothing is silent, not a fault of ours', async () => {
  const url = await listening(() => undefined);
  await expect(asked(url, 50)).rejects.toMatchObject(noDaemon(url, 'no answer in time'));
});

it('one who begins an answer and does not end it in time is silent too', async () => {
  const url = await listening((_request, response) => void response.write('{"clusters":'));
  await expect(asked(url, 200)).rejects.toMatchObject(noDaemon(url, 'no answer in time'));
});

it('an answer that is cut off is no answer: a daemon that ends while it speaks', async () => {
  const url = await listening((_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"clusters":', () => response.destroy());
  });
  await expect(asked(url)).rejects.toMatchObject(noDaemon(url, 'aborted'));
});

it.each([
  ['Patroni, which is no leader', 503, '{"state":"running","role":"replica"}'],
  ['Patroni, which leads', 200, '{"state":"running","role":"primary"}'],
  ['a gateway', 404, '{"message":"no Route matched with those values"}'],
  ['a list', 200, '[]'],
  ['nothing', 200, 'null'],
  ['other clusters', 200, '{"clusters":["a"]}'],
  ['a page', 404, '404 page not found'],
])('%s that answers there is no daemon, and no fault of ours', async (_who, status, body) => {
  const url = await listening((_request, response) => response.writeHead(status).end(body));
  await expect(asked(url)).rejects.toMatchObject({
    exit: 'no-daemon',
    code: 'not-ekimi',
    message: expect.stringMatching(/^something answers at http:\S+, but .*: it is not an ekimi daemon$/) as string,
    remedy: expect.stringContaining('api.listen') as string,
  });
});

it('a redirect is not followed: the token is for one address', async () => {
  const heard: unknown[] = [];
  const elsewhere = await listening((request, response) => {
    heard.push(request.headers.authorization);
    response.end('{"clusters":[]}');
  });
  const url = await listening((_request, response) =>
    response.writeHead(307, { location: `${elsewhere}/v1/clusters` }).end(),
  );
  await expect(asked(url)).rejects.toMatchObject(noDaemon(url, 'unexpected redirect'));
  expect(heard).toEqual([]);
});

it('nothing listens: the address and the reason are said', async () => {
  await expect(asked('http://127.0.0.1:1')).rejects.toMatchObject(
    noDaemon('http://127.0.0.1:1', 'connect ECONNREFUSED 127.0.0.1:1'),
  );
});

it('what is sent over TLS is not sent in the clear: an https address is asked by TLS', async () => {
  const heard: unknown[] = [];
  const url = await listening((request) => heard.push(request.url));
  const secure = url.replace('http:', 'https:');
  await expect(asked(secure)).rejects.toMatchObject({
    ...noDaemon(secure, 'what answers there speaks no TLS'),
    remedy: expect.stringContaining('with http://') as string,
  });
  expect(heard).toEqual([]);
});

it('one that speaks TLS alone is named as that, where it is asked in the clear', async () => {
  const url = await listening((request) => request.socket.destroy());
  await expect(asked(url)).rejects.toMatchObject({
    ...noDaemon(url, 'it ended the connection without an answer'),
    remedy: expect.stringContaining('https://') as string,
  });
});

it('an address with a path is refused with how to write it', async () => {
  const url = await listening((_request, response) =>
    response.writeHead(404).end('{"code":"not-found","message":"nothing at /x/v1/clusters","remedy":"of HTTP"}'),
  );
  await expect(asked(`${url}/x`)).rejects.toMatchObject({
    exit: 'absent',
    remedy: expect.stringContaining('without a path') as string,
  });
});

it('letters that two packets share arrive whole', async () => {
  const whole = Buffer.from('{"clusters":[{"scope":"k\u00f6ln"}]}');
  const middle = whole.indexOf(0xb6);
  const url = await listening((_request, response) => {
    response.write(whole.subarray(0, middle), () => setImmediate(() => response.end(whole.subarray(middle))));
  });
  expect(await asked(url)).toEqual(['k\u00f6ln']);
});
