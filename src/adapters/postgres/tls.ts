import type { ConnectionOptions } from 'node:tls';
import type { TlsConfig } from '../../model/tls.js';
import { secureOptions } from '../tls/pem.js';

/**
 * pg's `ssl` of a `TlsConfig`; each field is a path or the PEM text itself. null: no TLS is asked for. `insecure` encrypts without asking
 * who the other end is. Throws at start, with the path, when a file cannot be read.
 */
export const sslOf = (tls: TlsConfig | null): false | ConnectionOptions => (tls === null ? false : secureOptions(tls));
