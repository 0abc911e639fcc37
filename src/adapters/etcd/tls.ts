import { rootCertificates } from 'node:tls';
import type { IOptions } from 'etcd3';
import type { TlsConfig } from '../../model/tls.js';
import type { LogCode } from '../../model/log-code.js';
import { pem as textOf } from '../tls/pem.js';

/** A configuration that etcd3 cannot carry out. Thrown at start, never later. */
class EtcdConfigError extends Error {
  override readonly name = 'EtcdConfigError';
  readonly code = 'ETCD_TLS_INSECURE' satisfies LogCode;
}

const pem = (value: string): Buffer => Buffer.from(textOf(value));

/**
 * etcd3's credentials of a `TlsConfig`; each field is a path or the PEM text itself. Without a CA the certificates that Node ships are
 * trusted. Throws at start when a file cannot be read, and for `insecure`, which gRPC's credentials in etcd3 have no way to express.
 */
export function credentialsOf(tls: TlsConfig | null): IOptions['credentials'] {
  if (tls === null) return undefined;
  if (tls.insecure) {
    throw new EtcdConfigError(
      'dcs.tls.insecure is true, but etcd connections are always verified: give the CA in dcs.tls.ca instead',
    );
  }
  return {
    rootCertificate: tls.ca === null ? Buffer.from(rootCertificates.join('\n')) : pem(tls.ca),
    ...(tls.key === null ? {} : { privateKey: pem(tls.key) }),
    ...(tls.cert === null ? {} : { certChain: pem(tls.cert) }),
  };
}
