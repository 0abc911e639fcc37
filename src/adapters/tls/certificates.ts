import type { CertificateEnd } from '../../model/certificate.js';
import type { ClusterConfig } from '../../model/config.js';
import type { TlsConfig } from '../../model/tls.js';
import { fresh } from '../../model/reading.js';
import type { CertificatesPort } from '../../ports/certificates.js';
import type { Clock } from '../../ports/clock.js';
import { peerEndsAtMs, type Peer } from './peer-end.js';
import { pemEndsAtMs } from './pem-ends.js';
import { RenewedTls } from './renewed.js';

const PATIENCE_MS = 800;

interface Source {
  readonly subject: string;
  readonly where: string;
  readonly endsAtMs: () => number | Promise<number>;
}

/** Our own PEM files, and the peers that we open TLS to; null where there is neither. */
export function certificatesOf(cluster: ClusterConfig, clock: Clock): CertificatesPort | null {
  const sources = [...filesOf(cluster), ...peersOf(cluster)];
  if (sources.length === 0) return null;
  const own = tlsOf(cluster).flatMap(([, tls]) => (tls instanceof RenewedTls ? [tls] : []));
  return {
    ends: async () => fresh(await Promise.all(sources.map(read)), clock.now(), 'certificates'),
    ...(own.length === 0
      ? {}
      : {
          reread: async () =>
            fresh(await Promise.all(own.map((tls) => tls.reread(clock.now()))), clock.now(), 'PEM files'),
        }),
  };
}

async function read({ subject, where, endsAtMs }: Source): Promise<CertificateEnd> {
  try {
    return { subject, where, endsAtMs: await endsAtMs() };
  } catch (error) {
    return { subject, where, endsAtMs: null, why: error instanceof Error ? error.message : String(error) };
  }
}

const tlsOf = ({
  patroni,
  dcs,
  postgres,
  proxies,
  hosts,
}: ClusterConfig): readonly (readonly [part: string, tls: TlsConfig | null])[] => [
  ['hosts.peers.tls', hosts?.peers?.tls ?? null],
  ['patroni.tls', patroni.tls],
  ['dcs.tls', dcs.tls],
  ['postgres.tls', postgres?.tls ?? null],
  ...proxies.map(({ name, tls }) => [`proxies.${name}.tls`, tls] as const),
];

/** Each file once. Its text is taken when it is asked for: by then it may have been renewed. */
function filesOf(cluster: ClusterConfig): readonly Source[] {
  const found = new Map<
    string,
    { readonly keys: string[]; readonly file: string | null; readonly text: () => string }
  >();
  for (const [part, tls] of tlsOf(cluster))
    for (const field of ['ca', 'cert'] as const) {
      const value = tls?.[field] ?? null;
      if (tls === null || value === null) continue;
      const file = tls.files?.[field] ?? null;
      const row = found.get(file ?? value) ?? { keys: [], file, text: () => tls[field] ?? value };
      row.keys.push(`${part}.${field}`);
      found.set(file ?? value, row);
    }
  return [...found.values()].map(({ keys, file, text }) => ({
    subject: cluster.scope,
    where: `${keys.join(', ')}${file === null ? '' : ` (${file})`}`,
    endsAtMs: () => pemEndsAtMs(text()),
  }));
}

function peersOf({ patroni, dcs, postgres, proxies, hosts }: ClusterConfig): readonly Source[] {
  const peers = hosts?.peers ?? null;
  const lent = [peers?.proxy, peers?.dcs, peers?.members].flatMap((urls) => Object.entries(urls ?? {}));
  // Who lends several things is told of once.
  const lenders = new Map(lent.map(([name, url]) => [url, name]));
  return [
    ...[...lenders].flatMap(([url, name]) => byUrl(name, url, peers?.tls ?? null)),
    ...Object.entries(patroni.urls).flatMap(([name, url]) => byUrl(name, url, patroni.tls)),
    ...dcs.hosts.flatMap(({ name, url }) => byUrl(name, url, dcs.tls)),
    ...proxies.flatMap(({ name, stats, tls }) => byUrl(name, stats, tls)),
    ...(postgres === null || postgres.tls === null
      ? []
      : Object.entries(postgres.hosts).map(([name, { host, port }]) =>
          byPeer(name, { host, port, isPostgres: true, tls: postgres.tls }),
        )),
  ];
}

function byUrl(subject: string, url: string, tls: TlsConfig | null): readonly Source[] {
  const { protocol, hostname, port } = new URL(url);
  if (protocol !== 'https:') return [];
  const host = hostname.replace(/^\[|\]$/g, '');
  return [byPeer(subject, { host, port: port === '' ? 443 : Number(port), isPostgres: false, tls })];
}

const byPeer = (subject: string, peer: Peer): Source => ({
  subject,
  where: `${peer.host}:${peer.port}`,
  endsAtMs: () => peerEndsAtMs(peer, PATIENCE_MS),
});
