import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/adapters/clock.js';
import { etcdAdapter } from '../../src/adapters/etcd/etcd-adapter.js';
import { patroniAdapter } from '../../src/adapters/patroni/patroni-adapter.js';
import { postgresAdapter } from '../../src/adapters/postgres/postgres-adapter.js';
import { certificatesOf } from '../../src/adapters/tls/certificates.js';
import { renewable } from '../../src/adapters/tls/renewed.js';
import type { PemState } from '../../src/model/certificate.js';
import type { ClusterConfig } from '../../src/model/config.js';
import type { TlsConfig } from '../../src/model/tls.js';
import { memberName } from '../../src/model/names.js';
import { freshValue, type Reading } from '../../src/model/reading.js';
import { scratch } from '../support/scratch.js';
import { clusterConfig, EtcdLab, programOf, selfSigned, until } from './etcd-support.js';
import { bodyOf, recording } from './patroni-support.js';
import { PASSWORD, postgresFolder, PostgresLab } from './postgres-support.js';

const hasOpenssl = programOf('openssl') !== null;
const etcd = programOf('etcd');
const postgresBin = postgresFolder();
const MEMBER = memberName('patroni1');
const FIELDS = ['ca', 'cert', 'key'] as const;
type Pem = Readonly<Record<(typeof FIELDS)[number], string>>;

/** Of a CA of its own: a certificate for 127.0.0.1 that signed itself. */
function authority(): Pem {
  const { cert, key } = selfSigned(scratch('authority'));
  const text = readFileSync(cert, 'utf8');
  return { ca: text, cert: text, key: readFileSync(key, 'utf8') };
}

/** The files that `ekimi.yaml` names, with what they hold at the start. */
function ourFiles(start: Partial<Pem>): {
  readonly tls: TlsConfig;
  readonly write: (part: Partial<Pem>) => void;
  readonly of: (field: keyof Pem) => string;
} {
  const folder = scratch('ours');
  const of = (field: keyof Pem): string => join(folder, `${field}.pem`);
  const write = (part: Partial<Pem>): void => {
    for (const field of FIELDS) if (part[field] !== undefined) writeFileSync(of(field), part[field]);
  };
  write(start);
  const given = <T>(value: (field: keyof Pem) => T): Readonly<Record<keyof Pem, T | null>> => ({
    ca: start.ca === undefined ? null : value('ca'),
    cert: start.cert === undefined ? null : value('cert'),
    key: start.key === undefined ? null : value('key'),
  });
  return { tls: { ...given((field) => start[field] ?? ''), insecure: false, files: given(of) }, write, of };
}

async function reread(cluster: ClusterConfig): Promise<readonly PemState[]> {
  const reading = await certificatesOf(cluster, systemClock)?.reread?.();
  return reading === undefined ? [] : (freshValue(reading) ?? []);
}

const isRead = (reading: Reading<unknown>): boolean => reading.kind === 'fresh';

test.skipIf(!hasOpenssl)(
  'Patroni with certificates of both sides is asked with the renewed ones, and what is broken is never taken over',
  async () => {
    const [before, after] = [authority(), authority()];
    const status = bodyOf(recording('patroni-4.1.4/replica.get-patroni'));
    const server = createServer({ ...before, requestCert: true, rejectUnauthorized: true }, (_, response) =>
      response.end(status),
    );
    const files = ourFiles(before);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const urls = { patroni1: `https://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const base = clusterConfig({ hosts: [], deadlineMs: 1_000 });
    const cluster = renewable({ ...base, patroni: { urls, auth: null, tls: files.tls } });
    const port = patroniAdapter(cluster, systemClock);
    const asked = async (): Promise<boolean> => isRead(await port.status(MEMBER));
    expect(await asked()).toBe(true);

    server.setSecureContext({ ...after });
    expect(await asked()).toBe(false);
    files.write({ ca: after.ca, cert: after.cert });
    expect(await reread(cluster)).toMatchObject([
      { where: 'patroni.tls', renewedAtMs: null, fault: expect.stringMatching(/key.*mismatch/i) as string },
    ]);
    expect(await asked()).toBe(false);
    files.write({ key: after.key });
    expect(await reread(cluster)).toMatchObject([{ fault: null, renewedAtMs: expect.any(Number) as number }]);
    expect(await asked()).toBe(true);

    for (const [broken, why] of [
      ['nonsense', 'not PEM'],
      ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', ''],
    ] as const) {
      files.write({ cert: broken });
      expect((await reread(cluster))[0]?.fault).toContain(why);
      expect(await asked()).toBe(true);
    }
    rmSync(files.of('cert'));
    expect((await reread(cluster))[0]?.fault).toContain('ENOENT');
    mkdirSync(files.of('cert'));
    expect((await reread(cluster))[0]?.fault).toContain('not a regular file');
    expect(await asked()).toBe(true);
    rmSync(files.of('cert'), { recursive: true });
    files.write(after);
    expect(await reread(cluster)).toMatchObject([{ fault: null }]);
    await port.close();
    server.close();
  },
);

test.skipIf(!hasOpenssl || etcd === null)(
  'etcd is asked by new clients once its CA is renewed, and goes on with it when the file breaks',
  async () => {
    const lab = await EtcdLab.start(etcd ?? '', 1, true);
    const files = ourFiles({ ca: authority().ca });
    const config = lab.config(2_000);
    const cluster = renewable({ ...config, dcs: { ...config.dcs, tls: files.tls } });
    const port = etcdAdapter(cluster, systemClock);
    try {
      expect(await port.keys()).toMatchObject({ kind: 'unknown', fault: 'denied' });
      files.write({ ca: readFileSync(join(lab.folder, 'tls.crt'), 'utf8') });
      expect(await port.keys()).toMatchObject({ kind: 'unknown', fault: 'denied' });
      await reread(cluster);
      await until('a read by TLS', async () => isRead(await port.keys()));
      files.write({ ca: 'nonsense' });
      expect((await reread(cluster))[0]?.fault).toContain('not PEM');
      expect(isRead(await port.keys())).toBe(true);
    } finally {
      await port.close();
      await lab.stop();
    }
  },
);

test.skipIf(!hasOpenssl || postgresBin === null)(
  'PostgreSQL is connected to with the new CA; the connection that is open goes on',
  async () => {
    const lab = PostgresLab.create(postgresBin ?? '', true);
    const files = ourFiles({ ca: authority().ca });
    try {
      await lab.primary(MEMBER);
      const hosts = { patroni1: { host: '127.0.0.1', port: lab.ports.get(MEMBER) ?? 0 } };
      const postgres = { hosts, user: 'postgres', password: PASSWORD, database: 'postgres', tls: files.tls };
      const cluster = renewable(clusterConfig({ hosts: [], deadlineMs: 1_500, postgres }));
      const port = postgresAdapter(cluster, systemClock);
      expect(await port.status(MEMBER)).toMatchObject({ kind: 'unknown', fault: 'certificate' });
      files.write({ ca: readFileSync(join(lab.folder, 'tls.crt'), 'utf8') });
      await reread(cluster);
      expect(isRead(await port.status(MEMBER))).toBe(true);
      files.write({ ca: authority().ca });
      await reread(cluster);
      expect(isRead(await port.status(MEMBER))).toBe(true);
      await port.close();
    } finally {
      await lab.close();
    }
  },
);
