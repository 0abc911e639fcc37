import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface EngineRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

export type EngineHandler = (request: EngineRequest, response: ServerResponse) => void;

export const respond = (response: ServerResponse, status: number, json?: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(json === undefined ? undefined : JSON.stringify(json));
};

const read = async (incoming: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

let count = 0;

/** A Docker engine on a socket file, as much of one as the test says. */
export async function fakeEngine() {
  count += 1;
  const path = join(tmpdir(), `ekimi-engine-${process.pid}-${count}.sock`);
  const requests: EngineRequest[] = [];
  let handler: EngineHandler = (_, response) => {
    respond(response, 500);
  };
  const server = createServer((incoming, response) => {
    void read(incoming).then((body) => {
      const url = new URL(incoming.url ?? '', 'http://engine');
      const request = { method: incoming.method ?? '', path: url.pathname, query: url.searchParams, body };
      requests.push(request);
      handler(request, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    socket: `unix://${path}`,
    requests,
    handle: (next: EngineHandler) => {
      handler = next;
      requests.length = 0;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(path, { force: true });
    },
  };
}
