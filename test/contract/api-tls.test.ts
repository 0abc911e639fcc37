import { readFileSync } from 'node:fs';
import { connect, type PeerCertificate } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/api/metrics.js';
import { startServer, type Server } from '../../src/api/server.js';
import { apiRows } from '../../src/app/doctor-api.js';
import { DaemonClient } from '../../src/cli/client.js';
import type { Trust } from '../../src/cli/exchange.js';
import { pairFault } from '../../src/config/pem-pair.js';
import type { EkimiConfig } from '../../src/model/config.js';
import type { TlsConfig } from '../../src/model/tls.js';
import { FakeController } from '../support/fake-controller.js';
import { SCENARIOS } from '../support/scenarios.js';
import { scratch } from '../support/scratch.js';
import { programOf, selfSigned } from './etcd-support.js';

const hasOpenssl = programOf('openssl') !== null;

/** A certificate for 127.0.0.1 that signed itself, and its key. */
function pair(): TlsConfig & { readonly cert: string; readonly key: string } {
  const { cert, key } = selfSigned(scratch('api-tls'));
  return { ca: null, cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), insecure: false };
}

let server: Server | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(tls: TlsConfig): Promise<Server> {
  const controller = new FakeController(SCENARIOS.healthy());
  const silent = (): void => undefined;
  server = await startServer({
    config: { host: '127.0.0.1', port: 0, tokens: [], tls },
    controller,
    log: { info: silent, warn: silent, error: silent },
    metrics: createMetrics(controller),
    redact: String,
  });
  return server;
}

const asked = ({ url }: Server, trust?: Trust): Promise<readonly string[]> =>
  new DaemonClient({ url, token: null, expected: null, onTime: () => undefined, ...(trust && { trust }) }).scopes();

/** What a client is shown, whether or not it would believe it. */
const shown = ({ url }: Server): Promise<PeerCertificate> =>
  new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port: Number(new URL(url).port), rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate());
      socket.destroy();
    });
    socket.once('error', reject);
  });

describe.skipIf(!hasOpenssl)('the API with TLS', () => {
  it('is asked by those who trust its certificate, and by nobody in clear', async () => {
    const own = pair();
    const at = await serve(own);
    expect(at.url).toMatch(/^https:/);
    expect(await asked(at, { ca: own.cert })).toEqual(['email-cluster']);
    await expect(asked(at)).rejects.toMatchObject({ code: 'no-daemon', remedy: expect.stringContaining('--ca FILE') });
    await expect(fetch(at.url.replace('https', 'http'))).rejects.toThrow();
  });

  it('of our own configuration is known by its very certificate, whatever name it bears', async () => {
    const own = pair();
    const at = await serve(own);
    const byName = { ...at, url: at.url.replace('127.0.0.1', 'localhost') };
    expect(await asked(byName, { ca: own.cert, isPinned: true })).toEqual(['email-cluster']);
    await expect(asked(byName, { ca: pair().cert, isPinned: true })).rejects.toMatchObject({ code: 'no-daemon' });
  });

  it('asks clients for a certificate where it knows who signs them', async () => {
    const [own, client] = [pair(), pair()];
    const at = await serve({ ...own, ca: client.cert });
    const trust = { ca: own.cert };
    expect(await asked(at, { ...trust, own: client.cert + client.key })).toEqual(['email-cluster']);
    for (const other of [trust, { ...trust, own: own.cert + own.key }])
      await expect(asked(at, other)).rejects.toMatchObject({ code: 'no-daemon' });
  });

  it('serves renewed files to new connections', async () => {
    const [before, after] = [pair(), pair()];
    const at = await serve(before);
    const { fingerprint256 } = await shown(at);
    at.renew({ host: '127.0.0.1', port: 0, tokens: [], tls: after });
    expect((await shown(at)).fingerprint256).not.toBe(fingerprint256);
    expect(await asked(at, { ca: after.cert })).toEqual(['email-cluster']);
  });

  it('a pair that does not go together is refused, and says which part of it', () => {
    const [own, other] = [pair(), pair()];
    expect(pairFault(own)).toBeNull();
    expect(pairFault({ ...own, key: other.key })).toEqual({ part: 'key', found: 'the key of another certificate' });
    expect(pairFault({ ...own, cert: own.key })).toMatchObject({ part: 'cert' });
    expect(pairFault({ ...own, key: own.cert })).toMatchObject({ part: 'key' });
    expect(pairFault({ ...own, ca: own.key })).toMatchObject({ part: 'ca' });
  });

  it('tells when its certificate ends, and what to do when it has', () => {
    const config = { api: { host: 'x', port: 0, tokens: [], tls: pair() } } as unknown as EkimiConfig;
    const [ok] = apiRows(config, Date.now() - 365 * 86_400_000 * 50);
    expect(ok).toMatchObject({ check: 'api tls', verdict: 'ok' });
    const [ended] = apiRows(config, Date.now() + 365 * 86_400_000 * 200);
    expect(ended).toMatchObject({
      verdict: 'fail',
      detail: expect.stringMatching(/^the certificate of api.tls ended at 20\d\d-.*: clients refuse it$/),
      remedy: expect.stringContaining('send SIGHUP'),
    });
  });
});
