import { readFileSync } from 'node:fs';
import type { TlsConfig } from '../../model/tls.js';

export const isPem = (value: string): boolean => value.includes('-----BEGIN ');

/** A `TlsConfig` field is a path, or the PEM text itself. Throws, with the path, when the file cannot be read. */
export const pem = (value: string): string => (isPem(value) ? value : readFileSync(value, 'utf8'));

/** CA, client certificate and key, as Node's TLS takes them. `insecure` accepts any certificate. */
export const secureOptions = (
  tls: TlsConfig,
): { readonly rejectUnauthorized: boolean; readonly ca?: string; readonly cert?: string; readonly key?: string } => ({
  rejectUnauthorized: !tls.insecure,
  ...(tls.ca === null ? {} : { ca: pem(tls.ca) }),
  ...(tls.cert === null ? {} : { cert: pem(tls.cert) }),
  ...(tls.key === null ? {} : { key: pem(tls.key) }),
});

/** What is made of `tls`, made anew once that holds something else: a connection that is opened then uses the renewed files. */
export function madeOf<T extends TlsConfig | null, V>(tls: T, make: (tls: T) => V): () => V {
  const texts = (): readonly (string | null)[] => [tls?.ca ?? null, tls?.cert ?? null, tls?.key ?? null];
  let last = { of: texts(), value: make(tls) };
  return () => {
    const now = texts();
    if (now.some((text, index) => text !== last.of[index])) last = { of: now, value: make(tls) };
    return last.value;
  };
}
