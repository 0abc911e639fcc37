/** When one certificate of TLS ends. */
export interface CertificateEnd {
  /** Whose it is: a member, an etcd endpoint, `proxy`, or the cluster's scope for files of our own. */
  readonly subject: string;
  /** The file with its key in `ekimi.yaml`, or the address that presents it. */
  readonly where: string;
  /** Null: it could not be read, and `why` says so. */
  readonly endsAtMs: number | null;
  readonly why?: string;
}

/** The PEM files of one part of the configuration, as they were read last. */
export interface PemState {
  /** `patroni.tls`, `dcs.tls` or `postgres.tls`. */
  readonly where: string;
  /** When new content was taken over, last; null: what was read at the start is in use. */
  readonly renewedAtMs: number | null;
  /** Why what the files hold now cannot be used, so that what was read before stays in use; null: it is in use. */
  readonly fault: string | null;
}
