export interface TlsConfig {
  readonly ca: string | null;
  readonly cert: string | null;
  readonly key: string | null;
  readonly insecure: boolean;
  /** Where they were read from; absent: not from files. */
  readonly files?: { readonly ca: string | null; readonly cert: string | null; readonly key: string | null };
}
