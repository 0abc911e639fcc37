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
