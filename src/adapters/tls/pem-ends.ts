import { X509Certificate } from 'node:crypto';
import { pem } from './pem.js';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/**
 * When the certificates of one PEM file (or text) end, the first to end. While a CA is renewed the old and the new one stand in one bundle:
 * of those with one name and purpose the last to end counts. Throws for a file that cannot be read or has none.
 */
export function pemEndsAtMs(value: string): number {
  const text = pem(value);
  const latest = new Map<string, number>();
  for (const [block] of text.matchAll(BLOCK)) {
    const { subject, validTo } = new X509Certificate(block);
    latest.set(subject, Math.max(latest.get(subject) ?? 0, Date.parse(validTo)));
  }
  if (latest.size === 0) throw new Error('it holds no certificate');
  return Math.min(...latest.values());
}
