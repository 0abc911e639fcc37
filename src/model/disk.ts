/** One volume, bytes. Inodes run out as well as bytes; null: the file system does not count them, or the driver does not tell. */
export interface Volume {
  readonly totalBytes: number;
  readonly freeBytes: number;
  readonly freeInodes: number | null;
}

/** What the host driver sees of a member's volumes. */
export interface DiskStatus {
  /** PGDATA. */
  readonly data: Volume;
  /** Where `pg_wal` lies; null: on the same volume. */
  readonly wal: Volume | null;
}
