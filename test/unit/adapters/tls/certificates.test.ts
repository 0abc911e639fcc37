import { readFileSync } from 'node:fs';
import { createServer as createTcp, type AddressInfo, type Server } from 'node:net';
import { createServer, TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../../src/adapters/clock.js';
import { certificatesOf } from '../../../../src/adapters/tls/certificates.js';
import { peerEndsAtMs } from '../../../../src/adapters/tls/peer-end.js';
import { pemEndsAtMs } from '../../../../src/adapters/tls/pem-ends.js';
import type { ClusterConfig } from '../../../../src/model/config.js';
import type { TlsConfig } from '../../../../src/model/tls.js';

const FOLDER = new URL('../../../fixtures/tls/', import.meta.url).pathname;
const cert = readFileSync(`${FOLDER}cert.pem`, 'utf8');
const key = readFileSync(`${FOLDER}key.pem`, 'utf8');
const ENDS_AT_MS = Date.UTC(2126, 9, 29, 19, 52, 54);
const PATIENCE_MS = 2_000;

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});
const listening = async (server: Server): Promise<number> => {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return (server.address() as AddressInfo).port;
};
const postgresLike = (answer: string): Server =>
  createTcp((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => {
      socket.write(answer);
      if (answer === 'S') new TLSSocket(socket, { isServer: true, cert, key }).on('error', () => undefined);
    });
  });
const peer = (port: number, isPostgres: boolean) => ({ host: '127.0.0.1', port, isPostgres, tls: null });

describe('certificates', () => {
  it('[P25] of a file, by its path or its text, end when it says', () => {
    expect(pemEndsAtMs(`${FOLDER}cert.pem`)).toBe(ENDS_AT_MS);
    expect(pemEndsAtMs(`# a comment\n${cert}${cert}`)).toBe(ENDS_AT_MS);
  });

  it('[P25] of a CA that is being renewed end with the last of its name, whose former one stands beside it', () => {
    const former = readFileSync(`${FOLDER}former-cert.pem`, 'utf8');
    expect(pemEndsAtMs(former)).toBeLessThan(ENDS_AT_MS);
    expect(pemEndsAtMs(`${cert}${former}`)).toBe(ENDS_AT_MS);
  });

  it('[P25] of a file that has none are not known', () => {
    expect(() => pemEndsAtMs(key)).toThrow('no certificate');
  });

  it('[P25] of a peer are read although nobody here trusts them, PostgreSQL by its own greeting', async () => {
    const web = await listening(createServer({ cert, key }).on('tlsClientError', () => undefined));
    const sql = await listening(postgresLike('S'));
    expect(await peerEndsAtMs(peer(web, false), PATIENCE_MS)).toBe(ENDS_AT_MS);
    expect(await peerEndsAtMs(peer(sql, true), PATIENCE_MS)).toBe(ENDS_AT_MS);
  });

  it('[P25] of a peer without TLS, or of one that is gone, are not known', async () => {
    const plain = await listening(postgresLike('N'));
    await expect(peerEndsAtMs(peer(plain, true), PATIENCE_MS)).rejects.toThrow('no TLS');
    await expect(peerEndsAtMs(peer(1, false), PATIENCE_MS)).rejects.toThrow('ECONNREFUSED');
  });

  it('[P25] are looked for in our own files, each once, and at every address with TLS', async () => {
    const web = await listening(createServer({ cert, key }).on('tlsClientError', () => undefined));
    const tls: TlsConfig = {
      ca: cert,
      cert: null,
      key: null,
      insecure: false,
      files: { ca: '/etc/ca.pem', cert: null, key: null },
    };
    const cluster = {
      scope: 'email',
      patroni: { urls: { p1: `https://127.0.0.1:${web}`, p2: 'http://127.0.0.1:8008' }, auth: null, tls },
      dcs: { hosts: [{ name: 'etcd1', url: 'https://127.0.0.1:1' }], tls },
      postgres: null,
      proxies: [],
    } as unknown as ClusterConfig;
    const reading = await certificatesOf(cluster, systemClock)?.ends();
    expect(reading?.kind === 'fresh' && reading.value).toEqual([
      { subject: 'email', where: 'patroni.tls.ca, dcs.tls.ca (/etc/ca.pem)', endsAtMs: ENDS_AT_MS },
      { subject: 'p1', where: `127.0.0.1:${web}`, endsAtMs: ENDS_AT_MS },
      { subject: 'etcd1', where: '127.0.0.1:1', endsAtMs: null, why: expect.stringContaining('ECONNREFUSED') },
    ]);
  });

  it('[P25] without any TLS are not asked for', () => {
    const cluster = {
      patroni: { urls: { p1: 'http://127.0.0.1:8008' }, tls: null },
      dcs: { hosts: [], tls: null },
      postgres: null,
      proxies: [],
    } as unknown as ClusterConfig;
    expect(certificatesOf(cluster, systemClock)).toBeNull();
  });
});
