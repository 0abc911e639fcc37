import type { CertificateEnd, PemState } from '../model/certificate.js';
import type { Reading } from '../model/reading.js';

/** Certificates that our own connections rest on. */
export interface CertificatesPort {
  /** Never rejects: what cannot be read is a row that says so. */
  ends(): Promise<Reading<readonly CertificateEnd[]>>;
  /** Reads our own PEM files anew: connections that are opened from now on use what is usable. Never rejects. Absent: there are none. */
  reread?(): Promise<Reading<readonly PemState[]>>;
}
