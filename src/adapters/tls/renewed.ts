import { X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { PemState } from '../../model/certificate.js';
import type { ClusterConfig } from '../../model/config.js';
import type { TlsConfig } from '../../model/tls.js';
import { isPem } from './pem.js';

const MAX_BYTES = 1024 * 1024;
const FIELDS = ['ca', 'cert', 'key'] as const;
type Field = (typeof FIELDS)[number];
type Texts = Readonly<Record<Field, string | null>>;

/**
 * The PEM files of one part of the configuration, as they were read last and were usable: certificate and key are taken over together or not at
 * all. Whoever opens a connection asks then, and what is open goes on.
 */
export class RenewedTls implements TlsConfig {
  readonly insecure: boolean;
  readonly files: NonNullable<TlsConfig['files']>;
  private used: Texts;
  private renewedAtMs: number | null = null;

  constructor(
    /** `patroni.tls`: for people. */
    readonly part: string,
    tls: TlsConfig & { readonly files: NonNullable<TlsConfig['files']> },
  ) {
    this.insecure = tls.insecure;
    this.files = tls.files;
    this.used = { ca: tls.ca, cert: tls.cert, key: tls.key };
  }

  get ca(): string | null {
    return this.used.ca;
  }

  get cert(): string | null {
    return this.used.cert;
  }

  get key(): string | null {
    return this.used.key;
  }

  /** Reads the files anew. Never rejects: what is not usable is told, and what was read before stays in use. */
  async reread(nowMs: number): Promise<PemState> {
    const told = (fault: string | null): PemState => ({ where: this.part, renewedAtMs: this.renewedAtMs, fault });
    try {
      const [ca, cert, key] = await Promise.all(FIELDS.map((field) => this.textOf(field)));
      const next: Texts = { ca: ca ?? null, cert: cert ?? null, key: key ?? null };
      if (FIELDS.every((field) => next[field] === this.used[field])) return told(null);
      mustBeUsable(next, nowMs);
      this.used = next;
      this.renewedAtMs = nowMs;
      return told(null);
    } catch (error) {
      return told(error instanceof Error ? error.message : String(error));
    }
  }

  private async textOf(field: Field): Promise<string | null> {
    const file = this.files[field];
    if (file === null) return this.used[field];
    const { size } = await regular(file);
    if (size > MAX_BYTES) throw new Error(`${file} is larger than ${MAX_BYTES} bytes`);
    const text = await readFile(file, 'utf8');
    if (!isPem(text)) throw new Error(`${file} is not PEM`);
    return text;
  }
}

/** A pipe or a device would be waited for. */
async function regular(file: string): Promise<{ readonly size: number }> {
  const found = await stat(file);
  if (!found.isFile()) throw new Error(`${file} is not a regular file`);
  return found;
}

/** Throws for what no connection could be opened with: no certificate, a key of another one, a time that has not come or is over. */
function mustBeUsable({ ca, cert, key }: Texts, nowMs: number): void {
  for (const text of [ca, cert]) if (text !== null) new X509Certificate(text);
  createSecureContext({
    ...(ca === null ? {} : { ca }),
    ...(cert === null ? {} : { cert }),
    ...(key === null ? {} : { key }),
  });
  if (cert === null) return;
  const { validFrom, validTo } = new X509Certificate(cert);
  if (Date.parse(validFrom) > nowMs) throw new Error(`the certificate is not valid before ${validFrom}`);
  if (Date.parse(validTo) <= nowMs) throw new Error(`the certificate ended at ${validTo}`);
}

/** The same cluster, whose PEM files can be read anew. */
export function renewable(cluster: ClusterConfig): ClusterConfig {
  const { patroni, dcs, postgres, proxies, poolers, hosts } = cluster;
  const renewed = (key: string, tls: TlsConfig | null): TlsConfig | null =>
    tls?.files === undefined ? tls : new RenewedTls(key, { ...tls, files: tls.files });
  return {
    ...cluster,
    patroni: { ...patroni, tls: renewed('patroni.tls', patroni.tls) },
    dcs: { ...dcs, tls: renewed('dcs.tls', dcs.tls) },
    postgres: postgres && { ...postgres, tls: renewed('postgres.tls', postgres.tls) },
    proxies: proxies.map((proxy) => ({ ...proxy, tls: renewed(`proxies.${proxy.name}.tls`, proxy.tls) })),
    hosts:
      hosts?.peers == null
        ? hosts
        : { ...hosts, peers: { ...hosts.peers, tls: renewed('hosts.peers.tls', hosts.peers.tls) } },
    ...(poolers && { poolers: poolers.map((one) => ({ ...one, tls: renewed(`poolers.${one.name}.tls`, one.tls) })) }),
  };
}
