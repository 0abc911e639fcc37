import type { CertificateEnd } from '../model/certificate.js';
import type { Reading } from '../model/reading.js';

/** Certificates that our own connections rest on. */
export interface CertificatesPort {
  /** Never rejects: what cannot be read is a row that says so. */
  ends(): Promise<Reading<readonly CertificateEnd[]>>;
}
