import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { TlsConfig } from '../model/tls.js';

/** Why nobody could be served with that certificate and key; null: they go together. Whether it has ended is not looked at. */
export function pairFault({
  ca,
  cert,
  key,
}: TlsConfig): { readonly part: 'ca' | 'cert' | 'key'; readonly found: string } | null {
  // What could not be read at all is told already.
  if (cert === null || key === null) return null;
  const certificate = readAs('cert', () => new X509Certificate(cert));
  if ('found' in certificate) return certificate;
  const own = readAs('key', () => createPrivateKey(key));
  if ('found' in own) return own;
  if (!certificate.value.checkPrivateKey(own.value)) return { part: 'key', found: 'the key of another certificate' };
  const signers = ca === null ? null : readAs('ca', () => new X509Certificate(ca));
  return signers !== null && 'found' in signers ? signers : null;
}

const NOUN = { ca: 'certificate', cert: 'certificate', key: 'private key without a passphrase' } as const;

function readAs<T>(
  part: 'ca' | 'cert' | 'key',
  read: () => T,
): { readonly value: T } | { readonly part: typeof part; readonly found: string } {
  try {
    return { value: read() };
  } catch {
    // Not in the words of OpenSSL, which may repeat what stands there.
    return { part, found: `PEM that is no ${NOUN[part]}` };
  }
}

/** When it ends that clients are shown, milliseconds since 1970. Throws for what is no certificate. */
export const certificateEndMs = (pem: string): number => Date.parse(new X509Certificate(pem).validTo);
