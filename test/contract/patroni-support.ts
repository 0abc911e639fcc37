import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import type { ClusterConfig } from '../../src/model/config.js';
import { memberName } from '../../src/model/names.js';
import type { Clock } from '../../src/ports/clock.js';

export const REPLIES = join(import.meta.dirname, '../fixtures/replies');

/** One recorded answer: `status` 0 means that the connection was closed without an answer. */
export interface Recording {
  readonly file: string;
  readonly request: { readonly method: string; readonly path: string; readonly node: string; readonly body?: unknown };
  readonly status: number;
  readonly content_type: string | null;
  readonly body?: unknown;
  readonly body_text?: string;
}

/** The first three with PostgreSQL 15 in many states; then each line of Debian with its own PostgreSQL. */
const RECORDED = [
  'patroni-3.0.2',
  'patroni-4.0.0',
  'patroni-4.1.4',
  'debian-12/patroni',
  'debian-13/patroni',
  'debian-unstable/patroni',
];

export const recordings: readonly Recording[] = RECORDED.flatMap((folder) =>
  readdirSync(join(REPLIES, folder))
    .sort()
    .map((name) => {
      const file = `${folder}/${name}`;
      return { file, ...(JSON.parse(readFileSync(join(REPLIES, file), 'utf8')) as Omit<Recording, 'file'>) };
    }),
);

export const recording = (file: string): Recording => {
  const found = recordings.find((one) => one.file === `${file}.json`);
  if (found === undefined) throw new Error(`there is no recording ${file}`);
  return found;
};

export const bodyOf = (one: Recording): string => one.body_text ?? JSON.stringify(one.body);

/** As Patroni's own server answers: HTTP/1.0, no Content-Length, the connection closed behind it. */
export const played = (one: Recording): string =>
  [
    `HTTP/1.0 ${one.status} Recorded`,
    'Server: BaseHTTP/0.6 Python/3.11',
    `Content-Type: ${one.content_type ?? ''}`,
    '',
    bodyOf(one),
  ].join('\r\n');

/** What a connection does once a whole request has arrived. */
export type Behaviour = (socket: Socket, request: string) => void;

export const answering =
  (bytes: string): Behaviour =>
  (socket) => {
    socket.end(bytes);
  };

export const hangingUp: Behaviour = (socket) => {
  socket.end();
};

export const silent: Behaviour = () => undefined;

/** A server of raw bytes on loopback, so that a broken answer can be as broken as it is in life. */
export async function rawServer() {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  let behaviour: Behaviour = hangingUp;
  const server = createServer((socket) => {
    sockets.add(socket);
    let text = '';
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      const [head, body] = text.split('\r\n\r\n');
      const length = Number(/content-length: (\d+)/i.exec(head ?? '')?.[1] ?? 0);
      const whole = body !== undefined && Buffer.byteLength(body) >= length;
      if (!whole) return;
      requests.push(text);
      text = '';
      behaviour(socket, requests.at(-1) ?? '');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    behave: (next: Behaviour) => {
      behaviour = next;
      requests.length = 0;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Stands still at one moment; nothing here waits. */
export const stillClock: Clock = { now: () => 1_000_000, monotonic: () => 5_000, sleep: () => Promise.resolve() };

const MEMBERS = ['patroni1', 'patroni2', 'patroni3'].map(memberName);

export const clusterConfig = (changes: Partial<ClusterConfig>): ClusterConfig => ({
  scope: 'email-cluster',
  members: MEMBERS,
  patroni: { urls: {}, auth: null, tls: null },
  dcs: { hosts: [], namespace: '/service/', auth: null, tls: null, ekimiNamespace: '/ekimi/', tenureTtlMs: 10_000 },
  postgres: null,
  proxies: [],
  hosts: null,
  tags: null,
  deadlines: { read: 2_000, slowRead: 2_000, sql: 2_000, dcs: 2_000, proxy: 2_000, host: 2_000 },
  ...changes,
});

/** Every member at the same address. */
export const patroniAt = (port: number, changes: Partial<ClusterConfig['patroni']> = {}): ClusterConfig['patroni'] => ({
  urls: Object.fromEntries(MEMBERS.map((name) => [name, `http://127.0.0.1:${port}`])),
  auth: null,
  tls: null,
  ...changes,
});
