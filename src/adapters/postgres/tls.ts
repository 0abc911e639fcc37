import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { TlsConfig } from '../../model/config.js';

const pem = (value: string): string => (value.includes('-----BEGIN ') ? value : readFileSync(value, 'utf8'));

/**
 * pg's `ssl` of a `TlsConfig`; each field is a path or the PEM text itself. null: no TLS is asked for. `insecure` encrypts without asking
 * who the other end is. Throws at start, with the path, when a file cannot be read.
 */
export function sslOf(tls: TlsConfig | null): false | ConnectionOptions {
  if (tls === null) return false;
  return {
    rejectUnauthorized: !tls.insecure,
    ...(tls.ca === null ? {} : { ca: pem(tls.ca) }),
    ...(tls.cert === null ? {} : { cert: pem(tls.cert) }),
    ...(tls.key === null ? {} : { key: pem(tls.key) }),
  };
}
